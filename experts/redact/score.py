"""Grades redacted texts: which of the marked entities were replaced by their tags, and what else was changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, partial
from pathlib import Path

from experts.scoring import Body, Item, chat, held_out

MEASURE = "mean F1 of a text's entities"
BARS: dict[str, float] = {}
HERE = Path(__file__).parent
MAX_TOKENS = 160
TAGS = ("NAME", "EMAIL", "PHONE", "ADDRESS", "ID", "DATE_OF_BIRTH", "URL", "IP", "SECRET")

MARK = re.compile(rf"«({'|'.join(TAGS)}):([^»]+)»")
TAG = re.compile(rf"\[({'|'.join(TAGS)})\]")
TOKEN = re.compile(r"\[[A-Z_]+\]|\w+|[^\w\s]")

LIST = "[NAME], [EMAIL], [PHONE], [ADDRESS], [ID], [DATE_OF_BIRTH], [URL], [IP] and [SECRET]"
SYSTEM = (
    f"Replace the personal data in the user's text by the tags {LIST}. Keep every other word as it is, with the names "
    "of companies, products and cities, titles, other dates and amounts. Answer with the text only."
)
SHOTS = (
    (
        "Mr. Ian Flood (born 4 May 1970) paid 30 euros to Volta on 2 June. Mail: ian@flood.example",
        "Mr. [NAME] (born [DATE_OF_BIRTH]) paid 30 euros to Volta on 2 June. Mail: [EMAIL]",
    ),
    ("The shop in Rome opens on 5 May.", "The shop in Rome opens on 5 May."),
    (
        "Redact this:\nUna, 5 Hill Road, tel. 555-0111, password: blue42, client 88-120, from 192.0.2.1",
        "[NAME], [ADDRESS], tel. [PHONE], password: [SECRET], client [ID], from [IP]",
    ),
)


@dataclass(frozen=True)
class Entity:
    """A piece of personal data in a text."""

    tag: str
    text: str


@dataclass(frozen=True)
class Marked:
    """A text in which the personal data is marked: `call «NAME:Ann» at noon`."""

    marked: str

    @cached_property
    def text(self) -> str:
        return MARK.sub(lambda mark: mark[2], self.marked)

    @cached_property
    def redacted(self) -> str:
        return MARK.sub(lambda mark: f"[{mark[1]}]", self.marked)

    @cached_property
    def tokens(self) -> list[str | Entity]:
        """Words and marks of punctuation, and each entity as a whole."""
        found: list[str | Entity] = []
        end = 0
        for mark in MARK.finditer(self.marked):
            found += [*TOKEN.findall(self.marked[end : mark.start()]), Entity(mark[1], mark[2])]
            end = mark.end()
        return found + TOKEN.findall(self.marked[end:])


_body = partial(chat, MAX_TOKENS)


def items() -> list[Item]:
    """Of every file in heldout, in order."""
    return [_item(told) for _, told in held_out(HERE)]


def _item(told: dict[str, str]) -> Item:
    marked = Marked(told["marked"])
    prompt = told.get("ask", "{}").replace("{}", marked.text)
    group = "data" if MARK.search(marked.marked) else "nothing"
    return Item(_body(prompt), _base_bodies(prompt, marked.text), marked, group, prompt)


def _base_bodies(prompt: str, text: str) -> tuple[Body, ...]:
    listed = "".join(f"Text: {shot}\nRedacted: {redacted}\n\n" for shot, redacted in SHOTS)
    return (
        _body(prompt, SYSTEM),
        _body(f"Copy this text, but put {LIST} in the place of personal data. Answer with the text only.\n\n{text}"),
        _body(prompt, SYSTEM, SHOTS),
        _body(f"Replace personal data by tags in the last text.\n\n{listed}Text: {text}\nRedacted:"),
        _body(f"{text}\n\nWrite this text again with every person's name as [NAME] and likewise {LIST}."),
    )


def grade(item: Item, answer: str) -> float:
    return max(f1(item.wanted, reading) for reading in readings(answer))


def readings(answer: str) -> Iterator[str]:
    """The answer as it is, and without the fence, label or quotes that it may stand in."""
    text = answer.strip()
    yield text
    if fence := re.search(r"```[a-z]*[ \t]*\n?(.*?)(?:```|\Z)", text, re.S):
        yield fence[1]
    text = re.sub(r"\A\**[A-Z][^\n:]{0,80}:\**(?:[ \t]+|\s*\n\s*)", "", text)
    yield text
    if quoted := re.fullmatch(r"""["“'](.+)["”']""", text, re.S):
        yield quoted[1]


def f1(marked: Marked, answer: str) -> float:
    """1 for a text with nothing to redact that stays as it is."""
    found = false = 0
    entities = sum(isinstance(token, Entity) for token in marked.tokens)
    for before, after in _changes(marked.tokens, _answered(marked, answer[: 4 * len(marked.text) + 200])):
        more, wrong = _change(before, after)
        found, false = found + more, false + wrong
    wanted = 2 * found + false + (entities - found)
    return 2 * found / wanted if wanted else 1.0


def _answered(marked: Marked, answer: str) -> list[str]:
    """Tokens of an answer; an entity that stayed as it was is one, lest its points are taken for others."""
    stayed = {token.text for token in marked.tokens if isinstance(token, Entity) and not token.text.isalnum()}
    whole = "|".join(re.escape(text) for text in sorted(stayed, key=len, reverse=True))
    return re.findall(f"(?<!\\w)(?:{whole})(?!\\w)|{TOKEN.pattern}" if stayed else TOKEN.pattern, answer)


def _changes(before: list[str | Entity], after: list[str]) -> Iterator[tuple[list[str | Entity], list[str]]]:
    """The places where they differ. The end they share is set aside first: it needs no guess."""
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            yield before[a:b], after[c:d]


def _change(before: Sequence[str | Entity], after: Sequence[str]) -> tuple[int, int]:
    """How many entities of a changed place are replaced as they should be, and how many other changes were made."""
    entities = [token for token in before if isinstance(token, Entity)]
    left = list(after)
    for entity in list(entities):
        if entity.text in left:  # it stayed as it was
            left.remove(entity.text)
            entities.remove(entity)
    tags = [tag[1] for token in left if (tag := TAG.fullmatch(token))]
    words = {token for token in left if not TAG.fullmatch(token)}
    found = []
    for entity in entities:
        if entity.tag in tags and not words & set(re.findall(r"\w+", entity.text)):
            tags.remove(entity.tag)
            found.append(entity)
    for entity in found:  # two tags for the two words of a name are no other change
        for _ in re.findall(r"\w+", entity.text)[1:]:
            if entity.tag in tags:
                tags.remove(entity.tag)
    stray = len(found) < len(entities) or bool(words) or any(isinstance(token, str) for token in before)
    return len(found), max(int(stray), len(tags))
