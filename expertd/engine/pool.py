"""The pool: wide adapters whose ranks are lent to the experts of running sequences, each row under its own blend."""

from __future__ import annotations

import tempfile
import time
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from expertd.engine.context import Adapter, Base, Context, Row
from expertd.engine.counters import Paging
from expertd.engine.hook import Hook, PoolMask
from expertd.errors import EngineFailed, HookMissed, HookUnavailable
from expertd.experts.blend import Blend
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

    def __init__(self, base: Base, kind: Kind, width: int) -> None:
        """Raises `EngineFailed`; `HookUnavailable` where its memory cannot be reached."""
        self.width = width
        self._adapter = _load_zeros(base, kind, width)
        self._a: dict[str, Array] = {}  # by tensor name, views of [width, n_in]
        self._b: dict[str, Array] = {}  # views of [n_out, width]
        addresses = []
        for name, address, data in _tensors(base, self._adapter):
            tensor, _, side = name.rpartition(".lora_")
            if side == "a":
                addresses.append(address)
                self._a[tensor] = data.reshape(width, -1)
            else:
                self._b[tensor] = data.reshape(-1, width)
        self.addresses = np.sort(np.array(addresses, np.uint64))

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


def _tensors(base: Base, adapter: Adapter) -> list[tuple[str, int, Array]]:
    """Where an adapter's tensors are: llama.cpp shows them to a callback alone, so a small context runs one token."""
    hook = Hook(1)
    context = Context(base, n_cells=32, n_seq=1, n_batch=1, n_threads=1, hook=hook)
    try:
        context.set_adapters([(adapter, 1.0)])
        hook.collect()
        context.decode([Row(0, 0, 0, True)])
        return list(hook.collected())
    finally:
        context.close()


@dataclass
class Slot:
    """An expert's place in a pool."""

    weights: Weights
    ranks: Ranks
    users: int = 0  # running sequences
    written: bool = False


class PoolOfKind:
    """The experts of one kind that run, and the pool that holds them: as wide as they need, none while none runs."""

    def __init__(self, base: Base, kind: Kind, paging: Paging) -> None:
        self._base, self._kind, self._paging = base, kind, paging
        self.pool: Pool | None = None
        self._retired: list[Pool] = []
        self._slots: OrderedDict[str, Slot] = OrderedDict()  # by content hash, least recently retained first
        self._free: list[int] = []
        self.attached = False
        self._too_wide = 0  # steps
        self.unused_rows = 0  # since a row last used it

    @property
    def in_use(self) -> int:
        """Ranks that running sequences need."""
        return sum(len(slot.ranks) for slot in self._slots.values() if slot.users)

    def holds(self, key: str) -> bool:
        """Whether a running sequence has this expert already."""
        return key in self._slots and self._slots[key].users > 0

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
        slot.users += 1

    def release(self, key: str) -> None:
        self._slots[key].users -= 1

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

    def write(self, keys: Iterable[str]) -> None:
        """Page in those of `keys` that are not."""
        for key in keys:
            slot = self._slots.get(key)
            if slot and not slot.written and self.pool:
                start = time.perf_counter()
                self.pool.write(slot.weights, slot.ranks)
                slot.written = True
                self._paging.pages_in += 1
                self._paging.seconds_in += time.perf_counter() - start

    def forget_idle(self) -> None:
        """Page out what no running sequence uses."""
        for key in [key for key, slot in self._slots.items() if not slot.users]:
            self._drop(key)

    def settle(self) -> None:
        """Once a step: a pool that is too wide for long is made narrower."""
        if not self.pool or 2 * _width(self.in_use) > self.pool.width:
            self._too_wide = 0
            return
        self._too_wide += 1
        if self._too_wide > PATIENCE and self.in_use:
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
        self._replace(Pool(self._base, self._kind, width))
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


class PooledBlending:
    """Applies every row's own blend in one batch, by pools and the hook."""

    name = "pool"
    reason = ""

    def __init__(self, base: Base, context: Context) -> None:
        """Raises `HookUnavailable` for a context without a hook."""
        if context.hook is None:
            raise HookUnavailable("the context has no hook")
        self._base, self._context, self._hook = base, context, context.hook
        self._kinds: dict[Kind, PoolOfKind] = {}
        self._kind: dict[str, Kind] = {}  # of each expert retained, by content hash
        self._attached: Mapping[Kind, Pool] = {}
        self.paging = Paging()
        self.widths: Mapping[tuple[str, str], int] = {}

    def has_room(self, blend: Blend, weights: Sequence[Weights]) -> bool:
        """Whether its experts fit the widest pool beside those that run. Alone, any fit."""
        needed: Counter[Kind] = Counter()
        for key, weight in _experts(blend, weights).items():
            kind = kind_of(weight)
            pool = self._kinds.get(kind)
            if not (pool and pool.holds(key)):
                needed[kind] += rank_of(weight)
        for kind, ranks in needed.items():
            used = self._kinds[kind].in_use if kind in self._kinds else 0
            if used and used + ranks > WIDEST:
                return False
        return True

    def retain(self, blend: Blend, weights: Sequence[Weights]) -> None:
        done: list[str] = []
        try:
            for key, weight in _experts(blend, weights).items():
                _check(weight, self._base)
                kind = kind_of(weight)
                pool = self._kinds.setdefault(kind, PoolOfKind(self._base, kind, self.paging))
                pool.retain(key, weight)
                self._kind[key] = kind
                done.append(key)
        except BaseException:
            for key in done:
                self._kinds[self._kind[key]].release(key)
            raise

    def release(self, blend: Blend) -> None:
        for key in _scales(blend):
            self._kinds[self._kind[key]].release(key)

    def choose(self, wanted: Collection[Blend], following: Collection[Blend]) -> Collection[Blend]:
        """All of them: a batch holds any blends."""
        return {*wanted, *following}

    def apply(self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8]) -> None:
        blends, index = _distinct(rows)
        scales = [_scales(blend) for blend in blends]
        used = {key for blend in scales for key in blend}
        for kind, pool in self._kinds.items():
            pool.settle()
            pool.unused_rows += len(rows)
            if any(self._kind[key] == kind for key in used):
                pool.attached, pool.unused_rows = True, 0
            elif pool.unused_rows > PATIENCE:
                pool.attached = False
        attached = [pool for pool in self._kinds.values() if pool.attached and pool.pool]
        self._attach({kind: pool.pool for kind, pool in self._kinds.items() if pool.attached and pool.pool})
        masks = []
        for one in attached:
            assert one.pool
            if len(scales) == 1 and one.alone(scales[0]):
                one.forget_idle()
                one.write(used)
                masks.append(PoolMask(one.pool.addresses, one.pool.width, None, None))
                continue
            one.write(used)
            table = np.stack([one.vector(blend) for blend in scales])
            by_row = table[index]
            masks.append(PoolMask(one.pool.addresses, one.pool.width, by_row, by_row[outputs.astype(bool)]))
        self._hook.prepare(masks, outputs)

    def check(self) -> int:
        masked, expected = self._hook.nodes
        if masked != expected:
            raise HookMissed(f"the hook masked {masked} nodes of a step, and the plan has {expected}")
        return masked

    def close(self) -> None:
        self._context.set_adapters([])
        for pool in self._kinds.values():
            pool.close()
            pool.close_retired()

    def _attach(self, pools: Mapping[Kind, Pool]) -> None:
        if pools != self._attached:
            self._attached = pools
            self._context.set_adapters([(pool.adapter, 1.0) for pool in pools.values()])
            self.widths = {("+".join(modules), dtype): pool.width for (modules, dtype), pool in pools.items()}
        for kind in self._kinds.values():
            kind.close_retired()


def _check(weights: Weights, base: Base) -> None:
    """That it can be written. Raises `EngineFailed`."""
    for name, module in weights.modules.items():
        sizes = module.a.shape[1], module.b.shape[0]
        if sizes != base.shape.sizes(name.split(".")[2]):
            raise EngineFailed(f"{name} of an expert goes from {sizes[0]} to {sizes[1]}, which does not fit the base")


def _experts(blend: Blend, weights: Sequence[Weights]) -> dict[str, Weights]:
    return {part.content_hash: weight for part, weight in zip(blend.parts, weights, strict=True)}


def _scales(blend: Blend) -> dict[str, float]:
    """By content: two names may stand for one."""
    scales: dict[str, float] = {}
    for part in blend.parts:
        scales[part.content_hash] = scales.get(part.content_hash, 0.0) + part.scale
    return scales


def _distinct(rows: Sequence[Blend]) -> tuple[list[Blend], npt.NDArray[np.intp]]:
    """The different blends, and which of them each row has. Compared by identity first: hashing one takes longer."""
    blends: list[Blend] = []
    place: dict[int, int] = {}
    index = np.empty(len(rows), np.intp)
    for i, blend in enumerate(rows):
        at = place.get(id(blend))
        if at is None:
            at = place[id(blend)] = len(blends)
            blends.append(blend)
        index[i] = at
    return blends, index
