"""The pool on each architecture that it is listed for: experts as PEFT has them in torch, alone and among others."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace

import numpy as np
import peft
import pytest
import torch

from expertd.engine.context import Base
from expertd.engine.pool import PooledBlending
from expertd.engine.ways import ARCHITECTURES, open_hook
from expertd.experts.manifest import Manifest
from expertd.experts.weights import read_weights
from tests.engine.harness import WAY, Toy, ask, differs, engine, request, told
from tests.toy_base import make_talking_base

N = 8
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
KINDS = {
    "lora": {"r": 4, "lora_alpha": 8, "target_modules": ALL},
    "rslora": {"r": 4, "lora_alpha": 8, "target_modules": ALL, "use_rslora": True},
    "attention": {"r": 16, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
}


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def toy(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    model, shape = make_talking_base(path, architecture=request.param)
    return Toy(Base(path), shape, model)


@pytest.fixture(autouse=True)
def pool_only(way, f32_kv):
    if WAY[0] is not PooledBlending:
        pytest.skip("the plain way is llama.cpp's own")


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    """{kind: (PEFT model with random adapters, its folder as the daemon reads it)}"""
    made = {}
    for kind, settings in KINDS.items():
        torch.manual_seed(5)
        model = peft.get_peft_model(copy.deepcopy(toy.torch), peft.LoraConfig(**settings)).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_" in name:
                    parameter.normal_(std=0.2)
        folder = tmp_path_factory.mktemp("experts") / kind
        model.save_pretrained(folder)
        made[kind] = model, read_weights(folder, Manifest(name="toy"), toy.shape)
    return made


def test_the_self_test_proves_it(toy):
    hook, reason = open_hook(toy.base, 32)
    assert hook and not reason


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
        with model.disable_adapter():
            past = model(torch.tensor([prompt[:start]]), use_cache=True).past_key_values
    rest = torch.tensor([[*prompt[start:], *tokens[:-1]]])
    logits = model(rest, past_key_values=past).logits[0, len(prompt) - start - 1 :]
    # llama.cpp looks gemma's GELU up in a table of f16: its base itself is 0.002 off.
    assert differs(logits, logprobs) < (1e-2 if toy.base.architecture == "gemma" else 1e-3)


def test_in_a_batch_of_eight_each_has_the_probabilities_that_it_has_alone(toy, trained):
    sorts = [[], *([(weights, 1.0)] for _, weights in trained.values()), [(trained["lora"][1], 0.5)]]
    sorts += [[(trained["lora"][1], 0.3), (trained["attention"][1], 0.9)], [(trained["rslora"][1], -0.4)], []]
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
