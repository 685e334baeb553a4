"""The tensors of an expert in memory, and what a base demands of them."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

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
class Int8:
    """A matrix in 8 bits, rank by rank: row i is `scales[i]` times `values[i]`."""

    values: npt.NDArray[np.int8]  # [rank, n]
    scales: npt.NDArray[np.float32]  # [rank]

    def halves(self) -> npt.NDArray[np.float16]:
        """What it stands for, [rank, n]; infinite beyond f16."""
        with np.errstate(over="ignore", invalid="ignore"):
            return (self.values * self.scales[:, None]).astype(np.float16)

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.scales.nbytes


@dataclass(frozen=True, eq=False)
class Int8LowRank:
    """A `LowRank` in 8 bits: `a` and the transposed `b`, with the adapter's own scaling in its scales."""

    a: Int8  # [rank, n_in]
    b: Int8  # [rank, n_out]

    def halves(self) -> LowRank:
        return LowRank(self.a.halves(), self.b.halves().T)


class Quantized:
    """An expert in 8 bits. Its f16 arrays live as long as somebody holds them, and are made again when asked for.

    It belongs to the `Weights` that `freeze` hashed: both have one content, whichever of the two a file holds.
    """

    def __init__(self, modules: Mapping[str, Int8LowRank]) -> None:
        self._modules = modules
        self._invocation: tuple[int, ...] = ()
        self._ready: weakref.ref[Weights] | None = None
        self.content_hash = ""
        self.nbytes_unused = sum(module.a.nbytes + module.b.nbytes for module in modules.values())

    def belongs_to(self, weights: Weights) -> None:
        self.content_hash, self._invocation = weights.content_hash, weights.invocation
        self._ready = weakref.ref(weights)

    @property
    def nbytes(self) -> int:
        """Of the 8 bits, and of the f16 arrays as long as somebody holds these."""
        ready = self.ready
        return self.nbytes_unused + (ready.nbytes if ready else 0)

    @property
    def ready(self) -> Weights | None:
        """What the engine applies, if it is there."""
        return self._ready() if self._ready else None

    def arrays(self) -> Weights:
        """What the engine applies, made where it is not there: tens of milliseconds, so not for the decoding thread."""
        weights = self.ready
        if weights is None:
            modules = {name: module.halves() for name, module in self._modules.items()}
            weights = Weights(MappingProxyType(modules), self.content_hash, invocation=self._invocation, quantized=self)
            for _, array in _arrays(weights):
                array.setflags(write=False)
            self._ready = weakref.ref(weights)
        return weights


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
    quantized: Quantized | None = None  # what the low-rank part was made from

    @property
    def kept(self) -> Kept:
        """What is kept of it while nobody uses it."""
        return self.quantized or self

    @property
    def ready(self) -> Weights:
        return self

    def arrays(self) -> Weights:
        return self

    @property
    def nbytes_unused(self) -> int:
        return self.nbytes

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


Kept: TypeAlias = Weights | Quantized


def freeze(weights: Weights, *, activation: str, offset: int) -> Weights:
    """`weights` with read-only arrays, hashed over everything that decides what the expert computes."""
    invoked = f" {weights.invocation}" if weights.invocation else ""
    digest = hashlib.sha256(f"{activation} {offset}{invoked}".encode())
    for name, array in _arrays(weights):
        array.setflags(write=False)
        digest.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    maps: dict[str, Any] = {name: MappingProxyType(dict(getattr(weights, name))) for name in ("modules", *_MAPS)}
    frozen = replace(weights, content_hash=digest.hexdigest(), **maps)
    if frozen.quantized:
        frozen.quantized.belongs_to(frozen)
    return frozen


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
