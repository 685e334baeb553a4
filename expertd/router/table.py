"""Static embeddings: a text's meaning as the mean of its tokens' vectors, which a sentence model gave once."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Vector = npt.NDArray[np.float32]

FOLDER = Path(__file__).parent / "static"
VECTORS, TOKENIZER = "vectors.npz", "tokenizer.json"
EDGE = 20  # tokens at either end, which say what is wanted of what stands between


class Table:
    """Vectors [tokens, width] of a WordPiece vocabulary, in 8 bits, and its tokenizer."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Raises `OSError`."""
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_truncation()
        with np.load(folder / VECTORS) as file:
            self._vectors, self._scales = file["vectors"], file["scales"]

    @cached_property
    def width(self) -> int:
        return int(self._vectors.shape[1])

    def embed(self, text: str) -> Vector:
        """Unit vectors of the whole, its head and its tail, one after the other: [3 * width]."""
        rows = self._rows(text)
        return np.concatenate([_unit(part.mean(0)) for part in (rows, rows[:EDGE], rows[-EDGE:])])

    def embed_whole(self, text: str) -> Vector:
        """A unit vector [width]; of an empty text zeros."""
        return _unit(self._rows(text).mean(0))

    def _rows(self, text: str) -> Vector:
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        if not ids:
            return np.zeros((1, self.width), np.float32)
        rows: Vector = self._vectors[ids] * self._scales[ids, None]
        return rows


def write(vectors: Vector, folder: Path = FOLDER) -> None:
    """Vectors [tokens, width] as a `Table` reads them."""
    scales = np.maximum(np.abs(vectors).max(1), 1e-9) / 127
    narrow = np.round(vectors / scales[:, None]).astype(np.int8)
    np.savez(folder / VECTORS, vectors=narrow, scales=scales.astype(np.float32))


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector
