"""What answers that may call tools can be: text, whole calls, or text and then calls."""

from __future__ import annotations

import pytest

from expertd.engine.base import Base
from expertd.errors import InvalidRequest
from expertd.grammar.compiler import Grammars
from expertd.grammar.tools import Tool, called, tools_source
from tests.toy_base import make_talking_base

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


def test_tags_that_a_base_has_tokens_for_are_text_like_any_other(tmp_path):
    make_talking_base(tmp_path / "base.gguf", own=("<tool_call>", "</tool_call>"))
    base = Base(tmp_path / "base.gguf", vocab_only=True)
    answer, tags = base.tokenize(CALL), [base.tokenize(tag) for tag in ("<tool_call>", "</tool_call>")]
    assert [len(tag) for tag in tags] == [1, 1] and {answer[0], answer[-1]} == {tag[0] for tag in tags}
    grammars = Grammars(base)
    for text in (True, False):
        constraint = grammars.compile(source(text=text)).start()
        assert all(constraint.take(token) for token in answer) and constraint.take(base.eos)
    assert grammars.compile(source(text=False)).start().forced(1) == tags[0]
    base.close()


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "pattern": "^[^@]+@[^@]+$"}, '"a@b"', '"a@@b"'),
        ({"patternProperties": {f"^{c}$": {"type": "integer"} for c in "abcdef"}}, '{"a": 1}', '{"a": "x"}'),
        ({"$ref": "#/$defs/it"}, '{"city": "x"}', '{"city": "x", "more": 1}'),
        ({"anyOf": [{"$ref": "#/$defs/it"}, {"type": "null"}]}, "null", '{"city": "x", "more": 1}'),
    ],
)
def test_arguments_are_enforced_as_a_schema_alone_is(follows, schema, right, wrong):
    it = {"type": "object", "properties": {"city": {"type": "string"}}}
    whole = {"type": "object", "properties": {"v": schema}, "required": ["v"], "$defs": {"it": it}}
    made = tools_source([Tool("f", whole, "f")], text=False, most=1)
    assert follows(made, called("f", f'{{"v": {right}}}'))
    assert not follows(made, called("f", f'{{"v": {wrong}}}'))


def test_tools_that_are_too_many_are_refused_before_all_are_gone_through():
    big = {"properties": {f"p{i}": {"type": "string", "pattern": f"^{i}{'x' * 900}$"} for i in range(60)}}
    with pytest.raises(InvalidRequest, match="up to t1 their schemas"):
        tools_source([Tool(f"t{i}", big, f"t{i}") for i in range(100)], text=True)
