"""A graph's schema as make_data.py varies it: read, renamed, with more or less in it, and written in several forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from experts.cypher.names import Names, roles
from experts.cypher.pools import EXTRA_PROPERTIES, EXTRA_TYPES, LABELS, PROPERTIES, TYPES

Properties = dict[str, str]  # their names and types
_LINE = re.compile(r"\(:(\w+)(?: \{([^}]*)\})?\)(?:-\[:(\w+)(?: \{([^}]*)\})?\]->\(:(\w+)\))?")
_TYPE_SPELLINGS = (
    {},
    {"STRING": "String", "INTEGER": "Integer", "FLOAT": "Float", "BOOLEAN": "Boolean", "DATE": "Date"},
    {"INTEGER": "INT", "BOOLEAN": "BOOL"},
    {"STRING": "TEXT", "INTEGER": "INT", "FLOAT": "DOUBLE"},
    {"STRING": "string", "INTEGER": "int", "FLOAT": "float", "BOOLEAN": "bool", "DATE": "date"},
)


@dataclass
class Graph:
    """Labels and relationship types with their properties, and which labels a type joins."""

    labels: dict[str, Properties] = field(default_factory=dict)
    types: dict[str, Properties] = field(default_factory=dict)
    joins: list[tuple[str, str, str]] = field(default_factory=list)

    def copy(self) -> Graph:
        """One that may be changed."""
        labels = {name: dict(of) for name, of in self.labels.items()}
        return Graph(labels, {name: dict(of) for name, of in self.types.items()}, list(self.joins))


def read(text: str) -> Graph:
    """The graph of a written schema, a pattern a line. Raises `ValueError` for any other line."""
    graph = Graph()
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise ValueError(f"no pattern: {line!r}")
        label, properties, type_, of_type, other = match.groups()
        graph.labels.setdefault(label, {}).update(_properties(properties))
        if type_:
            graph.types.setdefault(type_, {}).update(_properties(of_type))
            graph.joins.append((label, type_, other))
    return graph


def _properties(text: str | None) -> Properties:
    return dict(part.split(": ") for part in text.split(", ")) if text else {}


def words(name: str) -> list[str]:
    """The words of a name in any style: `HAS_TASK`, `hasTask` and `has_task` are has, task."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _styled(name: str, style: str) -> str:
    if style == "keep":
        return name
    parts = words(name)
    if style == "camel":
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    if style == "pascal":
        return "".join(part.capitalize() for part in parts)
    return "_".join(parts).upper() if style == "upper" else "_".join(parts)


def draw_names(graph: Graph, rng: Random) -> Names:
    """Other names for the whole schema: some synonyms, and one style each for labels, types and properties."""
    label_style = rng.choices(["pascal", "snake", "upper"], [80, 12, 8])[0]
    type_style = rng.choices(["upper", "snake", "pascal", "camel"], [70, 12, 8, 10])[0]
    property_style = rng.choices(["keep", "snake", "camel", "upper"], [35, 30, 32, 3])[0]
    share = rng.choice([0.0, 0.3, 0.6])
    labels = _new_names(graph.labels, LABELS, label_style, share, rng)
    types = _new_names(graph.types, TYPES, type_style, share, rng)
    properties = {}
    for owners in (graph.labels, graph.types):
        for owner, of in owners.items():
            for old, new in _new_names(of, PROPERTIES, property_style, share / 2, rng).items():
                properties[owner, old] = new
    return Names(labels, types, properties)


def _new_names(
    names: dict[str, object] | Properties, synonyms: dict[str, str], style: str, share: float, rng: Random
) -> dict[str, str]:
    out: dict[str, str] = {}
    taken = {"_".join(words(name)) for name in names}
    for name in names:
        key = "_".join(words(name))
        others = [o for o in synonyms.get(key, "").split() if o not in taken]
        new = rng.choice(others) if others and rng.random() < share else name
        taken.add("_".join(words(new)))
        out[name] = _styled(new, style)
    return out if len(set(out.values())) == len(out) else {name: name for name in names}


def renamed(graph: Graph, names: Names) -> Graph:
    """The graph under its new names."""

    def of(owner: str, properties: Properties) -> Properties:
        return {names.properties.get((owner, key), key): kind for key, kind in properties.items()}

    return Graph(
        {names.labels.get(name, name): of(name, properties) for name, properties in graph.labels.items()},
        {names.types.get(name, name): of(name, properties) for name, properties in graph.types.items()},
        [(names.labels.get(a, a), names.types.get(t, t), names.labels.get(b, b)) for a, t, b in graph.joins],
    )


def _used(query: str) -> set[tuple[str, str]]:
    """What a query names: labels and types as ("", name), properties as (owner, name)."""
    return {(whose, part) for part, role, whose in roles(query) if role and role != "variable"}


def thin(graph: Graph, query: str, rng: Random) -> None:
    """Leave out some of what the query does not name."""
    used = _used(query)
    share = rng.choice([0.0, 0.0, 0.3, 0.6])
    for owners in (graph.labels, graph.types):
        for owner, properties in owners.items():
            first = next(iter(properties), "")
            for key in list(properties):
                if (owner, key) not in used and rng.random() < share and not (owner in graph.labels and key == first):
                    del properties[key]
    for name in list(graph.types):
        if ("", name) not in used and rng.random() < share / 2:
            del graph.types[name]
            graph.joins = [join for join in graph.joins if join[1] != name]
    for name in list(graph.labels):
        if ("", name) not in used and rng.random() < share / 2:
            _drop_label(graph, name, used)


def _drop_label(graph: Graph, name: str, used: set[tuple[str, str]]) -> None:
    joins = [join for join in graph.joins if name not in (join[0], join[2])]
    left = {type_ for _, type_, _ in joins}
    if all(type_ in left for type_ in graph.types if ("", type_) in used):
        del graph.labels[name]
        graph.joins = joins
        graph.types = {type_: of for type_, of in graph.types.items() if type_ in left}


def thicken(graph: Graph, others: list[Graph], ask: str, rng: Random) -> None:
    """Add properties, and labels of other schemas, that the question is not about."""
    asked = {word.rstrip("s") for word in re.findall(r"[a-z]+", ask.lower())}
    for properties in [*graph.labels.values(), *graph.types.values()]:
        for key, kind in rng.sample(EXTRA_PROPERTIES, rng.choice([0, 0, 0, 1, 2])):
            known = {word for name in properties for word in words(name)}
            if properties and not set(words(key)) & (asked | known):
                properties[key] = kind
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        other = rng.choice(others)
        name = rng.choice(list(other.labels))
        known = {word for label in graph.labels for word in words(label)}
        if set(words(name)) & (asked | known) or len(graph.labels) > 8:
            continue
        end, type_ = rng.choice(list(graph.labels)), rng.choice(EXTRA_TYPES)
        if {word.rstrip("s") for word in words(type_)} & asked or type_ in graph.types:
            continue
        graph.labels[name] = dict(other.labels[name])
        graph.types[type_] = {}
        graph.joins.append((end, type_, name) if rng.random() < 0.5 else (name, type_, end))


def _map(properties: Properties, spelling: dict[str, str], typed: bool = True) -> str:
    parts = [f"{key}: {spelling.get(kind, kind)}" if typed else key for key, kind in properties.items()]
    return "{" + ", ".join(parts) + "}"


def _shuffled(graph: Graph, rng: Random) -> Graph:
    out = graph.copy()
    if rng.random() < 0.5:
        out.labels = {name: out.labels[name] for name in rng.sample(list(out.labels), len(out.labels))}
        rng.shuffle(out.joins)
    if rng.random() < 0.2:
        out.labels = {name: dict(rng.sample(list(of.items()), len(of))) for name, of in out.labels.items()}
    return out


def patterns(graph: Graph, spelling: dict[str, str], rng: Random, typed: bool = True) -> str:
    """`(:A {x: STRING})` and `(:A)-[:R]->(:B)`, one a line; now and then the arrow points the other way."""
    lines = [f"(:{name} {_map(of, spelling, typed)})" if of else f"(:{name})" for name, of in graph.labels.items()]
    backwards, told = rng.random() < 0.08, set()
    for a, type_, b in graph.joins:
        of = graph.types[type_] if type_ not in told else {}
        told.add(type_)
        inside = f"[:{type_} {_map(of, spelling, typed)}]" if of else f"[:{type_}]"
        lines.append(f"(:{b})<-{inside}-(:{a})" if backwards and rng.random() < 0.5 else f"(:{a})-{inside}->(:{b})")
    return "\n".join(lines)


def printed(graph: Graph, spelling: dict[str, str], rng: Random) -> str:
    """What Neo4j's and LangChain's tools print."""
    bullets = rng.random() < 0.3
    following = " are the following" if rng.random() < 0.3 else ""

    def owners(of_all: dict[str, Properties]) -> list[str]:
        if not bullets:
            return [f"{name} {_map(of, spelling)}" for name, of in of_all.items()]
        lines = []
        for name, of in of_all.items():
            lines += [f"- **{name}**", *(f"  - `{key}`: {spelling.get(kind, kind)}" for key, kind in of.items())]
        return lines

    lines = [f"Node properties{following}:", *owners(graph.labels)]
    if with_properties := {name: of for name, of in graph.types.items() if of}:
        lines += [f"Relationship properties{following}:", *owners(with_properties)]
    lines += [f"The relationships{following}:", *(f"(:{a})-[:{type_}]->(:{b})" for a, type_, b in graph.joins)]
    return "\n".join(lines)


def text(graph: Graph, query: str, rng: Random) -> str:
    """The schema in one of its forms. Types are left out only where the query does not depend on them."""
    graph = _shuffled(graph, rng)
    spelling = rng.choices(_TYPE_SPELLINGS, [80, 6, 6, 4, 4])[0]
    if rng.random() < 0.25:
        return printed(graph, spelling, rng)
    typed = rng.random() > 0.04 or bool(re.search(r"date\(|true|false", query))
    return patterns(graph, spelling, rng, typed)
