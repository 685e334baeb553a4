"""Greedy answers of the engine against a plain llama.cpp decode of one sequence, on the f32 toy base."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from expertd.engine.interface import Request
from expertd.experts.blend import BASE, Blend, Part
from tests.engine.harness import GREEDY, ask, engine, greedy, request

N = 24


@pytest.mark.parametrize("which", ["base", "expert", "always", "blend", "offset"])
def test_an_answer_alone_equals_the_plain_decode(toy, experts, which):
    loaded, offset = {
        "base": ([], 1),
        "expert": ([(experts[0], 1.0)], 1),
        "always": ([(experts[0], 1.0)], None),
        "blend": ([(experts[0], 0.7), (experts[1], -0.4)], 1),
        "offset": ([(experts[2], 1.0)], 5),
    }[which]

    async def run():
        async with engine(toy.base) as worker:
            return [await ask(worker, request(toy.prompt(s, 90), N, loaded, offset=offset)) for s in range(3)]

    for seed, (answer,) in enumerate(asyncio.run(run())):
        assert answer.tokens == greedy(toy.base, toy.prompt(seed, 90), N, loaded, offset=offset)


def test_answers_of_eight_different_requests_at_once_equal_the_plain_decode(toy, experts):
    """The base, each expert, one from the first token, a blend, and the same expert with another scale."""
    sorts = [
        ([], 1),
        ([(experts[0], 1.0)], 1),
        ([(experts[1], 1.0)], 1),
        ([(experts[2], 1.0)], None),
        ([(experts[3], 1.0)], 1),
        ([(experts[0], 0.6), (experts[3], 0.5)], 1),
        ([(experts[0], 0.5)], 1),
        ([], 1),
    ]
    prompts = [toy.prompt(10 + i, 20 + 15 * i) for i in range(8)]

    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, *(request(p, N, e, offset=o) for p, (e, o) in zip(prompts, sorts, strict=True)))

    for answer, prompt, (loaded, offset) in zip(asyncio.run(run()), prompts, sorts, strict=True):
        assert answer.tokens == greedy(toy.base, prompt, N, loaded, offset=offset)


def test_the_same_prompt_with_and_without_the_expert_differs(toy, experts):
    prompt = toy.prompt(1, 30)

    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, *(request(prompt, N, e) for e in ([], [(experts[0], 1.0)])))

    without, with_ = asyncio.run(run())
    assert without.tokens != with_.tokens


def test_the_expert_off_leaves_the_logits_of_the_base_untouched(toy, experts):
    """Before any expert was loaded, beside a running one, and after it: the same probabilities."""
    prompt = toy.prompt(2, 30)
    base = request(prompt, N, logprobs=toy.base.n_vocab)

    async def run():
        async with engine(toy.base, cache_bytes=0) as worker:
            (before,) = await ask(worker, base)
            beside, _ = await ask(worker, base, request(toy.prompt(3, 40), N, [(experts[0], 1.0)]))
            (after,) = await ask(worker, base)
            return before, beside, after

    before, beside, after = asyncio.run(run())
    assert after.logprobs == before.logprobs
    assert beside.tokens == before.tokens
    for one, other in zip(beside.logprobs, before.logprobs, strict=True):
        assert_near(one.top, other.top)


def test_all_of_the_prompt_but_its_last_token_is_the_bases_own(toy, experts):
    """The prompt's probabilities under an activated expert are the base's; those of the answer are not."""
    prompt = toy.prompt(4, 40)

    async def run():
        async with engine(toy.base) as worker:
            return await ask(
                worker,
                *(request(prompt, 4, e, prompt_logprobs=True) for e in ([], [(experts[0], 1.0)])),
                request(prompt, 4, [(experts[0], 1.0)], offset=None, prompt_logprobs=True),
            )

    base, answer, always = asyncio.run(run())
    told = [np.array([p.logprob for p in a.prompt_logprobs]) for a in (base, answer, always)]
    assert len(told[0]) == len(prompt) - 1
    assert np.abs(told[0] - told[1]).max() < 1e-3
    assert np.abs(told[0] - told[2]).max() > 0.1
    assert base.tokens != answer.tokens


def test_two_names_of_one_content_add_up_in_a_blend(toy, experts):
    prompt, weights = toy.prompt(5, 30), experts[0]
    twice = Blend((Part("a", weights.content_hash, 0.5, 1), Part("b", weights.content_hash, 0.5, 1)))
    plain = request(prompt, N, [(weights, 1.0)])

    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, replace_blend(plain, twice, (weights, weights)))

    assert asyncio.run(run())[0].tokens == greedy(toy.base, prompt, N, [(weights, 1.0)])


def test_the_base_named_with_an_empty_blend_is_the_base(toy):
    assert Blend(()) == BASE
    assert Blend(()).key == BASE.key


def replace_blend(one, blend, weights):
    return replace(one, blend=blend, weights=weights)


def assert_near(top, other, *, tolerance=1e-3):
    """Alternatives with the same probabilities, whatever the order of near ones."""
    a, b = dict(top), dict(other)
    assert a.keys() == b.keys()
    assert max(abs(a[token] - b[token]) for token in a) < tolerance


def test_experts_of_one_blend_become_active_each_where_it_does_alone(toy, experts):
    """One from the first token, one over the last five, one over the last: against llama.cpp with a set at a time."""
    prompt, offsets = toy.prompt(600, 40), (None, 5, 1)
    parts = tuple(Part(f"e{i}", experts[i].content_hash, 0.6, offset) for i, offset in enumerate(offsets))
    one = Request(prompt, N, Blend(parts), tuple(experts[:3]), sampling=GREEDY, logprobs=0)

    async def run():
        async with engine(toy.base) as worker:
            return await ask(
                worker, one, request(toy.prompt(601, 30), N, [(experts[3], 1.0)]), replace(one, prompt=prompt[:30])
            )

    loaded = [(expert, 0.6) for expert in experts[:3]]
    answer, _, other = asyncio.run(run())
    assert answer.tokens == greedy(toy.base, prompt, N, loaded, offsets=offsets)
    assert other.tokens == greedy(toy.base, prompt[:30], N, loaded, offsets=offsets)
    assert answer.tokens != greedy(toy.base, prompt, N, loaded)
