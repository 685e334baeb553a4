"""`expertd train`: an expert from a JSONL of prompts and answers."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import click

from expertd.cli.options import Finite
from expertd.config import cache_dir, load_settings
from expertd.errors import TrainingRefused

_PATH = click.Path(path_type=Path)
_SHOWN: dict[str, Any] = {"show_default": True}


@click.command()
@click.argument("data", type=_PATH)
@click.option("--out", type=_PATH, required=True, help="Folder of the expert; its name is the expert's.")
@click.option("--base", help="The base to train on: the one that will be served.")
@click.option("--layout", type=click.Choice(["q4", "q8_0", "shipped"]), help="Layout of the embedded base.")
@click.option("--description", default="", help="One line on what the expert is for.")
@click.option("--kind", default="lora", type=click.Choice(["lora", "dora", "ia3", "prompt"]), **_SHOWN)
@click.option("--rank", default=8, type=click.IntRange(1, 256), help="Of LoRA and DoRA.", **_SHOWN)
@click.option("--alpha", default=16, type=click.IntRange(1, 1024), help="Of LoRA and DoRA.", **_SHOWN)
@click.option("--modules", help="Modules to adapt, with commas; default: q_proj,k_proj,... all seven; of ia3 three.")
@click.option("--virtual-tokens", default=32, type=click.IntRange(1, 1024), help="Of a soft prompt.", **_SHOWN)
@click.option("--epochs", default=1, type=click.IntRange(1), **_SHOWN)
@click.option("--batch", default=32, type=click.IntRange(1), help="Examples a step.", **_SHOWN)
@click.option("--micro-batch", type=click.IntRange(1), help="Examples a pass; divides the batch; default: up to 16.")
@click.option("--learning-rate", type=Finite(0, 1, min_open=True), help="Default: 0.001; of ia3 and prompt 0.01.")
@click.option("--seed", default=1, type=click.IntRange(-(1 << 63), (1 << 63) - 1), **_SHOWN)
@click.option("--max-tokens", default=2048, type=click.IntRange(8), help="Longest example.", **_SHOWN)
@click.option(
    "--offset",
    default=1,
    type=click.IntRange(1, 1 << 20),
    help="Tokens of the prompt's end that the expert sees: with more it reads the question too, and trains slower.",
    **_SHOWN,
)
@click.option("--from", "start", type=_PATH, help="Expert's folder to go on from; the recipe must be its own.")
@click.option("--held-out", type=_PATH, help="JSONL to score on, and to stop early by; default: a share of DATA.")
@click.option("--held-out-share", default=0.05, type=Finite(0, 0.5), help="0: none.", **_SHOWN)
@click.option("--evaluations", default=8, type=click.IntRange(1), help="Looks at what is held out.", **_SHOWN)
@click.option("--patience", default=3, type=click.IntRange(0), help="Looks in vain; 0: no early stop.", **_SHOWN)
@click.option(
    "--bad-lines",
    type=click.Choice(["refuse", "skip"]),
    default="refuse",
    help="Lines that are broken, without an answer, or too long.",
    **_SHOWN,
)
@click.option(
    "--pack",
    default=0,
    type=click.IntRange(0),
    help="Tokens up to which other examples stand before each, for long contexts.",
)
@click.option(
    "--positions",
    default=0,
    type=click.IntRange(0),
    help="Distance to the document, up to which it grows in training.",
)
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto", **_SHOWN)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", **_SHOWN)
@click.option("--checkpoint", default=60.0, type=Finite(0), help="Seconds between checkpoints.", **_SHOWN)
@click.option("--kv-gb", default=2.0, type=Finite(0), help="Memory for the prompts' kept KV.", **_SHOWN)
@click.option(
    "--kv-disk-gb",
    default=8.0,
    type=Finite(0),
    help="Disk for what memory has no room for, in several epochs.",
    **_SHOWN,
)
@click.option("--restart", is_flag=True, help="Begin anew instead of going on from the checkpoint.")
def train(data: Path, out: Path, base: str | None, layout: str | None, restart: bool, **options: Any) -> None:
    """Train an activated expert from DATA: a JSON object a line, with `prompt` (or `messages`) and `answer`.

    Only the answers are run forward and back, over the base's own KV of the prompts. A training that was killed
    or stopped (Ctrl-C) goes on from its last checkpoint when the same command is given again. It ends with the loss on
    what was held out, in the manifest, and a picture of the loss, training.png.
    Needs `pip install 'expertd[train]'`.

    \b
        expertd train pairs.jsonl --out experts/mine --description "turns x into y"
        expertd train pairs.jsonl --out experts/mine --kind ia3 --epochs 3 --bad-lines skip
        expertd train more.jsonl --out experts/mine2 --from experts/mine --learning-rate 7e-4
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here: no look at a hub
    try:
        from expertd.train import expert
    except ImportError as error:
        raise TrainingRefused(f"training needs more packages ({error.name}): pip install 'expertd[train]'") from error
    from expertd.models.catalogue import resolve

    settings = load_settings(base=base, layout=layout)
    base_file = resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty())
    job = expert.Job(
        base_file=base_file,
        data=data,
        out=out,
        description=options["description"],
        machine=_machine(settings.threads, options),
        checkpoint_seconds=options["checkpoint"],
        held_out=options["held_out"],
        held_out_share=options["held_out_share"] if options["held_out"] is None else 0.0,
        skip_faults=options["bad_lines"] == "skip",
        start=options["start"],
    )
    expert.train(job, _recipe(options), restart)


def _machine(threads: int, options: dict[str, Any]) -> Any:
    from expertd.train.machine import Machine, choose_device

    device = choose_device(options["device"])
    disk = options["kv_disk_gb"] if options["epochs"] > 1 else 0.0
    return Machine(threads if device == "cpu" else 1, device, int(options["kv_gb"] * 2**30), int(disk * 2**30))


def _recipe(options: dict[str, Any]) -> Any:
    from expertd.train.recipe import IA3_MODULES, MODULES, RATES, Recipe

    kind, modules = options["kind"], options["modules"]
    taken = tuple(modules.split(",")) if modules else IA3_MODULES if kind == "ia3" else MODULES
    if unknown := sorted(set(taken) - set(MODULES)):
        raise TrainingRefused(f"--modules: {', '.join(unknown)} cannot be adapted, only {', '.join(MODULES)}")
    same = (
        *("kind", "rank", "alpha", "virtual_tokens", "batch", "epochs", "seed", "max_tokens", "offset"),
        *("precision", "evaluations", "patience", "positions", "pack"),
    )
    return Recipe(
        modules=taken,
        learning_rate=options["learning_rate"] or RATES[kind],
        micro_batch=options["micro_batch"] or math.gcd(options["batch"], 16),
        **{name: options[name] for name in same},
    )
