"""Small random experts on disk, as PEFT writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from expertd.experts.int8_adapter import quantize, write_int8
from expertd.experts.manifest import Manifest, write_manifest
from expertd.experts.tensors import BaseShape, Int8

TINY = BaseShape("llama", n_embd=32, n_layer=2, n_head=4, n_head_kv=2, n_ff=48, head_dim=8)
SMOLLM2 = BaseShape("llama", n_embd=576, n_layer=30, n_head=9, n_head_kv=3, n_ff=1536, head_dim=64)
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
ALL = (*ATTENTION, "gate_proj", "up_proj", "down_proj")

_GGUF_NAMES = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}


def peft_tensors(
    shape: BaseShape, *, seed: int = 0, rank: int = 4, modules: tuple[str, ...] = ATTENTION, strength: float = 0.02
) -> dict[str, np.ndarray]:
    """Random f16 tensors under PEFT's names: A [rank, n_in] and B [n_out, rank]."""
    random = np.random.default_rng(seed)
    tensors = {}
    for layer in range(shape.n_layer):
        for module in modules:
            n_in, n_out = shape.sizes(_GGUF_NAMES[module])
            parent = "self_attn" if module in ATTENTION else "mlp"
            name = f"base_model.model.model.layers.{layer}.{parent}.{module}"
            tensors[f"{name}.lora_A.weight"] = (random.standard_normal((rank, n_in)) * strength).astype(np.float16)
            tensors[f"{name}.lora_B.weight"] = (random.standard_normal((n_out, rank)) * strength).astype(np.float16)
    return tensors


def make_peft_folder(
    folder: Path,
    shape: BaseShape = TINY,
    *,
    seed: int = 0,
    rank: int = 4,
    alpha: float = 8,
    modules: tuple[str, ...] = ATTENTION,
    strength: float = 0.02,
    config: dict[str, Any] | None = None,
    tensors: dict[str, np.ndarray] | None = None,
    manifest: dict[str, Any] | None = None,
) -> Path:
    """A folder with a LoRA for `shape`; with an `expert.toml` where `manifest` gives its fields beside the name."""
    folder.mkdir(parents=True, exist_ok=True)
    table = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "bias": "none", "target_modules": list(modules)}
    (folder / "adapter_config.json").write_text(json.dumps({**table, **(config or {})}))
    if tensors is None:
        tensors = peft_tensors(shape, seed=seed, rank=rank, modules=modules, strength=strength)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    if manifest is not None:
        write_manifest(folder, Manifest(**{"name": folder.name, **manifest}))
    return folder


def make_int8_folder(root: Path, name: str, shape: BaseShape, **options: Any) -> tuple[Path, Path]:
    """A random expert in 8 bits, and beside it `NAME-f16` with the f16 values that these bits stand for."""
    manifest = options.pop("manifest", {})
    folder = make_peft_folder(root / name, shape, manifest=manifest, **options)
    file, pairs, floats = folder / "adapter_model.safetensors", {}, {}
    config = json.loads((folder / "adapter_config.json").read_text())
    tensors = load_file(file)
    for key in [key for key in tensors if "lora_A" in key]:
        path = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        other = key.replace("lora_A", "lora_B")
        a, b = quantize(tensors[key]), quantize(tensors[other].T)
        pairs[path] = (a, b)
        floats[key] = a.halves()
        scaled = Int8(b.values, b.scales * np.float32(config["lora_alpha"] / config["r"]))
        floats[other] = np.ascontiguousarray(scaled.halves().T)
    file.unlink()
    write_int8(pairs, folder)
    options = {**options, "alpha": options.get("rank", 4)}
    return folder, make_peft_folder(root / f"{name}-f16", shape, tensors=floats, manifest=manifest, **options)
