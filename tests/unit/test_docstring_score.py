"""The docstring expert's judge: what counts as the docstring, and how much of it is right."""

import ast
import textwrap

import pytest

from experts.docstring import score

ITEMS = score.items()
CLAMP = next(item for item in ITEMS if item.about.startswith("def clamp("))
RIGHT = CLAMP.wanted.docstrings[1]


def test_there_are_enough_of_them() -> None:
    assert len(ITEMS) >= 60
    assert len({item.about for item in ITEMS}) == len(ITEMS)
    assert all(2 <= len(item.wanted.docstrings) <= 3 for item in ITEMS)
    assert all(len(item.base_bodies) == 5 for item in ITEMS)


def test_what_people_wrote_is_right() -> None:
    assert all(score.grade(item, text) == 1 for item in ITEMS for text in item.wanted.docstrings)


def test_what_was_written_for_another_is_not() -> None:
    others = ITEMS[1:] + ITEMS[:1]
    marks = [score.grade(a, text) for a, b in zip(ITEMS, others, strict=True) for text in b.wanted.docstrings]
    assert max(marks) < 0.6
    assert sum(marks) / len(marks) < 0.15


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '"{}"',
        '"""{}"""',
        "Docstring: {}",
        "Here is a docstring:\n\n{}",
        "```\n{}\n```",
        'Sure!\n```python\n"""{}"""\n```\nIt says what the function does.',
        'def clamp(value, low, high):\n    """{}"""\n    return max(low, min(value, high))',
        'def clamp(value, low, high):\n    """\n    {}\n\n    Args:\n        value: a number\n    """\n    return 1',
        "{}\n\nIt takes three arguments.",
        "{}\nArgs:\n    value: the value",
    ],
)
def test_the_docstring_is_found_in(answer: str) -> None:
    assert score.grade(CLAMP, answer.format(RIGHT)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   \n\n",
        '""""""',
        "def clamp(value, low, high):\n    return max(low, min(value, high))",
        "```python\ndef clamp(value, low, high):\n    return max(low, min(value, high))\n```",
        "the of and is",
        "Clamp a value between a lower and an upper bound. " * 5,
        f"{RIGHT} ```",
    ],
)
def test_nothing_of_it_is_right(answer: str) -> None:
    assert score.grade(CLAMP, answer) == 0


def test_more_words_and_fewer_are_less_right() -> None:
    whole = score.grade(CLAMP, "Clamp a value between a lower and an upper bound.")
    more = score.grade(
        CLAMP, "Clamp a value between a lower and an upper bound using the max and min builtins of Python."
    )
    fewer = score.grade(CLAMP, "Clamp a value.")
    assert whole == 1
    assert 0 < fewer < 1
    assert 0 < more < 1
    assert score.grade(CLAMP, "bound " * 20) < 0.2


@pytest.mark.parametrize(
    ("one", "other"),
    [("computes", "computing"), ("stripped", "strip"), ("copies", "copy"), ("files", "file"), ("merged", "merge")],
)
def test_forms_of_a_word_are_alike(one: str, other: str) -> None:
    assert score.stem(one) == score.stem(other)


def test_unlike_words_stay_apart() -> None:
    assert len({score.stem(word) for word in ("string", "sting", "pass", "pas", "user", "list", "read", "red")}) >= 7


def test_the_base_goes_on_from_a_functions_head() -> None:
    for item in ITEMS:
        code = item.base_bodies[1]["messages"][0]["content"].split("```python\n")[1].split("\n```")[0]
        ast.parse(score.head(code) + "\n    pass")
        assert textwrap.dedent(code).startswith(score.head(code))
