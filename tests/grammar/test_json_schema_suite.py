"""The official suite: each schema is refused by name, or lets nothing through that is invalid."""

from __future__ import annotations

import json
import zlib

import pytest

from bench.between_markers import ROOT
from expertd.engine.base import Base
from expertd.grammar.compiler import Grammar, Grammars
from tests.grammar.keywords import DOCUMENT, compiled, table
from tests.grammar.suite import Case, cases, is_valid
from tests.grammar.walk import Walker

CASES = list(cases())
BUDGETS = (25, 50, 120)
every_case = pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])


@pytest.fixture(scope="module")
def walker(base: Base) -> Walker:
    return Walker(base, seed=0)


def follows(grammar: Grammar, base: Base, text: str) -> bool:
    """Whether a text is a whole answer."""
    constraint = grammar.start()
    return all(constraint.take(token) for token in base.tokenize(text)) and constraint.take(base.eos)


def check_answers(grammar: Grammar, case: Case, walker: Walker, times: int) -> None:
    walker.begin(zlib.crc32(case.id.encode()))
    for budget in BUDGETS * times:
        document = walker.document(grammar, budget)
        assert document is None or is_valid(document, case.schema, case.draft), document


@every_case
def test_a_schema_is_enforced_or_refused(base: Base, grammars: Grammars, walker: Walker, case: Case) -> None:
    if grammar := compiled(grammars, case):
        texts = [json.dumps(instance, ensure_ascii=False) for instance, valid in case.instances if not valid]
        assert [text for text in texts if follows(grammar, base, text)] == []
        check_answers(grammar, case, walker, 1)


@pytest.mark.slow
@every_case
def test_many_answers_of_a_schema_are_valid(grammars: Grammars, walker: Walker, case: Case) -> None:
    if grammar := compiled(grammars, case):
        check_answers(grammar, case, walker, 20)


def test_most_schemas_of_the_plain_keywords_are_enforced(grammars: Grammars) -> None:
    """So that refusing everything does not pass."""
    plain = [case for case in CASES if case.keyword in {"properties", "required", "type", "enum", "items", "anyOf"}]
    assert sum(compiled(grammars, case) is not None for case in plain) > 0.9 * len(plain)


def test_the_documents_have_the_table_of_now(grammars: Grammars) -> None:
    assert table(grammars) in (ROOT / DOCUMENT).read_text(), "python -m tests.grammar.keywords --docs"
