"""`expertd experts optimize`: a smaller, faster version of an expert, with what it loses."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from expertd.cli.options import Finite
from expertd.config import cache_dir, load_settings
from expertd.errors import TrainingRefused

if TYPE_CHECKING:
    from expertd.experts.manifest import Manifest
    from expertd.train.optimize import Found, Version

_PATH = click.Path(path_type=Path)


@click.command(short_help="Make a LoRA smaller, within a loss that you state.")
@click.argument("folder", type=_PATH)
@click.option("--held-out", type=_PATH, required=True, help="JSONL of examples that it was not trained on.")
@click.option("--out", type=_PATH, help="Folder of the smaller one; default: NAME-small beside it.")
@click.option("--lose", default=0.02, type=Finite(0, 1), show_default=True, help="Share of the loss at most.")
@click.option("--method", type=click.Choice(["all", "int8", "prune", "rank"]), default="all", show_default=True)
@click.option("--base", metavar="NAME|PATH", help="The base to score on; default: the one that is served.")
@click.option("--layout", type=click.Choice(["q4", "q8_0", "shipped"]), help="Layout of the embedded base.")
def optimize(
    folder: Path,
    held_out: Path,
    out: Path | None,
    lose: float,
    method: Any,
    base: str | None,
    layout: str | None,
) -> None:
    """Make a LoRA smaller: prune leaves out adapted layers, rank cuts each to the rank it needs, int8 keeps 8 bits.

    Each is taken as far as the loss on at most 128 held-out examples grows by no more than --lose; "all" takes them
    one after another. It ends with bytes, loss, share answered word for word, and tokens a second before and after.
    Needs `pip install 'expertd[train]'`.

    \b
        expertd experts optimize experts/sql --held-out heldout.jsonl
        expertd experts optimize mine --held-out heldout.jsonl --method int8 --out mine8

    Exit codes: 0 done; 65 no such expert or examples, or nothing smaller loses so little; 73 --out cannot be written.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"  # everything is here: no look at a hub
    try:
        from expertd.train import optimize as search
        from expertd.train.folder import workplace
        from expertd.train.interrupt import check, remembered
    except ImportError as error:
        raise TrainingRefused(f"this needs more packages ({error.name}): pip install 'expertd[train]'") from error
    from expertd.models.catalogue import resolve

    settings = load_settings(base=base, layout=layout)
    base_file = resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty())
    folder = Path(os.path.normpath(folder.absolute()))
    out = out or folder.with_name(f"{folder.name}-small")
    with remembered(), workplace(out) as work:
        made = search.name_of(folder, out.name)  # a wrong name is told before all the work
        found = search.optimize(base_file, folder, held_out, method, lose, settings.threads)
        speed = _speeds(found, work / "experts", base_file)
        _write(made, found, folder, work / out.name, {"method": method, "lose": lose}, speed)
        check()
        (work / out.name).rename(out)
    click.echo(_table(found.versions, speed))
    click.echo(f"{out}: {found.versions[-1].nbytes / found.versions[0].nbytes:.0%} of the size")


def _speeds(found: Found, experts: Path, base_file: Path) -> dict[str, float]:
    """Of the first and the last version, by their steps."""
    from expertd.cli.speed import Measured, speeds

    first, last = found.versions[0], found.versions[-1]
    loras = {
        name: Measured(found.manifest, version.pairs, version.int8)
        for name, version in (("before", first), ("after", last))
    }
    told = speeds(loras, found.shape, list(loras), experts, base_file)
    return {first.step: told["before"], last.step: told["after"]} if told else {}


def _write(
    manifest: Manifest, found: Found, folder: Path, made: Path, how: dict[str, Any], speed: dict[str, float]
) -> None:
    from expertd.train.folder import write_expert

    first, last = found.versions[0], found.versions[-1]
    optimized = {
        "from": f"{folder.name} {found.manifest.version}",
        **how,
        "before": _facts(first, speed),
        "after": _facts(last, speed),
    }
    training = {**manifest.training, "optimized": optimized}
    manifest = manifest.model_copy(update={"training": training})
    write_expert(made, manifest, last.pairs, found.shape, int8=last.int8)


def _facts(version: Version, speed: dict[str, float]) -> dict[str, Any]:
    return {
        "bytes": version.nbytes,
        "layers": version.layers,
        "ranks": sum(version.ranks),
        "examples": version.score.examples,
        "loss": version.score.loss,
        "exact": version.score.exact,
        **({"tokens_per_second": speed[version.step]} if version.step in speed else {}),
    }


def _table(versions: list[Version], speed: dict[str, float]) -> str:
    head = ("", "bytes", "layers", "ranks", "loss", "word for word", "tok/s")
    rows = [
        (
            version.step,
            f"{version.nbytes:,}",
            str(version.layers),
            f"{version.ranks[0]} to {version.ranks[-1]}, {sum(version.ranks)} in all",
            f"{version.score.loss:.4f}",
            f"{version.score.exact:.0%}",
            f"{speed[version.step]:.1f}" if version.step in speed else "",
        )
        for version in versions
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )
