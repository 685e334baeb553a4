"""The embedded base in the layout that is served: there llama.cpp does not equal itself bit for bit."""

from __future__ import annotations

import asyncio
import random
import sys

import numpy as np
import psutil
import pytest

from expertd.config import cache_dir
from expertd.engine import empty_cells
from expertd.engine.base import Base
from expertd.engine.chat_template import ChatTemplate
from expertd.engine.context import Context, Row
from expertd.engine.hook import Hook
from expertd.models.catalogue import resolve
from tests.engine.harness import ask, collect, engine, greedy, random_weights, request

N, SHORT = 24, 12
QUESTIONS = ["Name three fruits.", "What is a river?", "Write one line about the sea.", "Is 7 a prime number?"]


@pytest.fixture(scope="module")
def served():
    base = Base(resolve("smollm2-135m-instruct", "q4", cache_dir(), False))
    yield base
    base.close()


@pytest.fixture(scope="module")
def prompts(served):
    template = ChatTemplate(served)
    return [template.encode([{"role": "user", "content": question}]) for question in QUESTIONS]


def test_an_answer_that_repeats_itself_takes_fewer_steps(served):
    prompt, length = served.tokenize("The boat is a boat.\n" * 6), 4 * N

    async def run():
        async with engine(served) as worker:
            (answer,) = await ask(worker, request(prompt, length))
            return answer, worker.counters()

    answer, counted = asyncio.run(run())
    assert len(answer.tokens) == length
    assert counted.accepted_tokens > length / 2 and counted.steps < length / 2


def test_the_token_that_ends_a_turn_is_the_templates_own(served):
    assert served.piece(served.eos, special=True) == b"<|im_end|>"


@pytest.mark.parametrize("flash", [False, True])
def test_answers_alone_and_beside_three_others_are_those_of_the_plain_decode(served, prompts, flash):
    plain = [greedy(served, prompt, N) for prompt in prompts]

    async def run():
        async with engine(served, flash=flash) as worker:
            alone = [(await ask(worker, request(prompt, N)))[0] for prompt in prompts]
        async with engine(served, flash=flash) as worker:
            return alone, await ask(worker, *(request(prompt, N) for prompt in prompts))

    alone, together = ([answer.tokens for answer in answers] for answers in asyncio.run(run()))
    shares = equal_share(alone, plain), equal_share(together, plain)
    print(f"equal tokens up to the first other one: alone {shares[0]:.3f}, beside three {shares[1]:.3f}")
    assert min(shares) >= 0.6


@pytest.mark.parametrize("seed", range(3))
def test_answers_among_comings_and_goings_are_those_of_their_own_blend(served, prompts, seed):
    """With cancels and a cache of some prompts. Blends are told apart by their tokens."""
    rng = random.Random(seed)
    experts = [random_weights(served.shape, i, strength=0.2, modules=("attn_q", "attn_v")) for i in range(2)]
    sorts = [
        ([], 1),
        ([(experts[0], 1.0)], 1),
        ([(experts[1], 1.0)], None),
        ([(experts[0], 0.7), (experts[1], 0.5)], 1),
    ]
    plain = {
        (p, s): greedy(served, prompts[p], SHORT, loaded, offset=offset)
        for p in range(2)
        for s, (loaded, offset) in enumerate(sorts)
    }

    async def one(worker, prompt, sort, cancel_after):
        await asyncio.sleep(rng.random() * 2)
        loaded, offset = sorts[sort]
        stream = worker.submit(request(prompts[prompt], SHORT, loaded, offset=offset))
        return (await collect(stream, at_most=cancel_after)).tokens

    async def run():
        asked = [key for key in plain for _ in range(2)]
        rng.shuffle(asked)
        cancels = [rng.choice([None, None, rng.randint(1, SHORT)]) for _ in asked]
        async with engine(served, sequences=4, cache_bytes=8 << 20) as worker:
            made = [one(worker, *key, after) for key, after in zip(asked, cancels, strict=True)]
            return asked, cancels, await asyncio.gather(*made)

    asked, cancels, answers = asyncio.run(run())
    own = [plain[key][:after] for key, after in zip(asked, cancels, strict=True)]
    others = [plain[p, (s + 1) % len(sorts)][:after] for (p, s), after in zip(asked, cancels, strict=True)]
    shares = equal_share(answers, own), equal_share(answers, others)
    print(f"equal tokens up to the first other one: own blend {shares[0]:.3f}, another one {shares[1]:.3f}")
    assert shares[0] >= 0.6
    assert shares[1] < 0.3


def equal_share(some, others):
    """Tokens before the first difference, of all: after it, two texts are no longer comparable."""
    equal = total = 0
    for a, b in zip(some, others, strict=True):
        total += len(b)
        equal += next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return equal / total


def test_a_smaller_type_of_kv_moves_the_logits_a_little_and_takes_half_the_room(served, prompts):
    logits, sizes = [], []
    for kv in (("f16", "f16"), ("q8_0", "q8_0")):
        context = Context(served, n_cells=256, n_seq=1, n_batch=256, n_threads=1, kv=kv)
        context.decode([Row(token, i, 0, i == len(prompts[0]) - 1) for i, token in enumerate(prompts[0])])
        logits.append(context.logits(len(prompts[0]) - 1).copy())
        sizes.append(context.sequence_bytes(0))
        context.close()
    assert 0 < np.abs(logits[0] - logits[1]).max() < 2
    assert logits[0].argmax() == logits[1].argmax()
    assert sizes[1] < 0.55 * sizes[0]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all cells take memory from the start")
def test_empty_cells_take_no_memory_and_change_no_logits(served, prompts):
    def decode(context):
        rows = [Row(token, i, 0, i == len(prompts[0]) - 1) for i, token in enumerate(prompts[0])]
        context.decode(rows)
        return context.logits(len(rows) - 1).copy()

    def resident():
        return psutil.Process().memory_full_info().uss

    before, logits = resident(), []
    contexts = [Context(served, n_cells=8192, n_seq=2, n_batch=64, n_threads=1, hook=Hook(64)) for _ in range(2)]
    whole = (resident() - before) / 2
    given = empty_cells.give_back(contexts[0])
    assert given > 0.9 * 8192 * 30 * 2 * 192 * 2  # layers, K and V, channels, bytes
    assert resident() - before < 1.2 * whole
    for context in contexts:
        logits.append(decode(context))
        context.close()
    np.testing.assert_array_equal(*logits)
