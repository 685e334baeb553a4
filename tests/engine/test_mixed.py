"""Many experts in one batch: wide ones, many kinds, blends, refusals, and the way back to the plain one."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from expertd.engine.context import Adapter
from expertd.engine.mixed import MixedBlending
from expertd.errors import EngineFailed
from expertd.experts.blend import Blend, Part
from expertd.experts.gguf_adapter import write_gguf
from expertd.experts.tensors import MODULES, LowRank, Weights, freeze
from tests.engine.harness import ask, engine, greedy, idle, random_weights, request

pytestmark = pytest.mark.way("mixed")
N = 16


def test_wide_experts_share_a_batch_with_a_blend_of_all_of_them(toy):
    experts = [random_weights(toy.shape, 60 + i, rank=100, strength=0.05) for i in range(4)]
    loaded = [[(expert, 1.0)] for expert in experts] + [[(expert, 0.5) for expert in experts], []]
    requests = [request(toy.prompt(510 + i, 12), N, some) for i, some in enumerate(loaded)]

    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, *requests)

    for answer, one, some in zip(asyncio.run(run()), requests, loaded, strict=True):
        assert answer.tokens == greedy(toy.base, one.prompt, N, some)


class Meddled(MixedBlending):
    """Sets an adapter of its own beside the carrier: nodes that no plan knows."""

    stranger = None

    def apply(self, *batch):
        super().apply(*batch)
        if self.stranger:
            self._context.set_adapters([(adapter, 1.0) for adapter in (self._carrier, self.stranger) if adapter])


@pytest.mark.parametrize("loaded", [True, False], ids=["expert", "base"])
def test_a_step_that_masks_other_nodes_ends_with_an_error_and_the_plain_way_serves(toy, experts, loaded):
    prompt = toy.prompt(550, 12)
    one = request(prompt, N, [(experts[0], 1.0)] if loaded else [])

    async def run():
        async with engine(toy.base, blending=Meddled, hooked=True) as worker:
            with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
                write_gguf(experts[1], toy.base.architecture, Path(file.name))
                worker._blending.stranger = Adapter(toy.base, Path(file.name))
            with pytest.raises(EngineFailed, match="changed"):
                await ask(worker, one)
            (after,) = await ask(worker, one)
            return after, worker.status()

    after, status = asyncio.run(run())
    assert after.tokens == greedy(toy.base, prompt, N, [(experts[0], 1.0)] if loaded else [])
    assert status.blending == "plain" and "changed" in status.blending_reason


def test_after_the_way_back_an_expert_of_one_rank_is_none_of_the_hooks(toy):
    """llama.cpp's own nodes for it look like the carrier's."""
    prompt, narrow = toy.prompt(551, 12), random_weights(toy.shape, 8, rank=1, strength=0.6)
    one = request(prompt, N, [(narrow, 1.0)])

    async def run():
        async with engine(toy.base, blending=Meddled, hooked=True) as worker:
            with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
                write_gguf(random_weights(toy.shape, 9), toy.base.architecture, Path(file.name))
                worker._blending.stranger = Adapter(toy.base, Path(file.name))
            with pytest.raises(EngineFailed, match="changed"):
                await ask(worker, one)
            return (await ask(worker, one))[0]

    expected = greedy(toy.base, prompt, N, [(narrow, 1.0)])
    assert expected != greedy(toy.base, prompt, N)
    assert asyncio.run(run()).tokens == expected


def test_several_ubatches_have_their_own_parts_of_the_masks(toy, experts):
    """A prompt's last tokens and its answer under an expert, beside others, in batches that llama.cpp cuts in four."""
    sorts = [([(experts[i], 1.0)], offset) for i, offset in enumerate([1, 40, None])]
    requests = [request(toy.prompt(560 + i, 90), N, e, offset=o) for i, (e, o) in enumerate(sorts)]

    async def run():
        async with engine(toy.base, ubatch=64) as worker:
            return await ask(worker, *requests)

    for answer, one, (loaded, offset) in zip(asyncio.run(run()), requests, sorts, strict=True):
        assert answer.tokens == greedy(toy.base, one.prompt, N, loaded, offset=offset)


def rescaling(shape, seed):
    """An expert that is no LoRA: it multiplies the outputs of each layer's attention."""
    random = np.random.default_rng(seed)
    names = [f"blk.{layer}.attn_output.weight" for layer in range(shape.n_layer)]
    channels = {name: random.standard_normal(shape.n_embd).astype(np.float32) for name in names}
    shifts = {name: np.zeros(shape.n_embd, np.float32) for name in names}
    return freeze(Weights({}, channels=channels, shifts=shifts), activation="answer", offset=1)


def test_experts_that_change_different_modules_share_a_batch(toy):
    kinds = list(itertools.combinations(MODULES, 2))
    experts = [random_weights(toy.shape, 100 + i, modules=kind) for i, kind in enumerate(kinds)]
    one_by_one = [request(toy.prompt(570 + i, 12), N, [(expert, 1.0)]) for i, expert in enumerate(experts)]
    blend = [(expert, 0.3) for expert in experts]
    all_at_once = request(toy.prompt(600, 12), N, blend)

    async def run():
        async with engine(toy.base, sequences=len(kinds) + 1, cells=2048) as worker:
            return await ask(worker, *one_by_one, all_at_once)

    *answers, last = asyncio.run(run())
    for answer, one, expert in zip(answers, one_by_one, experts, strict=True):
        assert answer.tokens == greedy(toy.base, one.prompt, N, [(expert, 1.0)])
    assert last.tokens == greedy(toy.base, all_at_once.prompt, N, blend)


def test_hundreds_of_different_changes_beside_lora_share_a_batch(toy):
    """Each request has five, since its experts become active one after another."""
    experts = [rescaling(toy.shape, seed) for seed in range(5)]

    def asks(i):
        scales = [0.01 * (i + k) for k in range(5)]
        parts = [Part(f"e{k}", experts[k].content_hash, scales[k], k + 1) for k in range(5)]
        one = request(toy.prompt(610 + i, 12), 4)
        return replace(one, blend=Blend(tuple(parts)), weights=tuple(experts))

    count = 60

    async def run():
        async with engine(toy.base, sequences=count, cells=4096, batch=1024, step_seconds=10) as worker:
            together = await ask(worker, *(asks(i) for i in range(count)))
            alone = [(await ask(worker, asks(i)))[0] for i in (0, count - 1)]
            return together, alone

    together, alone = asyncio.run(run())
    assert [together[0].tokens, together[-1].tokens] == [one.tokens for one in alone]


def test_many_lora_blends_beside_one_that_is_more(toy, experts):
    loras = [request(toy.prompt(700 + i, 12), N, [(experts[0], 0.5 + i / 100)]) for i in range(6)]
    more = request(toy.prompt(710, 12), N, [(rescaling(toy.shape, 9), 0.5)])

    async def run():
        async with engine(toy.base) as worker:
            answers = await ask(worker, *loras, more)
            return answers, (await ask(worker, more))[0]

    (*answers, other), alone = asyncio.run(run())
    for i, (answer, one) in enumerate(zip(answers, loras, strict=True)):
        assert answer.tokens == greedy(toy.base, one.prompt, N, [(experts[0], 0.5 + i / 100)])
    assert other.tokens == alone.tokens


def test_a_blend_that_cannot_be_had_leaves_nothing_behind(toy, experts):
    good, beyond = experts[0], rescaling(toy.shape, 1)
    module = LowRank(np.zeros((4, toy.shape.n_embd), np.float32), np.zeros((3, 4), np.float32))
    misfit = freeze(Weights({"blk.0.attn_q.weight": module}), activation="answer", offset=1)
    broken = request(toy.prompt(720, 12), N, [(good, 1.0), (beyond, 1.0), (misfit, 1.0)])
    after = request(toy.prompt(721, 12), N, [(experts[1], 1.0)])

    async def run():
        async with engine(toy.base) as worker:
            with pytest.raises(EngineFailed, match="does not fit the base"):
                await ask(worker, broken)
            way = worker._blending
            left = [dict(way._running), dict(way._users)]
            return left, (await ask(worker, after))[0]

    left, answer = asyncio.run(run())
    assert left == [{}, {}]
    assert answer.tokens == greedy(toy.base, after.prompt, N, [(experts[1], 1.0)])


def test_what_no_running_sequence_uses_is_kept_in_no_memory_of_the_engine(toy):
    """The arrays of an expert are let go when its last sequence ends, at once."""
    asked = [random_weights(toy.shape, 110), rescaling(toy.shape, 2)]
    gone = [weakref.ref(weights) for weights in asked]

    async def run():
        async with engine(toy.base, cache_bytes=0) as worker:
            await ask(worker, request(toy.prompt(730, 12), 4, [(weights, 1.0) for weights in asked]))
            await idle(worker)
            asked.clear()
            for _ in range(200):  # the step that ended it may not have returned yet
                if any(ref() for ref in gone):
                    await asyncio.sleep(0.01)
            return [ref() for ref in gone], len(worker._blending._tables)

    assert asyncio.run(run()) == ([None, None], 0)
