"""KV of finished sequences in host memory, so that a prompt that begins like one of them need not be computed again.

The cells are for what runs: attention walks all of them up to the highest used one, idle ones too.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from expertd.engine.disk_cache import DiskCache, State, Stored
from expertd.engine.identity import Identity
from expertd.engine.radix_tree import RadixTree


@dataclass(eq=False)
class Entry:
    """A sequence's identity and its KV as llama.cpp wrote it."""

    identity: Identity
    state: State
    used: float = field(default_factory=time.time)  # when last, seconds since the epoch


class PrefixCache:
    """Entries under a byte budget; those used longest ago go out first, to the disk where there is a tier on it.

    KV of another blend can never match: identities are compared, and they hold each token's blend.
    """

    def __init__(self, budget: int, disk: DiskCache | None = None) -> None:
        """`budget` in bytes; 0 keeps nothing."""
        self._budget, self._disk = budget, disk
        self._tree: RadixTree[Entry] = RadixTree()
        self._entries: OrderedDict[Entry, None] = OrderedDict()  # least recently used first
        self.used = 0  # bytes
        self.evictions = 0  # entries forgotten for want of room

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, identity: Identity, size: int, save: Callable[[], State]) -> None:
        """Add what `save` gives, `size` bytes, in place of an entry that is a prefix of it.

        Nothing is saved that is over the budget or that an entry begins with already. What `save` raises is raised.
        """
        if size <= self._budget and self._tree.find(identity)[1] < len(identity):
            self._add(Entry(identity, save()))

    def shrink(self, size: int) -> int:
        """Forget entries until `size` bytes are free that were not, or none is left. How many bytes became free.

        None goes to the disk: states that wait to be written would hold the memory.
        """
        before = self.used
        while self._entries and before - self.used < size:
            self._evict()
        return before - self.used

    def find(self, identity: Identity) -> tuple[Entry | None, int]:
        """The entry with the longest common prefix, of several the one used last, and its length; (None, 0) if none."""
        return self._tree.find(identity)

    def touch(self, entry: Entry) -> None:
        """Note that it was used."""
        entry.used = time.time()
        self._entries.move_to_end(entry)
        self._tree.touch(entry.identity)

    def find_on_disk(self, identity: Identity) -> tuple[Stored | None, int]:
        """As `find`, of what is on disk, where that is longer. Nothing is read yet."""
        if not self._disk:
            return None, 0
        stored, length = self._disk.find(identity)
        return (stored, length) if length > self.find(identity)[1] else (None, 0)

    def load(self, stored: Stored) -> Entry | None:
        """Bring what `find_on_disk` found into memory; None where it is over the budget or its file is no good."""
        if not self._disk or stored.size > self._budget:
            return None
        state = self._disk.read(stored)
        if state is None:
            return None
        entry = Entry(stored.identity, state)
        self._add(entry)
        return entry

    def close(self) -> None:
        """Leave to the disk what the time allows, what was used last first."""
        if self._disk:
            self._disk.close((e.identity, e.state, e.used) for e in reversed(self._entries))

    def _add(self, entry: Entry) -> None:
        shorter = self._tree.insert(entry.identity, entry)
        if shorter:
            self._forget(shorter)
        self._entries[entry] = None
        self.used += entry.state.nbytes
        while self.used > self._budget:
            oldest = self._evict()
            if self._disk:
                self._disk.write(oldest.identity, oldest.state, oldest.used)

    def _evict(self) -> Entry:
        oldest = next(iter(self._entries))
        self._tree.remove(oldest.identity)
        self._forget(oldest)
        self.evictions += 1
        return oldest

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry]
        self.used -= entry.state.nbytes
