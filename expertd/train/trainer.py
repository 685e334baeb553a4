"""The training loop of an activated expert: steps, schedule, held-out marks, checkpoints."""

from __future__ import annotations

import copy
import ctypes
import json
import math
import random
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from peft.helpers import disable_input_dtype_casting
from pydantic import JsonValue
from transformers import AutoConfig, AutoModelForCausalLM, GgufConfig
from transformers.utils import logging as transformers_logging

from expertd.engine.base import Base
from expertd.errors import TrainingRefused, TrainingStopped
from expertd.train import data
from expertd.train.answer_only import Marks, Prompts, answer_loss, marks
from expertd.train.prompt_kv import PromptKV
from expertd.train.trainee import MODULES, Kind, Trainee, adapter_config, soft_start

Identity = dict[str, JsonValue]
AGREEMENT = 0.01  # of the losses in bf16 and fp32, for bf16 to be taken
PACK_TARGETS = 8


@dataclass(frozen=True)
class Recipe:
    """What decides the result, beside the data: written into checkpoints, and compared on resume."""

    kind: Kind = "lora"
    rank: int = 8
    alpha: int = 16
    modules: tuple[str, ...] = MODULES
    virtual_tokens: int = 32  # of a soft prompt
    learning_rate: float = 1e-3  # of A; B's is `trainee.B_RATIO` times as high
    batch: int = 32
    micro_batch: int = 16
    epochs: int = 1
    seed: int = 1
    max_tokens: int = 2048
    offset: int = 1  # tokens of the prompt's end in which the expert is active
    asking: data.Asking = field(default_factory=data.Asking)
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    evaluations: int = 8  # looks at the held-out examples
    patience: int = 3  # looks without a better loss after which it stops; 0: never
    positions: int = 0  # distance from a shared prefix to what follows, up to which it grows over the steps
    pack: int = 0  # tokens up to which other examples stand before each; 0: none do
    start: str | None = None  # sha256 of the weights that the training goes on from


@dataclass(frozen=True)
class Machine:
    """What a training may use. Nothing here changes the result."""

    threads: int = 1
    device: str = "cpu"
    kv_memory: int = 2 << 30  # bytes
    kv_disk: int = 0


@dataclass(frozen=True)
class Progress:
    """The state after a step, for a progress bar."""

    step: int
    steps: int
    examples: int
    loss: float
    held_out: float | None
    examples_per_second: float


@dataclass(frozen=True)
class HeldOut:
    """The held-out examples' loss a token, and the share that greedy decoding answers word for word."""

    examples: int
    loss: float
    exact: float


@dataclass(frozen=True)
class Trained:
    """What a finished training says about itself."""

    steps: int
    examples: int
    loss: float
    examples_per_second: float
    bf16: bool
    before: HeldOut | None  # with the adapter as it began
    held_out: HeldOut | None


@dataclass
class _State:
    """What grows over the steps, beside the weights: a checkpoint holds all of it."""

    step: int = 0
    loss: float = 0.0  # smoothed
    curve: list[tuple[int, float]] = field(default_factory=list)
    before: list[float] | None = None
    looks: list[list[float]] = field(default_factory=list)  # step, and a HeldOut's fields
    best: dict[str, torch.Tensor] | None = None
    seconds: float = 0.0


def has_fast_bf16() -> bool:
    """Whether the processor multiplies bf16 itself; elsewhere fp32 is faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def choose_device(asked: str) -> str:
    """`cpu` or `cuda`, of `auto` the latter where there is one. Raises `TrainingRefused` where there is none."""
    found = torch.cuda.is_available()
    if asked == "cuda" and not found:
        raise TrainingRefused("torch sees no GPU here. Give --device cpu, or install a torch with CUDA.")
    return ("cuda" if found else "cpu") if asked == "auto" else asked


def identify(base_file: Path, data_file: Path, held_out: Path | None, recipe: Recipe) -> Identity:
    """What decides a training's result: a checkpoint of another is not resumed. Raises `TrainingRefused`."""
    files = {"data": data.fingerprint(data_file), "base": data.fingerprint(base_file)}
    if held_out:
        files["heldout"] = data.fingerprint(held_out)
    settings = asdict(recipe) | {"asking": None}
    settings |= {f"asking_{key}": value for key, value in recipe.asking.told().items()}
    return {**files, **json.loads(json.dumps(settings))}


class Training:
    """One run of `recipe` over examples on the base file that is served."""

    def __init__(
        self,
        base_file: Path,
        examples: list[data.Example],
        held_out: list[data.Example],
        out: Path,
        recipe: Recipe,
        identity: Identity,
        machine: Machine,
        start: Path | None = None,
        told: tuple[int, ...] = (),
    ) -> None:
        """`identity` is that of the files and the recipe: see `identify`. `start` is the first weights' folder.

        `told` are tokens that say what a soft prompt is for: it begins as these.
        """
        if recipe.batch % recipe.micro_batch:
            raise TrainingRefused(
                f"the batch of {recipe.batch} is no multiple of the micro-batch of {recipe.micro_batch}"
            )
        self._recipe, self._out, self._base_file, self._machine = recipe, out, base_file, machine
        self._identity, self._state = identity, _State()
        saved = self._read_checkpoint()
        self._held_out = data.batches(data.group(held_out, recipe.offset), recipe.micro_batch, recipe.seed)
        if recipe.pack:
            examples = data.pack(examples, recipe.pack, PACK_TARGETS, recipe.seed)
        self._order = _order(data.group(examples, recipe.offset), recipe)
        self._model = load(base_file, recipe, machine.device, told)
        if start:
            self._model.start_from(start)
        # One thread a batch: torch's own threads meet at a barrier in every operation, and stall on a busy machine.
        torch.set_num_threads(1)
        _share_freed_memory()
        self._threads = ThreadPoolExecutor(machine.threads)
        self._prompts = self._prompt_kv()
        self.bf16 = bool(saved["bf16"]) if saved else self._choose_bf16()
        if self.bf16:
            self._to_bf16()
        self._optimizer = torch.optim.AdamW(self._model.rated(), betas=(0.9, 0.99))
        self.steps = len(self._order)
        if saved:
            self._resume(saved)

    @property
    def curve(self) -> list[tuple[int, float]]:
        return self._state.curve

    @property
    def held_out_curve(self) -> list[tuple[int, float]]:
        """Step and loss of each look at the held-out examples."""
        return [(int(step), loss) for step, _, loss, _ in self._state.looks]

    def run(self, on_step: Callable[[Progress], bool], checkpoint_seconds: float = 60) -> Trained | None:
        """Train to the end, from the last checkpoint where there is one. A kill loses at most `checkpoint_seconds`.

        `on_step` says whether to go on; if not, a checkpoint is written, and the result is None.
        """
        state = self._state
        if state.before is None and self._held_out:
            state.before = self._look()
        began, earlier, saved, seen = time.monotonic(), state.seconds, time.monotonic(), 0
        while state.step < self.steps and not self._is_enough():
            loss, examples = self._step(state.step)
            seen += examples
            state.loss = 0.95 * state.loss + 0.05 * loss if state.step else loss
            state.step += 1
            state.curve.append((state.step, round(state.loss, 5)))
            if self._held_out and self._looks_after(state.step):
                self._note_look()
            now = time.monotonic()
            state.seconds = earlier + now - began
            last = state.looks[-1][2] if state.looks else None
            told = Progress(state.step, self.steps, seen, state.loss, last, seen / (now - began))
            if not (going_on := on_step(told)) or now - saved > checkpoint_seconds:
                self._checkpoint()
                saved = time.monotonic()
            if not going_on:
                return None
        self._checkpoint()
        return self._finish()

    def save(self) -> None:
        """The PEFT folder of the best weights, or the last where none were held out. Raises `TrainingStopped`."""
        try:
            self._model.save(self._out, self._base_file.stem)
        except OSError as error:
            raise self._no_room(error) from error

    def _finish(self) -> Trained:
        state = self._state
        if state.best is not None:
            self._model.set_state(state.best)
        best = min(state.looks, key=lambda look: look[2]) if state.looks else None
        examples = sum(len(batch.examples) for step in self._order[: state.step] for batch in step)
        return Trained(
            state.step,
            examples,
            state.loss,
            examples / max(state.seconds, 1e-9),
            self.bf16,
            _held_out(state.before),
            _held_out(best[1:]) if best else None,
        )

    def _step(self, step: int) -> tuple[float, int]:
        """One optimizer step; the loss a token and the number of examples."""
        part = self._order[step]
        tokens = sum(len(example.answer) for batch in part for example in batch.examples)

        def one(batch: data.Group) -> tuple[float, tuple[torch.Tensor, ...]]:
            with self._autocast():
                loss = answer_loss(self._model, self._prompts, batch, self._gap(step, batch)) / tokens
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

    def _gap(self, step: int, batch: data.Group) -> int:
        """Positions left out behind a batch's prefix: a farther reach with every step ("PoSE", arXiv:2309.10400)."""
        reach = round(self._recipe.positions * (step + 1) / self.steps)
        room = reach - max(len(e.prompt) + len(e.answer) for e in batch.examples)
        return random.Random(f"{self._recipe.seed}:{step}").randrange(room) if room > 0 else 0

    def _rate(self, step: int) -> float:
        """Linear warm-up over 3% of the steps, then a cosine down to a twentieth."""
        warm = max(1, self.steps * 3 // 100)
        if step < warm:
            return self._recipe.learning_rate * (step + 1) / warm
        done = (step - warm) / max(1, self.steps - warm)
        return self._recipe.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done)))

    def _looks_after(self, step: int) -> bool:
        every = max(1, self.steps // max(1, self._recipe.evaluations))
        return step == self.steps or (step % every == 0 and self.steps - step >= every)

    def _look(self) -> list[float]:
        """A `HeldOut`'s fields, of the weights as they are."""

        def one(batch: data.Group) -> Marks:
            with self._autocast():
                found: Marks = marks(self._model, self._prompts, batch)
            return found

        found = list(self._threads.map(one, self._held_out))
        examples = sum(len(batch.examples) for batch in self._held_out)
        tokens = sum(mark.tokens for mark in found)
        return [examples, sum(mark.loss for mark in found) / tokens, sum(mark.exact for mark in found) / examples]

    def _note_look(self) -> None:
        state = self._state
        state.looks.append([state.step, *self._look()])
        if state.looks[-1][2] <= min(look[2] for look in state.looks):
            state.best = copy.deepcopy(self._model.state())

    def _is_enough(self) -> bool:
        """Whether the held-out loss has not become better for `patience` looks."""
        losses = [look[2] for look in self._state.looks]
        best = losses.index(min(losses)) if losses else 0
        return bool(self._recipe.patience) and len(losses) - 1 - best >= self._recipe.patience

    def _autocast(self) -> Any:
        return torch.autocast(torch.device(self._machine.device).type, torch.bfloat16, enabled=self.bf16)

    def _prompt_kv(self) -> Prompts:
        name = str(self._identity.get("base", "base"))[:16]
        kept = PromptKV(self._machine.kv_memory, self._out / "kv" / name, self._machine.kv_disk)
        again = self._recipe.epochs > 1 and not self._recipe.positions
        return Prompts(kept, self._recipe.offset, keep_rests=again)

    def _choose_bf16(self) -> bool:
        """Whether bf16 is asked for; or fast here, and its loss on some examples agrees with fp32's."""
        if self._recipe.precision != "auto":
            return self._recipe.precision == "bf16"
        if self._machine.device == "cpu" and not has_fast_bf16():
            return False
        if self._machine.device != "cpu" and not torch.cuda.is_bf16_supported():
            return False
        some = self._order[0]
        self.bf16 = False
        exact = self._loss_of(some)
        self.bf16 = True
        rough = self._loss_of(some)
        self.bf16 = False
        self._prompts = self._prompt_kv()  # what was kept is of fp32 and of bf16
        return abs(rough - exact) <= AGREEMENT * exact

    def _loss_of(self, batches: list[data.Group]) -> float:
        self._prompts = self._prompt_kv()
        with torch.no_grad(), self._autocast():
            return float(sum(answer_loss(self._model, self._prompts, batch).item() for batch in batches))

    def _to_bf16(self) -> None:
        """The base's weights in bf16, the adapter's in fp32; autocast casts what the adapter reads."""
        trained = {id(p) for p in self._model.parameters}
        for module in (self._model.trunk, self._model.adapted_trunk, self._model.lm_head):
            for parameter in module.parameters():
                if id(parameter) not in trained:
                    parameter.data = parameter.data.to(torch.bfloat16)
        if self._model.peft is not None:  # PEFT would cast the adapter's input up to fp32 first
            self._no_casts = disable_input_dtype_casting(self._model.peft)
            self._no_casts.__enter__()

    @property
    def _checkpoint_file(self) -> Path:
        return self._out / "checkpoint.pt"

    def _checkpoint(self) -> None:
        """Written beside and renamed, so that a kill or a full disk leaves the last good one."""
        new = self._checkpoint_file.with_suffix(".new")
        saved = {
            "identity": self._identity,
            "bf16": self.bf16,
            "adapter": self._model.state(),
            "optimizer": self._optimizer.state_dict(),
            "state": self._state.__dict__,
        }
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                torch.save(saved, file)
            new.replace(self._checkpoint_file)
        except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
            new.unlink(missing_ok=True)
            raise self._no_room(error) from error

    def _no_room(self, error: Exception) -> TrainingStopped:
        reason = getattr(error, "strerror", None) or error
        return TrainingStopped(
            f"{self._out} cannot be written to: {reason}. The checkpoint before it is whole: make room, and the same "
            "command goes on from there."
        )

    def _read_checkpoint(self) -> dict[str, Any] | None:
        """The last checkpoint. One of anything else is refused, not overwritten."""
        if not self._checkpoint_file.exists():
            return None
        saved: dict[str, Any] = torch.load(self._checkpoint_file, weights_only=True)
        if saved["identity"] != self._identity:
            changed = sorted(k for k in self._identity if saved["identity"].get(k) != self._identity[k])
            raise TrainingRefused(
                f"{self._checkpoint_file} belongs to a training with other {', '.join(changed)}. "
                "Give another --out, or --restart to begin anew."
            )
        return saved

    def _resume(self, saved: dict[str, Any]) -> None:
        self._model.set_state(saved["adapter"])
        self._optimizer.load_state_dict(saved["optimizer"])
        self._state = _State(**saved["state"])


def _share_freed_memory() -> None:
    """One heap for all threads, kept for the next step.

    With one for each, glibc has 300 MB more in use after every step; given back to the system, its pages are made anew
    in the next one, a tenth of the time.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(-8, 1)  # M_ARENA_MAX
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD


def _held_out(fields: list[float] | None) -> HeldOut | None:
    return HeldOut(int(fields[0]), round(fields[1], 5), round(fields[2], 4)) if fields else None


def _order(groups: list[data.Group], recipe: Recipe) -> list[list[data.Group]]:
    """The batches of each step, over all epochs."""
    return [
        step
        for epoch in range(recipe.epochs)
        for step in data.steps(groups, recipe.micro_batch, recipe.batch, window=256, seed=recipe.seed + epoch)
    ]


def _config(base_file: Path) -> Any:
    """The base's config as transformers reads it, with the heads' width, which it does not read for all."""
    config = AutoConfig.from_pretrained(str(base_file.parent), gguf_file=base_file.name, local_files_only=True)
    base = Base(base_file, vocab_only=True)
    config.head_dim = base.shape.head_dim
    base.close()
    return config


def load(base_file: Path, recipe: Recipe, device: str, told: tuple[int, ...]) -> Trainee:
    """The base as torch sees it, dequantized from the served file, with a fresh adapter."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", module="transformers|peft")  # about their own insides
    torch.manual_seed(recipe.seed)
    model = AutoModelForCausalLM.from_pretrained(
        str(base_file.parent),
        gguf_file=base_file.name,
        config=_config(base_file),
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        local_files_only=True,
    ).to(device)
    config = adapter_config(recipe.kind, recipe.rank, recipe.alpha, recipe.modules, recipe.virtual_tokens)
    return Trainee(model, config, soft_start(told, recipe.virtual_tokens, model.config.vocab_size, recipe.seed))
