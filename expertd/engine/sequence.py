"""One stream being decoded: its tokens, how far its KV is computed, and under which blend each token runs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from expertd.engine.base import Base
from expertd.engine.identity import NUMBERS, Identity
from expertd.engine.interface import Request, Timings, TokenLogprob
from expertd.engine.layout import lay_out
from expertd.engine.lookup import WORTHWHILE, Lookup
from expertd.engine.sampler import Sampler
from expertd.engine.text import TextStream
from expertd.experts.blend import Blend


class Sequence:
    """The engine's state of one request. Owned by the decoding thread."""

    def __init__(self, request: Request, base: Base, owner: Any, created: float | None = None) -> None:
        """`created` is when it was submitted, by `time.monotonic()`; default: now."""
        self.request = request
        self.owner = owner  # what the worker hands events to; None: nobody waits for it
        self.layout = lay_out(request)
        self.prompt = self.layout.tokens  # with virtual ones
        self.tokens = list(self.prompt)
        self.computed = 0  # tokens whose KV is in the cells
        self.cached = 0  # of these, taken from the prefix cache
        self.seq_id = -1  # llama.cpp's id while running
        self.preempted = False  # whether it ever had to make room
        self.alone = False  # whether nothing may run beside it, since its KV or another's gave no numbers
        self.again = False  # whether it was computed a second time, since its KV gave no numbers
        self.matched = False  # whether the prefix cache was asked since it got its id
        self.sampler = Sampler(request.sampling)
        self.constraint = request.grammar.start() if request.grammar else None
        self.lookup = Lookup(len(self.prompt))
        self.text = TextStream(base.piece, request.stop, request.opens)
        self.prompt_logprobs: list[TokenLogprob] = []
        self.told = 0  # prompt tokens that these tell of, or that are not to be told
        self._identity: Identity = np.empty(0, np.int64)  # of the tokens that were there when it was last asked for
        self.created = time.monotonic() if created is None else created
        self.due = self.created  # when its turn has come, by the same clock: the scheduler's, once it is queued
        self.started = 0.0
        self.first_token = 0.0
        self.paged_before = 0.0  # seconds that the engine had spent on paging experts in at `started`
        self.paging = 0.0  # seconds of it between `started` and `first_token`

    def blend_at(self, position: int) -> Blend:
        return self.layout.blend_at(position)

    def forced(self, most: int) -> list[int]:
        """Tokens that the grammar lets nothing else come before, `most` at most. Where logprobs are asked for, none."""
        if not self.constraint or self.request.logprobs is not None:
            return []
        return self.constraint.forced(most)

    def draft(self, most: int) -> tuple[int, ...]:
        """Tokens that may well come next, `most` at most: where it pays to compute them all at once, else none."""
        draft = self.lookup.propose(self.tokens, most)
        if draft and self.constraint:
            draft = draft[: self.constraint.fitting(draft)]
        return draft if len(draft) >= min(most, WORTHWHILE) else ()

    @property
    def next_blend(self) -> Blend:
        """The blend of the next token to be computed."""
        return self.blend_at(self.computed)

    @property
    def pending(self) -> int:
        """Tokens whose KV is still to be computed: 1 while decoding, more in prefill."""
        return len(self.tokens) - self.computed

    @property
    def decoding(self) -> bool:
        """Whether what is pending is of the answer: a token that was drawn, and those that its grammar forced."""
        return self.pending > 0 and self.computed >= len(self.prompt)

    @property
    def generated(self) -> int:
        return len(self.tokens) - len(self.prompt)

    def room(self, cells: int) -> int:
        """How many more tokens its answer may have, where the context holds so many."""
        return min(self.request.max_tokens - self.generated, cells - len(self.tokens))

    @property
    def reusable(self) -> int:
        """How many tokens' KV another request may go on from: not those of an expert that another prompt activates."""
        shared = self.layout.shared
        return len(self.tokens) if shared is None else shared

    def identity(self) -> Identity:
        """What each token's KV depends on beside its position and predecessors: token and active blend, [tokens]."""
        known = len(self._identity)
        if known < len(self.tokens):
            new = np.array(self.tokens[known:], np.int64)
            for start, (end, blend) in zip(self.layout.starts, self.layout.blends_from(-1), strict=True):
                new[max(0, start - known) : max(0, end - known)] |= np.int64(NUMBERS.number(blend.key) << 32)
            self._identity = np.concatenate([self._identity, new])
        return self._identity

    def timings(self) -> Timings:
        now = time.monotonic()
        started, first = self.started or now, self.first_token or now
        return Timings(
            queue_ms=(started - self.created) * 1e3,
            paging_ms=self.paging * 1e3,
            prefill_ms=(first - started - self.paging) * 1e3,
            decode_ms=(now - first) * 1e3,
            prompt_tokens=len(self.request.prompt),
            cached_tokens=self.cached,
            completion_tokens=self.generated,
        )
