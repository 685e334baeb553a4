"""Long texts cut to what answers their question."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expertd.router.chunks import GAP, MOST, cut, split
from expertd.router.table import Table

ROOT = Path(__file__).parents[2]
TABLE = Table()
NEEDLES = [json.loads(line) for line in (ROOT / "bench" / "needles.jsonl").read_text().splitlines()]


def words(text: str) -> int:
    return len(text.split())


@given(st.text(alphabet=st.sampled_from("ab. \n\t#"), max_size=4000))
def test_parts_are_the_text_and_none_is_long(text: str) -> None:
    parts = split(text)
    assert "".join(parts) == text
    assert all(0 < len(part) <= MOST for part in parts)


def test_parts_follow_the_structure() -> None:
    def block(start: str) -> str:
        return f"{start}\n" + "    value = compute(value, 12345)\n" * 20 + "\n"

    text = block("def one():") + block("def two():") + block("# Heading") + "short\n\n" + "also short\n"
    assert [part.split("\n")[0] for part in split(text)] == ["def one():", "def two():", "# Heading", "short"]


def test_a_needle_is_found_in_what_is_kept() -> None:
    """Each of forty facts in a text of all of them and of much else; a tenth is kept."""
    prose = [f"{p}\n" for p in (ROOT / "docs" / "engine.md").read_text().split("\n\n")] * 3
    found = 0
    for i, each in enumerate(NEEDLES):
        rng = random.Random(i)
        paragraphs = [*prose, *(other["needle"] for other in NEEDLES)]
        rng.shuffle(paragraphs)
        text = "\n\n".join(paragraphs) + "\n\n" + each["question"] + "\n" * 650
        left = cut(text, words(text) // 10, words, TABLE)
        assert left.tokens <= words(text) // 10
        found += each["needle"] in left.text
    assert found >= 38


def test_order_stays_and_what_is_left_out_is_told() -> None:
    lines = [f"Line {i} is about the number {i}." if i % 3 else "" for i in range(1, 400)]
    lines[100], lines[300] = "The first secret is a walrus.", "The second secret is a heron."
    text = "\n".join(lines) + "\n\nWhat are the first secret and the second secret?"
    left = cut(text, 300, words, TABLE)
    assert left.text.index("walrus") < left.text.index("heron") < left.text.index("What are")
    assert GAP in left.text
    assert left.of_tokens == words(text) and left.parts < left.of_parts
    gone = {line for first, last in left.left_out for line in range(first, last + 1)}
    assert not gone & {101, 301} and {40, 200} & gone


@pytest.mark.parametrize("text", ["", "a", "\n\n\n", "x" * 100_000, "\0" * 5000, "a b " * 20_000, "\n\n" * 3000])
def test_any_text_can_be_cut(text: str) -> None:
    left = cut(text, 100, len, TABLE)
    assert left.tokens <= 100
    assert left.of_tokens == len(text.rstrip())


def test_a_question_at_the_head_counts_too() -> None:
    body = "\n\n".join(f"Paragraph {i} tells of tractors and hay." for i in range(300))
    text = "Who feeds the llamas?\n\n" + body + "\n\nThe llamas are fed by Imke.\n\n" + body
    assert "Imke" in cut(text, 200, words, TABLE).text
