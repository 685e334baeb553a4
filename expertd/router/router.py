"""The router: its stages one after another, and the index that follows the folder of experts and what users teach."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from expertd.errors import InvalidRequest
from expertd.experts.store import Entry, Store
from expertd.router import index, policy, rules, shipped
from expertd.router.asked import Asked
from expertd.router.examples import BASE
from expertd.router.features import Features
from expertd.router.index import Index, Likeness, Vectors
from expertd.router.policy import Chosen, Policy
from expertd.router.reading import Reading
from expertd.router.table import Table
from expertd.router.taught import Taught

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wishes:
    """What a request says of the experts: some that it must have, some that it must not, and how many at most."""

    include: Sequence[str] = ()
    exclude: Collection[str] = ()
    most: int | None = None


@dataclass(frozen=True)
class Decision:
    """Experts as (name, scale, score), none for the base; why; what each stage said; and how long it took.

    `is_unsure` where a `Reading` of the prompt may change it.
    """

    experts: Sequence[tuple[str, float, float]]
    reason: str
    stages: dict[str, Any] = field(default_factory=dict)
    ms: float = 0.0
    is_unsure: bool = False


@dataclass(frozen=True)
class _Case:
    """One decision: the request, the experts that may be chosen, by which policy, and those that it has anyway."""

    asked: Asked
    entries: Mapping[str, Entry]
    policy: Policy
    included: Sequence[str]

    def choose(self, probabilities: Mapping[str, float], before: str | None = None) -> Chosen:
        return policy.choose(probabilities, self.entries, self.policy, before, self.included)


class Router:
    """Thread-safe. A decision uses the last index that is whole, and never waits for the next."""

    def __init__(self, store: Store, taught: Taught, cache: Path, policy: Policy) -> None:
        """`cache` is a folder. Raises `OSError` where the installation is not whole."""
        self._store, self.taught, self._policy = store, taught, policy
        self._shipped = shipped.read()
        self.table = Table()
        self._features = Features(self.table)
        path = cache / f"{hashlib.sha256(str(store.folder).encode()).hexdigest()[:16]}.npz"
        self._vectors = Vectors(path, self._shipped, self._features)
        self._index = index.build([], [], self._shipped, self._vectors)
        self._builder = ThreadPoolExecutor(1, "router-index")
        self._lock = threading.Lock()
        self._pending: Future[None] | None = None
        store.on_change(self.refresh)

    @property
    def labels(self) -> Sequence[str]:
        """Of the shipped classifier: the base, and the experts that it knows."""
        return self._shipped.classifier.labels

    def refresh(self) -> Future[None]:
        """Have the index follow what is served and taught now, in the background."""
        with self._lock:
            if self._pending is None or self._pending.running() or self._pending.done():
                self._pending = self._builder.submit(self._follow)
            return self._pending

    def close(self) -> None:
        """Make no more indexes, nor the rest of one that is being made."""
        self._vectors.is_stopped = True
        self._builder.shutdown(cancel_futures=True)

    def _follow(self) -> None:
        entries = [entry for entry in self._store.entries() if entry.served]
        try:
            self._index = index.build(entries, self.taught.examples(), self._shipped, self._vectors)
        except InterruptedError:
            pass
        except Exception:  # the old one stays
            log.exception("the router's index cannot be made")

    def route(self, asked: Asked, wishes: Wishes = Wishes(), reading: Reading | None = None) -> Decision:
        """The experts for a request. Raises `UnknownModel` or `InvalidRequest` for wishes that cannot be met."""
        began = time.perf_counter()
        decision = self._route(asked, wishes, reading)
        return replace(decision, ms=round((time.perf_counter() - began) * 1e3, 3))

    def _route(self, asked: Asked, wishes: Wishes, reading: Reading | None) -> Decision:
        most = self._policy.most if wishes.most is None else wishes.most
        included = _included(self._store, wishes)
        named = [(name, 1.0, 1.0) for name in included]
        entries = {e.name: e for e in self._store.entries() if e.served and e.name not in wishes.exclude}
        room = most - len(included)
        if included and (room < 1 or wishes.most is None):
            return Decision(named, "named by the request")
        at_all = self._policy.at_all if wishes.most is None else wishes.most
        case = _Case(asked, entries, replace(self._policy, most=room, at_all=at_all), included)
        found = self._ruled(case) or self._weighed(case, reading)
        return replace(found, experts=[*named, *found.experts])

    def _ruled(self, case: _Case) -> Decision | None:
        if case.policy.most < 1:
            ruling: rules.Ruling | None = rules.Ruling(None, "none is wanted")
        else:
            ruling = rules.rule(case.asked, list(case.entries.values()))
        if ruling is None:
            return None
        chosen = case.choose({ruling.expert: 1.0} if ruling.expert else {})
        return Decision(chosen.experts, f"rule: {ruling.reason}", {"rules": ruling.reason})

    def _weighed(self, case: _Case, reading: Reading | None) -> Decision:
        now = self._index
        probabilities, likeness = self._probabilities(now, case.asked, reading)
        by = "reading" if reading else "classifier"
        stages: dict[str, Any] = {by: policy.told(probabilities, case.entries.keys())}
        if likeness:
            verdict = "for" if likeness.is_for else "not for"
            stages["like an example"] = f"{verdict} {likeness.expert}, {likeness.share:.2f}"
        chosen = case.choose(probabilities)
        if not chosen.experts and case.asked.earlier.strip() and (before := self._before(now, case)):
            stages["before"] = before
            chosen = case.choose(probabilities, before)
        reason = f"{by}: {chosen.reason}"
        if not chosen.experts and not likeness and (by_words := self._by_words(now, case, stages)):
            chosen, reason = by_words, f"keywords: {by_words.reason}"
        is_unsure = reading is None and now.is_unsure(probabilities, case.entries.keys() - set(case.included))
        return Decision(chosen.experts, reason, stages, is_unsure=is_unsure)

    def _by_words(self, now: Index, case: _Case, stages: dict[str, Any]) -> Chosen | None:
        """By their manifests' keywords, of the experts that no example is known of."""
        wordless = [entry for name, entry in case.entries.items() if name in now.wordless]
        words = rules.keyword_scores(case.asked.text, wordless)
        if not words:
            return None
        stages["keywords"] = words
        chosen = replace(case, policy=_unless_tied(case.policy, words)).choose(words)
        return chosen if chosen.experts else None

    def _before(self, now: Index, case: _Case) -> str | None:
        """The expert that the user's turn before was for, as far as that turn alone tells."""
        probabilities, _ = self._probabilities(now, Asked(case.asked.earlier))
        chosen = replace(case, included=()).choose(probabilities)
        return chosen.experts[0][0] if chosen.experts else None

    def _probabilities(
        self, now: Index, asked: Asked, reading: Reading | None = None
    ) -> tuple[dict[str, float], Likeness | None]:
        vector = self._features.of(asked)
        return now.probabilities(vector, self._shipped.projection.of(self._features.short(vector)), reading)


def _unless_tied(policy_: Policy, words: Mapping[str, float]) -> Policy:
    """These are no shares of one: two that are as good as each other are none."""
    tied = sorted(words.values())[-2:]
    return replace(policy_, margin=-1.0, most=0 if len(tied) == 2 and tied[0] == tied[1] else 1)


def _included(store: Store, wishes: Wishes) -> list[str]:
    names = list(dict.fromkeys(wishes.include))
    for name in names:
        if name == BASE:
            raise InvalidRequest("the base is no expert: `max: 0` has it answer alone", param="experts.include")
        store.get(name)  # says what is near
        if name in wishes.exclude:
            raise InvalidRequest(f"expert {name!r} is included and excluded: leave one out", param="experts")
    if wishes.most is not None and len(names) > wishes.most:
        message = f"{len(names)} experts are included, and `max` is {wishes.most}"
        raise InvalidRequest(message, param="experts.max")
    return names
