"""One stream being decoded: its tokens, how far its KV is computed, and under which blend each token runs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from expertd.engine.context import Base
from expertd.engine.identity import NUMBERS, Identity
from expertd.engine.interface import Request, Timings, TokenLogprob
from expertd.engine.sampler import Sampler
from expertd.engine.text import TextStream
from expertd.experts.blend import BASE, Blend
from expertd.experts.tensors import Array

_PLACEHOLDER = 0  # the token where a soft prompt's row stands: any will do


class Sequence:
    """The engine's state of one request. Owned by the decoding thread."""

    def __init__(self, request: Request, base: Base, owner: Any, created: float | None = None) -> None:
        """`created` is when it was submitted, by `time.monotonic()`; default: now."""
        self.request = request
        self.owner = owner  # what the worker hands events to; None: nobody waits for it
        self.activation = request.activation  # the position from which the blend is active; before it is the base's own
        self._virtual = request.virtual_tokens
        before, after = request.prompt[: self.activation], request.prompt[self.activation :]
        self.prompt = (*before, *[_PLACEHOLDER] * len(self._virtual), *after)
        self.tokens = list(self.prompt)
        self.computed = 0  # tokens whose KV is in the cells
        self.cached = 0  # of these, taken from the prefix cache
        self.seq_id = -1  # llama.cpp's id while running
        self.preempted = False  # whether it ever had to make room
        self.matched = False  # whether the prefix cache was asked since it got its id
        self.sampler = Sampler(request.sampling)
        self.text = TextStream(base.piece, request.stop)
        self.prompt_logprobs: list[TokenLogprob] = []
        self.told = 0  # prompt tokens that these tell of, or that are not to be told
        self._identity: Identity = np.empty(0, np.int64)  # of the tokens that were there when it was last asked for
        self.created = time.monotonic() if created is None else created
        self.started = 0.0
        self.first_token = 0.0
        self.paged_before = 0.0  # seconds that the engine had spent on paging experts in at `started`
        self.paging = 0.0  # seconds of it between `started` and `first_token`

    def blend_at(self, position: int) -> Blend:
        return self.request.blend if position >= self.activation else BASE

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
        return self.pending == 1 and len(self.tokens) > len(self.prompt)

    @property
    def generated(self) -> int:
        return len(self.tokens) - len(self.prompt)

    def embedding_at(self, position: int) -> Array | None:
        """The soft prompt's row there, [n_embd]; None: the token's own."""
        at = position - self.activation
        return self._virtual[at] if 0 <= at < len(self._virtual) else None

    def index_in_request(self, position: int) -> int | None:
        """Which token of the request's prompt stands there; None: a virtual one."""
        if position < self.activation:
            return position
        at = position - len(self._virtual)
        return at if at >= self.activation else None

    @property
    def reusable(self) -> int:
        """How many tokens' KV another request may go on from: not those of an expert that another prompt activates."""
        return len(self.tokens) if self.request.blend.offset is None else self.activation

    def identity(self) -> Identity:
        """What each token's KV depends on beside its position and predecessors: token and active blend, [tokens]."""
        known = len(self._identity)
        if known < len(self.tokens):
            new = np.array(self.tokens[known:], np.int64)
            if self.request.blend != BASE:
                new[max(0, self.activation - known) :] |= np.int64(NUMBERS.number(self.request.blend.key) << 32)
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
