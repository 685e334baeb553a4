"""A LoRA as pairs of matrices, for what makes it smaller: read from any file that is served, cut, written again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

from expertd.errors import TrainingRefused
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.int8_adapter import INT8, quantize, write_int8
from expertd.experts.manifest import Manifest, read_manifest
from expertd.experts.peft_adapter import CONFIG, TENSORS, peft_path, peft_rows
from expertd.experts.tensors import BaseShape
from expertd.experts.weights import read_weights

Floats: TypeAlias = npt.NDArray[np.float32]
Pair: TypeAlias = tuple[Floats, Floats]  # A [rank, n_in], and B [n_out, rank] with the adapter's scaling in it
Pairs: TypeAlias = Mapping[str, Pair]  # by PEFT's path of the layer, rows in PEFT's order


def read_lora(folder: Path, shape: BaseShape, base_file: Path) -> tuple[Manifest, Pairs, bool]:
    """The manifest and matrices of an expert's folder, and whether they are in 8 bits there.

    Raises `ExpertRefused`, and `TrainingRefused` where it is no LoRA.
    """
    manifest = read_manifest(folder)
    weights = read_weights(folder, manifest, shape, BaseTensors(base_file))
    if not weights.is_lora or weights.invocation:
        raise TrainingRefused(f"{folder} is DoRA, IA3, a soft prompt or aLoRA. Give a plain LoRA.")
    pairs = {
        peft_path(name): (module.a.astype(np.float32), peft_rows(module.b.astype(np.float32), name, shape))
        for name, module in weights.modules.items()
    }
    return manifest, pairs, weights.quantized is not None


def nbytes(pairs: Pairs, int8: bool) -> int:
    """Of the matrices on the disk, in 8 bits or f16."""
    values = sum(a.size + b.size for a, b in pairs.values())
    return values + sum(8 * len(a) for a, _ in pairs.values()) if int8 else 2 * values


def as_stored(pairs: Pairs, int8: bool) -> Pairs:
    """What is left of the numbers where they are kept in 8 bits, or f16."""
    if not int8:
        return {
            path: (a.astype(np.float16).astype(np.float32), b.astype(np.float16).astype(np.float32))
            for path, (a, b) in pairs.items()
        }
    return {
        path: (quantize(a).halves().astype(np.float32), quantize(b.T).halves().T.astype(np.float32))
        for path, (a, b) in pairs.items()
    }


def spectrum(pair: Pair) -> tuple[Floats, Floats, Floats]:
    """The singular values of B A [rank], falling, and its factors: B A = left * values @ right."""
    a, b = (side.astype(np.float64) for side in pair)
    from_b, to_b = np.linalg.qr(b)
    from_a, to_a = np.linalg.qr(a.T)
    left, values, right = np.linalg.svd(to_b @ to_a.T)
    parts = from_b @ left, values, right @ from_a.T
    return tuple(part.astype(np.float32) for part in parts)  # type: ignore[return-value]


def cut(factors: Mapping[str, tuple[Floats, Floats, Floats]], ranks: Mapping[str, int]) -> Pairs:
    """The pairs of a layer's largest `ranks[path]` singular values; layers that have none are left out."""
    made = {}
    for path, (left, values, right) in factors.items():
        if rank := ranks[path]:
            root = np.sqrt(values[:rank])  # half on either side: f16 and 8 bits hold sides of like size best
            made[path] = (root[:, None] * right[:rank], left[:, :rank] * root)
    return made


def joined(parts: Iterable[tuple[Pairs, float]]) -> Pairs:
    """Their sum, each times its scale, exactly: A's above each other, B's side by side."""
    found: dict[str, list[Pair]] = {}
    for pairs, scale in parts:
        for path, (a, b) in pairs.items():
            found.setdefault(path, []).append((a, np.float32(scale) * b))
    return {path: (np.vstack([a for a, _ in each]), np.hstack([b for _, b in each])) for path, each in found.items()}


def write_lora(pairs: Pairs, folder: Path, shape: BaseShape, base_name: str, *, int8: bool) -> tuple[str, ...]:
    """Write the files of an adapter into `folder`, and give their names. Raises `OSError`.

    PEFT reads what is not in 8 bits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = _config(pairs, shape, base_name)
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
    if int8:
        write_int8({path: (quantize(a), quantize(b.T)) for path, (a, b) in pairs.items()}, folder)
        return CONFIG, INT8
    tensors = {}
    for path, (a, b) in pairs.items():
        for part, matrix in (("lora_A", a), ("lora_B", b)):
            tensors[f"base_model.model.{path}.{part}.weight"] = np.ascontiguousarray(matrix, np.float16)
    # Not `save_file`, whose files are their writer's alone: a daemon may be another user's.
    (folder / TENSORS).write_bytes(save(tensors, metadata={"format": "pt"}))
    return CONFIG, TENSORS


def _config(pairs: Pairs, shape: BaseShape, base_name: str) -> dict[str, object]:
    """PEFT's, with alpha = rank: the scaling is in B."""
    ranks = {path: len(a) for path, (a, _) in pairs.items()}
    usual = Counter(ranks.values()).most_common(1)[0][0]
    others = {_end(path): rank for path, rank in ranks.items() if rank != usual}
    layers = Counter(path.rsplit(".", 1)[1] for path in ranks)
    whole = {kind for kind, count in layers.items() if count == shape.n_layer}
    targets = whole | {_end(path) for path in ranks if path.rsplit(".", 1)[1] not in whole}
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_name,
        "r": usual,
        "lora_alpha": usual,
        "rank_pattern": others,
        "alpha_pattern": others,
        "target_modules": sorted(targets),
        "bias": "none",
        "lora_dropout": 0.0,
        "inference_mode": True,
    }


def _end(path: str) -> str:
    """The end of a layer's path by which PEFT finds this one and no other: "layers.3.mlp.up_proj"."""
    return path[path.index("layers.") :]
