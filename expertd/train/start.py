"""Whether a training can go on from an expert: as it was trained, so it must be trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.faults import Faults
from expertd.experts.manifest import FILE, Manifest, read_manifest
from expertd.experts.peft_adapter import CONFIG, TENSORS, Config, parse_config, peft_path
from expertd.experts.tensors import Weights
from expertd.experts.weights import read_weights, weight_files
from expertd.train.recipe import MODULES, Recipe

MAX_ALPHA = 1024


def check_start(folder: Path, base_file: Path, recipe: Recipe, manifest: Manifest) -> None:
    """Hold an expert against the recipe and the manifest of what comes of it.

    Raises `ExpertRefused` for what cannot be served on this base, `TrainingRefused` that names what to give instead.
    """
    if (name := weight_files(folder)[-1]) != TENSORS:
        raise TrainingRefused(
            f"{folder / name} is no start: a training goes on from {TENSORS}. Give the expert that it was made from."
        )
    base = Base(base_file, vocab_only=True)
    shape = base.shape
    base.close()
    theirs = read_manifest(folder)
    weights = read_weights(folder, theirs, shape, BaseTensors(base_file))
    config = parse_config(folder / CONFIG, (folder / CONFIG).read_bytes(), Faults())
    wrong = [*_by_flags(folder, theirs, config, weights, recipe), *_by_manifest(theirs, manifest)]
    if wrong:
        raise TrainingRefused(f"{folder} was trained otherwise: {'; '.join(wrong)}.")


def _by_flags(folder: Path, theirs: Manifest, config: Config, weights: Weights, recipe: Recipe) -> Iterator[str]:
    """What the command says otherwise, each with the flag that mends it."""
    modules = {peft_path(name).rsplit(".", 1)[1] for name in (*weights.modules, *weights.channels, *weights.inputs)}
    told: dict[str, object] = {"kind": config.kind}
    ours: dict[str, object] = {"kind": recipe.kind}
    if modules:
        told["modules"], ours["modules"] = (",".join(m for m in MODULES if m in of) for of in (modules, recipe.modules))
    if weights.modules:
        told["rank"], told["alpha"] = _rank_and_alpha(folder, config, weights)
        ours["rank"], ours["alpha"] = recipe.rank, recipe.alpha
    if weights.prompt is not None:
        told["virtual-tokens"], ours["virtual-tokens"] = len(weights.prompt), recipe.virtual_tokens
    if theirs.activation == "answer":  # another one learns with the first steps where it is active
        told["offset"], ours["offset"] = theirs.offset, recipe.offset
    for flag, value in told.items():
        if value != ours[flag]:
            yield f"give --{flag} {value}, not {ours[flag]}"


def _rank_and_alpha(folder: Path, config: Config, weights: Weights) -> tuple[int, int]:
    """The rank, and the alpha that scales as the adapter's own. Raises `TrainingRefused` where no recipe has them."""
    ranks = {peft_path(name): len(low.a) for name, low in weights.modules.items()}
    alphas = {round(config.scaling(path, rank) * rank, 6) for path, rank in ranks.items()}
    rank, alpha = max(ranks.values()), max(alphas)
    if len({*ranks.values()}) > 1:
        reason = f"its layers have ranks from {min(ranks.values())} to {rank}"
    elif len(alphas) > 1:
        reason = f"its layers have alphas from {min(alphas):g} to {alpha:g}"
    elif alpha not in range(1, MAX_ALPHA + 1):
        reason = f"it is scaled as by an alpha of {alpha:g}"
    else:
        return rank, int(alpha)
    raise TrainingRefused(
        f"{folder} is no start: {reason}, and a training has one rank, and one alpha, a whole number up to "
        f"{MAX_ALPHA}. Give the expert that it was made from."
    )


def _by_manifest(theirs: Manifest, manifest: Manifest) -> Iterator[str]:
    """What the manifest in --out says otherwise."""
    for field in ("system", "template", "fim", "scale"):
        if getattr(theirs, field) != getattr(manifest, field):
            yield f"its `{field}` is another: put that of its {FILE} into the {FILE} in --out"
