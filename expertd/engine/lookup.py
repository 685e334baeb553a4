"""Prompt lookup: where an answer repeats what stands before it, the text that came next there is its draft."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

NGRAM = 4  # tokens that must be repeated at least
FIRST = 8  # and as many until a draft was good
MOST = 64
WORTHWHILE = 6  # tokens: the rows of a shorter draft take longer than what it can save


class Lookup:
    """Drafts for one answer. After a wrong one the next needs a longer repetition, after a good one a short one."""

    def __init__(self, prompt: int) -> None:
        """`prompt`: how many of the tokens it has."""
        self._prompt = prompt
        self._places: dict[tuple[int, ...], list[int]] = {}  # behind each n-gram's occurrences
        self._known = NGRAM  # places that were looked at
        self._needed = FIRST
        self._sources: list[int] = []  # where the tokens of the last draft stand
        self._copied = 0  # up to where the answer has copied the prompt: it mostly goes on in that order

    def propose(self, tokens: Sequence[int], most: int) -> tuple[int, ...]:
        """What may follow `tokens`, `most` at most; mostly nothing. `learn` is to be told of it before the next."""
        for place in range(self._known, len(tokens)):  # not the last: it would be found as its own repetition
            self._places.setdefault(tuple(tokens[place - NGRAM : place]), []).append(place)
        self._known = max(self._known, len(tokens))
        for place in self._behind(tuple(tokens[-NGRAM:])):
            if self._repeated(tokens, place) >= self._needed:
                self._sources = self._run(tokens, place, most)
                return tuple(tokens[source] for source in self._sources)
        return ()

    def learn(self, drafted: int, accepted: int) -> None:
        """So many of the proposed tokens were computed, and so many of these were drawn."""
        good = 2 * accepted >= drafted
        self._needed = NGRAM if good else min(MOST, 2 * self._needed)
        if accepted and (source := self._sources[accepted - 1]) < self._prompt:
            self._copied = source + 1

    def _behind(self, ngram: tuple[int, ...]) -> list[int]:
        """The places behind it that are worth a look: where the prompt was copied up to, and the last one."""
        places = self._places.get(ngram, [])
        following = places[bisect_left(places, self._copied) :][:1]
        return following + [place for place in places[-1:] if place not in following]

    def _run(self, tokens: Sequence[int], place: int, most: int) -> list[int]:
        """Where the next tokens stand, from `place` on. Back to the prompt where the answer repeats its own form."""
        sources = [place]
        while len(sources) < most and sources[-1] + 1 < len(tokens):
            at = sources[-1] + 1
            if at >= self._prompt:
                behind = self._behind(tuple(tokens[at - NGRAM : at]))
                at = next((place for place in behind if place < self._prompt), at)
            sources.append(at)
        return sources

    def _repeated(self, tokens: Sequence[int], place: int) -> int:
        """How many tokens before `place` are those before the end of all, as far as it matters."""
        n = NGRAM
        while n < self._needed and place > n and tokens[place - 1 - n] == tokens[-1 - n]:
            n += 1
        return n
