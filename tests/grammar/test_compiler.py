"""Grammars on the vocabulary of the embedded base: what they let through, what they force, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from expertd.engine.interface import Sampling
from expertd.engine.sampler import Sampler
from expertd.errors import InvalidRequest
from expertd.grammar.compiler import MAX_CHARACTERS, Source, json_source
from tests.grammar.walk import Walker

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        (json_source(PERSON, "s"), '{"name": "Ann", "age": 3}', '{"name": "Ann", "age": -3}'),
        (json_source(PERSON, "s"), '{"name": "é", "age": 0}', '{"age": 3, "name": "Ann"}'),
        (json_source({"enum": ["a", 1, None]}, "s"), "null", "2"),
        (json_source(True, "s"), "[1, {}]", "[1, ]"),
        (Source("regex", r"[A-Z]{2}-\d+", "r"), "AB-12", "AB-"),
        (Source("regex", "(a+)+", "r"), "aaaa", "aaab"),
        (Source("gbnf", 'root ::= "yes" | "no" ws\nws ::= [ \\t]*', "g"), "no  ", "maybe"),
        (Source("gbnf", 'root ::= item ("," item)*\nitem ::= [0-9]+', "g"), "1,22,3", "1,,2"),
        (Source("lark", 'start: "a" b\nb: /[0-9]/+', "l"), "a12", "b"),
    ],
)
def test_a_grammar_lets_through_what_follows_it_and_nothing_else(follows, source, right, wrong):
    assert follows(source, right)
    assert not follows(source, wrong)


def test_all_but_the_values_of_an_object_is_forced(grammars, base):
    constraint = grammars.compile(json_source(PERSON, "s")).start()

    def text(tokens):
        return b"".join(map(base.piece, tokens)).decode()

    begun = text(constraint.forced(99))
    assert begun in ('{"name":', '{"name": ', '{"name": "')
    rest = '{"name": "Ann"'.removeprefix(begun)
    assert all(constraint.take(token) for token in base.tokenize(rest))
    forced = text(constraint.forced(99))
    assert forced.startswith(', "age":')
    assert not constraint.ended
    assert all(constraint.take(token) for token in base.tokenize(', "age": 3}'.removeprefix(forced)))
    assert constraint.ended and constraint.take(base.eos)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Source("regex", "(", "regex"), "regex"),
        (Source("gbnf", 'nothing ::= "a"', "grammar"), "grammar"),
        (Source("gbnf", 'root ::= unknown "a"', "grammar"), "unknown"),
        (Source("gbnf", "root ::= root", "grammar"), "grammar"),
        (Source("gbnf", "root ::= [^a&&b]+", "grammar"), "are not taken"),
        (Source("gbnf", "root ::= " + ".|" * 30_000 + ".", "grammar"), "of GBNF"),
        (Source("gbnf", 'root ::= root "a"', "grammar"), "lets no answer through"),
        (Source("regex", r"[^\s\S]", "regex"), "lets no answer through"),
        (Source("lark", "start: (", "lark"), "lark"),
        (Source("lark", "x" * (MAX_CHARACTERS + 1), "lark"), "characters"),
    ],
)
def test_what_cannot_be_enforced_is_refused_at_once_and_by_its_name(grammars, source, told):
    with pytest.raises(InvalidRequest) as refused:
        grammars.compile(source)
    assert refused.value.message.startswith(source.param) and told in refused.value.message
    assert len(refused.value.message) < 1000


def test_a_left_recursive_grammar_is_followed(follows):
    source = Source("gbnf", 'root ::= root "+" [0-9] | [0-9]', "grammar")
    assert follows(source, "1+2+3")
    assert not follows(source, "1+")


def test_one_content_is_compiled_once(grammars):
    first = grammars.compile(json_source(PERSON, "a"))
    assert grammars.compile(json_source(json.loads(json.dumps(PERSON)), "b")) is first


@pytest.mark.parametrize("temperature", [0.7, 1.5])
def test_drawing_first_gives_the_probabilities_of_the_mask(grammars, base, temperature):
    """By many draws: of those that a regex allows, each as often as if the others had never been there."""
    grammar = grammars.compile(Source("regex", "[abcd]", "regex"))
    random = np.random.default_rng(3)
    logits = random.standard_normal(base.n_vocab).astype(np.float32)
    allowed = [base.tokenize(letter)[0] for letter in "abcd"]
    logits[allowed] += 9
    weights = np.exp(logits[allowed].astype(np.float64) / temperature)
    counts = dict.fromkeys(allowed, 0)
    sampler = Sampler(Sampling(temperature=temperature, seed=5))
    n, refusals = 4000, 0
    for _ in range(n):
        constraint = grammar.start()
        counts[sampler.draw(logits, constraint)] += 1
        refusals += constraint.refusals
    expected = n * weights / weights.sum()
    chi2 = (((np.array(list(counts.values())) - expected) ** 2) / expected).sum()
    assert chi2 < 16.3  # 3 degrees of freedom, 0.001
    assert 0 < refusals < n


def test_a_grammar_whose_lexer_is_full_is_compiled_anew(grammars, base):
    """Answers share it, and each adds to it."""
    source = json_source({"type": "string", "pattern": "^.*a.{20}$"}, "s")
    walker = Walker(base, seed=1)
    first = grammars.compile(source)
    for _ in range(2000):
        try:
            walker.document(first, 100)
        except InvalidRequest:
            break
    assert first.spent
    again = grammars.compile(source)
    assert again is not first and walker.document(again, 200) is not None


@pytest.mark.parametrize(
    "source",
    [
        Source("lark", 'start: "%json" /%json/ // %json', "lark"),
        Source("gbnf", 'root ::= "50%json"', "grammar"),
    ],
)
def test_what_only_looks_like_a_schema_in_a_grammar_is_none(grammars, source):
    assert not grammars.compile(source).spent


def test_characters_are_counted_as_they_are(grammars):
    schema = {"enum": [f"{i}{'é' * 20}" for i in range(2000)]}
    assert not grammars.compile(json_source(schema, "s")).spent
