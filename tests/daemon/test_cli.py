"""The command line, as a shell runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from expertd.cli import _COMMANDS
from expertd.cli.status import stop
from expertd.errors import BaseRefused, DaemonUnreachable, ExpertdError
from tests.daemon.process import Daemon, own_environment, run_cli


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What a command that went well printed."""
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    return done.stdout.decode()


def failed(done: subprocess.CompletedProcess[bytes], code: int) -> str:
    """Why a command failed, in a few words and no traceback."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert b"Traceback" not in done.stderr
    assert done.stderr.strip()
    return done.stderr.decode()


@pytest.mark.parametrize(
    "command",
    [
        (),
        *((name,) for name in _COMMANDS),
        ("experts", "list"),
        *(("experts", name) for name in ("check", "pack", "verify", "install", "remove")),
        ("models", "pull"),
        ("models", "list"),
    ],
)
def test_every_command_explains_itself(tmp_path: Path, command: tuple[str, ...]) -> None:
    text = said(run_cli(*command, "--help", env=own_environment(tmp_path)))
    assert "Usage: expertd" in text


def test_ask_answers_what_is_piped_in_and_shows_the_expert_on_request(daemon: Daemon) -> None:
    done = daemon.cli(
        "ask", "-e", "alpha", "-n", "4", "-t", "0", "--timings", "what is this?", stdin=b"CREATE TABLE a(x)"
    )
    assert said(done).endswith("\n")
    assert "[alpha] 4 tokens" in done.stderr.decode()


def test_ask_gives_the_same_answer_for_the_same_seed_and_stays_silent_otherwise(daemon: Daemon) -> None:
    # Once before, so that both find the prompt in the cache: llama.cpp's quantized kernels differ in the last bits
    # between a prompt computed in one batch and its last token alone, and a draw can fall between.
    daemon.cli("ask", "-n", "5", "--seed", "3", "Say", "hello")
    first, second = (daemon.cli("ask", "-n", "5", "--seed", "3", "Say", "hello") for _ in range(2))
    assert said(first) == said(second)
    assert first.stderr == b""


def test_ask_without_a_question_says_so(daemon: Daemon) -> None:
    assert "nothing to ask" in failed(daemon.cli("ask"), 2)


def test_ask_refuses_what_is_not_utf8(daemon: Daemon) -> None:
    assert "UTF-8" in failed(daemon.cli("ask", "what?", stdin=b"caf\xe9"), 2)


@pytest.mark.parametrize(
    ("args", "code", "named"),
    [
        (("-e", "nobody", "hi"), 4, "nobody"),
        (("-e", "alpha:9", "hi"), 2, "scale"),
        (("-t", "-1", "hi"), 2, "temperature"),
        (("-n", "0", "hi"), 2, "max_tokens"),
        (("-s", "word " * 3000, "hi"), 2, "2048"),
        (("--temprature", "1", "hi"), 2, "temperature"),
    ],
)
def test_asks_exit_code_says_what_went_wrong(daemon: Daemon, args: tuple[str, ...], code: int, named: str) -> None:
    assert named in failed(daemon.cli("ask", *args), code)


def test_a_reader_that_goes_away_leaves_no_traceback(daemon: Daemon) -> None:
    command = f"{sys.executable} -m expertd ask -n 60 'Count to a hundred' </dev/null | head -c1"
    env = {**daemon.env, "EXPERTD_SOCKET": str(daemon.socket)}
    done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, timeout=120)
    assert len(done.stdout) == 1
    assert done.stderr == b""


def test_status_shows_what_runs(daemon: Daemon) -> None:
    text = said(daemon.cli("status"))
    for shown in (str(daemon.process.pid), str(daemon.socket), daemon.url or "", "alpha"):
        assert shown in text
    assert json.loads(said(daemon.cli("status", "--json")))["pid"] == daemon.process.pid


def test_experts_list_shows_what_each_is_for(daemon: Daemon) -> None:
    assert "random alpha" in said(daemon.cli("experts", "list"))
    assert json.loads(said(daemon.cli("experts", "list", "--json")))["object"] == "list"


def test_env_is_what_a_shell_can_evaluate(daemon: Daemon) -> None:
    printed = said(daemon.cli("env"))
    shown = subprocess.run(
        ["sh", "-c", f'{printed}\necho "$OPENAI_BASE_URL $OPENAI_API_KEY"'], capture_output=True, text=True
    )
    assert shown.stdout == f"{daemon.url}/v1 {daemon.token}\n"


@pytest.mark.parametrize("command", [("status",), ("stop",), ("experts", "list")])
def test_without_a_daemon_the_exit_code_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert "expertd serve" in failed(run_cli(*command, env=own_environment(tmp_path)), DaemonUnreachable.exit_code)


def test_stop_says_whose_daemon_it_may_not_stop(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refuse)  # as the kernel does for another user's process
    monkeypatch.setenv("XDG_CONFIG_HOME", daemon.env["XDG_CONFIG_HOME"])
    error = CliRunner().invoke(stop, ["--socket", str(daemon.socket)]).exception
    assert isinstance(error, ExpertdError)
    assert f"pid {daemon.process.pid}) belongs to {psutil.Process().username()}: stop it as that user" in error.message
    assert daemon.process.poll() is None


def test_ask_starts_a_daemon_that_stop_ends(tmp_path: Path) -> None:
    env = {**own_environment(tmp_path), "EXPERTD_PORT": "0", "EXPERTD_EXPERTS": str(tmp_path)}
    assert said(run_cli("ask", "-n", "3", "Say hello", env=env))
    assert said(run_cli("status", env=env))
    assert said(run_cli("stop", env=env)) == ""
    failed(run_cli("status", env=env), DaemonUnreachable.exit_code)
    assert not (tmp_path / "run/expertd/expertd.sock").exists()
    assert "Traceback" not in (tmp_path / "state/expertd/expertd.log").read_text()


def test_ask_starts_a_new_daemon_behind_one_that_is_stopping(start_daemon: Callable[..., Daemon]) -> None:
    old = start_daemon(port=0, context=8192)
    with old.stopping():
        env = {**old.env, "EXPERTD_PORT": "0"}
        asked = ("--socket", str(old.socket))
        assert said(run_cli("ask", *asked, "-n", "3", "Say hello", env=env))
    assert old.process.wait(10) == 0
    assert said(run_cli("stop", *asked, env=env)) == ""


def test_ask_tells_why_the_daemon_did_not_start(tmp_path: Path) -> None:
    base = tmp_path / "gone.gguf"
    env = {**own_environment(tmp_path), "EXPERTD_PORT": "0", "EXPERTD_BASE": str(base)}
    assert "gone.gguf" in failed(run_cli("ask", "hi", env=env), BaseRefused.exit_code)
    base.write_text("no model")
    assert "gone.gguf" in failed(run_cli("ask", "hi", env=env), DaemonUnreachable.exit_code)
