"""The loss of a training as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

Points = Sequence[tuple[int, float]]  # step, loss a token

SMOOTHING = 0.1  # a step's share in the mean, later on


def draw(path: Path, name: str, training: Points, held_out: Points) -> None:
    """Write the PNG. Raises `OSError`."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    steps, losses = zip(*training, strict=True)
    axes.plot(steps, losses, color="tab:blue", linewidth=0.5, alpha=0.3)
    axes.plot(steps, _smooth(losses), color="tab:blue", linewidth=1.5, label="training, smoothed")
    if held_out:
        axes.plot(*zip(*held_out, strict=True), color="tab:orange", marker="o", label="held out")
    axes.set(title=name, xlabel="step", ylabel="loss a token")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format="png", dpi=120)


def smoothing(step: int) -> float:
    """The share that the `step`-th loss has in the mean up to it: the first ones have more, as in Adam."""
    return SMOOTHING / (1 - (1 - SMOOTHING) ** step)


def _smooth(losses: Sequence[float]) -> list[float]:
    smooth, loss = [], 0.0
    for step, each in enumerate(losses, 1):
        loss += (each - loss) * smoothing(step)
        smooth.append(loss)
    return smooth
