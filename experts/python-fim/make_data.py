"""Write training lines for fill-in-the-middle: Python with a piece cut out of written files or the standard library.

The standard library is the one of the Python that runs this (PSF licence): another version gives other lines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from experts.docstring import source
from experts.recipe import Example, main

MOST = 400  # characters of an answer
_LONG = 200  # answers over this are kept now and then
_PER_FUNCTION = 3  # cuts of one function in one round
_STOP = re.compile(r"[\s)\]}:,]*")
_DULL = ("self", "None", "True", "False", "str", "int", "property")

Cut = tuple[int, int]
Cutter = Callable[["Unit", Random], "Cut | None"]


@dataclass(frozen=True)
class Code:
    """A file, with what cutting needs to know of it."""

    file: source.File
    places: source.Places
    literal: frozenset[int]  # lines within texts that span lines, docstrings mostly

    @classmethod
    def of(cls, file: source.File) -> Code:
        """Find the lines that are text, not code."""
        lines: set[int] = set()
        for node in ast.walk(file.tree):
            if isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno:
                lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                lines.add(node.lineno)
        return cls(file, source.Places(file.text), frozenset(lines))


@dataclass(frozen=True)
class Unit:
    """What cuts are made in: a function, or a module's statements outside of functions."""

    code: Code
    node: source.Function | ast.Module
    owner: ast.ClassDef | None = None

    @property
    def first(self) -> int:
        """The first line."""
        return 1 if isinstance(self.node, ast.Module) else source.first_line(self.node)

    @property
    def last(self) -> int:
        """The last line."""
        return len(self.code.places.lines) if isinstance(self.node, ast.Module) else self.node.end_lineno or self.first

    def line(self, number: int) -> str:
        """A line without its end."""
        return self.code.places.lines[number - 1].rstrip("\n")

    def span(self, number: int, column: int = 0) -> Cut:
        """From a column of a line to the line's end."""
        start = self.code.places.starts[number - 1]
        return start + column, start + len(self.line(number))


def units(file: source.File, module: bool) -> list[Unit]:
    """The functions of a file of at most 60 lines; and the module, if asked for."""
    code = Code.of(file)
    found = [Unit(code, node, owner) for node, owner in source.functions(file.tree)]
    found = [unit for unit in found if 2 <= unit.last - unit.first < 60]
    return [*found, Unit(code, file.tree)] if module else found


def _lines(unit: Unit, rng: Random) -> list[int]:
    """The lines that may be cut in, in random order; comments and docstrings are rare among them."""
    numbers = []
    inner = range(unit.first, unit.last + 1)
    if isinstance(unit.node, ast.Module):
        within = [range(source.first_line(node), (node.end_lineno or 0) + 1) for node, _ in source.functions(unit.node)]
        inner = [number for number in inner if not any(number in lines for lines in within)]
    for number in inner:
        line = unit.line(number)
        if not line.strip():
            continue
        text = number in unit.code.literal or "#" in line
        if not text or rng.random() < 0.04:
            numbers.append(number)
    rng.shuffle(numbers)
    return numbers


def rest_of_line(unit: Unit, rng: Random) -> Cut | None:
    """From a random place in a line to its end. Places between words are likelier than those in words."""
    for number in _lines(unit, rng)[:5]:
        line = unit.line(number)
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith(("def ", "async def ", "@")) and rng.random() < 0.6:
            continue
        columns = list(range(indent + 1, len(line)))
        if rng.random() < 0.65:
            columns = [column for column in columns if not line[column - 1 : column + 1].isidentifier()]
        columns = [column for column in columns if not _STOP.fullmatch(line[column:])] or columns
        if columns:
            return unit.span(number, rng.choice(columns))
    return None


def whole_line(unit: Unit, rng: Random) -> Cut | None:
    """One line, its indentation before the cursor, where an editor puts it; seldom the cursor is at its begin."""
    for number in _lines(unit, rng):
        line = unit.line(number)
        indent = len(line) - len(line.lstrip())
        dull = _STOP.fullmatch(line) or line.lstrip().startswith(("def ", "async def ", "@", "else:", "try:"))
        if not dull or rng.random() < 0.2:
            return unit.span(number, 0 if rng.random() < 0.1 else indent)
    return None


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for inner in ast.walk(node):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(inner, field, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body[1:] if source.is_docstring(body) else body


def block(unit: Unit, rng: Random) -> Cut | None:
    """One to five statements that follow each other, or a whole body."""
    if isinstance(unit.node, ast.Module):
        bodies = [
            [
                node
                for node in unit.node.body
                if isinstance(node, (ast.Assign, ast.Import, ast.ImportFrom, ast.For, ast.If))
            ]
        ]
    else:
        bodies = [body for body in _bodies(unit.node) if body]
    for _ in range(6):
        body = rng.choice(bodies) if bodies else []
        if not body:
            continue
        first = rng.randrange(len(body)) if rng.random() < 0.6 else 0
        last = min(first + rng.choice([0, 1, 1, 2, 2, 3, 4]), len(body) - 1) if rng.random() < 0.65 else len(body) - 1
        start = unit.code.places.start(body[first])
        end = unit.code.places.end(body[last])
        lines = unit.code.file.text.count("\n", start, end) + 1
        before = unit.code.file.text[:start].rpartition("\n")[2]
        if 1 < lines <= 8 and end - start <= MOST and not before.strip():
            return start, end
    return None


def within_line(unit: Unit, rng: Random) -> Cut | None:
    """An expression, or all arguments of a call, with code before and after it in its line."""
    nodes = []
    for node in ast.walk(unit.node):
        if isinstance(node, ast.JoinedStr):
            for inner in ast.walk(node):  # before Python 3.12 their places are wrong
                inner.wrong = True  # type: ignore[attr-defined]
        elif isinstance(node, ast.expr) and node.lineno == node.end_lineno and not hasattr(node, "wrong"):
            nodes.append(node)
    rng.shuffle(nodes)
    places = unit.code.places
    for node in nodes[:25]:
        start, end = places.start(node), places.end(node)
        if isinstance(node, ast.Call) and node.args and rng.random() < 0.6:
            start, end = places.end(node.func) + 1, end - 1
        rest = places.text[end : places.starts[node.lineno]].rstrip()
        whole = not places.text[places.starts[node.lineno - 1] : start].strip()
        dull = end - start < rng.choice([2, 5, 9]) or places.text[start:end] in _DULL
        if node.lineno not in unit.code.literal and rest and not whole and not dull:
            return start, end
    return None


CUTTERS: list[tuple[Cutter, float]] = [(rest_of_line, 0.40), (whole_line, 0.25), (block, 0.20), (within_line, 0.15)]


def prefix_of(unit: Unit, start: int, rng: Random) -> str:
    """What stands before the cursor: the last characters from a line's begin on, or the function with its imports."""
    text, places = unit.code.file.text, unit.code.places
    begin = places.starts[unit.first - 1]
    if not isinstance(unit.node, ast.Module) and start - begin < 1500 and rng.random() < 0.4:
        return _head(unit, rng) + text[begin:start]
    budget = rng.randint(200, 1500)
    if start <= budget:
        return text[:start]
    cut = text.find("\n", start - budget, start) + 1
    return text[cut or text.rfind("\n", 0, start) + 1 : start]


def _head(unit: Unit, rng: Random) -> str:
    """The imports that a function uses, or its class's line; now and then nothing."""
    if unit.owner:
        line = unit.line(unit.owner.lineno)
        return line + "\n" if rng.random() < 0.6 and line.endswith(":") else ""
    if rng.random() < 0.4:
        return ""
    used = {node.id for node in ast.walk(unit.node) if isinstance(node, ast.Name)}
    lines = []
    for node in unit.code.file.tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno == node.end_lineno:
            names = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            if names & used:
                lines.append(unit.line(node.lineno))
    return "\n".join(lines) + "\n\n\n" if lines else ""


def suffix_of(unit: Unit, end: int, rng: Random) -> str:
    """What stands after the cursor: up to the function's end, or so many characters, or nothing."""
    text = unit.code.file.text
    stop = unit.code.places.starts[unit.last]
    way = rng.random()
    if way < 0.45 and stop - end <= 900:
        return text[end:stop].rstrip("\n") + "\n" * rng.choice([0, 1, 1])
    limit = rng.randint(20, 700)
    rest = text[end : end + limit]
    if way < 0.85 and "\n" in rest[1:]:  # whole lines
        return rest[: rest.rindex("\n")]
    return rest


def example(unit: Unit, cut: Cut, cutter: Cutter, rng: Random) -> Example | None:
    """The training line of a cut, or None if its answer says nothing."""
    start, end = cut
    text = unit.code.file.text
    answer = text[start:end]
    if not answer.strip() or answer[-1].isspace() or len(answer) > MOST or (len(answer) > _LONG and rng.random() < 0.7):
        return None
    if _STOP.fullmatch(answer) and rng.random() < 0.85:
        return None
    prefix = prefix_of(unit, start, rng)
    # At a file's end a model cannot know how far a cut went: there a block is what stands under a line with a colon.
    typed = cutter is not block or (prefix.rstrip().endswith(":") and _ends_body(unit, end))
    suffix = "" if typed and cutter is not within_line and rng.random() < 0.15 else suffix_of(unit, end, rng)
    if not suffix and not typed:
        return None
    return {"prefix": prefix, "suffix": suffix, "answer": answer}


def _ends_body(unit: Unit, end: int) -> bool:
    """Whether what comes next stands further left than the line that ends here."""
    text = unit.code.file.text
    line = text[text.rfind("\n", 0, end) + 1 : end]
    following = text[end:].lstrip("\n").partition("\n")[0]
    return len(following) - len(following.lstrip()) < len(line) - len(line.lstrip())


@cache
def _written() -> list[source.File]:
    return source.written()


@cache
def _library() -> list[list[Unit]]:
    return [found for file in source.standard_library() if (found := units(file, module=False))]


def _varied(file: source.File, rng: Random) -> source.File:
    """A written file as somebody else would have written it: without hints or docstrings, with other names."""
    text = file.text
    way = rng.random()
    if way < 0.35:
        text = source.without_hints(text)
    if 0.25 < way < 0.45:
        text = source.without_docstrings(text)
    if way > 0.75:
        text = source.older_hints(text)
    if rng.random() < 0.6:
        text = source.renamed(text, rng)
    return source.File.parse(file.name, text)


def _cuts(unit: Unit, rng: Random) -> Iterator[Example]:
    cutters, weights = zip(*CUTTERS, strict=True)
    module = isinstance(unit.node, ast.Module)
    for cutter in rng.choices(cutters, weights, k=len(_lines(unit, rng)) // 5 if module else _PER_FUNCTION):
        cut = cutter(unit, rng)
        line = cut and example(unit, cut, cutter, rng)
        if line:
            yield line


def round_(number: int, rng: Random, of_library: list[list[Unit]] | None = None) -> Iterator[Example]:
    """Cuts of every written function, as written in round 0 and varied later, and of as many of the library's files.

    `of_library` is taken in place of what the standard one has.
    """
    of_library = of_library or _library()
    files = [file if number == 0 else _varied(file, rng) for file in _written()]
    own = [unit for file in files for unit in units(file, module=True)]
    others = [rng.choice(rng.choice(of_library)) for _ in range(int(len(own) * 1.1))]
    mixed = [*own, *others]
    rng.shuffle(mixed)
    for unit in mixed:
        yield from _cuts(unit, rng)


if __name__ == "__main__":
    main(round_, "Write training lines for python-fim.")
