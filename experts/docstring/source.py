"""Python source for `docstring` and `python-fim`: files found, functions in them, and safe ways to vary them."""

from __future__ import annotations

import ast
import io
import re
import sysconfig
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

Function = ast.FunctionDef | ast.AsyncFunctionDef
Edit = tuple[int, int, str]

WRITTEN = Path(__file__).resolve().parents[1] / "python-fim" / "written"
# Tests and generated tables teach nothing, and site-packages are not the library's.
_SKIPPED = {
    "test", "tests", "idlelib", "lib2to3", "tkinter", "encodings", "site-packages", "dist-packages", "pydoc_data",
    "turtledemo", "ensurepip", "__phello__", "lib-dynload", "distutils", "__pycache__",
}  # fmt: skip
_MOST_BYTES = 60_000
_LONGEST_LINE = 120

# What a local name may be called instead. Each stands for the same thing, so that a reader loses nothing.
_SYNONYMS = {
    "answer": ["reply", "response"], "best": ["top", "winner"], "books": ["titles"], "cells": ["fields"],
    "char": ["c", "ch", "letter"], "chars": ["letters"], "chosen": ["picked", "selected"],
    "count": ["n", "number", "num"], "counts": ["tally", "freq"], "current": ["cur"], "cursor": ["cur"],
    "data": ["payload", "content"], "day": ["date_", "d"], "digits": ["nums"], "distance": ["dist"],
    "edges": ["links"], "entry": ["record"], "error": ["exc", "err", "e"], "field": ["col"],
    "file": ["f", "fh", "handle"], "files": ["paths"], "folder": ["directory", "root_dir"],
    "found": ["matches", "hits"], "frontier": ["border"], "graph": ["g", "adj"], "group": ["bucket"],
    "groups": ["grouped", "buckets"], "heap": ["pq"], "high": ["hi", "end"], "i": ["idx", "index", "k"],
    "index": ["idx", "pos"], "item": ["element", "elem", "entry"], "items": ["elements", "entries"],
    "kept": ["keep", "remaining"], "key": ["k", "name"], "left": ["lhs", "a"], "length": ["size"], "line": ["row"],
    "lines": ["rows", "output"], "low": ["lo", "start"], "match": ["m", "found_match"], "matrix": ["grid", "mat"],
    "merged": ["joined", "combined"], "message": ["msg"], "middle": ["mid"], "name": ["label", "title"],
    "names": ["labels"], "node": ["vertex", "n"], "number": ["num", "n"], "numbers": ["nums", "values"],
    "order": ["sequence"], "other": ["second", "that"], "output": ["out"], "pairs": ["tuples"],
    "part": ["piece", "chunk"], "parts": ["pieces", "chunks"], "path": ["p", "file_path"], "paths": ["files"],
    "point": ["pt"], "points": ["pts"], "previous": ["prev", "last"], "queue": ["q", "todo"], "request": ["req"],
    "response": ["resp", "res"], "result": ["res", "out", "ret"], "results": ["res", "out"], "right": ["rhs", "b"],
    "row": ["record", "r"], "rows": ["records"], "scale": ["factor"], "seen": ["visited", "known"],
    "stack": ["todo", "pending"], "start": ["begin", "first"], "task": ["job"], "tasks": ["jobs"],
    "text": ["s", "string", "txt"], "token": ["tok"], "total": ["sum_", "acc"], "totals": ["sums"],
    "user": ["account"], "users": ["accounts", "members"], "value": ["val", "v"], "values": ["vals", "data"],
    "width": ["w"], "word": ["w", "term"], "words": ["terms", "tokens"], "writer": ["out"],
}  # fmt: skip


@dataclass(frozen=True)
class File:
    """A source file with its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @classmethod
    def parse(cls, name: str, text: str) -> File:
        """Parse a text. Marks for linters are not part of what is learned."""
        text = re.sub(r"  # (?:noqa|type: ignore|pragma)[^\n]*", "", text)
        return cls(name, text, ast.parse(text))


def written() -> list[File]:
    """The hand-written files."""
    return [File.parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(WRITTEN.glob("*.py"))]


def standard_library() -> Iterator[File]:
    """Read the files of the running Python's library that are code that people wrote."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if (
            _SKIPPED & set(inside.parts)
            or inside.name.startswith("_sysconfigdata")
            or path.stat().st_size > _MOST_BYTES
        ):
            continue
        try:
            text = path.read_text(encoding="utf-8")
            file = File.parse(inside.as_posix(), text)
        except (SyntaxError, ValueError):
            continue
        if "\t" not in text and text.isascii() and max(map(len, text.splitlines()), default=999) <= _LONGEST_LINE:
            yield file


def functions(tree: ast.AST, owner: ast.ClassDef | None = None) -> Iterator[tuple[Function, ast.ClassDef | None]]:
    """Yield the functions of a module and the methods of its classes, each with its class; nested ones are parts."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node, owner
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, node)
        elif isinstance(node, (ast.If, ast.Try)):
            yield from functions(node, owner)


def first_line(node: Function | ast.ClassDef) -> int:
    """The line a definition begins in, its decorators included."""
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


class Places:
    """Where in a text the positions of its syntax tree are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """The character at a line (from 1) and a column as `ast` counts it, in bytes."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return self.starts[line - 1] + (column if text.isascii() else len(text.encode()[:column].decode()))

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """The character a node begins with."""
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """The character after a node."""
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with parts replaced. Of parts that overlap the first one is."""
    parts, done = [], 0
    for start, end, new in sorted(edits):
        if start >= done:
            parts += [text[done:start], new]
            done = end
    return "".join([*parts, text[done:]])


def is_docstring(body: list[ast.stmt]) -> bool:
    """Whether a body begins with a docstring."""
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def without_docstrings(text: str) -> str:
    """The source with the docstrings left out of all bodies that have more than one."""
    places, edits = Places(text), []
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and is_docstring(body):
            if len(body) == 1:
                continue
            follows = body[1]
            line = first_line(follows) if hasattr(follows, "decorator_list") else follows.lineno
            if line > (body[0].end_lineno or 0):
                edits.append((places.starts[body[0].lineno - 1], places.starts[line - 1], ""))
    return edited(text, edits)


def without_hints(text: str) -> str:
    """The source with the type hints of functions and of assignments left out. Fields of classes keep theirs."""
    places, edits, tree = Places(text), [], ast.parse(text)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for arg in _arguments(node):
            if arg.annotation:
                edits.append(_argument_edit(places, arg, arg.annotation))
        if node.returns:
            arrow = text.rfind("->", 0, places.start(node.returns))
            edits.append((len(text[:arrow].rstrip()), places.end(node.returns), ""))
        for inner in ast.walk(node):
            if isinstance(inner, ast.AnnAssign) and inner.value:
                edits.append((places.end(inner.target), places.end(inner.annotation), ""))
    return edited(text, edits)


def older_hints(text: str) -> str:
    """The source with its hints as they were written before Python 3.9: `List[int]` for `list[int]`."""
    names = sorted({name.capitalize() for name in re.findall(r"\b(list|dict|set|tuple)\[", text)})
    if not names:
        return text
    text = re.sub(r"\b(list|dict|set|tuple)(?=\[)", lambda match: match[1].capitalize(), text)
    line = f"from typing import {', '.join(names)}\n"
    first = re.search(r"^(?:import|from (?!__future__))", text, re.MULTILINE)
    if first:
        return text[: first.start()] + line + text[first.start() :]
    return re.sub(r"^(?=@|def |class )", line + "\n\n", text, count=1, flags=re.MULTILINE)


def _arguments(node: Function) -> list[ast.arg]:
    args = node.args
    return [arg for arg in (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg) if arg]


def _argument_edit(places: Places, arg: ast.arg, annotation: ast.expr) -> Edit:
    start, end = places.start(arg) + len(arg.arg), places.end(annotation)
    if places.text[end : end + 3] == " = ":  # a default stands close to a bare name
        return start, end + 3, "="
    return start, end, ""


def renamed(text: str, rng: Random, keep: str = "", share: float = 0.5) -> str:
    """The source with some of the functions' local names replaced by synonyms, each in its whole function.

    Names among the words of `keep` stay.
    """
    places, edits = Places(text), []
    tree = ast.parse(text)
    fixed = {word.arg for word in ast.walk(tree) if isinstance(word, ast.keyword)} | set(re.findall(r"\w+", keep))
    for node, _ in functions(tree):
        for old, new in _choices(node, fixed, rng, share):
            edits += [(start, start + len(old), new) for start in _uses(node, old, places)]
    return _if_parsed(edited(text, edits), text)


def _choices(node: Function, kept: set[str | None], rng: Random, share: float) -> Iterator[tuple[str, str]]:
    """Which local names of a function become what. Names that a docstring, an f-string or a caller may mean stay."""
    if any(isinstance(inner, (ast.Global, ast.Nonlocal, ast.Lambda)) for inner in ast.walk(node)):
        return
    taken = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} | {
        arg.arg for arg in _all_arguments(node)
    }
    fixed = set(re.findall(r"\w+", ast.get_docstring(node) or "")) | kept
    for inner in ast.walk(node):
        if isinstance(inner, ast.JoinedStr):  # before Python 3.12 the places of what is in them are wrong
            fixed |= {name.id for name in ast.walk(inner) if isinstance(name, ast.Name)}
        elif isinstance(inner, ast.ExceptHandler) and inner.name:
            fixed.add(inner.name)
    own = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)}
    own |= {arg.arg for arg in _arguments(node)}
    for old in sorted(own & set(_SYNONYMS) - fixed):
        new = rng.choice(_SYNONYMS[old])
        if rng.random() < share and new not in taken:
            taken.add(new)
            yield old, new


def _all_arguments(node: Function) -> list[ast.arg]:
    return [inner for inner in ast.walk(node) if isinstance(inner, ast.arg)]


def _uses(node: Function, name: str, places: Places) -> Iterator[int]:
    for inner in ast.walk(node):
        if (isinstance(inner, ast.Name) and inner.id == name) or (isinstance(inner, ast.arg) and inner.arg == name):
            yield places.start(inner)


def without_comments(text: str) -> str:
    """The source without its comments."""
    places, edits = Places(text), []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            start, alone = places.starts[line - 1], not token.line[: token.start[1]].strip()
            end = start + len(places.lines[line - 1]) if alone else start + token.end[1]
            begin = start if alone else start + len(token.line[: token.start[1]].rstrip())
            edits.append((begin, end, ""))
    return _if_parsed(edited(text, edits), text)


def narrower(text: str) -> str:
    """The source with two spaces for each four of its indentation."""
    lines = []
    for line in text.split("\n"):
        code = line.lstrip(" ")
        lines.append(" " * ((len(line) - len(code)) // 2) + code)
    return _if_parsed("\n".join(lines), text)


def spaced(text: str, rng: Random) -> str:
    """The source with blank lines before some statements, or without all of them."""
    if rng.random() < 0.5:
        return _if_parsed(re.sub(r"\n\s*\n", "\n", text), text)
    tree, places = ast.parse(text), Places(text)
    outer = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    lines = [
        statement.lineno for node in outer for statement in node.body[1:] if not hasattr(statement, "decorator_list")
    ]
    edits = [(places.starts[line - 1], places.starts[line - 1], "\n") for line in lines if rng.random() < 0.4]
    return edited(text, edits)


def parses(text: str) -> bool:
    """Whether a text is Python."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _if_parsed(text: str, otherwise: str) -> str:
    return text if parses(text) else otherwise
