"""What is asked for together is told, and made one expert that answers as the blend does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from expertd.experts.manifest import read_manifest
from tests.daemon.process import Daemon
from tests.daemon.test_resident_experts import until
from tests.fixtures import SMOLLM2, make_peft_folder


def top(client: httpx.Client, model: str) -> dict[str, float]:
    """The likeliest first tokens."""
    body = {"model": model, "prompt": "1, 2, 3, 4, 5, 6, 7,", "temperature": 0, "max_tokens": 1, "logprobs": 5}
    answer: Any = client.post("/v1/completions", json=body).raise_for_status().json()
    return answer["choices"][0]["logprobs"]["top_logprobs"][0]


def test_a_blend_that_is_asked_for_is_suggested_and_fused(start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    for seed, name in enumerate(("alpha", "gamma")):
        make_peft_folder(tmp_path / "experts" / name, SMOLLM2, seed=seed, strength=0.1, manifest={})
    # Quantized kernels round otherwise where a part of the prompt is reused.
    daemon = start_daemon(env={"EXPERTD_PREFIX_CACHE_MB": "0"})
    with daemon.client() as client:
        assert b"no request" in daemon.cli("experts", "fuse").stdout
        blend, alone = top(client, "gamma+alpha"), top(client, "alpha")
        top(client, "alpha:0.5+gamma")
        blends = client.get("/v1/models").json()["blends"]
        assert blends == [{"experts": ["alpha", "gamma"], "requests": 2}]
        assert b"2 requests for alpha+gamma: expertd experts fuse alpha gamma" in daemon.cli("experts", "fuse").stdout
        arguments = ("--from", str(daemon.experts), "--out", str(daemon.experts / "both"))
        done = daemon.cli("experts", "fuse", "alpha", "gamma", *arguments)
        assert done.returncode == 0, done.stderr
        assert b"ranks 8 to 8" in done.stdout
        told = read_manifest(daemon.experts / "both").training["tokens_per_second"]
        assert told.keys() == {"blend", "fused"}
        assert all(0 < speed < 10_000 for speed in told.values())
        until(daemon, lambda health: health["experts"]["served"] == ["alpha", "both", "gamma"])
        both = top(client, "both")
    away, effect = (max(abs(other.get(token, -20) - blend[token]) for token in blend) for other in (both, alone))
    assert away < 0.1 * effect, (both, blend, alone)
    again = daemon.cli("experts", "fuse", "alpha", "gamma", *arguments)
    assert (again.returncode, b"--out" in again.stderr) == (73, True)
