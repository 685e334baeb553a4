"""Which rows go into the next batch: admission, fairness between blends, prefill chunks, room in the cells."""

from __future__ import annotations

import logging
import time
from bisect import insort
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter

from expertd.engine.blending import Blending
from expertd.engine.counters import Counters
from expertd.engine.disk_cache import DiskCache
from expertd.engine.pace import TILE, Pace
from expertd.engine.prefix_cache import PrefixCache
from expertd.engine.prefix_reuse import Cells, PrefixReuse, cells_of
from expertd.engine.sequence import Sequence as Seq
from expertd.errors import EngineFailed, ExpertdError
from expertd.experts.blend import Blend

log = logging.getLogger(__name__)

WORK_A_SECOND = 1000  # tokens, of prompt and answer, that a request may be longer than one that comes a second later
LONG_ANSWER = 512  # tokens: a limit beyond says that there is none, not that the answer is long
BACKGROUND_CHUNK = TILE  # tokens a step of work that a client's request may have to wait for
ENDING = 2  # times as many rows that a step may have if it ends a prompt
BACKGROUND_MOST = 8  # prompts that wait to be computed in the background; the oldest is given up


@dataclass(frozen=True)
class Limits:
    """Sizes that the scheduler keeps to, in tokens where not said otherwise."""

    cells: int
    batch: int
    step_seconds: float  # of a step that reads prompts while others decode
    sequences: int  # running at once
    cache_bytes: int  # host memory for the KV of finished sequences; 0: no prefix is ever reused
    tile: int = 1  # rows that a step which reads a prompt is filled up to
    draft: int = 0  # tokens of a draft at most; 0: none
    memory_bytes: int = 0  # the budget for the memory of the whole process; 0: none


@dataclass(frozen=True)
class Slice:
    """The next `count` tokens of a sequence, from its first uncomputed one."""

    sequence: Seq
    count: int
    draft: tuple[int, ...] = ()  # tokens that may follow those, computed to see whether they do

    @property
    def rows(self) -> int:
        return self.count + len(self.draft)


_due = attrgetter("due")


class Scheduler:
    """Owns the queue, the running sequences and the ids of llama.cpp's sequences.

    Earliest deadline first: a request is due after its arrival by a time in proportion to its work. So short ones pass
    long ones, and none passes one that was due when it came. In that order requests are admitted and prompts computed,
    and the last to be due gives way when cells run out.
    """

    def __init__(
        self, limits: Limits, blending: Blending, cells: Cells, counters: Counters, disk: DiskCache | None = None
    ) -> None:
        self._limits, self._blending, self._cells, self._counters = limits, blending, cells, counters
        self.waiting: list[Seq] = []  # both by `due`
        self.running: list[Seq] = []
        self.refused: list[tuple[Seq, ExpertdError]] = []  # sequences whose blend cannot be had, for the worker to end
        self.cache = PrefixCache(limits.cache_bytes, disk)
        self._prefixes = PrefixReuse(cells, limits.cells, self.cache, counters)
        self.background: deque[Seq] = deque(maxlen=BACKGROUND_MOST)  # nobody waits for them
        self._begun: Seq | None = None  # the one of them that runs, alone
        self.pace = Pace(limits.step_seconds, limits.tile)
        self._free_ids = list(range(limits.sequences))
        self._short_of_memory = False

    @property
    def has_work(self) -> bool:
        return bool(self.waiting or self.running or self.refused)

    @property
    def serving(self) -> int:
        """Sequences that run for a client."""
        return len(self.running) - (self._begun is not None)

    @property
    def cells_used(self) -> int:
        return cells_of(self.running)

    def add(self, seq: Seq) -> None:
        work = seq.pending + min(seq.request.max_tokens, LONG_ANSWER)
        if self._limits.cache_bytes and not seq.request.prompt_logprobs:
            work -= self.cache.find(seq.identity()[:-1])[1]  # as far as it is known yet
        seq.due = seq.created + work / WORK_A_SECOND
        insort(self.waiting, seq, key=_due)

    def add_background(self, seq: Seq) -> None:
        """Have its prompt in the prefix cache when there is nothing better to do."""
        if self._limits.cache_bytes and not self._short_of_memory:
            self.background.append(seq)

    def begin_background(self) -> None:
        """Begin the background's next. Nothing may be waiting or running."""
        assert not self.has_work
        self._begun = self.background.popleft()
        self.waiting.append(self._begun)

    def schedule(self) -> list[Slice]:
        """The slices of the next batch, decoding sequences first. Can be empty where prefixes came out of the cache."""
        if self._begun in self.running and self.waiting:  # a client: what is done is kept, and no more is done
            self._take_out(self._begun, kept=self._begun.computed)
        while True:
            self._admit()
            if not self.running:
                return []
            self._move_together()
            chosen = self._blending.choose(*self._wanted())
            slices = self._fill(chosen)
            if self._make_room(slices):
                return slices

    def save_memory(self, excess: int) -> None:
        """Give back `excess` bytes of the prefix cache. Where that is not enough, new work waits."""
        short = self.cache.shrink(excess) < excess
        if short and not self._short_of_memory:
            log.warning("memory is short: the prefix cache is empty, and requests wait. Raise `memory_mb`.")
        self._short_of_memory = short

    def change_blending(self, blending: Blending) -> None:
        """Apply blends in another way. Nothing may be running."""
        assert not self.running
        self._blending = blending

    def begin_again(self, seq: Seq) -> None:
        """Back in the queue, its KV lost."""
        self._preempt(seq, kept=0)

    def zero_idle_cells(self) -> bool:
        """Give back the memory of cells that are no running sequence's; whether there was any."""
        return sum(self._cells.zero(seq_id) for seq_id in self._free_ids) > 0

    def isolate(self) -> None:
        """Put all that run back in the queue, their KV lost, to go on one by one until each has drawn a token."""
        for seq in list(self.running):
            seq.alone = True
            self.begin_again(seq)

    def finish(self, seq: Seq, *, keep: bool) -> None:
        """Take a sequence out; its KV goes to the prefix cache where `keep`."""
        if seq in self.waiting:
            self.waiting.remove(seq)
        elif seq in self.running:
            self._take_out(seq, kept=min(seq.computed, seq.reusable) if keep else 0)

    def _admit(self) -> None:
        while self.waiting and len(self.running) < self._limits.sequences and self._fits(self.waiting[0]):
            seq = self.waiting.pop(0)
            started, paged = time.monotonic(), self._blending.paging.seconds_in
            try:
                self._blending.retain(seq.request.blend, seq.request.weights)
            except ExpertdError as error:
                self.refused.append((seq, error))
                continue
            except Exception as error:  # popped already: whatever it was, its client must be told
                self.refused.append((seq, EngineFailed(f"the experts of this request cannot be loaded: {error}")))
                continue
            seq.seq_id = self._free_ids.pop(self._nearest_id())
            if not seq.started:
                seq.started, seq.paged_before = started, paged
            insort(self.running, seq, key=_due)

    def _nearest_id(self) -> int:
        """Where in the list of free ids the one is that lies nearest to those that run."""
        used = [seq.seq_id for seq in self.running] or [0]
        distances = [min(abs(seq_id - other) for other in used) for seq_id in self._free_ids]
        return distances.index(min(distances))

    def _fits(self, seq: Seq) -> bool:
        """Whether its tokens find room beside all that run: else it would be preempted for ever."""
        if not self.running:
            return True
        if self._short_of_memory or seq.alone or any(other.alone for other in self.running):
            return False
        held = sum(len(other.tokens) + 1 for other in self.running)
        return held + len(seq.tokens) < self._limits.cells

    def _move_together(self) -> None:
        """Give those that run neighbouring ids: where cells are not unified, llama.cpp computes only such at once."""
        n = len(self.running)
        if self._cells.unified or max(s.seq_id for s in self.running) - min(s.seq_id for s in self.running) < n:
            return

        def outside(first: int) -> list[Seq]:
            return [seq for seq in self.running if not first <= seq.seq_id < first + n]

        first = min(range(self._limits.sequences - n + 1), key=lambda first: cells_of(outside(first)))
        for seq in outside(first):
            target = next(seq_id for seq_id in self._free_ids if first <= seq_id < first + n)
            if seq.computed and not self._cells.copy_sequence(seq.seq_id, target, seq.computed):
                return
            self._cells.remove_sequence(seq.seq_id, 0)
            self._free_ids[self._free_ids.index(target)] = seq.seq_id
            seq.seq_id = target

    def _wanted(self) -> tuple[list[Blend], list[Blend]]:
        """The blends of the next rows, and those of the rows behind them."""
        following = (
            blend
            for seq in self.running
            if seq.computed < seq.layout.starts[-1]
            for _, blend in list(seq.layout.blends_from(seq.computed))[1:]
        )
        return list(dict.fromkeys(seq.next_blend for seq in self.running)), list(dict.fromkeys(following))

    def _fill(self, chosen: Collection[Blend]) -> list[Slice]:
        decoding = [seq for seq in self.running if seq.decoding]
        slices = []
        spare = self._spare(decoding)  # beside a token of each, for more of what grammars forced
        for seq in decoding:
            if seq.next_blend in chosen:
                slices.append(self._of_answer(seq, 1 + spare))
                spare -= slices[-1].rows - 1
        rows = sum(part.rows for part in slices)
        for seq in self.running:
            if seq.decoding or rows >= self._limits.batch or seq.next_blend not in chosen:
                continue
            if not seq.matched and not self._match(seq, chosen):
                continue
            room = self._room(seq, len(decoding), rows)
            count = seq.layout.run_under(chosen, seq.computed, min(seq.pending, room)) if room > 0 else 0
            if count:
                slices.append(Slice(seq, count))
                rows += count
        return slices

    def _spare(self, decoding: Sequence[Seq]) -> int:
        """Rows beside a token of each: of those that decode together none waits long for what another was forced to."""
        most = self._limits.batch
        if len(decoding) > 1 and (depths := [seq.computed for seq in decoding if seq.pending > 1]):
            most = min(most, self.pace.rows(max(depths), len(decoding)))
        return most - len(decoding)

    def _of_answer(self, seq: Seq, most: int) -> Slice:
        """Its pending tokens, and a draft where it decodes alone: beside others, their rows fill the batch as well."""
        count = min(seq.pending, most)
        # One more token is drawn in any case.
        room = min(self._limits.draft, most - count, seq.room(self._limits.cells) - 1)
        if len(self.running) > 1 or room <= 0 or count < seq.pending:
            return Slice(seq, count)
        return Slice(seq, count, seq.draft(room))

    def _room(self, seq: Seq, decoding: int, rows: int) -> int:
        """Most rows for a part of this prompt in a batch that has `rows` already."""
        most = BACKGROUND_CHUNK if self._begun else self._limits.batch
        if decoding:
            most = min(most, self.pace.rows(seq.computed, decoding))
        # Its end is worth a longer step: every step more begins with the tokens of all that decode.
        ends = rows < most and rows + seq.pending <= ENDING * most and not self._begun
        # Where cells are not unified, the part of a prompt is a batch of its own.
        left = self._limits.batch - (rows if self._cells.unified else 0)
        return min(left, seq.pending if ends else most - rows)

    def _match(self, seq: Seq, chosen: Collection[Blend]) -> bool:
        """Have it start behind what is computed already. False: it waits for another one that computes more of it."""
        if self._limits.cache_bytes and not seq.request.prompt_logprobs:
            seq.matched = self._prefixes.begin(seq, self.running, chosen, counted=seq is not self._begun)
        else:
            seq.matched = True
        return seq.matched

    def _make_room(self, slices: Sequence[Slice]) -> bool:
        """Free cells for the slices by preempting the last sequence to be due. False: schedule anew."""
        needed = sum(part.rows for part in slices)
        if self.cells_used + needed <= self._limits.cells or len(self.running) == 1:
            return True  # alone it fits: its length was checked when it was submitted
        self._preempt(self.running[-1], kept=self.running[-1].computed)
        return False

    def _preempt(self, seq: Seq, *, kept: int) -> None:
        """Back to its place in the queue, to go on from what the cache then still has of it."""
        self._counters.preemptions += 1
        self._take_out(seq, kept=kept)
        seq.computed, seq.matched, seq.preempted = 0, False, True
        insort(self.waiting, seq, key=_due)

    def _take_out(self, seq: Seq, *, kept: int) -> None:
        """Stop it. Its first `kept` tokens go to the prefix cache."""
        self.running.remove(seq)
        self._begun = None if seq is self._begun else self._begun
        self._blending.release(seq.request.blend)
        try:
            if kept and not self._short_of_memory:
                self._prefixes.put_away(seq, kept)
        finally:
            self._cells.remove_sequence(seq.seq_id, 0)
            self._free_ids.append(seq.seq_id)
            seq.seq_id = -1
