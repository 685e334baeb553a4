"""The data scripts of `python-fim` and `docstring`: cuts are pieces of code that parses, and one style of docstring."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from itertools import islice
from random import Random

import pytest

from experts.docstring import source
from experts.docstring.library import summary

fim = import_module("experts.python-fim.make_data")
docs = import_module("experts.docstring.make_data")

CODE = '''import os


class Box:
    """A box."""

    def widen(self, values: list[int], count: int = 3) -> dict[str, int]:
        """Return the values, at most `count` of them."""
        total: int = 0  # of all
        for value in values:
            total += value
        # what is returned
        return {os.name: total, f"{count}": count}
'''


# In place of the standard library's, which takes seconds to read, and differs.
UNITS = [fim.units(source.File.parse("box", CODE), module=False)]
ITEMS = [docs.Item("def f(x):\n    return x", "Return x.")]


def test_hints_go_with_their_blanks() -> None:
    bare = source.without_hints(CODE)
    assert "def widen(self, values, count=3):" in bare
    assert "total = 0  # of all" in bare


def test_docstrings_and_comments_go() -> None:
    assert '"""' not in source.without_docstrings(CODE)
    assert "#" not in source.without_comments(CODE)
    assert "from typing import Dict, List\nimport os" in source.older_hints(CODE)


def test_renamed_code_is_the_same_but_for_names() -> None:
    new = source.renamed(CODE, Random(1), share=1.0)
    assert new != CODE
    assert "count: int = 3" in new  # the docstring and an f-string mean it
    shape = [type(node) for node in ast.walk(ast.parse(CODE))]
    assert [type(node) for node in ast.walk(ast.parse(new))] == shape


@pytest.mark.parametrize("number", [0, 1])
def test_a_cut_put_back_is_code(number: int) -> None:
    text = "\n".join(file.text for file in source.written()) + CODE
    for line in islice(fim.round_(number, Random(number), UNITS), 800):
        assert line["answer"].strip()
        assert len(line["answer"]) <= fim.MOST
        assert not line["answer"][-1].isspace()
        if number == 0:
            last = line["prefix"].rpartition("\n")[2]
            assert last + line["answer"] + line["suffix"].partition("\n")[0] in text


def test_rounds_are_the_same_for_a_seed() -> None:
    for script, library in ((fim, UNITS), (docs, ITEMS)):
        first, again = (list(islice(script.round_(1, Random("1:1"), library), 300)) for _ in range(2))
        assert first == again


def test_docstrings_have_one_style() -> None:
    for item in docs._written():
        assert re.fullmatch(r"[A-Z][^\n]{3,88}\.", item.summary), item.doc
        assert not re.match(r"(?:Returns|Gets|Get|Checks|Check if|This|Function)\b", item.summary), item.doc
        assert source.parses(item.code), item.code


@pytest.mark.parametrize(
    ("doc", "taught"),
    [
        ("Returns the size of a file", "Return the size of a file."),
        ("Return True if the path is absolute.\n\nMore.", "Whether the path is absolute."),
        ("Test whether a path is a link", "Whether a path is a link."),
        ("Get the name of the host.", "Return the name of the host."),
        ("foo(x) -> y", None),
        ("Bases for the numbers of it all.", None),
    ],
)
def test_library_docstrings_are_put_into_the_style(doc: str, taught: str | None) -> None:
    node = ast.parse(f'def f():\n    """{doc}"""\n    x = 1\n    return x').body[0]
    assert isinstance(node, ast.FunctionDef)
    assert summary(node) == taught
