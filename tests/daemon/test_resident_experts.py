"""A daemon whose memory has room for one expert of three, of which one is pinned."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.daemon.process import ENDLESS, Daemon
from tests.daemon.test_metrics import Scrape
from tests.fixtures import SMOLLM2, make_peft_folder

NAMES = ("alpha", "beta", "gamma")


@pytest.fixture
def experts(tmp_path: Path) -> None:
    for seed, name in enumerate(NAMES):
        make_peft_folder(tmp_path / "experts" / name, SMOLLM2, seed=seed, strength=0.2, manifest={})


@pytest.fixture
def small(experts: None, start_daemon: Callable[..., Daemon]) -> Daemon:
    limits = {"EXPERTD_EXPERTS_MB": "1", "EXPERTD_PIN": '["beta"]', "EXPERTD_SEQUENCES": "1", "EXPERTD_QUEUE": "3"}
    # Quantized kernels round otherwise where a part of the prompt is reused.
    return start_daemon(env={**limits, "EXPERTD_PREFIX_CACHE_MB": "0"})


def ask(client: httpx.Client, model: str) -> str:
    body = {"model": model, "prompt": "1, 2, 3, 4, 5, 6, 7,", "temperature": 0, "max_tokens": 6}
    return client.post("/v1/completions", json=body).raise_for_status().json()["choices"][0]["text"]


def until(daemon: Daemon, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """/health, once it is as wanted."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        health = daemon.health()
        if holds(health):
            return health
        time.sleep(0.02)
    raise AssertionError(health)


@pytest.fixture
def long_stream(small: Daemon) -> Iterator[None]:
    """Takes the only sequence."""
    with small.client() as client, client.stream("POST", "/v1/completions", json=ENDLESS) as response:
        lines = response.iter_lines()  # kept: without its iterator the response closes
        next(lines)
        yield


def test_experts_beyond_the_budget_are_dropped_read_again_and_answer_as_before(small: Daemon) -> None:
    with small.client() as client:
        size = {model["id"]: model.get("bytes") for model in client.get("/v1/models").json()["data"]}["beta"]
        told = small.health()["experts"]
        assert (told["resident"], told["resident_bytes"], told["drops"]) == (1, size, 2)
        first = {name: ask(client, name) for name in NAMES}
        assert len(set(first.values())) == 3
        assert {name: ask(client, name) for name in NAMES} == first
        assert len(ask(client, "alpha+beta+gamma")) > 0
        told = until(small, lambda health: health["experts"]["resident"] == 1)["experts"]
        assert told["resident_bytes"] == size  # the pinned one
        assert told["drops"] >= 2 + 4
        scrape = Scrape(client)
        assert scrape("expertd_experts_resident") == 1
        assert scrape("expertd_experts_resident_bytes") == size
        assert scrape("expertd_experts_dropped_total") == told["drops"]


@pytest.mark.usefixtures("long_stream")
def test_requests_that_wait_have_their_experts_in_memory_already(small: Daemon, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(ask, small.client(), name) for name in NAMES]
        until(small, lambda health: health["engine"]["waiting"] == len(NAMES))
        assert small.health()["experts"]["resident"] == len(NAMES)
        # Whatever becomes of the files, these are answered.
        (tmp_path / "experts").rename(tmp_path / "away")
        until(small, lambda health: health["experts"]["served"] == [])
        small.clients[0].close()  # the long stream's
        assert all(one.result() for one in asking)
    until(small, lambda health: health["experts"]["resident"] == 0)


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/chat/completions"])
def test_a_full_queue_answers_503_before_an_expert_is_read(small: Daemon, path: str) -> None:
    full = {**ENDLESS, "n": 1 + 3}  # one runs, and three wait
    asked = {"prompt": "Hi"} if path == "/v1/completions" else {"messages": [{"role": "user", "content": "Hi"}]}
    with small.client() as client, client.stream("POST", "/v1/completions", json=full) as response:
        assert response.status_code == 200
        lines = response.iter_lines()  # kept: without its iterator the response closes
        next(lines)
        drops = small.health()["experts"]["drops"]
        with small.client() as other:
            assert other.post(path, json={**asked, "model": "alpha"}).status_code == 503
        assert small.health()["experts"]["drops"] == drops  # nothing is read beyond the budget but to be dropped


@pytest.mark.usefixtures("experts")
def test_where_the_memory_of_all_is_short_only_pinned_experts_stay(start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(env={"EXPERTD_MEMORY_MB": "10", "EXPERTD_PIN": '["beta"]'})
    with daemon.client() as client:
        first = {name: ask(client, name) for name in NAMES}
        until(daemon, lambda health: health["experts"]["resident"] == 1)
        assert {name: ask(client, name) for name in NAMES} == first
