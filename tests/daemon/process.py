"""The real daemon as a process of its own, as the tests start, ask and stop it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

NO_END = {str(token): -100 for token in range(17)}  # control tokens, of which several end an answer
ENDLESS = {"prompt": "Once", "max_tokens": 8000, "logit_bias": NO_END, "stream": True}
START_SECONDS = 120  # the first start on a machine prepares the base


@dataclass
class Daemon:
    """One `expertd serve` in its own XDG folders below `root`."""

    root: Path
    process: subprocess.Popen[bytes]
    socket: Path
    experts: Path
    env: dict[str, str]
    url: str | None = None
    killed: bool = False
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def log(self) -> str:
        return (self.root / "log").read_text(errors="replace")

    @property
    def token(self) -> str:
        return (self.root / "state/expertd/token").read_text().strip()

    def client(self) -> httpx.Client:
        """A client over the Unix socket."""
        return self._kept(httpx.Client(transport=self.transport(), base_url="http://localhost", timeout=120))

    def http(self, **headers: str) -> httpx.Client:
        """A client over localhost HTTP, without a token unless given."""
        assert self.url
        return self._kept(httpx.Client(base_url=self.url, headers=headers, timeout=120))

    def transport(self) -> httpx.HTTPTransport:
        return httpx.HTTPTransport(uds=str(self.socket))

    def health(self) -> dict[str, Any]:
        with httpx.Client(transport=self.transport(), timeout=30) as client:
            return client.get("http://localhost/health").raise_for_status().json()

    def wait_until_up(self) -> Daemon:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.log}"
            try:
                self.url = self.health()["http"]
                return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"it did not answer in {START_SECONDS} s: {self.log}")

    def wait_for_running(self, count: int, seconds: float = 30) -> float:
        """Seconds until the engine runs `count` sequences and none waits."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            engine = self.health()["engine"]
            if (engine["running"], engine["waiting"]) == (count, 0):
                return time.monotonic() - start
            time.sleep(0.01)
        raise AssertionError(f"never {count} running: {engine}")

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """It was told to stop, and waits for an endless stream, which is closed at the end of the block."""
        with self.client().stream("POST", "/v1/completions", json=ENDLESS) as response:
            lines = response.iter_lines()  # kept: without its iterator the response closes
            next(lines)
            self.process.send_signal(signal.SIGTERM)
            while "stopping" not in self.log:
                time.sleep(0.01)
            yield

    def kill(self) -> None:
        self.killed = True
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit code after a signal."""
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def cli(self, *args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        """`expertd ARGS` by the user whose daemon this is."""
        return run_cli(*args, stdin=stdin, env={**self.env, "EXPERTD_SOCKET": str(self.socket), **env})

    def _kept(self, client: httpx.Client) -> httpx.Client:
        self.clients.append(client)
        return client


def run_cli(*args: str, env: dict[str, str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "expertd", *args], input=stdin, env=env, capture_output=True, timeout=150
    )


def own_environment(root: Path) -> dict[str, str]:
    """The environment of a user whose folders are below `root`; only the cache is the real one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXPERTD_", "LISTEN_"))}
    for name, folder in (
        ("RUNTIME_DIR", "run"),
        ("STATE_HOME", "state"),
        ("CONFIG_HOME", "config"),
        ("DATA_HOME", "data"),
    ):
        (root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        kept[f"XDG_{name}"] = str(root / folder)
    # With several, each piece of a graph waits for all: on a machine that is busy otherwise that takes minutes.
    return {**kept, "EXPERTD_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def arguments(flags: dict[str, Any]) -> list[str]:
    """`expertd serve` with those flags that are not None."""
    given = [(f"--{name.replace('_', '-')}", str(value)) for name, value in flags.items() if value is not None]
    return [sys.executable, "-m", "expertd", "serve", *(word for pair in given for word in pair)]


def launch(root: Path, env: dict[str, str] | None = None, command: list[str] | None = None, **flags: Any) -> Daemon:
    """Start one, without waiting for it. `command` replaces the whole command line."""
    environment = {**own_environment(root), **(env or {})}
    flags = {"socket": root / "d.sock", "port": 0, "experts": root / "experts", "context": 1024, **flags}
    experts = flags["experts"] or root / "experts"
    experts.mkdir(parents=True, exist_ok=True)
    with (root / "log").open("ab") as log:
        process = subprocess.Popen(
            command or arguments(flags),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            close_fds=False,
        )
    socket_path = flags["socket"] or Path(environment["XDG_RUNTIME_DIR"]) / "expertd/expertd.sock"
    return Daemon(root, process, socket_path, experts, environment)
