"""What the router knows: the shipped classifier, and the examples that it has not learned from, made vectors."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from expertd.experts.store import Entry
from expertd.router.asked import Asked, ends
from expertd.router.examples import BASE, Example
from expertd.router.features import Features
from expertd.router.neighbours import Array, closeness, similarities
from expertd.router.shipped import Shipped

log = logging.getLogger(__name__)

MOST = 400  # examples of one expert that are looked at, so that no manifest keeps the machine busy


@dataclass(frozen=True)
class Examples:
    """Of one expert (or the base): vectors [examples, projected] of what is for it, and of what is not."""

    positives: Array
    negatives: Array


@dataclass(frozen=True)
class Index:
    """`further` are examples beside those that the classifier knows; it knows nothing of `strangers`."""

    shipped: Shipped
    further: Mapping[str, Examples] = field(default_factory=dict)
    strangers: frozenset[str] = frozenset()

    def probabilities(self, vector: Array, short: Array) -> dict[str, float]:
        """Of the base and of each expert that is known, for a request's vector and its projection."""
        classifier = self.shipped.classifier
        known = dict(zip(classifier.labels, classifier.probabilities(vector).tolist(), strict=True))
        for name in self.strangers:
            known[BASE] += known.pop(name)
        weighed = dict(known)
        for name, examples in self.further.items():
            if name not in known and len(examples.positives):
                weighed[name] = self._odds(name, examples, known, short)
        total = sum(weighed.values())
        return self._as_taught({name: p / total for name, p in weighed.items()}, short)

    def _odds(self, name: str, examples: Examples, known: Mapping[str, float], short: Array) -> float:
        crowd = self.shipped.crowd
        others = crowd.vectors[crowd.labels != name] if name in self.strangers else crowd.vectors
        best = max((p for other, p in known.items() if other != BASE), default=0.0)
        features = similarities(
            short, self.shipped.projection.meaning, examples.positives, examples.negatives, others, known[BASE], best
        )
        return float(self.shipped.few_shot.odds(features))

    def _as_taught(self, probabilities: dict[str, float], short: Array) -> dict[str, float]:
        """A text that is as good as an example is for its expert, whatever else is said of it; or is not."""
        for name, examples in self.further.items():
            if len(examples.negatives) and (share := float(closeness(short, examples.negatives).max())):
                gone = share * probabilities.get(name, 0.0)
                probabilities[name] = probabilities.get(name, 0.0) - gone
                probabilities[BASE] += gone
        for name, examples in self.further.items():
            if len(examples.positives) and (share := float(closeness(short, examples.positives).max())):
                probabilities = {other: (1 - share) * p for other, p in probabilities.items()}
                probabilities[name] = probabilities.get(name, 0.0) + share
        return probabilities


def examples_of(entry: Entry) -> list[Example]:
    """What the manifest of a served expert says, each text once."""
    assert entry.manifest  # it is served
    routing = entry.manifest.routing
    said = [(text, True) for text in routing.examples] + [(text, False) for text in routing.negative_examples]
    return [Example(Asked(ends(text)), entry.name, is_for) for text, is_for in said if text.strip()][:MOST]


def further(entries: Sequence[Entry], taught: Sequence[Example], shipped: Shipped) -> list[Example]:
    """The examples that the shipped classifier has not learned from, of the experts that are there."""
    names = {entry.name for entry in entries} | {BASE}
    said = [example for entry in entries for example in examples_of(entry)]
    said += [example for example in taught if example.expert in names]
    return [each for each in said if each.digest not in shipped.digests.get(each.expert, ())]


def strangers(entries: Sequence[Entry], shipped: Shipped) -> frozenset[str]:
    """Experts with the name of a shipped one whose examples have nothing in common with it."""
    known = {entry.name: shipped.digests[entry.name] for entry in entries if entry.name in shipped.digests}
    said = {entry.name: {example.digest for example in examples_of(entry)} for entry in entries}
    return frozenset(name for name, digests in known.items() if said[name] and not said[name] & digests)


class Vectors:
    """The projected vectors of examples, by their texts' digests, kept in a file so that none is made twice."""

    def __init__(self, path: Path, shipped: Shipped, features: Features) -> None:
        self.path, self._shipped, self._features = path, shipped, features
        self._known: dict[str, Array] = {}
        self._is_read = False

    def of(self, examples: Sequence[Example]) -> list[Array]:
        """In their order."""
        if examples and not self._is_read:
            self._known, self._is_read = self._read(), True
        missing = {each.digest: each for each in examples if each.digest not in self._known}
        for digest, each in missing.items():
            self._known[digest] = self._shipped.projection.of(self._features.short(self._features.of(each.asked)))
        used = {each.digest: self._known[each.digest] for each in examples}
        if missing:
            self._known = used
            self._write(used)
        return [self._known[each.digest] for each in examples]

    def _read(self) -> dict[str, Array]:
        try:
            with np.load(self.path) as file:
                told = json.loads(str(file["told"]))
                vectors = file["vectors"].astype(np.float32)
            if told["of"] != self._shipped.digest:  # from another version
                return {}
            if vectors.shape != (len(told["digests"]), self._shipped.crowd.vectors.shape[1]):
                raise ValueError("its parts do not fit together")
            if not np.isfinite(vectors).all():
                raise ValueError("it holds values that are no numbers")
            return dict(zip(told["digests"], vectors, strict=True))
        except FileNotFoundError:
            return {}
        except Exception as error:  # whatever a file of any bytes does to the readers of zips and of arrays
            log.warning("the router's index %s cannot be read (%s): it is made again", self.path, error)
            return {}

    def _write(self, vectors: Mapping[str, Array]) -> None:
        told = json.dumps({"of": self._shipped.digest, "digests": list(vectors)})
        partial = self.path.with_suffix(".partial.npz")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(partial, vectors=np.stack(list(vectors.values())).astype(np.float16), told=told)
            partial.replace(self.path)
        except OSError as error:
            log.warning("the router's index cannot be kept in %s: %s", self.path, error)


def build(examples: Sequence[Example], strangers: frozenset[str], shipped: Shipped, vectors: Vectors) -> Index:
    """Takes a millisecond for each example that is new."""
    made = vectors.of(examples)
    width = shipped.crowd.vectors.shape[1]
    by_expert = {}
    for name in sorted({each.expert for each in examples}):
        parts = [
            [row for row, each in zip(made, examples, strict=True) if each.expert == name and each.is_for is is_for]
            for is_for in (True, False)
        ]
        by_expert[name] = Examples(*(np.array(part, np.float32).reshape(-1, width) for part in parts))
    return Index(shipped, by_expert, strangers)
