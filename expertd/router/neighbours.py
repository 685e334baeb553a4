"""What a few examples say of a request: how near it is to them, and how near to what is known to be for others.

The classifier needs hundreds of examples of an expert. One that was made yesterday has ten: it is told by a logistic
regression over similarities, which was fitted to each shipped expert as if it were new.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

FEATURES = 16
_NEAREST = 3  # examples of an expert whose similarities are averaged, beside the nearest
_CROWD = 10  # the same of what is for others
SAME, UNLIKE = 0.9, 0.6  # similarity from which on a text is as good as an example, and below which it is none


@dataclass(frozen=True)
class Projection:
    """From a short vector to one of a few hundred numbers: its meaning, and the first directions of its spelling."""

    meaning: int
    mean: Array  # [FOLDED]
    directions: Array  # [FOLDED, spelling]

    def of(self, short: Array) -> Array:
        """[..., meaning + spelling], each part of length 1."""
        spelling = (short[..., self.meaning :] - self.mean) @ self.directions
        return np.concatenate([_unit(short[..., : self.meaning]), _unit(spelling)], -1)


def fit_projection(short: Array, meaning: int, width: int) -> Projection:
    """To the spelling of texts [texts, meaning + FOLDED]: the directions in which they differ most."""
    spelling = short[:, meaning:]
    mean = spelling.mean(0)
    _, directions = np.linalg.eigh((spelling - mean).T @ (spelling - mean))
    return Projection(meaning, mean, directions[:, -width:].astype(np.float32))


@dataclass(frozen=True)
class FewShot:
    """The logistic regression: of each similarity its mean and spread where it was fitted, and its weight."""

    mean: Array  # [FEATURES]
    spread: Array  # [FEATURES]
    weights: Array  # [FEATURES + 1], the last the constant

    def odds(self, features: Array) -> Array:
        """p / (1 - p) that it is for the expert, of features [..., FEATURES]; what is NaN counts as the mean."""
        scaled = np.nan_to_num((features - self.mean) / self.spread)
        logits = scaled @ self.weights[:-1] + self.weights[-1]
        odds: Array = np.exp(np.minimum(logits, 20.0)).astype(np.float32)
        return odds


def fit_few_shot(features: Array, is_for: npt.NDArray[np.bool_], weight: float = 2.0, penalty: float = 1e-3) -> FewShot:
    """To features [examples, FEATURES], by Newton's method; each that is for the expert counts `weight` of the rest."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    rows = np.column_stack([(features - mean) / spread, np.ones(len(features))]).astype(np.float64)
    shares = np.where(is_for, weight, 1.0)
    shares /= shares.sum()
    weights = np.zeros(rows.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (shares * (p - is_for)) + penalty * weights
        curve = (rows * (shares * p * (1 - p))[:, None]).T @ rows + penalty * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope)
    return FewShot(mean, spread, weights.astype(np.float32))


@dataclass(frozen=True)
class Crowd:
    """Texts [texts, projected] that are known to be for the base or for a shipped expert, with their labels."""

    vectors: Array
    labels: npt.NDArray[np.str_]


def similarities(
    vector: Array, meaning: int, rows: Array, positives: Rows, negatives: Rows, others: Array, base: float, best: float
) -> Array:
    """A request's features beside each expert's examples, and beside others' texts: [experts, FEATURES].

    `positives` and `negatives` [experts, most] are places in `rows`, -1 where an expert has fewer. `base` and `best`
    are the classifier's probabilities of the base, and of the likeliest expert that it knows.
    """
    count = len(positives)
    found: list[Array] = []
    for part in (slice(0, meaning), slice(meaning, None)):
        alike = np.append(rows[:, part] @ vector[part], np.float32(-np.inf))  # the last for the places that are -1
        crowd = (others[:, part] @ vector[part])[None]
        near, far = alike[positives], alike[negatives]
        found += [_most(near, 1), _most(near, _NEAREST), _mean(near), _most(far, 1), _mean(far)]
        found += [np.repeat(_most(crowd, many), count) for many in (1, _CROWD)]
    both = np.array([base, best], np.float32)
    return np.column_stack([*found, np.tile(both, (count, 1))]).astype(np.float32)


def closeness(vector: Array, rows: Array) -> Array:
    """Of each row, 0 to 1: whether the request is as good as the same text."""
    alike = rows @ vector / 2  # the mean of both parts' cosines
    as_good: Array = np.clip((alike - UNLIKE) / (SAME - UNLIKE), 0, 1).astype(np.float32)
    return as_good


def _most(values: Array, count: int) -> Array:
    """The mean of each row's highest; NaN of a row that has none. What is -inf is not there."""
    if not values.shape[1]:
        return np.full(len(values), np.nan, np.float32)
    count = min(count, values.shape[1])
    return _mean(np.partition(values, values.shape[1] - count, axis=1)[:, -count:])


def _mean(values: Array) -> Array:
    is_there = np.isfinite(values)
    counts = is_there.sum(1)
    sums = np.where(is_there, values, 0).sum(1)
    means: Array = np.where(counts, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
    return means


def _unit(vectors: npt.NDArray[np.floating]) -> Array:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: Array = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return units
