"""What answers of any blend are held against: one sequence on a base that has its weights, and nothing of ours."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path

import gguf
import numpy as np
from llama_cpp import llama_cpp as llama

from expertd.engine.base import Base
from expertd.experts.tensors import Array, Weights

Part = tuple[Weights, float, int | None]  # an expert, its scale, and how many tokens of the prompt's end see it

N_CTX = 512
TIE = 1e-4  # of logits: f32 sums of another order differ by a tenth of it


class Tie(Exception):
    """Two tokens are equally likely: which of them comes is up to rounding."""


class Reference:
    """Greedy answers by the plain functions of llama.cpp, without any adapter, cache or second sequence."""

    def __init__(self, base: Path, folder: Path) -> None:
        """`base`: an f32 GGUF. `folder`: where a changed copy goes."""
        self._base, self._merged = base.read_bytes(), folder / "merged.gguf"
        self._tensors = gguf.GGUFReader(base).tensors
        self._answers: dict[object, list[int]] = {}

    def answer(self, prompt: Sequence[int], parts: Sequence[Part], length: int) -> list[int]:
        """At most `length` tokens, fewer where the answer ends. Each is computed once. Raises `Tie`."""
        experts = frozenset((weights.content_hash, scale, offset) for weights, scale, offset in parts)
        key = tuple(prompt), experts, length
        if key not in self._answers:
            self._answers[key] = self._decode(prompt, parts, length)
        return self._answers[key]

    def _decode(self, prompt: Sequence[int], parts: Sequence[Part], length: int) -> list[int]:
        begins = [0 if offset is None else max(0, len(prompt) - offset) for _, _, offset in parts]
        borders = sorted({0, *begins})
        state, tokens = b"", []
        for at, end in zip(borders, [*borders[1:], len(prompt)], strict=True):
            base = self._merge([part for part, begin in zip(parts, begins, strict=True) if begin <= at])
            context = _open(base, state)
            beginning = [weights for (weights, _, _), begin in zip(parts, begins, strict=True) if begin == at]
            for weights in sorted(beginning, key=lambda weights: weights.content_hash):
                if weights.prompt is not None:
                    _feed_rows(context, weights.prompt)
            _feed(context, prompt[at:end])
            if end < len(prompt):
                state = _save(context)
            else:
                tokens = _go_on(base, context, length)
            llama.llama_free(context)
            base.close()
        return tokens

    def _merge(self, parts: Sequence[Part]) -> Base:
        """base + sum of scale x delta."""
        file = bytearray(self._base)
        for tensor in self._tensors:
            factors, inputs, low_rank = 1.0, 1.0, 0.0
            for expert, scale, _ in parts:
                factors += scale * _of(expert.channels, tensor.name)
                inputs += scale * _of(expert.inputs, tensor.name)
                assert not expert.shifts, "this base has no biases"
                if module := expert.modules.get(tensor.name):
                    low_rank += scale * (module.b.astype(np.float64) @ module.a.astype(np.float64))
            if np.ndim(factors) or np.ndim(inputs) or np.ndim(low_rank):
                merged = tensor.data * np.reshape(factors, (-1, 1)) * inputs + low_rank
                file[tensor.data_offset : tensor.data_offset + tensor.n_bytes] = merged.astype(np.float32).tobytes()
        self._merged.write_bytes(file)
        return Base(self._merged)


def _of(vectors: Mapping[str, Array], name: str) -> Array | float:
    return vectors[name].astype(np.float64) if name in vectors else 0.0


def _open(base: Base, state: bytes) -> int:
    """A context that goes on from what another base's context computed."""
    params = llama.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_threads, params.n_threads_batch = N_CTX, N_CTX, N_CTX, 1, 1
    params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
    context = llama.llama_init_from_model(base.model, params)
    if state:
        data = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        assert llama.llama_state_seq_set_data(context, data, len(state), 0) == len(state)
    return context


def _save(context: int) -> bytes:
    data = (ctypes.c_uint8 * llama.llama_state_seq_get_size(context, 0))()
    assert llama.llama_state_seq_get_data(context, data, len(data), 0) == len(data)
    return bytes(data)


def _feed(context: int, tokens: Sequence[int]) -> None:
    array = (llama.llama_token * len(tokens))(*tokens)
    assert llama.llama_decode(context, llama.llama_batch_get_one(array, len(tokens))) == 0


def _feed_rows(context: int, rows: Array) -> None:
    values = np.ascontiguousarray(rows, np.float32)
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    assert llama.llama_decode(context, llama.llama_batch(n_tokens=len(values), embd=pointer)) == 0


def _go_on(base: Base, context: int, length: int) -> list[int]:
    tokens: list[int] = []
    while True:
        logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, -1), (base.n_vocab,))
        token = int(logits.argmax())
        if len(tokens) == length or llama.llama_vocab_is_eog(base.vocab, token):
            return tokens
        if np.sort(logits)[-2] > logits[token] - TIE:
            raise Tie
        tokens.append(token)
        _feed(context, [token])
