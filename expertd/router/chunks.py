"""A text that is too long, cut to what matters for the question: the best of its parts, in their order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from expertd.router.table import Table

LEAST, MOST = 400, 1200  # characters of a part
ASK = 600  # characters of the first and the last paragraph that are taken for the question, and stay
GAP = "\n[...]\n"  # stands for what was left out
_MEANING = 0.5  # beside 1 for the words

_BEGINS = re.compile(
    r"#{1,6} |={3,} |diff --git |(?:File|Datei): |(?:async )?def |class "
    r"|(?:export |pub )?(?:async )?(?:fn|func|function) |(?:public|private|static|impl|struct|interface|type) "
    r"|(?i:create table )|<(?:file|document|h[1-6])\b"
)
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Cut:
    """What is left of a text, in tokens and parts, and the lines [first, last] that are not, counted from 1."""

    text: str
    tokens: int
    of_tokens: int
    parts: int
    of_parts: int
    left_out: Sequence[tuple[int, int]]


def cut(text: str, budget: int, count: Callable[[str], int], table: Table) -> Cut:
    """At most `budget` tokens of it, as `count` counts them: the question, and the parts that best answer it.

    The question is the text's last paragraph, or its first where that alone asks. Both stay where they are short.
    """
    head, body, tail = _question(text.rstrip())
    parts = [part for part in (head, *split(body), tail) if part]
    if not parts:
        return Cut("", 0, 0, 0, 0, ())
    sizes = [count(part) for part in parts]
    kept = {i for i in (0, len(parts) - 1) if parts[i] in (head, tail)}
    if sum(sizes[i] for i in kept) > budget // 2:
        kept &= {len(parts) - 1} if sizes[-1] <= budget // 2 else set()
    asks_first = "?" in head and "?" not in tail
    asked = (f"{head}\n{tail}" if asks_first else tail or head).strip() or text[-ASK:]
    gap = count(GAP)
    room = budget - sum(sizes[i] for i in kept) - gap
    for i in np.argsort(-scores(asked, parts, table), kind="stable").tolist():
        cost = sizes[i] + (0 if i - 1 in kept or i + 1 in kept else gap)
        if i not in kept and cost <= room:
            kept.add(i)
            room -= cost
    made = _joined(parts, kept)
    return Cut(made, count(made), sum(sizes), len(kept), len(parts), list(_lines(parts, kept)))


def _question(text: str) -> tuple[str, str, str]:
    """The first paragraph, what stands between, and the last; empty where a paragraph is too long to be a question."""
    paragraphs = [*re.finditer(r"\n[ \t]*\n\s*", text)]
    if not paragraphs:
        return "", text, ""
    first, last = paragraphs[0].end(), paragraphs[-1].end()
    first = first if first <= ASK and not _BEGINS.match(text) else 0
    last = last if len(text) - last <= ASK else len(text)
    return text[:first], text[first : max(first, last)], text[max(first, last) :]


def split(text: str) -> list[str]:
    """Along its structure: headings, files, functions, paragraphs. Joined, the parts are the text."""
    parts: list[str] = []
    for block in _blocks(text):
        is_begin = _BEGINS.match(block) is not None
        if parts and not is_begin and len(parts[-1]) < LEAST and len(parts[-1]) + len(block) <= MOST:
            parts[-1] += block
        else:
            parts.append(block)
    return parts


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs with the blank lines behind them, and what begins something new; none is over `MOST` long."""
    block, ended = "", False
    for line in text.splitlines(keepends=True):
        is_blank = not line.strip()
        if block and ((ended and not is_blank) or _BEGINS.match(line) or len(block) + len(line) > MOST):
            yield block
            block = ""
        ended = is_blank
        while len(line) > MOST:
            at = next((at for mark in (". ", "; ", ", ", " ") if (at := line.rfind(mark, MOST // 2, MOST) + 1)), MOST)
            yield line[:at]
            line = line[at:]
        block += line
    if block:
        yield block


def scores(question: str, parts: Sequence[str], table: Table) -> np.ndarray:
    """[parts]: how likely each is to answer the question, by its words (BM25) and by its meaning."""
    import bm25s  # type: ignore[import-untyped]  # a third of a second, which only long prompts shall pay

    words = [_words(part) for part in parts]
    known = {word for each in words for word in each}
    asked = [word for word in _words(question) if word in known]
    by_words = np.zeros(len(parts), np.float32)
    if asked:
        ranking = bm25s.BM25()
        ranking.index(words, show_progress=False)
        by_words = ranking.get_scores(asked)
    meaning = np.stack([table.embed_whole(part) for part in parts]) @ table.embed_whole(question)
    return by_words / max(float(by_words.max()), 1e-9) + _MEANING * meaning


def _words(text: str) -> list[str]:
    """Lower-cased, names cut where their parts join, and without the endings that come and go."""
    found = [word.lower() for word in _WORD.findall(_HUMP.sub(" ", text))]
    return [re.sub(r"(?:ing|ed|es|s|ly)$", "", word) if len(word) > 4 else word for word in found]


def _joined(parts: Sequence[str], kept: set[int]) -> str:
    made, before = "", -1
    for i in sorted(kept):
        made += (GAP if i > before + 1 else "") + parts[i]
        before = i
    return made


def _lines(parts: Sequence[str], kept: set[int]) -> Iterator[tuple[int, int]]:
    line, begin = 1, None
    for i, part in enumerate(parts):
        if i not in kept and begin is None:
            begin = line
        elif i in kept and begin is not None:
            yield begin, max(begin, line - 1)
            begin = None
        line += part.count("\n")
    if begin is not None:
        yield begin, line - (parts[-1].endswith("\n"))
