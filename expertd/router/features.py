"""A request as one vector: its meaning, its spelling, its looks, and those of what was said before it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from expertd.router import looks, ngrams
from expertd.router.asked import Asked
from expertd.router.table import Table

Array = npt.NDArray[np.float32]

TEXT, BEFORE = 8192, 2048  # n-grams are hashed to so many numbers
FOLDED = 2048  # of which a text's are the remainders, where examples are compared
_MEANING, _MEANING_BEFORE, _BEFORE, _LOOKS = 0.6, 0.4, 0.3, 0.3  # beside 1 for the text's n-grams


class Features:
    """Makes the vectors, [width], and of them `short` ones, by which one text is compared with another."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._dense = 4 * table.width + looks.WIDTH + 3

    @property
    def meaning(self) -> int:
        """Of a short vector, how many numbers tell the meaning."""
        return self._table.width

    def of(self, asked: Asked) -> Array:
        """The last user turn above all, and what was said before it at less weight."""
        text, before = asked.text, asked.before
        return np.concatenate(
            (
                _MEANING * self._table.embed(text),
                _MEANING_BEFORE * self._table.embed_whole(before),
                _LOOKS * looks.embed(text),
                np.array((_LOOKS * bool(asked.form), _LOOKS, _LOOKS * bool(before)), np.float32),
                ngrams.embed(text, TEXT),
                _BEFORE * ngrams.embed(before, BEFORE) if before else np.zeros(BEFORE, np.float32),
            )
        )

    def short(self, vectors: Array) -> Array:
        """Of vectors [..., width] the text's meaning and its spelling, each of length 1: [..., meaning + FOLDED].

        The spelling's n-grams are hashed to fewer numbers, as if from the start.
        """
        meaning = vectors[..., : self._table.width]
        text = vectors[..., self._dense : self._dense + TEXT]
        spelling = text.reshape(*text.shape[:-1], -1, FOLDED).sum(-2)
        return np.concatenate((meaning / _MEANING, spelling), -1)
