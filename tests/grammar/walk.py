"""Random answers under a grammar, as a model of very high temperature would give them."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from expertd.engine.base import Base
from expertd.engine.interface import Sampling
from expertd.engine.sampler import Sampler
from expertd.grammar.compiler import Grammar
from expertd.grammar.constraint import Constraint

SHORT = 2  # bytes of a token that may end something
SPREAD = 3.0  # of random logits
BIAS = 0.4  # how often such a one is drawn, so that documents end


@functools.cache
def pieces(base: Base) -> list[bytes]:
    return [base.piece(token) for token in range(base.n_vocab)]


class Walker:
    """Draws tokens uniformly among those that may come next, with a bias to short ones."""

    def __init__(self, base: Base, seed: int) -> None:
        self._base = base
        self.begin(seed)
        self._short = np.array([0 < len(piece) <= SHORT for piece in pieces(base)])

    def begin(self, seed: int) -> None:
        """Anew, so that what one test draws is no matter of which ran before."""
        self._random = np.random.default_rng(seed)

    def document(self, grammar: Grammar, budget: int, begun: Sequence[int] = ()) -> str | None:
        """A whole answer of `budget` tokens at most, by the ways that the engine goes; None: it did not end in time.

        `begun`: what it begins with.
        """
        constraint, tokens = grammar.start(), list(begun)
        assert all(constraint.take(token) for token in begun)
        while len(tokens) < budget:
            token = self._draw(constraint, budget - len(tokens))
            if self._base.is_end(token):
                return self._text(tokens)
            tokens += [token, *constraint.forced(budget - len(tokens) - 1)]
            if constraint.ended:
                return self._text(tokens)
        return self._text(tokens) if constraint.whole else None

    def _draw(self, constraint: Constraint, room: int) -> int:
        if (ending := constraint.ending()) is not None:
            return ending
        allowed = constraint.allowed().nonzero()[0]
        short = allowed[self._short[allowed]]
        token = int(self._random.choice(short if len(short) and self._random.random() < BIAS else allowed))
        assert constraint.take(token)
        return constraint.within(token, room)

    def _text(self, tokens: list[int]) -> str:
        return b"".join(map(self._base.piece, tokens)).decode()


class HeatedWalker(Walker):
    """Draws as the engine does, from random logits."""

    def __init__(self, base: Base, seed: int, temperature: float) -> None:
        super().__init__(base, seed)
        self._sampler = Sampler(Sampling(temperature=temperature, seed=seed))

    def _draw(self, constraint: Constraint, room: int) -> int:
        logits = SPREAD * self._random.standard_normal(self._base.n_vocab, np.float32)
        return self._sampler.draw(logits, constraint, room)
