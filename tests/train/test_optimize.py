"""`expertd experts optimize` on a toy base, with an expert that was trained on it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from expertd.cli import group
from expertd.engine.check import Checker
from expertd.errors import CannotWrite, TrainingRefused
from expertd.experts.manifest import read_manifest
from expertd.experts.tensors import BaseShape
from expertd.experts.weights import read_weights
from expertd.train.optimize import Version, name_of, optimize
from tests.fixtures import make_peft_folder, peft_tensors
from tests.toy_base import make_talking_base

QUESTIONS = {"red": "stop", "green": "go", "amber": "wait", "blue": "look"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BaseShape]:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return path, Checker(path).shape


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "heldout.jsonl"
    lines = [{"prompt": f"lights are {light} now", "answer": told} for light, told in QUESTIONS.items()]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


@pytest.fixture(scope="module")
def folder(base: tuple[Path, BaseShape], held_out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("experts") / "lights"
    command = [sys.executable, "-m", "expertd", "train", str(held_out), "--out", str(out), "--base", str(base[0])]
    command += ["--epochs", "40", "--batch", "4", "--rank", "4", "--learning-rate", "0.01", "--held-out-share", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return out


def found(base: tuple[Path, BaseShape], folder: Path, held_out: Path, method: Any, lose: float) -> list[Version]:
    return optimize(base[0], folder, held_out, method, lose, 1).versions


def refused(base: tuple[Path, BaseShape], folder: Path, *arguments: str) -> Result:
    command = ["experts", "optimize", str(folder), "--base", str(base[0]), *arguments]
    return CliRunner().invoke(group, command)


def test_it_becomes_smaller_step_by_step_and_loses_less_than_stated(
    base: tuple[Path, BaseShape], folder: Path, held_out: Path
) -> None:
    command = [sys.executable, "-m", "expertd", "experts", "optimize", str(folder), "--base", str(base[0])]
    command += ["--held-out", str(held_out), "--lose", "0.05"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    out = folder.with_name("lights-small")
    manifest = read_manifest(out)
    assert (manifest.name, manifest.version, manifest.offset) == ("lights-small", "2", 1)
    told: Any = manifest.training["optimized"]
    before, after = told["before"], told["after"]
    assert (before["layers"], before["ranks"], before["examples"]) == (14, 56, 4)
    assert after["ranks"] < 56
    assert after["loss"] <= before["loss"] * 1.05
    assert after["bytes"] < 0.6 * before["bytes"]
    assert min(before["tokens_per_second"], after["tokens_per_second"]) > 0
    for said in ("as it is", "int8", "word for word", "tok/s"):
        assert said in done.stdout
    assert set(manifest.sha256) == {"adapter_config.json", "adapter_int8.safetensors"}
    assert len(read_weights(out, manifest, base[1]).modules) == after["layers"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["lights", "lights-small"]
    again = refused(base, folder, "--held-out", str(held_out))
    assert isinstance(again.exception, CannotWrite)


def test_what_was_measured_on_other_weights_is_not_told_of_the_smaller_ones(
    base: tuple[Path, BaseShape], tmp_path: Path
) -> None:
    training = {"data": "ab", "scores": {"expert": 1}, "held_out": {"loss": 1.0}, "held_out_loss": {"one": 2.0}}
    folder = make_peft_folder(tmp_path / "one", base[1], manifest={"version": "3", "offset": 4, "training": training})
    manifest = name_of(folder, "one-small")
    assert (manifest.name, manifest.version, manifest.offset) == ("one-small", "4", 4)
    assert manifest.training == {"data": "ab"}


def test_the_more_may_be_lost_the_smaller_it_becomes(
    base: tuple[Path, BaseShape], folder: Path, held_out: Path
) -> None:
    first, *_ = found(base, folder, held_out, "rank", 30.0)
    little, much = (found(base, folder, held_out, "rank", lose)[-1] for lose in (0.02, 30.0))
    assert much.nbytes < little.nbytes < first.nbytes
    assert little.score.loss <= 1.02 * first.score.loss < much.score.loss
    fewer = found(base, folder, held_out, "prune", 30.0)[-1]
    assert fewer.layers < 14
    assert set(fewer.ranks) == {4}


def test_an_expert_of_which_nothing_can_go_is_refused(
    base: tuple[Path, BaseShape], held_out: Path, tmp_path: Path
) -> None:
    tensors = {name: t for name, t in peft_tensors(base[1]).items() if "layers.0.self_attn.q_proj" in name}
    folder = make_peft_folder(tmp_path / "one", base[1], modules=("q_proj",), tensors=tensors, manifest={})
    with pytest.raises(TrainingRefused, match="--lose"):
        found(base, folder, held_out, "prune", 0.5)


def test_a_bare_folder_is_scored_as_it_is_served_from_the_first_token(
    base: tuple[Path, BaseShape], held_out: Path, tmp_path: Path
) -> None:
    bare = make_peft_folder(tmp_path / "bare", base[1], strength=0.3)
    late = make_peft_folder(tmp_path / "late", base[1], strength=0.3, manifest={"activation": "answer"})
    versions, of_late = (found(base, folder, held_out, "int8", 0.5) for folder in (bare, late))
    assert [version.step for version in versions] == ["as it is", "int8"]
    assert versions[-1].nbytes < 0.6 * versions[0].nbytes
    assert versions[0].score.loss != of_late[0].score.loss


def test_what_cannot_be_is_told_and_nothing_is_left(
    base: tuple[Path, BaseShape], folder: Path, held_out: Path, tmp_path: Path
) -> None:
    missing = refused(base, folder, "--held-out", "none.jsonl", "--out", str(tmp_path / "out"))
    unnamed = refused(base, folder, "--held-out", str(held_out), "--out", str(tmp_path / "Not_A_Name"))
    for result, said in ((missing, "none.jsonl"), (unnamed, "--out")):
        assert isinstance(result.exception, TrainingRefused)
        assert said in result.exception.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_end_by_a_signal_leaves_nothing_half(
    base: tuple[Path, BaseShape], folder: Path, held_out: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-m", "expertd", "experts", "optimize", str(folder), "--base", str(base[0])]
    process = subprocess.Popen(
        [*command, "--held-out", str(held_out), "--out", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    said = ""
    while "Converting" not in said:  # the base is being loaded
        said += (character := process.stderr.read(1))
        assert character
    assert len(list(tmp_path.iterdir())) == 1
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == code
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
