"""What a cached token is: its id, the blend active when it was computed, and all of these before it."""

from __future__ import annotations

import itertools
import struct
from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from expertd.experts.blend import BASE

Identity = npt.NDArray[np.int64]  # [tokens]: the id, and the blend's number in the upper half

KEY = struct.Struct("<32sI")  # of a portable identity's run: the blend's key, and how many tokens
COUNT = struct.Struct("<I")


class BlendNumbers:
    """Small numbers for blends' keys, of this process alone. The base is 0."""

    def __init__(self, most: int = 4096) -> None:
        """One that was forgotten, being among more than `most`, gets a new number: its old KV matches nothing."""
        self._most = most
        self._numbers: OrderedDict[str, int] = OrderedDict()  # least recently asked for first
        self._keys: dict[int, str] = {}
        self._fresh = itertools.count(1)

    def number(self, key: str) -> int:
        if key == BASE.key:
            return 0
        number = self._numbers.pop(key, 0) or next(self._fresh)
        self._numbers[key], self._keys[number] = number, key
        if len(self._numbers) > self._most:
            _, forgotten = self._numbers.popitem(last=False)
            del self._keys[forgotten]
        return number

    def key(self, number: int) -> str | None:
        """None: forgotten."""
        return self._keys.get(number) if number else BASE.key


NUMBERS = BlendNumbers()


def common_prefix(a: Identity, b: Identity) -> int:
    """Number of equal tokens at the start."""
    n = min(len(a), len(b))
    different = np.flatnonzero(a[:n] != b[:n])
    return int(different[0]) if len(different) else n


def portable(identity: Identity, numbers: BlendNumbers = NUMBERS) -> bytes | None:
    """The same bytes in every process, for `from_portable`; None where a blend's key is forgotten.

    The number of runs under one blend, each run's key and length, then the tokens' ids as int32; little-endian.
    """
    blends = identity >> 32
    starts = np.flatnonzero(np.diff(blends, prepend=-1))
    lengths = np.diff(starts, append=len(identity))
    runs = [COUNT.pack(len(starts))]
    for start, length in zip(starts, lengths, strict=True):
        key = numbers.key(int(blends[start]))
        if key is None:
            return None
        runs.append(KEY.pack(bytes.fromhex(key), length))
    return b"".join(runs) + (identity & 0xFFFFFFFF).astype("<i4").tobytes()


def from_portable(data: bytes, numbers: BlendNumbers = NUMBERS) -> Identity:
    """Raises `ValueError` for what `portable` cannot have made."""
    try:
        (count,) = COUNT.unpack_from(data)
        runs = [KEY.unpack_from(data, COUNT.size + i * KEY.size) for i in range(count)]
        lengths = [length for _, length in runs]
        tokens = np.frombuffer(data, "<i4", offset=COUNT.size + count * KEY.size).astype(np.int64)
    except struct.error as error:
        raise ValueError("it ends too early") from error
    if sum(lengths) != len(tokens) or len(tokens) == 0 or tokens.min() < 0:
        raise ValueError("its tokens are not as many as it says, or none")
    blends = np.array([numbers.number(key.hex()) for key, _ in runs], np.int64)
    return tokens | (np.repeat(blends, lengths) << 32)
