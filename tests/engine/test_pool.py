"""The pool under change: widths, experts that come and go, scales, refusals, and the way back to the plain one."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from expertd.engine.context import Adapter
from expertd.engine.pool import NARROWEST, PATIENCE, WIDEST
from expertd.engine.pooled import PooledBlending
from expertd.errors import EngineFailed
from expertd.experts.gguf_adapter import write_gguf
from tests.engine.harness import WAY, ask, collect, engine, greedy, random_weights, request

N = 16


@pytest.fixture(autouse=True)
def pool_only(way):
    if WAY[0] is not PooledBlending:
        pytest.skip("about the pool")


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


def test_experts_of_different_modules_have_pools_of_their_own_and_none_is_attached_without_need(toy):
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
    assert (attached, later) == ([True, True], [False, False])
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
