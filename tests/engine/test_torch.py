"""The engine against transformers and PEFT on the same weights: the same probabilities, token by token."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig

from expertd.experts.invocation import invoked_at
from tests.engine.harness import ALL, KINDS, differs, peft_expert, request, told

N = 12
INVOCATION = [40, 41, 40]


pytestmark = pytest.mark.usefixtures("f32_kv")


@pytest.fixture(scope="module")
def trained(toy, tmp_path_factory):
    """A PEFT model with random adapters, and its folder as read by the daemon."""
    return peft_expert(toy, KINDS["lora"], tmp_path_factory.mktemp("experts"))


@pytest.mark.parametrize("offset", [1, 4, None])
@torch.no_grad()
def test_an_expert_has_the_probabilities_that_it_has_in_torch(toy, trained, offset):
    model, weights = trained
    prompt = toy.prompt(300, 40)
    engine_tokens, engine_logprobs = told(toy, request(prompt, N, [(weights, 1.0)], offset=offset))
    start = 0 if offset is None else len(prompt) - offset
    past = None
    if start:
        with model.disable_adapter():
            past = model(torch.tensor([prompt[:start]]), use_cache=True).past_key_values
    rest = torch.tensor([[*prompt[start:], *engine_tokens[:-1]]])
    logits = model(rest, past_key_values=past).logits[0, len(prompt) - start - 1 :]
    assert differs(logits, engine_logprobs) < 1e-3


@pytest.fixture(scope="module")
def waiting(toy, tmp_path_factory):
    """An adapter that waits for invocation tokens, as PEFT's aLoRA does."""
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=ALL, task_type="CAUSAL_LM", alora_invocation_tokens=INVOCATION
    )
    return peft_expert(toy, config, tmp_path_factory.mktemp("waiting"))


@pytest.mark.parametrize("at", [(), (0,), (30,), (37,), (3, 20), (10, 12, 14)], ids=str)
@torch.no_grad()
def test_an_expert_that_waits_for_tokens_has_the_probabilities_that_it_has_in_peft(toy, waiting, at):
    """The last occurrence counts, as where some overlap; without one it is off."""
    model, weights = waiting
    prompt = [50 + token % 10 for token in toy.prompt(302, 40)]
    for start in at:
        prompt[start : start + len(INVOCATION)] = INVOCATION
    assert list(weights.invocation) == INVOCATION
    offset = invoked_at(weights.invocation, prompt)
    experts = [] if offset is None else [(weights, 1.0)]
    tokens, logprobs = told(toy, request(prompt, N, experts, offset=offset))
    assert invoked_at(INVOCATION, tokens) is None  # PEFT is shown the whole, and would take a later one
    logits = model(torch.tensor([[*prompt, *tokens[:-1]]])).logits[0, len(prompt) - 1 :]
    assert differs(logits, logprobs) < 1e-3
    off = model(torch.tensor([[*prompt, *tokens[:-1]]]), alora_offsets=[None]).logits[0, len(prompt) - 1 :]
    assert (differs(off, logprobs) < 1e-3) == (offset is None)


@torch.no_grad()
def test_the_base_has_the_probabilities_that_it_has_in_torch(toy, trained):
    model, _ = trained
    prompt = toy.prompt(301, 40)
    tokens, logprobs = told(toy, request(prompt, N))
    with model.disable_adapter():
        logits = model(torch.tensor([[*prompt, *tokens[:-1]]])).logits[0, len(prompt) - 1 :]
    assert differs(logits, logprobs) < 1e-3
