"""Experts from the hub, by the real huggingface_hub library, from a local server that speaks the hub's protocol."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.daemon.process import own_environment
from tests.fixtures import SMOLLM2, make_peft_folder

REPO, COMMIT = "someone/Toy-LoRA", "0123456789abcdef0123456789abcdef01234567"
LARGE = "adapter_model.safetensors"


@dataclass
class Hub:
    """What the repository holds, and what was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    damaged: bool = False
    sizes: dict[str, int] = field(default_factory=dict)  # that it claims instead of the real ones
    fetched: set[str] = field(default_factory=set)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if match := re.fullmatch(rf"/api/models/{REPO}(?:/revision/(\w+))?", path):
            if match[1] in (None, "v2", "main", COMMIT):
                self._answer(200, json.dumps({"id": REPO, "sha": COMMIT, "siblings": []}).encode())
            else:
                self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif path == f"/api/models/{REPO}/tree/{COMMIT}":
            self._answer(200, json.dumps([self._entry(name) for name in self.hub.files]).encode())
        elif match := re.fullmatch(rf"/{REPO}/resolve/{COMMIT}/(.+)", path):
            self._file(match[1])
        else:
            self._answer(401, b"Invalid username or password.", {"X-Error-Code": "RepoNotFound"})

    def _entry(self, name: str) -> dict[str, object]:
        data = self.hub.files[name]
        size = self.hub.sizes.get(name, len(data))
        entry: dict[str, object] = {"type": "file", "path": name, "oid": hashlib.sha1(data).hexdigest(), "size": size}
        if name == LARGE:
            entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": size, "pointerSize": 130}
        return entry

    def _file(self, name: str) -> None:
        data = self.hub.files[name]
        if self.hub.damaged and name == LARGE:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if self.command == "GET":
            self.hub.fetched.add(name)
        self._answer(200, data, {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(data).hexdigest()}"'})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = make_peft_folder(tmp_path / "made", SMOLLM2)
    state = Hub(files={path.name: path.read_bytes() for path in made.iterdir()})
    state.files |= {"README.md": b"A toy.", "run.py": b"no", "sub/adapter_config.json": b"{}", "optimizer.pt": b"x"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": state}))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def install(hub: Hub, root: Path, source: str, *more: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in own_environment(root).items() if not name.startswith("HF_")}
    env |= {"HF_ENDPOINT": hub.url, "HF_HOME": str(root / "hf"), "EXPERTD_EXPERTS": str(root / "experts")}
    command = [sys.executable, "-m", "expertd", "experts", "install", source, *more]
    done = subprocess.run(command, env={**env, "NO_PROXY": "*"}, capture_output=True, text=True, timeout=200)
    assert "Traceback" not in done.stderr
    return done


def test_the_files_of_an_adapter_are_fetched_checked_and_installed(hub: Hub, tmp_path: Path) -> None:
    done = install(hub, tmp_path, f"hub:{REPO}@v2")
    assert done.returncode == 0, done.stderr
    assert "installed toy-lora 0" in done.stdout
    assert COMMIT[:12] in done.stderr
    names = ["README.md", "adapter_config.json", LARGE]
    assert sorted(path.name for path in (tmp_path / "experts" / "toy-lora").iterdir()) == names
    assert (tmp_path / "experts" / "toy-lora" / LARGE).read_bytes() == hub.files[LARGE]
    assert hub.fetched == set(names)
    assert [path.name for path in (tmp_path / "experts").iterdir()] == ["toy-lora"]


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("hub:someone/nothing", 69, "no public repository someone/nothing"),
        (f"hub:{REPO}@nowhere", 69, "no such branch"),
        ("hub:nobody", 2, "hub:owner/repo"),
        ("hub:../../etc", 2, "hub:owner/repo"),
    ],
)
def test_what_the_hub_has_not_is_told(hub: Hub, tmp_path: Path, source: str, code: int, said: str) -> None:
    done = install(hub, tmp_path, source)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_what_is_damaged_too_large_or_no_adapter_is_not_installed(hub: Hub, tmp_path: Path) -> None:
    hub.damaged = True
    done = install(hub, tmp_path, f"hub:{REPO}")
    assert (done.returncode, "arrived damaged" in done.stderr) == (69, True), done.stderr
    hub.damaged, hub.fetched = False, set()
    hub.sizes[LARGE] = 1 << 40
    done = install(hub, tmp_path, f"hub:{REPO}")
    assert (done.returncode, "another base" in done.stderr) == (69, True), done.stderr
    assert hub.fetched == set()
    hub.files = {"adapter_config.json": b"{}", "adapter_model.bin": b"x", "README.md": b"A toy."}
    done = install(hub, tmp_path, f"hub:{REPO}")
    assert (done.returncode, f"hub:{REPO} holds no adapter" in done.stderr) == (69, True), done.stderr
    assert hub.fetched == set()
    hub.files = {"one.gguf": b"x", "two.gguf": b"x"}
    done = install(hub, tmp_path, f"hub:{REPO}")
    assert (done.returncode, f"hub:{REPO} holds 2 GGUF files" in done.stderr) == (65, True), done.stderr
    assert not (tmp_path / "experts").exists()
