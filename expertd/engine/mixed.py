"""The mixed way: every row of a batch under its own blend, whose experts the hook reads where they lie in memory."""

from __future__ import annotations

import operator
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from expertd.engine.base import Base
from expertd.engine.carrier import load_carrier
from expertd.engine.context import Adapter, Context
from expertd.engine.counters import Paging
from expertd.engine.hook import CHANNELS, LOW_RANK, N_KINDS, TABLE, Channels, HookBlend
from expertd.errors import EngineFailed, HookMissed, HookUnavailable
from expertd.experts.blend import Blend
from expertd.experts.tensors import MAX_RANK, MODULES, Array, BaseShape, Weights

Table: TypeAlias = npt.NDArray[Any]  # of `TABLE`, [modules]


class MixedBlending:
    """Applies every row's own blend in one batch."""

    name = "mixed"
    reason = ""

    def __init__(self, base: Base, context: Context) -> None:
        """Raises `HookUnavailable` for a context without a hook."""
        if context.hook is None:
            raise HookUnavailable("the context has no hook")
        self._base, self._shape, self._context, self._hook = base, base.shape, context, context.hook
        self._hook.describe(self._shape.n_layer, [self._shape.sizes(module) for module in MODULES])
        self._carrier: Adapter | None = None
        self._carried: frozenset[str] = frozenset()  # the modules that it is for
        self.paging = Paging()
        self._tables: WeakKeyDictionary[Weights, _Expert] = WeakKeyDictionary()
        self._running: dict[str, Weights] = {}  # by content hash
        self._users: Counter[str] = Counter()  # running sequences of each
        self._blends: dict[Blend, HookBlend] = {}  # of these experts
        self._batch = _Batch([], np.zeros(0, np.uint8))  # the last one

    def retain(self, blend: Blend, weights: Sequence[Weights]) -> None:
        experts = {part.content_hash: weight for part, weight in zip(blend.parts, weights, strict=True)}
        for weight in experts.values():
            if weight not in self._tables:
                start = time.perf_counter()
                self._tables[weight] = _Expert(weight, self._shape)
                self.paging.pages_in += 1
                self.paging.seconds_in += time.perf_counter() - start
        self._carry(frozenset(module for weight in experts.values() for module in self._tables[weight].modules))
        self._users.update(experts.keys())
        for key, weight in experts.items():
            self._running.setdefault(key, weight)

    def release(self, blend: Blend) -> None:
        for key in {part.content_hash for part in blend.parts}:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._running[key]
        # Who holds a blend's arrays may let go of them now, and the blend's scales may never be asked for again.
        self._blends.clear()
        self._batch.planned = False

    def choose(self, wanted: Collection[Blend], following: Collection[Blend]) -> Collection[Blend]:
        """All of them: a batch holds any blends."""
        return {*wanted, *following}

    def apply(
        self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8], embeddings: Sequence[Array | None] | None = None
    ) -> None:
        batch = self._batch
        if not batch.equals(rows, outputs):
            batch = self._batch = _Batch(rows, outputs)
        if batch.planned and not embeddings:
            return self._hook.rewind()  # the plan of the last step holds for this one
        self._hook.prepare(outputs, [self._hook_blend(blend) for blend in batch.blends], batch.index)
        if embeddings:
            self._hook.embeddings(embeddings)
        batch.planned = not embeddings
        return None

    def check(self) -> int:
        changed, expected = self._hook.nodes
        if changed != expected:
            raise HookMissed(f"the hook changed {changed} nodes of a step, and the plan has {expected}")
        return changed

    def _carry(self, needed: frozenset[str]) -> None:
        """Have these modules carried. Those that others needed stay, for a hundredth of a token's time."""
        if needed <= self._carried:
            return
        carrier = load_carrier(self._base, needed | self._carried)
        self._context.set_adapters([(carrier, 1.0)])
        if self._carrier:
            self._carrier.close()
        self._carrier, self._carried = carrier, needed | self._carried

    def close(self) -> None:
        self._context.set_adapters([])
        self._hook.prepare(np.zeros(0, np.uint8))  # whoever decodes next must not find this one's plan
        self._hook.describe(0, [(0, 0)] * N_KINDS)  # an adapter of one rank that comes next is no carrier
        if self._carrier:
            self._carrier.close()

    def _hook_blend(self, blend: Blend) -> HookBlend:
        made = self._blends.get(blend)
        if made is None:
            made = self._blends[blend] = self._make_blend(_scales(blend))
        return made

    def _make_blend(self, scales: Mapping[str, float]) -> HookBlend:
        experts = {key: self._tables[self._running[key]] for key in scales}
        parts = [(experts[key].table, scale) for key, scale in scales.items() if experts[key].is_low_rank]
        does = np.zeros(self._shape.n_layer * N_KINDS, np.uint8)
        for expert in experts.values():
            does |= expert.does
        beyond = {key: scale for key, scale in scales.items() if self._running[key].beyond_lora}
        return HookBlend(parts, self._channels(beyond) if beyond else None, does)

    def _channels(self, scales: Mapping[str, float]) -> Channels:
        starts = _channel_starts(self._shape)
        factors, shifts = np.ones(starts[-1], np.float32), np.zeros(starts[-1], np.float32)
        inputs = np.ones((self._shape.n_layer, self._shape.n_ff), np.float32)
        for key, scale in scales.items():
            weights = self._running[key]
            for target, changes in ((factors, weights.channels), (shifts, weights.shifts)):
                for name, change in changes.items():
                    number = module_number(name)
                    target[starts[number] : starts[number + 1]] += scale * change
            for name, change in weights.inputs.items():
                inputs[int(name.split(".")[1])] += scale * change
        has_inputs = any(self._running[key].inputs for key in scales)
        return Channels(factors, shifts, inputs if has_inputs else None)


def module_number(name: str) -> int:
    """Of a weight, such as "blk.0.attn_q.weight"."""
    _, layer, module, _ = name.split(".")
    return int(layer) * N_KINDS + MODULES.index(module)


def _channel_starts(shape: BaseShape) -> npt.NDArray[np.intp]:
    """Where each module's channels begin, by its number, and where the last one's end."""
    widths = [shape.sizes(module)[1] for module in MODULES]
    return np.cumsum([0, *(widths * shape.n_layer)])


class _Expert:
    """Where the hook finds an expert's arrays: kept as long as these are in memory, for all requests that use them."""

    def __init__(self, weights: Weights, shape: BaseShape) -> None:
        """Raises `EngineFailed` where it does not fit the base."""
        n = shape.n_layer * N_KINDS
        self.table: Table = np.zeros(n, TABLE)
        self.does = np.zeros(n, np.uint8)
        self.modules = {name.split(".")[2] for name in (*weights.modules, *weights.channels, *weights.shifts)}
        for name, module in weights.modules.items():
            if (module.a.shape[1], module.b.shape[0]) != shape.sizes(name.split(".")[2]):
                raise EngineFailed(
                    f"{name} of an expert goes from {module.a.shape[1]} to {module.b.shape[0]}, which does not fit "
                    "the base"
                )
            if module.rank > MAX_RANK:  # hook.c would write beyond its tile
                raise EngineFailed(f"{name} of an expert has rank {module.rank}, and at most {MAX_RANK} is served")
            halves = (module.a.dtype == np.float16) + 2 * (module.b.dtype == np.float16)
            number = module_number(name)
            self.table[number] = (_address(module.a), _address(module.b), module.rank, halves)
            self.does[number] |= LOW_RANK
        for name in (*weights.channels, *weights.shifts):
            self.does[module_number(name)] |= CHANNELS

    @property
    def is_low_rank(self) -> bool:
        return bool((self.does & LOW_RANK).any())


def _address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])  # `array.ctypes` takes ten times as long


def _scales(blend: Blend) -> dict[str, float]:
    """By content: two names may stand for one."""
    scales: dict[str, float] = {}
    for part in blend.parts:
        scales[part.content_hash] = scales.get(part.content_hash, 0.0) + part.scale
    return scales


class _Batch:
    """The blends of a batch's rows. Compared by identity, since hashing a blend takes too long."""

    def __init__(self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8]) -> None:
        self._rows, self._outputs = list(rows), outputs.tobytes()
        self.planned = False  # whether the hook's plan is this batch's
        found = {id(blend): blend for blend in rows}
        place = {key: i for i, key in enumerate(found)}
        self.blends = list(found.values())  # the different ones
        self.index = np.array([place[id(blend)] for blend in rows], np.int32)  # [rows]

    def equals(self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8]) -> bool:
        same = len(rows) == len(self._rows) and all(map(operator.is_, rows, self._rows))
        return same and outputs.tobytes() == self._outputs
