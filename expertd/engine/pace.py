"""How many rows a step may have, so that running streams never wait longer than they should."""

from __future__ import annotations

TILE = 64  # rows from which flash attention on CPUs works in tiles: at 1,000 tokens 63 take 5 times as long as 64
LEAST = 16  # prompt tokens a step, however slow: else a long prompt would take for ever
FIRST_GUESS = 2e-3  # seconds a row, until a step has told
FASTEST = 1e-6  # seconds a row: no machine's, and more than nothing
DEPTH = 1000  # tokens: where attention's part is held beside the rest's
SMOOTHING = 0.5
FADING = 0.95


class Pace:
    """Learns from the steps' times. The budget is for one step that streams take part in."""

    def __init__(self, budget: float, tile: int = TILE) -> None:
        """`budget` in seconds; `tile`: the rows that are worth filling up to, 1 where a row always takes the same."""
        self._budget, self._tile = budget, tile
        self._tiled, self._narrow = _Speed(), _Speed()

    def note(self, rows: int, depth: float, seconds: float) -> None:
        """A step of so many rows, on average `depth` into their sequences, took so long."""
        if rows < LEAST:  # it tells nothing of prompts
            return
        each = seconds / rows
        if rows < self._tile:
            self._narrow.learn(depth, each)
            self._tiled.fade()
        if rows >= self._tile or each < self._tiled.at(depth):  # a tile's row is never the slower one
            self._tiled.learn(depth, each)

    def rows(self, depth: float, decoding: int) -> int:
        """Most rows of the next step, `decoding` ones among them, where its prompt is computed up to `depth`."""
        least, fit = decoding + LEAST, int(self._budget / self._tiled.at(depth))
        if fit >= self._tile or least >= self._tile:
            return max(fit, least)
        narrow = min(self._tile - 1, max(least, int(self._budget / self._narrow.at(depth))))
        # A tile brings the prompt on several times as far: that is worth up to twice the budget.
        most = max(2 * self._budget, narrow * self._narrow.at(depth))
        return self._tile if self._tile * self._tiled.at(depth) <= most else narrow


class _Speed:
    """Seconds a row: a part that is always the same, and attention's, which grows with the depth."""

    def __init__(self) -> None:
        self._fixed, self._grows = FIRST_GUESS, 0.0
        self._told = False

    def at(self, depth: float) -> float:
        return self._fixed + self._grows * depth / DEPTH

    def learn(self, depth: float, seconds: float) -> None:
        """Normalized least mean squares: what was wrong goes to the two parts as this depth weighs them."""
        x, before = depth / DEPTH, self.at(depth)
        if self._told:  # one step that another program held up is no new speed
            seconds = before + SMOOTHING * (min(seconds, 2 * before) - before)
        change = (seconds - before) / (1 + x * x)
        self._fixed = max(FASTEST, self._fixed + change)
        self._grows = max(0.0, self._grows + change * x)
        self._told = True

    def fade(self) -> None:
        """Not tried for a step: what was too slow is tried again in the end."""
        self._fixed, self._grows = max(FASTEST, FADING * self._fixed), FADING * self._grows
