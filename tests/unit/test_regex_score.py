"""What counts as a right regex when the expert and its base are scored."""

import time

import pytest

from experts.regex.score import BARS, extract, grade, items
from experts.scoring import Item

ITEMS = items()
ZIP = next(item for item in ITEMS if item.about.startswith("ZIP code"))
RIGHT = r"\d{5}(?:-\d{4})?"


def _asked(words: str) -> Item:
    return next(item for item in ITEMS if words in item.about)


def test_every_reference_is_right() -> None:
    wrong = [item.about for item in ITEMS if grade(item, item.wanted["ref"]) != 1]
    assert wrong == []


def test_the_items_are_many_and_distinct() -> None:
    assert len(ITEMS) >= 70
    assert len({item.about for item in ITEMS}) == len(ITEMS)
    assert {len(item.base_bodies) for item in ITEMS} == {5}
    assert all(len(item.wanted["yes"]) >= 2 and len(item.wanted["no"]) >= 3 for item in ITEMS)
    assert set(BARS) <= {"all"} | {item.group for item in ITEMS}


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "^{}$",
        "`{}`",
        'r"{}"',
        "'{}'",
        "/{}/",
        "```\n{}\n```",
        "```regex\n{}\n```\nIt matches five digits.",
        "Regex: {}",
        "Sure! The regex is `{}`, which matches a ZIP code.",
        "Here you are:\n{}\nIt has five digits.",
        "```python\nimport re\n\npattern = r'{}'\nre.fullmatch(pattern, '12345')\n```",
        'Use this:\n```python\nre.compile(r"{}")\n```',
    ],
)
def test_it_is_seen_through(answer: str) -> None:
    assert grade(ZIP, answer.replace("{}", RIGHT)) == 1


@pytest.mark.parametrize(
    "answer",
    ["", r"\d{5}", r"\d{5}-\d{4}", r"\d{5}-?\d{4}?", r"\d{5}(-\d{4}", "I cannot do that.", r"[0-9]+(-[0-9]+)?"],
)
def test_near_misses_are_wrong(answer: str) -> None:
    assert grade(ZIP, answer) == 0


def test_a_pattern_that_runs_away_is_wrong_and_soon_ended() -> None:
    item = Item({}, (), {"yes": ["a" * 40 + "b"], "no": ["a" * 40 + "c"], "mode": "full"})
    began = time.monotonic()
    assert grade(item, "(a+)+b") == 0
    assert time.monotonic() - began < 20


def test_a_pattern_for_lines_is_searched() -> None:
    item = _asked("contain the word ERROR")
    assert grade(item, r"\bERROR\b") == grade(item, r"^.*\bERROR\b.*$") == 1
    assert grade(item, "ERROR") == 0  # ERRORS
    assert grade(_asked("beginning with a #"), "#.*") == 0


def test_where_both_are_meant_either_counts() -> None:
    item = _asked("end in .jpg or .png")
    assert grade(item, r"\.(jpg|png)$") == grade(item, r".+\.(?:jpg|png)") == 1
    assert grade(item, r"(jpg|png)$") == 0


def test_quotes_that_belong_to_the_pattern_stay() -> None:
    item = _asked("whole line in quotes")
    assert grade(item, '"[^"]*"') == grade(item, '^"[^"]*"$') == grade(item, '`"[^"]*"`') == 1
    assert extract('r"[a-z]+"') == "[a-z]+"


def test_a_quote_that_never_ends_takes_no_time() -> None:
    """The base loops now and then; this answer kept an earlier grader busy for longer than anybody waits."""
    looping = 're.compile("' + r"\d\w" * 40
    assert extract(looping) == looping
