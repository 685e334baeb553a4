"""What the cypher expert learns from: its queries are let through by the grammar, and Kuzu takes them."""

from __future__ import annotations

import json
from random import Random

import pytest

from expertd.grammar.compiler import cypher_source
from experts import recipe
from experts.cypher.compose import Composer
from experts.cypher.graph import read
from experts.cypher.make_data import WRITTEN, round_
from tests.grammar.test_cypher_grammar import wrong_of

LINES = recipe.read_written(WRITTEN)
QUICK = 12


def faults(follows, schema, queries):
    source = cypher_source(schema, "schema")
    return [query for query in queries if not follows(source, query)], wrong_of(schema, queries)


@pytest.mark.parametrize(
    "number", [pytest.param(n, marks=[] if n % QUICK == 0 else pytest.mark.slow) for n in range(len(LINES))]
)
def test_written_and_composed_queries_are_of_their_schema(follows, number):
    schema, items = LINES[number]["schema"], LINES[number]["items"]
    assert faults(follows, schema, [item["cypher"] for item in items]) == ([], [])
    composed = [query for _, query in Composer(read(schema), {}, Random(number)).items(30)]
    assert len(composed) > 10
    assert faults(follows, schema, composed) == ([], [])


def test_no_wording_stands_twice_over_one_schema():
    for line in LINES:
        asks = [ask for item in line["items"] for ask in item["ask"]]
        assert len(set(asks)) == len(asks)


def test_a_round_is_the_same_for_a_seed():
    first, again = ([json.dumps(e) for e, _ in zip(round_(1, Random(5)), range(200), strict=False)] for _ in range(2))
    assert first == again
