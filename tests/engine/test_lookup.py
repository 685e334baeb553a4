"""Prompt lookup: answers are those without a draft, drawn greedily or not, and text to copy takes fewer steps."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from expertd.engine import lookup
from expertd.engine.interface import Sampling
from expertd.engine.lookup import FIRST, NGRAM, Lookup
from expertd.engine.sequence import Sequence
from expertd.grammar.compiler import Grammars, Source
from tests.engine.harness import ask, engine, idle, request

N = 80
FEW = tuple((token, 60.0) for token in (40, 41, 42))  # the toy base alone never repeats itself: so of few tokens
GREEDY = Sampling(temperature=0, logit_bias=FEW)


def repeating(toy, seed):
    """A prompt whose answer by the toy base soon goes in circles, and that repeats itself."""
    return toy.prompt(seed, 12) * 4


@pytest.fixture
def eager(monkeypatch):
    """Drafts wherever two tokens are repeated, so that many are wrong too."""
    monkeypatch.setattr(lookup, "NGRAM", 2)
    monkeypatch.setattr(lookup, "FIRST", 2)
    monkeypatch.setattr(lookup, "MOST", 2)
    monkeypatch.setattr(lookup, "WORTHWHILE", 1)


def both(toy, requests, **more):
    """Their answers one after another without drafts and with them, and what was counted with them."""

    async def run(draft):
        async with engine(toy.base, draft=draft, **more) as worker:
            answers = [(await ask(worker, one))[0] for one in requests]
            await idle(worker)
            return answers, worker.counters()

    plain, counted = asyncio.run(run(0))
    assert counted.drafted_tokens == 0
    return plain, *asyncio.run(run(7))


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("unified", [True, False])
@pytest.mark.parametrize(
    "sampling",
    [
        GREEDY,
        Sampling(temperature=0.7, seed=4, logit_bias=FEW),
        Sampling(temperature=1.0, top_k=2, seed=1, logit_bias=FEW),
    ],
)
def test_answers_with_drafts_are_those_without(toy, experts, f32_kv, sampling, unified):
    requests = [
        request(repeating(toy, 900 + i), N, [(expert, 1.0)] if expert else [], sampling=sampling)
        for i, expert in enumerate((None, *experts[:2]))
    ]
    plain, drafted, counted = both(toy, [*requests, requests[0]], unified=unified)
    assert [answer.tokens for answer in drafted] == [answer.tokens for answer in plain]
    assert [answer.finish_reason for answer in drafted] == [answer.finish_reason for answer in plain]
    assert 0 < counted.accepted_tokens < counted.drafted_tokens
    assert counted.steps < counted.completion_tokens + len(requests)


@pytest.mark.usefixtures("eager")
def test_a_grammar_and_stop_strings_hold_within_a_draft(toy, f32_kv):
    grammar = Grammars(toy.base).compile(Source("regex", "(the hen (is|in) )+", "regex"))
    prompt = repeating(toy, 910)
    requests = [
        request(prompt, N, grammar=grammar, logprobs=None),
        request(prompt, N, grammar=grammar),
        request(prompt, N, grammar=grammar, stop=("is the hen in",)),
        *(request(prompt, most, grammar=grammar, logprobs=None) for most in range(1, 9)),
    ]
    plain, drafted, counted = both(toy, requests)
    assert [answer.text for answer in drafted] == [answer.text for answer in plain]
    assert [answer.finish_reason for answer in drafted] == [answer.finish_reason for answer in plain]
    assert counted.drafted_tokens > 0


@pytest.mark.usefixtures("eager")
def test_a_draft_ends_where_the_cells_do(toy):
    one = request(repeating(toy, 901), 4096, sampling=GREEDY)
    plain, drafted, counted = both(toy, [one, one], cells=128)
    assert [answer.tokens for answer in drafted] == [answer.tokens for answer in plain]
    assert {answer.finish_reason for answer in drafted} == {"length"}
    assert counted.accepted_tokens > 0


@pytest.mark.usefixtures("eager")
def test_beside_others_nothing_is_drafted(toy):
    requests = [request(repeating(toy, 930 + i), N, sampling=GREEDY) for i in range(2)]

    async def run(*asked):
        async with engine(toy.base) as worker:
            await ask(worker, *asked)
            return worker.counters().drafted_tokens

    assert asyncio.run(run(requests[0])) > 0
    assert asyncio.run(run(*requests)) == 0


def proposed(tokens, most=10, prompt=0):
    return Lookup(prompt).propose(tokens, most)


def test_a_draft_is_what_followed_the_longest_repetition_that_counts():
    tokens = list(np.random.default_rng(0).permutation(1000)[:40])
    assert proposed([*tokens, *tokens[:FIRST]]) == tuple(tokens[FIRST : FIRST + 10])
    assert proposed([*tokens, *tokens[: FIRST - 1]]) == ()
    assert proposed(tokens) == proposed([]) == ()


def test_a_wrong_draft_makes_the_next_one_need_more_and_a_good_one_less():
    tokens = list(range(100, 160))
    drafts = Lookup(len(tokens))
    drafts.learn(10, 0)
    assert drafts.propose([*tokens, *tokens[:FIRST]], 10) == ()
    assert drafts.propose([*tokens, *tokens[: 2 * FIRST]], 10) == tuple(tokens[2 * FIRST : 2 * FIRST + 10])
    drafts.learn(10, 9)
    assert drafts.propose([*tokens, *tokens[: 2 * FIRST], *tokens[:NGRAM]], 10) == tuple(tokens[NGRAM : NGRAM + 10])


KEY, FORM = [1, 2, 3, 4, 5, 6, 7, 8], [60, 61, 62, 63]
VALUES = [list(range(begin, begin + 12)) for begin in (100, 200, 300, 400)]


def test_after_a_copy_the_next_one_is_of_what_came_next_in_the_prompt():
    prompt = [token for value in VALUES for token in (*KEY, *value)]
    drafts = Lookup(len(prompt))
    answer = [70, *KEY]
    assert drafts.propose([*prompt, *answer], 6) == tuple(VALUES[0][:6])  # nothing was copied yet: its beginning
    drafts.learn(6, 6)
    answer += [*VALUES[0], 71, *KEY]
    assert drafts.propose([*prompt, *answer], 6) == tuple(VALUES[1][:6])


def test_where_the_answer_repeats_its_own_form_the_values_are_the_prompts_next():
    prompt = [token for value in VALUES for token in (*KEY, *value)]
    drafts = Lookup(len(prompt))
    answer = [*FORM, 70, *KEY]
    drafts.propose([*prompt, *answer], 12)
    drafts.learn(12, 12)
    answer += [*VALUES[0], *FORM]
    assert drafts.propose([*prompt, *answer], 15) == (70, *KEY, *VALUES[1][:6])


def test_what_the_grammar_refuses_is_not_computed(toy, f32_kv):
    grammar = Grammars(toy.base).compile(Source("regex", "(the hen is in )+", "regex"))
    seq = Sequence(request(toy.base.tokenize("the hen is in the hen is on " * 4), 90, grammar=grammar), toy.base, None)
    for token in toy.base.tokenize("the hen is in the hen is "):
        assert seq.constraint.take(token)
        seq.tokens.append(token)
    unbound = seq.lookup.propose(seq.tokens, 30)
    draft = seq.draft(30)
    assert draft and draft == unbound[: len(draft)]
    assert len(draft) < len(unbound)
