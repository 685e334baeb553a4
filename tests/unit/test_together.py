"""Which blends are counted, and that strangers cannot make the count grow without end."""

from __future__ import annotations

from expertd.api.together import MOST, Together


def test_blends_are_counted_by_their_experts_and_told_by_their_number() -> None:
    together = Together()
    for names in (["sql", "json"], ["json", "sql"], ["sql"], [], ["a", "b", "c"]):
        together.note(names)
    assert together.counts() == [(("json", "sql"), 2), (("a", "b", "c"), 1)]


def test_only_those_that_were_asked_for_last_are_remembered() -> None:
    together = Together()
    for number in range(MOST):
        together.note(["old", f"e{number}"])
    together.note(["old", "e0"])
    together.note(["new", "e0"])
    counts = dict(together.counts())
    assert len(counts) == MOST
    assert counts["e0", "old"] == 2
    assert ("e1", "old") not in counts
