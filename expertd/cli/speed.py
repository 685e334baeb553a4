"""How fast experts answer, measured on a daemon of one's own that is gone afterwards."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from tqdm import tqdm

from expertd.cli.client import Client
from expertd.cli.private import private_daemon
from expertd.engine.base import Base
from expertd.errors import ExpertdError
from expertd.experts.manifest import Manifest
from expertd.experts.tensors import BaseShape
from expertd.train.folder import write_expert
from expertd.train.lora import Pairs

ROUNDS = 7  # of which the first is not counted
TOKENS = 48
PROMPT = "A list of what should be looked at before a long journey by car:"


@dataclass(frozen=True)
class Measured:
    """A LoRA whose speed is asked for; of its manifest no more counts than what applies it."""

    manifest: Manifest
    pairs: Pairs
    int8: bool = False


def speeds(
    loras: Mapping[str, Measured], shape: BaseShape, models: Sequence[str], experts: Path, base_file: Path
) -> dict[str, float]:
    """Tokens a second of models made of these, asked in turn on one stream: medians. `experts` is made and removed.

    Empty, and told, where they could not be measured: what took so long to make is written all the same.
    """
    for name, lora in loras.items():
        told = lora.manifest  # a grammar or a template would be measured too
        bare = Manifest(name=name, activation=told.activation, offset=told.offset, scale=told.scale)
        write_expert(experts / name, bare, lora.pairs, shape, int8=lora.int8)
    base = Base(base_file, vocab_only=True)
    ends = base.ends()
    base.close()
    try:
        return _measured(experts, models, base_file, ends)
    except ExpertdError as error:
        click.echo(f"speed was not measured: {error.message}", err=True)
        return {}
    finally:
        shutil.rmtree(experts)


def _measured(experts: Path, models: Sequence[str], base_file: Path, ends: Sequence[int]) -> dict[str, float]:
    found: dict[str, list[float]] = {model: [] for model in models}
    # Without prompt lookup, which would measure how often an answer repeats itself.
    with private_daemon(experts, base=base_file, context=1024, draft=0) as socket:
        client = Client(socket)
        for number in tqdm(range(ROUNDS), desc="speed", unit="round", leave=False, delay=1):
            for model in models if number % 2 else reversed(models):
                if (speed := _speed(client, model, ends)) and number:
                    found[model].append(speed)
    return {model: round(statistics.median(each), 1) if each else 0.0 for model, each in found.items()}


def _speed(client: Client, model: str, ends: Sequence[int]) -> float:
    body = {
        "model": model,
        "prompt": PROMPT,
        "max_tokens": TOKENS,
        "temperature": 0,
        "logit_bias": {str(token): -100 for token in ends},
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    told = [chunk["timings"] for chunk in client.stream("/v1/completions", body) if chunk.get("timings")]
    return float(told[-1]["tokens_per_second"]) if told else 0.0
