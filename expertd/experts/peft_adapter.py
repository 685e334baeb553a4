"""LoRA adapters as PEFT writes them, read and turned into GGUF's names and row order."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, deserialize

from expertd.errors import ExpertRefused
from expertd.experts.tensors import Array, BaseShape, LowRank, low_rank

CONFIG = "adapter_config.json"
TENSORS = "adapter_model.safetensors"

_MODULES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TARGETS = frozenset(module.split(".")[1] for module in _MODULES)
_TENSOR = re.compile(
    r"base_model\.model\.(?P<module>(?:model\.|language_model\.){0,3}layers\."
    rf"(?P<layer>0|[1-9]\d{{0,3}})\.(?P<kind>{'|'.join(map(re.escape, _MODULES))}))\.lora_(?P<side>[AB])\.weight"
)

# Whether the architecture's q and k rows lie permuted in a GGUF (llama.cpp's convert script, `undo_permute`).
_PERMUTED = {"llama": True, "qwen2": False, "qwen3": False, "gemma": False, "gemma2": False, "gemma3": False}

_UNSUPPORTED = {
    "use_dora": "it is DoRA, which is not supported yet",
    "fan_in_fan_out": "its weights are stored transposed",
    "modules_to_save": "it replaces whole modules of the base",
    "trainable_token_indices": "it trains token embeddings",
    "lora_bias": "it trains biases",
    "layer_replication": "it repeats layers of the base",
    "target_parameters": "it targets parameters that are no linear layers",
    "alora_invocation_tokens": "it waits for invocation tokens (set activation in expert.toml instead)",
    "use_qalora": "it is QALoRA, which pools its input",
    "use_bdlora": "it is block-diagonal",
    "arrow_config": "it routes between adapters by itself",
    "kasa_config": "it is KaSA, which changes the base",
}
# These starts take part of the base's weights away, so the adapter is wrong on the base as it is.
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")


class _Config(BaseModel):
    """What decides the numbers; PEFT's other fields are checked by name."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    peft_type: str
    r: int = 8
    lora_alpha: float = 8
    use_rslora: bool = False
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, float] | None = None
    target_modules: list[str] | str | None = None

    def scaling(self, module: str, rank: int) -> float:
        """PEFT's factor of a module, by its patterns."""
        alpha = _matched(self.alpha_pattern or {}, module, self.lora_alpha)
        return alpha / (math.sqrt(rank) if self.use_rslora else rank)

    def rank(self, module: str) -> int:
        return int(_matched(self.rank_pattern or {}, module, self.r))


def _matched(patterns: Mapping[str, float], module: str, default: float) -> float:
    """PEFT's own rule: the first pattern that matches the end of the module's path."""
    return next((value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module)), default)


def parse_peft(folder: Path, config_data: bytes, tensor_data: bytes, shape: BaseShape) -> dict[str, LowRank]:
    """The modules of an adapter by GGUF tensor name. Raises `ExpertRefused` naming the file and the reason."""
    if shape.architecture not in _PERMUTED:
        raise ExpertRefused(
            f"{folder}: how a {shape.architecture} base orders its q and k rows is not known here, so a PEFT adapter "
            f"cannot be applied. Known: {', '.join(_PERMUTED)}. Convert it to GGUF with llama.cpp's script."
        )
    config = _parse_config(folder / CONFIG, config_data)
    file = folder / TENSORS
    modules: dict[str, LowRank] = {}
    for module, pair in _pairs(file, tensor_data).items():
        match = _TENSOR.fullmatch(f"base_model.model.{module}.lora_A.weight")
        assert match  # `module` came out of this pattern
        if set(pair) != {"A", "B"}:
            raise ExpertRefused(f"{file}: {module} has lora_{next(iter(pair))} only. Save the adapter again.")
        if int(match["layer"]) >= shape.n_layer:
            raise ExpertRefused(
                f"{file}: {module} is beyond the base's {shape.n_layer} layers. The adapter belongs to another base."
            )
        kind = _MODULES[match["kind"]]
        modules[f"blk.{match['layer']}.{kind}.weight"] = _module(file, module, kind, pair, config, shape)
    _check_targets(folder, config, modules)
    return modules


def _module(file: Path, module: str, kind: str, pair: dict[str, Array], config: _Config, shape: BaseShape) -> LowRank:
    rank = config.rank(module)
    if pair["A"].ndim and pair["A"].shape[0] != rank:
        raise ExpertRefused(
            f"{file}: {module} has rank {pair['A'].shape[0]}, and {CONFIG} says {rank}. They do not belong together."
        )
    checked = low_rank(file, module, pair["A"], pair["B"], config.scaling(module, max(rank, 1)), shape.sizes(kind))
    heads = {"attn_q": shape.n_head, "attn_k": shape.n_head_kv}.get(kind)
    if heads is None or not _PERMUTED[shape.architecture]:
        return checked
    return LowRank(checked.a, permute(checked.b, heads))


def permute(b: Array, n_head: int) -> Array:
    """The rows of `b` [n_out, rank] as the convert script of llama.cpp orders those of q and k."""
    halves = b.reshape(n_head, 2, b.shape[0] // n_head // 2, b.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(b.shape))


def _pairs(file: Path, data: bytes) -> dict[str, dict[str, Array]]:
    """{module path in the base: {"A": ..., "B": ...}}"""
    try:
        views = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ExpertRefused(
            f"{file} is no sound safetensors file: {error}. Finish the copy, or save it again."
        ) from error
    pairs: dict[str, dict[str, Array]] = {}
    for name, view in views:
        match = _TENSOR.fullmatch(name)
        if not match:
            raise ExpertRefused(f"{file}: tensor {name[:120]!r} is not supported: {_why(name)}.")
        pairs.setdefault(match["module"], {})[match["side"]] = _array(file, name, view)
    if not pairs:
        raise ExpertRefused(f"{file} holds no tensors. Save the adapter again.")
    return pairs


def _why(name: str) -> str:
    if "lora_magnitude" in name:
        return "it is DoRA's, which is not supported yet"
    if any(part in name for part in ("embed_tokens", "lm_head", "lora_embedding")):
        return "trained embeddings and output heads are not served. Train without them"
    return f"train {', '.join(sorted(_TARGETS))} only"


def _array(file: Path, name: str, view: dict[str, Any]) -> Array:
    kind, data = view["dtype"], view["data"]
    if kind == "F16":
        array: Array = np.frombuffer(data, np.float16)
    elif kind == "F32":
        array = np.frombuffer(data, np.float32)
    elif kind == "BF16":  # numpy has none: it is the upper half of an f32
        array = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    else:
        raise ExpertRefused(f"{file}: {name} is {kind}. Save the adapter as F16, BF16 or F32.")
    shape: list[int] = view["shape"]
    return array.reshape(shape)


def _parse_config(path: Path, data: bytes) -> _Config:
    try:
        table = json.loads(data)
        config = _Config.model_validate(table)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise ExpertRefused(f"{path}: {wrong}. Save the adapter again with PEFT.") from error
    except (ValueError, RecursionError) as error:
        raise ExpertRefused(f"{path} is not JSON: {error}. Finish the copy, or save it again.") from error
    if config.peft_type != "LORA":
        raise ExpertRefused(f"{path}: peft_type {config.peft_type[:40]!r} is not supported, only LORA. Train a LoRA.")
    for field, reason in _UNSUPPORTED.items():
        if table.get(field):
            raise ExpertRefused(f"{path}: {field} is set: {reason}. Train without it.")
    if table.get("bias", "none") != "none":
        raise ExpertRefused(f"{path}: bias is {table['bias']!r}, and biases are not served. Train with bias = none.")
    if table.get("layers_pattern") not in (None, [], "layers", ["layers"]):
        raise ExpertRefused(f"{path}: layers_pattern {table['layers_pattern']!r} is not supported, only 'layers'.")
    if str(table.get("init_lora_weights")).startswith(_CHANGES_BASE):
        raise ExpertRefused(
            f"{path}: init_lora_weights {table['init_lora_weights']!r} changes the base's weights. "
            "Save with path_initial_model_for_weight_conversion, which makes it a plain LoRA."
        )
    for key in [*(config.rank_pattern or {}), *(config.alpha_pattern or {})]:
        _check_pattern(path, key)
    return config


def _check_pattern(path: Path, key: str) -> None:
    """Patterns are regular expressions from a stranger's file: only those that match in no time."""
    simple = re.fullmatch(r"[\w.\\^\[\]*+?-]{1,200}", key) and sum(key.count(c) for c in "*+?") <= 3
    try:
        re.compile(key)
    except re.error:
        simple = None
    if not simple:
        raise ExpertRefused(f"{path}: pattern {key[:60]!r} is not supported. Name the modules instead.")


def _check_targets(folder: Path, config: _Config, modules: Mapping[str, LowRank]) -> None:
    """A module that the config promises and the file lacks: the file is not the whole adapter."""
    targets = config.target_modules if isinstance(config.target_modules, list) else []
    names = {target.rsplit(".", 1)[-1] for target in targets}
    if other := sorted(names - _TARGETS):
        raise ExpertRefused(
            f"{folder / CONFIG}: target_modules {', '.join(other)[:200]} are not supported. "
            f"Train {', '.join(sorted(_TARGETS))} only."
        )
    found = {name.split(".")[2] for name in modules}
    missing = sorted(path.split(".")[1] for path, kind in _MODULES.items() if kind not in found)
    if lacking := [name for name in missing if name in names]:
        raise ExpertRefused(f"{folder / TENSORS} has nothing for {', '.join(lacking)}, which {CONFIG} names.")
