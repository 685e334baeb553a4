"""KV of finished sequences in host memory, so that a prompt that begins like one of them need not be computed again.

The cells are for what runs: attention walks all of them up to the highest used one, idle ones too.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Identity = npt.NDArray[np.int64]
State = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Entry:
    """A sequence's identity and its KV as llama.cpp wrote it."""

    identity: Identity
    state: State


class PrefixCache:
    """Entries under a byte budget, least recently used out first.

    A cached token is its id, its position, the blend active when it was computed, and all of these before it: entries
    are compared by exactly that, so KV of another blend can never match.
    """

    def __init__(self, budget: int) -> None:
        """`budget` in bytes; 0 keeps nothing."""
        self._budget = budget
        self._entries: OrderedDict[Entry, None] = OrderedDict()  # least recently used first
        self.used = 0  # bytes
        self.evictions = 0  # entries forgotten for want of room

    def __len__(self) -> int:
        return len(self._entries)

    def wants(self, identity: Identity, size: int) -> bool:
        """Whether a state of `size` bytes has room in the budget, and no entry begins like it already."""
        return size <= self._budget and self.find(identity)[1] < len(identity)

    def keep(self, identity: Identity, state: State) -> None:
        """Add an entry that `wants` wanted, in place of those that are a prefix of it."""
        for entry in list(self._entries):
            if common_prefix(entry.identity, identity) == len(entry.identity):
                self._forget(entry)
        entry = Entry(identity, state)
        self._entries[entry] = None
        self.used += state.nbytes
        self.shrink(self.used - self._budget)

    def shrink(self, size: int) -> int:
        """Forget entries until `size` bytes are free that were not, or none is left. How many bytes became free."""
        before = self.used
        while self._entries and before - self.used < size:
            self._forget(next(iter(self._entries)))
            self.evictions += 1
        return before - self.used

    def find(self, identity: Identity) -> tuple[Entry | None, int]:
        """The entry with the longest common prefix, of several the one used last, and its length; (None, 0) if none."""
        best, length = None, 0
        for entry in self._entries:
            common = common_prefix(entry.identity, identity)
            if common and common >= length:
                best, length = entry, common
        return best, length

    def touch(self, entry: Entry) -> None:
        """Note that it was used."""
        self._entries.move_to_end(entry)

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry]
        self.used -= entry.state.nbytes


def common_prefix(a: Identity, b: Identity) -> int:
    """Number of equal tokens at the start."""
    n = min(len(a), len(b))
    different = np.flatnonzero(a[:n] != b[:n])
    return int(different[0]) if len(different) else n
