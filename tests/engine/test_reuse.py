"""The prefix cache: what it may take over, what it must not, and that nothing changes by it."""

from __future__ import annotations

import asyncio
from itertools import permutations

import pytest

from tests.engine.harness import ask, collect, engine, greedy, random_weights, request

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


def test_the_next_turn_does_not_take_over_what_the_expert_computed(toy, experts):
    """An earlier answer is prompt in the next turn: the base's own, so it is computed again from the answer on."""
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
