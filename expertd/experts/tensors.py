"""The tensors of an expert in memory, and what a base demands of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from expertd.errors import ExpertRefused

MAX_RANK = 256
MODULES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")

_MAPS = ("channels", "shifts", "inputs")

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class BaseShape:
    """What binds an expert to a base, beside the tensors' names."""

    architecture: str
    n_embd: int
    n_layer: int
    n_head: int
    n_head_kv: int
    n_ff: int
    head_dim: int
    tokenizer: str = ""

    def sizes(self, module: str) -> tuple[int, int]:
        """(n_in, n_out) of a module of `MODULES`."""
        q, kv = self.n_head * self.head_dim, self.n_head_kv * self.head_dim
        return {
            "attn_q": (self.n_embd, q),
            "attn_k": (self.n_embd, kv),
            "attn_v": (self.n_embd, kv),
            "attn_output": (q, self.n_embd),
            "ffn_gate": (self.n_embd, self.n_ff),
            "ffn_up": (self.n_embd, self.n_ff),
            "ffn_down": (self.n_ff, self.n_embd),
        }[module]

    @property
    def max_file_bytes(self) -> int:
        """More than any adapter file for this base holds: every module at the highest rank in f32, and a header."""
        return 4 * MAX_RANK * self.n_layer * sum(sum(self.sizes(module)) for module in MODULES) + (16 << 20)


@dataclass(frozen=True, eq=False)
class LowRank:
    """delta W = b @ a. `a` is [rank, n_in], `b` is [n_out, rank] with the adapter's own scaling in it; f16 or f32.

    Both are held rank by rank, as the engine reads them: `a` in C's order, `b` in Fortran's.
    """

    a: Array
    b: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", np.ascontiguousarray(self.a))
        object.__setattr__(self, "b", np.asfortranarray(self.b))

    @property
    def rank(self) -> int:
        return int(self.a.shape[0])


@dataclass(frozen=True, eq=False)
class Weights:
    """A checked expert. Maps are keyed by GGUF tensor names ("blk.0.attn_q.weight"), rows are in GGUF's order.

    Beside the low-rank part, W x of a module gets `channels` * W x + `shifts` more (DoRA, IA3), W of ffn_down sees
    `inputs` * x more (IA3), and the rows of `prompt` stand where the expert becomes active (soft prompts).
    """

    modules: Mapping[str, LowRank]
    content_hash: str = ""
    channels: Mapping[str, Array] = field(default_factory=dict)  # [n_out], f32
    shifts: Mapping[str, Array] = field(default_factory=dict)  # [n_out], f32
    inputs: Mapping[str, Array] = field(default_factory=dict)  # [n_in], f32
    prompt: Array | None = None  # [tokens, n_embd], f32
    invocation: tuple[int, ...] = ()  # active from these tokens on (aLoRA), whatever its manifest says of activation

    @property
    def is_lora(self) -> bool:
        """Whether it is a LoRA and nothing more, which llama.cpp applies by itself."""
        return not self.beyond_lora and self.prompt is None

    @property
    def beyond_lora(self) -> bool:
        """Whether it changes what the base's modules do beside the low-rank part."""
        return bool(self.channels or self.shifts or self.inputs)

    @cached_property
    def nbytes(self) -> int:
        return sum(array.nbytes for _, array in _arrays(self))


def freeze(weights: Weights, *, activation: str, offset: int) -> Weights:
    """`weights` with read-only arrays, hashed over everything that decides what the expert computes."""
    invoked = f" {weights.invocation}" if weights.invocation else ""
    digest = hashlib.sha256(f"{activation} {offset}{invoked}".encode())
    for name, array in _arrays(weights):
        array.setflags(write=False)
        digest.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    maps: dict[str, Any] = {name: MappingProxyType(dict(getattr(weights, name))) for name in ("modules", *_MAPS)}
    return replace(weights, content_hash=digest.hexdigest(), **maps)


def _arrays(weights: Weights) -> Iterator[tuple[str, Array]]:
    for name, module in sorted(weights.modules.items()):
        yield f"{name} a", module.a
        yield f"{name} b", module.b
    for kind in _MAPS:
        for name, array in sorted(getattr(weights, kind).items()):
            yield f"{name} {kind}", array
    if weights.prompt is not None:
        yield "prompt", weights.prompt


def low_rank(file: Path, name: str, a: Array, b: Array, scaling: float, sizes: tuple[int, int]) -> LowRank:
    """One checked module with `scaling` in its `b`. Raises `ExpertRefused`; `name` is the tensor's name in `file`."""
    n_in, n_out = sizes
    if a.ndim != 2 or b.ndim != 2 or a.shape[0] != b.shape[1]:
        raise ExpertRefused(
            f"{file}: {name} has A {a.shape} and B {b.shape}, which do not fit. Save the adapter again."
        )
    rank = a.shape[0]
    if not 1 <= rank <= MAX_RANK:
        raise ExpertRefused(f"{file}: {name} has rank {rank}, and 1 to {MAX_RANK} is served. Train with a lower rank.")
    if (a.shape[1], b.shape[0]) != (n_in, n_out):
        raise ExpertRefused(
            f"{file}: {name} goes from {a.shape[1]} to {b.shape[0]}, and the base from {n_in} to {n_out}. "
            "The adapter belongs to another base: serve that one, or train anew."
        )
    b = _scaled(b, scaling)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ExpertRefused(
            f"{file}: {name} has values that are NaN or infinite. Train anew, with a lower learning rate."
        )
    return LowRank(a, b)


def _scaled(b: Array, scaling: float) -> Array:
    """`b` times `scaling`: still f16 where that is exact (the common power of two), else f32."""
    with np.errstate(over="ignore", invalid="ignore"):
        exact: Array = b.astype(np.float32) * np.float32(scaling)
        half = exact.astype(np.float16)
    return half if b.dtype == np.float16 and bool((half == exact).all()) else exact
