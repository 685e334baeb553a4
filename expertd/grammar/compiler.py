"""Grammars that answers must follow, compiled by llguidance once for each content."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from llguidance import LLMatcher, LLParserLimits, LLTokenizer
from llguidance.gbnf_to_lark import any_to_lark
from llguidance.llamacpp import lltokenizer_from_vocab

from expertd.errors import InvalidRequest
from expertd.grammar.closing import Closer, closer
from expertd.grammar.constraint import Constraint
from expertd.grammar.cypher import cypher_grammar
from expertd.grammar.ddl import Dialect
from expertd.grammar.sql import sql_grammar

Kind: TypeAlias = Literal["json_schema", "regex", "lark", "gbnf", "sql_sqlite", "sql_postgres", "cypher"]

MAX_BYTES = 1 << 16  # of a grammar's text: what it forces is found in one go, while nothing is decoded
MAX_DEPTH = 64  # of a JSON schema
MAX_REFS = 256  # a chain of a thousand is more than llguidance's stack holds, and would end the process
KEPT = 64  # compiled grammars
KEPT_BYTES = 1 << 21  # of their texts in all: each takes some fifty times as much memory

# One line, as `json.dumps` writes it and as models have seen it most: so all but the values is forced.
ONE_LINE: Any = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": ", "lenient": False}
_ANYTHING: dict[str, Any] = {}  # what the schema `true` stands for
# A step may take some milliseconds at most: everybody's next token waits for it.
_LIMITS = LLParserLimits(
    initial_lexer_fuel=1_000_000,
    step_lexer_fuel=50_000,
    step_max_items=20_000,
    max_items_in_row=10_000,
    max_lexer_states=50_000,
    max_grammar_size=200_000,
    verbose_errors=False,
)


@dataclass(frozen=True)
class Source:
    """A grammar as it was asked for. `param` is where it stood in the request.

    `parts` stand in its text: each is compiled before it, so that a fault is told of the part that has it.
    """

    kind: Kind
    text: str
    param: str
    parts: tuple[Source, ...] = ()


class _Prepared(NamedTuple):
    tokenizer: LLTokenizer
    ends: frozenset[int]  # tokens that end an answer
    closer: Closer


class Grammar:
    """A compiled grammar. Thread-safe."""

    def __init__(self, matcher: LLMatcher, prepared: _Prepared, *, closes: bool, size: int) -> None:
        """`closes`: whether an answer is to be completed before it runs out of tokens. `size`: of its text."""
        self._matcher, self._prepared, self._closes, self.size = matcher, prepared, closes, size

    def start(self) -> Constraint:
        """For one answer, from its beginning."""
        prepared = self._prepared
        closer = prepared.closer if self._closes else None
        return Constraint(self._matcher.deep_copy(), prepared.tokenizer.vocab_size, prepared.ends, closer)


class Grammars:
    """Compiles grammars for one vocabulary, and keeps those that were used last. Thread-safe."""

    def __init__(self, vocab: Any, ends: Callable[[], Sequence[int]]) -> None:
        """`vocab` is llama.cpp's own, and `ends` finds the tokens that end an answer."""
        self._vocab, self._find_ends = vocab, ends
        self._prepared: _Prepared | None = None
        self._preparing = threading.Lock()
        self._kept: OrderedDict[tuple[Kind, str], Grammar] = OrderedDict()  # least recently used first
        self._keeping = threading.Lock()

    def prepare(self) -> _Prepared:
        """Make what all grammars need: some tenths of a second, which else the first one waits for."""
        with self._preparing:
            if self._prepared is None:
                ends = self._find_ends()
                tokenizer = lltokenizer_from_vocab(self._vocab, eos_token=list(ends))
                self._prepared = _Prepared(tokenizer, frozenset(ends), closer(tokenizer))
            return self._prepared

    def warm(self) -> None:
        """Prepare, and import what only queries need."""
        self.prepare()
        sql_grammar("CREATE TABLE a (b)", "sqlite")

    def compile(self, source: Source) -> Grammar:
        """Raises `InvalidRequest`, which says where the grammar is wrong, or what of it cannot be enforced."""
        key = source.kind, source.text
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        grammar = self._compile(source)
        with self._keeping:
            self._kept[key] = grammar
            while len(self._kept) > KEPT or self._size() > KEPT_BYTES:
                self._kept.popitem(last=False)
        return grammar

    def _size(self) -> int:
        return sum(grammar.size for grammar in self._kept.values())

    def _compile(self, source: Source) -> Grammar:
        if len(source.text) > MAX_BYTES:
            raise _wrong(source, f"it has {len(source.text):,} characters, and at most {MAX_BYTES:,} are taken")
        if source.text.count("$ref") + source.text.lower().count("\\u0024") > MAX_REFS:
            raise _wrong(source, f"it has more than {MAX_REFS} `$ref`: write some of them out")
        for part in source.parts:
            self._compile(part)
        prepared = self.prepare()
        text = _translated(source)
        matcher = LLMatcher(prepared.tokenizer, text, log_level=0, limits=_LIMITS)
        if matcher.is_error():
            raise _wrong(source, _reason(matcher.get_error()))
        if not any(matcher.compute_bitmask()) or matcher.is_error():
            raise _wrong(source, "it lets no answer through: what it asks for contradicts itself, or never ends")
        return Grammar(matcher, prepared, closes=source.kind == "json_schema", size=len(text))


def _translated(source: Source) -> str:
    """In llguidance's own format. Raises `InvalidRequest`."""
    if source.kind == "json_schema":
        return LLMatcher.grammar_from_json_schema(source.text, overrides=ONE_LINE)
    if source.kind == "regex":
        return LLMatcher.grammar_from_regex(source.text)
    if source.kind == "lark":
        return LLMatcher.grammar_from_lark(source.text)
    if source.kind == "sql_sqlite":
        return LLMatcher.grammar_from_lark(sql_grammar(source.text, "sqlite", source.param))
    if source.kind == "sql_postgres":
        return LLMatcher.grammar_from_lark(sql_grammar(source.text, "postgres", source.param))
    if source.kind == "cypher":
        return LLMatcher.grammar_from_lark(cypher_grammar(source.text, source.param))
    try:
        return LLMatcher.grammar_from_lark(any_to_lark(source.text))
    except Exception as error:  # it raises whatever comes to it
        raise _wrong(source, f"it is no GBNF: {error}") from error


def _reason(error: str) -> str:
    """llguidance's message without its Rust backtrace and the state of its parser."""
    text = error.split("\n\nStack backtrace")[0].split("<state>")[0].strip()
    return text[:500] or "llguidance gives no reason"


def _wrong(source: Source, why: str) -> InvalidRequest:
    return InvalidRequest(f"{source.param}: {why}", param=source.param)


def json_source(schema: object, param: str) -> Source:
    """The grammar of a JSON schema. Raises `InvalidRequest`."""
    if schema is False:
        raise InvalidRequest(f"{param}: `false` lets no answer through", param=param)
    if _depth(schema) > MAX_DEPTH:
        raise InvalidRequest(f"{param}: it is nested more than {MAX_DEPTH} levels deep: flatten it", param=param)
    return Source("json_schema", json.dumps(_ANYTHING if schema is True else schema), param)


def sql_source(ddl: str, dialect: Dialect, param: str) -> Source:
    """The grammar of one query over the tables of a DDL, which is read when that is compiled."""
    return Source("sql_sqlite" if dialect == "sqlite" else "sql_postgres", ddl, param)


def cypher_source(schema: str, param: str) -> Source:
    """The grammar of one query of a graph's schema, which is read when that is compiled."""
    return Source("cypher", schema, param)


def _depth(schema: object) -> int:
    level, depth = [schema], 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
