"""The loss of a training as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Points = Sequence[tuple[int, float]]  # step, loss a token


def draw(path: Path, name: str, training: Points, held_out: Points) -> None:
    """Write the PNG. Raises `OSError`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*training, strict=True), color="tab:blue", linewidth=1, label="training")
    if held_out:
        axes.plot(*zip(*held_out, strict=True), color="tab:orange", marker="o", label="held out")
    axes.set(title=name, xlabel="step", ylabel="loss a token")
    axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format="png", dpi=120)
