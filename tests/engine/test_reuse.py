"""The prefix cache: what it may take over, what it must not, and that nothing changes by it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import permutations

import pytest

from expertd.engine import worker as worker_module
from expertd.engine.base import Base
from tests.engine.harness import ask, background_done, collect, engine, greedy, idle, random_weights, request
from tests.toy_base import make_talking_base

N = 12


def test_a_b_a_on_one_prompt_gives_the_first_answer_again_in_every_order(toy, experts):
    prompt = toy.prompt(20, 60)
    sorts = {
        "base": ([], 1),
        "a": ([(experts[0], 1.0)], 1),
        "b": ([(experts[1], 1.0)], 1),
        "always": ([(experts[0], 1.0)], None),
        "half": ([(experts[0], 0.5)], 1),
    }
    wanted = {name: greedy(toy.base, prompt, N, e, offset=o) for name, (e, o) in sorts.items()}

    async def run(order):
        async with engine(toy.base) as worker:
            return [(await ask(worker, request(prompt, N, sorts[n][0], offset=sorts[n][1])))[0] for n in order]

    for a, b in permutations(sorts, 2):
        first, second, third = asyncio.run(run([a, b, a]))
        assert first.tokens == third.tokens == wanted[a], (a, b)
        assert second.tokens == wanted[b], (a, b)
        assert third.timings.cached_tokens == len(prompt) - 1  # its own, whatever came between


def test_activated_experts_share_the_bases_prompt_and_classic_ones_share_nothing(toy, experts):
    prompt = toy.prompt(21, 60)

    async def run():
        async with engine(toy.base) as worker:
            cached = []
            for loaded, offset in [
                ([], 1),
                ([(experts[0], 1.0)], 1),
                ([(experts[1], 1.0)], 1),
                ([(experts[1], 1.0)], None),
            ]:
                (answer,) = await ask(worker, request(prompt, N, loaded, offset=offset))
                cached.append(answer.timings.cached_tokens)
            return cached

    assert asyncio.run(run()) == [0, 59, 59, 0]


def test_the_next_turn_does_not_take_over_what_the_expert_computed(toy, experts, monkeypatch):
    """An earlier answer is prompt in the next turn: the base's own, so it is computed again from the answer on."""
    monkeypatch.setattr(worker_module, "QUIET", 60)  # at the next turn here, not before it
    prompt = toy.prompt(22, 40)
    loaded = [(experts[0], 1.0)]

    async def run():
        async with engine(toy.base) as worker:
            (first,) = await ask(worker, request(prompt, N, loaded))
            longer = (*prompt, *first.tokens, *toy.prompt(23, 10))
            (second,) = await ask(worker, request(longer, N, loaded))
            return longer, second

    longer, second = asyncio.run(run())
    assert second.timings.cached_tokens == len(prompt) - 1
    assert second.tokens == greedy(toy.base, longer, N, loaded)


@pytest.mark.parametrize("offset", [1, 5])
def test_an_experts_answer_is_the_bases_when_there_was_time(toy, experts, monkeypatch, offset):
    monkeypatch.setattr(worker_module, "QUIET", 0.01)
    prompt, loaded, other = toy.prompt(22, 40), [(experts[0], 1.0)], [(experts[1], 1.0)]

    async def run():
        async with engine(toy.base) as worker:
            (first,) = await ask(worker, request(prompt, N, loaded, offset=offset))
            await background_done(worker)
            held = len(worker._scheduler.cache)
            longer = (*prompt, *first.tokens, *toy.prompt(23, 10))
            return longer, first, held, await ask(worker, request(longer, N, loaded), request(longer, N, other))

    longer, first, held, seconds = asyncio.run(run())
    assert first.tokens == greedy(toy.base, prompt, N, loaded, offset=offset)
    assert held == 1  # in the place of the prompt's, and nothing of the expert's
    for second, sort in zip(seconds, (loaded, other), strict=True):
        assert second.timings.cached_tokens >= len(prompt) + N
        assert second.tokens == greedy(toy.base, longer, N, sort)


def test_what_no_turn_follows_leaves_nothing_to_do_and_keeps_its_prompt_once(toy, experts, monkeypatch):
    monkeypatch.setattr(worker_module, "QUIET", 0.01)
    prompt, loaded = toy.prompt(22, 40), [(experts[0], 1.0)]

    async def run():
        async with engine(toy.base) as worker:
            await ask(worker, replace(request(prompt, 1, loaded, offset=5), is_last=True))
            await background_done(worker)
            (second,) = await ask(worker, request(prompt, N, [(experts[1], 1.0)]))
            return second, worker.counters().prompt_tokens

    second, counted = asyncio.run(run())
    assert second.timings.cached_tokens == len(prompt) - 5
    assert second.tokens == greedy(toy.base, prompt, N, [(experts[1], 1.0)])
    assert counted == 2 * len(prompt)


def test_work_in_the_background_gives_way_to_a_request_and_is_nobodys(toy, experts, monkeypatch):
    monkeypatch.setattr(worker_module, "QUIET", 0.01)
    prompt, long = toy.prompt(26, 40), toy.prompt(27, 400)

    async def run():
        async with engine(toy.base, cells=1024, queue=0, sequences=1) as worker:
            (first,) = await ask(worker, request((*long, *prompt), N, [(experts[0], 1.0)], offset=440))
            while not worker._scheduler.has_work:
                await asyncio.sleep(0.001)
            status = worker.status()
            (second,) = await ask(worker, request(prompt, N))  # there is one place, and this has it
            await background_done(worker)
            await idle(worker)
            return first, status, second, worker.status()

    first, status, second, rest = asyncio.run(run())
    assert (status.running, status.waiting) == (0, 0)
    assert first.tokens == greedy(toy.base, (*long, *prompt), N, [(experts[0], 1.0)], offset=440)
    assert second.tokens == greedy(toy.base, prompt, N)
    assert (rest.running, rest.waiting, rest.cells_used) == (0, 0, 0)


def test_stopping_does_not_wait_for_the_background(toy, experts, monkeypatch):
    monkeypatch.setattr(worker_module, "QUIET", 0)
    steps = []

    async def run():
        async with engine(toy.base) as worker:
            await ask(worker, request(toy.prompt(28, 900), N, [(experts[0], 1.0)], offset=900))
            while not worker._scheduler.has_work:
                await asyncio.sleep(0.001)
            await worker.stop(60)
            steps.append(worker._scheduler.running[0].pending)
            worker.stop = stopped  # the thread is gone

    async def stopped(_grace): ...

    asyncio.run(run())
    assert steps[0] > 0


def test_the_next_turn_of_the_base_takes_over_the_answer(toy):
    prompt = toy.prompt(24, 40)

    async def run():
        async with engine(toy.base) as worker:
            (first,) = await ask(worker, request(prompt, N))
            longer = (*prompt, *first.tokens, *toy.prompt(25, 10))
            (second,) = await ask(worker, request(longer, N))
            return longer, second

    longer, second = asyncio.run(run())
    assert second.timings.cached_tokens == len(prompt) + N - 1  # the last token of an answer is never computed
    assert second.tokens == greedy(toy.base, longer, N)


@pytest.mark.parametrize("change", ["weights", "scale"])
def test_a_replaced_expert_or_another_scale_reuses_nothing_of_the_old(toy, experts, change):
    """Always active, so that its whole prompt is its own. The name in the blend stays the same."""
    prompt = toy.prompt(26, 50)
    old = [(experts[0], 1.0)]
    new = [(random_weights(toy.shape, 99), 1.0)] if change == "weights" else [(experts[0], 0.5)]

    async def run():
        async with engine(toy.base) as worker:
            return [(await ask(worker, request(prompt, N, e, offset=None)))[0] for e in (old, old, new, new, old)]

    answers = asyncio.run(run())
    assert [a.timings.cached_tokens for a in answers] == [0, 49, 0, 49, 49]
    assert answers[0].tokens == answers[1].tokens == answers[4].tokens
    assert answers[2].tokens == answers[3].tokens == greedy(toy.base, prompt, N, new, offset=None)


def test_reuse_of_a_sequence_that_still_decodes_changes_neither(toy, experts):
    prompt, loaded = toy.prompt(27, 50), [(experts[0], 1.0)]
    longer = (*prompt[:-1], *toy.prompt(28, 20))

    async def run():
        async with engine(toy.base) as worker:
            first = worker.submit(request(prompt, 60))
            events = aiter(first)
            await anext(events)  # it decodes now
            others = await ask(worker, request(longer, N), request(longer, N, loaded))
            await_rest = [event async for event in events]
            return others, len(await_rest)

    (base, expert), rest = asyncio.run(run())
    assert rest > N  # it was running all the while
    assert base.timings.cached_tokens == 49
    assert expert.timings.cached_tokens == 68  # all of the base's part, which came with `base`
    assert base.tokens == greedy(toy.base, longer, N)
    assert expert.tokens == greedy(toy.base, longer, N, loaded)


def test_the_source_of_a_reused_prefix_answers_as_alone(toy, experts):
    prompt, loaded = toy.prompt(29, 50), [(experts[1], 1.0)]

    async def run():
        async with engine(toy.base) as worker:
            first = asyncio.create_task(collect(worker.submit(request(prompt, 60, loaded))))
            await asyncio.sleep(0.02)
            await ask(worker, *(request((*prompt[:-1], 7 + i), N, loaded) for i in range(3)))
            return await first

    assert asyncio.run(run()).tokens == greedy(toy.base, prompt, 60, loaded)


@pytest.mark.parametrize("flash", [False, True])  # the two lay the values out differently
def test_answers_with_the_cache_on_equal_those_with_it_off(toy, experts, flash):
    stem = toy.prompt(30, 70)
    requests = [
        request((*stem[: 20 + 7 * i], *toy.prompt(31 + i, 5)), N, [(experts[i % 4], 1.0)] if i % 3 else [])
        for i in range(8)
    ]

    async def run(cache_bytes):
        async with engine(toy.base, cache_bytes=cache_bytes, sequences=3, flash=flash) as worker:
            return [answer for _ in range(2) for answer in await ask(worker, *requests)]

    on, off = asyncio.run(run(1 << 26)), asyncio.run(run(0))
    assert [a.tokens for a in on] == [a.tokens for a in off]
    assert sum(a.timings.cached_tokens for a in on) > 0
    assert sum(a.timings.cached_tokens for a in off) == 0


def test_a_daemon_goes_on_from_what_the_last_one_left(toy, experts, tmp_path):
    prompts, loaded = [toy.prompt(40 + i, 60) for i in range(3)], [(experts[0], 1.0)]
    requests = [request(prompts[0], N), request(prompts[1], N, loaded), request(prompts[2], N, loaded, offset=None)]

    async def run():
        async with engine(toy.base, folder=tmp_path) as worker:
            return await ask(worker, *requests)

    first, second = asyncio.run(run()), asyncio.run(run())
    assert [a.timings.cached_tokens for a in first] == [0, 0, 0]
    assert [a.timings.cached_tokens for a in second] == [59, 59, 59]
    assert [a.tokens for a in first] == [a.tokens for a in second]
    for answer, prompt, sort, offset in zip(second, prompts, ([], loaded, loaded), (1, 1, None), strict=True):
        assert answer.tokens == greedy(toy.base, prompt, N, sort, offset=offset)


def test_what_memory_has_no_room_for_is_read_from_disk(toy, tmp_path):
    prompts = [toy.prompt(50 + i, 60) for i in range(4)]

    async def run():
        async with engine(toy.base, cache_bytes=30_000, folder=tmp_path) as worker:  # one prompt
            for prompt in prompts:
                await ask(worker, request(prompt, N))
            for _ in range(500):
                if len(list(tmp_path.glob("*.kv"))) == 3:
                    break
                await asyncio.sleep(0.01)
            return [(await ask(worker, request((*p, 7), N)))[0] for p in prompts], len(worker._scheduler.cache)

    answers, held = asyncio.run(run())
    assert held == 1
    assert [a.timings.cached_tokens for a in answers] == [60] * 4
    assert [a.tokens for a in answers] == [greedy(toy.base, (*p, 7), N) for p in prompts]


@pytest.mark.parametrize("part", [0, 0.3, 0.9])
def test_a_damaged_file_is_reported_and_answers_are_right(toy, tmp_path, caplog, part):
    prompt = toy.prompt(60, 60)

    async def run():
        async with engine(toy.base, folder=tmp_path) as worker:
            return (await ask(worker, request(prompt, N)))[0]

    asyncio.run(run())
    (file,) = tmp_path.iterdir()
    data = bytearray(file.read_bytes())
    data[int(part * len(data))] ^= 0x40
    file.write_bytes(data)
    again = asyncio.run(run())
    assert f"{file.name} is dropped" in caplog.text
    assert again.timings.cached_tokens == 0
    assert again.tokens == greedy(toy.base, prompt, N)
    assert asyncio.run(run()).timings.cached_tokens == 59  # written anew


def test_another_base_takes_nothing_over(toy, tmp_path):
    """Of the same sizes and tokens, so that nothing but its file tells it apart."""
    make_talking_base(tmp_path / "other.gguf", seed=1)
    other, prompt = Base(tmp_path / "other.gguf"), toy.prompt(61, 60)

    async def run(base):
        async with engine(base, folder=tmp_path / "prefixes") as worker:
            return (await ask(worker, request(prompt, N)))[0]

    answers = [asyncio.run(run(base)) for base in (toy.base, other, toy.base, other)]
    assert [a.timings.cached_tokens for a in answers] == [0, 0, 59, 59]
    for answer, base in zip(answers, (toy.base, other, toy.base, other), strict=True):
        assert answer.tokens == greedy(base, prompt, N)
