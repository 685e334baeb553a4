"""Write training lines for docstrings: a function as its author left it in, the docstring's text out.

Its functions are the written ones, those of `python-fim`, and those of the standard library of the Python that runs
this (PSF licence) whose docstrings can be put into the one style that is taught here.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from experts.docstring import library, source
from experts.docstring.wordings import AFTER, BEFORE, CLASS, FULL, METHOD, SYSTEM
from experts.recipe import Example, chat, main, read_written, roughened, typos

WRITTEN = Path(__file__).parent / "written"
_LONGEST = 2400  # characters of code


@dataclass(frozen=True)
class Item:
    """A definition without its docstring, and the docstring.

    A method's code is its class, in which it is the last one.
    """

    code: str
    doc: str
    method: bool = False

    @property
    def whole_class(self) -> bool:
        """Whether it is a class that is documented."""
        return self.code.startswith(("class ", "@dataclass")) and not self.method

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return self.doc.partition("\n")[0]


@cache
def _written() -> list[Item]:
    items = [Item(item["code"], item["doc"], item["code"].startswith("class ")) for item in read_written(WRITTEN)]
    for file in source.written():
        items += _of_file(file)
    return items


def _of_file(file: source.File) -> Iterator[Item]:
    """The functions with docstrings and the short classes of a written file."""
    lines = file.text.splitlines()
    for node, owner in source.functions(file.tree):
        if doc := ast.get_docstring(node):
            code = _code(lines, node)
            head = [lines[owner.lineno - 1], code] if owner else [textwrap.dedent(code)]
            yield Item(
                source.without_docstrings("\n".join(head)),
                doc if "Args:" in doc else doc.partition("\n")[0],
                owner is not None,
            )
    for node in file.tree.body:
        doc = ast.get_docstring(node) if isinstance(node, ast.ClassDef) else None
        if doc and len(node.body) > 2:
            code = source.without_docstrings(_code(lines, node))
            if len(code) < 1500:
                yield Item(code, doc)


def _code(lines: list[str], node: source.Function | ast.ClassDef) -> str:
    return "\n".join(lines[source.first_line(node) - 1 : node.end_lineno])


@cache
def _library() -> list[Item]:
    found = []
    for file in source.standard_library():
        lines = file.text.splitlines()
        for node, _ in source.functions(file.tree):
            doc = library.summary(node)
            code = textwrap.dedent(_code(lines, node)) if doc else ""
            if doc and 2 <= code.count("\n") < 40 and source.parses(code):
                found.append(Item(source.without_docstrings(code).rstrip(), doc))
    return found


def _varied(code: str, doc: str, rng: Random) -> str:
    """The code as somebody else would have written it. What would break it is not done."""
    if rng.random() < 0.4:
        code = source.without_hints(code)
    elif rng.random() < 0.2:
        code = source.older_hints(code)
    if rng.random() < 0.6:
        code = source.renamed(code, rng, keep=doc)
    if rng.random() < 0.3:
        code = source.without_comments(code)
    way = rng.random()
    if way < 0.08:
        code = ast.unparse(ast.parse(code))
    elif way < 0.16:
        code = source.narrower(code)
    elif way < 0.24:
        code = source.spaced(code, rng)
    return code


def _method(code: str, rng: Random) -> tuple[str, str | None]:
    """A method alone, at the margin or indented; seldom within its class, and then its name is returned too."""
    owner = ast.parse(code).body[-1]
    last = owner.body[-1] if isinstance(owner, ast.ClassDef) else None
    if not isinstance(last, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return code, None
    if rng.random() < 0.2:
        return code, last.name
    body = "\n".join(code.split("\n")[source.first_line(last) - 1 :])
    return (body if rng.random() < 0.3 else textwrap.dedent(body)), None


def _layout(code: str, before: list[str], after: list[str], bare: float, rng: Random) -> str:
    """The code in one of the layouts that people paste it in."""
    fenced = rng.random() < 0.35
    text = f"```{rng.choice(['python', 'python', 'python', 'py', ''])}\n{code}\n```" if fenced else code
    way = rng.random()
    if way < bare:
        return text
    if way < bare + 0.5 or not after:
        return _asked(before, rng) + rng.choice(["\n\n", "\n\n", "\n"]) + text
    return text + "\n\n" + _asked(after, rng)


def _asked(wordings: list[str], rng: Random) -> str:
    return typos(roughened(rng.choice(wordings), rng), rng, share=0.1)


def example(item: Item, number: int, rng: Random) -> Example | None:
    """One training line of an item; None if it is too long."""
    code, name = item.code if number == 0 else _varied(item.code, item.doc, rng), None
    if item.method:
        code, name = _method(code, rng)
    if len(code) > _LONGEST:
        return None
    full = "\n" in item.doc and rng.random() < 0.6
    if full:
        prompt = _layout(code, FULL, [], 0, rng)
    elif name:
        prompt = _layout(code, [wording.format(name=name) for wording in METHOD], [], 0, rng)
    elif item.whole_class:
        prompt = _layout(code, CLASS, [], 0.35, rng)
    else:
        prompt = _layout(code, BEFORE, AFTER, 0.35, rng)
    system = rng.choice(SYSTEM) if rng.random() < 0.12 else None
    return chat(prompt, item.doc if full else item.summary, system)


def round_(number: int, rng: Random, of_library: list[Item] | None = None) -> Iterator[Example]:
    """Every written item once, those with a long docstring twice, and half their number from the library.

    `of_library` is taken in place of what the standard one has.
    """
    of_library = of_library or _library()
    items = [item for item in _written() for _ in range(2 if "\n" in item.doc else 1)]
    items += rng.sample(of_library, min(len(items) // 2, len(of_library)))
    rng.shuffle(items)
    for item in items:
        if line := example(item, number, rng):
            yield line


if __name__ == "__main__":
    main(round_, "Write training lines for docstring.")
