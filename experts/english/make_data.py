"""Training data of the expert `english`: sentences with written and with drawn mistakes, and how they are repaired.

An answer is always the repaired text alone; a text that is right comes back as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from experts.english.corrupt import Edit, differences, drawn, made
from experts.english.words import DAYS, LANGUAGES, MEN, MONTHS, NUMBERS, SURNAMES, WOMEN
from experts.recipe import Example, chat, main, read_written

ITEMS = read_written(Path(__file__).parent / "written")

# What stands around the text in other requests than those that are the bare text: one a line, `\n` for a new line.
_LINES = Path(__file__).with_name("layouts.txt").read_text(encoding="utf-8").splitlines()
LAYOUTS = [line.replace("\\n", "\n") for line in _LINES]
SYSTEMS = [
    "You correct English texts. Answer only with the corrected text.",
    "You are a proofreader.",
    "You fix grammar, spelling and punctuation.",
    "Correct the user's English. Change nothing else.",
    "You are a helpful assistant.",
    "Return the text without mistakes, nothing more.",
    "You are an English teacher who corrects sentences.",
    "Grammar correction. Output: the corrected text only.",
    "Repair mistakes in the text and keep the wording, register and meaning.",
    "You are a copy editor. Make minimal edits.",
]

_TOGETHER = [WOMEN, MEN, SURNAMES, DAYS, MONTHS, LANGUAGES]
_COUNTED = re.compile(r"\b(?:neither|both|between|twins?|either|two of|half)\b", re.IGNORECASE)


def _replaced(wrong: str, right: str, old: str, new: str) -> tuple[str, str]:
    """Both texts with another word in the place of one, if both have it as often; as they were if not."""
    pattern = re.compile(rf"(?<![\w-]){old}(?![\w-])", re.IGNORECASE)
    if len(pattern.findall(wrong)) != len(pattern.findall(right)):
        return wrong, right

    def put(match: re.Match[str]) -> str:
        return new if match[0][0].isupper() else new.lower()

    return pattern.sub(put, wrong), pattern.sub(put, right)


def varied(wrong: str, right: str, rng: Random) -> tuple[str, str]:
    """Other names, days, languages and numbers, the same ones on both sides."""
    for words in _TOGETHER:
        here = [word for word in words if re.search(rf"\b{word}\b", right)]
        others = rng.sample([word for word in words if word not in here], len(here))
        for word, new in zip(here, others, strict=True):
            if rng.random() < 0.7:
                wrong, right = _replaced(wrong, right, word, new)
    if not _COUNTED.search(right):
        here = [word for word in NUMBERS if re.search(rf"\b{word}\b", right)]
        for word in here[:1] if rng.random() < 0.6 else []:
            wrong, right = _replaced(wrong, right, word, rng.choice([other for other in NUMBERS if other not in here]))
    for number in dict.fromkeys(re.findall(r"(?<![\w.,:-])\d{2,}(?![\w,:-]|\.\d)", right)):
        wrong, right = _replaced(wrong, right, number, _number(number, rng))
    return wrong, right


def _number(digits: str, rng: Random) -> str:
    """Another number of as many digits, that can be a day, an age or a share; `an 18` stays."""
    value = int(digits)
    if 1900 <= value <= 2030:
        return str(min(2024, max(1901, value + rng.randint(-9, 9))))
    if len(digits) == 2:
        return digits if value in (11, 18) or value >= 80 else str(rng.choice([12, 14, 15, 16, 17, *range(19, 29)]))
    return rng.choice("2345679") + digits[1:]


def _how_many(text: str, rng: Random) -> int:
    """One to four mistakes, fewer in short texts."""
    most = 1 + text.count(" ") // 4
    return min(most, rng.choices([1, 2, 3, 4], [34, 33, 21, 12])[0])


def _from_written(item: dict[str, Any], rng: Random) -> str:
    """A written wrong version, or some of the mistakes of both; now and then a slip more."""
    right, wrongs = item["right"], item["wrong"]
    if rng.random() < 0.35:
        wrong = rng.choice(wrongs)
        edits = differences(right, wrong) if rng.random() < 0.6 else None
        if edits is None:
            return str(wrong)
    else:
        pool = [edit for wrong in wrongs for edit in differences(right, wrong)]
        edits = rng.sample(pool, min(len(pool), _how_many(right, rng)))
    slip = drawn(right, rng, light=True) if rng.random() < 0.4 else None
    return made(right, [*edits, slip] if slip else edits)


def _from_rules(right: str, rng: Random) -> str:
    """One to four drawn mistakes."""
    edits: list[Edit | None] = [drawn(right, rng) for _ in range(_how_many(right, rng))]
    return _worn(made(right, [edit for edit in edits if edit]), rng)


def _worn(text: str, rng: Random) -> str:
    """Now and then all small letters, as it comes from a telephone, or without the last mark."""
    if rng.random() < 0.04:
        text = text.lower()
    return text.rstrip(".") if rng.random() < 0.04 else text


def _wrong(item: dict[str, Any], written: bool, rng: Random) -> str:
    return _from_written(item, rng) if written and item["wrong"] else _from_rules(item["right"], rng)


def _paragraph(item: dict[str, Any], others: list[dict[str, Any]], written: bool, rng: Random) -> tuple[str, str]:
    """Two to four items of one file in one text; some of them are right, and some run into the next one."""
    parts = [item, *rng.sample(others, min(len(others), rng.choice([1, 1, 2, 3])))]
    parts = [part for i, part in enumerate(parts) if i == 0 or sum(len(p["right"]) for p in parts[: i + 1]) < 420]
    rng.shuffle(parts)
    wrong = ""
    for part in parts:
        text = part["right"] if part is not item and rng.random() < 0.3 else _wrong(part, written, rng)
        if wrong.endswith(".") and rng.random() < 0.06:
            wrong, text = wrong[:-1], text if re.match(r"I\b", text) else text[:1].lower() + text[1:]
        wrong += (" " if wrong else "") + text
    return wrong, " ".join(part["right"] for part in parts)


def asked(wrong: str, right: str, rng: Random) -> Example:
    """The text as somebody asks for it: mostly as it is, else with an instruction."""
    layout = "{}"
    if rng.random() > 0.55:
        layout = rng.choice([way for way in LAYOUTS if '"' not in wrong or '"' not in way])
        if "'{}'" in layout and "'" in wrong:
            layout = "{}"
    system = rng.choice(SYSTEMS) if rng.random() < 0.12 else None
    return chat(layout.replace("{}", wrong), right, system)


def _example(item: dict[str, Any], others: list[dict[str, Any]], written: bool, rng: Random) -> Example:
    if rng.random() < 0.22 and others and "\n" not in item["right"]:
        wrong, right = _paragraph(item, others, written, rng)
    else:
        wrong, right = _wrong(item, written, rng), item["right"]
    if rng.random() < 0.06:
        wrong = right
    return asked(*varied(wrong, right, rng), rng)


def round_(number: int, rng: Random) -> Iterator[Example]:
    """Of every item one example with written mistakes and one with drawn ones; first the written ones whole."""
    files: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in ITEMS:
        files[item["source"]].append(item)
    for item in rng.sample(ITEMS, len(ITEMS)):
        others = [other for other in files[item["source"]] if other is not item and "\n" not in other["right"]]
        if not item["wrong"] and rng.random() < 0.25:
            yield asked(*varied(item["right"], item["right"], rng), rng)
        if number == 0:
            yield from (asked(wrong, item["right"], rng) for wrong in item["wrong"])
        elif item["wrong"]:
            yield _example(item, others, True, rng)
        yield _example(item, others, False, rng)


if __name__ == "__main__":
    main(round_, __doc__ or "")
