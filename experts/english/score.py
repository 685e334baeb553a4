"""Grades repaired English: a text must be, word for word, one of the repairs that its item accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from experts.scoring import Body, Item, chat, held_out

MEASURE = "texts repaired word for word"
BARS: dict[str, float] = {}
HERE = Path(__file__).parent
MAX_TOKENS = 128

SYSTEM = (
    "Correct the spelling and grammar of the user's text. Change nothing else. Answer with the corrected text only. "
    "If there is no mistake, repeat the text as it is."
)
SHOTS = (
    ("He have two cat and a dog.", "He has two cats and a dog."),
    ("The shop opens at nine on Mondays.", "The shop opens at nine on Mondays."),
    ("Please correct this: where you was last nihgt?", "Where were you last night?"),
)
QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "\u00a0": " "})


_body = partial(chat, MAX_TOKENS)


def items() -> list[Item]:
    """Of every file in heldout, in order."""
    return [_item(told) for _, told in held_out(HERE)]


def _item(told: dict[str, object]) -> Item:
    prompt = str(told["prompt"])
    return Item(_body(prompt), _base_bodies(prompt), told["right"], str(told["group"]), prompt)


def _base_bodies(prompt: str) -> tuple[Body, ...]:
    listed = "".join(f"Text: {text}\nCorrected: {repaired}\n\n" for text, repaired in SHOTS)
    return (
        _body(prompt, SYSTEM),
        _body(f"Correct the grammar and spelling. Reply with the corrected text and nothing else.\n\n{prompt}"),
        _body(prompt, SYSTEM, SHOTS),
        _body(f"Correct the last text.\n\n{listed}Text: {prompt}\nCorrected:"),
        _body(f"{prompt}\n\nWrite this text again without its mistakes, in the same words. No explanation."),
    )


def grade(item: Item, answer: str) -> float:
    right = {folded(text) for text in item.wanted}
    return float(any(folded(reading) in right for reading in readings(answer)))


def grade_expert(item: Item, answer: str) -> float:
    return float(folded(answer) in {folded(text) for text in item.wanted})


def folded(text: str) -> str:
    """White space and kinds of quotes do not matter."""
    return " ".join(text.translate(QUOTES).split())


def readings(answer: str) -> Iterator[str]:
    """The answer as it is, and what it wraps in a fence, quotes, a label or prose before and after."""
    yield answer
    if fence := re.search(r"```[a-z]*[ \t]*\n?(.*?)(?:```|\Z)", answer, re.S):
        yield fence.group(1)
        return
    text = answer.strip()
    without = re.sub(r"\A\**[A-Z][^\n:]{0,80}:\**(?:[ \t]+|\s*\n\s*)", "", text)
    for whole in dict.fromkeys((text, without)):
        for part in (whole, re.split(r"\n\s*\n", whole, maxsplit=1)[0]):
            yield part
            yield part.strip("*_ \n")
            if quoted := re.fullmatch(r"""[*_]*["“'](.+)["”'][*_]*""", part.strip(), re.S):
                yield quoted.group(1)
