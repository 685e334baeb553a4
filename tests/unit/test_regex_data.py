"""Checks of the regex expert's training data: the written items, and what is made of them."""

import json
import re
import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from experts.recipe import write
from experts.regex import check_written, make_data, parts


def test_written_items_are_right() -> None:
    assert len(check_written.check()) > 900


@pytest.mark.parametrize(
    ("regex", "fault"),
    [
        (r"^[0-9]+$", r"use \d for \[0-9\]"),
        (r"^(a|b)$", "a group that nothing refers to: use (?:...)"),
        (r"^a|b$", "put the alternatives in (?:...)"),
        (r"^a\-b$", "use the character itself"),
        (r"^[\.]$", "use no escape within a class"),
        ("^(a$", "no regular expression"),
    ],
)
def test_a_fault_is_told(regex: str, fault: str) -> None:
    assert [text for text in check_written.faults(regex) if text.startswith(fault)]


def test_strings_that_are_wrong_are_told() -> None:
    item = {"ask": ["a", "b", "c"], "regex": r"^\d$", "match": ["1", "2", "3", "x"], "no_match": ["a", "b", "c", "4"]}
    assert check_written.item_faults(item) == ["match: 'x' is wrong", "no_match: '4' is wrong"]


@pytest.mark.parametrize(
    ("low", "high"), [(0, 255), (1, 12), (0, 100), (18, 99), (7, 1234), (99, 101), (5, 5), (0, 65535)]
)
def test_a_range_is_just_its_numbers(low: int, high: int) -> None:
    regex = re.compile(f"(?:{parts.number_range(low, high)})")
    assert [n for n in range(high + 200) if regex.fullmatch(str(n))] == list(range(low, high + 1))
    assert not regex.fullmatch(f"0{high}")


def test_a_padded_range_is_padded() -> None:
    assert parts.number_range(1, 12, 2) == "0[1-9]|1[0-2]"


def test_counts_change_on_both_sides() -> None:
    item = {"source": "a_parts", "regex": r"^[A-Z]{2}-\d{3,5}$", "match": ["AB-123"], "no_match": ["A-1"]}
    rng, seen = Random(1), set()
    for _ in range(50):
        ask, regex, _ = make_data.varied(item, "two capitals, a dash, 3 to 5 digits", rng)
        said = [int(text) if text.isdigit() else parts.NUMBERS.index(text) for text in re.findall(r"^\w+|\d+", ask)]
        assert said == [int(text) for text in re.findall(r"\d+", regex)] and said[1] < said[2]
        seen.add(regex)
    assert len(seen) > 10


def test_strings_that_are_shown_keep_their_counts() -> None:
    item = {"source": "a_parts", "regex": r"^[A-Z]{2}\d{3}$", "match": ["AB123"], "no_match": ["A1"]}
    ask = "two capitals, three digits, such as AB123"
    assert {make_data.varied(item, ask, Random(seed))[:2] for seed in range(30)} == {(ask, item["regex"])}


def test_words_change_everywhere() -> None:
    item = {"source": "a_shape", "regex": r"^.*\bcat\b.*$", "match": ["a cat"], "no_match": ["concatenate"]}
    made = {make_data.varied(item, "the word cat", Random(seed))[:2] for seed in range(30)}
    assert len(made) > 10
    for ask, regex in made:
        assert regex == rf"^.*\b{ask.split()[-1]}\b.*$"


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in "abc")
    for path, seed in ((one, 1), (two, 1), (other, 2)):
        write(path, make_data.round_, 500, seed)
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_every_answer_is_in_the_one_style(tmp_path: Path) -> None:
    write(tmp_path / "made.jsonl", make_data.round_, 8000, 3)
    lines = [json.loads(line) for line in (tmp_path / "made.jsonl").read_text(encoding="utf-8").splitlines()]
    faults = {line["answer"]: check_written.faults(line["answer"], captures=True) for line in lines}
    assert {regex: found for regex, found in faults.items() if found} == {}
    assert sum(not line["answer"].startswith("^") for line in lines) < len(lines) / 10
