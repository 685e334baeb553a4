"""The pool under change: widths, experts that come and go, scales, refusals, and the way back to the plain one."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from expertd.engine import pooled
from expertd.engine.context import Adapter, Context, Row
from expertd.engine.hook import MAX_BLENDS, MAX_POOLS, Hook
from expertd.engine.pool import NARROWEST, PATIENCE, WIDEST
from expertd.engine.pooled import IDLE_BYTES, PooledBlending
from expertd.engine.scratch import Scratch
from expertd.errors import EngineFailed
from expertd.experts.blend import Blend, Part
from expertd.experts.gguf_adapter import write_gguf
from expertd.experts.tensors import MODULES, LowRank, Weights, freeze
from tests.engine.harness import ask, collect, engine, greedy, idle, random_weights, request

pytestmark = pytest.mark.way("pool")
N = 16


def pools(worker):
    return list(worker._blending._kinds.values())


def test_a_pool_is_as_wide_as_the_running_experts_need_and_gets_narrower_again(toy):
    experts = [random_weights(toy.shape, 50 + i, rank=12) for i in range(4)]
    length = 6 * PATIENCE
    long = request(toy.prompt(500, 12), length, [(experts[2], 1.0)])
    short = [request(toy.prompt(500 + i, 12), N, [(experts[i], 1.0)]) for i in (0, 1, 3)]

    async def run():
        async with engine(toy.base) as worker:
            first = asyncio.create_task(collect(worker.submit(long)))
            await asyncio.sleep(0)
            others = await ask(worker, *short)
            wide = pools(worker)[0].pool.width
            return await first, others, wide, pools(worker)[0].pool.width

    answer, others, *widths = asyncio.run(run())
    assert answer.tokens == greedy(toy.base, long.prompt, length, [(experts[2], 1.0)])
    assert len(answer.tokens) == length  # else it did not run long enough for this
    for other, one, i in zip(others, short, (0, 1, 3), strict=True):
        assert other.tokens == greedy(toy.base, one.prompt, N, [(experts[i], 1.0)])
    assert widths == [64, 16]


def test_more_experts_than_the_widest_pool_holds_wait_and_answer_right(toy):
    experts = [random_weights(toy.shape, 60 + i, rank=100, strength=0.1) for i in range(4)]
    requests = [request(toy.prompt(510 + i, 12), N, [(e, 1.0)]) for i, e in enumerate(experts)]
    seen = set()

    async def run():
        async with engine(toy.base) as worker:
            asking = asyncio.create_task(ask(worker, *requests))
            while not asking.done():
                seen.update(kind.in_use for kind in pools(worker))
                await asyncio.sleep(0)
            return await asking

    for answer, one, expert in zip(asyncio.run(run()), requests, experts, strict=True):
        assert answer.tokens == greedy(toy.base, one.prompt, N, [(expert, 1.0)])
    assert 0 < max(seen) <= WIDEST


def test_a_blend_that_is_wider_than_any_pool_runs_alone(toy):
    blend = [(random_weights(toy.shape, 70 + i, rank=100, strength=0.05), 0.5) for i in range(4)]
    one = request(toy.prompt(520, 12), N, blend)

    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, one, request(toy.prompt(521, 12), N, blend[:1]), request(toy.prompt(522, 9), N))

    wide, narrow, base = asyncio.run(run())
    assert wide.tokens == greedy(toy.base, one.prompt, N, blend)
    assert narrow.tokens == greedy(toy.base, toy.prompt(521, 12), N, blend[:1])
    assert base.tokens == greedy(toy.base, toy.prompt(522, 9), N)


@pytest.mark.parametrize(("idle_bytes", "kept"), [(IDLE_BYTES, [False, False]), (0, [])])
def test_experts_of_different_modules_have_pools_of_their_own_and_none_is_attached_without_need(
    toy, monkeypatch, idle_bytes, kept
):
    monkeypatch.setattr(pooled, "IDLE_BYTES", idle_bytes)
    all_modules = random_weights(toy.shape, 80)
    few = random_weights(toy.shape, 81, modules=("attn_q", "attn_v"))
    requests = [
        request(toy.prompt(530 + i, 12), N, [(e, s)]) for i, (e, s) in enumerate([(all_modules, 1.0), (few, 2.0)])
    ]

    async def run():
        async with engine(toy.base) as worker:
            both = await ask(worker, *requests)
            kinds = {kind[0] for kind in worker._blending._kinds}
            attached = [kind.attached for kind in pools(worker)]
            await ask(worker, request(toy.prompt(533, 12), 2 * PATIENCE))
            return both, kinds, attached, [kind.attached for kind in pools(worker)]

    both, kinds, attached, later = asyncio.run(run())
    assert ("attn_q", "attn_v") in kinds and len(kinds) == 2
    assert (attached, later) == ([True, True], kept)
    for answer, one, expert in zip(both, requests, [(all_modules, 1.0), (few, 2.0)], strict=True):
        assert answer.tokens == greedy(toy.base, one.prompt, N, [expert])


def test_an_idle_expert_makes_room_and_comes_back(toy):
    """A, B, A in a pool that holds one of them."""
    experts = [random_weights(toy.shape, 90 + i, rank=NARROWEST) for i in range(2)]
    prompt = toy.prompt(540, 12)

    async def run():
        async with engine(toy.base, cache_bytes=0) as worker:
            answers = [(await ask(worker, request(prompt, N, [(experts[i], 1.0)])))[0] for i in (0, 1, 0)]
            return answers, pools(worker)[0].pool.width

    answers, width = asyncio.run(run())
    assert width == NARROWEST
    assert answers[0].tokens == answers[2].tokens == greedy(toy.base, prompt, N, [(experts[0], 1.0)])
    assert answers[1].tokens == greedy(toy.base, prompt, N, [(experts[1], 1.0)])


class Meddled(PooledBlending):
    """Sets an adapter of its own beside the pool's: nodes that no plan knows."""

    stranger = None

    def apply(self, *batch):
        super().apply(*batch)
        if self.stranger:
            adapters = [*(pool.adapter for pool in self._attached.values()), self.stranger]
            self._context.set_adapters([(adapter, 1.0) for adapter in adapters])


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


def test_experts_of_more_kinds_than_there_are_pools_wait_and_answer_right(toy):
    kinds = list(itertools.combinations(MODULES, 2))[: MAX_POOLS + 3]
    experts = [random_weights(toy.shape, 100 + i, modules=kind) for i, kind in enumerate(kinds)]
    one_by_one = [request(toy.prompt(570 + i, 12), N, [(expert, 1.0)]) for i, expert in enumerate(experts)]
    blend = [(expert, 0.3) for expert in experts[:MAX_POOLS]]
    widest = request(toy.prompt(600, 12), N, blend)
    seen = set()

    async def run():
        async with engine(toy.base, sequences=len(kinds) + 1, cells=2048) as worker:
            asking = asyncio.create_task(ask(worker, *one_by_one, widest))
            while not asking.done():
                seen.add(sum(kind.attached for kind in pools(worker)))
                await asyncio.sleep(0)
            return await asking

    *answers, last = asyncio.run(run())
    for answer, one, expert in zip(answers, one_by_one, experts, strict=True):
        assert answer.tokens == greedy(toy.base, one.prompt, N, [(expert, 1.0)])
    assert last.tokens == greedy(toy.base, widest.prompt, N, blend)
    assert max(seen) == MAX_POOLS


def test_more_blends_beyond_lora_than_the_hook_has_room_for_wait_and_answer_right(toy):
    """Each has five, since its experts become active one after another."""
    experts = [rescaling(toy.shape, seed) for seed in range(5)]

    def asks(i):
        scales = [0.01 * (i + k) for k in range(5)]
        parts = [Part(f"e{k}", experts[k].content_hash, scales[k], k + 1) for k in range(5)]
        one = request(toy.prompt(610 + i, 12), 4)
        return replace(one, blend=Blend(tuple(parts)), weights=tuple(experts))

    count = MAX_BLENDS // 5 + 10
    seen = set()

    async def run():
        async with engine(toy.base, sequences=count, cells=4096, batch=1024, step_seconds=10) as worker:
            asking = asyncio.create_task(ask(worker, *(asks(i) for i in range(count))))
            while not asking.done():
                seen.add(worker.status().running)
                await asyncio.sleep(0)
            together = await asking
            alone = [(await ask(worker, asks(i)))[0] for i in (0, count - 1)]
            return together, alone

    together, alone = asyncio.run(run())
    assert [together[0].tokens, together[-1].tokens] == [one.tokens for one in alone]
    assert max(seen) == (MAX_BLENDS - 1) // 5


def test_many_lora_blends_beside_one_that_is_more_take_no_room_of_its_kind(toy, experts):
    """Distinct blends, but all of them change nothing beside LoRA."""
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
    after = request(toy.prompt(721, 12), 4 * PATIENCE, [(experts[1], 1.0)])

    async def run():
        async with engine(toy.base) as worker:
            with pytest.raises(EngineFailed, match="does not fit the base"):
                await ask(worker, broken)
            way = worker._blending
            left = [dict(way._beyond_lora), dict(way._kind), dict(way._users), [pool.in_use for pool in pools(worker)]]
            return left, (await ask(worker, after))[0]

    left, answer = asyncio.run(run())
    assert left == [{}, {}, {}, [0]]
    assert answer.tokens == greedy(toy.base, after.prompt, 4 * PATIENCE, [(experts[1], 1.0)])


def test_what_no_running_sequence_uses_is_kept_in_no_memory_of_the_engine(toy):
    """The arrays of an expert are let go when its last sequence ends, at once, though its ranks still hold it."""
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
            return [ref() for ref in gone], dict(worker._blending._kind), pools(worker)[0].pool is not None

    assert asyncio.run(run()) == ([None, None], {}, True)


def test_a_graph_that_is_looked_at_shows_what_a_decode_shows(toy, experts):
    hook = Hook(1)
    context = Context(toy.base, n_cells=32, n_seq=1, n_batch=1, n_threads=1, hook=hook)
    scratch = Scratch(toy.base)
    try:
        with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
            for expert in experts[:2]:  # the second may lie where the first one did
                write_gguf(expert, toy.base.architecture, Path(file.name))
                adapter = Adapter(toy.base, Path(file.name))
                context.set_adapters([(adapter, 1.0)])
                hook.collect()
                context.decode([Row(0, 0, 0, True)])
                decoded = hook.collected()
                context.remove_sequence(0)
                context.set_adapters([])
                looked_at = {seen.name: seen for seen in scratch.weights(adapter)}
                layers = {seen.name: seen for seen in decoded if seen.name.startswith("blk.")}
                assert {name: seen for name, seen in looked_at.items() if name.startswith("blk.")} == layers
                assert sum(".lora_" in name for name in layers) == 2 * len(expert.modules)
                a = next(seen for name, seen in looked_at.items() if name == "blk.0.attn_q.weight.lora_a")
                assert np.array_equal(a.array(), expert.modules["blk.0.attn_q.weight"].a.ravel())
                adapter.close()
    finally:
        scratch.close()
        context.close()
