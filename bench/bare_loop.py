"""llama.cpp called in a loop by a script: all streams in one batch, greedy, and nothing around it."""

from __future__ import annotations

# First: it settles how llama.cpp's threads wait for each other, as in the daemon.
import expertd.engine  # noqa: F401

# isort: split
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from llama_cpp import llama_cpp as llama

from expertd.daemon import UBATCH
from expertd.engine.base import Base


class BareLoop:
    """The base in this process, in a context like the daemon's."""

    def __init__(self, base: Path, cells: int, streams: int, batch: int, threads: int) -> None:
        self._base = Base(base)
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_seq_max, params.kv_unified = cells * streams, streams, False
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.n_batch, params.n_ubatch = batch, min(batch, UBATCH)
        params.n_threads = params.n_threads_batch = threads
        self._context = llama.llama_init_from_model(self._base.model, params)
        self._batch, self._limit = llama.llama_batch_init(batch, 0, 1), batch

    def speed(self, prompts: Sequence[Sequence[int]], tokens: int) -> float:
        """Tokens a second in all: the prompts read, then `tokens` tokens for each."""
        llama.llama_memory_clear(llama.llama_get_memory(self._context), False)
        began = time.perf_counter()
        rows = [
            (token, position, stream, position == len(prompt) - 1)
            for stream, prompt in enumerate(prompts)
            for position, token in enumerate(prompt)
        ]
        last: dict[int, int] = {}
        for start in range(0, len(rows), self._limit):
            last |= self._decode(rows[start : start + self._limit])
        for step in range(tokens - 1):
            last = self._decode([(last[s], len(prompt) + step, s, True) for s, prompt in enumerate(prompts)])
        return len(prompts) * tokens / (time.perf_counter() - began)

    def _decode(self, rows: Sequence[tuple[int, int, int, bool]]) -> dict[int, int]:
        """The likeliest token after each row (token, position, stream, wanted) that is wanted, by stream."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for i, (token, position, stream, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.logits[i] = token, position, wanted
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, stream
        if llama.llama_decode(self._context, batch) != 0:
            raise SystemExit("llama.cpp could not decode a batch of the bare loop")
        return {
            stream: int(np.ctypeslib.as_array(self._logits(i), (self._base.n_vocab,)).argmax())
            for i, (_, _, stream, wanted) in enumerate(rows)
            if wanted
        }

    def _logits(self, row: int) -> object:
        return llama.llama_get_logits_ith(self._context, row)

    def close(self) -> None:
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._context)
        self._base.close()
