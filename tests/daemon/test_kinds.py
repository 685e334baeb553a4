"""Experts of every kind in one folder, served in one batch by the real daemon on the embedded base."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from expertd.config import cache_dir
from expertd.experts.base_tensors import BaseTensors
from expertd.models.catalogue import resolve
from tests.daemon.process import NO_END, Daemon
from tests.fixtures import SMOLLM2, make_peft_folder, peft_tensors

PROMPT = "The capital of France is"
N = 24


def make_experts(folder: Path) -> None:
    random = np.random.default_rng(3)
    base = BaseTensors(resolve("smollm2-135m-instruct", "q4", cache_dir(), False))
    make_peft_folder(folder / "lora", SMOLLM2, seed=1, strength=0.2, manifest={})

    tensors = peft_tensors(SMOLLM2, seed=2, modules=("v_proj",), strength=0.2)
    for layer in range(SMOLLM2.n_layer):
        weight = base.get(f"blk.{layer}.attn_v.weight")
        assert weight is not None
        magnitude = np.linalg.norm(weight, axis=1) * (1 + 0.2 * random.standard_normal(len(weight)))
        name = f"base_model.model.model.layers.{layer}.self_attn.v_proj.lora_magnitude_vector"
        tensors[name] = magnitude.astype(np.float32)
    make_peft_folder(
        folder / "dora",
        SMOLLM2,
        modules=("v_proj",),
        config={"use_dora": True},
        tensors=tensors,
        manifest={"kind": "dora"},
    )

    scales = {}
    for layer in range(SMOLLM2.n_layer):
        parent = f"base_model.model.model.layers.{layer}"
        scales[f"{parent}.self_attn.v_proj.ia3_l"] = 1 + 0.3 * random.standard_normal((192, 1))
        scales[f"{parent}.mlp.down_proj.ia3_l"] = 1 + 0.3 * random.standard_normal((1, 1536))
    ia3 = {"peft_type": "IA3", "target_modules": ["v_proj", "down_proj"], "feedforward_modules": ["down_proj"]}
    halves = {name: scale.astype(np.float16) for name, scale in scales.items()}
    make_peft_folder(folder / "ia3", SMOLLM2, config=ia3, tensors=halves, manifest={"kind": "ia3"})

    rows = {"prompt_embeddings": (0.2 * random.standard_normal((5, 576))).astype(np.float16)}
    prompt = {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 5}
    make_peft_folder(folder / "soft", SMOLLM2, config=prompt, tensors=rows, manifest={"kind": "prompt"})


def ask(daemon: Daemon, model: str) -> str:
    body = {"model": model, "prompt": PROMPT, "max_tokens": N, "temperature": 0, "logit_bias": NO_END}
    answer = daemon.client().post("/v1/completions", json=body).raise_for_status().json()
    assert answer["usage"]["completion_tokens"] == N
    return answer["choices"][0]["text"]


def test_every_kind_is_served_and_all_at_once(start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    make_experts(tmp_path / "experts")
    daemon = start_daemon(context=2048)
    models = ["base", "lora", "dora", "ia3", "soft", "lora:0.5+dora:0.5", "dora+ia3:0.5"]
    with ThreadPoolExecutor(len(models)) as threads:
        answers = list(threads.map(lambda model: ask(daemon, model), models))
    assert len(set(answers)) == len(models)
    assert daemon.health()["engine"]["blending"] == "mixed"
    refused = daemon.client().post("/v1/completions", json={"model": "soft:0.5", "prompt": PROMPT})
    assert refused.status_code == 400
    assert "takes no scale" in refused.json()["error"]["message"]


def test_the_plain_way_serves_lora_and_says_what_it_cannot(start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    make_experts(tmp_path / "experts")
    daemon = start_daemon(context=2048, env={"EXPERTD_BLENDING": "plain"})
    assert ask(daemon, "lora") != ask(daemon, "base")
    refused = daemon.client().post("/v1/completions", json={"model": "ia3", "prompt": PROMPT})
    assert refused.status_code == 400
    assert "no LoRA" in refused.json()["error"]["message"]
    engine = daemon.health()["engine"]
    assert engine["blending"] == "plain"
    assert "blending" in engine["blending_reason"]


def test_an_expert_that_waits_for_tokens_is_named_only_where_they_stand(
    start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    for name, invocation in (("waiting", [5000, 5001]), ("classic", None)):
        config = {"alora_invocation_tokens": invocation}
        manifest = {"activation": "always"}
        make_peft_folder(tmp_path / "experts" / name, SMOLLM2, seed=4, strength=0.2, config=config, manifest=manifest)
    client = start_daemon(context=2048, env={"EXPERTD_PREFIX_CACHE_MB": "0"}).client()
    assert client.get("/v1/models/waiting").json()["activation"] == "invocation"

    def told(model: str, prompt: list[int] | list[list[int]]) -> tuple[str, list[str]]:
        body = {"model": model, "prompt": prompt, "max_tokens": 8, "temperature": 0, "logit_bias": NO_END}
        answer = client.post("/v1/completions", json=body).raise_for_status()
        assert answer.json()["model"] == answer.headers["x-expertd-experts"]
        return answer.headers["x-expertd-experts"], [choice["text"] for choice in answer.json()["choices"]]

    without, at_once = [300, 400, 500, 600], [5000, 5001, 300, 400]
    assert told("waiting", without) == told("base", without)
    assert told("waiting", at_once) == ("waiting", told("classic", at_once)[1])
    assert told("waiting+classic:0.5", without)[0] == "classic:0.5"
    assert told("waiting", [without, at_once]) == ("waiting", told("base", without)[1] + told("classic", at_once)[1])
    # The base's up to the last occurrence, however often they stand there.
    assert told("waiting", [*at_once, *at_once])[1] != told("classic", [*at_once, *at_once])[1]
