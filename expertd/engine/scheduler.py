"""Which rows go into the next batch: admission, fairness between blends, prefill chunks, room in the cells."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from expertd.engine.blending import Blending
from expertd.engine.prefix_cache import PrefixCache, common_prefix
from expertd.engine.sequence import Sequence as Seq
from expertd.errors import EngineFailed, ExpertdError
from expertd.experts.blend import Blend

WORTH_WAITING = 16  # tokens: about what a decoding step costs in prefill


@dataclass(frozen=True)
class Limits:
    """Sizes that the scheduler keeps to, in tokens where not said otherwise."""

    cells: int
    batch: int
    prefill_chunk: int  # prompt tokens a step while others decode
    sequences: int  # running at once
    kept: int  # finished sequences kept for their prefix; 0: none
    # Attention walks all cells up to the highest used one: thousands of idle ones cost a fifth of the speed (measured).
    kept_cells: int = 1024  # the newest sequence is kept whatever it takes


@dataclass(frozen=True)
class Slice:
    """The next `count` tokens of a sequence, from its first uncomputed one."""

    sequence: Seq
    count: int


class Cells:
    """What the scheduler may do to llama.cpp's KV cells; the worker gives it the context's methods."""

    def __init__(self, copy: Callable[[int, int, int], None], remove: Callable[[int, int], None]) -> None:
        self.copy, self.remove = copy, remove


class Scheduler:
    """Owns the queue, the running sequences and the ids of llama.cpp's sequences."""

    def __init__(self, limits: Limits, blending: Blending, cells: Cells) -> None:
        self._limits, self._blending, self._cells = limits, blending, cells
        self.waiting: deque[Seq] = deque()
        self.running: list[Seq] = []
        self.refused: list[tuple[Seq, ExpertdError]] = []  # sequences whose blend cannot be had, for the worker to end
        self.cache = PrefixCache()
        self._free_ids = list(range(limits.sequences + limits.kept))

    @property
    def has_work(self) -> bool:
        return bool(self.waiting or self.running)

    @property
    def cells_used(self) -> int:
        """An upper bound: a shared cell counts once for each of its owners."""
        return self.cache.cells + sum(seq.computed for seq in self.running)

    def add(self, seq: Seq) -> None:
        self.waiting.append(seq)

    def schedule(self) -> list[Slice]:
        """The slices of the next batch, decoding sequences first. Can be empty where prefixes came out of the cache."""
        while True:
            self._admit()
            if not self.running:
                return []
            chosen = self._blending.choose(*self._wanted())
            slices = self._fill(chosen)
            if self._make_room(slices):
                return slices

    def finish(self, seq: Seq, *, keep: bool) -> None:
        """Take a sequence out; its cells stay as a cached prefix where `keep`."""
        if seq in self.waiting:
            self.waiting.remove(seq)
            return
        if seq not in self.running:
            return
        self.running.remove(seq)
        self._blending.release(seq.request.blend)
        identity = seq.identity()[: seq.computed]
        if keep and self._limits.kept and len(identity):
            for covered in self.cache.remove_covered(identity):
                self._drop(covered)
            if len(self.cache) >= self._limits.kept:
                self._drop(self.cache.evict())
            self.cache.keep(seq.seq_id, identity)
            while len(self.cache) > 1 and self.cache.cells > self._limits.kept_cells:
                self._drop(self.cache.evict())
        else:
            self._drop(seq.seq_id)
        seq.seq_id = -1

    def forget_all(self) -> None:
        """After a failed decode nothing in the cells can be trusted."""
        while len(self.cache):
            self._drop(self.cache.evict())

    def _admit(self) -> None:
        while self.waiting and len(self.running) < self._limits.sequences and self._fits(self.waiting[0]):
            seq = self.waiting.popleft()
            try:
                self._blending.retain(seq.request.blend, seq.request.weights)
            except ExpertdError as error:
                self.refused.append((seq, error))
                continue
            except Exception as error:  # popped already: whatever it was, its client must be told
                self.refused.append((seq, EngineFailed(f"the experts of this request cannot be loaded: {error}")))
                continue
            seq.seq_id = self._free_ids.pop()
            seq.started = seq.started or time.monotonic()
            self.running.append(seq)

    def _fits(self, seq: Seq) -> bool:
        """Whether its tokens find cells beside all that run: else it would be preempted and admitted for ever."""
        held = sum(len(other.tokens) + 1 for other in self.running)
        return not self.running or held + len(seq.tokens) < self._limits.cells

    def _wanted(self) -> tuple[list[Blend], list[Blend]]:
        """The blends of the next rows, and those of the rows behind them."""
        following = (seq.request.blend for seq in self.running if seq.computed < seq.activation)
        return list(dict.fromkeys(seq.next_blend for seq in self.running)), list(dict.fromkeys(following))

    def _fill(self, chosen: Collection[Blend]) -> list[Slice]:
        decoding = [seq for seq in self.running if seq.decoding]
        slices = [Slice(seq, 1) for seq in decoding if seq.next_blend in chosen][: self._limits.batch]
        room = self._limits.batch - len(slices)
        if decoding:
            room = min(room, self._limits.prefill_chunk)
        for seq in self.running:
            if seq.decoding or room <= 0 or seq.next_blend not in chosen:
                continue
            if not seq.matched and not self._reuse(seq, chosen):
                continue
            count = self._prefix_under(seq, chosen, min(seq.pending, room))
            if count:
                slices.append(Slice(seq, count))
                room -= count
        return slices

    def _prefix_under(self, seq: Seq, chosen: Collection[Blend], limit: int) -> int:
        """How many of the next `limit` tokens run under chosen blends."""
        if seq.next_blend not in chosen:
            return 0
        if seq.computed < seq.activation and seq.request.blend not in chosen:
            return min(limit, seq.activation - seq.computed)
        return limit

    def _reuse(self, seq: Seq, chosen: Collection[Blend]) -> bool:
        """Start from the longest computed prefix of a kept or a running sequence; the last token is always computed.

        False: one that was admitted before computes more of a common prefix in this batch, and `seq` waits for it.
        """
        if self._limits.kept and not seq.request.prompt_logprobs:
            identity = seq.identity()[:-1]
            source, length = self.cache.find(identity)
            before = True
            for other in self.running:
                before = before and other is not seq
                if other is seq or len(other.tokens) <= length:
                    continue
                common = common_prefix(other.identity(), identity)
                goes_on = before and other.next_blend in chosen
                if goes_on and common > max(other.computed, length) + WORTH_WAITING:
                    return False
                if min(common, other.computed) > length:
                    source, length = other.seq_id, min(common, other.computed)
            if length > seq.computed:
                self._cells.remove(seq.seq_id, 0)
                self._cells.copy(source, seq.seq_id, length)
                seq.computed, seq.cached = length, min(length, len(seq.request.prompt))
        seq.matched = True
        return True

    def _make_room(self, slices: Sequence[Slice]) -> bool:
        """Free cells for the slices: cached prefixes first, then the youngest sequence. False: schedule anew."""
        needed = sum(part.count for part in slices)
        while self.cells_used + needed > self._limits.cells:
            if len(self.cache):
                self._drop(self.cache.evict())
            elif len(self.running) > 1:
                self._preempt(self.running[-1])
                return False
            else:
                break  # alone it fits: its length was checked when it was submitted
        return True

    def _preempt(self, seq: Seq) -> None:
        """Back to the head of the queue; its tokens are computed again when there is room."""
        self.running.remove(seq)
        self._blending.release(seq.request.blend)
        self._drop(seq.seq_id)
        seq.seq_id, seq.computed, seq.cached, seq.matched = -1, 0, 0, False
        self.waiting.appendleft(seq)

    def _drop(self, seq_id: int) -> None:
        self._cells.remove(seq_id, 0)
        self._free_ids.append(seq_id)
