"""What the router knows: the shipped classifier, and the examples that it has not learned from, made vectors."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from expertd.experts.store import Entry
from expertd.router.asked import Asked, ends
from expertd.router.examples import BASE, Example
from expertd.router.features import Features
from expertd.router.neighbours import Array, Rows, closeness, similarities
from expertd.router.reading import Reading
from expertd.router.shipped import Shipped

log = logging.getLogger(__name__)


SURE = 0.98  # the probability from which on the classifier is left alone: it is wrong in one of thirty then
MOST = 400  # examples of one expert that are looked at, so that no manifest keeps the machine busy


@dataclass(frozen=True)
class Memory:
    """Examples as rows [examples, projected], the later ones the more recent, with whose they are and whether for it.

    `positives` and `negatives` [experts, most] are the rows of each of `names`, those that are new to the classifier;
    -1 where one has fewer.
    """

    rows: Array
    owners: Sequence[str] = ()
    are_for: Sequence[bool] = ()
    names: Sequence[str] = ()
    positives: Rows = field(default_factory=lambda: np.zeros((0, 0), np.intp))
    negatives: Rows = field(default_factory=lambda: np.zeros((0, 0), np.intp))


@dataclass(frozen=True)
class Likeness:
    """The example that a text is nearest to, and how far it is as good as that: 0 to 1."""

    expert: str
    is_for: bool
    share: float


@dataclass(frozen=True)
class Index:
    """What examples beside those that the classifier knows say.

    It knows nothing of `strangers`; of those that are `wordless`, no example is known at all.
    """

    shipped: Shipped
    memory: Memory
    others: Array  # of the crowd, what is not for strangers
    strangers: frozenset[str] = frozenset()
    wordless: frozenset[str] = frozenset()

    def probabilities(
        self, vector: Array, short: Array, reading: Reading | None = None
    ) -> tuple[dict[str, float], Likeness | None]:
        """Of the base and of each expert that is known, for a request's vector and its projection."""
        classifier = self.shipped.classifier
        known = dict(zip(classifier.labels, classifier.probabilities(vector).tolist(), strict=True))
        for name in self.strangers:
            known[BASE] += known.pop(name, 0.0)
        odds = self._odds(known, short) if self.memory.names else None
        if reading:
            known = reading.joined(known)
        if odds is not None:
            # The likeliest alone: each was fitted as the one that is new, and many small odds are no large one.
            best = int(odds.argmax())
            p = float(odds[best] / (1 + odds[best]))
            known = {name: (1 - p) * each for name, each in known.items()}
            known |= dict.fromkeys(self.memory.names, 0.0) | {self.memory.names[best]: p}
        likeness = self._likeness(short)
        return (_as_the_example(known, likeness) if likeness else known), likeness

    def is_unsure(self, probabilities: Mapping[str, float], choosable: Collection[str]) -> bool:
        """Whether the base, asked itself, could tell more of the experts that may be chosen: it knows those that the
        classifier does, and can do nothing against one that is new and likelier than all others together.
        """
        known = set(self.shipped.classifier.labels) - self.strangers
        first = max(probabilities, key=probabilities.__getitem__)
        return bool(known & set(choosable)) and probabilities[first] < (SURE if first in known else 0.5)

    def _odds(self, known: Mapping[str, float], short: Array) -> Array:
        """[names], that a request is for each."""
        best = max((p for name, p in known.items() if name != BASE), default=0.0)
        memory = self.memory
        features = similarities(
            short,
            self.shipped.projection.meaning,
            memory.rows,
            memory.positives,
            memory.negatives,
            self.others,
            known[BASE],
            best,
        )
        return self.shipped.few_shot.odds(features)

    def _likeness(self, short: Array) -> Likeness | None:
        if not len(self.memory.rows):
            return None
        shares = closeness(short, self.memory.rows)
        nearest = len(shares) - 1 - int(shares[::-1].argmax())  # of several, what was said last
        if not shares[nearest]:
            return None
        return Likeness(self.memory.owners[nearest], self.memory.are_for[nearest], float(shares[nearest]))


def _as_the_example(known: dict[str, float], likeness: Likeness) -> dict[str, float]:
    if likeness.is_for:
        mixed = {name: (1 - likeness.share) * p for name, p in known.items()}
        return mixed | {likeness.expert: mixed.get(likeness.expert, 0.0) + likeness.share}
    gone = likeness.share * known.get(likeness.expert, 0.0)
    return known | {likeness.expert: known.get(likeness.expert, 0.0) - gone, BASE: known[BASE] + gone}


def examples_of(entry: Entry) -> list[Example]:
    """What the manifest of a served expert says, each text once; nothing of one that fills gaps, which rules tell."""
    assert entry.manifest  # it is served
    if _fills_gaps(entry):
        return []
    routing = entry.manifest.routing
    said = [(text, True) for text in routing.examples[:MOST]]
    said += [(text, False) for text in routing.negative_examples[:MOST]]
    made = [Example(Asked(ends(text)), entry.name, is_for) for text, is_for in said if text.strip()]
    return list({each.digest: each for each in made}.values())


def _fills_gaps(entry: Entry) -> bool:
    return entry.manifest is not None and entry.manifest.fim is not None


def further(entries: Sequence[Entry], taught: Sequence[Example], shipped: Shipped) -> list[Example]:
    """The examples that the shipped classifier has not learned from, of the experts that are there."""
    names = {entry.name for entry in entries} | {BASE}
    said = [example for entry in entries for example in examples_of(entry)]
    unseen = [each for each in said if not each.is_for or each.digest not in shipped.digests.get(each.expert, ())]
    return unseen + [example for example in taught if example.expert in names]


def strangers(entries: Sequence[Entry], shipped: Shipped) -> frozenset[str]:
    """Experts with the name of a shipped one whose examples have nothing in common with it."""
    found = set()
    for entry in entries:
        said = {example.digest for example in examples_of(entry) if example.is_for}
        if entry.name in shipped.digests and said and not said & shipped.digests[entry.name]:
            found.add(entry.name)
    return frozenset(found)


class Vectors:
    """The projected vectors of examples, by their texts' digests, kept in a file so that none is made twice."""

    def __init__(self, path: Path, shipped: Shipped, features: Features) -> None:
        self.path, self._shipped, self._features = path, shipped, features
        self._known: dict[str, Array] = {}
        self._is_read = False
        self.is_stopped = False

    def of(self, examples: Sequence[Example]) -> list[Array]:
        """In their order."""
        if examples and not self._is_read:
            self._known, self._is_read = self._read(), True
        missing = {each.digest: each for each in examples if each.digest not in self._known}
        for digest, each in missing.items():
            if self.is_stopped:
                raise InterruptedError("the router is being closed")
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


def build(entries: Sequence[Entry], taught: Sequence[Example], shipped: Shipped, vectors: Vectors) -> Index:
    """Of the experts that are served. Takes a millisecond for each example that is new."""
    examples, unknown = further(entries, taught, shipped), strangers(entries, shipped)
    width = shipped.crowd.vectors.shape[1]
    rows = np.array(vectors.of(examples), np.float32).reshape(-1, width)
    learned = set(shipped.classifier.labels) - unknown
    by_expert: dict[str, tuple[list[int], list[int]]] = {}
    for row, each in enumerate(examples):
        if each.expert not in learned:
            by_expert.setdefault(each.expert, ([], []))[not each.is_for].append(row)
    names = [name for name, (positives, _) in by_expert.items() if positives]
    memory = Memory(
        rows,
        [each.expert for each in examples],
        [each.is_for for each in examples],
        names,
        _padded([by_expert[name][0] for name in names]),
        _padded([by_expert[name][1] for name in names]),
    )
    wordless = {entry.name for entry in entries if not _fills_gaps(entry) and not examples_of(entry)}
    wordless -= by_expert.keys() | learned
    crowd = shipped.crowd
    others = crowd.vectors[~np.isin(crowd.labels, list(unknown))]
    return Index(shipped, memory, others, unknown, frozenset(wordless))


def _padded(rows: Sequence[Sequence[int]]) -> Rows:
    made = np.full((len(rows), max((len(each) for each in rows), default=0)), -1, np.intp)
    for i, each in enumerate(rows):
        made[i, : len(each)] = each
    return made
