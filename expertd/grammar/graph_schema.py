"""A property graph's schema, as prompts have it: labels, relationship types, their properties, and what joins what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from expertd.errors import InvalidRequest

Kind: TypeAlias = Literal["text", "number", "bool", "date", "time", "list", "any", "other"]
Properties: TypeAlias = dict[str, Kind]

MAX_CHARACTERS = 1 << 15
MAX_LABELS = 30
MAX_TYPES = 30  # a relationship's type has 5 bits in the grammar's state, and two values stand for something else
MAX_JOINS = 60
MAX_PROPERTIES = 500  # of all labels and types
MAX_NAME = 60

_NAME = r"(?:`[^`]{1,200}`|[^\W\d]\w{0,200})"
_PARTS = r"\{((?:[^{}`]|`[^`]*`)*)\}"
_MAP = rf"(?:\s*{_PARTS})?"
_NODE = re.compile(rf"\s*\(\s*(?:{_NAME}\s*)?:\s*({_NAME}){_MAP}\s*\)")
_HOP = re.compile(rf"\s*(<)?-\s*\[\s*(?:{_NAME}\s*)?:\s*({_NAME}){_MAP}\s*\]\s*-(>)?")
_LISTED = re.compile(rf"\s*(?:-\s*)?:?({_NAME})\s*{_PARTS}\s*")
_OWNER = re.compile(r"\s*-\s*\*\*([^*]+)\*\*:?\s*")
_BULLET = re.compile(r"\s*-\s*`?([^\W\d]\w{0,200})`?\s*:\s*(\w+).*")
# A type may have commas of its own: `DECIMAL(10, 2)`, `MAP<STRING, INT>`.
_PROPERTY = re.compile(rf"\s*({_NAME}|\w+)\s*(?::\s*((?:[^,:(<]|\([^()]*\)|<[^<>]*>)*))?(?:,|\Z)")
_HEADING = re.compile(r"\W*(nodes?|relationships?|the relationships?)\b", re.I)
_COMMENT = re.compile(r"(?:^|\s)//")
_BETWEEN = re.compile(r"[\s,;.]*")
# The first that a property's type contains says what it can be compared with.
_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"LIST|ARRAY|\[|SET\b", "list"),
    (r"STRING|TEXT|CHAR|UUID", "text"),
    (r"POINT|DURATION|INTERVAL", "other"),
    (r"INT|LONG|FLOAT|DOUBLE|NUMBER|NUMERIC|DECIMAL|REAL|SERIAL", "number"),
    (r"BOOL", "bool"),
    (r"DATE_?TIME|TIMESTAMP", "time"),
    (r"DATE", "date"),
    (r"\S", "other"),
)


@dataclass(frozen=True)
class GraphSchema:
    """Names are as they are, not as a query quotes them."""

    labels: dict[str, Properties] = field(default_factory=dict)
    types: dict[str, Properties] = field(default_factory=dict)
    joins: list[tuple[str, str, str]] = field(default_factory=list)  # from label, type, to label


def read_graph_schema(text: str, param: str) -> GraphSchema:
    """Raises `InvalidRequest`, which says what line is wrong.

    Lines are patterns, `(:Person {name: STRING})` and `(:Person)-[:ACTED_IN {roles: LIST}]->(:Movie)`, or what
    Neo4j's and LangChain's tools print: `Person {name: STRING}`, or `- **Person**` and a line for each property,
    below a heading that says what it is of.
    """
    if len(text) > MAX_CHARACTERS:
        raise _wrong(param, f"it has {len(text):,} characters, and at most {MAX_CHARACTERS:,} are taken")
    schema = GraphSchema()
    listed, owner = schema.labels, ""
    for number, line in enumerate(text.split("\n"), 1):
        line = _COMMENT.split(line, maxsplit=1)[0].rstrip()
        try:
            if line.endswith(":") and (heading := _HEADING.match(line)):
                listed = schema.labels if heading.group(1).lower().startswith("node") else schema.types
                owner = ""
            elif match := _LISTED.fullmatch(line):
                _add(listed, match.group(1), match.group(2))
            elif match := _OWNER.fullmatch(line):
                owner = _add(listed, match.group(1), None)
            elif owner and (match := _BULLET.fullmatch(line)):
                listed[owner][_name(match.group(1))] = _kind(match.group(2))
            else:
                _patterns(schema, line)
        except ValueError as error:
            raise _wrong(param, f"line {number}: {error}") from error
    _check(schema, param)
    return schema


def _patterns(schema: GraphSchema, line: str) -> None:
    """Those of a line: `(:A)-[:B]->(:C)<-[:D]-(:E), (:F)`. Raises `ValueError`."""
    at = _end(_BETWEEN, line, 0)
    while at < len(line):
        label, at = _node(schema, line, at)
        while hop := _HOP.match(line, at):
            if bool(hop.group(1)) == bool(hop.group(4)):
                raise ValueError(f"a relationship goes one way, by `->` or by `<-`: {line[at : at + 80]!r}")
            kind = _add(schema.types, hop.group(2), hop.group(3))
            other, at = _node(schema, line, hop.end())
            join = (other, kind, label) if hop.group(1) else (label, kind, other)
            if join not in schema.joins:
                schema.joins.append(join)
            label = other
        at = _end(_BETWEEN, line, at)


def _node(schema: GraphSchema, line: str, at: int) -> tuple[str, int]:
    match = _NODE.match(line, at)
    if not match:
        raise ValueError(f"{line[at : at + 80]!r} is no pattern like `(:Person {{name: STRING}})`")
    return _add(schema.labels, match.group(1), match.group(2)), match.end()


def _end(pattern: re.Pattern[str], line: str, at: int) -> int:
    match = pattern.match(line, at)
    return match.end() if match else at


def _add(owners: dict[str, Properties], written: str, properties: str | None) -> str:
    """The name of a label or type, which from now on has these properties too. Raises `ValueError`."""
    name = _name(written)
    known = owners.setdefault(name, {})
    for key, kind in _properties(properties or ""):
        known[key] = kind
    return name


def _properties(text: str) -> Iterator[tuple[str, Kind]]:
    text = text.rstrip(", \t")
    at = 0
    while at < len(text):
        match = _PROPERTY.match(text, at)
        if not match:
            raise ValueError(f"{text[at : at + 80].strip()!r} is no property like `name: STRING`")
        at = match.end()
        yield _name(match.group(1)), _kind(match.group(2) or "")


def _kind(written: str) -> Kind:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, written.upper())), "any")


def _name(written: str) -> str:
    name = written.strip("`")
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME:
        raise ValueError(f"the name {name[:80]!r} is not taken: give printable names of at most {MAX_NAME}")
    return name


def _check(schema: GraphSchema, param: str) -> None:
    if not schema.labels:
        raise _wrong(param, "there is no label in it: give lines like `(:Person {name: STRING})`")
    properties = sum(map(len, [*schema.labels.values(), *schema.types.values()]))
    for what, count, most in (
        ("labels", len(schema.labels), MAX_LABELS),
        ("relationship types", len(schema.types), MAX_TYPES),
        ("relationships", len(schema.joins), MAX_JOINS),
        ("properties", properties, MAX_PROPERTIES),
    ):
        if count > most:
            raise _wrong(param, f"{count} {what} are more than {most}: give those that the question is about")


def _wrong(param: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{param}: {why}", param=param)
