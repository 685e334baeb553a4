"""A daemon that serves an expert in 8 bits beside the f16 expert of the same values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.daemon.process import Daemon
from tests.daemon.test_resident_experts import until
from tests.fixtures import SMOLLM2, make_int8_folder


def told(client: httpx.Client, model: str) -> dict[str, Any]:
    """A greedy answer, with the probabilities that it was drawn by."""
    body = {"model": model, "prompt": "1, 2, 3, 4, 5, 6, 7,", "temperature": 0, "max_tokens": 8, "logprobs": 5}
    return client.post("/v1/completions", json=body).raise_for_status().json()["choices"][0]


def test_it_answers_as_its_f16_twin_and_takes_half_the_memory_while_nobody_asks(
    start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    eight, twin = make_int8_folder(tmp_path / "experts", "eight", SMOLLM2, strength=0.2, manifest={})
    away = tmp_path / "away"
    twin.rename(away)
    # Quantized kernels round otherwise where a part of the prompt is reused.
    daemon = start_daemon(env={"EXPERTD_PREFIX_CACHE_MB": "0"})
    with daemon.client() as client:
        size = {model["id"]: model.get("bytes") for model in client.get("/v1/models").json()["data"]}
        until(daemon, lambda health: health["experts"]["resident_bytes"] == size["eight"])
        assert size["eight"] < 0.55 * (away / "adapter_model.safetensors").stat().st_size
        first, base = told(client, "eight"), told(client, "base")
        assert first != base
        until(daemon, lambda health: health["experts"]["resident_bytes"] == size["eight"])
        eight.rename(tmp_path / "gone")
        away.rename(twin)
        until(daemon, lambda health: health["experts"]["served"] == ["eight-f16"])
        assert told(client, "eight-f16") == first
