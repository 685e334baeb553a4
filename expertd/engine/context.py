"""The border to llama.cpp: the base in memory, and the context that the decoding thread alone touches."""

from __future__ import annotations

import ctypes
import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from llama_cpp import __version__ as llama_version
from llama_cpp import llama_cpp as llama

from expertd.engine.base import Base
from expertd.engine.hook import Hook
from expertd.engine.llama_log import call, reason
from expertd.errors import BaseRefused, EngineFailed
from expertd.experts.tensors import Array, BaseShape

log = logging.getLogger(__name__)

KvType = Literal["f16", "q8_0", "q4_0"]
_KV_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}  # ggml's
_BYTES = {"f16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32}  # a value


class Row(NamedTuple):
    """One token of a batch: where it goes, and whether its logits are wanted."""

    token: int
    position: int
    seq_id: int
    output: bool
    embedding: Array | None = None  # instead of the token's own, [n_embd]


HELD = 2048  # tokens: where a sequence of more has gone, the memory of its own cells is given back


class Adapter:
    """A LoRA file loaded beside the base."""

    def __init__(self, base: Base, path: Path) -> None:
        self.handle = call(llama.llama_adapter_lora_init, base.model, str(path).encode())
        if not self.handle:
            raise EngineFailed(f"llama.cpp refused the adapter {path.name}: {reason()}")

    def close(self) -> None:
        """Free it. It must not be set in any context: llama.cpp compares adapters by address."""
        llama.llama_adapter_lora_free(self.handle)


def cell_bytes(shape: BaseShape, kv: tuple[KvType, KvType]) -> float:
    """Of one token."""
    return shape.n_layer * shape.n_head_kv * shape.head_dim * sum(_BYTES[one] for one in kv)


class Pages(Protocol):
    """The memory of a context's cells. Both calls write zeros to cells, by giving their pages back where they can."""

    def drop(self, seq_id: int) -> int: ...

    def drop_all(self) -> int: ...


class Context:
    """One llama.cpp context. Its KV cells are unified, shared by all sequences, or each sequence has its own.

    Attention reads all cells up to the last one in use. So cells of its own make a sequence faster where others run
    beside it, and take `n_seq` times the address space; memory is taken as they are used (see `empty_cells`).
    """

    def __init__(
        self,
        base: Base,
        *,
        n_cells: int,
        n_seq: int,
        n_batch: int,
        n_threads: int,
        n_ubatch: int | None = None,
        flash: bool = True,
        unified: bool = True,
        kv: tuple[KvType, KvType] = ("f16", "f16"),
        hook: Hook | None = None,
    ) -> None:
        """Allocate `n_cells` cells of K and V of the types `kv`: in all where `unified`, else for each sequence id.

        Raises `BaseRefused` where that fails: a quantized V needs flash attention, for one.
        """
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_seq_max, params.kv_unified = n_cells if unified else n_cells * n_seq, n_seq, unified
        params.n_batch, params.n_ubatch = n_batch, n_ubatch or n_batch
        params.n_threads = params.n_threads_batch = n_threads
        params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO if flash else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.no_perf = True
        if kv != ("f16", "f16"):
            params.type_k, params.type_v = (_KV_TYPES[one] for one in kv)
        if hook:
            callback, data = hook.callback
            params.cb_eval = ctypes.cast(callback, llama.ggml_backend_sched_eval_callback)
            params.cb_eval_user_data = ctypes.c_void_p(data)
        handle = call(llama.llama_init_from_model, base.model, params)
        if not handle:
            raise BaseRefused(
                f"no context of {n_cells} tokens with K and V in {kv[0]} and {kv[1]} for {base.path}: {reason()}. "
                "Try a smaller `context`, or `kv_k` and `kv_v` of f16."
            )
        self.handle = handle
        self.hook = hook
        self.base = base
        self.n_cells = int(llama.llama_n_ctx_seq(handle))  # the most that a sequence can have
        self.n_seq, self.n_batch = n_seq, n_batch
        self.unified = unified or n_seq == 1
        n_streams = 1 if self.unified else n_seq
        self._kv = (params.type_k, params.type_v, params.flash_attn_type, self.n_cells, n_streams)
        self.flash = flash
        self._memory = llama.llama_get_memory(handle)
        self.pages: Pages | None = None  # of the cells, once they are found
        self._reached = [0] * n_seq  # cells of each sequence's own that may have taken memory
        self._views: dict[int, npt.NDArray[np.float32]] = {}  # of rows of logits, by address
        self._make_batch(n_batch)

    def _make_batch(self, n: int) -> None:
        # Our own arrays behind llama_batch: filled by numpy, not by a loop over pointers.
        self._tokens = np.zeros(n, np.int32)
        self._positions = np.zeros(n, np.int32)
        self._n_seq_id = np.ones(n, np.int32)
        self._seq_ids = np.zeros(n, np.int32)
        self._outputs = np.zeros(n, np.int8)
        start, step = self._seq_ids.ctypes.data, self._seq_ids.itemsize
        self._seq_pointers = (ctypes.POINTER(ctypes.c_int32) * n)(
            *[ctypes.cast(start + i * step, ctypes.POINTER(ctypes.c_int32)) for i in range(n)]
        )
        self._batch = llama.llama_batch(
            n_tokens=0,
            token=self._tokens.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            embd=None,
            pos=self._positions.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            n_seq_id=self._n_seq_id.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            seq_id=ctypes.cast(self._seq_pointers, ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
            logits=self._outputs.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def decode(self, rows: Sequence[Row]) -> None:
        """Run one batch. Raises `EngineFailed`; the cells of its rows may then be in any state."""
        n = len(rows)
        tokens, positions, seq_ids, outputs, _ = zip(*rows, strict=True)
        self._tokens[:n], self._positions[:n] = tokens, positions
        self._seq_ids[:n], self._outputs[:n] = seq_ids, outputs
        self._batch.n_tokens = n
        for seq_id, position in zip(seq_ids, positions, strict=True):
            if position >= self._reached[seq_id]:
                self._reached[seq_id] = position + 1
        result = int(call(llama.llama_decode, self.handle, self._batch))
        if result != 0:
            why = "no free KV cells" if result == 1 else reason()
            raise EngineFailed(f"decoding a batch of {n} tokens failed: {why}")

    def logits(self, index: int) -> npt.NDArray[np.float32]:
        """A view of the logits of row `index` of the last batch, [n_vocab]; valid until the next decode."""
        address = ctypes.addressof(llama.llama_get_logits_ith(self.handle, index).contents)
        view = self._views.get(address)  # to make one takes as long as to find the highest logit
        if view is None:
            values = (ctypes.c_float * self.base.n_vocab).from_address(address)
            view = self._views[address] = np.ctypeslib.as_array(values)
        return view

    def set_adapters(self, adapters: Sequence[tuple[Adapter, float]]) -> None:
        """Apply these adapters with these scales to every row from now on."""
        n = len(adapters)
        handles = (llama.llama_adapter_lora_p_ctypes * max(n, 1))(*[a.handle for a, _ in adapters])
        scales = (ctypes.c_float * max(n, 1))(*[scale for _, scale in adapters])
        if call(llama.llama_set_adapters_lora, self.handle, handles, n, scales) != 0:
            raise EngineFailed(f"llama.cpp refused a set of {n} adapters: {reason()}")

    def copy_sequence(self, source: int, target: int, end: int) -> bool:
        """Give `target` the positions [0, end) of `source` as all that it has. Unified cells are shared, not copied.

        False, and it has nothing, where that fails.
        """
        if self.unified:
            llama.llama_memory_seq_cp(self._memory, source, target, 0, end)
            return True
        try:  # llama.cpp's own way copies nothing less than all the cells that a sequence could have
            copied = self.restore_sequence(target, self.save_sequence(source))
        except (EngineFailed, MemoryError) as error:
            log.warning("a sequence's KV is not copied: %s", error)
            return False
        self.remove_sequence(target, end)
        return copied

    def remove_sequence(self, seq_id: int, start: int = 0) -> None:
        """Let go of the cells of `seq_id` from position `start` on."""
        llama.llama_memory_seq_rm(self._memory, seq_id, start, -1)
        if start == 0 and self._reached[seq_id] > HELD:
            self.zero(seq_id)

    @property
    def can_zero(self) -> bool:
        """Whether one sequence's cells can be zeroed and leave the others as they are."""
        return self.pages is not None and not self.unified

    def zero(self, seq_id: int) -> bool:
        """Write zeros to the cells of a sequence that has none in use, where `can_zero`; whether there was need to.

        Their memory is given back.
        """
        if not self.can_zero or not self._reached[seq_id]:
            return False
        assert self.pages
        self.pages.drop(seq_id)
        self._reached[seq_id] = 0
        return True

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """For decodes of another thread than the decoding one.

        Each thread that computes gets helpers of its own from OpenMP, for ever. With more than cores, OpenMP lets
        all fall asleep at once at every barrier, which makes a token take three times as long.
        """
        n, n_batch = llama.llama_n_threads(self.handle), llama.llama_n_threads_batch(self.handle)
        llama.llama_set_n_threads(self.handle, 1, 1)
        try:
            yield
        finally:
            llama.llama_set_n_threads(self.handle, n, n_batch)

    def clear(self) -> None:
        """Let go of all cells, and write zeros: without flash attention a NaN in any cell reaches every row."""
        llama.llama_memory_clear(self._memory, self.pages is None)
        if self.pages:
            self.pages.drop_all()
        self._reached = [0] * self.n_seq

    def fingerprint(self) -> bytes:
        """What saved KV depends on beside its tokens and their blends, 16 bytes."""
        told = (self.base.file_digest(), llama_version, *self._kv)
        return hashlib.blake2b(repr(told).encode(), digest_size=16).digest()

    def sequence_bytes(self, seq_id: int) -> int:
        """How many bytes `save_sequence` would take."""
        return int(llama.llama_state_seq_get_size(self.handle, seq_id))

    def save_sequence(self, seq_id: int) -> npt.NDArray[np.uint8]:
        """A copy of the KV of `seq_id`, for `restore_sequence`. Raises `EngineFailed`, `MemoryError`."""
        state = np.empty(self.sequence_bytes(seq_id), np.uint8)
        pointer = state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        if call(llama.llama_state_seq_get_data, self.handle, pointer, state.nbytes, seq_id) != state.nbytes:
            raise EngineFailed(f"the KV of sequence {seq_id} cannot be saved: {reason()}")
        return state

    def restore_sequence(self, seq_id: int, state: npt.NDArray[np.uint8]) -> bool:
        """Put saved KV back as all that `seq_id` has. False, and it has nothing, where too few cells are free."""
        pointer = state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        restored = bool(llama.llama_state_seq_set_data(self.handle, pointer, state.nbytes, seq_id))
        length = llama.llama_memory_seq_pos_max(self._memory, seq_id) + 1
        self._reached[seq_id] = max(self._reached[seq_id], length)
        return restored

    def close(self) -> None:
        llama.llama_free(self.handle)
