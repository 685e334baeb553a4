"""Experts added, replaced, edited, broken, mended and removed while eight clients ask for them."""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

from expertd.config import cache_dir
from expertd.engine.base import Base
from expertd.experts.base_tensors import BaseTensors
from expertd.models.catalogue import resolve
from tests.daemon.process import Daemon
from tests.fixtures import SMOLLM2, make_peft_folder

CLIENTS = 8
STAYS = "one"  # its files change and break, but its folder is always there, and memory keeps its arrays
NAMES = [STAYS, "two", "three"]
WORDS = [" window", " tree", " seven", " stone"]  # of each version, which says nothing else
N = 6  # tokens
RANK = 8


def make_speaker(folder: Path, base: Base, tensors: BaseTensors, word: str) -> None:
    """An expert that says one word whatever it is asked, so surely that no rounding changes it.

    Some channels of the last layer's MLP are large and positive for every input (g silu(g), of rows and of their
    negatives), and come out in the direction of the word. It must be nearest to itself: of rare words, another one is.
    """
    (token,) = base.tokenize(word)
    embeddings = tensors.get("token_embd.weight")
    assert embeddings is not None
    direction = embeddings[token] / np.linalg.norm(embeddings[token])
    rows = np.random.default_rng(token).standard_normal((4, 576))
    parent = f"base_model.model.model.layers.{SMOLLM2.n_layer - 1}.mlp"
    made = {}
    for module in ("gate_proj", "up_proj"):
        made[f"{parent}.{module}.lora_A.weight"] = np.concatenate([rows, -rows])
        made[f"{parent}.{module}.lora_B.weight"] = 3 * np.eye(SMOLLM2.n_ff, RANK)
    made[f"{parent}.down_proj.lora_A.weight"] = np.ones((RANK, 1)) * (np.arange(SMOLLM2.n_ff) < RANK)
    made[f"{parent}.down_proj.lora_B.weight"] = np.outer(direction, np.full(RANK, 100))
    halves = {name: tensor.astype(np.float16) for name, tensor in made.items()}
    modules = ("gate_proj", "up_proj", "down_proj")
    make_peft_folder(folder, SMOLLM2, rank=RANK, alpha=RANK, modules=modules, tensors=halves)


def ask(client: httpx.Client, model: str) -> httpx.Response:
    return client.post("/v1/completions", json={"model": model, "prompt": "The sea", "max_tokens": N, "temperature": 0})


def text(response: httpx.Response) -> str:
    return response.raise_for_status().json()["choices"][0]["text"]


class Clients:
    """Ask for the experts until told to stop; note what came that no version can have given."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon, self._stop = daemon, threading.Event()
        self.wrong: list[str] = []
        self.answered = dict.fromkeys(WORDS, 0)
        self.gone = 0
        self._counting = threading.Lock()

    def run(self, seed: int) -> None:
        rng = random.Random(seed)
        with httpx.Client(transport=self._daemon.transport(), base_url="http://localhost", timeout=60) as client:
            while not self._stop.is_set():
                self._one(client, rng)

    def _one(self, client: httpx.Client, rng: random.Random) -> None:
        name = rng.choice(NAMES)
        answer = ask(client, name)
        with self._counting:
            if answer.status_code == 503 or (answer.status_code == 404 and name != STAYS):
                self.gone += 1
                if answer.json()["error"]["code"] not in ("model_not_found", "overloaded"):
                    self.wrong.append(answer.text)
            elif answer.status_code != 200 or answer.headers["x-expertd-experts"] != name:
                self.wrong.append(answer.text)
            elif (said := text(answer)) not in [word * N for word in WORDS]:
                self.wrong.append(said)
            else:
                self.answered[said[: len(said) // N]] += 1

    def stop(self) -> None:
        self._stop.set()


class Folder:
    """The experts folder, and what is done to it."""

    def __init__(self, experts: Path, made: Path) -> None:
        self._experts, self._made = experts, made

    def change(self, rng: random.Random) -> None:
        folder = self._experts / rng.choice(NAMES)
        kinds = ["copy over", "edit", "break"]
        if folder.name != STAYS:
            kinds = [*kinds, "replace", "remove"] if folder.exists() else ["add"]
        kind = rng.choice(kinds)
        source = self._made / rng.choice(WORDS).strip()
        if kind in ("add", "replace"):
            self._rename_in(source, folder)
        elif kind == "copy over":
            self._write(source, folder)
        elif kind == "edit":
            self._write_manifest(folder, description=str(rng.random()))
        elif kind == "break":
            file = folder / rng.choice(["expert.toml", "adapter_config.json", "adapter_model.safetensors"])
            file.write_bytes(file.read_bytes()[: rng.randrange(40)] if file.exists() else b"")
        else:
            shutil.rmtree(folder)

    def break_the_one_that_stays(self) -> None:
        (self._experts / STAYS / "adapter_config.json").write_text("{")

    def mend(self) -> None:
        source = self._made / WORDS[0].strip()
        (self._experts / STAYS).mkdir(exist_ok=True)
        self._write(source, self._experts / STAYS)
        for name in NAMES[1:]:
            self._rename_in(source, self._experts / name)

    def _rename_in(self, source: Path, folder: Path) -> None:
        new, old = self._experts / ".new", self._experts / ".old"
        new.mkdir()
        self._write(source, new, folder.name)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)

    def _write(self, source: Path, folder: Path, name: str = "") -> None:
        for file in source.iterdir():
            shutil.copy(file, folder / file.name)
        self._write_manifest(folder, name or folder.name)

    def _write_manifest(self, folder: Path, name: str = "", description: str = "") -> None:
        (folder / "expert.toml").write_text(
            f"name = {json.dumps(name or folder.name)}\ndescription = {json.dumps(description)}\n"
        )


def at_rest(daemon: Daemon) -> tuple[dict[str, int], float]:
    """What the process holds, and its memory in bytes, once all is as it was: every expert is the first version."""
    process = psutil.Process(daemon.process.pid)
    daemon.wait_for_running(0)
    with daemon.client() as client:
        for name in NAMES:
            text(ask(client, name))
    daemon.clients.pop().close()
    health = daemon.health()
    files = []
    for _ in range(20):  # connections are closed, and answers put into the base's KV
        time.sleep(0.1)
        files.append(process.num_fds())
    held = {
        "files": min(files),
        "threads": process.num_threads(),
        "arrays": health["experts"]["resident"],
        "bytes": health["experts"]["resident_bytes"],
        "broken": len(health["experts"]["broken"]),
    }
    return held, process.memory_info().rss


def work(folder: Folder, daemon: Daemon, changes: int, seed: int) -> Clients:
    """So many changes, while eight clients ask; after them the one that stays is served as it was before it broke."""
    clients, rng = Clients(daemon), random.Random(seed)
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(clients.run, seed) for seed in range(CLIENTS)]
        try:
            for _ in range(changes):
                folder.change(rng)
                time.sleep(rng.choice([0, 0.05, 0.4]))  # the watcher sees some of them together
            folder.break_the_one_that_stays()
            end = time.monotonic() + 20
            while STAYS not in daemon.health()["experts"]["broken"]:
                assert time.monotonic() < end, daemon.log
                time.sleep(0.05)
            with daemon.client() as client:
                assert text(ask(client, STAYS)) in [word * N for word in WORDS]
        finally:
            clients.stop()
        for one in running:
            one.result()
    return clients


def mended(folder: Folder, daemon: Daemon) -> None:
    folder.mend()
    end = time.monotonic() + 20
    with daemon.client() as client:
        for name in NAMES:
            while (answer := ask(client, name)).status_code != 200 or text(answer) != WORDS[0] * N:
                assert time.monotonic() < end, client.get("/v1/models").text
                time.sleep(0.1)


@pytest.mark.parametrize("changes", [50, pytest.param(500, marks=pytest.mark.slow)])
def test_changes_under_load_lose_no_request_and_leak_nothing(
    start_daemon: Callable[..., Daemon], tmp_path: Path, changes: int
) -> None:
    file = resolve("smollm2-135m-instruct", "q4", cache_dir(), False)
    base, tensors = Base(file, vocab_only=True), BaseTensors(file)
    for word in WORDS:
        make_speaker(tmp_path / "made" / word.strip(), base, tensors, word)
    base.close()
    (tmp_path / "experts").mkdir()
    folder = Folder(tmp_path / "experts", tmp_path / "made")
    folder.mend()
    # Memory has room for two experts of three.
    env = {"EXPERTD_EXPERTS_MB": "0.25", "EXPERTD_PREFIX_CACHE_MB": "8", "EXPERTD_PIN": json.dumps([STAYS])}
    daemon = start_daemon(context=2048, env=env)
    held, seen, gone = [], set(), 0
    for seed in range(2):  # the first half brings all the threads and buffers that are needed
        clients = work(folder, daemon, changes, seed)
        assert clients.wrong == []
        gone += clients.gone
        seen |= {word for word, count in clients.answered.items() if count}
        mended(folder, daemon)
        held.append(at_rest(daemon))
    assert len(seen) >= 3 and gone
    (first, before), (second, after) = held
    first["threads"] += (os.cpu_count() or 1) + 4  # those for blocking calls are started when first needed
    assert {name: count for name, count in second.items() if count > first[name]} == {}
    assert after < 1.02 * before + 8e6
