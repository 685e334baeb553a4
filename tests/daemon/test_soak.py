"""Minutes of mixed load with cancels: nothing grows, everything is given back, and the answers stay what they were."""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, takewhile
from pathlib import Path

import httpx
import psutil
import pytest

from tests.daemon.process import NO_END, Daemon
from tests.daemon.test_kinds import make_experts
from tests.daemon.test_metrics import Scrape, complete

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
CLIENTS = 6
MODELS = ["base", "lora", "dora", "ia3", "soft", "lora:0.5+dora:0.5", "dora+ia3:0.5", "lora:-0.3+soft"]
BAD = ["nobody", "lora:nan", "soft:0.5", "lora+lora"]
STEMS = ["The capital of France is Paris. " * n for n in (1, 4, 12)]
PATH = "/v1/completions"


class Load:
    """Clients that ask, stream, go away and ask for nonsense until the time is over."""

    def __init__(self, daemon: Daemon, end: float) -> None:
        self._daemon, self._end = daemon, end
        self.answered = self.cancelled = self.refused = 0
        self._counting = threading.Lock()

    def run(self, seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < self._end:
            with httpx.Client(transport=self._daemon.transport(), base_url="http://localhost", timeout=120) as client:
                for _ in range(rng.randint(1, 5)):
                    self._ask(client, rng)

    def _ask(self, client: httpx.Client, rng: random.Random) -> None:
        kind = rng.choice(["whole", "whole", "stream", "left", "left", "bad"])
        body = {
            "model": rng.choice(BAD if kind == "bad" else MODELS),
            "prompt": rng.choice(STEMS) + str(rng.randrange(50)),
            "max_tokens": rng.randint(1, 40),
            "logit_bias": NO_END,
            "stream": kind in ("stream", "left"),
        }
        if not body["stream"]:
            answer = client.post(PATH, json=body)
            assert answer.status_code in ((400, 404) if kind == "bad" else (200,)), answer.text
            self._count("refused" if kind == "bad" else "answered")
            return
        with client.stream("POST", PATH, json={**body, "n": rng.choice([1, 1, 2])}) as response:
            assert response.status_code == 200
            lines = (line for line in response.iter_lines() if line)
            got = list(islice(lines, rng.randrange(12) if kind == "left" else None))
        if kind == "stream":
            assert got[-1] == "data: [DONE]"
        self._count("cancelled" if kind == "left" else "answered")

    def _count(self, what: str) -> None:
        with self._counting:
            setattr(self, what, getattr(self, what) + 1)


def at_rest(daemon: Daemon) -> Scrape:
    """What is counted when nothing was asked for a while."""
    daemon.wait_for_running(0)
    with daemon.client() as client:
        complete(client, max_tokens=300)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(2)  # connections are closed
        with daemon.client() as client:
            scrape = Scrape(client)
        if not scrape("expertd_kv_cells_used"):  # else answers are still put into the base's KV
            break
    return scrape


def answers(daemon: Daemon) -> list[str]:
    asked = {"prompt": "Once upon", "max_tokens": 12}
    with daemon.client() as client:
        return [complete(client, model=model, **asked)["choices"][0]["text"] for model in MODELS]


def equal_share(some: list[str], others: list[str]) -> float:
    """Characters before the first other one: the quantized base does not equal itself in batches of other shapes."""
    equal = sum(
        len(list(takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))))
        for a, b in zip(some, others, strict=True)
    )
    return equal / sum(map(len, others))


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 900)
def test_under_mixed_load_nothing_grows_and_all_is_given_back(
    start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    make_experts(tmp_path / "experts")
    daemon = start_daemon(context=2048, env={"EXPERTD_PREFIX_CACHE_MB": "32"})
    process = psutil.Process(daemon.process.pid)
    right, before = answers(daemon), at_rest(daemon)
    threads, files = process.num_threads(), process.num_fds()

    load, resident = Load(daemon, time.monotonic() + SECONDS), []
    with ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(load.run, seed) for seed in range(CLIENTS)]
        while not all(one.done() for one in running):
            resident.append(process.memory_info().rss)
            time.sleep(0.5)
    for one in running:
        one.result()
    print(f"{load.answered} answered, {load.cancelled} left, {load.refused} refused")
    assert min(load.answered, load.cancelled, load.refused) > 0

    third = len(resident) // 3  # the first one warms up
    assert statistics.median(resident[2 * third :]) < 1.03 * statistics.median(resident[third : 2 * third]) + 8e6
    after = at_rest(daemon)
    for nothing in ("sequences_running", "sequences_waiting", "kv_cells_used"):
        assert after(f"expertd_{nothing}") == 0, nothing
    assert after("expertd_tasks") <= before("expertd_tasks")
    # Those for blocking calls are started one by one when first needed, up to this many.
    assert process.num_threads() <= threads + (os.cpu_count() or 1) + 4
    assert process.num_fds() <= files
    assert daemon.health()["engine"]["blending"] == "mixed"
    assert after("expertd_requests_total", outcome="failed") == 0
    assert equal_share(answers(daemon), right) >= 0.6
