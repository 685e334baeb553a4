"""What experts are scored on stands in nothing that they are trained on."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experts.recipe import HERE, read_written

# Where a request stands, in the written items and in the held-out sets; the rest are answers and what grades them.
REQUESTS = ("prompt", "ask", "wrong", "text", "marked", "diff", "questions")
ASKED = ("commit", "english", "json", "redact", "regex", "shell")  # the others' requests are code, or about a schema


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    yield from (json.loads(path.read_text()) for path in folder.glob("*.json"))
    for told in read_written(folder):
        yield told
        yield from (item for item in told.get("items", ()) if isinstance(item, dict))


def requests(folder: Path) -> set[str]:
    """Their words, whatever stands between them and around what is marked."""
    found: set[str] = set()
    for line in lines(folder):
        for key in REQUESTS:
            told = line.get(key, ())
            for text in [told] if isinstance(told, str) else told:
                if isinstance(text, str):
                    plain = re.sub(r"[{«][A-Z_]+:", "", text)
                    found.add(" ".join(re.findall(r"\w+", plain.lower())))
    return {text for text in found if len(text.split()) >= 3}


@pytest.mark.parametrize("name", ASKED)
def test_no_request_of_a_held_out_set_is_trained_on(name: str) -> None:
    held_out, written = requests(HERE / name / "heldout"), requests(HERE / name / "written")
    assert len(held_out) >= 30 and len(written) >= 400
    assert not held_out & written


def shapes(folder: Path) -> set[str]:
    """Of functions, whatever things are called in them."""
    code = (textwrap.dedent(line["code"]) for line in lines(folder) if "code" in line)
    return {ast.dump(Nameless().visit(ast.parse(each))) for each in code}


class Nameless(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("id", "name", "arg"):
            if hasattr(node, field):
                setattr(node, field, "")
        return super().generic_visit(node)


def test_no_function_of_the_held_out_set_is_trained_on_under_other_names() -> None:
    held_out, written = shapes(HERE / "docstring" / "heldout"), shapes(HERE / "docstring" / "written")
    assert len(held_out) >= 30 and len(written) >= 400
    assert not held_out & written


@pytest.mark.parametrize("name", ["cypher", "sql"])
def test_no_schema_of_a_held_out_set_is_trained_on(name: str) -> None:
    held_out, written = (
        {
            " ".join(str(line.get("ddl", line["schema"])).split())
            for line in lines(HERE / name / part)
            if "schema" in line
        }
        for part in ("heldout", "written")
    )
    assert len(held_out) >= 5 and len(written) >= 50
    assert not held_out & written
