"""Adapters as PEFT writes them (LoRA, aLoRA, DoRA, IA3, soft prompts), turned into GGUF's names and row order."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError
from safetensors import SafetensorError, deserialize

from expertd.errors import ExpertRefused
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.faults import Faults
from expertd.experts.invocation import MAX_INVOCATION
from expertd.experts.tensors import Array, BaseShape, LowRank, Weights, low_rank

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
    rf"(?P<layer>0|[1-9]\d{{0,3}})\.(?P<kind>{'|'.join(map(re.escape, _MODULES))}))\."
    r"(?P<part>lora_A|lora_B|lora_magnitude_vector|ia3_l)(\.weight)?"
)
_PARTS = {
    "lora": frozenset({"lora_A", "lora_B"}),
    "dora": frozenset({"lora_A", "lora_B", "lora_magnitude_vector"}),
    "ia3": frozenset({"ia3_l"}),
}
PROMPT = "prompt_embeddings"
MAX_PROMPT = 1024  # virtual tokens
MAX_PATTERNS = 1000  # of ranks or alphas; one for each layer that is adapted is the most that makes sense
MAX_REPEATING = 10  # patterns with `*`, `+` or `?`, which take long to match
_MAX_HEADER = 4 << 20  # bytes of a safetensors file that name its tensors: all parts of all layers take less

# Whether the architecture's q and k rows lie permuted in a GGUF (llama.cpp's convert script, `undo_permute`).
_PERMUTED = {"llama": True, "qwen2": False, "qwen3": False, "gemma": False, "gemma2": False, "gemma3": False}

_UNSUPPORTED = {
    "fan_in_fan_out": "its weights are stored transposed",
    "modules_to_save": "it replaces whole modules of the base",
    "trainable_token_indices": "it trains token embeddings",
    "lora_bias": "it trains biases",
    "layer_replication": "it repeats layers of the base",
    "target_parameters": "it targets parameters that are no linear layers",
    "use_qalora": "it is QALoRA, which pools its input",
    "use_bdlora": "it is block-diagonal",
    "arrow_config": "it routes between adapters by itself",
    "kasa_config": "it is KaSA, which changes the base",
}
# These starts take part of the base's weights away, so the adapter is wrong on the base as it is.
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")


class Config(BaseModel):
    """What decides the numbers; PEFT's other fields are checked by name."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    peft_type: Literal["LORA", "IA3", "PROMPT_TUNING"]
    use_dora: bool = False
    feedforward_modules: list[str] | str | None = None
    num_virtual_tokens: int = 0
    r: int = 8
    lora_alpha: float = 8
    use_rslora: bool = False
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, float] | None = None
    target_modules: list[str] | str | None = None
    alora_invocation_tokens: list[NonNegativeInt] | None = Field(default=None, max_length=MAX_INVOCATION)

    @property
    def kind(self) -> str:
        """The kind as a manifest calls it."""
        return {"LORA": "dora" if self.use_dora else "lora", "IA3": "ia3", "PROMPT_TUNING": "prompt"}[self.peft_type]

    def scaling(self, module: str, rank: int) -> float:
        """PEFT's factor of a module, by its patterns."""
        alpha = _matched(self.alpha_pattern or {}, module, self.lora_alpha)
        return alpha / (math.sqrt(rank) if self.use_rslora else rank)

    def rank(self, module: str) -> int:
        return int(_matched(self.rank_pattern or {}, module, self.r))


def _matched(patterns: Mapping[str, float], module: str, default: float) -> float:
    """PEFT's own rule: the first pattern that matches the end of the module's path."""
    return next((value for key, value in patterns.items() if _pattern(key).match(module)), default)


@lru_cache(maxsize=2 * MAX_PATTERNS)
def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"(.*\.)?({key})$")


def parse_peft(
    folder: Path, config_data: bytes, tensor_data: bytes, shape: BaseShape, base: BaseTensors | None, faults: Faults
) -> tuple[str, Weights]:
    """The kind of an adapter, and what is sound of its weights. The rest goes into `faults`, with file and reason.

    Raises `ExpertRefused` for what is no adapter at all.

    `base` is needed for what is told relative to the base's weights: DoRA, and IA3 on modules with a bias.
    """
    check_architecture(folder, shape)
    file = folder / TENSORS
    views = {}
    with faults.collect():
        views = read_views(file, tensor_data)
    config = parse_config(folder / CONFIG, config_data, faults)
    arrays = {}
    for name, view in views.items():
        with faults.collect():
            arrays[name] = _array(file, name, view)
    weights = Weights({})
    if views:
        with faults.collect():
            weights = _weights(folder, arrays, set(views), config, shape, base, faults)
    return config.kind, weights


def check_architecture(folder: Path, shape: BaseShape) -> None:
    """Raises `ExpertRefused` where the order of the base's rows is not known."""
    if shape.architecture not in _PERMUTED:
        raise ExpertRefused(
            f"{folder}: how a {shape.architecture} base orders its q and k rows is not known here, so a PEFT adapter "
            f"cannot be applied. Known: {', '.join(_PERMUTED)}. Convert it to GGUF with llama.cpp's script."
        )


def _weights(
    folder: Path,
    arrays: Mapping[str, Array],
    names: set[str],
    config: Config,
    shape: BaseShape,
    base: BaseTensors | None,
    faults: Faults,
) -> Weights:
    """What the sound `arrays` of a file with tensors of these `names` hold; the rest goes into `faults`."""
    file = folder / TENSORS
    if config.kind == "prompt":
        return Weights({}, prompt=_prompt(file, arrays, config, shape))
    modules = by_module(file, arrays, names, config.kind, shape, faults)
    check_targets(folder, config, names, faults)
    if config.kind == "ia3":
        return _ia3(file, modules, config, shape, base, faults)
    weights = _lora(file, modules, config, shape, base, faults)
    return replace(weights, invocation=tuple(config.alora_invocation_tokens or ()))


@dataclass(frozen=True)
class Module:
    """One module of the base, and what the file has for it: PEFT's path, GGUF's name, the parts by PEFT's names."""

    path: str
    name: str
    parts: dict[str, npt.NDArray[Any]]

    @property
    def kind(self) -> str:
        return self.name.split(".")[2]


def by_module(
    file: Path, arrays: Mapping[str, npt.NDArray[Any]], names: set[str], kind: str, shape: BaseShape, faults: Faults
) -> list[Module]:
    """The modules all of whose parts are sound."""
    modules: dict[str, Module] = {}
    parts: dict[str, set[str]] = {}
    for name in sorted(names):
        match = _TENSOR.fullmatch(name)
        if not match or match["part"] not in _PARTS[kind]:
            faults.add(f"{file}: tensor {name[:120]!r} is not supported: {_why(name)}.")
            continue
        path = match["module"]
        if int(match["layer"]) >= shape.n_layer:
            faults.add(
                f"{file}: {path} is beyond the base's {shape.n_layer} layers. The adapter belongs to another base."
            )
            continue
        parts.setdefault(path, set()).add(match["part"])
        if name in arrays:
            made = Module(path, f"blk.{match['layer']}.{_MODULES[match['kind']]}.weight", {})
            modules.setdefault(path, made).parts[match["part"]] = arrays[name]
    for path, found in parts.items():
        if lacking := sorted(_PARTS[kind] - found):
            faults.add(f"{file}: {path} lacks {', '.join(lacking)}. Save the adapter again.")
    return [module for module in modules.values() if set(module.parts) == _PARTS[kind]]


def _lora(
    file: Path, modules: Sequence[Module], config: Config, shape: BaseShape, base: BaseTensors | None, faults: Faults
) -> Weights:
    low: dict[str, LowRank] = {}
    channels: dict[str, Array] = {}
    for module in modules:
        with faults.collect():
            made = _low_rank(file, module, config, shape)
            if config.use_dora:
                made, channels[module.name] = _dora(file, module, made, shape, _of_base(file, module.name, base))
            low[module.name] = made
    return Weights(low, channels=channels)


def _low_rank(file: Path, module: Module, config: Config, shape: BaseShape) -> LowRank:
    rank, a, b = config.rank(module.path), module.parts["lora_A"], module.parts["lora_B"]
    if a.ndim and a.shape[0] != rank:
        raise ExpertRefused(
            f"{file}: {module.path} has rank {a.shape[0]}, and {CONFIG} says {rank}. They do not belong together."
        )
    scaling = config.scaling(module.path, max(rank, 1)) if a.ndim else 1.0  # the config may say any rank
    checked = low_rank(file, module.path, a, b, scaling, shape.sizes(module.kind))
    return LowRank(checked.a, in_order(checked.b, module.kind, shape))


def _dora(file: Path, module: Module, low: LowRank, shape: BaseShape, weight: Array) -> tuple[LowRank, Array]:
    """delta = (m - 1) W x + m B A x, with m the trained magnitude over the length of each row of W + B A."""
    n_out = shape.sizes(module.kind)[1]
    magnitude = _vector(file, f"{module.path} lora_magnitude_vector", module.parts["lora_magnitude_vector"], n_out)
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(weight + low.b.astype(np.float32) @ low.a.astype(np.float32), axis=1)
        ratio = in_order(magnitude, module.kind, shape) / lengths
        b = (ratio[:, None] * low.b).astype(np.float32)
    if not lengths.all():
        raise ExpertRefused(f"{file}: {module.path} has a row of length zero. The adapter belongs to another base.")
    if not (np.isfinite(lengths).all() and np.isfinite(ratio).all() and np.isfinite(b).all()):
        raise ExpertRefused(
            f"{file}: {module.path} makes values that are infinite. Train anew, with a lower learning rate."
        )
    return LowRank(low.a, b), ratio - 1


def _ia3(
    file: Path, modules: Sequence[Module], config: Config, shape: BaseShape, base: BaseTensors | None, faults: Faults
) -> Weights:
    channels: dict[str, Array] = {}
    shifts: dict[str, Array] = {}
    inputs: dict[str, Array] = {}
    for module in modules:
        n_in, n_out = shape.sizes(module.kind)
        told = module.parts["ia3_l"]
        with faults.collect():
            if told.shape == (1, n_in) and told.shape != (n_out, 1):  # PEFT's `feedforward_modules`
                inputs[module.name] = _ia3_input(file, module, told, n_in)
                continue
            change = in_order(_vector(file, f"{module.path} ia3_l", told, n_out) - 1, module.kind, shape)
            channels[module.name] = change
            # PEFT scales after the bias, and the hook before it.
            bias = base.get(module.name.replace(".weight", ".bias")) if base else None
            if bias is not None:
                with np.errstate(over="ignore"):
                    shift = change * bias
                shifts[module.name] = _vector(file, f"{module.path} ia3_l times the bias", shift, n_out)
    return Weights({}, channels=channels, shifts=shifts, inputs=inputs)


def _ia3_input(file: Path, module: Module, told: Array, n_in: int) -> Array:
    if module.kind != "ffn_down":
        raise ExpertRefused(
            f"{file}: {module.path} is scaled at its input, and that is served for down_proj alone. "
            "Take it out of feedforward_modules and train again."
        )
    scales: Array = _vector(file, f"{module.path} ia3_l", told, n_in) - 1
    return scales


def _prompt(file: Path, arrays: Mapping[str, Array], config: Config, shape: BaseShape) -> Array:
    if set(arrays) != {PROMPT}:
        raise ExpertRefused(f"{file} has {', '.join(sorted(arrays))[:200]}, and a soft prompt is {PROMPT} alone.")
    prompt = arrays[PROMPT]
    if prompt.ndim != 2 or prompt.shape[1] != shape.n_embd or not 1 <= len(prompt) <= MAX_PROMPT:
        raise ExpertRefused(
            f"{file}: {PROMPT} is {prompt.shape}, and 1 to {MAX_PROMPT} rows of {shape.n_embd} are served. "
            "Train it on the base that is served."
        )
    if config.num_virtual_tokens != len(prompt):
        raise ExpertRefused(
            f"{file} has {len(prompt)} virtual tokens, and {CONFIG} says {config.num_virtual_tokens}. "
            "They do not belong together."
        )
    if not np.isfinite(prompt).all():
        raise ExpertRefused(f"{file}: {PROMPT} has values that are NaN or infinite. Train anew.")
    # llama.cpp scales gemma's embeddings after the look-up, transformers in it, and a soft prompt goes around that.
    scaling = math.sqrt(shape.n_embd) if shape.architecture.startswith("gemma") else 1
    return np.ascontiguousarray(prompt / scaling, np.float32)


def _vector(file: Path, name: str, array: Array, length: int) -> Array:
    if array.size != length or max(array.shape, default=0) != length:
        raise ExpertRefused(
            f"{file}: {name} is {array.shape}, and the base has {length} channels there. It belongs to another base."
        )
    if not np.isfinite(array).all():
        raise ExpertRefused(f"{file}: {name} has values that are NaN or infinite. Train anew.")
    return array.reshape(-1).astype(np.float32)


def _of_base(file: Path, name: str, base: BaseTensors | None) -> Array:
    tensor = base.get(name) if base else None
    if tensor is None:
        raise ExpertRefused(f"{file} is DoRA, which needs the base's own {name}, and the base's file has none.")
    return tensor


def in_order(rows: Array, kind: str, shape: BaseShape) -> Array:
    """The rows of a module's output, [n_out, ...], as the base's file has them."""
    heads = {"attn_q": shape.n_head, "attn_k": shape.n_head_kv}.get(kind)
    if heads is None or not _PERMUTED[shape.architecture]:
        return rows
    return permute(rows, heads)


def permute(b: Array, n_head: int) -> Array:
    """The rows of `b` [n_out, ...] as the convert script of llama.cpp orders those of q and k."""
    halves = b.reshape(n_head, 2, b.shape[0] // n_head // 2, *b.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(b.shape))


def peft_path(name: str) -> str:
    """PEFT's path of a weight by its name in GGUF: "model.layers.0.self_attn.q_proj" of "blk.0.attn_q.weight"."""
    _, layer, kind, _ = name.split(".")
    return f"model.layers.{layer}.{next(path for path, other in _MODULES.items() if other == kind)}"


def peft_rows(rows: Array, name: str, shape: BaseShape) -> Array:
    """The rows of a module's output, [n_out, ...], that lie as the base's file has them, in PEFT's order."""
    n_out = len(rows)
    return rows[np.argsort(in_order(np.arange(n_out, dtype=np.float32), name.split(".")[2], shape))]


def read_views(file: Path, data: bytes) -> dict[str, dict[str, Any]]:
    """The tensors of a safetensors file by name: `dtype`, `shape`, `data`. Raises `ExpertRefused`."""
    if len(data) >= 8 and (length := int.from_bytes(data[:8], "little")) > _MAX_HEADER:
        raise ExpertRefused(
            f"{file} has a header of {length:,} bytes, and at most {_MAX_HEADER:,} make sense. Save the adapter again."
        )
    try:
        views = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ExpertRefused(
            f"{file} is no sound safetensors file: {error}. Finish the copy, or save it again."
        ) from error
    if not views:
        raise ExpertRefused(f"{file} holds no tensors. Save the adapter again.")
    return dict(views)


def _why(name: str) -> str:
    if _TENSOR.fullmatch(name):
        return f"{CONFIG} says another kind of adapter"
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


def parse_config(path: Path, data: bytes, faults: Faults) -> Config:
    """PEFT's config without what is wrong with it, which goes into `faults`. Raises `ExpertRefused` for no config."""
    try:
        table = json.loads(data)
        config = Config.model_validate(table)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
        raise ExpertRefused(*(f"{path}: {fault}. Save the adapter again with PEFT." for fault in wrong)) from error
    except (ValueError, RecursionError) as error:
        raise ExpertRefused(f"{path} is not JSON: {error}. Finish the copy, or save it again.") from error
    for field, reason in _UNSUPPORTED.items():
        if table.get(field):
            faults.add(f"{path}: {field} is set: {reason}. Train without it.")
    if config.use_dora and config.alora_invocation_tokens:
        faults.add(f"{path}: use_dora and alora_invocation_tokens are both set, and PEFT has no such kind. Drop one.")
    if table.get("bias", "none") != "none":
        faults.add(f"{path}: bias is {table['bias']!r}, and biases are not served. Train with bias = none.")
    if table.get("layers_pattern") not in (None, [], "layers", ["layers"]):
        faults.add(f"{path}: layers_pattern {table['layers_pattern']!r} is not supported, only 'layers'.")
    if str(table.get("init_lora_weights")).startswith(_CHANGES_BASE):
        faults.add(
            f"{path}: init_lora_weights {table['init_lora_weights']!r} changes the base's weights. "
            "Save with path_initial_model_for_weight_conversion, which makes it a plain LoRA."
        )
    for field in ("rank_pattern", "alpha_pattern"):
        _check_patterns(path, field, getattr(config, field) or {}, faults)
    return config


def _check_patterns(path: Path, field: str, patterns: dict[str, Any], faults: Faults) -> None:
    """Leave those that match in no time: they are regular expressions from a stranger's file."""
    repeating = sum(any(c in key for c in "*+?") for key in patterns)
    if len(patterns) > MAX_PATTERNS or repeating > MAX_REPEATING:
        faults.add(
            f"{path}: {field} has {len(patterns):,} patterns, {repeating:,} of them with *, + or ?; the most are "
            f"{MAX_PATTERNS:,} and {MAX_REPEATING}. Name the modules, each once."
        )
        patterns.clear()
    for key in [key for key in patterns if not _is_simple(key)]:
        faults.add(f"{path}: pattern {key[:60]!r} is not supported. Name the modules instead.")
        del patterns[key]


def _is_simple(pattern: str) -> bool:
    """Whether a pattern matches in no time."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    repeats = sum(pattern.count(c) for c in "*+?")
    return repeats <= 3 and re.fullmatch(r"[\w.\\^\[\]*+?-]{1,200}", pattern) is not None


def check_targets(folder: Path, config: Config, tensors: set[str], faults: Faults) -> None:
    """A module that the config promises and the file lacks: the file is not the whole adapter."""
    targets = config.target_modules if isinstance(config.target_modules, list) else []
    names = {target.rsplit(".", 1)[-1] for target in targets}
    if other := sorted(names - _TARGETS):
        faults.add(
            f"{folder / CONFIG}: target_modules {', '.join(other)[:200]} are not supported. "
            f"Train {', '.join(sorted(_TARGETS))} only."
        )
    found = {_MODULES[match["kind"]] for name in tensors if (match := _TENSOR.fullmatch(name))}
    missing = sorted(path.split(".")[1] for path, kind in _MODULES.items() if kind not in found)
    if lacking := [name for name in missing if name in names]:
        faults.add(
            f"{folder / TENSORS} has nothing for {', '.join(lacking)}, which {CONFIG} names. Save the adapter again."
        )
