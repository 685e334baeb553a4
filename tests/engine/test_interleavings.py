"""Random comings and goings against the plain decode: whatever the order, an answer is what it is alone."""

from __future__ import annotations

import asyncio
import random
from functools import cache

import pytest

from expertd.engine import worker as worker_module
from tests.engine.harness import collect, engine, greedy, request

LONGEST = 24


@pytest.fixture(scope="module")
def sorts(toy, experts):
    return [
        ((), 1),
        (((experts[0], 1.0),), 1),
        (((experts[1], 1.0),), 1),
        (((experts[0], 0.5),), 1),
        (((experts[2], 1.0),), None),
        (((experts[1], 0.6), (experts[3], 0.4)), 3),
    ]


@pytest.fixture(scope="module")
def prompts(toy):
    """Twelve that share beginnings of all lengths."""
    stems = [toy.prompt(200 + i, 60) for i in range(2)]
    cuts = [(stems[i % 2][: 3 + 5 * i], toy.prompt(210 + i, 1 + i % 4)) for i in range(12)]
    return [(*stem, *end) for stem, end in cuts]


@pytest.fixture(scope="module")
def plain(toy, sorts, prompts):
    @cache
    def answer(prompt, sort):
        loaded, offset = sorts[sort]
        return greedy(toy.base, prompts[prompt], LONGEST, loaded, offset=offset)

    return answer


@pytest.mark.parametrize("seed", range(40))
def test_any_interleaving_gives_the_answers_of_each_alone(toy, sorts, prompts, plain, seed, tmp_path, monkeypatch):
    rng = random.Random(seed)
    monkeypatch.setattr(worker_module, "QUIET", rng.choice([0, 0.002, 60]))

    async def one(worker):
        await asyncio.sleep(rng.random() * 0.02)
        prompt, sort, length = rng.randrange(len(prompts)), rng.randrange(len(sorts)), rng.randint(1, LONGEST)
        cancel_after = rng.randint(1, length) if rng.random() < 0.3 else None
        loaded, offset = sorts[sort]
        answer = await collect(
            worker.submit(request(prompts[prompt], length, loaded, offset=offset)), at_most=cancel_after
        )
        return prompt, sort, cancel_after or length, answer.tokens

    async def run():
        settings = {
            "cache_bytes": rng.choice([0, 1 << 16, 1 << 26]),
            "sequences": rng.randint(2, 6),
            "step_seconds": rng.choice([0.0, 0.01, 0.1]),
            "folder": rng.choice([None, tmp_path]),
        }
        async with engine(toy.base, cells=256, batch=rng.choice([32, 256]), **settings) as worker:
            return await asyncio.gather(*(one(worker) for _ in range(12)))

    for prompt, sort, length, tokens in [*asyncio.run(run()), *asyncio.run(run())]:  # restarted once
        assert tokens == plain(prompt, sort)[:length], (prompt, sort)
