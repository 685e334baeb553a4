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


def build(base: Path, out: Path, dist: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "experts.build", *names, "--base", str(base), "--out", str(out)]
    command += ["--examples", "32", "--items", "2", "--dist", str(dist)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=580)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ALL)
def test_an_expert_is_made_scored_and_packed_on_another_base(base: Path, tmp_path: Path, name: str) -> None:
    done = build(base, tmp_path / "made", tmp_path / "dist", name)
    assert done.returncode == 0, done.stderr[-3000:]
    manifest = read_manifest(tmp_path / "made" / name)
    assert manifest.base
    assert manifest.base.architecture == "qwen3"
    told = read_recipe(name)["expert"]
    assert (manifest.version, manifest.description) == ("1", told["description"])
    assert list(manifest.routing.examples) == told["routing"]["examples"]
    assert manifest.training["scores"]["expert"]["all"][3] == 2
    assert manifest.sha256
    assert len(list((tmp_path / "dist").glob(f"{name}-*.expert"))) == 1
    assert [path.name for path in (tmp_path / "made").iterdir()] == [name]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_build_that_was_stopped_goes_on_behind_what_is_done(base: Path, tmp_path: Path) -> None:
    made, dist = tmp_path / "made", tmp_path / "dist"
    dist.mkdir()
    made.mkdir()
    (made / "shell").write_text("in the way")  # so the second one cannot be put in its place
    stopped = build(base, made, dist, "english", "shell")
    assert stopped.returncode != 0
    first = (made / "english" / "expert.toml").stat().st_mtime_ns
    (made / "shell").unlink()
    done = build(base, made, dist, "english", "shell")
    assert done.returncode == 0, done.stderr[-3000:]
    assert "expertd train" not in done.stdout, "what was trained is trained again"
    assert (made / "english" / "expert.toml").stat().st_mtime_ns == first
    assert sorted(path.name for path in made.iterdir()) == ["english", "shell"]
    again = build(base, made, dist, "english")
    assert again.returncode == 0, again.stderr[-3000:]
    assert read_manifest(made / "english").version == "2"
