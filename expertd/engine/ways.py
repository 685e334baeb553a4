"""Which way of applying blends serves: the mixed one where a self-test proves it on this base, else the plain one."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from expertd.engine.base import Base
from expertd.engine.blending import Blending
from expertd.engine.context import Adapter, Context, KvType, Row
from expertd.engine.hook import Hook
from expertd.engine.mixed import MixedBlending
from expertd.engine.plain import PlainBlending
from expertd.errors import ExpertdError, HookUnavailable
from expertd.experts.blend import BASE, Blend, Part
from expertd.experts.gguf_adapter import write_gguf
from expertd.experts.tensors import MODULES, LowRank, Weights, freeze

MakeContext: TypeAlias = Callable[[Hook | None], Context]
Logits = npt.NDArray[np.float32]  # [rows with output, n_vocab]

log = logging.getLogger(__name__)

# Each is held against PEFT in torch by the tests.
ARCHITECTURES = frozenset({"llama", "qwen2", "qwen3", "gemma"})
SCALES = (1.0, 0.5)  # of the toy expert in the rows of the self-test


def open_hook(n_ubatch: int) -> Hook | None:
    """None where it cannot be built: `why_plain` says why."""
    try:
        return Hook(n_ubatch)
    except HookUnavailable:
        return None


def why_plain(
    base: Base, *, flash: bool = False, unified: bool = False, kv: tuple[KvType, KvType] = ("f16", "f16")
) -> str:
    """Why the mixed way cannot be used on this base, for people; "" where a self-test proves that it can.

    `flash`, `unified` and `kv` are those of the context that will serve.
    """

    def make(hook: Hook | None) -> Context:
        n = len(_ROWS)
        sizes = {"n_cells": 32, "n_seq": n, "n_batch": n, "n_threads": 1}
        return Context(base, **sizes, flash=flash, unified=unified, kv=kv, hook=hook)

    try:
        _check_base(base)
        _prove(base, make)
        return ""
    except HookUnavailable as error:
        return error.message
    except ExpertdError as error:
        log.warning("the self-test of the mixed way could not be run: %s", error.message)
        return f"the self-test could not be run: {error.message}"


def open_blending(base: Base, context: Context, reason: str) -> Blending:
    """The mixed way, or the plain one where there is a `reason` for it."""
    return PlainBlending(base, context, reason) if reason else MixedBlending(base, context)


def _check_base(base: Base) -> None:
    """Raises `HookUnavailable` for what the tests do not hold against a reference."""
    if base.architecture not in ARCHITECTURES:
        raise HookUnavailable(f"{base.architecture} is none of {', '.join(sorted(ARCHITECTURES))}")
    if base.number("expert_count"):
        raise HookUnavailable("the base is a mixture of experts")
    if not base.cuttable:
        raise HookUnavailable("the base has a sliding window or a recurrent state")


def _prove(base: Base, make: MakeContext) -> None:
    """One batch of base, expert, and expert at half scale, by the mixed way and by llama.cpp itself.

    Raises `HookUnavailable` where a row differs by more than rounding.
    """
    toy = _toy(base)
    plain = _plain_logits(base, toy, make)
    wanted = np.stack([logits[i] for i, logits in enumerate(plain)])
    effect = np.abs(plain[1] - plain[0]).max()
    difference = np.abs(_mixed_logits(base, toy, make) - wanted).max()
    if not difference < 0.05 * effect:  # not: a NaN fails too
        raise HookUnavailable(
            f"in the self-test the logits are {difference:.3g} off, and the expert moves them by {effect:.3g}"
        )


def _toy(base: Base) -> Weights:
    random = np.random.default_rng(0)

    def normal(*size: int) -> npt.NDArray[np.float16]:
        return (random.standard_normal(size, np.float32) * 0.05).astype(np.float16)

    modules = {}
    for layer in {0, base.shape.n_layer - 1}:  # the last one sees the output rows alone
        for module in MODULES:
            n_in, n_out = base.shape.sizes(module)
            modules[f"blk.{layer}.{module}.weight"] = LowRank(normal(4, n_in), normal(n_out, 4))
    return freeze(Weights(modules), activation="always", offset=0)


# A row more than there are outputs: the last layer's mask must not be the first ones'.
_ROWS = [Row(i, 0, i, True) for i in range(len(SCALES) + 1)] + [Row(0, 0, len(SCALES) + 1, False)]


def _logits(context: Context) -> Logits:
    context.decode(_ROWS)
    logits = np.stack([context.logits(i).copy() for i in range(len(SCALES) + 1)])
    for row in _ROWS:
        context.remove_sequence(row.seq_id)
    return logits


def _plain_logits(base: Base, toy: Weights, make: MakeContext) -> list[Logits]:
    """Of the whole batch without the toy, then at each of `SCALES`."""
    context = make(None)
    try:
        with tempfile.NamedTemporaryFile(prefix="expertd-", suffix=".gguf") as file:
            # llama.cpp rounds what an f16 adapter multiplies to f16, and the hook does not: so the same values in f32.
            full = {name: LowRank(m.a.astype(np.float32), m.b.astype(np.float32)) for name, m in toy.modules.items()}
            write_gguf(Weights(full), base.architecture, Path(file.name))
            adapter = Adapter(base, Path(file.name))
        logits = []
        for scale in (0.0, *SCALES):
            context.set_adapters([(adapter, scale)] if scale else [])
            logits.append(_logits(context))
        context.set_adapters([])
        adapter.close()
        return logits
    finally:
        context.close()


def _mixed_logits(base: Base, toy: Weights, make: MakeContext) -> Logits:
    context = make(Hook(len(_ROWS)))
    way = MixedBlending(base, context)
    try:
        blends = [Blend((Part("toy", toy.content_hash, scale),)) for scale in SCALES]
        for blend in blends:
            way.retain(blend, [toy])
        rows = [BASE, *blends, blends[0]]
        way.apply(rows, np.array([row.output for row in _ROWS], np.uint8))
        logits = _logits(context)
        way.check()
        return logits
    finally:
        way.close()
        context.close()
