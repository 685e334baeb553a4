"""What a grammar says of one answer: which tokens may come next, and which must."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher

from expertd.errors import EngineFailed


class Constraint:
    """Where in its grammar one answer is. Owned by the decoding thread."""

    def __init__(self, matcher: LLMatcher, n_vocab: int, ends: frozenset[int]) -> None:
        """`ends`: tokens that end an answer, which the matcher does not see."""
        self._matcher, self._n_vocab, self._ends = matcher, n_vocab, ends
        self.refusals = 0

    def take(self, token: int) -> bool:
        """Go on with `token` if it may come next; whether it may."""
        if token in self._ends:
            taken = bool(self._matcher.is_accepting())
        else:
            taken = bool(self._matcher.try_consume_tokens([token]))
        self.refusals += not taken
        return taken

    def allowed(self) -> npt.NDArray[np.bool_]:
        """Which tokens may come next, [n_vocab]. Raises `EngineFailed` where that takes too long to find."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._check()
        return np.unpackbits(bits, bitorder="little", count=self._n_vocab).view(np.bool_)

    def forced(self, most: int) -> list[int]:
        """Go on with the tokens that must come now, `most` at most, whatever the model thinks of them."""
        if most <= 0:
            return []
        tokens: list[int] = self._matcher.compute_ff_tokens()[:most]
        if tokens:
            self._matcher.consume_tokens(tokens)
        self._check()
        return tokens

    @property
    def ended(self) -> bool:
        """Whether nothing more may come."""
        return bool(self._matcher.is_stopped()) and not self._matcher.is_error()

    def _check(self) -> None:
        if self._matcher.is_error():
            reason = self._matcher.get_error().split("\n")[0][:300]
            raise EngineFailed(f"the answer cannot go on by its grammar ({reason}): ask for a simpler one")
