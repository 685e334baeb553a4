"""How redacted texts are graded."""

import pytest

from experts.redact import score
from experts.redact.score import Marked
from experts.scoring import Item

MARKED = (
    "Dr. «NAME:Ann B. Lee» (born «DATE_OF_BIRTH:3.5.1980») pays Volta 9 euros in May. Mail «EMAIL:ann.l@x.example»."
)
RIGHT = "Dr. [NAME] (born [DATE_OF_BIRTH]) pays Volta 9 euros in May. Mail [EMAIL]."


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return score.items()


def graded(answer: str, marked: str = MARKED) -> float:
    return score.grade(Item({}, (), Marked(marked)), answer)


def test_every_right_text_of_the_held_out_items_is_right(items: list[Item]) -> None:
    assert [item.about for item in items if score.grade(item, item.wanted.redacted) != 1] == []


def test_what_is_left_as_it_was_has_nothing_found(items: list[Item]) -> None:
    for item in items:
        assert score.grade(item, item.wanted.text) == (item.group == "nothing"), item.about


def test_the_set_is_large_and_distinct(items: list[Item]) -> None:
    assert len({item.about for item in items}) == len(items) >= 70
    assert sum(item.group == "nothing" for item in items) >= 10
    for item in items:
        assert len(item.base_bodies) == 5 and item.wanted.text in item.about
        assert not set("«»[]") & set(item.wanted.text), item.about
    used = {mark[1] for item in items for mark in score.MARK.finditer(item.wanted.marked)}
    assert used == set(score.TAGS)


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "\n {} \n",
        "```\n{}\n```",
        "Here is the redacted text:\n\n{}",
        "Redacted: {}",
        '"{}"',
        "Sure.\n```text\n{}\n```\nI replaced three things.",
    ],
)
def test_what_wraps_the_text_is_seen_through(answer: str) -> None:
    assert graded(answer.format(RIGHT)) == 1


def test_white_space_and_a_tag_for_each_word_of_a_name_do_not_matter() -> None:
    assert graded(RIGHT.replace(" pays", "\n  pays")) == 1
    assert graded(RIGHT.replace("[NAME]", "[NAME] [NAME]")) == 1


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("[EMAIL]", "ann.l@x.example", 4 / 5),  # missed
        ("[EMAIL]", "[PHONE]", 4 / 6),  # missed, and something else put there
        ("[EMAIL]", "", 4 / 6),
        ("[EMAIL]", "[MAIL]", 4 / 6),
        ("[EMAIL]", "ann.[EMAIL]", 4 / 6),  # a part stayed
        ("[NAME]", "[NAME] Lee", 4 / 6),
        ("Dr. [NAME]", "[NAME]", 6 / 7),  # the title is gone
        ("Volta", "[NAME]", 6 / 7),
        ("9 euros", "[ID]", 6 / 7),
        ("in May", "in [DATE_OF_BIRTH]", 6 / 7),
        ("pays", "paid", 6 / 7),
        (" in May", "", 6 / 7),
        (RIGHT, "", 0),
        (RIGHT, "I cannot help with that.", 0),
        (RIGHT, "[NAME] [EMAIL] [DATE_OF_BIRTH]", None),
    ],
)
def test_near_misses(old: str, new: str, value: float | None) -> None:
    assert old in RIGHT
    got = graded(RIGHT.replace(old, new))
    assert got < 1 and (value is None or got == pytest.approx(value))


def test_a_text_without_personal_data_must_stay() -> None:
    text = "Volta opens in Rome on 3 May."
    assert graded(text, text) == 1
    assert graded("Volta opens in [ADDRESS] on 3 May.", text) == 0
    assert graded("", text) == 0


def test_a_name_that_is_also_a_month() -> None:
    marked = "«NAME:May» left in May."
    assert graded("[NAME] left in May.", marked) == 1
    assert graded("May left in [NAME].", marked) == 0
    assert graded("[NAME] left in [NAME].", marked) == pytest.approx(2 / 3)


def test_points_of_what_stayed_are_not_taken_for_others() -> None:
    marked = "«EMAIL:a.b@x.y». «NAME:Bo». End."
    assert graded("a.b@x.y. [NAME]. End.", marked) == pytest.approx(2 / 3)
    assert graded("[EMAIL]. Bo. End.", marked) == pytest.approx(2 / 3)


def test_two_entities_next_to_each_other() -> None:
    marked = "«NAME:Ann» «PHONE:555-0100»"
    assert graded("[NAME] [PHONE]", marked) == 1
    assert graded("[NAME]", marked) == pytest.approx(2 / 4)
    assert graded("[PHONE] 555-0100", marked) == 0


@pytest.mark.parametrize("answer", ["[NAME] " * 5000, "x" * 50_000, "\0", "[" * 3000, "```"])
def test_hostile_answers_end_soon_and_get_little(answer: str) -> None:
    assert graded(answer) < 0.2
