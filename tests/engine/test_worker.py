"""The decoding thread among many requests: room, cancelling, failures, seeds, turns."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import numpy as np
import pytest

from expertd.engine.context import Context
from expertd.engine.interface import Sampling
from expertd.engine.plain import QUANTUM, PlainBlending
from expertd.errors import ContextOverflow, EngineFailed, InvalidRequest, Overloaded
from expertd.experts.blend import BASE, Blend, Part
from tests.engine.harness import GREEDY, ask, collect, engine, greedy, idle, random_weights, request

N = 24


class Watched(PlainBlending):
    """Notes which blend each step ran."""

    def __init__(self, base, context):
        super().__init__(base, context)
        self.steps = []

    def apply(self, rows, *more):
        self.steps.append(rows[0].key)
        super().apply(rows, *more)


def longest_wait(steps, blend):
    """Steps of others between two of this blend."""
    turns = [i for i, key in enumerate(steps) if key == blend.key]
    return max(b - a - 1 for a, b in itertools.pairwise(turns))


@pytest.mark.parametrize(("cache_bytes", "told"), [(0, True), (1 << 26, True), (1 << 26, False)])
def test_preempted_requests_answer_as_alone(toy, experts, cache_bytes, told):
    """256 cells for requests that come to 440 tokens in the end."""
    sorts = [[], [(experts[0], 1.0)], [(experts[1], 1.0)], []]
    prompts = [toy.prompt(40 + i, 50) for i in range(4)]

    async def run():
        async with engine(toy.base, cells=256, cache_bytes=cache_bytes) as worker:
            return await ask(
                worker, *(request(p, 60, e, prompt_logprobs=told) for p, e in zip(prompts, sorts, strict=True))
            )

    for answer, prompt, loaded in zip(asyncio.run(run()), prompts, sorts, strict=True):
        assert answer.tokens == greedy(toy.base, prompt, 60, loaded)
        # Told once, though computed twice.
        assert len(answer.prompt_logprobs) == (len(prompt) - 1 if told else 0)


def test_a_request_may_fill_the_whole_context(toy):
    prompt = toy.prompt(44, 200)

    async def run():
        async with engine(toy.base, cells=256) as worker:
            return await ask(worker, request(prompt, 1000))

    (answer,) = asyncio.run(run())
    assert answer.finish_reason == "length"
    assert answer.tokens == greedy(toy.base, prompt, 56)


def test_a_cancelled_request_leaves_the_others_and_frees_its_room(toy, experts):
    loaded = [(experts[0], 1.0)]
    prompts = [toy.prompt(50 + i, 30) for i in range(6)]

    async def run():
        async with engine(toy.base, cache_bytes=0, sequences=6) as worker:
            streams = [worker.submit(request(p, 40, loaded if i % 2 else [])) for i, p in enumerate(prompts)]
            answers = await asyncio.gather(
                *(collect(stream, at_most=3 if i in (1, 2, 4) else None) for i, stream in enumerate(streams))
            )
            await idle(worker)
            used = worker.status().cells_used
            again = await ask(worker, *(request(p, 8) for p in prompts))  # every id is needed here
            return answers, used, again

    answers, used, again = asyncio.run(run())
    assert used == 0
    for i in (0, 3, 5):
        assert answers[i].tokens == greedy(toy.base, prompts[i], 40, loaded if i % 2 else [])
    assert [a.tokens for a in again] == [greedy(toy.base, p, 8) for p in prompts]


def test_a_failed_step_ends_what_ran_and_nothing_else(toy, experts):
    """A scheduler that believes in more cells than there are: llama.cpp finds no room for a batch."""

    async def run():
        async with engine(toy.base, cells=256, claimed=4096, sequences=2, unified=True) as worker:
            streams = [worker.submit(request(toy.prompt(60 + i, 200), N, [(experts[0], 1.0)])) for i in range(2)]
            waiting = worker.submit(request(toy.prompt(62, 50), 190, [(experts[0], 1.0)]))  # the most work: the last
            failed = await asyncio.gather(*map(collect, streams), return_exceptions=True)
            survivor = await collect(waiting)
            (later,) = await ask(worker, request(toy.prompt(63, 50), N))
            return failed, survivor, later

    failed, survivor, later = asyncio.run(run())
    assert [type(error) for error in failed] == [EngineFailed, EngineFailed]
    assert "no free KV cells" in failed[0].message
    assert survivor.tokens == greedy(toy.base, toy.prompt(62, 50), 190, [(experts[0], 1.0)])
    assert later.tokens == greedy(toy.base, toy.prompt(63, 50), N)


def test_a_sequence_beyond_its_own_cells_ends_alone(toy, experts):
    async def run():
        async with engine(toy.base, cells=256, claimed=4096, sequences=3) as worker:
            good = worker.submit(request(toy.prompt(59, 50), 190))
            streams = [worker.submit(request(toy.prompt(60 + i, 300), N, [(experts[0], 1.0)])) for i in range(2)]
            failed = await asyncio.gather(*map(collect, streams), return_exceptions=True)
            return await collect(good), failed, await ask(worker, *[request(toy.prompt(62, 50), 190)] * 3)

    good, failed, later = asyncio.run(run())
    assert ["no free KV cells" in error.message for error in failed] == [True, True]
    assert good.tokens == greedy(toy.base, toy.prompt(59, 50), 190)
    assert [answer.tokens for answer in later] == [greedy(toy.base, toy.prompt(62, 50), 190)] * 3


def test_an_adapter_that_llama_cpp_refuses_ends_only_its_own_request(toy, experts):
    """Made for a base of other sizes."""
    stranger = random_weights(replace(toy.shape, n_embd=32), 1)
    prompt = toy.prompt(64, 30)

    async def run():
        async with engine(toy.base, sequences=2) as worker:
            good = worker.submit(request(prompt, 40, [(experts[0], 1.0)]))
            bad = [worker.submit(request(prompt, N, [(experts[1], 1.0), (stranger, 1.0)])) for _ in range(4)]
            errors = await asyncio.gather(*map(collect, bad), return_exceptions=True)
            return await collect(good), errors, await ask(worker, request(prompt, N), request(prompt, N))

    good, errors, later = asyncio.run(run())
    assert [type(error) for error in errors] == [EngineFailed] * 4
    assert good.tokens == greedy(toy.base, prompt, 40, [(experts[0], 1.0)])
    assert [a.tokens for a in later] == [greedy(toy.base, prompt, N)] * 2


@pytest.mark.parametrize(("flash", "unified"), [(False, True), (False, False), (True, True), (True, False)])
def test_an_expert_that_gives_no_numbers_ends_only_its_own_request(toy, experts, flash, unified):
    """A masked NaN may reach every row that reads its cells, also when its owner is gone."""
    broken = random_weights(toy.shape, 1, strength=1e30)
    prompt = toy.prompt(65, 30)

    async def run():
        async with engine(toy.base, flash=flash, unified=unified, sequences=3, batch=32) as worker:
            good = worker.submit(request(prompt, 40))
            bad = [worker.submit(request(prompt, N, [(broken, 1.0)], sampling=s)) for s in (GREEDY, Sampling(seed=1))]
            errors = await asyncio.gather(*map(collect, bad), return_exceptions=True)
            for _ in range(3):  # their NaN stays behind, unseen
                long = worker.submit(request(toy.prompt(66, 150), N, [(broken, 1.0)], offset=None))
                for _ in range(2000):
                    if long.sequence and long.sequence.computed:
                        break
                    await asyncio.sleep(0)
                long.cancel()
            return await collect(good), errors, await ask(worker, *[request(prompt, N)] * 3)

    good, errors, later = asyncio.run(run())
    assert [answer.tokens for answer in later] == [greedy(toy.base, prompt, N)] * 3
    assert [type(error) for error in errors] == [EngineFailed] * 2
    assert "no numbers" in errors[0].message
    assert good.tokens == greedy(toy.base, prompt, 40)


def test_a_seed_gives_the_same_answer_alone_and_in_company(toy, experts):
    prompt = toy.prompt(70, 30)
    seeded = request(prompt, N, [(experts[0], 1.0)], sampling=Sampling(temperature=1.0, top_p=0.95, seed=7))
    other = replace(seeded, sampling=replace(seeded.sampling, seed=8))

    async def run():
        async with engine(toy.base) as worker:
            alone = await ask(worker, seeded)
            company = await ask(worker, other, *(request(toy.prompt(i, 40), N) for i in range(3)), seeded)
            return alone[0], company[0], company[-1]

    alone, different, company = asyncio.run(run())
    assert alone.tokens == company.tokens
    assert alone.tokens != different.tokens


@pytest.mark.parametrize("temperature", [1e-38, 1e-6])
def test_a_temperature_near_zero_is_greedy(toy, temperature):
    prompt = toy.prompt(71, 30)

    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, request(prompt, N, sampling=Sampling(temperature=temperature, seed=1)))

    assert asyncio.run(run())[0].tokens == greedy(toy.base, prompt, N)


def test_more_alternatives_than_tokens_are_all_of_them(toy):
    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, request(toy.prompt(72, 10), 1, logprobs=100_000))

    assert len(asyncio.run(run())[0].logprobs[0].top) == toy.base.n_vocab


def test_the_base_and_three_experts_take_turns(toy, experts):
    sorts = [[], *([(e, 1.0)] for e in experts[:3])]
    requests = [request(toy.prompt(80 + i, 30), 60, e) for i, e in enumerate(sorts)]

    async def run():
        async with engine(toy.base, blending=Watched) as worker:
            await ask(worker, *requests)
            return worker._blending.steps

    steps = asyncio.run(run())
    for one in requests:
        assert longest_wait(steps, one.blend) <= 3 * QUANTUM + 1


def test_a_stream_of_short_requests_does_not_starve_the_long_ones(toy, experts):
    long = [request(toy.prompt(84 + i, 20), 60, [(experts[i], 1.0)], offset=None) for i in range(2)]
    short = [request(toy.prompt(86 + i, 20), 3, [(experts[2 + i], 1.0)], offset=None) for i in range(2)]

    async def run():
        async with engine(toy.base, blending=Watched) as worker:
            ended = asyncio.Event()

            async def keep_asking(one):
                while not ended.is_set():
                    await collect(worker.submit(one))

            crowd = [asyncio.create_task(keep_asking(one)) for one in short]
            await asyncio.wait_for(ask(worker, *long), 20)
            ended.set()
            await asyncio.gather(*crowd)
            return worker._blending.steps

    steps = asyncio.run(run())
    for one in long:
        assert longest_wait(steps, one.blend) <= 4 * QUANTUM


def test_a_short_request_passes_long_ones_that_wait(toy):
    ended = []

    async def run():
        async with engine(toy.base, sequences=1, cache_bytes=0) as worker:

            async def one(name, stream):
                await collect(stream)
                ended.append(name)

            await anext(aiter(worker.submit(request(toy.prompt(90, 60), 120))))  # it runs, alone
            long = [worker.submit(request(toy.prompt(91 + i, 60), 120)) for i in range(3)]
            short = worker.submit(request(toy.prompt(95, 10), 4))
            named = zip(("a", "b", "c", "short"), (*long, short), strict=True)
            await asyncio.gather(*(one(name, stream) for name, stream in named))

    asyncio.run(run())
    assert ended == ["short", "a", "b", "c"]


def test_an_endless_crowd_of_short_requests_lets_a_long_one_run(toy):
    """More of them wait at any time than can run: the long one would be the last for ever but for its deadline."""

    async def run():
        async with engine(toy.base, sequences=1, cache_bytes=0) as worker:
            served, ended = 0, asyncio.Event()

            async def keep_asking(seed):
                nonlocal served
                while not ended.is_set():
                    await collect(worker.submit(request(toy.prompt(seed, 5), 30)))
                    served += 1

            crowd = [asyncio.create_task(keep_asking(100 + i)) for i in range(8)]
            await asyncio.sleep(0.05)
            before = served
            answer = await asyncio.wait_for(collect(worker.submit(request(toy.prompt(99, 300), 100))), 60)
            passed = served - before
            ended.set()
            await asyncio.gather(*crowd)
            return answer, passed

    answer, passed = asyncio.run(run())
    assert answer.tokens == greedy(toy.base, toy.prompt(99, 300), 100)
    assert passed > 8  # those too that came later, for as long as it has work


def test_blends_that_come_and_go_at_every_step_do_not_pass_those_that_wait(toy, experts):
    context, chosen = Context(toy.base, n_cells=64, n_seq=1, n_batch=32, n_threads=1), []
    way = PlainBlending(toy.base, context)
    for each in (requests := [request((1,), 1, [(e, 1.0)]) for e in experts]):
        way.retain(each.blend, each.weights)
    a, b, c, d = (each.blend for each in requests)
    for step in range(200):
        (blend,) = way.choose([a, b, c if step % 2 else d], [])
        way.apply([blend], np.ones(1, np.uint8))
        chosen.append(blend)
    for blend in (a, b):
        assert chosen.count(blend) > 50
    way.close()
    context.close()


def test_a_long_prompt_takes_its_blends_turn_in_fewer_steps(toy):
    """A turn is time: a step of 64 rows takes about as long as eight of one."""
    context = Context(toy.base, n_cells=64, n_seq=1, n_batch=64, n_threads=1)
    way, other = PlainBlending(toy.base, context), Blend((Part("other", "x" * 64, 0.0),))
    for rows, following in ((1, BASE), (64, other)):
        way.choose([BASE], [])
        way.apply([BASE] * rows, np.ones(rows, np.uint8))
        assert way.choose([BASE, other], []) == (following,)
    way.close()
    context.close()


def test_what_cannot_run_is_refused_when_it_is_submitted(toy):
    async def run():
        async with engine(toy.base, cells=256, sequences=1, queue=1) as worker:
            with pytest.raises(InvalidRequest, match="empty"):
                worker.submit(request((), 4))
            with pytest.raises(ContextOverflow, match="256"):
                worker.submit(request(toy.prompt(1, 256), 4))
            worker.check_room(2)
            with pytest.raises(Overloaded):
                worker.check_room(3)
            streams = [worker.submit(request(toy.prompt(1, 30), 200)) for _ in range(2)]
            with pytest.raises(Overloaded):
                worker.check_room(1)
            with pytest.raises(Overloaded):
                worker.submit(request(toy.prompt(1, 30), 4))
            for stream in streams:
                stream.cancel()

    asyncio.run(run())


def test_stopping_ends_what_runs_with_an_error(toy):
    async def run():
        async with engine(toy.base) as worker:
            stream = worker.submit(request(toy.prompt(1, 30), 900))
            events = aiter(stream)
            await anext(events)
            await worker.stop(0)
            with pytest.raises(Overloaded, match="stopping"):
                async for _ in events:
                    pass
            with pytest.raises(Overloaded, match="stopping"):
                worker.submit(request(toy.prompt(1, 30), 4))
            worker.stop = stopped  # the fixture's own stop would wait for a thread that is gone

    async def stopped(_grace):
        return None

    asyncio.run(run())
