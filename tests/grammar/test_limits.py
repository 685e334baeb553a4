"""What would take long, or much memory, or the process: each is refused at once, or followed in short steps."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import reduce
from typing import Any

import psutil
import pytest

from expertd.engine.base import Base
from expertd.errors import InvalidRequest
from expertd.grammar.closing import STEPS, WORK, closing
from expertd.grammar.compiler import MAX_RULES, Grammars, Kind, Source, json_source
from expertd.grammar.json_schema import MAX_COUNTED, MAX_LEVELS, MAX_PROPERTIES, enforceable
from tests.grammar.walk import Walker

MUCH = 150e6  # bytes: a bound for what explodes, not a measurement


def ref(i: int) -> Any:
    return {"$ref": f"#/$defs/{i}"}


def named(n: int) -> Any:
    return {"type": "object", "properties": {f"property_{i}": {"type": "string"} for i in range(n)}}


def chain(n: int) -> Any:
    return {**ref(0), "$defs": {str(i): {"items": ref(i + 1)} for i in range(n)} | {str(n): {}}}


def kinds(n: int) -> Any:
    return [{**named(1), "properties": {"kind": {"const": f"k{i}"}}, "required": ["kind"]} for i in range(n)]


def rules(n: int) -> str:
    return "start: r0\n" + "\n".join(f'r{i}: "a" r{i + 1}' for i in range(n)) + f'\nr{n}: "b"'


REFUSED: list[Any] = [
    {"allOf": [{"anyOf": [{"required": [f"{i}{j}"]} for j in range(3)]} for i in range(14)], "type": "object"},
    reduce(lambda inner, _: {"anyOf": [{"items": inner}, {"items": inner, "minItems": 1}]}, range(20), True),
    {"allOf": [ref(i) for i in range(40)], "$defs": {str(i): {"properties": {"a": ref(i)}} for i in range(40)}},
    {"type": "number", "minimum": 3, "maximum": 2},
    {"type": "object", "required": ["a"], "additionalProperties": False},
    {"allOf": [{"type": "string"}, {"type": "integer"}]},
    {"type": "string", "pattern": "^(a|aa){1000}$"},
    {"type": "string", "pattern": "(.{1,1000}){50}"},
    {"allOf": [{"pattern": "^.*a.{12}$"}, {"pattern": "^.*b.{13}c"}], "type": "string"},
    {"enum": ["x" * 10**7]},
    {"anyOf": [{"type": "object", "properties": {"v": {"maximum": i}}} for i in range(300)]},
    named(500),
    chain(MAX_LEVELS),
]
FOLLOWED: list[Any] = [
    {"enum": [f"value number {i} of it {i * 7919 % 1000}" for i in range(1200)]},
    {"type": "string", "minLength": 4000},
    {"type": "array", "minItems": 1000, "items": {"type": "boolean"}},
    reduce(lambda inner, _: {"type": "array", "items": inner, "maxItems": 1000}, range(4), True),
    *({"type": "string", "pattern": pattern} for pattern in ("(a|aa){1000}", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$")),
    *({"type": "string", "pattern": pattern} for pattern in ("(x+x+)+y", "^.*a.{20}$", "(((a{100}){100}){100}){100}")),
    named(MAX_PROPERTIES),
    {**named(MAX_COUNTED), "minProperties": 1, "additionalProperties": False},
    reduce(lambda inner, _: {"allOf": [inner, {"type": "object"}]}, range(30), {"type": "object"}),
    {"allOf": [{"properties": {f"a{i}": {"type": "string"}}} for i in range(200)]},
    chain(MAX_LEVELS // 2 - 2),
    {**ref(0), "$defs": {str(i): {"properties": {"a": ref((i + 1) % 60), "b": ref(i * 7 % 60)}} for i in range(60)}},
    {"oneOf": kinds(300)},
    {"type": "integer", "multipleOf": 251},
    {
        "anyOf": [{"format": name} for name in ("email", "uri", "hostname", "ipv6", "duration", "date-time")],
        "type": "string",
    },
]
GRAMMARS: list[tuple[Kind, str]] = [
    ("gbnf", 'root ::= "a"{1000000}'),
    ("gbnf", 'root ::= ("a" ("a"{1000}){1000}){1000}'),
    ("gbnf", "root ::= " + "(" * 5000 + '"a"' + ")" * 5000),
    ("gbnf", "root ::= " + '"a" | ' * 5000 + '"b"'),
    ("gbnf", "root ::= nope"),
    ("lark", rules(MAX_RULES)),
    ("lark", 'start: "a" %%%'),
    ("lark", "start: %json " + json.dumps(chain(MAX_LEVELS))),
    ("lark", 'start: %json {"uniqueItems": true, "x-guidance": {"lenient": true}}'),
    ("lark", 'start: %json {"type": '),
    ("lark", "start: A\nA: /.*a.{20}/ & /.*b.{21}c.*/ & ~/.*d.{22}.*/"),
    ("regex", "a{1000000}"),
    ("regex", "((a{1000}){1000}){1000}"),
    ("regex", "(.{1,5000}){50}"),
    ("regex", "(?:a?){10000}a{10000}"),
    ("regex", "(" * 10000 + "a" + ")" * 10000),
]


pytestmark = pytest.mark.timeout(30)


@pytest.fixture(autouse=True)
def bounded_memory() -> Any:
    before = psutil.Process().memory_info().rss
    yield
    assert psutil.Process().memory_info().rss - before < MUCH


def refused(grammars: Grammars, kind: Kind, what: Any) -> str:
    with pytest.raises(InvalidRequest) as told:
        grammars.compile(json_source(what, "this") if kind == "json_schema" else Source(kind, what, "this"))
    return told.value.message


@pytest.mark.parametrize("schema", REFUSED, ids=range(len(REFUSED)))
def test_a_schema_that_explodes_is_refused(grammars: Grammars, schema: Any) -> None:
    message = refused(grammars, "json_schema", schema)
    assert message.startswith("this") and 20 < len(message) < 1000


@pytest.mark.parametrize(("kind", "text"), GRAMMARS, ids=range(len(GRAMMARS)))
def test_a_grammar_that_explodes_is_refused(grammars: Grammars, kind: Kind, text: str) -> None:
    message = refused(grammars, kind, text)
    assert message.startswith("this") and 20 < len(message) < 1000


@pytest.mark.parametrize("schema", FOLLOWED, ids=range(len(FOLLOWED)))
def test_what_is_large_but_no_more_is_followed(base: Base, grammars: Grammars, schema: Any) -> None:
    grammar = grammars.compile(json_source(schema, "schema"))
    walker = Walker(base, seed=1)
    for budget in (30, 100):
        walker.document(grammar, budget)


def test_a_search_for_an_end_does_no_more_than_its_work(grammars: Grammars) -> None:
    grammar = grammars.compile(json_source({"type": "string", "minLength": 4000}, "schema"))
    tried = 0

    class Counted:
        """The matcher, and how often it was asked."""

        def __init__(self, matcher: Any) -> None:
            self._matcher = matcher

        def deep_copy(self) -> Counted:
            return Counted(self._matcher.deep_copy())

        def is_accepting(self) -> bool:
            nonlocal tried
            tried += 1
            return bool(self._matcher.is_accepting())

        def __getattr__(self, name: str) -> Any:
            return getattr(self._matcher, name)

    counted: Any = Counted(grammar._matcher)
    assert closing(counted, grammar._prepared.closer, STEPS) is None
    assert 0 < tried <= WORK


@pytest.mark.parametrize("nested", [1, 7])
def test_the_longest_chains_that_are_taken_fit_a_small_stack(nested: int) -> None:
    """In a process of its own: where they do not, it ends."""
    hops = MAX_LEVELS // (nested + 1) - 1
    schema = {
        **ref(0),
        "$defs": {str(i): reduce(lambda s, _: {"items": s}, range(nested), ref(i + 1)) for i in range(hops)},
    }
    schema["$defs"][str(hops)] = {}
    text = json.dumps(schema)
    code = f"""
import json, threading
from expertd.engine.base import Base
from expertd.grammar.compiler import Grammars, Source, json_source
from expertd.models.catalogue import embedded_file
base = Base(embedded_file(), vocab_only=True)
grammars = Grammars(base)
def compile_all():
    grammars.compile(json_source(json.loads({text!r}), "schema"))
    grammars.compile(Source("lark", {rules(MAX_RULES - 3)!r}, "lark"))
    print("compiled")
threading.stack_size(2 << 20)
thread = threading.Thread(target=compile_all)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "compiled", done.stderr[-500:]


def test_what_a_oneof_is_compared_for_is_bounded() -> None:
    assert enforceable({"oneOf": kinds(600)}, "schema")
