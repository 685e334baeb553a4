"""Cells of finished sequences, kept so that a prompt that begins like one of them need not be computed again."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import numpy.typing as npt

Identity = npt.NDArray[np.int64]


class PrefixCache:
    """Kept sequences by llama.cpp id, least recently used first.

    A cached token is its id, its position, the blend active when it was computed, and all of these before it: entries
    are compared by exactly that, so KV of another blend can never match.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Identity] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def cells(self) -> int:
        """An upper bound of the cells held: shared ones count once for each owner."""
        return sum(map(len, self._kept.values()))

    def keep(self, seq_id: int, identity: Identity) -> None:
        self._kept[seq_id] = identity

    def find(self, identity: Identity) -> tuple[int, int]:
        """The kept sequence with the longest common prefix, and its length; (-1, 0) if none."""
        best, length = -1, 0
        for seq_id, kept in self._kept.items():
            common = common_prefix(kept, identity)
            if common > length:
                best, length = seq_id, common
        if best >= 0:
            self._kept.move_to_end(best)
        return best, length

    def evict(self) -> int:
        """Forget the least recently used entry; its id, whose cells the caller lets go."""
        return self._kept.popitem(last=False)[0]

    def remove_covered(self, identity: Identity) -> list[int]:
        """Forget entries that are a prefix of `identity`; their ids."""
        covered = [i for i, kept in self._kept.items() if common_prefix(kept, identity) == len(kept)]
        for seq_id in covered:
            del self._kept[seq_id]
        return covered

    def clear(self) -> None:
        self._kept.clear()


def common_prefix(a: Identity, b: Identity) -> int:
    """Number of equal tokens at the start."""
    n = min(len(a), len(b))
    different = np.flatnonzero(a[:n] != b[:n])
    return int(different[0]) if len(different) else n
