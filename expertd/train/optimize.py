"""A smaller version of an expert that loses less than was allowed: layers left out, ranks cut, values in 8 bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import numpy as np

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.experts.manifest import Manifest, read_manifest
from expertd.experts.tensors import BaseShape
from expertd.train.folder import named, next_version
from expertd.train.lora import Pairs, as_stored, cut, nbytes, read_lora, spectrum
from expertd.train.score import Scorer
from expertd.train.trainer import HeldOut

Step = Literal["prune", "rank", "int8"]
Method = Literal["prune", "rank", "int8", "all"]
STEPS: dict[Method, tuple[Step, ...]] = {
    "prune": ("prune",),
    "rank": ("rank",),
    "int8": ("int8",),
    "all": ("prune", "rank", "int8"),
}
MEASURED = ("held_out", "held_out_loss", "scores")  # what a manifest tells of weights that the smaller version has not


@dataclass(frozen=True)
class Version:
    """One state of the expert, as it would be stored."""

    step: str  # that made it
    pairs: Pairs
    int8: bool
    score: HeldOut

    @property
    def nbytes(self) -> int:
        return nbytes(self.pairs, self.int8)

    @property
    def layers(self) -> int:
        return len(self.pairs)

    @property
    def ranks(self) -> list[int]:
        return sorted(len(a) for a, _ in self.pairs.values())


@dataclass(frozen=True)
class Found:
    """What came of it: all versions that were kept, the first as it was, the last and smallest to be taken."""

    manifest: Manifest
    shape: BaseShape
    versions: list[Version]


def name_of(folder: Path, name: str) -> Manifest:
    """The manifest of the smaller version. Raises `ExpertRefused`, and `TrainingRefused` for what is no name."""
    manifest = read_manifest(folder)
    training = {key: told for key, told in manifest.training.items() if key not in MEASURED}
    return named(manifest, name, {"version": next_version(manifest.version), "training": training})


def optimize(base_file: Path, folder: Path, held_out: Path, method: Method, lose: float, threads: int) -> Found:
    """`lose` is a share of the loss. Raises `ExpertRefused`, and `TrainingRefused` where nothing smaller loses less."""
    base = Base(base_file, vocab_only=True)
    shape = base.shape
    base.close()
    manifest, pairs, int8 = read_lora(folder, shape, base_file)
    if int8 and method == "int8":
        raise TrainingRefused(f"{folder} is in 8 bits already.")
    scorer = Scorer(base_file, pairs, manifest, held_out, threads)
    try:
        versions = [Version("as it is", pairs, int8, scorer.score(pairs, "as it is"))]
        steps = STEPS[method]
        for number, step in enumerate(steps, 1):
            # Each step may lose its part of it: the first would else leave nothing to those that cost less for more.
            limit = versions[0].score.loss * (1 + lose * number / len(steps))
            made = _STEPS[step](scorer, versions[-1], limit)
            if made:
                versions.append(made)
            else:
                click.echo(f"{step}: nothing smaller loses less than {lose * number / len(steps):.2%}", err=True)
    finally:
        scorer.close()
    if len(versions) == 1:
        raise TrainingRefused(f"no smaller version of {folder} loses less than {lose:.2%}. Allow more with --lose.")
    return Found(manifest, shape, versions)


def _prune(scorer: Scorer, last: Version, limit: float) -> Version | None:
    """As many layers left out as may go, first those that are estimated to cost least for their size."""
    costs = scorer.costs(last.pairs, "estimating what layers do")
    order = sorted(costs, key=lambda path: costs[path] / sum(side.size for side in last.pairs[path]))

    def without(count: int) -> Pairs:
        return {path: pair for path, pair in last.pairs.items() if path not in order[:count]}

    return _most("prune", scorer, last, without, len(order), limit)


def _cut(scorer: Scorer, last: Version, limit: float) -> Version | None:
    """As many of the smallest singular values left out as may go, of all layers' B A together."""
    factors = {path: spectrum(pair) for path, pair in last.pairs.items()}
    values = np.sort(np.concatenate([values for _, values, _ in factors.values()]))

    def without(count: int) -> Pairs:
        threshold = values[count - 1]
        return cut(factors, {path: int((found > threshold).sum()) for path, (_, found, _) in factors.items()})

    return _most("rank", scorer, last, without, len(values), limit)


def _most(
    step: str, scorer: Scorer, last: Version, without: Callable[[int], Pairs], count: int, limit: float
) -> Version | None:
    """By bisection, to a hundredth: the version without the most of `count` parts whose loss is within the limit."""
    best, low, high = None, 0, count
    looks = 0
    while high - low > max(1, count // 100):
        middle, looks = (low + high) // 2, looks + 1
        pairs = without(middle)
        score = scorer.score(as_stored(pairs, last.int8), f"{step} {looks}, {middle} of {count} out") if pairs else None
        if score and score.loss <= limit:
            best, low = Version(step, pairs, last.int8, score), middle
        else:
            high = middle
    return best if best and best.nbytes < last.nbytes else None


def _int8(scorer: Scorer, last: Version, limit: float) -> Version | None:
    if last.int8:
        return None
    score = scorer.score(as_stored(last.pairs, True), "int8")
    return Version("int8", last.pairs, True, score) if score.loss <= limit else None


_STEPS: dict[Step, Callable[[Scorer, Version, float], Version | None]] = {"prune": _prune, "rank": _cut, "int8": _int8}
