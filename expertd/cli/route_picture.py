"""An evaluation of the router as a picture."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from expertd.router.evaluation import Evaluation


def draw(evaluation: Evaluation, path: Path) -> None:
    """The confusion matrix, and how the share of wrong decisions falls where unsure ones are left out."""
    labels, counts = evaluation.labels, evaluation.confusion
    figure = Figure(figsize=(13, 6), layout="constrained")
    matrix, curve = figure.subplots(1, 2, width_ratios=(3, 2))
    shares = counts / counts.sum(1, keepdims=True).clip(1)
    matrix.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    matrix.set_xticks(range(len(labels)), labels, rotation=60, ha="right")
    matrix.set_yticks(range(len(labels)), labels)
    matrix.set_xlabel("went to")
    matrix.set_ylabel("is for")
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count:
                matrix.text(j, i, count, ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black")
    matrix.set_title(f"{evaluation.share().value:.1%} right of {len(evaluation.outcomes)}")
    coverage, risk = zip(*evaluation.risk_coverage(), strict=True)
    curve.plot(coverage, risk)
    curve.set_xlabel("share of prompts, the surest first")
    curve.set_ylabel("share of these that is decided wrong")
    curve.set_xlim(0, 1)
    curve.set_ylim(0)
    curve.grid(alpha=0.3)
    curve.set_title("risk and coverage")
    figure.savefig(path, dpi=110)
