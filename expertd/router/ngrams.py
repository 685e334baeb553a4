"""How a text is spelled, as a vector: its n-grams of bytes and of words, hashed ("feature hashing", arXiv:0902.2206).

It sees what vectors of words do not: typing errors, symbols, names of languages, the looks of a diff or of a schema.
"""

from __future__ import annotations

import re
import zlib

import numpy as np
import numpy.typing as npt

_BYTES, _WORDS = (2, 3, 4, 5), (1, 2, 3)
_WORD = re.compile(r"\w+|[^\w\s]+")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_FOLD, _SIGN = np.uint64(29), np.uint64(40)

Vector = npt.NDArray[np.float32]
_Hashes = npt.NDArray[np.uint64]


def embed(text: str, width: int) -> Vector:
    """[width], of length 1 but for collisions; each n-gram counts once, those of bytes as much as those of words."""
    text = text.lower()
    letters = np.frombuffer(f" {text} ".encode("utf-8", "replace"), np.uint8).astype(np.uint64)
    words = np.array([zlib.crc32(word.encode("utf-8", "replace")) for word in _WORD.findall(text)], np.uint64)
    parts = [_grams(letters, n, n) for n in _BYTES], [_grams(words, n, 100 + n) for n in _WORDS]
    bytewise, wordwise = (_sketch(np.unique(np.concatenate(part)), width) for part in parts)
    return bytewise + wordwise


def _grams(symbols: _Hashes, n: int, seed: int) -> _Hashes:
    """A hash of each n neighbours."""
    count = max(0, len(symbols) - n + 1)
    hashes = np.full(count, seed, np.uint64)
    for i in range(n):
        hashes = (hashes ^ symbols[i : i + count]) * _MIX
        hashes ^= hashes >> _FOLD
    return hashes


def _sketch(hashes: _Hashes, width: int) -> Vector:
    if not len(hashes):
        return np.zeros(width, np.float32)
    signs = np.where((hashes >> _SIGN) & np.uint64(1), 1.0, -1.0)
    places = (hashes % np.uint64(width)).astype(np.int64)
    found: Vector = np.bincount(places, signs, width).astype(np.float32)
    found /= np.float32(np.sqrt(2 * len(hashes)))
    return found
