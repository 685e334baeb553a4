"""Packages by the command line, into the folder of a running daemon."""

from __future__ import annotations

import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import httpx
import pytest

from expertd.cli import main
from tests.daemon.process import Daemon, own_environment
from tests.fixtures import SMOLLM2, TINY, make_peft_folder

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_in(root: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """`expertd experts ...` in `root`, by a user whose experts lie in `experts` there.

    In this process: to start one for each takes longer than all that they do.
    """
    env, out, err = {**own_environment(root), "EXPERTD_EXPERTS": str(root / "experts")}, io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in os.environ.keys() - env.keys():
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.chdir(root)
        patch.setattr(sys, "argv", ["expertd", "experts", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert isinstance(ended.value.code, int)
    return subprocess.CompletedProcess(words, ended.value.code, out.getvalue(), err.getvalue())


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


WEIGHTS = "adapter_model.safetensors"
PARTS = ["toy", "toy/adapter_config.json", f"toy/{WEIGHTS}", "toy/expert.toml"]


def version(client: httpx.Client) -> str | None:
    """Of the expert that is served; None: there is none."""
    answer = client.get("/v1/models/toy")
    return answer.json()["version"] if answer.status_code == 200 else None


def wait_for(client: httpx.Client, wanted: str | None) -> None:
    end = time.monotonic() + 60
    while version(client) != wanted:
        assert time.monotonic() < end, client.get("/v1/models").text
        time.sleep(0.02)


@pytest.fixture
def live(daemon: Daemon, client: httpx.Client) -> Iterator[Path]:
    """The folder of the daemon that other tests ask too: what is put into it is gone at the end."""
    yield daemon.experts
    shutil.rmtree(daemon.experts / "toy", ignore_errors=True)
    wait_for(client, None)


def test_a_package_is_installed_served_replaced_and_removed_while_the_daemon_runs(
    client: httpx.Client, live: Path, run: Run, versions: list[Path]
) -> None:
    others, (one, two) = listing(live), versions
    done = run("install", one, "--experts", live)
    assert (done.returncode, done.stdout) == (0, f"installed toy 1 into {live}\n")
    wait_for(client, "1")
    assert listing(live) == sorted([*others, *PARTS])

    again = run("install", one, "--experts", live)
    assert (again.returncode, "same content" in again.stdout) == (0, True)
    refused = run("install", two, "--experts", live)
    assert refused.returncode == 73
    assert "version 1, and this is 2" in refused.stderr and "--replace" in refused.stderr
    assert b'version = "1"' in (live / "toy" / "expert.toml").read_bytes()

    done = run("install", two, "--replace", "--experts", live)
    assert (done.returncode, done.stdout) == (0, f"replaced toy 1 by 2 in {live}\n")
    wait_for(client, "2")
    assert listing(live) == sorted([*others, *PARTS])

    done = run("remove", "toy", "--experts", live)
    assert (done.returncode, done.stdout) == (0, f"removed toy 2 from {live}\n")
    wait_for(client, None)
    assert listing(live) == others
    gone = run("remove", "toy", "--experts", live)
    assert (gone.returncode, "no expert 'toy'" in gone.stderr) == (4, True)


def test_it_is_told_where_the_daemon_that_runs_serves_another_folder(
    daemon: Daemon, tmp_path: Path, run: Run, versions: list[Path]
) -> None:
    assert "the daemon that runs" not in run("install", versions[0]).stderr  # none does
    socket = tmp_path / "run/expertd/expertd.sock"
    socket.parent.mkdir(parents=True)
    socket.symlink_to(daemon.socket)
    hint = f"hint: the daemon that runs serves {daemon.experts}, not {tmp_path / 'experts'}"
    assert hint in run("install", versions[0]).stderr
    assert hint in run("remove", "toy").stderr


def test_replacing_under_load_loses_no_request(
    client: httpx.Client, live: Path, tmp_path: Path, run: Run, versions: list[Path]
) -> None:
    assert run("install", versions[0], "--experts", live).returncode == 0
    wait_for(client, "1")
    for package, wanted in ((versions[1], "2"), (versions[0], "1")):
        with installing(tmp_path, package, "--replace", "--experts", live) as process:
            while process.poll() is None or (process.returncode == 0 and version(client) != wanted):
                answer = client.post("/v1/completions", json={"model": "toy", "prompt": "The sea", "max_tokens": 2})
                assert answer.status_code == 200, answer.text
        assert process.returncode == 0


def installing(root: Path, *words: object) -> subprocess.Popen[bytes]:
    """`expertd experts install ...` as a process of its own."""
    env = {**own_environment(root), "EXPERTD_EXPERTS": str(root / "experts")}
    command = [sys.executable, "-m", "expertd", "experts", "install", *map(str, words)]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


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
    assert run("pack", folder, "-o", "/dev/null").returncode == 2
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


@pytest.mark.parametrize("command", ["verify", "install"])
def test_a_system_that_has_no_room_is_told(run: Run, versions: list[Path], command: str) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # bytes of a file
    try:
        refused = run(command, versions[0])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.returncode == 73
    assert "cannot be written: File too large" in refused.stderr


def test_a_source_that_cannot_be_read_is_not_told_as_one_that_cannot_be_written(run: Run) -> None:
    refused = run("install", "x" * 300)  # no system lets it be looked at
    assert refused.returncode == 65
    assert "x" * 300 in refused.stderr and "written" not in refused.stderr


@pytest.mark.parametrize("sign", [".installing-*", f".installing-*/{PARTS[2]}"])
def test_an_install_that_is_interrupted_leaves_nothing_that_is_served(
    tmp_path: Path, run: Run, versions: list[Path], sign: str
) -> None:
    experts = tmp_path / "experts"
    experts.mkdir()
    interrupted = False
    while not interrupted:
        shutil.rmtree(experts / "toy", ignore_errors=True)  # it came before the kill
        with installing(tmp_path, versions[0]) as process:
            while process.poll() is None and not any(experts.glob(sign)):
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
        assert [path for path in listing(experts) if not path.startswith(".")] in ([], PARTS)
        interrupted = any(experts.glob(".installing-*"))
    assert run("install", versions[0]).returncode == 0
    assert [path for path in listing(experts) if not path.startswith(".")] == PARTS
