"""The decoding thread: the only one that touches a llama.cpp context."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from expertd.engine.answers import Answers, Event
from expertd.engine.base import Base
from expertd.engine.blending import Blending
from expertd.engine.context import Context, Row
from expertd.engine.counters import Counters
from expertd.engine.disk_cache import DiskCache
from expertd.engine.interface import Done, Piece, Request, Status
from expertd.engine.memory import MemoryBudget
from expertd.engine.plain import PlainBlending
from expertd.engine.sampler import NO_NUMBERS, has_numbers
from expertd.engine.scheduler import Limits, Scheduler, Slice
from expertd.engine.sequence import Sequence
from expertd.errors import ContextOverflow, EngineFailed, ExpertdError, HookMissed, InvalidRequest, Overloaded
from expertd.experts.blend import Blend

log = logging.getLogger(__name__)

LAST = 10  # seconds that the thread gets to end; more only where a disk or a file stands still
QUIET = 0.1  # seconds without a request until work in the background begins

DEAD = "the engine has died: see the daemon's log, and start it again"


class Stream:
    """The asyncio side of one request."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self.sequence: Sequence | None = None
        self.ended = False

    def put(self, event: Event) -> None:
        self._events.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Piece | Done]:
        while True:
            event = await self._events.get()
            if isinstance(event, ExpertdError):
                raise event
            yield event
            if isinstance(event, Done):
                return

    def cancel(self) -> None:
        self._worker.cancel(self)


@dataclass(frozen=True)
class _Submit:
    request: Request
    stream: Stream
    at: float  # time.monotonic()


@dataclass(frozen=True)
class _Cancel:
    stream: Stream


class _Snapshot(NamedTuple):
    """What the thread tells after each step."""

    running: int
    cells_used: int
    cache_bytes: int


class Worker:
    """Runs the scheduler's batches. Its public methods belong to the event loop, all others to the thread."""

    def __init__(
        self,
        base: Base,
        context: Context,
        blending: Blending,
        limits: Limits,
        queue_limit: int,
        disk: DiskCache | None = None,
        give_back: Callable[[int], int] | None = None,
    ) -> None:
        """`give_back` frees so many bytes that others can do without, if it can, and says how many."""
        self._base, self._context, self._blending, self._limits = base, context, blending, limits
        self._capacity = limits.sequences + queue_limit
        self._commands: queue.SimpleQueue[_Submit | _Cancel | None] = queue.SimpleQueue()
        self._counters = Counters(paging=blending.paging)
        self._scheduler = Scheduler(limits, blending, context, self._counters, disk)
        self._answers = Answers(base, context, self._scheduler, self._counters, limits)
        self._memory = MemoryBudget(limits.memory_bytes)
        self._give_back = give_back
        self._live: set[Stream] = set()
        self._snapshot = _Snapshot(0, 0, 0)
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self.died = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="decode", daemon=True)
        self._thread.start()

    # ---- the event loop's side

    def check_room(self, count: int) -> None:
        """Raises `Overloaded` where `count` requests cannot all be queued now, `EngineFailed` where none ever can."""
        if self.died.is_set():
            raise EngineFailed(DEAD)
        if self._stopping:
            raise Overloaded("the daemon is stopping: ask again in a moment", retry_after=5)
        if (live := len(self._live)) + count > self._capacity:
            raise Overloaded(
                f"{live} requests are running or waiting, of {self._capacity} at most, and {count} more were asked "
                "for: ask again in a moment"
            )

    def submit(self, request: Request) -> Stream:
        """Queue a request. Raises `Overloaded`, `ContextOverflow`, or `InvalidRequest` for an empty prompt."""
        self.check_room(1)
        if not request.prompt:
            raise InvalidRequest("the prompt is empty: give at least one token", param="prompt")
        if (length := len(request.prompt) + request.n_virtual) >= self._limits.cells:
            raise ContextOverflow(
                f"the prompt has {length} tokens, and the context holds {self._limits.cells} with the "
                "answer: shorten it, or raise `context`",
                param="messages",
            )
        stream = Stream(self)
        self._live.add(stream)
        self._commands.put(_Submit(request, stream, time.monotonic()))
        return stream

    def cancel(self, stream: Stream) -> None:
        if stream in self._live:
            self._live.discard(stream)
            self._commands.put(_Cancel(stream))

    def status(self) -> Status:
        now = self._snapshot
        return Status(
            running=now.running,
            waiting=max(0, len(self._live) - now.running),
            cells=self._limits.cells,
            cells_used=now.cells_used,
            cache_bytes=now.cache_bytes,
            blending=self._blending.name,
            blending_reason=self._blending.reason,
        )

    def counters(self) -> Counters:
        return replace(self._counters, paging=replace(self._counters.paging))

    async def stop(self, grace: float) -> None:
        """Let what runs finish for `grace` seconds, end the rest with an error, and stop the thread."""
        self._stopping = True
        end = time.monotonic() + grace
        while self._live and time.monotonic() < end:
            await asyncio.sleep(0.02)
        for stream in list(self._live):
            self.cancel(stream)
            stream.put(Overloaded("the daemon is stopping", retry_after=5))
        self._commands.put(None)
        await asyncio.to_thread(self._thread.join, LAST)

    def _deliver(self, events: list[tuple[Stream, Event]]) -> None:
        for stream, event in events:
            if not isinstance(event, Piece):
                self._live.discard(stream)
            stream.put(event)

    def _die(self) -> None:
        """Nobody decodes any more: tell all that wait, and refuse what comes until the daemon ends."""
        self.died.set()
        for stream in list(self._live):
            self._live.discard(stream)
            stream.put(EngineFailed(DEAD))

    # ---- the thread's side

    def _run(self) -> None:
        try:
            self._decode()
        except BaseException:
            log.critical("the decoding thread died", exc_info=True)
            self._loop.call_soon_threadsafe(self._die)

    def _decode(self) -> None:
        going_on = True
        self._save_memory()
        while going_on:
            try:
                going_on = self._obey()
                if going_on:
                    self._step()
            except HookMissed as error:
                log.error("experts are served one after another from now on: %s", error.message)
                self._fail_running(error)
                self._fall_back(error.message)
            except EngineFailed as error:
                log.error("a step failed: %s", error.message)
                self._fail_running(error)
            except Exception:
                log.exception("the decoding thread failed in a step")
                self._fail_running(EngineFailed("the engine failed in this step; the daemon's log has the details"))
            self._save_memory()
            self._report()
            self._send()
        self._blending.close()
        self._scheduler.cache.close()

    def _save_memory(self) -> None:
        excess = self._memory.excess()
        if excess and self._scheduler.zero_idle_cells():
            excess = self._memory.excess()
        if excess and self._give_back:  # experts are read again sooner than prompts are computed
            excess -= self._give_back(excess)
        self._scheduler.save_memory(max(0, excess))

    def _report(self) -> None:
        scheduler, cache = self._scheduler, self._scheduler.cache
        self._counters.evictions = cache.evictions
        self._snapshot = _Snapshot(scheduler.serving, scheduler.cells_used, cache.used)

    def _obey(self) -> bool:
        """Take all commands, waiting for one where there is nothing to decode. False: stop."""
        wait = not self._scheduler.has_work
        if not wait and self._commands.empty():
            return True
        quiet = QUIET if self._scheduler.background else None
        while True:
            try:
                command = self._commands.get(block=wait, timeout=quiet)
            except queue.Empty:
                if wait:
                    self._scheduler.begin_background()
                return True
            wait = False
            if command is None:
                return False
            if isinstance(command, _Submit):
                self._accept(command)
            elif command.stream.sequence is not None:
                self._answers.end(command.stream.sequence)

    def _accept(self, command: _Submit) -> None:
        try:
            sequence = Sequence(command.request, self._base, command.stream, command.at)
            self._scheduler.add(sequence)
        except Exception:  # whatever is in a request, the thread goes on
            log.exception("a request could not be taken in")
            error = EngineFailed("the engine could not take this request in; the daemon's log has the details")
            self._answers.outbox.append((command.stream, error))
            return
        command.stream.sequence = sequence

    def _step(self) -> None:
        slices = self._scheduler.schedule()
        while self._scheduler.refused:
            seq, error = self._scheduler.refused.pop()
            self._answers.tell(seq, error)
            self._answers.end(seq, keep=False)
        if not slices:
            return
        rows = sum(part.rows for part in slices)
        depth = sum(part.rows * (part.sequence.computed + part.rows / 2) for part in slices) / rows
        begun = time.monotonic()
        for batch in [slices] if self._context.unified else _batches(slices):
            if not self._compute(batch):
                return
            self._report()
            self._send()  # a token need not wait for the prompts that are read after it
        self._scheduler.pace.note(rows, depth, time.monotonic() - begun)

    def _compute(self, slices: list[Slice]) -> bool:
        """Decode a batch and take over what it gave. False: that is void, and the sequences queue again."""
        rows, blends, outputs = _rows(slices)
        embeddings = None
        if any(part.sequence.layout.virtual for part in slices):
            embeddings = [row.embedding for row in rows]
            embeddings = embeddings if any(row is not None for row in embeddings) else None
        self._blending.apply(blends, np.array([row.output for row in rows], np.uint8), embeddings)
        try:
            self._context.decode(rows)
        except EngineFailed as error:
            if self._context.unified:  # nobody knows whose cells were touched
                raise
            log.error("a batch failed: %s", error.message)
            for part in slices:
                self._answers.tell(part.sequence, error)
                self._answers.end(part.sequence, keep=False)
            return True
        self._counters.changed_nodes += self._blending.check()
        self._counters.steps += 1
        spoilt = self._spoilt(slices, outputs)
        if spoilt and not self._context.can_zero:
            self._isolate()
            return False
        for part, last in zip(slices, outputs, strict=True):
            if part.sequence in spoilt:
                self._begin_again(part.sequence)
            else:
                self._postprocess(part, last)
        return True

    def _spoilt(self, slices: list[Slice], outputs: list[int]) -> list[Sequence]:
        """Those that gave no numbers. A NaN in a cell reaches all who read it, masked or not: zero times NaN is NaN."""
        return [
            part.sequence
            for part, last in zip(slices, outputs, strict=True)
            if part.sequence.pending == part.count and not has_numbers(self._context.logits(last))
        ]

    def _begin_again(self, seq: Sequence) -> None:
        """Compute it anew in zeroed cells: the NaN may be of another who had them before. The second one is its own."""
        seq_id = seq.seq_id
        self._give_another_chance(seq)
        self._context.zero(seq_id)

    def _isolate(self) -> None:
        """Somebody may have spoilt all rows, one that is gone too: have each go on alone, in cells that were zeroed."""
        if len(self._scheduler.running) > 1:
            self._scheduler.isolate()
        else:
            self._give_another_chance(self._scheduler.running[0])
        self._context.clear()

    def _give_another_chance(self, seq: Sequence) -> None:
        if seq.again:
            self._answers.tell(seq, EngineFailed(NO_NUMBERS))
            self._answers.end(seq, keep=False)
        else:
            seq.again, seq.alone = True, not self._context.can_zero
            self._scheduler.begin_again(seq)

    def _postprocess(self, part: Slice, last: int) -> None:
        """Take over what the decode computed, and draw the next token where the slice ended the sequence's tokens."""
        try:
            self._answers.go_on(part, last)
        except Exception as error:  # whatever a request asks for, the others go on
            if not isinstance(error, ExpertdError):
                log.exception("a token could not be drawn")
                error = EngineFailed("the engine could not draw a token; the daemon's log has the details")
            self._answers.tell(part.sequence, error)
            if part.sequence in self._scheduler.running:
                self._answers.end(part.sequence, keep=False)

    def _fail_running(self, error: ExpertdError) -> None:
        """End every running request; none is kept, since nobody knows what a failed step left in the cells."""
        for seq in list(self._scheduler.running):
            self._answers.tell(seq, error)
            self._answers.end(seq, keep=False)

    def _fall_back(self, reason: str) -> None:
        """The plain way from now on. Nothing may be running."""
        self._blending.close()
        self._blending = PlainBlending(self._base, self._context, reason, self._blending.paging)
        self._scheduler.change_blending(self._blending)

    def _send(self) -> None:
        if self._answers.outbox:
            events, self._answers.outbox = self._answers.outbox, []
            self._loop.call_soon_threadsafe(self._deliver, events)


def _batches(slices: list[Slice]) -> list[list[Slice]]:
    """As llama.cpp computes them where each sequence has cells of its own, so that the hook knows each row's place.

    One token each of sequences with neighbouring ids is a batch, and so is a part of a prompt.
    """
    batches: list[list[Slice]] = []
    for part in sorted((part for part in slices if part.rows == 1), key=lambda part: part.sequence.seq_id):
        if batches and part.sequence.seq_id == batches[-1][-1].sequence.seq_id + 1:
            batches[-1].append(part)
        else:
            batches.append([part])
    return batches + [[part] for part in slices if part.rows > 1]


def _rows(slices: list[Slice]) -> tuple[list[Row], list[Blend], list[int]]:
    """The batch, each row's blend, and the index of each slice's last row before its draft.

    Logits are asked for where a token will be drawn from them.
    """
    rows: list[Row] = []
    blends: list[Blend] = []
    outputs = []
    for part in slices:
        seq = part.sequence
        for i in range(part.count):
            position = seq.computed + i
            ends = position == len(seq.tokens) - 1
            blends.append(seq.blend_at(position))
            output = ends or seq.request.prompt_logprobs
            rows.append(Row(seq.tokens[position], position, seq.seq_id, output, seq.layout.virtual.get(position)))
        outputs.append(len(rows) - 1)
        for i, token in enumerate(part.draft, len(seq.tokens)):
            blends.append(seq.blend_at(i))
            rows.append(Row(token, i, seq.seq_id, True))
    return rows, blends, outputs
