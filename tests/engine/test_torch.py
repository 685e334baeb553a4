"""The engine against transformers and PEFT on the same weights: the same probabilities, token by token."""

from __future__ import annotations

import pytest
import torch

from tests.engine.harness import KINDS, differs, peft_expert, request, told

N = 12


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


@torch.no_grad()
def test_the_base_has_the_probabilities_that_it_has_in_torch(toy, trained):
    model, _ = trained
    prompt = toy.prompt(301, 40)
    tokens, logprobs = told(toy, request(prompt, N))
    with model.disable_adapter():
        logits = model(torch.tensor([[*prompt, *tokens[:-1]]])).logits[0, len(prompt) - 1 :]
    assert differs(logits, logprobs) < 1e-3
