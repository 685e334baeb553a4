"""Pools: adapters of zeros in llama.cpp, whose ranks are lent to the experts of running sequences."""

from __future__ import annotations

import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from expertd.engine.context import Adapter, Base
from expertd.engine.counters import Paging
from expertd.engine.scratch import Scratch
from expertd.errors import EngineFailed, HookUnavailable
from expertd.experts.gguf_adapter import write_zeros
from expertd.experts.tensors import Array, Weights

NARROWEST, WIDEST = 8, 256  # ranks
PATIENCE = 64  # steps that a pool stays too wide, and rows that it stays attached, before that is changed

Kind: TypeAlias = tuple[tuple[str, ...], str]  # modules and dtype: experts of one kind share a pool
Ranks: TypeAlias = npt.NDArray[np.intp]


def kind_of(weights: Weights) -> Kind:
    """The modules that an expert changes in any layer, and the type that holds all its values exactly."""
    modules = sorted({name.split(".")[2] for name in weights.modules})
    half = all(m.a.dtype == m.b.dtype == np.float16 for m in weights.modules.values())
    return tuple(modules), "float16" if half else "float32"


def rank_of(weights: Weights) -> int:
    return max(module.rank for module in weights.modules.values())


class Pool:
    """An adapter of `width` ranks, all zero when made, in the host's memory. Not yet set in any context."""

    def __init__(self, base: Base, scratch: Scratch, kind: Kind, width: int) -> None:
        """Raises `EngineFailed`; `HookUnavailable` where its memory cannot be reached."""
        self.width = width
        self._adapter = _load_zeros(base, kind, width)
        self._a: dict[str, Array] = {}  # by tensor name, views of [width, n_in]
        self._b: dict[str, Array] = {}  # views of [n_out, width]
        try:
            self._find(scratch, n_tensors=base.shape.n_layer * len(kind[0]))
        except BaseException:
            self.close()
            raise

    def _find(self, scratch: Scratch, n_tensors: int) -> None:
        addresses = []
        for seen in scratch.weights(self._adapter):
            tensor, lora, side = seen.name.rpartition(".lora_")
            if lora and side == "a":
                addresses.append(seen.address)
                self._a[tensor] = seen.array().reshape(self.width, -1)
            elif lora:
                self._b[tensor] = seen.array().reshape(-1, self.width)
        if not len(self._a) == len(self._b) == n_tensors:
            raise HookUnavailable(f"of a pool's {n_tensors} tensors {len(self._a)} were seen in llama.cpp's graph")
        self.addresses = np.sort(np.array(addresses, np.uint64))
        self.nbytes = sum(array.nbytes for array in (*self._a.values(), *self._b.values()))

    @property
    def adapter(self) -> Adapter:
        return self._adapter

    def write(self, weights: Weights, ranks: Ranks) -> None:
        """Page an expert in. `ranks` are as many as its highest rank."""
        for tensor, b in self._b.items():
            module = weights.modules.get(tensor)
            n = module.rank if module else 0
            if module:
                self._a[tensor][ranks[:n]] = module.a
                b[:, ranks[:n]] = module.b
            b[:, ranks[n:]] = 0

    def clear(self, ranks: Ranks) -> None:
        """Page out: the ranks give nothing any more."""
        for b in self._b.values():
            b[:, ranks] = 0

    def close(self) -> None:
        self._a.clear()
        self._b.clear()
        self._adapter.close()


def _load_zeros(base: Base, kind: Kind, width: int) -> Adapter:
    modules, dtype = kind
    sizes = {
        f"blk.{layer}.{module}.weight": base.shape.sizes(module)
        for layer in range(base.shape.n_layer)
        for module in modules
    }
    try:
        with tempfile.NamedTemporaryFile(prefix="expertd-", suffix=".gguf") as file:
            write_zeros(sizes, width, np.dtype(dtype), base.architecture, Path(file.name))
            return Adapter(base, Path(file.name))
    except OSError as error:
        raise EngineFailed(
            f"a pool cannot be written to {tempfile.gettempdir()}: {error.strerror}. Make room."
        ) from error


@dataclass
class Slot:
    """An expert's place in a pool."""

    weights: Weights | None  # while a running sequence uses it: what is idle must not keep arrays in memory
    ranks: Ranks
    users: int = 0  # running sequences
    written: bool = False


class PoolOfKind:
    """The experts of one kind that run, and the pool that holds them, as wide as they need."""

    def __init__(self, base: Base, scratch: Scratch, kind: Kind, paging: Paging) -> None:
        self._base, self._scratch, self._kind, self._paging = base, scratch, kind, paging
        self.pool: Pool | None = None
        self._retired: list[Pool] = []
        self._slots: OrderedDict[str, Slot] = OrderedDict()  # by content hash, least recently retained first
        self._free: list[int] = []
        self.attached = False
        self._too_wide = 0  # steps
        self.unused_rows = 0  # since a row last used it

    @property
    def modules(self) -> tuple[str, ...]:
        return self._kind[0]

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of it: no pool, and so no expert."""
        return self.pool is None and not self._retired

    @property
    def in_use(self) -> int:
        """Ranks that running sequences need."""
        return sum(len(slot.ranks) for slot in self._slots.values() if slot.users)

    def retain(self, key: str, weights: Weights) -> None:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = Slot(weights, np.empty(0, np.intp))
            try:
                self._place(slot, rank_of(weights))
            except BaseException:
                del self._slots[key]
                raise
        self._slots.move_to_end(key)
        slot.weights = weights
        slot.users += 1

    def release(self, key: str) -> None:
        slot = self._slots[key]
        slot.users -= 1
        if not slot.users:
            slot.weights = None

    def vector(self, scales: Mapping[str, float]) -> npt.NDArray[np.float32]:
        """The mask of one row, [width]."""
        assert self.pool
        mask = np.zeros(self.pool.width, np.float32)
        for key, slot in self._slots.items():
            if key in scales:
                mask[slot.ranks] = scales[key]
        return mask

    def alone(self, scales: Mapping[str, float]) -> bool:
        """Whether all that is written and runs is just these, at full scale: then no mask is needed."""
        return all(
            scales.get(key) == 1 if key in scales else not (slot.users and slot.written)
            for key, slot in self._slots.items()
        )

    def write(self, keys: Iterable[str]) -> bool:
        """Page in those of `keys` that are not; whether there were any."""
        any_written = False
        for key in keys:
            slot = self._slots.get(key)
            if slot and slot.weights and not slot.written and self.pool:
                start = time.perf_counter()
                self.pool.write(slot.weights, slot.ranks)
                slot.written = any_written = True
                self._paging.pages_in += 1
                self._paging.seconds_in += time.perf_counter() - start
        return any_written

    def forget_idle(self) -> None:
        """Page out what no running sequence uses."""
        for key in [key for key, slot in self._slots.items() if not slot.users]:
            self._drop(key)

    @property
    def idle_bytes(self) -> int:
        """What it takes while nobody uses it."""
        return self.pool.nbytes if self.pool and not self.in_use and not self.attached else 0

    def settle(self, *, keep: bool) -> None:
        """Once a step: a pool that is too wide for long is made narrower; an idle one goes unless `keep`."""
        if self.idle_bytes and not keep:
            self._slots.clear()
            self._replace(None)
        if not self.pool or not self.in_use or 2 * _width(self.in_use) > self.pool.width:
            self._too_wide = 0
            return
        self._too_wide += 1
        if self._too_wide > PATIENCE:
            self.forget_idle()
            self._resize(_width(self.in_use))

    def close(self) -> None:
        self._slots.clear()
        self._replace(None)

    def _place(self, slot: Slot, rank: int) -> None:
        """Give it ranks: free ones, else those of idle experts, else a wider pool's."""
        if self.pool is None:
            self._resize(_width(rank))
        while len(self._free) < rank:
            idle = next((key for key, other in self._slots.items() if not other.users and other is not slot), None)
            if idle is None:
                self._resize(_width(self.in_use + rank))
            else:
                self._drop(idle)
        slot.ranks = np.array(sorted(self._free[:rank]), np.intp)
        del self._free[:rank]

    def _drop(self, key: str) -> None:
        slot = self._slots.pop(key)
        if self.pool and slot.written:
            start = time.perf_counter()
            self.pool.clear(slot.ranks)
            self._paging.pages_out += 1
            self._paging.seconds_out += time.perf_counter() - start
        self._free += slot.ranks.tolist()

    def _resize(self, width: int) -> None:
        """Another pool, into which everyone moves: before the next step it is attached, and they are written."""
        start = time.perf_counter()
        self._replace(Pool(self._base, self._scratch, self._kind, width))
        self._free = list(range(width))
        for slot in self._slots.values():
            n = len(slot.ranks)
            slot.ranks, slot.written = np.array(self._free[:n], np.intp), False
            del self._free[:n]
        self._too_wide = 0
        self._paging.seconds_in += time.perf_counter() - start

    def _replace(self, pool: Pool | None) -> None:
        if self.pool:
            self._retired.append(self.pool)
        self.pool = pool

    def close_retired(self) -> None:
        """Free the pools that were replaced. No context may have them set."""
        while self._retired:
            self._retired.pop().close()


def _width(ranks: int) -> int:
    return max(NARROWEST, 1 << (ranks - 1).bit_length()) if ranks else NARROWEST
