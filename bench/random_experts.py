"""Random experts: PEFT folders for the daemon, and the LoRAs among them as GGUF files for llama-server too."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from expertd.experts.gguf_adapter import write_gguf
from expertd.experts.manifest import read_manifest
from expertd.experts.tensors import Array, BaseShape
from expertd.experts.weights import read_weights
from tests.fixtures import make_peft_folder, peft_tensors

RANK, ALPHA = 16, 32
SOFT_TOKENS = 16
OTHER_KINDS = ("dora", "ia3", "soft")


def make_loras(folder: Path, ggufs: Path, shape: BaseShape, count: int) -> list[Path]:
    """LoRAs of q, k, v and o: e0, e1 ... active from the answer on, a0, a1 ... the same from the first token on.

    Returns the GGUF file of each.
    """
    files = []
    for i in range(count):
        make_peft_folder(folder / f"e{i}", shape, seed=i, rank=RANK, alpha=ALPHA, manifest={"activation": "answer"})
        bare = make_peft_folder(folder / f"a{i}", shape, seed=i, rank=RANK, alpha=ALPHA)
        files.append(ggufs / f"{i}.gguf")
        write_gguf(read_weights(bare, read_manifest(bare), shape), shape.architecture, files[-1])
    return files


def make_other_kinds(folder: Path, shape: BaseShape, base: Path) -> None:
    """An expert of each of `OTHER_KINDS`, as PEFT writes them, active from the first token on."""
    lora = peft_tensors(shape, seed=100, rank=RANK)
    dora = {**lora, **_magnitudes(shape, base)}
    make_peft_folder(folder / "dora", shape, rank=RANK, alpha=ALPHA, config={"use_dora": True}, tensors=dora)
    modules = ["k_proj", "v_proj", "down_proj"]
    ia3 = {"peft_type": "IA3", "target_modules": modules, "feedforward_modules": modules[2:]}
    make_peft_folder(folder / "ia3", shape, config=ia3, tensors=_ia3(shape))
    soft = {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": SOFT_TOKENS, "token_dim": shape.n_embd}
    rows = np.random.default_rng(101).standard_normal((SOFT_TOKENS, shape.n_embd)).astype(np.float32) * 0.1
    make_peft_folder(folder / "soft", shape, config=soft, tensors={"prompt_embeddings": rows})


def _magnitudes(shape: BaseShape, base: Path) -> dict[str, Array]:
    """DoRA's magnitudes: those that the base's rows have, a little changed."""
    random = np.random.default_rng(102)
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(base).tensors}
    magnitudes = {}
    for layer in range(shape.n_layer):
        for letter, module, heads in (
            ("q", "attn_q", shape.n_head),
            ("k", "attn_k", shape.n_head_kv),
            ("v", "attn_v", 0),
            ("o", "attn_output", 0),
        ):
            tensor = tensors[f"blk.{layer}.{module}.weight"]
            norms = np.linalg.norm(gguf.quants.dequantize(tensor.data, tensor.tensor_type), axis=1)
            if heads:  # back into PEFT's order: the two halves of each head, not pairs of them
                norms = norms.reshape(heads, -1, 2).swapaxes(1, 2).ravel()
            name = f"base_model.model.model.layers.{layer}.self_attn.{letter}_proj.lora_magnitude_vector"
            magnitudes[name] = (norms * random.normal(1, 0.02, len(norms))).astype(np.float32)
    return magnitudes


def _ia3(shape: BaseShape) -> dict[str, Array]:
    random = np.random.default_rng(103)
    n_kv = shape.n_head_kv * shape.head_dim
    sizes = {"self_attn.k_proj": (n_kv, 1), "self_attn.v_proj": (n_kv, 1), "mlp.down_proj": (1, shape.n_ff)}
    return {
        f"base_model.model.model.layers.{layer}.{module}.ia3_l": random.normal(1, 0.05, size).astype(np.float32)
        for layer in range(shape.n_layer)
        for module, size in sizes.items()
    }
