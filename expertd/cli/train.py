"""`expertd train`: an expert from a JSONL of prompts and answers."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import click

from expertd.config import cache_dir, load_settings
from expertd.errors import TrainingRefused


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of the expert; its name is the expert's."
)
@click.option("--base", help="The base to train on: the one that will be served.")
@click.option("--layout", type=click.Choice(["q4", "q8_0", "shipped"]), help="Layout of the embedded base.")
@click.option("--description", default="", help="One line on what the expert is for.")
@click.option("--rank", default=8, show_default=True, type=click.IntRange(1, 256))
@click.option("--alpha", default=16, show_default=True, type=click.IntRange(1, 1024))
@click.option("--epochs", default=1, show_default=True, type=click.IntRange(1))
@click.option("--batch", default=32, show_default=True, type=click.IntRange(1), help="Examples a step.")
@click.option("--micro-batch", type=click.IntRange(1), help="Examples a pass; divides the batch; default: up to 16.")
@click.option("--learning-rate", default=1e-3, show_default=True, type=click.FloatRange(0, 1, min_open=True))
@click.option("--seed", default=1, show_default=True, type=int)
@click.option("--max-tokens", default=2048, show_default=True, type=click.IntRange(8), help="Longest example.")
@click.option(
    "--offset",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Tokens of the prompt's end that the expert sees: with more it reads the question too, and trains slower.",
)
@click.option(
    "--from", "start", type=click.Path(path_type=Path), help="Expert's folder to go on from, of the same rank and base."
)
@click.option("--checkpoint", default=60.0, show_default=True, help="Seconds between checkpoints.")
@click.option("--kv-gb", default=2.0, show_default=True, help="Memory for the prompts' kept KV.")
@click.option("--restart", is_flag=True, help="Begin anew instead of going on from the checkpoint.")
def train(
    data: Path,
    out: Path,
    base: str | None,
    layout: str | None,
    description: str,
    rank: int,
    alpha: int,
    epochs: int,
    batch: int,
    micro_batch: int | None,
    learning_rate: float,
    seed: int,
    max_tokens: int,
    offset: int,
    start: Path | None,
    checkpoint: float,
    kv_gb: float,
    restart: bool,
) -> None:
    """Train an activated LoRA expert from DATA: a JSON object a line, with `prompt` (or `messages`) and `answer`.

    Only the answers are run forward and back, over the base's own KV of the prompts. A training that was killed
    or stopped (Ctrl-C) goes on from its last checkpoint when the same command is given again.
    Needs `pip install 'expertd[train]'`.

    \b
        expertd train pairs.jsonl --out experts/mine --description "turns x into y"
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here: no look at a hub
    try:
        from expertd.train import expert, trainer
    except ImportError as error:
        raise TrainingRefused(f"training needs more packages ({error.name}): pip install 'expertd[train]'") from error
    from expertd.models.catalogue import resolve

    settings = load_settings(base=base, layout=layout)
    base_file = resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty())
    recipe = trainer.Recipe(
        rank=rank,
        alpha=alpha,
        learning_rate=learning_rate,
        batch=batch,
        micro_batch=micro_batch or math.gcd(batch, 16),
        epochs=epochs,
        seed=seed,
        max_tokens=max_tokens,
        offset=offset,
        bf16=trainer.has_fast_bf16(),
    )
    job = expert.Job(base_file, data, out, description, settings.threads, int(kv_gb * 2**30), checkpoint, start)
    expert.train(job, recipe, restart)
