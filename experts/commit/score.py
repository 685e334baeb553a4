"""Grades commit subjects by the words they share with the nearest of an item's references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from experts.scoring import Body, Item, chat, held_out
from experts.word_overlap import f1, stem

MEASURE = "token F1 with the nearest of 3 or 4 subjects"
BARS: dict[str, float] = {}
HERE = Path(__file__).parent
MAX_TOKENS = 48
LONGEST = 72

SYSTEM = (
    "You write git commit messages. Answer with one subject line of at most 65 characters in the imperative mood, "
    "without a prefix, a full stop or an explanation."
)
SHOTS = (
    (
        "diff --git a/greet.py b/greet.py\n--- a/greet.py\n+++ b/greet.py\n@@ -1,2 +1,2 @@\n def greet(name):\n"
        '-    print("Hello " + nmae)\n+    print("Hello " + name)',
        "Fix misspelt variable in greet",
    ),
    (
        "diff --git a/list.js b/list.js\n--- a/list.js\n+++ b/list.js\n@@ -4,3 +4,6 @@ class List {\n"
        "   size() {\n     return this.items.length;\n   }\n+  isEmpty() {\n+    return this.size() === 0;\n+  }",
        "Add isEmpty to List",
    ),
)
STOP_WORDS = {"a", "an", "the", "this", "that", "these", "those", "it", "its", "of", "in", "on", "to", "for", "and"}
STOP_WORDS |= {"or", "with", "by", "from", "at", "as", "into", "is", "are", "be", "was", "were"}
PREFIX = re.compile(r"(?:feat|fix|docs?|chore|refactor|tests?|style|perf|build|ci)(?:\([^)]*\))?!?:\s*", re.I)


_body = partial(chat, MAX_TOKENS)


def items() -> list[Item]:
    """Of every file in heldout, in order."""
    return [_item(told) for _, told in held_out(HERE)]


def _item(told: dict[str, object]) -> Item:
    prompt = str(told["prompt"])
    return Item(_body(prompt), _base_bodies(prompt), told["right"], about=prompt)


def _base_bodies(prompt: str) -> tuple[Body, ...]:
    listed = "".join(f"{diff}\n\nCommit message: {subject}\n\n\n" for diff, subject in SHOTS)
    return (
        _body(prompt, SYSTEM),
        _body(f"{prompt}\n\nSummarise this change in one short line that starts with a verb, such as Add, Fix or Use."),
        _body(prompt, SYSTEM, SHOTS),
        _body(f"{listed}{prompt}\n\nCommit message:"),
        _body(f"What does this change do? Answer with a git commit subject of at most ten words.\n\n{prompt}"),
    )


def grade(item: Item, answer: str) -> float:
    """0 for what is no subject at all: nothing, several lines or a line that is too long. A body may follow it."""
    subject = re.split(r"\n\s*\n", extract(answer), maxsplit=1)[0].strip()
    if not subject or "\n" in subject or len(subject) > LONGEST:
        return 0.0
    readings = {subject, PREFIX.sub("", subject, count=1)}
    return max(f1(words(reading), words(right)) for reading in readings for right in item.wanted)


def extract(answer: str) -> str:
    """The subject in an answer that may wrap it in a fence, quotes or `git commit`, or say before what it is."""
    text = answer.strip()
    if fence := re.search(r"```[a-z]*[ \t]*\n(.*?)(?:```|\Z)", text, re.S):
        text = fence.group(1).strip()
    text = re.sub(r"\A\**(?:here|the|this|sure|commit|git|subject|message)\b[^\n:]{0,80}:\**\s*", "", text, flags=re.I)
    if command := re.fullmatch(r"""(?:\$ )?git commit -a?m (["'])(.*)\1""", text, re.S):
        text = command.group(2)
    if quoted := re.fullmatch(r"""[*_]*(["'`“])([^\n]*)["'`”][*_]*""", text):
        text = quoted.group(2)
    return text.strip().strip("*#").strip()


def words(text: str) -> Counter[str]:
    """Stems of the words and of the parts of identifiers."""
    parts = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3 \2", text)
    return Counter(stem(word) for word in _split(parts) if word not in STOP_WORDS)


def _split(text: str) -> Iterator[str]:
    yield from re.findall(r"[^\W_]+", re.sub(r"['’]s?\b", "", text.lower()))
