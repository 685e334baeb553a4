"""Pulling with the real huggingface_hub library, from a local server that speaks the hub's protocol."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from expertd.errors import DownloadFailed, InvalidRequest

REPO, FILE = "someone/Toy-GGUF", "toy-Q8_0.gguf"
NAME = f"{REPO}/{FILE}"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# The library writes in blocks of 10 MiB, so what is cut and resumed must be longer than that.
BLOCK = 10 << 20
CONTENT = b"GGUF" + random.Random(7).randbytes(24 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Hub:
    """What the server says and does, and what it was asked for."""

    url: str = ""
    cdn: str = ""
    sha256: str = SHA256
    size: int = len(CONTENT)
    stop_after: int | None = None  # bytes of the next body that are sent before `stopped` decides
    stopped: str = "cut"  # or "stall"
    ranges: list[str | None] = field(default_factory=list)  # of each request for the content
    sent: int = 0
    released: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == f"/cdn/{SHA256}":
            self._content()
        elif path == f"/api/models/{REPO}/tree/main":
            entry = {"type": "file", "path": FILE, "oid": "a" * 40, "size": self.hub.size}
            self._answer(200, json.dumps([entry]).encode())
        elif match := re.fullmatch(r"/(.+?/.+?)/resolve/(\w+)/(.+)", path):
            self._resolve(match[1], match[3])
        else:
            self._answer(404, b"")

    def _resolve(self, repo: str, file: str) -> None:
        if repo != REPO:
            self._answer(401, b"Invalid username or password.", {"X-Error-Code": "RepoNotFound"})
        elif file != FILE:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        else:  # as the hub does for large files: the facts here, the content elsewhere
            facts = {
                "X-Repo-Commit": COMMIT,
                "X-Linked-Etag": f'"{self.hub.sha256}"',
                "X-Linked-Size": str(self.hub.size),
            }
            self._answer(302, b"", facts | {"Location": f"{self.hub.cdn}/cdn/{SHA256}"})

    def _content(self) -> None:
        asked = self.headers.get("Range")
        self.hub.ranges.append(asked)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        body = CONTENT[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.end_headers()
        stop, self.hub.stop_after = self.hub.stop_after, None
        self.wfile.write(body[:stop])
        self.hub.sent += len(body[:stop])
        if stop is not None:
            if self.hub.stopped == "stall":
                self.hub.released.wait(60)
            self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": state}))
    server.daemon_threads = True
    # Two names of one server: the library tells the hub from the place of the content by the host.
    state.url, state.cdn = (f"http://{host}:{server.server_port}" for host in ("127.0.0.1", "localhost"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    state.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def start(hub_url: str, folder: Path, name: str = NAME) -> subprocess.Popen[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    env |= {"HF_ENDPOINT": hub_url, "HF_HOME": str(folder / "hf"), "XDG_CACHE_HOME": str(folder), "NO_PROXY": "*"}
    command = [sys.executable, "-m", "expertd", "models", "pull", name]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def pull(hub_url: str, folder: Path, name: str = NAME) -> tuple[int, str, str]:
    with start(hub_url, folder, name) as process:
        out, err = process.communicate(timeout=90)
    return process.returncode, out, err


def refusal(hub_url: str, folder: Path, name: str = NAME) -> str:
    """The message of a pull that fails as a download does."""
    code, out, err = pull(hub_url, folder, name)
    assert (code, out) == (DownloadFailed.exit_code, ""), err
    assert "Traceback" not in err
    return err


def target(folder: Path) -> Path:
    return folder / "expertd" / "models" / NAME


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


def test_a_pull_writes_the_checked_file_and_prints_its_path(hub: Hub, tmp_path: Path) -> None:
    code, out, err = pull(hub.url, tmp_path)
    assert (code, out.strip()) == (0, str(target(tmp_path))), err
    assert target(tmp_path).read_bytes() == CONTENT
    assert hub.ranges == [None]
    assert not parts(tmp_path)


def test_a_pulled_file_is_not_fetched_again_even_without_a_network(hub: Hub, tmp_path: Path) -> None:
    assert pull(hub.url, tmp_path)[0] == 0
    code, out, err = pull("http://127.0.0.1:9", tmp_path)
    assert (code, out.strip()) == (0, str(target(tmp_path))), err
    assert hub.ranges == [None]


def test_a_connection_cut_in_the_middle_is_resumed_with_the_rest_only(hub: Hub, tmp_path: Path) -> None:
    hub.stop_after = 15 << 20
    code, _, err = pull(hub.url, tmp_path)
    assert code == 0, err
    assert hub.ranges == [None, f"bytes={BLOCK}-"]
    assert target(tmp_path).read_bytes() == CONTENT


def test_a_killed_pull_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    hub.stop_after, hub.stopped = 15 << 20, "stall"
    with start(hub.url, tmp_path) as process:
        deadline = time.monotonic() + 60
        while not any(part.stat().st_size >= BLOCK for part in parts(tmp_path)):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.kill()
    assert not target(tmp_path).exists()
    hub.released.set()
    hub.sent = 0
    code, _, err = pull(hub.url, tmp_path)
    assert code == 0, err
    assert hub.ranges == [None, f"bytes={BLOCK}-"]
    assert hub.sent == len(CONTENT) - BLOCK
    assert target(tmp_path).read_bytes() == CONTENT
    assert not parts(tmp_path)


def test_a_file_with_another_checksum_than_the_hub_says_is_refused_and_removed(hub: Hub, tmp_path: Path) -> None:
    hub.sha256 = "f" * 64
    err = refusal(hub.url, tmp_path)
    assert NAME in err and "f" * 64 in err and SHA256 in err and "removed" in err
    assert not target(tmp_path).exists() and not parts(tmp_path)


def test_two_pulls_at_once_fetch_the_file_once(hub: Hub, tmp_path: Path) -> None:
    with start(hub.url, tmp_path) as one, start(hub.url, tmp_path) as other:
        for process in (one, other):
            _, err = process.communicate(timeout=90)
            assert process.returncode == 0, err
    assert hub.ranges == [None]
    assert target(tmp_path).read_bytes() == CONTENT


def test_a_missing_file_is_an_error_that_names_the_files_there_are(hub: Hub, tmp_path: Path) -> None:
    err = refusal(hub.url, tmp_path, f"{REPO}/other.gguf")
    assert "other.gguf" in err and FILE in err


def test_a_missing_repository_is_an_error_that_says_what_to_check(hub: Hub, tmp_path: Path) -> None:
    err = refusal(hub.url, tmp_path, "someone/nothing/x.gguf")
    assert "someone/nothing" in err and "HF_TOKEN" in err


def test_a_hub_that_cannot_be_reached_is_an_error_that_names_it(tmp_path: Path) -> None:
    err = refusal("http://127.0.0.1:9", tmp_path)
    assert "http://127.0.0.1:9" in err and "network" in err


def test_a_file_that_does_not_fit_is_refused_before_it_is_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.size = 1 << 50
    err = refusal(hub.url, tmp_path)
    assert "Make room" in err
    assert hub.ranges == []


@pytest.mark.parametrize(
    "name", ["../a/b.gguf", "/etc/a/b.gguf", f"{REPO}/../../x.gguf", f"{REPO}/model.bin", "a/b.gguf"]
)
def test_names_that_are_no_gguf_file_of_a_repository_are_refused(hub: Hub, tmp_path: Path, name: str) -> None:
    code, _, err = pull(hub.url, tmp_path, name)
    assert code == InvalidRequest.exit_code
    assert "owner/repo/file.gguf" in err
    assert not (tmp_path / "expertd").exists() and not (tmp_path / "hf").exists()
