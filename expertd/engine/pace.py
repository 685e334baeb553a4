"""How many prompt tokens fit into a step, so that running streams never wait longer than they should."""

from __future__ import annotations

LEAST = 16  # prompt tokens a step, however slow: else a long prompt would take for ever
TELLING = 32  # rows of a step from which its time tells of prompts
FIRST_GUESS = 2e-3  # seconds a row, until a step has told
SMOOTHING = 0.3


class Pace:
    """Learns from the steps' times. The budget is for one step that streams take part in."""

    def __init__(self, budget: float) -> None:
        """`budget` in seconds."""
        self._budget = budget
        self._seconds_a_row: float | None = None

    def note(self, rows: int, seconds: float) -> None:
        """A step of so many rows took so long."""
        if rows < TELLING:
            return
        now, before = seconds / rows, self._seconds_a_row
        self._seconds_a_row = now if before is None else before + SMOOTHING * (now - before)

    @property
    def chunk(self) -> int:
        """Prompt tokens for the next step."""
        return max(LEAST, int(self._budget / (self._seconds_a_row or FIRST_GUESS)))
