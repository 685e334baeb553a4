"""The pooled way: every row of a batch under its own blend, by pools, the hook, and what experts do beside LoRA."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from expertd.engine.context import Base, Context
from expertd.engine.counters import Paging
from expertd.engine.hook import MAX_BLENDS, MAX_POOLS, Channels, PoolMask, Sites
from expertd.engine.pool import PATIENCE, WIDEST, Kind, Pool, PoolOfKind, kind_of, rank_of
from expertd.engine.scratch import Scratch
from expertd.errors import EngineFailed, HookMissed, HookUnavailable
from expertd.experts.blend import Blend
from expertd.experts.tensors import MODULES, Array, Weights

T = TypeVar("T")
IDLE_BYTES = 32 << 20  # of pools that nobody uses, the last used ones: to make one again takes as long as two tokens


class PooledBlending:
    """Applies every row's own blend in one batch."""

    name = "pool"
    reason = ""

    def __init__(self, base: Base, context: Context) -> None:
        """Raises `HookUnavailable` for a context without a hook."""
        if context.hook is None:
            raise HookUnavailable("the context has no hook")
        self._base, self._context, self._hook = base, context, context.hook
        self._scratch = Scratch(base)
        self._kinds: dict[Kind, PoolOfKind] = {}
        self._kind: dict[str, Kind] = {}  # of each running expert that has LoRA, by content hash
        self._attached: Mapping[Kind, Pool] = {}
        self.paging = Paging()
        self.widths: Mapping[tuple[str, str], int] = {}
        self._sites: Sites | None = None  # found when first needed
        self._beyond_lora: dict[str, Weights] = {}  # the running experts that do more, or other, than LoRA
        self._channels: dict[Blend, Channels] = {}  # of blends of these
        self._users: Counter[str] = Counter()  # running sequences of each expert
        self._running: Counter[Blend] = Counter()  # and of each blend
        self._batch = _Batch([], np.zeros(0, np.uint8))  # the last one

    def has_room(self, blend: Blend, weights: Sequence[Weights]) -> bool:
        """Whether its experts fit the widest pool and the hook's tables beside those that run. Alone, any fit."""
        needed: Counter[Kind] = Counter()
        for key, weight in _experts(blend, weights).items():
            if weight.modules and key not in self._kind:
                needed[kind_of(weight)] += rank_of(weight)
        used = {kind: self._kinds[kind].in_use for kind in self._kind.values()}
        if any(kind in used and used[kind] + ranks > WIDEST for kind, ranks in needed.items()):
            return False
        if used and len({*used, *needed}) > MAX_POOLS:
            return False
        return not self._running or self._channel_sets(blend, weights) <= MAX_BLENDS

    def retain(self, blend: Blend, weights: Sequence[Weights]) -> None:
        experts = _experts(blend, weights)
        done: list[str] = []
        try:
            for key, weight in experts.items():
                _check(weight, self._base)
                if weight.beyond_lora:
                    self._sites = self._sites or _find_sites(self._base, self._scratch)
                if weight.modules:
                    kind = kind_of(weight)
                    pool = self._kinds.setdefault(kind, PoolOfKind(self._base, self._scratch, kind, self.paging))
                    pool.retain(key, weight)
                    self._kind[key] = kind
                    done.append(key)
        except BaseException:
            for key in done:
                self._kinds[self._kind[key]].release(key)
                if key not in self._users:
                    del self._kind[key]
            raise
        self._beyond_lora.update({key: weight for key, weight in experts.items() if weight.beyond_lora})
        self._users.update(experts.keys())
        self._running[blend] += 1

    def release(self, blend: Blend) -> None:
        self._running[blend] -= 1
        if not self._running[blend]:
            del self._running[blend]
            if any(part.content_hash in self._beyond_lora for part in blend.parts):
                self._channels.clear()  # those of its scales may never be asked for again
        for key in _scales(blend):
            if key in self._kind:
                self._kinds[self._kind[key]].release(key)
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key]
                self._kind.pop(key, None)
                if self._beyond_lora.pop(key, None):
                    self._channels.clear()

    def choose(self, wanted: Collection[Blend], following: Collection[Blend]) -> Collection[Blend]:
        """All of them: a batch holds any blends."""
        return {*wanted, *following}

    def apply(
        self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8], embeddings: Sequence[Array | None] | None = None
    ) -> None:
        batch = self._batch
        if not batch.equals(rows, outputs):
            batch = self._batch = _Batch(rows, outputs)
        moved = self._attach(batch.used, len(rows))
        if batch.planned and not moved and not embeddings:
            return self._hook.rewind()  # the plan of the last step holds for this one
        index, by_output = batch.index, outputs.astype(bool)
        masks = [self._mask(pool, batch.scales, index, by_output) for pool in self._kinds.values() if pool.attached]
        self._hook.prepare(outputs, masks)
        channels = [self._channels_of(blend) for blend in batch.blends] if self._beyond_lora else []
        if self._sites and any(channels):
            channels, which = _distinct(channels)  # most blends change nothing beside LoRA: these are one
            self._hook.channels(self._sites, channels, which[index], which[index[by_output]])
        if embeddings:
            self._hook.embeddings(embeddings)
        batch.planned = not embeddings
        return None

    def check(self) -> int:
        changed, expected = self._hook.nodes
        if changed != expected:
            raise HookMissed(f"the hook changed {changed} nodes of a step, and the plan has {expected}")
        return changed

    def close(self) -> None:
        self._context.set_adapters([])
        self._hook.prepare(np.zeros(0, np.uint8), [])  # whoever decodes next must not find this one's plan
        for pool in self._kinds.values():
            pool.close()
            pool.close_retired()
        self._scratch.close()

    def _attach(self, used: Collection[str], rows: int) -> bool:
        """Set the pools that the batch uses, and those that one used not long ago: a change costs a few steps.

        Whether anything in or of a pool changed.
        """
        idle = 0
        for kind, pool in sorted(self._kinds.items(), key=lambda item: item[1].unused_rows):
            idle += pool.idle_bytes
            pool.settle(keep=idle <= IDLE_BYTES)
            pool.unused_rows += rows
            if any(self._kind.get(key) == kind for key in used):
                pool.attached, pool.unused_rows = True, 0
            elif pool.unused_rows > PATIENCE:
                pool.attached = False
        attached = sorted((pool for pool in self._kinds.values() if pool.attached), key=lambda pool: pool.unused_rows)
        for pool in attached[MAX_POOLS:]:  # the batch itself uses no more than that: see `has_room`
            pool.attached = False
        pools = {kind: pool.pool for kind, pool in self._kinds.items() if pool.attached and pool.pool}
        moved = pools != self._attached
        if moved:
            self._attached = pools
            self._context.set_adapters([(pool.adapter, 1.0) for pool in pools.values()])
            self.widths = {("+".join(modules), dtype): pool.width for (modules, dtype), pool in pools.items()}
        for pool in self._kinds.values():
            pool.close_retired()
            moved |= pool.write(used)
        self._kinds = {kind: pool for kind, pool in self._kinds.items() if not pool.is_gone}
        return moved

    def _mask(
        self,
        pool: PoolOfKind,
        scales: Sequence[Mapping[str, float]],
        index: npt.NDArray[np.int32],
        outputs: npt.NDArray[np.bool_],
    ) -> PoolMask:
        assert pool.pool
        rows = by_output = None
        if len(scales) == 1 and pool.alone(scales[0]):
            pool.forget_idle()
        else:
            rows = np.stack([pool.vector(blend) for blend in scales])[index]
            by_output = rows[outputs]
        return PoolMask(pool.pool.addresses, pool.pool.width, rows, by_output, "ffn_down" in pool.modules)

    def _channel_sets(self, blend: Blend, weights: Sequence[Weights]) -> int:
        """How many `Channels` a step has at most if `blend` runs too, with the one of all that is LoRA alone."""
        beyond = {key for key, weight in _experts(blend, weights).items() if weight.beyond_lora} | {*self._beyond_lora}
        blends = self._running if blend in self._running else (*self._running, blend)
        # A sequence's experts become active one offset after another.
        return 1 + sum(
            len({part.offset for part in one.parts})
            for one in blends
            if any(part.content_hash in beyond for part in one.parts)
        )

    def _channels_of(self, blend: Blend) -> Channels | None:
        if blend in self._channels:
            return self._channels[blend]
        changed = {key: scale for key, scale in _scales(blend).items() if key in self._beyond_lora}
        if not changed or not self._sites:
            return None
        made = self._channels[blend] = self._make_channels(self._sites, changed)
        return made

    def _make_channels(self, sites: Sites, scales: Mapping[str, float]) -> Channels:
        shape = self._base.shape
        touched = np.zeros(len(sites.names), np.uint8)
        factors = np.ones(sites.n_channels, np.float32)
        shifts = np.zeros(sites.n_channels, np.float32)
        inputs = np.ones((shape.n_layer, shape.n_ff), np.float32)
        for key, scale in scales.items():
            weight = self._beyond_lora[key]
            for name, change in weight.channels.items():
                factors[sites.slices[name]] += scale * change
                touched[sites.index[name]] = 1
            for name, change in weight.shifts.items():
                shifts[sites.slices[name]] += scale * change
            for name, change in weight.inputs.items():
                inputs[int(name.split(".")[1])] += scale * change
        has_inputs = any(self._beyond_lora[key].inputs for key in scales)
        return Channels(touched, factors, shifts, inputs if has_inputs else None)


def _find_sites(base: Base, scratch: Scratch) -> Sites:
    names = {f"blk.{layer}.{module}.weight": module for layer in range(base.shape.n_layer) for module in MODULES}
    found = {seen.name: seen.address for seen in scratch.weights() if seen.name in names}
    if missing := sorted(set(names) - set(found)):
        raise EngineFailed(f"the base multiplies with no {missing[0]}: this expert cannot be applied to it")
    return Sites(found, {name: base.shape.sizes(names[name])[1] for name in found})


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


def _distinct(items: Sequence[T]) -> tuple[list[T], npt.NDArray[np.int32]]:
    """The different ones of `items`, and which of them each is: by identity, since hashing a blend takes too long."""
    found = {id(item): item for item in items}
    place = {key: i for i, key in enumerate(found)}
    return list(found.values()), np.array([place[id(item)] for item in items], np.int32)


class _Batch:
    """The blends of a batch's rows. Compared by identity."""

    def __init__(self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8]) -> None:
        self._rows, self._outputs = list(rows), outputs
        self.planned = False  # whether the hook's plan is this batch's
        self.blends, self.index = _distinct(rows)  # [different ones], [rows]
        self.scales = [_scales(blend) for blend in self.blends]
        self.used = {key for scales in self.scales for key in scales}

    def equals(self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8]) -> bool:
        same = len(rows) == len(self._rows) and all(map(operator.is_, rows, self._rows))
        return same and bool((outputs == self._outputs).all())
