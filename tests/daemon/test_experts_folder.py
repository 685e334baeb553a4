"""The experts folder of a running daemon: what is put in is served, what is broken is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.daemon.process import NO_END, Daemon
from tests.fixtures import SMOLLM2, make_peft_folder

WITHIN = 2.0  # seconds, as promised


@pytest.fixture
def folder(daemon: Daemon, tmp_path: Path) -> Iterator[Path]:
    """A new expert's folder beside the served ones, removed at the end."""
    path = daemon.experts / tmp_path.name.replace("_", "-").lower()
    yield path
    if path.exists():
        path.rename(tmp_path / "removed")


def eventually(client: httpx.Client, holds: Callable[[dict[str, Any]], bool]) -> float:
    """Seconds until /v1/models is as wanted."""
    start = time.monotonic()
    while time.monotonic() - start < 20:
        models = client.get("/v1/models").json()
        if holds(models):
            return time.monotonic() - start
        time.sleep(0.02)
    raise AssertionError(models)


def ids(models: dict[str, Any], part: str = "data") -> set[str]:
    return {model["id"] for model in models[part]}


def ask(client: httpx.Client, model: str) -> httpx.Response:
    body = {"model": model, "prompt": "1, 2, 3, 4, 5, 6, 7,", "temperature": 0, "max_tokens": 4}
    return client.post("/v1/completions", json=body)


def test_an_expert_dropped_in_is_served_and_a_removed_one_is_gone(
    client: httpx.Client, folder: Path, tmp_path: Path
) -> None:
    assert ask(client, folder.name).status_code == 404
    made = make_peft_folder(tmp_path / folder.name, SMOLLM2, seed=7, strength=0.2)
    made.rename(folder)
    assert eventually(client, lambda models: folder.name in ids(models)) < WITHIN
    first = ask(client, folder.name).json()["choices"][0]["text"]
    assert first != ask(client, "base").json()["choices"][0]["text"]
    folder.rename(tmp_path / "away")
    assert eventually(client, lambda models: folder.name not in ids(models)) < WITHIN
    gone = ask(client, folder.name)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")
    make_peft_folder(folder, SMOLLM2, seed=8, strength=0.2)
    eventually(client, lambda models: folder.name in ids(models))
    assert ask(client, folder.name).json()["choices"][0]["text"] != first


def test_a_broken_expert_is_reported_never_served_and_harms_no_other(
    client: httpx.Client, folder: Path, tmp_path: Path
) -> None:
    before = ask(client, "base").json()["choices"]
    made = make_peft_folder(tmp_path / folder.name, SMOLLM2, seed=9)
    weights = made / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    made.rename(folder)
    assert eventually(client, lambda models: folder.name in ids(models, "broken")) < WITHIN
    models = client.get("/v1/models").json()
    assert folder.name not in ids(models)
    error = next(model["error"] for model in models["broken"] if model["id"] == folder.name)
    assert "adapter_model.safetensors" in error
    assert ask(client, folder.name).status_code == 404
    assert ask(client, "alpha").status_code == 200
    assert ask(client, "base").json()["choices"] == before


def test_an_expert_whose_files_break_is_served_on_and_told_as_broken(
    client: httpx.Client, daemon: Daemon, folder: Path
) -> None:
    make_peft_folder(folder, SMOLLM2, seed=12, strength=0.2)
    eventually(client, lambda models: folder.name in ids(models))
    before = ask(client, folder.name).json()["choices"]
    weights = (folder / "adapter_model.safetensors").read_bytes()
    (folder / "adapter_model.safetensors").write_bytes(weights[:1000])
    assert eventually(client, lambda models: folder.name in ids(models, "broken")) < WITHIN
    assert ask(client, folder.name).json()["choices"] == before
    listed = client.get(f"/v1/models/{folder.name}").json()
    assert "broken now" in listed["warning"] and "adapter_model.safetensors" in listed["warning"]
    lines = [line for line in daemon.cli("experts", "list").stdout.decode().splitlines() if folder.name in line]
    assert len(lines) == 1 and "broken now" in lines[0]
    (folder / "adapter_model.safetensors").write_bytes(weights)
    eventually(client, lambda models: folder.name not in ids(models, "broken"))
    assert "broken" not in client.get(f"/v1/models/{folder.name}").json().get("warning", "")
    assert ask(client, folder.name).json()["choices"] == before


def test_an_expert_that_goes_only_with_some_is_listed_and_refused_with_others(
    client: httpx.Client, folder: Path, tmp_path: Path
) -> None:
    manifest = {"requires": ["alpha"], "conflicts": ["beta"]}
    made = make_peft_folder(tmp_path / folder.name, SMOLLM2, seed=11, manifest=manifest)
    made.rename(folder)
    eventually(client, lambda models: folder.name in ids(models))
    assert client.get(f"/v1/models/{folder.name}").json()["id"] == folder.name
    for model, other in ((folder.name, "alpha"), (f"beta+{folder.name}+alpha", "beta")):
        answer = ask(client, model)
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", "model")
        assert repr(folder.name) in error["message"] and repr(other) in error["message"]
    assert ask(client, f"{folder.name}+alpha").status_code == 200


def test_an_expert_broken_while_it_answers_finishes_its_answer(
    client: httpx.Client, daemon: Daemon, folder: Path
) -> None:
    make_peft_folder(folder, SMOLLM2, seed=10)
    eventually(client, lambda models: folder.name in ids(models))
    body = {
        "model": folder.name,
        "prompt": "Once",
        "max_tokens": 80,
        "temperature": 0,
        "stream": True,
        "logit_bias": NO_END,
    }
    with client.stream("POST", "/v1/completions", json=body) as response, daemon.client() as other:
        lines = response.iter_lines()
        next(lines)
        (folder / "adapter_config.json").write_text("{")
        eventually(other, lambda models: folder.name in ids(models, "broken"))
        assert [line for line in lines if line][-1] == "data: [DONE]"
