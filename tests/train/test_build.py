"""The shipped experts' recipes on a base of another architecture, shortened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expertd.experts.manifest import read_manifest
from experts.recipe import HERE, RECIPE, read_recipe
from tests.toy_base import make_talking_base

ROOT = Path(__file__).parents[2]
ALL = sorted(path.parent.name for path in HERE.glob(f"*/{RECIPE}"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path, architecture="qwen3")
    return path


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ALL)
def test_an_expert_is_made_scored_and_packed_on_another_base(base: Path, tmp_path: Path, name: str) -> None:
    trial = ("--examples", "32", "--items", "2", "--dist", str(tmp_path / "dist"))
    command = [
        sys.executable,
        "-m",
        "experts.build",
        name,
        "--base",
        str(base),
        "--out",
        str(tmp_path / "made"),
        *trial,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580)
    assert done.returncode == 0, done.stderr[-3000:]
    manifest = read_manifest(tmp_path / "made" / name)
    assert manifest.base
    assert manifest.base.architecture == "qwen3"
    told = read_recipe(name)["expert"]
    assert manifest.description == told["description"]
    assert list(manifest.routing.examples) == told["routing"]["examples"]
    assert manifest.training["scores"]["expert"]["all"][3] == 2
    assert manifest.sha256
    assert len(list((tmp_path / "dist").glob(f"{name}-*.expert"))) == 1
    assert [path.name for path in (tmp_path / "made").iterdir()] == [name]
