"""The border to llama.cpp: the base in memory, and the context that the decoding thread alone touches."""

from __future__ import annotations

import ctypes
import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from llama_cpp import __version__ as llama_version
from llama_cpp import llama_cpp as llama

from expertd.engine.hook import Hook
from expertd.errors import BaseRefused, EngineFailed
from expertd.experts.tensors import Array, BaseShape

log = logging.getLogger(__name__)

T = TypeVar("T")
KvType = Literal["f16", "q8_0", "q4_0"]
_KV_TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}  # ggml's
_BYTES = {"f16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32}  # a value

SAMPLES = 256  # places at which a base file is read to know it again

# What llama.cpp said last: its loaders report the reason of a refusal here and nowhere else.
_said: deque[str] = deque(maxlen=64)
_ERROR, _WARN = 4, 3


def _on_log(level: int, text: bytes, _: Any) -> None:
    line = text.decode("utf-8", "replace").strip()
    if not line:
        return
    if level == _ERROR:
        _said.append(line)
    log.debug("llama.cpp: %s", line)


_log_callback = llama.llama_log_callback(_on_log)
llama.llama_log_set(_log_callback, ctypes.c_void_p(0))


def _call(function: Callable[..., T], *args: Any) -> T:
    """Call into llama.cpp so that `_reason` tells of this call and of none before."""
    _said.clear()
    return function(*args)


def _reason() -> str:
    """The most telling error line of the last `_call`, without llama.cpp's function names."""
    said = list(_said)  # llama.cpp logs from its own threads too
    lines = [line.split(": ", 1)[-1] for line in said if "failed to load model" not in line.split(": ", 1)[-1]]
    lines = lines or [line.split(": ", 1)[-1] for line in said]
    return lines[0] if lines else "llama.cpp gave no reason"


class Base:
    """A GGUF model: weights, vocabulary and metadata. Its text methods read only the vocabulary and are thread-safe."""

    def __init__(self, path: Path, *, vocab_only: bool = False, n_gpu_layers: int = 0) -> None:
        """Load `path`. Raises `BaseRefused`, which names the file and the reason."""
        self.path = path
        check_magic(path)
        params = llama.llama_model_default_params()
        params.vocab_only, params.n_gpu_layers = vocab_only, n_gpu_layers
        params.use_extra_bufts = _repacks_safely()
        model = _call(llama.llama_model_load_from_file, str(path).encode(), params)
        if not model:
            raise BaseRefused(f"{path} cannot be loaded: {_reason()}. Give another file with --base, or pull it again.")
        self.model = model
        self.vocab = llama.llama_model_get_vocab(model)
        self.n_vocab = llama.llama_vocab_n_tokens(self.vocab)
        self.architecture = self.meta("general.architecture") or "unknown"
        # Asked between any two decodes, where a call into llama.cpp hands the interpreter to other threads.
        self._is_end = cache(lambda token: bool(llama.llama_vocab_is_eog(self.vocab, token)))
        self._piece = cache(self._read_piece)
        self.n_ctx_train = llama.llama_model_n_ctx_train(model)
        if not vocab_only and (llama.llama_model_has_encoder(model) or not llama.llama_model_has_decoder(model)):
            self.close()
            raise BaseRefused(
                f"{path} is a {self.architecture} model, which does not generate text. Give a causal model."
            )

    def meta(self, key: str) -> str | None:
        """A value of the GGUF's metadata as text, or None."""
        size = llama.llama_model_meta_val_str(self.model, key.encode(), None, 0)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        llama.llama_model_meta_val_str(self.model, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace")

    def number(self, key: str, default: int = 0) -> int:
        """An integer of the architecture's own metadata, such as `embedding_length`."""
        value = self.meta(f"{self.architecture}.{key}")
        return int(value) if value is not None and value.isdigit() else default

    @property
    def chat_template(self) -> str | None:
        """The GGUF's own Jinja template, or None."""
        template = llama.llama_model_chat_template(self.model, None)
        return template.decode("utf-8", "replace") if template else None

    @property
    def shape(self) -> BaseShape:
        """What an expert of this base must match: sizes, and the tokenizer by its kind and vocabulary."""
        # From the metadata: llama.cpp's own functions abort where only the vocabulary was loaded.
        n_embd, n_head = self.number("embedding_length"), self.number("attention.head_count")
        kind = [self.meta(f"tokenizer.ggml.{key}") or "" for key in ("model", "pre")]
        return BaseShape(
            architecture=self.architecture,
            n_embd=n_embd,
            n_layer=self.number("block_count"),
            n_head=n_head,
            n_head_kv=self.number("attention.head_count_kv", n_head),
            n_ff=self.number("feed_forward_length"),
            head_dim=self.number("attention.key_length", n_embd // max(n_head, 1)),
            tokenizer=f"{'/'.join(kind)}/{self.n_vocab}",
        )

    @property
    def cuttable(self) -> bool:
        """Whether the KV of a sequence holds that of every shorter prefix.

        A recurrent state is of its last token alone, and a sliding window has lost what lies before it.
        """
        recurrent = llama.llama_model_is_recurrent(self.model) or llama.llama_model_is_hybrid(self.model)
        return not recurrent and llama.llama_model_n_swa(self.model) == 0

    @property
    def size_bytes(self) -> int:
        return int(llama.llama_model_size(self.model))

    def file_digest(self) -> bytes:
        """Tells base files apart, 16 bytes: by size, mtime and samples, since to read all would take seconds."""
        status = self.path.stat()
        digest = hashlib.blake2b(f"{status.st_size} {status.st_mtime_ns}".encode(), digest_size=16)
        with self.path.open("rb") as file:
            for i in range(SAMPLES):
                file.seek(i * status.st_size // SAMPLES)
                digest.update(file.read(4096))
        return digest.digest()

    def tokenize(self, text: str, *, add_special: bool = False, parse_special: bool = False) -> list[int]:
        """Token ids of `text`. `parse_special` reads control tokens such as `<|im_end|>` out of it."""
        data = text.encode("utf-8", "surrogatepass")
        room = len(data) + 8
        buffer = (ctypes.c_int32 * room)()
        n = llama.llama_tokenize(self.vocab, data, len(data), buffer, room, add_special, parse_special)
        if n < 0:
            raise EngineFailed(f"the tokenizer needs {-n} tokens for {len(data)} bytes")
        return list(buffer[:n])

    @property
    def tokenize_address(self) -> int:
        """Of `llama_tokenize`, for a library that calls it by itself."""
        return int(ctypes.cast(llama._lib.llama_tokenize, ctypes.c_void_p).value or 0)

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of a token; control tokens are empty unless `special`."""
        return self._piece(token, special)

    def _read_piece(self, token: int, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        n = llama.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, special)
        if n < 0:
            buffer = ctypes.create_string_buffer(-n)
            n = llama.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, special)
        return buffer.raw[:n]

    def is_end(self, token: int) -> bool:
        """Whether `token` ends a generation."""
        return self._is_end(token)

    def ends(self) -> list[int]:
        """All tokens that end a generation."""
        return [token for token in range(self.n_vocab) if llama.llama_vocab_is_eog(self.vocab, token)]

    def is_control(self, token: int) -> bool:
        return bool(llama.llama_vocab_is_control(self.vocab, token))

    @property
    def bos(self) -> int:
        """The begin-of-text token, or -1."""
        return int(llama.llama_vocab_bos(self.vocab))

    @property
    def eos(self) -> int:
        """The token that ends a turn: the end-of-turn token where the chat template has it, else end-of-text, or -1."""
        eot, eos = int(llama.llama_vocab_eot(self.vocab)), int(llama.llama_vocab_eos(self.vocab))
        if eot < 0 or eos < 0:
            return max(eot, eos)
        # Where the file names none, llama.cpp guesses one by its text, and takes SmolLM2's <|endoftext|> for it.
        return eot if self.piece(eot, special=True).decode("utf-8", "replace") in (self.chat_template or "") else eos

    def close(self) -> None:
        llama.llama_model_free(self.model)


def check_magic(path: Path) -> None:
    """Refuse what is plainly no GGUF before llama.cpp sees it. Raises `BaseRefused`."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise BaseRefused(f"{path} cannot be read: {error.strerror}. Check the path given with --base.") from error
    if magic != b"GGUF":
        raise BaseRefused(f"{path} is not a GGUF file (it starts with {magic!r}). Give a .gguf file.")


class Row(NamedTuple):
    """One token of a batch: where it goes, and whether its logits are wanted."""

    token: int
    position: int
    seq_id: int
    output: bool
    embedding: Array | None = None  # instead of the token's own, [n_embd]


@cache
def _repacks_safely() -> bool:
    """Whether llama.cpp may repack weights. For its AMX code it must not: that crashes where many compilers built it.

    See llama.cpp's pull request 26954. Without repacking prompts are read at about half the speed.
    """
    amx = b"AMX_INT8 = 1" in llama.llama_print_system_info()
    if amx:
        log.warning(
            "llama.cpp was built with AMX, whose code can crash: weights are not repacked, which is slower. Build it "
            "anew: CFLAGS=-mno-amx-int8 CXXFLAGS=-mno-amx-int8 pip install --force-reinstall --no-cache-dir "
            "--no-binary llama-cpp-python llama-cpp-python"
        )
    return not amx


HELD = 2048  # tokens: where a sequence of more has gone, the memory of its own cells is given back


class Adapter:
    """A LoRA file loaded beside the base."""

    def __init__(self, base: Base, path: Path) -> None:
        self.handle = _call(llama.llama_adapter_lora_init, base.model, str(path).encode())
        if not self.handle:
            raise EngineFailed(f"llama.cpp refused the adapter {path.name}: {_reason()}")

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
        handle = _call(llama.llama_init_from_model, base.model, params)
        if not handle:
            raise BaseRefused(
                f"no context of {n_cells} tokens with K and V in {kv[0]} and {kv[1]} for {base.path}: {_reason()}. "
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
        result = int(_call(llama.llama_decode, self.handle, self._batch))
        if result != 0:
            why = "no free KV cells" if result == 1 else _reason()
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
        if _call(llama.llama_set_adapters_lora, self.handle, handles, n, scales) != 0:
            raise EngineFailed(f"llama.cpp refused a set of {n} adapters: {_reason()}")

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
        if _call(llama.llama_state_seq_get_data, self.handle, pointer, state.nbytes, seq_id) != state.nbytes:
            raise EngineFailed(f"the KV of sequence {seq_id} cannot be saved: {_reason()}")
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
