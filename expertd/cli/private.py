"""A daemon of one's own, which measures something and is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from expertd.cli.client import START_SECONDS, Client
from expertd.errors import DaemonUnreachable

STOP_SECONDS = 30


@contextmanager
def private_daemon(experts: Path, **settings: object) -> Iterator[Path]:
    """The socket of a daemon that serves this folder by the default settings but for these.

    Neither the user's settings file nor their `EXPERTD_*` variables count: what is measured must not depend on them.
    Raises `DaemonUnreachable` with its last words where it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="expertd-") as folder:
        own = Path(folder)
        socket = own / "d.sock"  # short: a socket's path has 107 characters at most
        (own / "config.toml").touch()
        given = {"config": own / "config.toml", "socket": socket, "port": 0, "experts": experts, **settings}
        env = {name: value for name, value in os.environ.items() if not name.startswith("EXPERTD_")}
        env |= {f"EXPERTD_{name.upper()}": str(value) for name, value in given.items()}
        with (own / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "expertd", "serve"], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            _wait_until_up(process, Client(socket), own / "log")
            yield socket
        finally:
            _stop(process)


def _wait_until_up(process: subprocess.Popen[bytes], client: Client, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            client.get("/health", timeout=1)
            return
        except DaemonUnreachable:
            time.sleep(0.05)
    said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    raise DaemonUnreachable(f"the daemon that should measure did not start: {said[-1]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
