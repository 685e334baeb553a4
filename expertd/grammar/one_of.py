"""Whether the alternatives of a `oneOf` exclude each other: it then says what `anyOf` does, which can be enforced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

WORK = 4_000  # schemas looked at, of one that is asked for
DEPTH = 4  # of properties within properties that are looked at
_TYPES = frozenset({"null", "boolean", "number", "string", "array", "object"})
_TYPE_OF = {type(None): "null", bool: "boolean", int: "number", float: "number", str: "string", list: "array"}


def exclusive(options: Sequence[Any], definitions: Mapping[str, Any], work: Iterator[int]) -> bool:
    """Of schemas as `json_schema` makes them; `definitions` is what their `$ref`s name. Takes of `work`."""
    return all(_disjoint(one, other, definitions, work, DEPTH) for one, other in combinations(options, 2))


def _disjoint(one: Any, other: Any, definitions: Mapping[str, Any], work: Iterator[int], depth: int) -> bool:
    """Whether no value is of both schemas, as far as it is easily seen."""
    left, right = list(_all_of(one, definitions, work, set())), list(_all_of(other, definitions, work, set()))
    if False in left or False in right:
        return True
    both = [part for part in (*left, *right) if isinstance(part, dict)]
    types = frozenset(_TYPES).intersection(*map(_types, both))
    texts = [_texts(part) for part in both if "const" in part or "enum" in part]
    if not types or (types == {"string"} and texts and not texts[0].intersection(*texts[1:])):
        return True
    if types != {"object"} or not depth:
        return False
    required = {name for part in both for name in part.get("required", ())}
    return any(
        _disjoint(mine, theirs, definitions, work, depth - 1)
        for name in required
        for mine in _of(name, left)
        for theirs in _of(name, right)
    )


def _all_of(schema: Any, definitions: Mapping[str, Any], work: Iterator[int], seen: set[str]) -> Iterator[Any]:
    """The schemas that a value of this one is of, itself among them; none of them where no work is left."""
    if next(work, None) is None:
        return
    yield schema
    if not isinstance(schema, dict):
        return
    for part in schema.get("allOf", ()):
        yield from _all_of(part, definitions, work, seen)
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        yield from _all_of(definitions[name], definitions, work, seen)


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    named = schema.get("type", [])
    types = {
        "number" if name == "integer" else name for name in ([named] if isinstance(named, str) else named)
    } or _TYPES
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return frozenset(types if values is None else types & {_TYPE_OF.get(type(value), "object") for value in values})


def _texts(schema: Mapping[str, Any]) -> frozenset[str]:
    values = [schema["const"]] if "const" in schema else schema["enum"]
    return frozenset(value for value in values if isinstance(value, str))


def _of(name: str, schemas: Sequence[Any]) -> Iterator[Any]:
    """What they say of a property."""
    for schema in schemas:
        if isinstance(schema, dict) and name in schema.get("properties", ()):
            yield schema["properties"][name]
