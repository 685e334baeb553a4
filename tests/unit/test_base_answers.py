"""The base's answers to a held-out set: kept, asked for where they are missing, or another's."""

from __future__ import annotations

from pathlib import Path

from experts.base_answers import FILE, base_answers

WAYS = [[{"prompt": "a"}, {"prompt": "b"}], [{"prompt": "c"}, {"prompt": "d"}]]


def test_the_base_is_asked_once_and_again_for_what_has_changed(tmp_path: Path) -> None:
    asked: list[int] = []

    def ask(way: int) -> list[str]:
        asked.append(way)
        return [f"{way} {len(asked)}", "é"]

    first = base_answers(tmp_path, "x", WAYS, ask, keep=True)
    assert base_answers(tmp_path, "x", WAYS, ask, keep=False) == first == [["0 1", "é"], ["1 2", "é"]]
    assert asked == [0, 1]
    changed = [WAYS[0], [{"prompt": "c"}, {"prompt": "e"}]]
    assert base_answers(tmp_path, "x", changed, ask, keep=False)[0] == first[0]
    assert asked == [0, 1, 1]


def test_another_bases_answers_are_not_used_and_not_kept_unless_asked_for(tmp_path: Path) -> None:
    base_answers(tmp_path, "x", WAYS, lambda way: ["x", "x"], keep=True)
    before = (tmp_path / FILE).read_bytes()
    assert base_answers(tmp_path, "y", WAYS, lambda way: ["y", "y"], keep=False) == [["y", "y"]] * 2
    assert (tmp_path / FILE).read_bytes() == before
