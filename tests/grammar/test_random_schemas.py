"""Random schemas: each is refused at once, or all its answers from random logits at temperature 1.5 are valid."""

from __future__ import annotations

import pytest

from expertd.engine.base import Base
from expertd.errors import InvalidRequest
from expertd.grammar.compiler import Grammars, json_source
from tests.grammar.random_schemas import drawn
from tests.grammar.suite import is_valid
from tests.grammar.walk import HeatedWalker

BUDGETS = (40, 150)


@pytest.mark.parametrize("n", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_answers_of_random_schemas_are_valid(base: Base, grammars: Grammars, n: int) -> None:
    walker, enforced, whole = HeatedWalker(base, seed=1, temperature=1.5), 0, 0
    for schema in drawn(n):
        try:
            grammar = grammars.compile(json_source(schema, "schema"))
        except InvalidRequest as refused:
            assert refused.message.startswith("schema") and len(refused.message) > 30
            continue
        enforced += 1
        for budget in BUDGETS:
            document = walker.document(grammar, budget)
            if document is not None:
                whole += 1
                assert is_valid(document, schema), (document, schema)
    assert enforced > 0.4 * n and whole > 0.95 * len(BUDGETS) * enforced
