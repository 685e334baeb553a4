"""`expertd train` for real, on a toy base: it learns, survives a kill, and leaves what the daemon serves."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.numpy import load_file

from expertd.cli import group
from expertd.engine.base import Base
from expertd.engine.chat_template import ChatTemplate
from expertd.engine.check import Checker
from expertd.errors import CannotWrite, TrainingRefused
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.install import put, remove, staged
from expertd.experts.manifest import read_manifest
from expertd.experts.package import read_parts
from expertd.experts.weights import read_weights
from expertd.train.data import Asking, Line, tokenize
from expertd.train.trainer import Training
from tests.fixtures import make_peft_folder
from tests.toy_base import make_talking_base

QUESTIONS = {"red": "stop", "green": "go", "amber": "wait", "blue": "look"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    lines = [{"prompt": f"lights are {a} now", "answer": b} for a, b in QUESTIONS.items()] * 6
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def command(base: Path, data: Path, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "expertd", "train", str(data), "--out", str(out), "--base", str(base)),
        *("--batch", "4", "--micro-batch", "2", "--epochs", "4", "--rank", "4"),
        *("--learning-rate", "0.004", "--checkpoint", "0", "--held-out-share", "0", *more),
    ]


def refused(base: Path, data: Path, out: Path, *more: str) -> str:
    """What a command is refused with."""
    error = CliRunner().invoke(group, command(base, data, out, *more)[3:]).exception
    assert isinstance(error, TrainingRefused)
    return error.message


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def trained(base: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "lights"
    done = run(*command(base, data, out, "--description", "what a light means"))
    assert done.returncode == 0, done.stderr
    assert "examples/s" in done.stderr
    return out


def test_the_folder_is_a_whole_expert_with_a_manifest_of_its_training(trained: Path) -> None:
    manifest = read_manifest(trained)
    assert (manifest.name, manifest.activation, manifest.offset) == ("lights", "answer", 1)
    assert manifest.description == "what a light means"
    assert manifest.training["steps"] == 24
    assert manifest.training["examples"] == 96
    assert set(manifest.sha256) == {"adapter_config.json", "adapter_model.safetensors"}
    assert sorted(path.name for path in trained.parent.iterdir()) == ["lights"]


def test_what_was_trained_can_be_packed_replaced_and_removed(trained: Path, base: Path, tmp_path: Path) -> None:
    loaded = Base(base)
    parts = read_parts(trained, loaded.shape)
    loaded.close()
    assert sorted(parts) == ["adapter_config.json", "adapter_model.safetensors", "expert.toml"]
    shutil.copytree(trained, tmp_path / "lights")
    with staged(tmp_path, "lights", parts) as new:
        put(new, tmp_path, replace=True)
    assert sorted(path.name for path in (tmp_path / "lights").iterdir()) == sorted(parts)
    shutil.rmtree(tmp_path / "lights")
    shutil.copytree(trained, tmp_path / "lights")
    remove(tmp_path, "lights")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "precision"),
    [("lora", "fp32"), ("dora", "fp32"), ("ia3", "fp32"), ("prompt", "fp32"), ("dora", "bf16"), ("prompt", "bf16")],
)
def test_every_kind_is_trained_and_served_as_what_it_is(
    base: Path, data: Path, tmp_path: Path, kind: str, precision: str
) -> None:
    out = tmp_path / "lights"
    more = f"--kind {kind} --precision {precision} --held-out {data} --offset 2 --learning-rate 0.02".split()
    done = run(*command(base, data, out, *more))
    assert done.returncode == 0, done.stderr
    manifest = read_manifest(out)
    assert (manifest.kind, manifest.offset) == (kind, 2)
    assert manifest.training["held_out"]["examples"] == 24
    assert manifest.training["held_out"]["loss"] < manifest.training["held_out"]["before"]["loss"]
    assert (out / "training.png").read_bytes().startswith(b"\x89PNG")
    loaded = Base(base)
    weights = read_weights(out, manifest, loaded.shape, BaseTensors(base))
    loaded.close()
    assert weights.nbytes


def test_training_that_does_no_more_good_ends_early_with_the_best_weights(
    base: Path, data: Path, tmp_path: Path
) -> None:
    contrary = tmp_path / "contrary.jsonl"  # the more it learns, the worse it does on these
    contrary.write_text("\n".join(json.dumps({"prompt": f"lights are {a} now", "answer": "no"}) for a in QUESTIONS))
    more = ("--held-out", str(contrary), "--evaluations", "24", "--patience", "4", "--learning-rate", "0.03")
    done = run(*command(base, data, tmp_path / "lights", *more))
    assert done.returncode == 0, done.stderr
    assert "became no better" in done.stderr
    assert read_manifest(tmp_path / "lights").training["steps"] < 24


def test_wrong_lines_are_counted_and_listed_and_left_out_when_asked(base: Path, data: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(
        data.read_text()
        + '\n{"prompt": "a", "answer": " "}\nnonsense\n'
        + json.dumps({"prompt": "a" * 5000, "answer": "b"})
    )
    refused = run(*command(base, file, tmp_path / "out"))
    assert refused.returncode == 65
    for said in (
        "3 of 27 lines",
        "1 too long",
        "1 with an empty answer",
        "1 broken",
        ":25:",
        ":26:",
        ":27:",
        "--bad-lines skip",
    ):
        assert said in refused.stderr
    assert not (tmp_path / "out").exists()
    taken = run(*command(base, file, tmp_path / "out", "--bad-lines", "skip"))
    assert taken.returncode == 0, taken.stderr
    assert ":26:" in taken.stderr
    assert read_manifest(tmp_path / "out").training["examples"] == 96


def test_training_lowers_the_loss_of_what_it_was_shown(trained: Path) -> None:
    # Random answers over the toy's vocabulary cost ln(vocabulary) a token, over 5.
    assert read_manifest(trained).training["loss"] < 5


def test_a_killed_training_goes_on_to_the_same_result(trained: Path, base: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "lights"
    process = subprocess.Popen(command(base, data, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / ".lights.training" / "checkpoint.pt"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists(), "killed too late to prove anything"
    done = run(*command(base, data, out))
    assert done.returncode == 0, done.stderr
    assert "| 0/24 " not in done.stderr, "it began anew"
    whole, resumed = (load_file(path / "adapter_model.safetensors") for path in (trained, out))
    for name, tensor in whole.items():
        np.testing.assert_allclose(tensor, resumed[name], atol=2e-3, err_msg=name)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", ":2:"),
        ('{"prompt": "a"}', "answer"),
        ('{"prompt": "a", "answer": " "}', "empty"),
        ('{"answer": "a"}', "prompt"),
        ('{"prompt": "a", "answer": "b", "extra": 1}', "xtra"),
        ('{"messages": [], "answer": "b"}', "messages"),
        ('{"messages": [{"role": "judge", "content": "a"}], "answer": "b"}', "role"),
    ],
)
def test_a_broken_line_is_named_before_anything_is_trained(base: Path, tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"prompt": "a", "answer": "b"}\n' + line + "\n")
    done = run(*command(base, file, tmp_path / "out"))
    assert done.returncode == 65
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_as_a_shell_expects(base: Path, data: Path, tmp_path: Path) -> None:
    command_line = command(base, data, tmp_path / "lights", "--epochs", "100")
    process = subprocess.Popen(command_line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / ".lights.training" / "checkpoint.pt").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "goes on from here" in said


@pytest.mark.parametrize(("name", "manifest"), [("Bad_Name", None), ("good", "name = 3")])
def test_what_the_manifest_cannot_be_is_told_before_anything_is_trained(
    base: Path, data: Path, tmp_path: Path, name: str, manifest: str | None
) -> None:
    if manifest:
        (tmp_path / name).mkdir()
        (tmp_path / name / "expert.toml").write_text(manifest)
    done = run(*command(base, data, tmp_path / name))
    assert done.returncode == 65
    assert name in done.stderr
    assert "examples/s" not in done.stderr


def test_an_experts_own_system_message_is_trained_where_the_daemon_puts_it(base: Path) -> None:
    loaded = Base(base, vocab_only=True)
    user = {"role": "user", "content": "lights are red now"}
    told = {"role": "system", "content": "Be short."}
    developer = {**told, "role": "developer"}
    lines = [
        Line(prompt=user["content"], answer="stop"),
        *(Line.model_validate({"messages": [first, user], "answer": "stop"}) for first in (told, developer)),
    ]
    template, asking = ChatTemplate(loaded), Asking("Be short.")
    with_ours, with_its_own, with_developers = (tokenize(loaded, template, line, asking) for line in lines)
    assert with_ours == with_its_own == with_developers
    assert with_ours != tokenize(loaded, template, lines[0], Asking())
    loaded.close()


def test_a_checkpoint_of_another_recipe_is_refused(base: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "lights"
    process = subprocess.Popen(command(base, data, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / ".lights.training" / "checkpoint.pt"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = run(*command(base, data, out, "--learning-rate", "0.03"))
    assert done.returncode == 65
    assert "learning_rate" in done.stderr
    assert "--restart" in done.stderr
    assert checkpoint.exists()


def test_what_was_trained_is_read_as_an_expert_of_its_base(trained: Path, base: Path) -> None:
    assert read_manifest(trained).training["base_file"] == "toy.gguf"
    loaded = Base(base)
    weights = read_weights(trained, read_manifest(trained), loaded.shape)
    loaded.close()
    assert weights.modules


def test_a_training_goes_on_from_an_experts_weights(trained: Path, base: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    done = run(*command(base, data, out, "--from", str(trained), "--learning-rate", "1e-9"))
    assert done.returncode == 0, done.stderr
    first, second = (load_file(folder / "adapter_model.safetensors") for folder in (trained, out))
    for name, weight in first.items():
        np.testing.assert_allclose(second[name], weight, atol=1e-4)
    manifest = read_manifest(out)
    assert manifest.training["start"] == read_manifest(trained).sha256["adapter_model.safetensors"]
    assert (manifest.name, manifest.version, manifest.description) == ("again", "2", "what a light means")
    assert run(*command(base, data, out, "--from", str(trained), "--learning-rate", "1e-9")).returncode != 0  # done


def test_what_was_never_better_than_its_start_is_not_written(
    trained: Path, base: Path, data: Path, tmp_path: Path
) -> None:
    contrary = tmp_path / "contrary.jsonl"
    lines = [{"prompt": f"lights are {a} now", "answer": "no"} for a in QUESTIONS]
    contrary.write_text("\n".join(map(json.dumps, lines * 6)))
    more = ("--from", str(trained), "--held-out", str(data), "--evaluations", "2", "--patience", "1")
    assert "never lower than at the start" in refused(base, contrary, tmp_path / "worse", *more)
    assert not (tmp_path / "worse").exists()


def test_weights_of_another_rank_are_no_start(trained: Path, base: Path, data: Path, tmp_path: Path) -> None:
    done = run(*command(base, data, tmp_path / "other", "--from", str(trained), "--rank", "2"))
    assert done.returncode != 0
    assert "give --rank 4, not 2" in done.stderr, done.stderr


def test_what_is_edited_while_it_is_trained_stays(base: Path, data: Path, tmp_path: Path) -> None:
    out, said = tmp_path / "lights", 'name = "lights"\nversion = "7"\n'
    out.mkdir()
    (out / "expert.toml").write_text(said)
    process = subprocess.Popen(command(base, data, out), stderr=subprocess.PIPE, text=True)
    while not (tmp_path / ".lights.training" / "checkpoint.pt").exists() and process.poll() is None:
        time.sleep(0.01)
    (out / "expert.toml").write_text(f'{said}description = "of late"\n')
    assert not (out / "adapter_config.json").exists(), "edited too late to prove anything"
    _, told = process.communicate(timeout=240)
    assert process.returncode == 0, told
    manifest = read_manifest(out)
    assert (manifest.version, manifest.description) == ("7", "of late")
    assert manifest.sampling.max_tokens == 64  # of one that never was trained

    # The same is not trained twice; what decides otherwise is another training, and another version.
    assert "the result of just this training" in refused(base, data, out)
    text = (out / "expert.toml").read_text()
    (out / "expert.toml").write_text(text.replace("scale = 1.0", "scale = 0.5"))
    assert "scale of 0.5" in refused(base, data, out)
    (out / "expert.toml").write_text(f'system = "Be short."\n{text}')
    done = run(*command(base, data, out, "--epochs", "1"))
    assert done.returncode == 0, done.stderr
    assert (read_manifest(out).version, read_manifest(out).system) == ("8", "Be short.")


def test_an_expert_is_replaced_in_one_step_and_what_else_is_in_its_folder_stays(
    base: Path, data: Path, tmp_path: Path
) -> None:
    told = {"description": "what a light means", "kind": "ia3", "version": "7"}
    shape = Checker(base).shape
    out = make_peft_folder(tmp_path / "lights", shape, manifest=told)
    (out / "README.md").write_text("mine")
    (out / "written").mkdir()
    (out / "written" / "a.jsonl").write_text("{}")
    (out / "latest").symlink_to("written/a.jsonl")
    before = out.stat().st_ino
    done = run(*command(base, data, out, "--epochs", "1"))
    assert done.returncode == 0, done.stderr
    assert out.stat().st_ino != before, "its files were changed one by one"
    manifest = read_manifest(out)
    assert (manifest.kind, manifest.version, manifest.description) == ("lora", "7", "what a light means")
    assert read_weights(out, manifest, shape).modules
    assert ((out / "README.md").read_text(), (out / "written" / "a.jsonl").read_text()) == ("mine", "{}")
    assert (out / "latest").readlink() == Path("written/a.jsonl")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lights"]


@pytest.mark.parametrize("name", ["adapter_int8.safetensors", "other.gguf"])
def test_a_folder_with_other_weights_is_no_place_for_an_expert(
    base: Path, data: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "lights").mkdir()
    (tmp_path / "lights" / name).write_bytes(b"")
    said = refused(base, data, tmp_path / "lights")
    assert name in said
    assert "--out" in said


def test_no_example_is_longer_than_the_bases_context_whatever_is_allowed(base: Path, tmp_path: Path) -> None:
    data = tmp_path / "pairs.jsonl"
    data.write_text(json.dumps({"prompt": "word " * 3000, "answer": "yes"}) + "\n")
    said = refused(base, data, tmp_path / "lights", "--max-tokens", "100000")
    assert "1 of 1 lines cannot be trained on (1 too long)" in said
    assert "over the limit of 2048" in said


@pytest.mark.parametrize(
    "option",
    [
        *("--kv-gb=nan", "--kv-gb=inf", "--kv-disk-gb=nan", "--checkpoint=nan", "--learning-rate=nan"),
        *("--held-out-share=nan", f"--seed={10**30}", f"--offset={10**9}"),
    ],
)
def test_numbers_that_make_no_sense_are_wrong_options(base: Path, data: Path, tmp_path: Path, option: str) -> None:
    done = CliRunner().invoke(group, command(base, data, tmp_path / "lights", option)[3:])
    assert done.exit_code == 2
    assert option.partition("=")[0] in done.output


def test_a_description_that_is_no_text_is_told_before_anything_is_trained(
    base: Path, data: Path, tmp_path: Path
) -> None:
    assert "--description" in refused(base, data, tmp_path / "lights", "--description", "caf\udce9")


def test_an_out_that_cannot_be_made_is_told_before_anything_is_trained(base: Path, data: Path) -> None:
    error = CliRunner().invoke(group, command(base, data, data / "lights")[3:]).exception
    assert isinstance(error, CannotWrite)
    assert "Give another --out" in error.message


def test_weights_that_became_no_numbers_replace_nothing(
    trained: Path, base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Training.save

    def broken(self: Training, folder: Path) -> None:
        with torch.no_grad():
            for parameter in self._model.parameters:
                parameter.fill_(float("nan"))
        save(self, folder)

    monkeypatch.setattr(Training, "save", broken)
    out = shutil.copytree(trained, tmp_path / "lights")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    said = refused(base, data, out, "--restart")
    assert "is as it was" in said
    assert "NaN" in said
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_nothing_is_trained_on_nothing(base: Path, data: Path, tmp_path: Path) -> None:
    assert "--held-out-share 0" in refused(base, data, tmp_path / "lights", "--held-out-share", "0.05")


def test_contexts_beyond_the_bases_are_refused(base: Path, data: Path, tmp_path: Path) -> None:
    assert "2048" in refused(base, data, tmp_path / "lights", "--pack", "2049")
    assert "2048" in refused(base, data, tmp_path / "lights", "--positions", "2049")
    negative = CliRunner().invoke(group, command(base, data, tmp_path / "lights", "--pack", "-1")[3:])
    assert negative.exit_code == 2


def test_a_new_expert_finds_an_end_and_held_out_prompts_that_are_trained_on_are_told(
    trained: Path, base: Path, data: Path, tmp_path: Path
) -> None:
    assert read_manifest(trained).sampling.max_tokens == 64
    done = CliRunner().invoke(group, command(base, data, tmp_path / "lights", "--held-out", str(data))[3:])
    assert done.exit_code == 0, done.output
    assert "24 of 24 held-out prompts are trained on" in done.stderr


def test_few_held_out_examples_are_told(base: Path, data: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(data.read_text().splitlines()[:4]))
    done = CliRunner().invoke(group, command(base, data, tmp_path / "lights", "--held-out", str(few))[3:])
    assert done.exit_code == 0, done.output
    assert "only 4 examples are held out" in done.stderr


def test_one_folder_is_trained_by_one_process_at_a_time(base: Path, data: Path, tmp_path: Path) -> None:
    work = tmp_path / ".lights.training"
    work.mkdir()
    other = os.open(work, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        assert "by another process" in refused(base, data, tmp_path / "lights", "--restart")
    finally:
        os.close(other)
