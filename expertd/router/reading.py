"""What the base says of a prompt when it is asked itself, beside what the classifier says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from expertd.router.classifier import softmax
from expertd.router.examples import BASE

_LEAST = 1e-4  # of a probability, so that neither of the two has the last word alone


@dataclass(frozen=True)
class Reading:
    """The probability of each label that the classifier was fitted to, and the weights of the two opinions."""

    shares: Mapping[str, float]
    of_classifier: float
    of_reading: float

    def joined(self, known: Mapping[str, float]) -> dict[str, float]:
        """The classifier's probabilities with these: both opinions' logarithms, weighed and added.

        What is said for experts that are not `known` is the base's.
        """
        names = list(known)
        said = {name: self.shares.get(name, 0.0) for name in names}
        said[BASE] += sum(share for name, share in self.shares.items() if name not in said)
        logits = np.zeros(len(names), np.float32)
        for weight, opinion in ((self.of_classifier, known), (self.of_reading, said)):
            logits += weight * np.log([max(opinion[name], _LEAST) for name in names]).astype(np.float32)
        return dict(zip(names, softmax(logits).tolist(), strict=True))


def word(label: str) -> str:
    """With which the base, taught to name experts, answers."""
    return "none" if label == BASE else label
