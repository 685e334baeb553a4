"""What a grammar says of one answer: which tokens may come next, which must, and how it ends within its room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher

from expertd.errors import InvalidRequest
from expertd.grammar.closing import STEPS, Closer, closes, closing
from expertd.grammar.mask import mask

EVERY = 8  # tokens between two looks, while nothing is opened and there is room
SLACK = 16  # tokens that there must be more room than the end has
LATER = 16  # tokens until the next look where there was no end that fits, and twice as many each time again


class Constraint:
    """Where in its grammar one answer is. Owned by the decoding thread."""

    def __init__(self, matcher: LLMatcher, n_vocab: int, ends: frozenset[int], closer: Closer | None = None) -> None:
        """`ends`: tokens that end an answer, that the matcher does not see. A `closer` has it end in its room."""
        self._matcher, self._n_vocab, self._ends, self._closer = matcher, n_vocab, ends, closer
        self.refusals = 0
        self._known: list[int] | None = None  # what would have completed the document when it was last looked at
        self._sure = False  # whether it still does
        self._unseen = 0  # tokens until the next look
        self._later = LATER
        self._ending: list[int] = []  # what must come now, since nothing else fits

    def take(self, token: int) -> bool:
        """Go on with `token` if it may come next; whether it may."""
        if token in self._ends:
            taken = bool(self._matcher.is_accepting())
        else:
            taken = bool(self._matcher.try_consume_tokens([token]))
        self.refusals += not taken
        return taken

    def fitting(self, tokens: Sequence[int]) -> int:
        """How many of them may come next, one after another."""
        return int(self._matcher.validate_tokens(list(tokens)))

    def allowed(self) -> npt.NDArray[np.bool_]:
        """Which tokens may come next, [n_vocab]. Raises `InvalidRequest` where that takes too long to find."""
        allowed = mask(self._matcher)[: self._n_vocab]
        self._check()
        return allowed

    def forced(self, most: int) -> list[int]:
        """Go on with the tokens that must come now, `most` at most, whatever the model thinks of them."""
        if most <= 0:
            return []
        tokens: list[int] = (self._ending or self._matcher.compute_ff_tokens())[:most]
        if tokens:
            self._matcher.consume_tokens(tokens)
            self._ending = self._ending[len(tokens) :]
            self._follow(tokens)
        self._check()
        return tokens

    def within(self, token: int, room: int) -> int:
        """`token`, which was just taken, or the first that closes the document where no end would fit after it.

        `room`: tokens that the answer may still have, with this one. Where no end fits either way, it is `token`.
        """
        if self._closer is None or token in self._ends or room > STEPS:
            return token
        if self._follow([token]) or not self._must_look(token, room):
            return token
        self._unseen = EVERY
        if (found := self._end(room - 1)) is not None:
            self._known, self._sure, self._later = found, True, LATER
            return token
        return token if self._later > LATER and self._known is None else self._instead(token, room)

    def _instead(self, token: int, room: int) -> int:
        """The first token of an end that fits in the place of `token`, behind which there is none; else `token`."""
        self._matcher.rollback(1)
        ending = self._end(room)
        if ending:
            self._ending = ending
            return self.forced(1)[0]
        if ending is not None:
            return min(self._ends)
        self._matcher.try_consume_tokens([token])
        self._known, self._unseen, self._later = None, self._later, 2 * self._later
        return token

    def _follow(self, tokens: list[int]) -> bool:
        """Whether these, which were gone on with, are the first ones of the end that is known: the rest is then one."""
        n = len(tokens)
        self._sure = self._sure and self._known is not None and self._known[:n] == tokens
        if self._sure and self._known:
            self._known = self._known[n:]
        return self._sure

    def _must_look(self, token: int, room: int) -> bool:
        """Whether the document may have no end any more that fits, after `token`."""
        assert self._closer is not None
        self._unseen -= 1
        if self._unseen <= 0:
            return True
        return self._known is not None and (token in self._closer.opening or len(self._known) + SLACK > room)

    def ending(self) -> int | None:
        """Go on with the next token of an end that was begun; None: there is none, and a token can be drawn."""
        return self.forced(1)[0] if self._ending else None

    def _end(self, most: int) -> list[int] | None:
        """What completes the document within `most` tokens. Within a string it is mostly what it was before."""
        assert self._closer is not None
        known = self._known
        if known is not None and len(known) <= most and closes(self._matcher, known):
            return known
        return closing(self._matcher, self._closer, most)

    @property
    def ended(self) -> bool:
        """Whether nothing more may come."""
        return bool(self._matcher.is_stopped()) and not self._matcher.is_error()

    @property
    def whole(self) -> bool:
        """Whether the answer is a whole document, of a JSON schema, as it is now."""
        return self._closer is not None and bool(self._matcher.is_accepting())

    def _check(self) -> None:
        if self._matcher.is_error():
            reason = self._matcher.get_error().split("\n")[0][:300]
            raise InvalidRequest(f"the answer cannot go on by its grammar ({reason}): ask for a simpler one")
