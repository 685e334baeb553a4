"""The loss and gradients of batches over a shared prefix, against every row alone with ordinary attention."""

import copy

import pytest
import torch
from peft import LoraConfig
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM
from transformers.models.gemma3 import Gemma3ForCausalLM, Gemma3TextConfig

from expertd.train import answer_only
from expertd.train.answer_only import Prompts, answer_loss
from expertd.train.data import Example, Group
from expertd.train.prompt_kv import PromptKV
from expertd.train.trainee import Trainee

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
def test_a_batch_over_a_shared_prefix_has_the_loss_and_gradients_of_its_rows_alone(
    kind, kv_heads, sizes, offset, monkeypatch
):
    base = _base(kind, kv_heads)
    plain = copy.deepcopy(base)
    plain.set_attn_implementation("eager")
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "up_proj"]
    trainee = Trainee(base, LoraConfig(r=4, target_modules=targets, init_lora_weights=False, task_type="CAUSAL_LM"))
    examples = tuple(_row(rest, answer, seed) for seed, (rest, answer) in enumerate(sizes))

    kept = PromptKV(1 << 20, dtype=torch.float32)
    loss = answer_loss(trainee, Prompts(kept, offset), Group(PREFIX, examples), 0)
    gradients = torch.autograd.grad(loss, trainee.parameters, allow_unused=True)
    # Part of the rests kept and part not, then all of them.
    some = Prompts(kept, offset, keep_rests=True)
    if len(examples) > 1:
        answer_loss(trainee, some, Group(PREFIX, examples[1:]), 0)
    for _ in range(2):
        torch.testing.assert_close(answer_loss(trainee, some, Group(PREFIX, examples), 0), loss, rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(answer_only, "TOKENS", 8)  # some rests by themselves
    in_parts = answer_loss(trainee, Prompts(kept, offset), Group(PREFIX, examples), 0)
    torch.testing.assert_close(in_parts, loss, rtol=1e-5, atol=1e-5)

    expected = sum(_alone(plain, trainee, example, offset) for example in examples)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    for got, wanted in zip(
        gradients, torch.autograd.grad(expected, trainee.parameters, allow_unused=True), strict=True
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-5)


def test_a_gap_moves_what_follows_the_prefix_and_nothing_else():
    base = _base("llama", 2)
    trainee = Trainee(base, LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM"))
    plain, example, gap, offset = trainee.trunk, _row(6, 4, 1), 11, 1
    prompts = Prompts(PromptKV(1 << 20, dtype=torch.float32), offset)
    near, far = (answer_loss(trainee, prompts, Group(PREFIX, (example,)), move) for move in (0, gap))
    assert abs(near - far) > 1e-4
    for model in (plain, trainee.adapted_trunk):
        model.config._attn_implementation = "eager"
    cache, rest, answer = DynamicCache(), example.prompt[len(PREFIX) : -1], example.answer
    with torch.no_grad():
        plain(input_ids=torch.tensor([PREFIX]), cache=cache, use_cache=True)
        positions = torch.arange(len(rest))[None] + len(PREFIX) + gap
        plain(input_ids=torch.tensor([rest]), position_ids=positions, cache=cache, use_cache=True)
    ids = torch.tensor([[example.prompt[-1], *answer[:-1]]])
    positions = torch.arange(len(answer))[None] + len(example.prompt) - 1 + gap
    hidden = trainee.adapted_trunk(input_ids=ids, position_ids=positions, cache=cache, use_cache=True).last_hidden_state
    expected = torch.nn.functional.cross_entropy(trainee.lm_head(hidden[0]), torch.tensor(answer), reduction="sum")
    torch.testing.assert_close(far, expected, rtol=1e-6, atol=1e-5)


def test_an_expert_that_sees_all_of_the_prompt_has_the_loss_of_the_whole_model():
    trainee = Trainee(
        _base("llama", 2),
        LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM"),
    )
    examples = tuple(Example(PREFIX[:length], (7, 11, 2)[: 1 + length % 3]) for length in (4, 9))
    loss = answer_loss(trainee, Prompts(PromptKV(1 << 20), 2048), Group((), examples))
    trainee.adapted_trunk.config._attn_implementation = "eager"
    expected = torch.zeros(())
    for example in examples:
        hidden = trainee.adapted_trunk(
            input_ids=torch.tensor([[*example.prompt, *example.answer[:-1]]])
        ).last_hidden_state
        logits = trainee.lm_head(hidden[0, len(example.prompt) - 1 :])
        expected = expected + torch.nn.functional.cross_entropy(logits, torch.tensor(example.answer), reduction="sum")
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
