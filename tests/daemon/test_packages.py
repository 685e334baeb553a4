"""Packages by the command line, into the folder of a running daemon."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.process import Daemon, own_environment
from tests.fixtures import SMOLLM2, TINY, make_peft_folder

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_in(root: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """`expertd experts ...` in `root`, by a user whose experts lie in `experts` there."""
    command = [sys.executable, "-m", "expertd", "experts", *map(str, words)]
    env = {**own_environment(root), "EXPERTD_EXPERTS": str(root / "experts")}
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=root, timeout=100)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return lambda *words: run_in(tmp_path, *words)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Packages of two versions of one expert."""
    root, packages = tmp_path_factory.mktemp("versions"), []
    for seed in range(2):
        manifest = {"version": str(seed + 1)}
        folder = make_peft_folder(root / f"v{seed}" / "toy", SMOLLM2, seed=seed, strength=0.2, manifest=manifest)
        done = run_in(root, "pack", folder)
        assert done.returncode == 0, done.stderr
        packages.append(root / done.stdout.strip())
    return packages


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


PARTS = ["toy", "toy/adapter_config.json", "toy/adapter_model.safetensors", "toy/expert.toml"]


def test_a_package_is_installed_served_replaced_and_removed_while_the_daemon_runs(
    start_daemon: Callable[..., Daemon], tmp_path: Path, run: Run, versions: list[Path]
) -> None:
    client = start_daemon().client()

    def version_within_two_seconds(wanted: str | None) -> bool:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            answer = client.get("/v1/models/toy")
            if (answer.json()["version"] if answer.status_code == 200 else None) == wanted:
                return True
            time.sleep(0.02)
        return False

    one, two = versions
    done = run("install", one)
    assert (done.returncode, done.stdout) == (0, f"installed toy 1 into {tmp_path / 'experts'}\n")
    assert version_within_two_seconds("1")
    assert listing(tmp_path / "experts") == PARTS

    again = run("install", one)
    assert (again.returncode, "same content" in again.stdout) == (0, True)
    refused = run("install", two)
    assert refused.returncode == 73
    assert "version 1, and this is 2" in refused.stderr and "--replace" in refused.stderr
    assert version_within_two_seconds("1")

    done = run("install", two, "--replace")
    assert (done.returncode, done.stdout) == (0, f"replaced toy 1 by 2 in {tmp_path / 'experts'}\n")
    assert version_within_two_seconds("2")
    assert listing(tmp_path / "experts") == PARTS

    done = run("remove", "toy")
    assert (done.returncode, done.stdout) == (0, f"removed toy 2 from {tmp_path / 'experts'}\n")
    assert version_within_two_seconds(None)
    assert listing(tmp_path / "experts") == []
    gone = run("remove", "toy")
    assert (gone.returncode, "no expert 'toy'" in gone.stderr) == (4, True)


def test_replacing_under_load_loses_no_request(
    start_daemon: Callable[..., Daemon], tmp_path: Path, run: Run, versions: list[Path]
) -> None:
    assert run("install", versions[0]).returncode == 0
    client = start_daemon().client()
    env = {**own_environment(tmp_path), "EXPERTD_EXPERTS": str(tmp_path / "experts")}
    for package in (versions[1], versions[0]):
        command = [sys.executable, "-m", "expertd", "experts", "install", str(package), "--replace"]
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
            end = None
            while end is None or time.monotonic() < end:  # for a second after it, too
                answer = client.post("/v1/completions", json={"model": "toy", "prompt": "The sea", "max_tokens": 2})
                assert answer.status_code == 200, answer.text
                if end is None and process.poll() is not None:
                    end = time.monotonic() + 1
        assert process.returncode == 0


def test_a_package_can_be_verified_and_a_changed_one_is_refused_everywhere(
    tmp_path: Path, run: Run, versions: list[Path]
) -> None:
    sound = run("verify", versions[0])
    assert sound.returncode == 0
    assert "toy 1 is sound: 3 files" in sound.stdout
    assert "hint: expert.toml has no licence" in sound.stderr
    data = bytearray(versions[0].read_bytes())
    data[5000] ^= 1
    (tmp_path / "changed.expert").write_bytes(data)
    for command in ("verify", "install"):
        refused = run(command, tmp_path / "changed.expert")
        assert refused.returncode == 65
        assert refused.stdout == ""
        assert "changed.expert" in refused.stderr
    assert not (tmp_path / "experts").exists() or listing(tmp_path / "experts") == []


def test_an_expert_of_another_base_is_neither_packed_nor_installed(tmp_path: Path, run: Run) -> None:
    folder = make_peft_folder(
        tmp_path / "made" / "toy", TINY, manifest={"base": {"name": "x", "architecture": "gemma"}}
    )
    for command in ("pack", "install"):
        refused = run(command, folder)
        assert refused.returncode == 65
        assert "architecture gemma" in refused.stderr and "goes from 32" in refused.stderr  # all of it
        assert str(folder) in refused.stderr and ".installing" not in refused.stderr
    (folder / "expert.toml").write_text("name = ")
    refused = run("install", folder)
    assert (refused.returncode, "not TOML" in refused.stderr) == (65, True)
    assert run("install", tmp_path / "nothing").returncode == 65
    assert run("pack", tmp_path / "nothing").returncode == 2
    assert not (tmp_path / "experts").exists()


def test_only_an_experts_own_files_are_taken_from_a_folder_and_a_bare_one_gets_its_name(
    tmp_path: Path, run: Run
) -> None:
    folder = make_peft_folder(tmp_path / "made" / "My Adapter", SMOLLM2)
    (folder / "run.py").write_text("print('no')")
    (folder / "LICENSE").write_text("Apache-2.0")
    assert run("install", folder).returncode == 0
    names = ["LICENSE", "adapter_config.json", "adapter_model.safetensors"]
    assert listing(tmp_path / "experts") == ["my-adapter", *(f"my-adapter/{name}" for name in names)]


def test_a_folder_that_holds_more_than_an_expert_is_neither_replaced_nor_removed(
    tmp_path: Path, run: Run, versions: list[Path]
) -> None:
    assert run("install", versions[0]).returncode == 0
    (tmp_path / "experts" / "toy" / "train.jsonl").write_text("{}")
    for words in (("remove", "toy"), ("install", versions[1], "--replace")):
        refused = run(*words)
        assert refused.returncode == 2
        assert "train.jsonl" in refused.stderr
    assert listing(tmp_path / "experts") == [*PARTS, "toy/train.jsonl"]


@pytest.mark.parametrize("name", ["../toy", "/etc", ".", "..", "", "Toy", "toy/../toy"])
def test_what_is_no_name_is_not_removed(tmp_path: Path, run: Run, name: str) -> None:
    assert run("remove", name).returncode == 2


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, run: Run, versions: list[Path]) -> None:
    (tmp_path / "experts").mkdir(mode=0o500)
    assert run("install", versions[0]).returncode == 73


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, run: Run, versions: list[Path]) -> None:
    folder = make_peft_folder(tmp_path / "made" / "toy", SMOLLM2)
    refused = run("pack", folder, "-o", tmp_path / "none" / "x.expert")
    assert refused.returncode == 73
    assert "none" in refused.stderr
    (tmp_path / "file").write_text("")
    assert run("install", versions[0], "--experts", tmp_path / "file").returncode == 78


def test_an_install_that_is_interrupted_leaves_nothing_that_is_served(
    tmp_path: Path, run: Run, versions: list[Path]
) -> None:
    env = {**own_environment(tmp_path), "EXPERTD_EXPERTS": str(tmp_path / "experts")}
    command = [sys.executable, "-m", "expertd", "experts", "install", str(versions[0])]
    for wait in (0.6, 0.9, 1.2):
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        shown = [path for path in listing(tmp_path / "experts") if not path.startswith(".")]
        assert shown in ([], PARTS)
