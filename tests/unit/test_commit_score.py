"""How commit subjects are graded."""

import pytest

from experts.commit import score
from experts.scoring import Item

ITEM = Item({}, (), ["Add retries with backoff to uploads", "Retry failed uploads", "Retry uploads three times"])


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return score.items()


def test_every_reference_of_the_held_out_items_is_right(items: list[Item]) -> None:
    assert [text for item in items for text in item.wanted if score.grade(item, text) != 1] == []


def test_the_set_is_large_and_distinct(items: list[Item]) -> None:
    assert len({item.about for item in items}) == len(items) >= 60
    assert len({item.wanted[0] for item in items}) == len(items)
    for item in items:
        assert len(item.base_bodies) == 5 and 3 <= len(item.wanted) <= 4
        assert all(len(text) <= 65 and "\n" not in text for text in item.wanted)
        assert "\n@@ -" in item.about


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "{}.",
        "  {}\n",
        "`{}`",
        '"{}"',
        "**{}**",
        "```\n{}\n```",
        "Sure! Here it is:\n```text\n{}\n```\nIt tells what changed.",
        "Commit message: {}",
        "Here is a commit message for the diff:\n\n{}",
        'git commit -m "{}"',
        "chore: {}",
        "feat(upload)!: {}",
    ],
)
def test_what_wraps_a_subject_is_seen_through(answer: str) -> None:
    assert score.grade(ITEM, answer.format("Retry failed uploads")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "  \n",
        "```\n```",
        "the of a",
        "Rename a variable",
        "Retry failed uploads\nThey failed now and then.",
        "Retry failed uploads\nRetry uploads three times",
        "Retry failed uploads" + " and retry them" * 5,
        "- Retry\n- uploads",
    ],
)
def test_what_is_no_subject_or_another_is_nothing(answer: str) -> None:
    assert score.grade(ITEM, answer) == 0


def test_the_nearest_reference_counts_and_forms_of_words_do_not() -> None:
    assert score.grade(ITEM, "retrying the failed upload") == 1
    assert score.grade(ITEM, "Retry uploads") == pytest.approx(0.8)
    assert score.grade(ITEM, "Retry uploads uploads uploads uploads") == pytest.approx(0.5)
    assert score.words("Use getHTTPClient in user_service/api.py") == score.words(
        "use get http client user service api py"
    )


@pytest.mark.parametrize(
    "forms",
    [
        ("log", "logs", "logging", "logged"),
        ("cache", "caches", "caching", "cached"),
        ("retry", "retries", "retrying", "retried"),
        ("stop", "stopped", "stopping"),
        ("index", "indexes"),
        ("pass", "passes", "passing"),
    ],
)
def test_stems(forms: tuple[str, ...]) -> None:
    assert len({score.stem(form) for form in forms}) == 1, [score.stem(form) for form in forms]
