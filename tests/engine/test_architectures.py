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
from expertd.engine.pooled import PooledBlending
from expertd.engine.ways import ARCHITECTURES, open_hook
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.manifest import Manifest
from expertd.experts.weights import read_weights
from tests.engine.harness import WAY, Toy, ask, differs, engine, request, told
from tests.toy_base import make_talking_base

N = 8
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
KINDS = {
    "lora": peft.LoraConfig(r=4, lora_alpha=8, target_modules=ALL),
    "rslora": peft.LoraConfig(r=4, lora_alpha=8, target_modules=ALL, use_rslora=True),
    "attention": peft.LoraConfig(r=16, lora_alpha=16, target_modules=["q_proj", "v_proj"]),
    "dora": peft.LoraConfig(r=4, lora_alpha=8, target_modules=ALL, use_dora=True),
    "ia3": peft.IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"]),
    "ia3-all": peft.IA3Config(target_modules=ALL, feedforward_modules=["down_proj"]),
    "prompt": peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5),
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
    for kind, config in KINDS.items():
        torch.manual_seed(5)
        model = peft.get_peft_model(copy.deepcopy(toy.torch), copy.deepcopy(config)).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_magnitude" in name or "ia3_l" in name:
                    parameter.mul_(1 + 0.5 * torch.randn_like(parameter))
                elif "lora_" in name or "prompt" in name:
                    parameter.normal_(std=0.2)
        folder = tmp_path_factory.mktemp("experts") / kind
        model.save_pretrained(folder)
        made[kind] = model, read_weights(folder, Manifest(name="toy"), toy.shape, BaseTensors(toy.base.path))
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
    sorts = [[(kinds[kind], 1.0)] for kind in KINDS if kind not in ("rslora", "ia3-all")]
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
    hook, reason = open_hook(Base(tmp_path / "toy.gguf"), 32)
    assert hook is None
    assert architecture in reason
