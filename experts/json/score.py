"""Grades JSON by its fields: how many of the values that a text tells stand where they belong, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from experts.scoring import Body, Item, chat, held_out

MEASURE = "field accuracy"
BARS = {"all": 0.85}
HERE = Path(__file__).parent
MAX_TOKENS = 400

SYSTEM = "You extract data. Answer with one JSON document that follows the schema and holds what the text says."
_SEAT: Any = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "row": {"type": "integer"}, "window": {"type": ["boolean", "null"]}},
    "required": ["name", "row", "window"],
    "additionalProperties": False,
}
_TOOLS: Any = {
    "type": "object",
    "properties": {"tools": {"type": "array", "items": {"type": "string"}}, "price": {"type": "number"}},
    "required": ["tools", "price"],
    "additionalProperties": False,
}
SHOTS = (
    (_SEAT, "Row 12 is for Mr Adams.", '{"name": "Mr Adams", "row": 12, "window": null}'),
    (_TOOLS, "A hammer and a saw for 30.50 together", '{"tools": ["hammer", "saw"], "price": 30.5}'),
)


def items() -> list[Item]:
    """Of every file in heldout, in order."""
    return [_item(stem.split("_", 1)[1], told) for stem, told in held_out(HERE)]


def _item(group: str, told: dict[str, Any]) -> Item:
    """Half of the clients send the schema in the message (`prompt`), and half only as the form of the answer."""
    schema, text = told["schema"], told["text"]
    body = _body(told.get("prompt", text), schema)
    return Item(body, _base_bodies(schema, text), told["answer"], group, text)


def _body(content: str, schema: Any, system: str = "", shots: tuple[tuple[str, str], ...] = ()) -> Body:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return {**chat(MAX_TOKENS, content, system, shots), "response_format": form}


def _base_bodies(schema: Any, text: str) -> tuple[Body, ...]:
    """All have the schema in the message, whatever the client does: the base has no template that adds it."""
    told = json.dumps(schema, ensure_ascii=False)
    turns = tuple((f"{json.dumps(form)}\n\n{words}", answer) for form, words, answer in SHOTS)
    listed = "".join(f"Schema: {json.dumps(form)}\nText: {words}\nJSON: {answer}\n\n" for form, words, answer in SHOTS)
    return (
        _body(f"{told}\n\n{text}", schema, SYSTEM),
        _body(f"Extract the data from the text as JSON of this schema.\n\nSchema: {told}\n\nText: {text}", schema),
        _body(f"{told}\n\n{text}", schema, SYSTEM, turns),
        _body(f"{listed}Schema: {told}\nText: {text}\nJSON:", schema),
        _body(
            f"{text}\n\nAnswer with JSON only: what the text says, and null for what it does not say.\n{told}", schema
        ),
    )


def extract(answer: str) -> Any:
    """The first JSON object in an answer that may wrap it in a fence or in prose; None where there is none."""
    if fence := re.search(r"```(?:json)?\s*(.*?)(?:```|\Z)", answer, re.S):
        answer = fence.group(1)
    for start in re.finditer(r"\{", answer):
        try:
            return json.JSONDecoder().raw_decode(answer, start.start())[0]
        except (ValueError, RecursionError):
            continue
    return None


def grade(item: Item, answer: str) -> float:
    """The share of equal leaves in all that one of the two has."""
    mine, right = leaves(extract(answer)), leaves(item.wanted)
    paths = mine.keys() | right.keys()
    return sum(path in mine and path in right and mine[path] == right[path] for path in paths) / len(paths)


def leaves(value: Any, path: tuple[object, ...] = ()) -> dict[tuple[object, ...], object]:
    """What stands where: values by the names and indices that lead to them, in a form in which equal ones are equal."""
    if isinstance(value, (dict, list)) and value:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {where: leaf for key, part in parts for where, leaf in leaves(part, (*path, key)).items()}
    return {path: _normal(value)}


def _normal(value: Any) -> object:
    """With its kind, since in Python true is 1, and an empty list is worth comparing too."""
    if isinstance(value, str):
        return " ".join(value.casefold().split())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ("number", value)  # 1 and 1.0 are equal, and a number may be larger than any float
    return ("other", json.dumps(value))
