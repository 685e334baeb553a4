"""`expertd experts fuse`: one expert out of several that are asked for together."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from expertd.cli.client import Client
from expertd.config import Settings, cache_dir, load_settings
from expertd.errors import InvalidRequest, TrainingRefused
from expertd.experts.blend import parse_model

if TYPE_CHECKING:
    from expertd.train.fuse import Fused, Part

_PATH = click.Path(path_type=Path)
SHOWN = 10


@click.command(short_help="Make one LoRA of several.")
@click.argument("experts", nargs=-1, metavar="[EXPERT[:SCALE]...]")
@click.option("--out", type=_PATH, help="Folder of the fused expert; its name is the expert's.")
@click.option("--rank", type=click.IntRange(1, 256), help="Of each layer at most; default: all of them, exactly.")
@click.option("--held-out", multiple=True, metavar="EXPERT=FILE", help="JSONL on which to tell what that one loses.")
@click.option("--from", "folder", type=_PATH, help="Folder of the experts; default: the one that is served.")
@click.option("--base", metavar="NAME|PATH", help="The base that they are for; default: the one that is served.")
@click.option("--layout", type=click.Choice(["q4", "q8_0", "shipped"]), help="Layout of the embedded base.")
@click.option("--socket", type=_PATH, help="The daemon's socket.")
def fuse(
    experts: tuple[str, ...],
    out: Path | None,
    rank: int | None,
    held_out: tuple[str, ...],
    folder: Path | None,
    base: str | None,
    layout: str | None,
    socket: Path | None,
) -> None:
    """Make one expert of several LoRAs, which answers as their blend does. Without names: tell what is worth it.

    Their ranks add up, unless --rank cuts them. They must be active from the same place in a prompt on. It ends with
    tokens a second as a blend and fused, and with what each loses on its --held-out.

    \b
        expertd experts fuse
        expertd experts fuse sql english --out experts/sql-english
        expertd experts fuse sql:0.8 english --rank 8 --held-out sql=heldout.jsonl --out experts/both

    Exit codes: 0 done; 2 wrong options; 65 experts that cannot be one; 73 --out cannot be written.
    """
    settings = load_settings(base=base, layout=layout, experts=folder, socket=socket)
    if not experts:
        return _suggest(settings)
    if out is None or len(experts) < 2:
        raise click.UsageError("give two experts or more, and --out")
    _make(settings, experts, out, rank, _files(held_out, experts))
    return None


def _suggest(settings: Settings) -> None:
    blends = Client(settings.socket).get("/v1/models")["blends"]
    if not blends:
        click.echo("no request has asked for several experts at once since the daemon started")
    for blend in blends[:SHOWN]:
        names = blend["experts"]
        click.echo(
            f"{blend['requests']:>7} requests for {'+'.join(names)}: "
            f"expertd experts fuse {' '.join(names)} --out {settings.experts / '-'.join(names)}"
        )


def _files(held_out: tuple[str, ...], experts: tuple[str, ...]) -> dict[str, Path]:
    files = {}
    for given in held_out:
        name, equals, file = given.partition("=")
        if not equals or name not in {expert.partition(":")[0] for expert in experts}:
            raise click.UsageError(f"--held-out {given}: give EXPERT=FILE, of an expert that is fused")
        files[name] = Path(file)
    return files


def _make(settings: Settings, experts: tuple[str, ...], out: Path, rank: int | None, files: dict[str, Path]) -> None:
    from expertd.models.catalogue import resolve
    from expertd.train.folder import workplace, write_expert
    from expertd.train.fuse import fuse as join
    from expertd.train.fuse import losses
    from expertd.train.interrupt import check, remembered
    from expertd.train.lora import nbytes

    os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here: no look at a hub
    base_file = resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty())
    with remembered(), workplace(out) as work:
        parts = _parts(settings, experts)
        fused = join(base_file, parts, out.name, rank)
        told = {}
        for name, file in files.items():
            try:
                told[name] = losses(fused, base_file, name, file, settings.threads)
            except ImportError as error:
                raise TrainingRefused(
                    f"--held-out needs more packages: pip install 'expertd[train]' ({error})"
                ) from error
        speed = _speeds(fused, parts, work / "experts", base_file)
        training = {
            **fused.manifest.training,
            **({"held_out_loss": told} if told else {}),
            **({"tokens_per_second": speed} if speed else {}),
        }
        manifest = fused.manifest.model_copy(update={"training": training})
        write_expert(work / out.name, manifest, fused.pairs, fused.shape, int8=False)
        check()
        (work / out.name).rename(out)
    ranks = sorted(len(a) for a, _ in fused.pairs.values())
    click.echo(f"{out}: {len(ranks)} layers, ranks {ranks[0]} to {ranks[-1]}, {nbytes(fused.pairs, False):,} bytes")
    for name, loss in told.items():
        click.echo(
            f"  loss on {name}'s held-out examples: alone {loss['alone']:.4f}, as a blend {loss['exact']:.4f}, "
            f"fused {loss['written']:.4f}"
        )
    if speed:
        click.echo(f"  tokens a second: as a blend {speed['blend']:.1f}, fused {speed['fused']:.1f}")


def _speeds(fused: Fused, parts: Sequence[Part], experts: Path, base_file: Path) -> dict[str, float]:
    from expertd.cli.speed import Measured, speeds

    # The fused one may be called as one of them.
    loras = {f"part-{number}": Measured(*part) for number, part in enumerate(fused.parts.values())}
    blend = "+".join(f"{name}:{part.scale:g}" for name, part in zip(loras, parts, strict=True))
    loras["fused"] = Measured(fused.manifest, fused.pairs)
    told = speeds(loras, fused.shape, [blend, "fused"], experts, base_file)
    return {"blend": told[blend], "fused": told["fused"]} if told else {}


def _parts(settings: Settings, experts: tuple[str, ...]) -> list[Part]:
    """By names in the experts' folder."""
    from expertd.train.fuse import Part

    parts = [part for expert in experts for part in parse_model(expert, 1)]
    if len(parts) < len(experts):
        raise InvalidRequest("`base` and `auto` are no experts that could be fused")
    return [Part(settings.experts / name, scale) for name, scale in parts]
