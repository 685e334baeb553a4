"""Talking to the daemon over its socket, and starting one where none runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
from httpx_sse import EventSource

from expertd import errors
from expertd.config import Settings, cache_dir, state_dir
from expertd.listeners import is_held
from expertd.models.catalogue import resolve

START_SECONDS = 120  # the first start converts the base


class Client:
    """One daemon, by its socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        transport = httpx.HTTPTransport(uds=str(socket))
        self._http = httpx.Client(
            transport=transport, base_url="http://localhost", timeout=httpx.Timeout(None, connect=5)
        )

    def get(self, path: str, *, timeout: float = 10) -> Any:
        """The JSON of `path`. Raises `DaemonUnreachable`, or the error that the daemon answered."""
        self.check_owner()
        try:
            response = self._http.get(path, timeout=timeout)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        _raise_for(response)
        return response.json()

    def post(self, path: str, body: dict[str, Any], *, timeout: float = 60) -> Any:
        """The JSON that a POST answers. Raises as `get` does."""
        self.check_owner()
        try:
            response = self._http.post(path, json=body, timeout=timeout)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        _raise_for(response)
        return response.json()

    def stream(self, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The server-sent objects of a POST. Ending the iteration early cancels it on the server."""
        self.check_owner()
        try:
            with self._http.stream("POST", path, json=body) as response:
                if response.status_code != 200:
                    response.read()
                    _raise_for(response)
                for event in EventSource(response).iter_sse():
                    if event.data == "[DONE]":
                        return
                    content = event.json()
                    if "error" in content:
                        raise _error(500, content)
                    yield content
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def check_owner(self) -> None:
        """Another user's socket gets nothing of ours: neither text nor trust in the pid that it tells.

        Raises `DaemonUnreachable`.
        """
        try:
            owner = self._socket.lstat().st_uid
        except OSError:
            return  # none there: connecting says so
        if owner not in (os.getuid(), 0):
            raise errors.DaemonUnreachable(f"{self._socket} belongs to another user: give another with --socket")

    def _unreachable(self, error: Exception) -> errors.DaemonUnreachable:
        return errors.DaemonUnreachable(
            f"no daemon answers on {self._socket} ({error}): start one with `expertd serve`"
        )


def _raise_for(response: httpx.Response) -> None:
    if response.status_code != 200:
        try:
            content = response.json()
        except ValueError:
            content = {"error": {"message": f"the daemon answered {response.status_code}: {response.text[:200]}"}}
        raise _error(response.status_code, content)


def _error(status: int, content: dict[str, Any]) -> errors.ExpertdError:
    """The daemon's error as our own exception again, so that its exit code is the table's."""
    told = content["error"]
    kinds = [kind for kind in _subclasses(errors.ExpertdError) if kind.code == told.get("code")]
    # In mid-stream there is no status any more, and the code alone tells.
    kinds = [kind for kind in kinds if kind.status == status] or [kind for kind in kinds if kind.code]
    return (kinds or [errors.ExpertdError])[0](told["message"])


def _subclasses(kind: type[errors.ExpertdError]) -> Iterator[type[errors.ExpertdError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _subclasses(child)


def ensure_running(settings: Settings) -> Client:
    """A client of the daemon on `settings.socket`, which is started in the background where none answers."""
    client = Client(settings.socket)
    client.check_owner()
    if _answers(client):
        return client
    # Here and not in the daemon: a conversion of the base is seen, and a wrong base is told, where it was asked.
    resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty())
    log_file = state_dir() / "expertd.log"
    log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    child = _start(settings.socket, log_file)
    start, told, again = time.monotonic(), False, False
    while time.monotonic() - start < START_SECONDS:
        if _answers(client):
            return client
        code = child.poll()
        if code == errors.AlreadyRunning.exit_code and is_held(settings.socket):
            pass  # another `ask` was first, and its daemon will answer; or one is just stopping
        elif code == errors.AlreadyRunning.exit_code and not again:
            child, again = _start(settings.socket, log_file), True
        elif code is not None:
            raise errors.DaemonUnreachable(
                f"the daemon did not start: {_last_line(log_file).removeprefix('expertd: ')} (all of it: {log_file})"
            )
        if not told and time.monotonic() - start > 1:
            click.echo("starting the daemon (the first start prepares the base) ...", err=True)
            told = True
        time.sleep(0.02)
    raise errors.DaemonUnreachable(f"the daemon did not answer within {START_SECONDS} s: see {log_file}")


def _start(socket: Path, log_file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "expertd", "serve", "--socket", str(socket)]
    with log_file.open("ab") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _answers(client: Client) -> bool:
    try:
        client.get("/health", timeout=1)
    except errors.DaemonUnreachable:
        return False
    return True


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def silence_broken_pipe() -> None:
    """After `| head` has gone, Python must not complain at exit about what it could not flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
