"""The loss and gradients of batches over a shared prefix, against every row alone with ordinary attention."""

import copy

import pytest
import torch
from peft import LoraConfig
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM
from transformers.models.gemma3 import Gemma3ForCausalLM, Gemma3TextConfig

from expertd.train.answer_only import PrefixKV, Trainee, answer_loss
from expertd.train.data import Example, Group

PREFIX = (1, 17, 33, 5, 40, 8, 22, 9, 3)
SHAPE = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "head_dim": 8,
    "max_position_embeddings": 64,
}


def _base(kind, kv_heads):
    torch.manual_seed(0)
    heads = {"num_attention_heads": 4, "num_key_value_heads": kv_heads}
    if kind == "llama":
        return LlamaForCausalLM(LlamaConfig(**SHAPE, **heads)).eval()
    if kind == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**SHAPE, **heads)).eval()
    layers = ["sliding_attention", "full_attention", "sliding_attention"]
    return Gemma3ForCausalLM(Gemma3TextConfig(**SHAPE, **heads, sliding_window=6, layer_types=layers)).eval()


def _row(rest, answer, seed):
    tokens = torch.randint(1, 64, (rest + 1 + answer,), generator=torch.Generator().manual_seed(seed)).tolist()
    return Example((*PREFIX, *tokens[: rest + 1]), tuple(tokens[rest + 1 :]))


def _alone(plain, trainee, example, offset):
    """One row: the prompt without the adapter, then its last `offset` tokens and the answer with it over that cache."""
    prompt, answer = torch.tensor([example.prompt]), torch.tensor([example.answer])
    cache = DynamicCache()
    with torch.no_grad():
        plain.model(input_ids=prompt[:, :-offset], cache=cache, use_cache=True)
    ids = torch.cat([prompt[:, -offset:], answer[:, :-1]], 1)
    trainee.adapted_trunk.config._attn_implementation = "eager"
    hidden = trainee.adapted_trunk(input_ids=ids, cache=cache, use_cache=True).last_hidden_state[:, offset - 1 :]
    return torch.nn.functional.cross_entropy(trainee.lm_head(hidden[0]), answer[0], reduction="sum")


RAGGED, NO_RESTS, EVEN_RESTS, ONE_TOKEN = [(4, 3), (0, 6), (7, 1)], [(0, 5), (0, 2)], [(3, 4), (3, 9)], [(0, 1)]
LONGER_RESTS = [(4, 3), (9, 6), (7, 1)]


@pytest.mark.parametrize(
    ("kind", "kv_heads", "sizes", "offset"),
    [("llama", kv_heads, sizes, 1) for kv_heads in (4, 2, 1) for sizes in (RAGGED, NO_RESTS, EVEN_RESTS, ONE_TOKEN)]
    + [("qwen3", 2, RAGGED, 1), ("gemma3", 2, NO_RESTS, 1), ("gemma3", 2, EVEN_RESTS, 1)]
    + [("llama", 2, LONGER_RESTS, 5), ("qwen3", 2, LONGER_RESTS, 5)],
)
def test_a_batch_over_a_shared_prefix_has_the_loss_and_gradients_of_its_rows_alone(kind, kv_heads, sizes, offset):
    base = _base(kind, kv_heads)
    plain = copy.deepcopy(base)
    plain.set_attn_implementation("eager")
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "up_proj"]
    trainee = Trainee(base, LoraConfig(r=4, target_modules=targets, init_lora_weights=False, task_type="CAUSAL_LM"))
    examples = tuple(_row(rest, answer, seed) for seed, (rest, answer) in enumerate(sizes))

    loss = answer_loss(trainee, PrefixKV(trainee.trunk, 1 << 20), Group(PREFIX, examples), offset)
    gradients = torch.autograd.grad(loss, trainee.parameters, allow_unused=True)

    expected = sum(_alone(plain, trainee, example, offset) for example in examples)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    for got, wanted in zip(
        gradients, torch.autograd.grad(expected, trainee.parameters, allow_unused=True), strict=True
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)
