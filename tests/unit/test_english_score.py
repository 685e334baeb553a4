"""What counts as a repaired text."""

import pytest

from experts.english import score
from experts.scoring import Item

RIGHT = "She's late again; it doesn't matter."


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return score.items()


def graded(answer: str, *right: str) -> float:
    return score.grade(Item({}, (), list(right or (RIGHT,))), answer)


def test_every_accepted_repair_of_the_held_out_items_is_right(items: list[Item]) -> None:
    wrong = [text for item in items for text in item.wanted if score.grade(item, text) != 1]
    assert wrong == []


def test_the_set_is_large_and_distinct(items: list[Item]) -> None:
    assert len({item.about for item in items}) == len(items) >= 90
    assert {item.group for item in items} == {"one", "several", "right"}
    assert all(len(item.base_bodies) == 5 and 1 <= len(item.wanted) <= 4 for item in items)


def test_only_texts_without_mistakes_stay_as_they_are(items: list[Item]) -> None:
    for item in items:
        kept = any(score.folded(right) == score.folded(item.about) for right in item.wanted)
        if item.group != "right":
            assert not kept, item.about
        else:
            assert all(right in item.about for right in item.wanted)


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        " {}\n",
        '"{}"',
        "```\n{}\n```",
        "Here you are:\n```text\n{}\n```\nI hope this helps.",
        "Corrected: {}",
        "Here is the corrected text:\n\n{}",
        'The corrected sentence is: "{}"',
        "**Corrected text:** {}",
        "{}\n\nI changed two words.",
    ],
)
def test_a_wrapped_repair_is_seen(answer: str) -> None:
    assert graded(answer.format(RIGHT)) == 1
    assert graded(answer.format(RIGHT.replace("'", "’"))) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "She's late again; it don't matter.",
        "She's late again; it doesn't matter",
        "she's late again; it doesn't matter.",
        "She's late again; it doesn't matter. Thank you.",
        "She is late again; it does not matter.",
        f"She late again; it don't matter.\n\n{RIGHT}",
        f"Either {RIGHT} or another.",
        "```\n```",
        ":" * 10_000,
    ],
)
def test_a_near_miss_is_wrong(answer: str) -> None:
    assert graded(answer) == 0


def test_lines_and_paragraphs_of_a_mail_may_be_folded() -> None:
    assert graded("Dear Ann, Thank you. Yours, Bo", "Dear Ann,\n\nThank you.\n\nYours,\nBo") == 1
