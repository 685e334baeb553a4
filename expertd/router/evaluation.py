"""How well a router decides over lines whose expert is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from expertd.router.examples import BASE


@dataclass(frozen=True)
class Outcome:
    """One line: its label, what was chosen, how probable that was, in what time, and whether the base was asked.

    `kind` is the line's.
    """

    label: str
    chosen: str
    confidence: float
    ms: float
    kind: str = ""
    is_read: bool = False

    @property
    def is_right(self) -> bool:
        return self.label == self.chosen


@dataclass(frozen=True)
class Share:
    """A proportion with its 95% interval by Wilson."""

    right: int
    of: int

    @property
    def value(self) -> float:
        return self.right / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return (float("nan"), float("nan"))
        z2 = 1.96**2
        middle = (self.right + z2 / 2) / (self.of + z2)
        reach = 1.96 / (self.of + z2) * (self.right * (self.of - self.right) / self.of + z2 / 4) ** 0.5
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}] of {self.of}"


@dataclass(frozen=True)
class Evaluation:
    """All outcomes, and what can be told of them."""

    outcomes: Sequence[Outcome]

    @property
    def labels(self) -> list[str]:
        """The base first."""
        names = {o.label for o in self.outcomes} | {o.chosen for o in self.outcomes}
        return [BASE, *sorted(names - {BASE})]

    def share(self, **wanted: str) -> Share:
        """Of the outcomes whose `label`, `chosen` or `kind` is that, how many are right."""
        found = [o for o in self.outcomes if all(getattr(o, name) == value for name, value in wanted.items())]
        return Share(sum(o.is_right for o in found), len(found))

    @property
    def confusion(self) -> np.ndarray:
        """[labels, labels]: how often what is for the row's expert went to the column's."""
        labels = self.labels
        counts = np.zeros((len(labels), len(labels)), int)
        for o in self.outcomes:
            counts[labels.index(o.label), labels.index(o.chosen)] += 1
        return counts

    def risk_coverage(self) -> list[tuple[float, float]]:
        """The share of wrong ones among the surest, by the share that they are of all."""
        ordered = sorted(self.outcomes, key=lambda o: -o.confidence)
        wrong = np.cumsum([not o.is_right for o in ordered])
        count = np.arange(1, len(ordered) + 1)
        return list(zip((count / max(1, len(ordered))).tolist(), (wrong / count).tolist(), strict=True))

    def milliseconds(self, quantile: float) -> float:
        return float(np.quantile([o.ms for o in self.outcomes], quantile)) if self.outcomes else float("nan")


def table(evaluation: Evaluation) -> str:
    """Accuracy, abstention, times and the confusion matrix, for a terminal."""
    kinds = sorted({o.kind for o in evaluation.outcomes} - {""})
    rows = [
        ("accuracy", str(evaluation.share())),
        ("base, precision", str(evaluation.share(chosen=BASE))),
        ("base, recall", str(evaluation.share(label=BASE))),
        *((f"kind {kind}", str(evaluation.share(kind=kind))) for kind in kinds),
        ("base asked", str(Share(sum(o.is_read for o in evaluation.outcomes), len(evaluation.outcomes)))),
        ("time", f"p50 {evaluation.milliseconds(0.5):.2f} ms, p99 {evaluation.milliseconds(0.99):.2f} ms"),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join([*(f"{name:{width}}  {value}" for name, value in rows), "", _confusion(evaluation)])


def _confusion(evaluation: Evaluation) -> str:
    labels, counts = evaluation.labels, evaluation.confusion
    width = max(len("is for"), *map(len, labels))
    heads = [label[:7] for label in labels]
    lines = [f"{'is for':{width}}  " + " ".join(f"{head:>7}" for head in heads)]
    for label, row in zip(labels, counts, strict=True):
        lines.append(f"{label:{width}}  " + " ".join(f"{count or '.':>7}" for count in row))
    return "\n".join(lines)
