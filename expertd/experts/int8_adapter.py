"""LoRA adapters in 8 bits, a format of our own: PEFT's names and config, int8 matrices with a scale for each rank.

Not GGUF's Q8_0: its blocks of 32 run along the rows, and the rows of B are as wide as the rank, 8 or 16. llama.cpp
leaves such a matrix in f16, and that is half of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from expertd.errors import ExpertRefused
from expertd.experts.faults import Faults
from expertd.experts.peft_adapter import (
    CONFIG,
    Config,
    Module,
    by_module,
    check_architecture,
    check_targets,
    in_order,
    parse_config,
    read_views,
)
from expertd.experts.tensors import Array, BaseShape, Int8, Int8LowRank, LowRank, Quantized, Weights, low_rank

INT8 = "adapter_int8.safetensors"

_AGAIN = "Write it again with `expertd experts optimize`."
_LARGEST = 127


def parse_int8(
    folder: Path, config_data: bytes, tensor_data: bytes, shape: BaseShape, faults: Faults
) -> tuple[str, Weights]:
    """The kind of an adapter, and what is sound of its weights. The rest goes into `faults`, with file and reason.

    Raises `ExpertRefused` for what is no adapter at all.
    """
    check_architecture(folder, shape)
    file = folder / INT8
    config = parse_config(folder / CONFIG, config_data, faults)
    if config.kind != "lora":
        raise ExpertRefused(f"{folder / CONFIG}: only LoRA is kept in 8 bits, and this is {config.kind}. {_AGAIN}")
    matrices = _matrices(file, read_views(file, tensor_data), faults)
    names = set(matrices)
    sound = {name: matrix for name, matrix in matrices.items() if matrix is not None}
    modules = by_module(file, {name: matrix.values for name, matrix in sound.items()}, names, "lora", shape, faults)
    check_targets(folder, config, names, faults)
    low: dict[str, LowRank] = {}
    quantized: dict[str, Int8LowRank] = {}
    for module in modules:
        with faults.collect():
            a, b = (sound[f"base_model.model.{module.path}.{part}.weight"] for part in ("lora_A", "lora_B"))
            quantized[module.name], low[module.name] = _module(file, module, a, b, config, shape)
    return "lora", Weights(low, invocation=tuple(config.alora_invocation_tokens or ()), quantized=Quantized(quantized))


def _matrices(file: Path, views: Mapping[str, dict[str, Any]], faults: Faults) -> dict[str, Int8 | None]:
    """By the names of the tensors, rank by rank; None where one is not sound."""
    matrices: dict[str, Int8 | None] = {}
    for name, view in views.items():
        if name.endswith(".scale") and f"{name.removesuffix('.scale')}.weight" in views:
            continue
        matrices[name] = None
        with faults.collect():
            matrices[name] = _matrix(file, name, view, views.get(f"{name.removesuffix('.weight')}.scale"))
    return matrices


def _matrix(file: Path, name: str, view: dict[str, Any], scale: dict[str, Any] | None) -> Int8:
    if view["dtype"] != "I8" or len(view["shape"]) != 2:
        raise ExpertRefused(f"{file}: {name} is {view['dtype']} {view['shape']}, and must be a matrix of I8. {_AGAIN}")
    if scale is None or scale["dtype"] != "F32":
        raise ExpertRefused(f"{file}: {name} has no scales in F32 beside it. {_AGAIN}")
    values = np.frombuffer(view["data"], np.int8).reshape(view["shape"])
    if "lora_B" in name:
        values = np.ascontiguousarray(values.T)
    scales = np.frombuffer(scale["data"], np.float32)
    if scale["shape"] != [len(values)]:
        raise ExpertRefused(f"{file}: {name} has {scale['shape']} scales, and must have one for each rank. {_AGAIN}")
    return Int8(values, scales)


def _module(
    file: Path, module: Module, a: Int8, b: Int8, config: Config, shape: BaseShape
) -> tuple[Int8LowRank, LowRank]:
    """One module in 8 bits and as it is applied, the latter checked. Raises `ExpertRefused`."""
    rank = config.rank(module.path)
    if len(a.values) != rank:
        raise ExpertRefused(
            f"{file}: {module.path} has rank {len(a.values)}, and {CONFIG} says {rank}. They do not belong together."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        scales = b.scales * np.float32(config.scaling(module.path, max(rank, 1)))
    rows = in_order(b.values.T, module.kind, shape)
    eight = Int8LowRank(a, Int8(np.ascontiguousarray(rows.T), scales))
    low = eight.halves()
    return eight, low_rank(file, module.path, low.a, low.b, 1.0, shape.sizes(module.kind))


def quantize(matrix: Array) -> Int8:
    """`matrix` [rank, n], each row to the nearest of 255 steps up to its largest value."""
    full = matrix.astype(np.float32)
    scales = np.abs(full).max(axis=1) / _LARGEST
    steps = full / np.where(scales, scales, 1)[:, None]
    return Int8(np.rint(steps).astype(np.int8), scales)


def write_int8(modules: Mapping[str, tuple[Int8, Int8]], folder: Path) -> None:
    """Write `folder/adapter_int8.safetensors`: A and the transposed B by PEFT's paths. Raises `OSError`."""
    tensors = {}
    for path, pair in modules.items():
        for part, matrix in zip(("lora_A", "lora_B"), pair, strict=True):
            name = f"base_model.model.{path}.{part}"
            values = matrix.values if part == "lora_A" else matrix.values.T
            tensors[f"{name}.weight"] = np.ascontiguousarray(values)
            tensors[f"{name}.scale"] = matrix.scales
    # Not `save_file`, whose files are their writer's alone: a daemon may be another user's.
    (folder / INT8).write_bytes(save(tensors, metadata={"format": "np"}))
