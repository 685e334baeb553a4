"""A training in two runs against the same in one: looks, best weights and early stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from expertd.engine.base import Base
from expertd.experts.peft_adapter import TENSORS
from expertd.train.data import Asking, Example, read
from expertd.train.machine import Machine
from expertd.train.recipe import Recipe, identify
from expertd.train.trainer import Trained, Training
from tests.toy_base import make_talking_base

LIGHTS = {"red": "stop", "green": "go", "amber": "wait", "blue": "look"}
# A look after each of 24 steps; after four in vain it ends.
RECIPE = Recipe(rank=4, batch=4, micro_batch=2, epochs=4, learning_rate=0.03, evaluations=24, patience=4)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return path


def examples(base: Path, path: Path, answers: dict[str, str]) -> list[Example]:
    lines = [{"prompt": f"lights are {light} {i}", "answer": answers[light]} for i in range(6) for light in answers]
    path.write_text("\n".join(map(json.dumps, lines)))
    loaded = Base(base, vocab_only=True)
    found = read(path, loaded, Asking(), 100).examples
    loaded.close()
    return found


def run(training: Training, last: int) -> Trained | None:
    return training.run(lambda progress: progress.step < last, checkpoint_seconds=1e9)


def test_a_resumed_training_looks_keeps_the_best_and_stops_as_in_one_go(base: Path, tmp_path: Path) -> None:
    data, held_out = tmp_path / "data.jsonl", tmp_path / "heldout.jsonl"
    trained_on = examples(base, data, LIGHTS)
    looked_at = examples(base, held_out, {**LIGHTS, "red": "no", "blue": "no"})  # learned at first, then contradicted

    def training(name: str) -> Training:
        identity = identify(base, data, held_out, RECIPE)
        return Training(base, trained_on, looked_at, tmp_path / name, RECIPE, identity, Machine(threads=2))

    once = training("once")
    whole = run(once, 100)
    assert whole
    best = min(once.held_out_curve, key=lambda look: look[1])[0]
    stop = best + 2
    assert 1 < stop < whole.steps < once.steps, "it stops too late, or too early, to prove anything"
    assert run(training("twice"), stop) is None
    again = training("twice")
    assert again.done == stop
    resumed = run(again, 100)
    assert resumed
    torch.testing.assert_close(again.held_out_curve, once.held_out_curve, atol=2e-3, rtol=0)
    assert (resumed.steps, resumed.before) == (whole.steps, whole.before)
    for training_, name in ((once, "first"), (again, "second")):
        training_.save(tmp_path / name)
    first, second = (load_file(tmp_path / name / TENSORS) for name in ("first", "second"))
    torch.testing.assert_close(second, first, atol=2e-3, rtol=0)
