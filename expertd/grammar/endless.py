"""Schemas that are defined by themselves, or must contain themselves: an answer by them could never be whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def endless(definitions: Mapping[str, Any]) -> dict[str, str]:
    """The names of those among what `$ref`s name, as `json_schema` makes it, each with why."""
    in_place = {name: set(_in_place(made)) for name, made in definitions.items()}
    settled = _grown(definitions, lambda name, settled: in_place[name] <= settled)
    ended = _grown(definitions, lambda name, ended: _ends(definitions[name], ended))
    never = dict.fromkeys(definitions.keys() - ended, "it never ends: what it requires contains itself")
    itself = dict.fromkeys(definitions.keys() - settled, "a `$ref` leads back to itself, with no value between")
    return {**never, **itself}


def _grown(names: Collection[str], belongs: Callable[[str, set[str]], bool]) -> set[str]:
    """The least set of names with all that belong to it. What others name comes last, so it is looked at first."""
    found: set[str] = set()
    before = -1
    while before < len(found):
        before = len(found)
        for name in reversed([*names]):
            if name not in found and belongs(name, found):
                found.add(name)
    return found


def _in_place(made: Any) -> Iterator[str]:
    """The definitions that a value of this schema is held against itself."""
    if isinstance(made, bool):
        return
    if "$ref" in made:
        yield made["$ref"].rpartition("/")[2]
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in made.get(keyword, []):
            yield from _in_place(part)


def _ends(made: Any, ended: set[str]) -> bool:
    """Whether a document of this schema can be whole, where those of the definitions `ended` can."""
    if isinstance(made, bool):
        return True
    if "$ref" in made and made["$ref"].rpartition("/")[2] not in ended:
        return False
    if not all(_ends(part, ended) for part in made.get("allOf", [])):
        return False
    if not all(any(_ends(part, ended) for part in made[name]) for name in ("anyOf", "oneOf") if name in made):
        return False
    types = made.get("type", TYPES)
    return any(_type_ends(name, made, ended) for name in ([types] if isinstance(types, str) else types))


def _type_ends(name: str, made: dict[str, Any], ended: set[str]) -> bool:
    if name == "object":
        required, properties = made.get("required", []), made.get("properties", {})
        needed = [properties[name] for name in required if name in properties]
        if max(len(required), made.get("minProperties", 0)) > len(needed):
            needed += [made.get("additionalProperties", True), *made.get("patternProperties", {}).values()]
        return all(_ends(schema, ended) for schema in needed)
    if name == "array":
        items = [*made.get("prefixItems", []), made.get("items", True)]
        return all(_ends(item, ended) for item in items[: made.get("minItems", 0)])
    return True
