"""A tiny random transformers model, and the same model as an f32 GGUF with or without a tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from expertd.experts.peft_adapter import permute
from expertd.experts.tensors import BaseShape

ARCHITECTURES = {
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3": "gemma3_text",
}


# fmt: off
PAIRS = [
    "th", "he", "in", "er", "an", "re", "on", "at", "en", "nd", "ti", "es", "or", "te", "of", "ed", "is",
    "it", "al", "ar", "st", "to", "nt", "ng", "se", "ha", "as", "ou", "io", "le", "ve", "co", "me", "de",
    "hi", "ri", "ro", "ic", "ne", "ea", "ra", "ce", "li", "ch", "ll", "be", "ma", "si", "om", "ur",
]
# fmt: on
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'tool' %}{{ raise_exception('no tools here') }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def make_model(
    architecture: str, *, seed: int = 0, vocab_size: int = 64, context: int = 128
) -> tuple[PreTrainedModel, BaseShape]:
    """A random model of a llama.cpp architecture, with 2 layers, and its shape."""
    torch.manual_seed(seed)
    config = CONFIG_MAPPING[ARCHITECTURES[architecture]](
        vocab_size=vocab_size,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=96,
        head_dim=16,
        max_position_embeddings=context,
        initializer_range=0.2,
        tie_word_embeddings=True,
        query_pre_attn_scalar=16,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    model = AutoModelForCausalLM.from_config(config).float().eval()
    return model, BaseShape(architecture, n_embd=64, n_layer=2, n_head=4, n_head_kv=2, n_ff=96, head_dim=16)


def vocabulary() -> list[str]:
    """A byte-level BPE vocabulary: control tokens, the 256 bytes, and `PAIRS`."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))  # what BPE calls a byte that cannot be seen
    return [*CONTROL, *(chr(b) if b in printable else chr(next(others)) for b in range(256)), *PAIRS]


def make_talking_base(
    path: Path, *, seed: int = 0, template: str = TEMPLATE, architecture: str = "llama", own: Sequence[str] = ()
) -> tuple[PreTrainedModel, BaseShape]:
    """Write a base with a tokenizer and a chat template; the same model in torch, and its shape.

    `own`: tokens of text that its maker defined beside the vocabulary.
    """
    model, shape = make_model(architecture, seed=seed, vocab_size=len(vocabulary()) + len(own), context=2048)
    write_base(model, shape, path, template=template, own=own)
    return model, shape


def _add_tokenizer(writer: gguf.GGUFWriter, template: str, own: Sequence[str]) -> None:
    tokens = [*vocabulary(), *own]
    types = {**dict.fromkeys(CONTROL, gguf.TokenType.CONTROL), **dict.fromkeys(own, gguf.TokenType.USER_DEFINED)}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([types.get(token, gguf.TokenType.NORMAL) for token in tokens])
    writer.add_token_merges([f"{a} {b}" for a, b in PAIRS])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)


def write_base(
    model: PreTrainedModel, shape: BaseShape, path: Path, *, template: str | None = None, own: Sequence[str] = ()
) -> None:
    """What llama.cpp's convert script does with the model; with a tokenizer where there is a `template`."""
    writer = gguf.GGUFWriter(path, shape.architecture)
    config: Any = model.config
    writer.add_block_count(shape.n_layer)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(shape.n_embd)
    writer.add_feed_forward_length(shape.n_ff)
    writer.add_head_count(shape.n_head)
    writer.add_head_count_kv(shape.n_head_kv)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    if template is None:
        writer.add_tokenizer_model("none")
    else:
        _add_tokenizer(writer, template, own)
    if shape.architecture == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
        writer.add_sliding_window(config.sliding_window)
    if shape.architecture == "gemma3":
        writer.add_sliding_window(config.sliding_window)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[shape.architecture.upper()], shape.n_layer)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        array = tensor.detach().numpy()
        if shape.architecture == "llama" and "q_proj" in name:
            array = permute(array, shape.n_head)
        if shape.architecture == "llama" and "k_proj" in name:
            array = permute(array, shape.n_head_kv)
        if shape.architecture.startswith("gemma") and name.endswith("norm.weight"):
            array = array + 1
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
