"""The training loop of an activated expert: steps, schedule, held-out marks."""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import torch

from expertd.errors import TrainingStopped
from expertd.train import checkpoint, data
from expertd.train.answer_only import Marks, Prompts, answer_loss, marks
from expertd.train.checkpoint import Checkpoint
from expertd.train.curve import smoothing
from expertd.train.machine import Machine, share_freed_memory
from expertd.train.precision import autocast, choose_bf16
from expertd.train.prompt_kv import PromptKV
from expertd.train.recipe import Identity, Recipe
from expertd.train.trainee import load

PACK_TARGETS = 8


@dataclass(frozen=True)
class Progress:
    """The state after a step, for a progress bar."""

    step: int
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
    before: HeldOut | None  # with the weights as they began
    held_out: HeldOut | None


@dataclass
class _State:
    """What grows over the steps, beside the weights: a checkpoint holds all of it."""

    step: int = 0
    loss: float = 0.0  # smoothed
    curve: list[tuple[int, float]] = field(default_factory=list)
    looks: list[list[float]] = field(default_factory=list)  # step, and a HeldOut's fields; the first is of the start
    best: dict[str, torch.Tensor] | None = None
    seconds: float = 0.0


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
        self._recipe, self._out, self._base_file, self._machine = recipe, out, base_file, machine
        self._identity, self._state = identity, _State()
        saved = checkpoint.read(out, identity)
        self._held_out = data.batches(data.group(held_out, recipe.offset), recipe.micro_batch, recipe.seed)
        if recipe.pack:
            examples = data.pack(examples, recipe.pack, PACK_TARGETS, recipe.seed)
        self._order = _order(data.group(examples, recipe.offset), recipe)
        self._model = load(base_file, recipe, machine.device, told)
        if start:
            self._model.start_from(start)
        # One thread a batch: torch's own threads meet at a barrier in every operation, and stall on a busy machine.
        torch.set_num_threads(1)
        share_freed_memory()
        self.bf16 = saved.bf16 if saved else self._choose_bf16()
        if self.bf16:
            self._model.to_bf16()
        self._prompts = self._prompt_kv()
        self._optimizer = torch.optim.AdamW(self._model.rated(), betas=(0.9, 0.99))
        self.steps = len(self._order)
        if saved:
            self._resume(saved)

    @property
    def done(self) -> int:
        """The steps that were made, by earlier runs too."""
        return self._state.step

    @property
    def curve(self) -> list[tuple[int, float]]:
        """Step and loss a token of each."""
        return self._state.curve

    @property
    def held_out_curve(self) -> list[tuple[int, float]]:
        """Step and loss of each look at the held-out examples, from before the first step on."""
        return [(int(step), loss) for step, _, loss, _ in self._state.looks]

    def run(self, on_step: Callable[[Progress], bool], checkpoint_seconds: float = 60) -> Trained | None:
        """Train to the end, from the last checkpoint where there is one. A kill loses at most `checkpoint_seconds`.

        `on_step` says whether to go on; if not, a checkpoint is written, and the result is None.
        """
        with ThreadPoolExecutor(self._machine.threads) as self._threads:
            return self._finish() if self._run(on_step, checkpoint_seconds) else None

    def _run(self, on_step: Callable[[Progress], bool], checkpoint_seconds: float) -> bool:
        """The steps that are left. False: it was told to stop."""
        state = self._state
        if self._held_out and not state.looks:
            self._note_look()
        began, earlier, saved, seen = time.monotonic(), state.seconds, time.monotonic(), 0
        while state.step < self.steps and not self._is_enough():
            loss, examples = self._step(state.step)
            seen += examples
            state.step += 1
            state.loss += (loss - state.loss) * smoothing(state.step)
            state.curve.append((state.step, round(loss, 5)))
            if self._held_out and self._looks_after(state.step):
                self._note_look()
            now = time.monotonic()
            state.seconds = earlier + now - began
            last = state.looks[-1][2] if state.looks else None
            told = Progress(state.step, state.loss, last, seen / (now - began))
            if not (going_on := on_step(told)) or now - saved > checkpoint_seconds:
                self._checkpoint()
                saved = time.monotonic()
            if not going_on:
                return False
        self._checkpoint()
        return True

    def save(self, folder: Path) -> None:
        """The PEFT folder of the best weights, or the last where none were held out. Raises `OSError`."""
        self._model.save(folder, self._base_file.stem)

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
            held_out_of(state.looks[0][1:]) if best else None,
            held_out_of(best[1:]) if best else None,
        )

    def _step(self, step: int) -> tuple[float, int]:
        """One optimizer step; the loss a token and the number of examples."""
        part = self._order[step]
        tokens = sum(len(example.answer) for batch in part for example in batch.examples)

        def one(batch: data.Group) -> tuple[float, tuple[torch.Tensor, ...]]:
            with autocast(self._machine.device, self.bf16):
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
        """Whether this is one of the looks, which are evenly spread and end with the last step."""
        looks = self._recipe.evaluations
        return step * looks // self.steps > (step - 1) * looks // self.steps

    def _look(self) -> list[float]:
        """A `HeldOut`'s fields, of the weights as they are."""

        def one(batch: data.Group) -> Marks:
            with autocast(self._machine.device, self.bf16):
                found: Marks = marks(self._model, self._prompts, batch)
            return found

        return fields_of(self._held_out, list(self._threads.map(one, self._held_out)))

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

    def _prompt_kv(self) -> Prompts:
        name = str(self._identity.get("base", "base"))[:16]
        kept = PromptKV(self._machine.kv_memory, self._out / "kv" / name, self._machine.kv_disk)
        again = self._recipe.epochs > 1 and not self._recipe.positions
        return Prompts(kept, self._recipe.offset, keep_rests=again)

    def _choose_bf16(self) -> bool:
        recipe = self._recipe
        return choose_bf16(recipe.precision, self._model, self._order[0], recipe.offset, self._machine.device)

    def _checkpoint(self) -> None:
        """Raises `TrainingStopped`."""
        adapter, optimizer = self._model.state(), self._optimizer.state_dict()
        try:
            checkpoint.write(self._out, Checkpoint(self._identity, self.bf16, adapter, optimizer, self._state.__dict__))
        except OSError as error:
            raise TrainingStopped(
                f"{self._out} cannot be written to: {error.strerror or error}. Make room, and the same command goes on "
                "from the last checkpoint, which is whole, if there is one."
            ) from error

    def _resume(self, saved: Checkpoint) -> None:
        self._model.set_state(saved.adapter)
        self._optimizer.load_state_dict(saved.optimizer)
        self._state = _State(**saved.state)


def fields_of(batches: Sequence[data.Group], found: Sequence[Marks]) -> list[float]:
    """A `HeldOut`'s fields, not rounded, out of the marks of each batch."""
    examples, tokens = sum(len(batch.examples) for batch in batches), sum(mark.tokens for mark in found)
    return [examples, sum(mark.loss for mark in found) / tokens, sum(mark.exact for mark in found) / examples]


def held_out_of(fields: Sequence[float]) -> HeldOut:
    examples, loss, exact = fields
    return HeldOut(int(examples), round(loss, 5), round(exact, 4))


def _order(groups: list[data.Group], recipe: Recipe) -> list[list[data.Group]]:
    """The batches of each step, over all epochs."""
    return [
        step
        for epoch in range(recipe.epochs)
        for step in data.steps(groups, recipe.micro_batch, recipe.batch, window=256, seed=recipe.seed + epoch)
    ]
