"""The user units, checked by systemd's own tools and started by a connection to their socket."""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from expertd import errors
from tests.daemon.process import Daemon, launch, own_environment

UNITS = Path(__file__).parents[2] / "systemd"
ANALYZE = shutil.which("systemd-analyze")
ACTIVATE = shutil.which(
    "systemd-socket-activate", path=f"{os.environ.get('PATH', os.defpath)}:/usr/lib/systemd:/lib/systemd"
)

needs_activate = pytest.mark.skipif(ACTIVATE is None, reason="systemd-socket-activate is not installed")


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / name)
    return parser


def exec_start() -> list[str]:
    """The command of the service, run by this interpreter."""
    _, *words = shlex.split(unit("expertd.service")["Service"]["ExecStart"])
    return [sys.executable, "-m", "expertd", *words]


@pytest.fixture
def notify(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket at `tmp_path/notify`, where a service manager would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        yield listener


@pytest.fixture
def activated(tmp_path: Path) -> Iterator[Daemon]:
    """The service's command line behind a socket that listens already; no daemon runs before the first connection."""
    path = tmp_path / "run/expertd/expertd.sock"
    own_environment(tmp_path)
    path.parent.mkdir(mode=0o700)
    passed = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "EXPERTD_PORT": "0",
        "EXPERTD_EXPERTS": str(tmp_path / "experts"),
    }
    setenv = [f"--setenv={name}={value}" for name, value in {**own_environment(tmp_path), **passed}.items()]
    assert ACTIVATE
    daemon = launch(tmp_path, command=[ACTIVATE, f"--listen={path}", *setenv, *exec_start()], socket=None)
    while not path.exists():
        assert daemon.process.poll() is None, daemon.log
    yield daemon
    daemon.stop()
    assert "Traceback" not in daemon.log, daemon.log


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    copies = [Path(shutil.copy(UNITS / name, tmp_path)) for name in ("expertd.service", "expertd.socket")]
    program = shlex.split(unit("expertd.service")["Service"]["ExecStart"])[0]
    copies[0].write_text(copies[0].read_text().replace(f"ExecStart={program}", f"ExecStart={sys.executable}"))
    assert ANALYZE
    done = subprocess.run(
        [ANALYZE, "--user", "--man=no", "verify", *map(str, copies)],
        env=own_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "expertd" in line]  # not about other units
    assert done.returncode == 0, done.stderr
    assert said == []


def test_what_would_fail_again_is_not_restarted() -> None:
    never = {int(code) for code in unit("expertd.service")["Service"]["RestartPreventExitStatus"].split()}
    hopeless = (errors.InvalidRequest, errors.ConfigError, errors.BaseRefused, errors.AlreadyRunning)
    assert never == {kind.exit_code for kind in hopeless}


def test_only_the_owner_may_open_the_socket() -> None:
    table = unit("expertd.socket")["Socket"]
    assert (table["ListenStream"], table["SocketMode"], table["DirectoryMode"]) == (
        "%t/expertd/expertd.sock",
        "0600",
        "0700",
    )


@needs_activate
def test_the_first_connection_starts_the_daemon_which_reports_its_start_and_stop(
    notify: socket.socket, activated: Daemon
) -> None:
    assert "expertd.daemon" not in activated.log  # nothing has started it yet

    health = activated.health()

    assert health["status"] == "ok"
    assert health["http"] is None
    assert health["pid"] == activated.process.pid
    assert notify.recv(64) == b"READY=1"
    assert activated.stop() == 0
    assert notify.recv(64) == b"STOPPING=1"
    assert activated.socket.is_socket()  # it is systemd's: it must be there for the next start


@needs_activate
def test_a_daemon_started_by_hand_leaves_the_activated_one_its_socket(notify: socket.socket, activated: Daemon) -> None:
    pid = activated.health()["pid"]
    done = activated.cli("serve", "--port", "0")
    assert done.returncode == errors.AlreadyRunning.exit_code, done.stderr
    assert f"pid {pid}".encode() in done.stderr
    assert activated.health()["pid"] == pid


@needs_activate
def test_a_daemon_started_by_hand_leaves_a_waiting_socket_to_systemd(notify: socket.socket, activated: Daemon) -> None:
    done = activated.cli("serve", "--port", "0")
    assert done.returncode == errors.AlreadyRunning.exit_code, done.stderr
    assert b"systemd or another program listens on" in done.stderr
    assert activated.health()["status"] == "ok"
