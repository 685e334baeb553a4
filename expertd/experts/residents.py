"""The experts' arrays in host memory: which are kept there, and which make room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from weakref import WeakValueDictionary

from expertd.experts.tensors import Kept


class Residents:
    """Arrays by content hash, least recently used out first. Thread-safe.

    What somebody else holds, such as a request that waits or runs, stays in memory whatever happens here. So it is not
    dropped to make room as long as there is another, counts as long as it lives, and is never read a second time.
    An expert in 8 bits is kept in these; the f16 arrays that requests hold of it count too.
    """

    def __init__(self, budget: int = 0) -> None:
        """`budget` in bytes; 0: no limit."""
        self._budget = budget
        self._kept: OrderedDict[str, Kept] = OrderedDict()  # least recently used first
        self._pinned: set[str] = set()
        self._living: WeakValueDictionary[str, Kept] = WeakValueDictionary()  # kept, or held by somebody
        self._lock = threading.Lock()
        self.drops = 0  # for want of room; what was in use went with its last request

    @property
    def count(self) -> int:
        return len(self._living)

    @property
    def nbytes(self) -> int:
        """Of all that live: beyond the budget where what is pinned or in use alone is."""
        # Asked without the lock: a list made at once, since other threads insert meanwhile.
        living = [ref() for ref in self._living.valuerefs()]
        return sum(weights.nbytes for weights in living if weights is not None)

    def get(self, content_hash: str) -> Kept | None:
        """The arrays, now used last, if memory has them."""
        with self._lock:
            weights = self._living.get(content_hash)
            if weights is not None:
                self._keep(weights)
            return weights

    def add(self, weights: Kept, *, pinned: bool = False) -> Kept:
        """Keep them, for ever where `pinned`. Returns the arrays of this content that were there already, if so."""
        with self._lock:
            if pinned:
                self._pinned.add(weights.content_hash)
            weights = self._living.get(weights.content_hash, weights)
            self._keep(weights)
            return weights

    def keep_only(self, hashes: Collection[str], pinned: Collection[str] = ()) -> None:
        """Let go of all others: no expert has them any more. Of those that stay, `pinned` are the pinned ones."""
        with self._lock:
            self._pinned = set(pinned)
            for content_hash in self._kept.keys() - set(hashes):
                del self._kept[content_hash]

    def shrink(self, nbytes: int) -> int:
        """Let go of so many bytes, of what is not pinned. Returns how many are free now."""
        with self._lock:
            before = self.nbytes
            self._make_room(before - nbytes)
            return before - self.nbytes

    def _keep(self, weights: Kept) -> None:
        self._living[weights.content_hash] = self._kept[weights.content_hash] = weights
        self._kept.move_to_end(weights.content_hash)
        if self._budget:
            self._make_room(self._budget)

    def _make_room(self, budget: int) -> None:
        unpinned = [content_hash for content_hash in self._kept if content_hash not in self._pinned]
        for content_hash in unpinned:
            if self.nbytes <= budget:
                return
            del self._kept[content_hash]
            held = self._living.get(content_hash)
            if held is None:
                self.drops += 1
            else:
                self._kept[content_hash] = held  # in use, so used last
        # All the rest is in use. What is too much of it goes when its requests end.
        excess = sum(weights.nbytes for weights in self._kept.values()) - budget
        for content_hash in unpinned:
            if excess > 0 and content_hash in self._kept:
                excess -= self._kept.pop(content_hash).nbytes
                self.drops += 1
