"""The mixed way on each architecture that it is listed for: experts as PEFT has them, alone and among others."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch

from expertd.engine.base import Base
from expertd.engine.ways import ARCHITECTURES, why_plain
from tests.engine.harness import KINDS, Toy, ask, differs, engine, peft_expert, request, told
from tests.toy_base import make_talking_base

pytestmark = [pytest.mark.way("mixed"), pytest.mark.usefixtures("f32_kv")]  # the plain way is llama.cpp's own
N = 8


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def toy(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    model, shape = make_talking_base(path, architecture=request.param)
    return Toy(Base(path), shape, model)


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    """{kind: (PEFT model with random adapters, its folder as the daemon reads it)}"""
    folder = tmp_path_factory.mktemp("experts")
    return {kind: peft_expert(toy, config, folder / kind) for kind, config in KINDS.items()}


def test_the_self_test_proves_it(toy):
    assert why_plain(toy.base) == ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset", [1, None])
@torch.no_grad()
def test_an_expert_has_the_probabilities_that_it_has_in_peft(toy, trained, kind, offset):
    model, weights = trained[kind]
    prompt = toy.prompt(300, 20)
    tokens, logprobs = told(toy, request(prompt, N, [(weights, 1.0)], offset=offset))
    start = 0 if offset is None else len(prompt) - offset
    past = None
    if start:
        past = toy.torch(torch.tensor([prompt[:start]]), use_cache=True).past_key_values
    rest = torch.tensor([[*prompt[start:], *tokens[:-1]]])
    if kind == "prompt" and start:  # PEFT puts it before everything, so here its rows are put before the active part
        rows = model.prompt_encoder["default"].embedding.weight[None]
        rest = {"inputs_embeds": torch.cat([rows, toy.torch.get_input_embeddings()(rest)], 1)}
        logits = toy.torch(**rest, past_key_values=past).logits[0, -len(tokens) :]
    else:
        logits = model(rest, past_key_values=past).logits[0, -len(tokens) :]
    # llama.cpp looks gemma's GELU up in a table of f16: its base itself is 0.002 off.
    assert differs(logits, logprobs) < (1e-2 if toy.base.architecture == "gemma" else 1e-3)


def test_in_a_batch_of_eight_each_has_the_probabilities_that_it_has_alone(toy, trained):
    kinds = {kind: weights for kind, (_, weights) in trained.items()}
    sorts = [[(kinds[kind], 1.0)] for kind in KINDS if kind not in ("rslora", "patterns", "ia3-all")]
    sorts += [[], [(kinds["rslora"], -0.4), (kinds["ia3-all"], 0.7), (kinds["dora"], 0.5)]]
    sorts += [[(kinds["prompt"], 1.0), (kinds["attention"], 0.9), (kinds["ia3"], 0.3)]]
    assert len(sorts) == 8
    requests = [
        replace(request(toy.prompt(400 + i, 10 + 3 * i), N, sort), logprobs=toy.base.n_vocab)
        for i, sort in enumerate(sorts)
    ]

    async def run():
        async with engine(toy.base, cache_bytes=0) as worker:
            alone = [(await ask(worker, one))[0] for one in requests]
            return alone, await ask(worker, *requests)

    for one, other in zip(*asyncio.run(run()), strict=True):
        assert one.tokens == other.tokens
        for a, b in zip(one.logprobs, other.logprobs, strict=True):
            a_top, b_top = dict(a.top), dict(b.top)
            assert np.abs([a_top[t] - b_top[t] for t in a_top]).max() < 1e-3


@pytest.mark.parametrize("architecture", ["gemma2", "gemma3"])
def test_a_sliding_window_is_served_the_plain_way_and_says_why(architecture, tmp_path):
    make_talking_base(tmp_path / "toy.gguf", architecture=architecture)
    assert architecture in why_plain(Base(tmp_path / "toy.gguf"))
