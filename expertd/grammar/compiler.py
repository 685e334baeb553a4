"""Grammars that answers must follow, compiled by llguidance once for each content."""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from llguidance import LLMatcher, LLParserLimits, LLTokenizer
from llguidance.gbnf_to_lark import any_to_lark

from expertd.errors import InvalidRequest
from expertd.grammar.closing import STEPS, Closer, closer, closing
from expertd.grammar.constraint import Constraint
from expertd.grammar.cypher import cypher_grammar
from expertd.grammar.ddl import Dialect
from expertd.grammar.json_schema import enforceable
from expertd.grammar.mask import mask
from expertd.grammar.sql import sql_grammar

Kind: TypeAlias = Literal["json_schema", "regex", "lark", "gbnf", "sql_sqlite", "sql_postgres", "cypher"]

MAX_CHARACTERS = 1 << 16  # of a grammar's text: what it forces is found in one go, while nothing is decoded
TRIAL = 60  # steps of a search for an end, when a schema is compiled
MAX_GBNF = 1 << 14  # characters: what translates it takes time in proportion to their square
MAX_RULES = 500  # and levels of brackets in them: llguidance goes down a chain of rules, and 600 take a stack of 2 MB
KEPT = 64  # compiled grammars
KEPT_CHARACTERS = 1 << 21  # of their texts in all: each takes some fifty times as much memory

# One line, as `json.dumps` writes it and as models have seen it most: so all but the values is forced.
# Without `\\u` in strings: else a name that is taken could come again, written in another way.
ONE_LINE: Any = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "json_allowed_escapes": 'nrbtf\\"',
    "lenient": False,
}
# What of Lark may hold any signs: texts, comments and patterns.
_FREE = r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/(?:\\.|[^/\\\n])+/'
_JSON = re.compile(rf"{_FREE}|(?P<json>%json\s*)")  # before a schema
# Of GBNF, whose texts and comments may hold the same signs.
_CLASS = re.compile(r'"(?:\\.|[^"\\])*"|#[^\n]*|(?P<class>\[(?:\\.|[^\]\\])*\])')
_PIECES = re.compile(rf"{_FREE}|[(\[\])\]:]")  # what makes rules and levels
_ANYTHING: dict[str, Any] = {}  # what the schema `true` stands for


def _limits(*, lexer_fuel: int, lexer_states: int, items_in_row: int) -> LLParserLimits:
    """A step may take some milliseconds at most: everybody's next token waits for it."""
    return LLParserLimits(
        initial_lexer_fuel=lexer_fuel,
        step_lexer_fuel=50_000,
        step_max_items=20_000,
        max_items_in_row=items_in_row,
        max_lexer_states=lexer_states,  # of some hundred bytes, in each grammar that is kept
        max_grammar_size=200_000,
        verbose_errors=False,
    )


_LIMITS = _limits(lexer_fuel=100_000, lexer_states=20_000, items_in_row=2000)
# Of grammars that we write ourselves, whose size is bounded by that of a schema.
_OWN_LIMITS = _limits(lexer_fuel=1_000_000, lexer_states=50_000, items_in_row=10_000)
_OWN: dict[Kind, Callable[[str, str], str]] = {
    "sql_sqlite": lambda ddl, param: sql_grammar(ddl, "sqlite", param),
    "sql_postgres": lambda ddl, param: sql_grammar(ddl, "postgres", param),
    "cypher": cypher_grammar,
}


@dataclass(frozen=True)
class Source:
    """A grammar as it was asked for. `param` is where it stood in the request.

    `parts` stand in its text: where that cannot be compiled each is by itself, so that the one at fault is told of.
    """

    kind: Kind
    text: str
    param: str
    parts: tuple[Source, ...] = ()


class Vocabulary(Protocol):
    """A base's."""

    vocab: Any  # llama.cpp's own
    n_vocab: int

    @property
    def tokenize_address(self) -> int: ...
    def piece(self, token: int, *, special: bool = False) -> bytes: ...
    def is_control(self, token: int) -> bool: ...
    def ends(self) -> list[int]: ...


class _Prepared(NamedTuple):
    tokenizer: LLTokenizer
    ends: frozenset[int]  # tokens that end an answer
    closer: Closer


class Grammar:
    """A compiled grammar. Thread-safe. All its answers share a lexer, and what they add to that has a bound."""

    def __init__(self, matcher: LLMatcher, prepared: _Prepared, *, closes: bool, size: int) -> None:
        """`closes`: whether an answer is to be completed before it runs out of tokens. `size`: of its text."""
        self._matcher, self._prepared, self._closes, self.size = matcher, prepared, closes, size

    @property
    def spent(self) -> bool:
        """Whether its lexer has no room for more, so that no answer can follow it any more."""
        copy = self._matcher.deep_copy()
        copy.compute_bitmask()
        return bool(copy.is_error())

    def start(self) -> Constraint:
        """For one answer, from its beginning."""
        prepared = self._prepared
        closer = prepared.closer if self._closes else None
        return Constraint(self._matcher.deep_copy(), prepared.tokenizer.vocab_size, prepared.ends, closer)


class Grammars:
    """Compiles grammars for one vocabulary, and keeps those that were used last. Thread-safe."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._prepared: _Prepared | None = None
        self._preparing = threading.Lock()
        self._kept: OrderedDict[tuple[Kind, str], Grammar] = OrderedDict()  # least recently used first
        self._keeping = threading.Lock()

    def prepare(self) -> _Prepared:
        """Make what all grammars need: some tenths of a second, which else the first one waits for."""
        with self._preparing:
            if self._prepared is None:
                ends = self._vocabulary.ends()
                tokenizer = _tokenizer(self._vocabulary, ends)
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
            kept = self._kept.get(key)
            if kept:
                self._kept.move_to_end(key)
        if kept and not kept.spent:
            return kept
        grammar = self._compile(source)
        with self._keeping:
            self._kept[key] = grammar
            while len(self._kept) > KEPT or self._size() > KEPT_CHARACTERS:
                self._kept.popitem(last=False)
        return grammar

    def _size(self) -> int:
        return sum(grammar.size for grammar in self._kept.values())

    def _compile(self, source: Source) -> Grammar:
        if len(source.text) > MAX_CHARACTERS:
            raise _wrong(source, f"it has {len(source.text):,} characters, and at most {MAX_CHARACTERS:,} are taken")
        try:
            return self._compiled(source)
        except InvalidRequest:
            for part in source.parts:  # one of them may be at fault
                self._compile(part)
            raise

    def _compiled(self, source: Source) -> Grammar:
        prepared = self.prepare()
        limits = _OWN_LIMITS if source.kind in _OWN else _LIMITS
        text = _translated(source)
        matcher = LLMatcher(prepared.tokenizer, text, log_level=0, limits=limits)
        if matcher.is_error():
            raise _wrong(source, _reason(matcher.get_error()))
        closes = source.kind == "json_schema"
        if closes:  # a trial: what breaks in a copy breaks all, since they share a lexer
            closing(matcher, prepared.closer, STEPS, TRIAL)
        _check_first_step(matcher.deep_copy(), source)
        return Grammar(matcher, prepared, closes=closes, size=len(text))


def _check_first_step(matcher: LLMatcher, source: Source) -> None:
    """What breaks there, or did in the trial before, breaks no answer. Raises `InvalidRequest`."""
    allowed = mask(matcher).nonzero()[0]
    if len(allowed):
        matcher.try_consume_tokens([int(allowed[0])])
    if matcher.is_error():
        if "NoExtensionBias" not in matcher.get_error():
            raise _wrong(source, f"it is too much work to follow: {_reason(matcher.get_error())}")
        allowed = allowed[:0]
    if not len(allowed):
        raise _wrong(source, "it lets no answer through: what it asks for contradicts itself, or never ends")


def _tokenizer(vocabulary: Vocabulary, ends: list[int]) -> LLTokenizer:
    """llguidance's own takes what looks like a tag for no text: but `<tool_call>` of some bases is what they write."""
    tokens = [
        b"\xff" + vocabulary.piece(token, special=True) if vocabulary.is_control(token) else vocabulary.piece(token)
        for token in range(vocabulary.n_vocab)
    ]
    make: Any = LLTokenizer  # whose stub lacks the method
    made: LLTokenizer = make.from_llamacpp(
        tokens=tokens,
        vocab_ptr=vocabulary.vocab,
        tokenize_fptr=vocabulary.tokenize_address,
        eos_token=ends,
        slices=None,
    )
    return made


def _translated(source: Source) -> str:
    """In llguidance's own format. Raises `InvalidRequest`."""
    if source.kind == "json_schema":
        try:
            return LLMatcher.grammar_from_json_schema(source.text, overrides=ONE_LINE)
        except ValueError as error:  # half of a surrogate pair
            raise _wrong(source, f"it is no JSON: {error}") from error
    if source.kind == "regex":
        return LLMatcher.grammar_from_regex(source.text)
    if source.kind in _OWN:
        return LLMatcher.grammar_from_lark(_OWN[source.kind](source.text, source.param))
    text = source.text
    if source.kind == "gbnf":
        _check_gbnf(source)
        try:
            text = any_to_lark(text)
        except Exception as error:  # it raises whatever comes to it
            raise _wrong(source, f"it is no GBNF: {error}") from error
    return LLMatcher.grammar_from_lark(_with_schemas(text, source))


def _check_gbnf(source: Source) -> None:
    """Refuse what takes long to translate, or means something else to llama-server. Raises `InvalidRequest`."""
    if len(source.text) > MAX_GBNF:
        raise _wrong(source, f"it has {len(source.text):,} characters, and at most {MAX_GBNF:,} are taken of GBNF")
    for found in _CLASS.finditer(source.text):
        if (text := found["class"]) and re.search(r"&&|--|~~|.\[", text):
            raise _wrong(source, f"`&&`, `--`, `~~` and `[` within {text[:60]!r} are not taken: write them as texts")


def _with_schemas(lark: str, source: Source) -> str:
    """With the JSON schemas in it as those are that come alone. Raises `InvalidRequest`."""
    made_before = {part.text for part in source.parts}
    parts, at = list[str](), 0
    for found in _JSON.finditer(lark):
        if found.start() < at or not found["json"]:  # within a schema, or in a text, a comment or a pattern
            continue
        try:
            schema, end = json.JSONDecoder().raw_decode(lark, found.end())
        except (ValueError, RecursionError) as error:
            raise _wrong(source, f"after `%json` comes a JSON schema: {error}") from error
        if lark[found.end() : end] not in made_before:
            schema = json.loads(json_source(schema, source.param).text)
        parts += [lark[at : found.end()], json.dumps({**schema, "x-guidance": ONE_LINE})]
        at = end
    parts.append(lark[at:])
    if _levels("".join(parts[::2])) > MAX_RULES:
        raise _wrong(source, f"its rules and the levels of brackets in them are over {MAX_RULES}: simplify it")
    return "".join(parts)


def _levels(lark: str) -> int:
    """Of its rules, as if each led to the next one."""
    levels = depth = deepest = 0
    for piece in _PIECES.findall(lark):
        if piece in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif piece in ")]":
            depth -= 1
        elif piece == ":":
            levels, depth, deepest = levels + 1 + deepest, 0, 0
    return levels + deepest


def _reason(error: str) -> str:
    """llguidance's message without its Rust backtrace and the state of its parser."""
    if "coerce_one_of" in error:
        return (
            "alternatives of a `oneOf` may overlap: give each a type or a required `const` of its own, or use `anyOf`"
        )
    if "circular references" in error:
        return "a `$ref` with other keywords beside it leads back to itself: write these where it points to"
    text = error.split("\n\nStack backtrace")[0].split("<state>")[0].replace("<non-verbose/>", "").strip()
    return text[:500] or "llguidance gives no reason"


def _wrong(source: Source, why: str) -> InvalidRequest:
    return InvalidRequest(f"{source.param}: {why}", param=source.param)


def json_source(schema: object, param: str) -> Source:
    """The grammar of a JSON schema. Raises `InvalidRequest`, for what of it cannot be enforced too."""
    made = enforceable(schema, param)
    if made is False:
        raise InvalidRequest(f"{param}: `false` lets no answer through", param=param)
    return Source("json_schema", json.dumps(_ANYTHING if made is True else made, ensure_ascii=False), param)


def sql_source(ddl: str, dialect: Dialect, param: str) -> Source:
    """The grammar of one query over the tables of a DDL, which is read when that is compiled."""
    return Source("sql_sqlite" if dialect == "sqlite" else "sql_postgres", ddl, param)


def cypher_source(schema: str, param: str) -> Source:
    """The grammar of one query of a graph of this schema, which is read when that is compiled."""
    return Source("cypher", schema, param)
