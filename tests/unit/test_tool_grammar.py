"""What answers that may call tools can be: text, whole calls, or text and then calls."""

from __future__ import annotations

import pytest

from expertd.engine.context import Base
from expertd.grammar.compiler import Grammars
from expertd.grammar.tools import Tool, called, tools_source
from expertd.models.catalogue import embedded_file

ADD = Tool("add", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, "add")
NOW = Tool("now", {"type": "object", "properties": {}}, "now")
CALL = called("add", '{"a": 1}')
TWO = f"{CALL}\n{called('now', '{}')}"


@pytest.fixture(scope="module")
def follows():
    base = Base(embedded_file(), vocab_only=True)
    grammars = Grammars(base.vocab, base.ends)

    def follows(answer, **how):
        constraint = grammars.compile(tools_source([ADD, NOW], **how)).start()
        return all(constraint.take(token) for token in base.tokenize(answer)) and constraint.take(base.eos)

    yield follows
    base.close()


@pytest.mark.parametrize("answer", ["Hello.", "1 < 2", CALL, TWO, f"Wait. {CALL}", f"<tool {CALL}"])
def test_a_model_that_may_call_writes_text_calls_or_both(follows, answer):
    assert follows(answer, text=True)


@pytest.mark.parametrize(
    "answer",
    ["<tool_call>", CALL[:-3], f"{CALL} and", called("sub", "{}"), called("add", "{}"), called("add", '{"a": "1"}')],
)
def test_a_call_that_is_begun_is_whole_and_of_a_function_that_there_is(follows, answer):
    assert not follows(answer, text=True)
    assert not follows(answer, text=False)


def test_a_model_that_must_call_writes_nothing_else(follows):
    assert follows(CALL, text=False) and follows(TWO, text=False)
    assert not follows("Hello.", text=False) and not follows(f"Wait. {CALL}", text=False)


def test_one_call_is_all_where_more_are_not_wanted(follows):
    assert follows(CALL, text=True, most=1) and not follows(TWO, text=True, most=1)
