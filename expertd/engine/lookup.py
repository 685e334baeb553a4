"""Prompt lookup: where an answer repeats what stands before it, the text that came next there is its draft."""

from __future__ import annotations

from collections.abc import Sequence

NGRAM = 4  # tokens that must be repeated at least
FIRST = 8  # and as many until a draft was good
MOST = 64
WORTHWHILE = 6  # tokens: the rows of a shorter draft take longer than what it can save


class Lookup:
    """Drafts for one answer. After a wrong one the next needs a longer repetition, after a good one a short one."""

    def __init__(self) -> None:
        self._ends: dict[tuple[int, ...], int] = {}  # of each n-gram: the place behind its last occurrence
        self._known = NGRAM  # places that were looked at
        self._needed = FIRST

    def propose(self, tokens: Sequence[int], most: int) -> tuple[int, ...]:
        """What may follow `tokens`, `most` at most; mostly nothing."""
        for place in range(self._known, len(tokens)):  # not the last: it would be found as its own repetition
            self._ends[tuple(tokens[place - NGRAM : place])] = place
        self._known = max(self._known, len(tokens))
        end = self._ends.get(tuple(tokens[-NGRAM:]))
        if end is None or min(most, len(tokens) - end) < WORTHWHILE or self._repeated(tokens, end) < self._needed:
            return ()
        return tuple(tokens[end : end + most])

    def learn(self, drafted: int, accepted: int) -> None:
        good = 2 * accepted >= drafted
        self._needed = NGRAM if good else min(MOST, 2 * self._needed)

    def _repeated(self, tokens: Sequence[int], end: int) -> int:
        """How many tokens before `end` are those before the end of all, as far as it matters."""
        n = NGRAM
        while n < self._needed and end > n and tokens[end - 1 - n] == tokens[-1 - n]:
            n += 1
        return n
