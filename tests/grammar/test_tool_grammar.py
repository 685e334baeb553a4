"""What answers that may call tools can be: text, whole calls, or text and then calls."""

from __future__ import annotations

import pytest

from expertd.grammar.tools import Tool, called, tools_source

ADD = Tool("add", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, "add")
NOW = Tool("now", {"type": "object", "properties": {}}, "now")
CALL = called("add", '{"a": 1}')
TWO = f"{CALL}\n{called('now', '{}')}"


def source(**how):
    return tools_source([ADD, NOW], **how)


@pytest.mark.parametrize("answer", ["Hello.", "1 < 2", CALL, TWO, f"Wait. {CALL}", f"<tool {CALL}"])
def test_a_model_that_may_call_writes_text_calls_or_both(follows, answer):
    assert follows(source(text=True), answer)


@pytest.mark.parametrize(
    "answer",
    ["<tool_call>", CALL[:-3], f"{CALL} and", called("sub", "{}"), called("add", "{}"), called("add", '{"a": "1"}')],
)
def test_a_call_that_is_begun_is_whole_and_of_a_function_that_there_is(follows, answer):
    assert not follows(source(text=True), answer)
    assert not follows(source(text=False), answer)


def test_a_model_that_must_call_writes_nothing_else(follows):
    assert follows(source(text=False), CALL) and follows(source(text=False), TWO)
    assert not follows(source(text=False), "Hello.") and not follows(source(text=False), f"Wait. {CALL}")


def test_one_call_is_all_where_more_are_not_wanted(follows):
    assert follows(source(text=True, most=1), CALL) and not follows(source(text=True, most=1), TWO)
