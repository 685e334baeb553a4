"""The training loop of an activated LoRA expert: steps, schedule, checkpoints, and the PEFT folder at the end."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model_state_dict, set_peft_model_state_dict
from peft.helpers import disable_input_dtype_casting
from pydantic import JsonValue
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GgufConfig
from transformers.utils import logging as transformers_logging

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.train import data
from expertd.train.answer_only import PrefixKV, Trainee, answer_loss

# B learns faster than A by this factor: "LoRA+", Hayou et al. 2024, arXiv:2402.12354.
B_RATIO = 6.0
Identity = dict[str, JsonValue]
WEIGHTS = "adapter_model.safetensors"
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Recipe:
    """What decides the result, beside the data: written into checkpoints, and compared on resume."""

    rank: int = 8
    alpha: int = 16
    modules: tuple[str, ...] = MODULES
    learning_rate: float = 1e-3  # of A; B's is B_RATIO times as high
    batch: int = 32
    micro_batch: int = 16
    epochs: int = 1
    seed: int = 1
    max_tokens: int = 2048
    offset: int = 1  # tokens of the prompt's end in which the expert is active
    system: str | None = None
    bf16: bool = False
    start: str | None = None  # sha256 of the weights that the training goes on from


@dataclass(frozen=True)
class Progress:
    """The state after a step, for a progress bar."""

    step: int
    steps: int
    examples: int
    loss: float
    examples_per_second: float


@dataclass(frozen=True)
class Trained:
    """What a finished training says about itself."""

    steps: int
    examples: int
    loss: float
    examples_per_second: float


def has_fast_bf16() -> bool:
    """Whether the processor multiplies bf16 itself; elsewhere fp32 is faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def identify(base_file: Path, data_file: Path, recipe: Recipe) -> Identity:
    """What decides a training's result: a checkpoint of another is not resumed. Raises `TrainingRefused`."""
    files = {"data": data.fingerprint(data_file), "base": data.fingerprint(base_file)}
    return {**files, **json.loads(json.dumps(asdict(recipe)))}


class Training:
    """One run of `recipe` over the examples of `data_file` on the base file that is served."""

    def __init__(
        self,
        base_file: Path,
        data_file: Path,
        out: Path,
        recipe: Recipe,
        identity: Identity,
        threads: int,
        kv_budget: int,
        start: Path | None = None,
    ) -> None:
        """`identity` is that of the files and the recipe: see `identify`. `start` is the first weights' folder."""
        if recipe.batch % recipe.micro_batch:
            raise TrainingRefused(
                f"the batch of {recipe.batch} is no multiple of the micro-batch of {recipe.micro_batch}"
            )
        self._recipe, self._out, self._base_file = recipe, out, base_file
        self._groups = _read_groups(base_file, data_file, recipe)
        self._identity = identity
        self._model = _load(base_file, recipe)
        if start:
            _start_from(start, self._model)
        if recipe.bf16:  # autocast casts what the adapter reads; PEFT would cast it up to fp32 first
            self._no_casts = disable_input_dtype_casting(self._model.peft)
            self._no_casts.__enter__()
        self._optimizer = torch.optim.AdamW(
            [{"params": self._model.matrices(side), "ratio": ratio} for side, ratio in (("A", 1.0), ("B", B_RATIO))],
            betas=(0.9, 0.99),
            weight_decay=0.01,
        )
        self._kept = PrefixKV(self._model.trunk, kv_budget)
        self._order = [
            step
            for epoch in range(recipe.epochs)
            for step in data.steps(
                data.batches(self._groups, recipe.micro_batch, window=256, seed=recipe.seed + epoch), recipe.batch
            )
        ]
        # One thread a batch: torch's own threads meet at a barrier in every operation, and stall on a busy machine.
        torch.set_num_threads(1)
        self._threads = ThreadPoolExecutor(threads)
        self.steps = len(self._order)

    def run(self, on_step: Callable[[Progress], bool], checkpoint_seconds: float = 60) -> Trained | None:
        """Train to the end, from the last checkpoint where there is one. A kill loses at most `checkpoint_seconds`.

        `on_step` says whether to go on; if not, a checkpoint is written, and the result is None.
        """
        first, recent = self._resume()
        seen, began, saved = 0, time.monotonic(), time.monotonic()
        for step in range(first, self.steps):
            loss, examples = self._step(step)
            seen += examples
            recent = 0.95 * recent + 0.05 * loss if step else loss
            going_on = on_step(Progress(step + 1, self.steps, seen, recent, seen / (time.monotonic() - began)))
            if not going_on or time.monotonic() - saved > checkpoint_seconds:
                self._checkpoint(step + 1, recent)
                saved = time.monotonic()
            if not going_on:
                return None
        self._checkpoint(self.steps, recent)
        self._save()
        return Trained(
            self.steps,
            sum(len(b.examples) for step in self._order for b in step),
            recent,
            seen / max(time.monotonic() - began, 1e-9),
        )

    def _step(self, step: int) -> tuple[float, int]:
        """One optimizer step; the loss a token and the number of examples."""
        part = self._order[step]
        tokens = sum(len(example.answer) for batch in part for example in batch.examples)

        def one(batch: data.Group) -> tuple[float, tuple[torch.Tensor, ...]]:
            with torch.autocast("cpu", torch.bfloat16, enabled=self._recipe.bf16):
                loss = answer_loss(self._model, self._kept, batch, self._recipe.offset) / tokens
            return loss.item(), torch.autograd.grad(loss, self._model.parameters)

        results = list(self._threads.map(one, part))
        for i, parameter in enumerate(self._model.parameters):
            parameter.grad = torch.stack([gradients[i] for _, gradients in results]).sum(0)
        torch.nn.utils.clip_grad_norm_(self._model.parameters, 1.0)
        for settings in self._optimizer.param_groups:
            settings["lr"] = self._rate(step) * settings["ratio"]
        self._optimizer.step()
        self._optimizer.zero_grad()
        return sum(loss for loss, _ in results), sum(len(batch.examples) for batch in part)

    def _rate(self, step: int) -> float:
        """Linear warm-up over 3% of the steps, then a cosine down to a twentieth."""
        warm = max(1, self.steps * 3 // 100)
        if step < warm:
            return self._recipe.learning_rate * (step + 1) / warm
        done = (step - warm) / max(1, self.steps - warm)
        return self._recipe.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))

    @property
    def _checkpoint_file(self) -> Path:
        return self._out / "checkpoint.pt"

    def _checkpoint(self, step: int, loss: float) -> None:
        """Written beside and renamed, so that a kill or a full disk leaves the last good one."""
        self._out.mkdir(parents=True, exist_ok=True)
        new = self._checkpoint_file.with_suffix(".new")
        state = {
            "identity": self._identity,
            "step": step,
            "loss": loss,
            "adapter": get_peft_model_state_dict(self._model.peft),
            "optimizer": self._optimizer.state_dict(),
        }
        torch.save(state, new)
        new.replace(self._checkpoint_file)

    def _resume(self) -> tuple[int, float]:
        """The step to go on from and the loss so far. A checkpoint of anything else is refused, not overwritten."""
        if not self._checkpoint_file.exists():
            return 0, 0.0
        state = torch.load(self._checkpoint_file, weights_only=True)
        if state["identity"] != self._identity:
            changed = sorted(k for k in self._identity if state["identity"].get(k) != self._identity[k])
            raise TrainingRefused(
                f"{self._checkpoint_file} belongs to a training with other {', '.join(changed)}. "
                "Give another --out, or --restart to begin anew."
            )
        set_peft_model_state_dict(self._model.peft, state["adapter"])
        self._optimizer.load_state_dict(state["optimizer"])
        return int(state["step"]), float(state["loss"])

    def _save(self) -> None:
        """The PEFT folder, weights in f16."""
        config = self._model.peft.peft_config["default"]
        config.base_model_name_or_path = self._base_file.stem
        config.inference_mode = True
        config.save_pretrained(str(self._out))
        weights = {k: v.to(torch.float16).contiguous() for k, v in get_peft_model_state_dict(self._model.peft).items()}
        save_file(weights, self._out / WEIGHTS, metadata={"format": "pt"})


def _read_groups(base_file: Path, data_file: Path, recipe: Recipe) -> list[data.Group]:
    base = Base(base_file, vocab_only=True)
    try:
        examples = list(data.tokenize(base, data.read_lines(data_file), recipe.system, recipe.max_tokens))
        return data.group(examples, recipe.offset)
    finally:
        base.close()


def _load(base_file: Path, recipe: Recipe) -> Trainee:
    """The base as torch sees it, dequantized from the served file, with a fresh adapter."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="transformers|peft")  # about their own insides
    torch.manual_seed(recipe.seed)
    model = AutoModelForCausalLM.from_pretrained(
        str(base_file.parent),
        gguf_file=base_file.name,
        dtype=torch.bfloat16 if recipe.bf16 else torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        local_files_only=True,
    )
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules=list(recipe.modules),
        task_type="CAUSAL_LM",
        lora_dropout=0.0,
    )
    return Trainee(model, config)


def _start_from(folder: Path, model: Trainee) -> None:
    """Give the adapter an expert's weights. Raises `TrainingRefused` where they are another recipe's."""
    try:
        weights = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise TrainingRefused(f"{folder / WEIGHTS} cannot be read: {error}") from error
    fresh = get_peft_model_state_dict(model.peft)
    if wrong := sorted(k for k in fresh.keys() | weights.keys() if _size(fresh, k) != _size(weights, k)):
        raise TrainingRefused(
            f"{folder} has no weights that this recipe can go on from: {wrong[0]} is {_size(weights, wrong[0])}, "
            f"and must be {_size(fresh, wrong[0])}. Give the rank and the base that it was trained with."
        )
    set_peft_model_state_dict(model.peft, {name: weight.float() for name, weight in weights.items()})


def _size(weights: Mapping[str, torch.Tensor], name: str) -> str:
    return " x ".join(map(str, weights[name].shape)) if name in weights else "not there"
