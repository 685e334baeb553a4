"""What the engine counts, and the times that it tells, follow from what it did."""

from __future__ import annotations

import asyncio

from expertd.engine.mixed import MixedBlending
from expertd.experts.tensors import MODULES
from tests.engine.harness import WAY, ask, engine, idle, request

N = 8


def test_steps_and_tokens_are_counted(toy):
    async def run():
        async with engine(toy.base) as worker:
            prompts = [toy.prompt(seed, 20) for seed in (1, 2)]
            answers = await ask(worker, *(request(prompt, N) for prompt in prompts))
            again = await ask(worker, request(prompts[0], N))
            await idle(worker)
            return [*answers, *again], worker.counters(), worker.status()

    answers, counted, status = asyncio.run(run())
    assert counted.prompt_tokens == 60
    assert counted.completion_tokens == sum(len(answer.tokens) for answer in answers)
    assert counted.steps >= 2 * N
    assert (counted.asked_tokens, counted.reused_from_memory, counted.reused_from_cells) == (57, 19, 0)
    assert counted.changed_nodes == counted.paging.pages_in == 0  # nobody asked for an expert
    assert status.cache_bytes > 0


def test_an_expert_is_paged_in_once_and_its_first_request_tells_how_long_that_took(toy, experts):
    one = request(toy.prompt(1, 20), N, [(experts[0], 1.0)])

    async def run():
        async with engine(toy.base, cache_bytes=0) as worker:
            answers = [(await ask(worker, one))[0] for _ in range(2)]
            await idle(worker)
            return answers, worker.counters()

    (first, second), counted = asyncio.run(run())
    assert (counted.paging.pages_in, counted.paging.pages_out) == (1, 0)
    assert 0 < first.timings.paging_ms <= counted.paging.seconds_in * 1e3
    assert second.timings.paging_ms == 0
    assert first.timings.prefill_ms > 0


def test_the_hook_changes_two_nodes_of_each_module_that_an_expert_changes(toy, experts):
    mixed = [request(toy.prompt(i, 20), N, [(expert, 1.0)]) for i, expert in enumerate(experts[:2])]

    async def run():
        async with engine(toy.base) as worker:
            await ask(worker, *mixed)
            return worker.counters()

    counted = asyncio.run(run())
    if WAY[0] is MixedBlending:
        nodes = 2 * toy.shape.n_layer * len(MODULES)
        assert counted.changed_nodes % nodes == 0
        assert nodes * (N - 1) <= counted.changed_nodes <= nodes * counted.steps
    else:
        assert counted.changed_nodes == 0


def test_a_counter_that_was_read_does_not_move(toy):
    async def run():
        async with engine(toy.base) as worker:
            before = worker.counters()
            await ask(worker, request(toy.prompt(1, 20), N))
            return before, worker.counters()

    before, after = asyncio.run(run())
    assert (before.steps, before.paging.pages_in) == (0, 0)
    assert after.steps >= N
