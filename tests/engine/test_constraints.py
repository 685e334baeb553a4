"""Answers that follow a grammar among others: each is what it is alone, drawn or forced, and metrics count both."""

from __future__ import annotations

import asyncio
import re

import pytest

from expertd.engine.interface import Sampling
from expertd.grammar.compiler import Grammars, Source
from tests.engine.harness import ask, engine, idle, request

PATTERN = r"the answer is: [a-z]{3,5}, and that is (all|enough)\."
N = 60


@pytest.fixture(scope="module")
def grammar(toy):
    return Grammars(toy.base).compile(Source("regex", PATTERN, "regex"))


def text_of(toy, answer):
    return b"".join(map(toy.base.piece, answer.tokens)).decode()


def test_each_has_the_answer_that_it_has_alone(toy, experts, grammar):
    requests = [
        request(toy.prompt(800 + i, 12), N, [(expert, 1.0)] if expert else [], grammar=followed, logprobs=logprobs)
        for i, expert in enumerate((None, *experts[:2]))
        for followed, logprobs in ((grammar, 0), (None, 0), (grammar, None))
    ]

    async def run():
        async with engine(toy.base, sequences=9, cells=2048) as worker:
            alone = [(await ask(worker, one))[0] for one in requests]
            return alone, await ask(worker, *requests)

    alone, together = asyncio.run(run())
    for one, answer, other in zip(requests, alone, together, strict=True):
        assert answer.text == other.text
        if one.grammar:
            assert re.fullmatch(PATTERN, answer.text) and answer.finish_reason == "stop"
    for drawn, _, forced in zip(alone[::3], alone[1::3], alone[2::3], strict=True):
        assert re.fullmatch(PATTERN, forced.text) and drawn.text  # their prompts differ, and so may their letters


def test_what_is_forced_is_what_would_have_been_drawn(toy, experts, grammar):
    prompt = toy.prompt(820, 12)

    def asks(logprobs):
        return request(prompt, N, [(experts[0], 1.0)], grammar=grammar, logprobs=logprobs)

    async def run():
        async with engine(toy.base, cache_bytes=0) as worker:
            drawn, forced = (await ask(worker, asks(0)))[0], (await ask(worker, asks(None)))[0]
            await idle(worker)
            return drawn, forced, worker.counters()

    drawn, forced, counted = asyncio.run(run())
    assert drawn.text == forced.text == text_of(toy, drawn)
    assert counted.forced_tokens > 10
    assert counted.refused_draws > 0
    assert counted.steps < counted.completion_tokens  # the forced ones took no steps of their own


@pytest.mark.parametrize("most", range(1, 12))
def test_an_answer_is_never_longer_than_it_may_be(toy, grammar, most):
    one = request(toy.prompt(830, 12), most, grammar=grammar)

    async def run():
        async with engine(toy.base) as worker:
            return (await ask(worker, one))[0], worker.counters().completion_tokens

    answer, tokens = asyncio.run(run())
    assert answer.finish_reason == "length" and tokens == most


@pytest.mark.parametrize("most", [1, 2, 30])
def test_an_answer_that_is_cut_within_what_is_forced_does_not_look_whole(toy, most):
    fixed = Grammars(toy.base).compile(Source("regex", "the answer is: nothing at all", "regex"))
    one = request(toy.prompt(831, 12), most, grammar=fixed, logprobs=None)

    async def run():
        async with engine(toy.base) as worker:
            return (await ask(worker, one))[0]

    answer = asyncio.run(run())
    whole = answer.text == "the answer is: nothing at all"
    assert answer.finish_reason == ("stop" if whole else "length")
    assert whole == (most == 30)


def test_draws_by_heat_follow_too(toy, grammar):
    hot = Sampling(temperature=2.0, seed=1)
    requests = [request(toy.prompt(840 + i, 12), N, grammar=grammar, sampling=hot) for i in range(8)]

    async def run():
        async with engine(toy.base) as worker:
            return await ask(worker, *requests)

    texts = [answer.text for answer in asyncio.run(run())]
    assert all(re.fullmatch(PATTERN, text) for text in texts)
    assert len(set(texts)) > 4
