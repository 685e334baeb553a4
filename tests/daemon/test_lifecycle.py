"""How the daemon starts, whom it keeps out, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from expertd.config import load_settings
from expertd.errors import AlreadyRunning, ConfigError
from expertd.listeners import Listeners
from tests.daemon.process import ENDLESS, Daemon, arguments, free_port, launch, own_environment

Start = Callable[..., Daemon]


def refusal(env: dict[str, str], **flags: Any) -> tuple[int, str]:
    """Exit code and words of a start that must fail."""
    done = subprocess.run(arguments(flags), env=env, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stderr.decode()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def events_of(daemon: Daemon, body: dict[str, Any], begun: threading.Event) -> list[str]:
    """All server-sent events of a completion, `begun` set at the first."""
    found = []
    with daemon.client().stream("POST", "/v1/completions", json=body) as response:
        for line in response.iter_lines():
            begun.set()
            if line:
                found.append(line.removeprefix("data: "))
    return found


def stopped_while_streaming(daemon: Daemon, max_tokens: int) -> list[str]:
    """What a stream still gets when the daemon is told to stop just after it began."""
    begun, found = threading.Event(), []
    thread = threading.Thread(
        target=lambda: found.extend(events_of(daemon, {**ENDLESS, "max_tokens": max_tokens}, begun))
    )
    thread.start()
    assert begun.wait(60)
    daemon.process.send_signal(signal.SIGTERM)
    thread.join(30)
    assert not thread.is_alive()
    assert daemon.process.wait(30) == 0
    return found


def test_sigterm_lets_a_short_stream_finish(start_daemon: Start) -> None:
    assert stopped_while_streaming(start_daemon(), 12)[-1] == "[DONE]"


def test_sigterm_tells_a_long_stream_and_ends_within_its_grace(start_daemon: Start) -> None:
    daemon = start_daemon(context=8192)
    found = stopped_while_streaming(daemon, 8000)
    assert json.loads(found[-1])["error"]["code"] == "overloaded"
    assert not daemon.socket.exists()


def test_ctrl_c_ends_it_as_sigterm_does(start_daemon: Start) -> None:
    daemon = start_daemon()
    assert daemon.stop(signal.SIGINT) == 0
    assert not daemon.socket.exists()


def test_it_can_be_stopped_while_it_loads(tmp_path: Path) -> None:
    daemon = launch(tmp_path)
    while not daemon.socket.exists():
        assert daemon.process.poll() is None, daemon.log
        time.sleep(0.001)
    assert daemon.stop() == 0
    assert "listening on" not in daemon.log
    assert not daemon.socket.exists()


def test_who_asks_twice_need_not_wait_for_the_streams(start_daemon: Start) -> None:
    daemon = start_daemon(context=8192)
    with daemon.stopping():
        daemon.killed = True
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(30) == 130
    assert not daemon.socket.exists()


def test_a_killed_daemon_leaves_a_socket_that_the_next_start_takes_over(start_daemon: Start) -> None:
    first = start_daemon()
    first.kill()
    assert first.socket.exists()
    second = start_daemon()
    assert second.health()["pid"] == second.process.pid


def test_a_second_daemon_on_the_same_socket_is_refused(daemon: Daemon) -> None:
    code, said = refusal(daemon.env, socket=daemon.socket, port=0)
    assert code == AlreadyRunning.exit_code == 73
    assert str(daemon.process.pid) in said
    assert daemon.health()["pid"] == daemon.process.pid


def test_its_own_folder_socket_and_token_are_for_its_user_alone(start_daemon: Start, tmp_path: Path) -> None:
    folder = tmp_path / "run/expertd"
    folder.mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    daemon = start_daemon(socket=None, port=free_port())
    assert daemon.socket == folder / "expertd.sock"
    assert (mode(folder), mode(daemon.socket)) == (0o700, 0o600)
    assert mode(tmp_path / "state/expertd/token") == 0o600
    with httpx.Client(headers={"Authorization": f"Bearer {daemon.token}"}) as client:
        assert client.get(f"{daemon.url}/health").status_code == 200


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="another process's limits can be read on Linux alone")
def test_it_may_open_as_many_files_as_the_system_allows(start_daemon: Start, tmp_path: Path) -> None:
    serve = arguments({"port": 0, "socket": tmp_path / "d.sock", "experts": tmp_path / "experts", "context": 1024})
    daemon = start_daemon(command=["sh", "-c", f"ulimit -Sn 256; exec {shlex.join(serve)}"])
    soft, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    assert 256 < soft == hard


def test_a_crowd_of_connections_waits_while_the_daemon_is_busy(start_daemon: Start) -> None:
    daemon = start_daemon(port=free_port())
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(300):
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect(str(daemon.socket))
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    assert daemon.health()["pid"] == daemon.process.pid


def test_port_0_means_no_http(start_daemon: Start) -> None:
    daemon = start_daemon(port=0)
    assert daemon.health()["http"] is None
    assert not (daemon.root / "state/expertd/token").exists()


def test_a_port_in_use_stops_the_start_and_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refusal(own_environment(tmp_path), socket=tmp_path / "d.sock", port=port)
    assert code == ConfigError.exit_code
    assert str(port) in said
    assert "--port" in said
    assert not (tmp_path / "d.sock").exists()


def test_a_file_in_the_sockets_place_is_kept(tmp_path: Path) -> None:
    (tmp_path / "d.sock").write_text("mine")
    code, said = refusal(own_environment(tmp_path), socket=tmp_path / "d.sock", port=0)
    assert code == ConfigError.exit_code
    assert "--socket" in said
    assert (tmp_path / "d.sock").read_text() == "mine"
    assert not (tmp_path / "d.sock.lock").exists()


def test_a_socket_without_a_name_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ConfigError, match="is a folder: give --socket FILE"):
        Listeners(load_settings(socket="", port=0))
    assert list((tmp_path / "here").iterdir()) == []


def test_a_socket_path_that_is_too_long_is_told_so(tmp_path: Path) -> None:
    code, said = refusal(own_environment(tmp_path), socket=tmp_path / ("x" * 100), port=0)
    assert (code, "shorter" in said) == (ConfigError.exit_code, True)


def test_flags_win_over_variables_and_these_over_the_file(start_daemon: Start, tmp_path: Path) -> None:
    file, by_flag = tmp_path / "mine.toml", free_port()
    (tmp_path / "from-file").mkdir()
    file.write_text(f'experts = "{tmp_path / "from-file"}"\ncontext = 300\nport = {free_port()}\nsequences = 3\n')
    variables = {"EXPERTD_CONFIG": str(file), "EXPERTD_CONTEXT": "768", "EXPERTD_PORT": str(free_port())}
    daemon = start_daemon(env=variables, port=by_flag, context=None)
    health = daemon.health()
    assert health["http"] == f"http://127.0.0.1:{by_flag}"
    assert health["base"]["context"] == 768


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("prot = 1", "prot"),
        ("port = 'x'", "port"),
        ("port = 99999", "port"),
        ("context = -1", "context"),
        ("port = ", "mine.toml"),
        ('host = "0.0.0.0"', "expose"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, content: str, named: str) -> None:
    (tmp_path / "mine.toml").write_text(content)
    env = {**own_environment(tmp_path), "EXPERTD_CONFIG": str(tmp_path / "mine.toml")}
    code, said = refusal(env, socket=tmp_path / "d.sock")
    assert code == ConfigError.exit_code
    assert named in said
    assert "mine.toml" in said


def test_a_named_config_file_must_exist(tmp_path: Path) -> None:
    env = {**own_environment(tmp_path), "EXPERTD_CONFIG": str(tmp_path / "gone.toml")}
    code, said = refusal(env, socket=tmp_path / "d.sock")
    assert (code, "gone.toml" in said) == (ConfigError.exit_code, True)


def by_hand(path: Path, listener: socket.socket) -> list[str]:
    """As systemd does it: the socket is descriptor 3, and LISTEN_PID is the daemon's own id."""
    serve = arguments({"port": 0, "socket": path.parent / "unused.sock"})
    activate = (
        f"import os; os.dup2({listener.fileno()}, 3); os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
        f"os.execv({serve[0]!r}, {serve!r})"
    )
    return [serve[0], "-c", activate]


def test_an_activated_socket_is_served_and_left_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        os.set_inheritable(listener.fileno(), True)
        daemon = launch(tmp_path, command=by_hand(path, listener), socket=path)
        assert daemon.wait_until_up().health()["pid"] == daemon.process.pid
        assert not (tmp_path / "unused.sock").exists()
        assert daemon.stop() == 0
        assert path.exists()


@pytest.mark.skipif(not shutil.which("systemd-socket-activate"), reason="systemd is not installed")
def test_systemd_starts_it_at_the_first_connection(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    serve = arguments({"port": 0, "socket": tmp_path / "unused.sock"})
    daemon = launch(tmp_path, command=["systemd-socket-activate", "-l", str(path), *serve], socket=path)
    end = time.monotonic() + 30
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert daemon.wait_until_up().health()["pid"] == daemon.process.pid
    assert daemon.stop() == 0
    assert "Traceback" not in daemon.log
