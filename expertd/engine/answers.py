"""Answers token by token: what a decoded batch means for each sequence, and what its client is told of it."""

from __future__ import annotations

import time
from typing import Any, TypeAlias

from expertd.engine.base import Base
from expertd.engine.context import Context
from expertd.engine.counters import Counters
from expertd.engine.interface import Done, FinishReason, Piece, Request, Sampling, TokenLogprob
from expertd.engine.sampler import token_logprob
from expertd.engine.scheduler import Limits, Scheduler, Slice
from expertd.engine.sequence import Sequence
from expertd.errors import ExpertdError

Event: TypeAlias = Piece | Done | ExpertdError


class Answers:
    """Owned by the decoding thread. What clients are to be told waits in `outbox`, each with its sequence's owner."""

    def __init__(self, base: Base, context: Context, scheduler: Scheduler, counters: Counters, limits: Limits) -> None:
        self._base, self._context, self._scheduler = base, context, scheduler
        self._counters, self._limits = counters, limits
        self.outbox: list[tuple[Any, Event]] = []

    def go_on(self, part: Slice, last: int) -> None:
        """Take over what was computed of a slice, whose last row before its draft is `last`, and draw where it ends."""
        seq = part.sequence
        if seq.request.prompt_logprobs:
            self._note_prompt(part, last - part.count + 1)
        seq.computed += part.count
        if seq.pending:
            return None
        if not seq.first_token:
            seq.first_token = time.monotonic()
            seq.paging = self._counters.paging.seconds_in - seq.paged_before
            self._counters.prompt_tokens += len(seq.request.prompt) if seq.owner else 0
            if seq.request.prompt_logprobs:
                self.tell(seq, Piece("", tuple(seq.prompt_logprobs)))
        if seq.request.max_tokens == 0:
            return self._complete(seq, "length", "")
        self._draw(seq, last)
        return self._follow(part, last) if part.draft else None

    def _draw(self, seq: Sequence, row: int) -> None:
        """Go on with the token that is drawn from the logits of this row, and with what the grammar then forces."""
        logits = self._context.logits(row)
        token = seq.sampler.draw(logits, seq.constraint, seq.room(self._limits.cells))
        if self._base.is_end(token):
            return self._complete(seq, "stop", "")
        logprobs: tuple[TokenLogprob, ...] = ()
        if seq.request.logprobs is not None:
            logprobs = (token_logprob(logits, token, seq.request.logprobs),)
        seq.alone = seq.again = False
        forced = seq.forced(seq.room(self._limits.cells) - 1)
        seq.sampler.note(forced)
        self._counters.forced_tokens += len(forced)
        return self._append(seq, [token, *forced], logprobs)

    def _follow(self, part: Slice, last: int) -> None:
        """Go on along the draft as long as it is what was drawn. Its rows behind that leave the cells."""
        seq, accepted = part.sequence, 0
        while seq in self._scheduler.running:
            while seq.pending and accepted < len(part.draft) and part.draft[accepted] == seq.tokens[seq.computed]:
                seq.computed += 1
                accepted += 1
            if seq.pending:
                self._context.remove_sequence(seq.seq_id, seq.computed)
                break
            self._draw(seq, last + accepted)
        seq.lookup.learn(len(part.draft), accepted)
        self._counters.draft_steps += 1
        self._counters.drafted_tokens += len(part.draft)
        self._counters.accepted_tokens += accepted

    def _append(self, seq: Sequence, tokens: list[int], logprobs: tuple[TokenLogprob, ...]) -> None:
        text = ""
        for token in tokens:
            seq.tokens.append(token)
            self._counters.completion_tokens += 1
            text += seq.text.push(token)
            if seq.text.stopped:
                break
        if text or logprobs:
            self.tell(seq, Piece(text, logprobs))
        if seq.text.stopped or (seq.constraint and seq.constraint.ended):
            self._complete(seq, "stop", "")
        elif seq.room(self._limits.cells) <= 0:
            whole = seq.constraint is not None and seq.constraint.whole
            self._complete(seq, "stop" if whole else "length", seq.text.flush())

    def _note_prompt(self, part: Slice, first: int) -> None:
        seq = part.sequence
        for i in range(part.count):
            following = seq.computed + i + 1
            # A preempted sequence computes what it has told already.
            if not seq.told < following < len(seq.prompt):
                continue
            seq.told = following
            # A prompt's first token has none, and virtual ones are not the client's.
            if seq.layout.index_in_request(following):
                logits = self._context.logits(first + i)
                seq.prompt_logprobs.append(token_logprob(logits, seq.tokens[following], seq.request.logprobs or 0))

    def _complete(self, seq: Sequence, reason: FinishReason, tail: str) -> None:
        if reason == "stop" and not seq.text.stopped:
            tail = seq.text.flush()
        if tail:
            self.tell(seq, Piece(tail))
        self.tell(seq, Done(reason, seq.timings()))
        self.end(seq)
        activated = all(part.offset is not None for part in seq.request.blend.parts)
        if activated and not seq.request.is_last and seq.reusable < len(seq.tokens) < self._limits.cells:
            # In the next turn this answer is prompt, and so the base's.
            tokens = (*seq.request.prompt, *seq.tokens[len(seq.prompt) :])  # without virtual ones
            again = Request(tokens, max_tokens=0, sampling=Sampling(temperature=0))
            self._scheduler.add_background(Sequence(again, self._base, owner=None))

    def end(self, seq: Sequence, *, keep: bool = True) -> None:
        """Take it out; its KV is kept for others where `keep`."""
        self._counters.refused_draws += seq.constraint.refusals if seq.constraint else 0
        self._scheduler.finish(seq, keep=keep)
        if seq.owner is not None:
            seq.owner.sequence = None  # a cycle would keep its experts' arrays in memory

    def tell(self, seq: Sequence, event: Event) -> None:
        """Nothing where nobody waits for it."""
        if seq.owner is not None:
            self.outbox.append((seq.owner, event))
