"""What an installation without this checkout gets."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXPERTS = sorted(path.parent.name for path in (ROOT / "experts").glob("*/expert.toml"))


def served_files(expert: str) -> set[str]:
    """What of an expert's folder is served; its data and scripts stay here."""
    (weights,) = (ROOT / "experts" / expert).glob("adapter_*.safetensors")
    return {"adapter_config.json", weights.name, "expert.toml"}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in the wheel of a clean copy: what lies in a used checkout must not get in, nor make up for a gap."""
    copy = tmp_path_factory.mktemp("package") / "copy"
    shutil.copytree(ROOT / "expertd", copy / "expertd", ignore=shutil.ignore_patterns("__pycache__"))
    files = [f"experts/{expert}/{name}" for expert in EXPERTS for name in served_files(expert)]
    for name in ("pyproject.toml", "README.md", "LICENSE", *files):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    # Without isolation no index is asked: the tests' installation has the build's one requirement.
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", "..", "."]
    done = subprocess.run(build, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = copy.parent.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_every_file_of_the_package(packed: set[str]) -> None:
    files = (path for path in (ROOT / "expertd").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    wanted = {path.relative_to(ROOT).as_posix() for path in files}
    assert "expertd/engine/hook.c" in wanted
    assert wanted - packed == set()


@pytest.mark.parametrize("expert", EXPERTS)
def test_the_wheel_has_every_expert_that_is_served_without_a_checkout(packed: set[str], expert: str) -> None:
    served = {name.rpartition("/")[2] for name in packed if f"/share/expertd/experts/{expert}/" in name}
    assert served == served_files(expert)
