"""Answers with calls, taken apart: the same parts in sum, however the text comes in pieces."""

from __future__ import annotations

import pytest

from expertd.api.calls import CallParser
from expertd.grammar.tools import called

ONE, TWO = called("add", '{"a": 1, "b": {"c": "}}"}}'), called("now", "{}")


def taken_apart(text, size):
    """The content, the calls, and the parts that came of the text in pieces of `size` characters."""
    parser, parts = CallParser(), []
    for at in range(0, len(text), size):
        parts += parser.push(text[at : at + size])
    parts += parser.flush()
    content = "".join(part.text for part in parts if part.index is None)
    return content, [(call.name, call.arguments) for call in parser.calls], parts


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "content", "calls"),
    [
        ("Hello.\n", "Hello.\n", []),
        ("a < b <tool", "a < b <tool", []),
        ("", "", []),
        (ONE, "", [("add", '{"a": 1, "b": {"c": "}}"}}')]),
        (f"Wait. \n\n{ONE}\n{TWO}", "Wait.", [("add", '{"a": 1, "b": {"c": "}}"}}'), ("now", "{}")]),
        (f"x < y{TWO}", "x < y", [("now", "{}")]),
    ],
)
def test_text_and_calls_are_told_apart(text, content, calls, size):
    told, made, parts = taken_apart(text, size)
    assert (told, made) == (content, calls)
    for index, (_, arguments) in enumerate(calls):
        of_it = [part for part in parts if part.index == index]
        assert [part.begins for part in of_it] == [True] + [False] * (len(of_it) - 1)
        assert "".join(part.text for part in of_it) == arguments


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize("cut", range(len(ONE)))
def test_a_call_that_was_cut_has_the_arguments_so_far(cut, size):
    parser = CallParser()
    for at in range(0, cut, size):
        list(parser.push(ONE[at : min(cut, at + size)]))
    list(parser.flush())
    begin = ONE.index('{"a"')
    arguments = ONE[begin:cut][: len('{"a": 1, "b": {"c": "}}"}}')]
    assert [(call.name, call.arguments) for call in parser.calls] == ([("add", arguments)] if cut >= begin else [])


def test_ids_are_each_calls_own():
    parser = CallParser()
    list(parser.push(f"{ONE}\n{TWO}"))
    assert len({call.id for call in parser.calls}) == 2
