"""An answer that runs out of tokens is completed before: every document is whole, from the shortest budget on."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from expertd.engine.base import Base
from expertd.grammar.closing import STEPS, closing
from expertd.grammar.compiler import Grammar, Grammars, Source, json_source
from expertd.grammar.json_schema import FORMATS
from tests.grammar.suite import is_valid
from tests.grammar.walk import Walker


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


INVOICE = closed(
    {
        "name": {"type": "string"},
        "total": {"type": "number", "exclusiveMinimum": 0},
        "paid": {"enum": ["by cash", "by card"]},
        "items": {"type": "array", "items": closed({"what": {"type": "string"}, "many": {"type": "integer"}})},
        "where": closed({"street": {"type": "string", "minLength": 3}, "room": {"type": "integer", "minimum": 100}}),
    }
)
TREE = {
    "$defs": {"node": closed({"left": {"$ref": "#/$defs/leaf"}, "right": {"$ref": "#/$defs/leaf"}})},
    "$ref": "#/$defs/node",
}
TREE["$defs"]["leaf"] = {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "integer", "multipleOf": 10}, {"type": "null"}]}
ROOMS = {"type": "array", "items": closed({f"the_width_of_side_{i}_in_metres": {"type": "integer"} for i in range(8)})}
SCHEMAS = [
    INVOICE,
    TREE,
    ROOMS,
    {"type": "object"},
    closed({"a": {"type": "array", "minItems": 3}}),
    {"multipleOf": 10},
]


def shortest(grammar: Grammar) -> int:
    """How many tokens the end has that is found before anything was drawn."""
    prepared = grammar._prepared
    found = closing(grammar._matcher, prepared.closer, STEPS)
    assert found
    return len(found)


@pytest.mark.parametrize("schema", SCHEMAS, ids=["invoice", "tree", "rooms", "any", "items", "multiples"])
def test_every_document_is_whole_from_the_shortest_budget_on(base: Base, grammars: Grammars, schema: Any) -> None:
    grammar = grammars.compile(json_source(schema, "schema"))
    walker, least = Walker(base, seed=1), shortest(grammar)
    for budget in (*range(least, least + 12), *range(least + 12, least + 200, 17)):
        for _ in range(3):
            document = walker.document(grammar, budget)
            assert document is not None, budget
            jsonschema.validate(json.loads(document), schema)


def test_nothing_but_a_json_schema_is_closed(base: Base, grammars: Grammars) -> None:
    """What a regex asks for is text, of which a part may be useful; a document that was cut is not."""
    assert Walker(base, seed=2).document(grammars.compile(Source("regex", "(ab){500}", "regex")), 20) is None


def test_a_budget_that_no_document_fits_ends_unfinished(base: Base, grammars: Grammars) -> None:
    grammar = grammars.compile(json_source(INVOICE, "schema"))
    assert Walker(base, seed=3).document(grammar, 10) is None


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_closed(base: Base, grammars: Grammars, form: str) -> None:
    schema = closed({"when or where": {"type": "string", "format": form}})
    grammar = grammars.compile(json_source(schema, "schema"))
    walker = Walker(base, seed=4)
    documents = [walker.document(grammar, 80) for _ in range(10)]
    assert all(document and is_valid(document, schema) for document in documents)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": r"^\d+kg$"},
        {"type": "string", "pattern": r"^[a-z ]+\.$"},
        {"type": "string", "format": "duration"},
        {"type": "string", "format": "email"},
        {"type": "string", "format": "date-time"},
    ],
    ids=str,
)
def test_a_string_that_may_end_in_one_way_only_is_ended(base: Base, grammars: Grammars, schema: Any) -> None:
    grammar = grammars.compile(json_source(closed({"x": schema, "y": schema}), "schema"))
    walker = Walker(base, seed=5)
    documents = [walker.document(grammar, budget) for budget in range(70, 130, 3)]
    assert None not in documents
