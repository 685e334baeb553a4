"""A folder that is checked without a daemon: every fault is told, and what it would be better with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from expertd.engine.check import Checker
from tests.fixtures import make_peft_folder, peft_tensors
from tests.toy_base import make_talking_base

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return path


@pytest.fixture
def checker(base: Path) -> Iterator[Checker]:
    checker = Checker(base)
    yield checker
    checker.close()


def broken(checker: Checker, folder: Path) -> Path:
    """With a fault of each kind."""
    tensors = peft_tensors(checker.shape)
    prefix = "base_model.model.model.layers"
    tensors[f"{prefix}.0.self_attn.q_proj.lora_A.weight"][0, 0] = np.nan
    tensors[f"{prefix}.0.self_attn.k_proj.lora_A.weight"] = np.zeros((4, 63), np.float16)
    tensors[f"{prefix}.1.self_attn.v_proj.lora_B.weight"] = np.zeros((32, 4), np.float64)
    tensors[f"{prefix}.7.self_attn.v_proj.lora_B.weight"] = np.zeros((32, 4), np.float16)
    tensors["lm_head.weight"] = np.zeros((4, 4), np.float16)
    del tensors[f"{prefix}.1.self_attn.o_proj.lora_A.weight"]
    config = {
        "bias": "all",
        "lora_bias": True,
        "rank_pattern": {"(": 3},
        "target_modules": ["q_proj", "up_proj", "wte"],
    }
    make_peft_folder(folder, checker.shape, tensors=tensors, config=config)
    (folder / "expert.toml").write_text(
        f"""name = "other"
colour = 1
scale = 9
routing = {{keywords = [1]}}
kind = "dora"
fim = {{prefix = "<|im_start|>", suffix = "the", middle = "<|im_end|>"}}
sha256 = {{"adapter_model.safetensors" = "{"0" * 64}", "gone.txt" = "{"0" * 64}"}}
[base]
name = "another"
architecture = "llama"
n_layer = 3
n_ff = 7
[grammar]
regex = "("
"""
    )
    return folder


FAULTS = (
    "name is 'other', and the folder is 'bad'",
    "colour: Extra inputs",
    "scale: ",
    "routing.keywords",
    "fim.suffix 'the'",
    "n_layer 3",
    "n_ff 7",
    "sha256 does not list adapter_config.json",
    "adapter_model.safetensors is not the file",
    "gone.txt cannot be read",
    "bias is 'all'",
    "lora_bias is set",
    "pattern '('",
    "target_modules wte",
    "nothing for up_proj",
    "layers.0.self_attn.q_proj has values that are NaN",
    "layers.0.self_attn.k_proj goes from 63",
    "layers.1.self_attn.v_proj.lora_B.weight is F64",
    "layers.7.self_attn.v_proj is beyond",
    "'lm_head.weight' is not supported",
    "layers.1.self_attn.o_proj lacks lora_A",
    "kind is 'dora'",
    "grammar.regex",
)


def test_every_fault_is_told_and_nothing_else(checker: Checker, tmp_path: Path) -> None:
    faults = checker.check(broken(checker, tmp_path / "bad")).faults
    assert [said for said in FAULTS if not any(said in fault for fault in faults)] == []
    assert [fault for fault in faults if not any(said in fault for said in FAULTS)] == []
    assert len(faults) == len(FAULTS)


def test_what_a_sound_expert_lacks_are_hints(checker: Checker, tmp_path: Path) -> None:
    manifest = {"requires": ["near", "far", "given"], "conflicts": ["foe"]}
    folder = make_peft_folder(tmp_path / "good", checker.shape, manifest=manifest)
    (tmp_path / "near").mkdir()
    report = checker.check(folder, {"given"})
    assert report.faults == ()
    told = "\n".join(report.hints)
    for said in ("[base]", "sha256", "description", "licence", "routing.examples", "requires 'far'", "'foe'"):
        assert said in told
    assert "'near'" not in told
    assert "'given'" not in told
    assert "no expert.toml" in checker.check(make_peft_folder(tmp_path / "bare", checker.shape)).hints[0]


def test_a_link_out_of_its_folder_is_a_fault_as_for_the_daemon(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "experts").mkdir()
    make_peft_folder(tmp_path / "good", checker.shape, manifest={})
    (tmp_path / "experts" / "good").symlink_to(tmp_path / "good")
    (fault,) = checker.check(tmp_path / "experts" / "good").faults
    assert "link out of the experts folder" in fault


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "expertd", "experts", "check", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_command_tells_people_and_programs_and_exits_with_65(checker: Checker, base: Path, tmp_path: Path) -> None:
    bad = broken(checker, tmp_path / "bad")
    good = make_peft_folder(tmp_path / "good", checker.shape, manifest={"version": "3"})
    done = run(good, "--base", base)
    assert (done.returncode, done.stderr) == (0, "")
    assert "good: sound, version 3" in done.stdout
    assert "hint: expert.toml has no licence" in done.stdout

    done = run(good, bad, tmp_path / "none", "--base", base)
    assert (done.returncode, done.stderr) == (65, "")
    assert f"bad: broken, {len(FAULTS)} faults" in done.stdout
    assert f"and {len(FAULTS) - 10} more" in done.stdout
    assert "none: broken, 1 fault\n" in done.stdout

    told = json.loads(run(good, bad, "--json", "--base", base).stdout)
    assert [(one["name"], one["sound"], len(one["faults"])) for one in told] == [
        ("good", True, 0),
        ("bad", False, len(FAULTS)),
    ]
    assert run(good, "--base", tmp_path / "no.gguf").returncode == 66
