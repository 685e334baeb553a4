"""What a sequence takes over of KV that is computed already, and what it leaves to others."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from expertd.engine.counters import Counters
from expertd.engine.disk_cache import State
from expertd.engine.identity import Identity, common_prefix
from expertd.engine.prefix_cache import Entry, PrefixCache
from expertd.engine.sequence import Sequence as Seq
from expertd.errors import EngineFailed
from expertd.experts.blend import Blend

log = logging.getLogger(__name__)

WORTH_WAITING = 16  # tokens: about what a decoding step costs in prefill
PUT_BACK_A_TOKEN = 256  # cached tokens that go back into cells in the time of one token's prefill, with a margin
COPIED_A_TOKEN = 24  # tokens that are copied from running sequences in that time, with a margin
READ_A_TOKEN = 8  # tokens that are read from disk and checked in the time of one token's prefill, with a margin


class Cells(Protocol):
    """What is done to llama.cpp's KV cells beside decoding: the context's part that this needs."""

    unified: bool  # whether a copy shares cells; else each sequence has its own

    def copy_sequence(self, source: int, target: int, end: int) -> bool: ...

    def remove_sequence(self, seq_id: int, start: int) -> None: ...

    def zero(self, seq_id: int) -> bool: ...

    def sequence_bytes(self, seq_id: int) -> int: ...

    def save_sequence(self, seq_id: int) -> State: ...

    def restore_sequence(self, seq_id: int, state: State) -> bool: ...


class PrefixReuse:
    """Fills a sequence's cells from the prefix cache and from running sequences, and the cache from its cells."""

    def __init__(self, cells: Cells, n_cells: int, cache: PrefixCache, counters: Counters) -> None:
        self._cells, self._n_cells, self._cache, self._counters = cells, n_cells, cache, counters

    def begin(self, seq: Seq, running: Sequence[Seq], chosen: Collection[Blend], *, counted: bool) -> bool:
        """Start from the longest computed prefix of a cached or a running sequence; the last token is always computed.

        False: one that has begun, or is before it in `running`, goes on with a common prefix, and `seq` waits for it.
        """
        identity = seq.identity()[:-1]
        source, length = self._cached(identity, running)
        before = True
        for other in running:
            before = before and other is not seq
            if other is seq or len(other.tokens) <= length:
                continue
            common = common_prefix(other.identity(), identity)
            goes_on = (before or other.matched) and other.next_blend in chosen
            if goes_on and common > max(other.computed, length) + WORTH_WAITING:
                return False
            if min(common, other.computed) > length and self._worth_copying(other, common):
                source, length = other, min(common, other.computed)
        from_disk = self._from_disk(identity, length, running)
        if from_disk:
            source, length = from_disk, common_prefix(from_disk.identity, identity)
        if source and length > seq.computed:
            self._take_over(seq, source, length)
        if counted and not seq.preempted:
            self._count(seq, source, on_disk=from_disk is not None)
        return True

    def put_away(self, seq: Seq, length: int) -> None:
        """Its first `length` tokens go to the prefix cache; those behind them leave the cells."""
        self._cells.remove_sequence(seq.seq_id, length)  # of a draft, more may be there than is computed
        size = self._cells.sequence_bytes(seq.seq_id)
        try:
            self._cache.keep(seq.identity()[:length], size, lambda: self._cells.save_sequence(seq.seq_id))
        except (EngineFailed, MemoryError) as error:
            log.warning("a prompt's KV is not kept: %s", error)

    def _cached(self, identity: Identity, running: Sequence[Seq]) -> tuple[Entry | Seq | None, int]:
        """The memory's longest prefix and its length, where it fits and pays."""
        entry, length = self._cache.find(identity)
        if entry is None or not self._pays(entry.identity, length, PUT_BACK_A_TOKEN, running):
            return None, 0
        return entry, length

    def _from_disk(self, identity: Identity, length: int, running: Sequence[Seq]) -> Entry | None:
        """The disk's longest prefix, where it fits and what it has beyond `length` pays."""
        stored, longer = self._cache.find_on_disk(identity)
        if stored is None or not self._pays(stored.identity, longer - length, READ_A_TOKEN, running):
            return None
        return self._cache.load(stored)

    def _pays(self, whole: Identity, gained: int, rate: int, running: Sequence[Seq]) -> bool:
        """Whether an entry finds room and saves more time than it takes: it is put back whole before it is cut."""
        return cells_of(running) + len(whole) <= self._n_cells and gained * rate >= len(whole)

    def _worth_copying(self, source: Seq, common: int) -> bool:
        """It is copied whole before it is cut, where cells are not shared."""
        return self._cells.unified or common * COPIED_A_TOKEN >= source.computed

    def _take_over(self, seq: Seq, source: Entry | Seq, length: int) -> None:
        self._cells.remove_sequence(seq.seq_id, 0)
        if isinstance(source, Entry):
            if not self._cells.restore_sequence(seq.seq_id, source.state):
                return  # then it is computed
            self._cells.remove_sequence(seq.seq_id, length)
            self._cache.touch(source)
        elif not self._cells.copy_sequence(source.seq_id, seq.seq_id, length):
            return
        seq.computed = length
        if not seq.preempted:
            seq.cached = seq.layout.request_tokens(min(length, len(seq.prompt)))

    def _count(self, seq: Seq, source: Entry | Seq | None, *, on_disk: bool) -> None:
        """What a client's prompt asked of the cache, and what it got from where."""
        self._counters.asked_tokens += len(seq.request.prompt) - 1
        if on_disk:
            self._counters.reused_from_disk += seq.cached
        elif isinstance(source, Entry):
            self._counters.reused_from_memory += seq.cached
        else:
            self._counters.reused_from_cells += seq.cached


def cells_of(sequences: Sequence[Seq]) -> int:
    """An upper bound: a shared cell counts once for each of its owners."""
    return sum(seq.computed for seq in sequences)
