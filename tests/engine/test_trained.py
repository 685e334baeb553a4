"""What is trained is what is served: the trainer's loss on an answer and the engine's probabilities of it."""

from __future__ import annotations

import copy

import pytest
import torch

from expertd.experts.base_tensors import BaseTensors
from expertd.experts.manifest import Manifest
from expertd.experts.weights import read_weights
from expertd.train.answer_only import Prompts, answer_loss, marks
from expertd.train.data import Example, group
from expertd.train.prompt_kv import PromptKV
from expertd.train.recipe import IA3_MODULES, MODULES, RATES
from expertd.train.trainee import Trainee, adapter_config, soft_start
from tests.engine.harness import request, told

N = 12

pytestmark = [pytest.mark.usefixtures("f32_kv"), pytest.mark.way("mixed")]


def _trainee(toy, kind):
    """A trainee whose adapter changes answers."""
    modules = IA3_MODULES if kind == "ia3" else MODULES
    config = adapter_config(kind, 4, 8, modules, 5)
    base = copy.deepcopy(toy.torch).eval()
    trainee = Trainee(base, config, soft_start((), 5, base.config.vocab_size, 1))
    torch.manual_seed(3)
    state = {name: tensor.clone() for name, tensor in trainee.state().items()}
    for name, tensor in state.items():
        if "lora_magnitude" in name or "ia3_l" in name:
            tensor.mul_(1 + 0.5 * torch.randn_like(tensor))
        else:
            tensor.normal_(std=0.2)
    trainee.set_state(state)
    return trainee


@pytest.mark.parametrize("offset", [1, 4])
@pytest.mark.parametrize("kind", RATES)
def test_an_answer_costs_in_training_what_its_probability_in_the_engine_says(toy, kind, offset, tmp_path):
    trainee = _trainee(toy, kind)
    trainee.save(tmp_path, "toy")
    # The folder's matrices are f16; the same go into torch.
    trainee.start_from(tmp_path)
    weights = read_weights(tmp_path, Manifest(name="toy"), toy.shape, BaseTensors(toy.base.path))
    prompt = toy.prompt(310, 40)
    tokens, logprobs = told(toy, request(prompt, N, [(weights, 1.0)], offset=offset))
    own = [float(logprobs[i][token]) for i, token in enumerate(tokens)]
    (batch,) = group([Example(prompt, tuple(tokens))], offset)
    prompts = Prompts(PromptKV(1 << 20, dtype=torch.float32), offset)
    loss = answer_loss(trainee, prompts, batch).item()
    assert abs(loss + sum(own)) < 1e-2, (loss, -sum(own))
    found = marks(trainee, prompts, batch)
    assert abs(found.loss - loss) < 1e-3
    assert (found.tokens, found.exact) == (len(tokens), 1)  # the engine's own answer is the greedy one
    plain = told(toy, request(prompt, N))[0]
    assert plain != tokens, "the adapter changes nothing, so this proves nothing"
