"""The router: its stages one after another, and the index that follows the folder of experts and what users teach."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from expertd.errors import InvalidRequest
from expertd.experts.store import Entry, Store
from expertd.router import index, policy, rules, shipped
from expertd.router.asked import Asked
from expertd.router.features import Features
from expertd.router.index import Index, Vectors
from expertd.router.policy import Chosen, Policy
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
    """Experts as (name, scale, score), none for the base; why; what each stage said; and how long it took."""

    experts: Sequence[tuple[str, float, float]]
    reason: str
    stages: dict[str, Any] = field(default_factory=dict)
    ms: float = 0.0


class Router:
    """Thread-safe. A decision uses the last index that is whole, and never waits for the next."""

    def __init__(self, store: Store, taught: Taught, cache: Path, policy: Policy) -> None:
        """`cache` is a folder. Raises `OSError` where the installation is not whole."""
        self._store, self.taught, self._policy = store, taught, policy
        self._shipped = shipped.read()
        self.table = Table()
        self._features = Features(self.table)
        self._index = Index(self._shipped)
        path = cache / f"{hashlib.sha256(str(store.folder).encode()).hexdigest()[:16]}.npz"
        self._vectors = Vectors(path, self._shipped, self._features)
        self._builder = ThreadPoolExecutor(1, "router-index")
        self._lock = threading.Lock()
        self._pending: Future[None] | None = None
        store.on_change(self.refresh)

    def refresh(self) -> Future[None]:
        """Have the index follow what is served and taught now, in the background."""
        with self._lock:
            if self._pending is None or self._pending.running() or self._pending.done():
                self._pending = self._builder.submit(self._follow)
            return self._pending

    def close(self) -> None:
        """Wait for an index that is being made, and make no more."""
        self._builder.shutdown(cancel_futures=True)

    def _follow(self) -> None:
        entries = [entry for entry in self._store.entries() if entry.served]
        examples = index.further(entries, self.taught.examples(), self._shipped)
        began = time.monotonic()
        try:
            self._index = index.build(examples, index.strangers(entries, self._shipped), self._shipped, self._vectors)
        except Exception:  # the old one stays
            log.exception("the router's index cannot be made")
            return
        log.debug("the router knows %d further examples, in %.2f s", len(examples), time.monotonic() - began)

    def route(self, asked: Asked, wishes: Wishes = Wishes()) -> Decision:
        """The experts for a request. Raises `UnknownModel` or `InvalidRequest` for wishes that cannot be met."""
        began = time.perf_counter()
        decision = self._route(asked, wishes)
        return replace(decision, ms=round((time.perf_counter() - began) * 1e3, 3))

    def _route(self, asked: Asked, wishes: Wishes) -> Decision:
        most = self._policy.most if wishes.most is None else wishes.most
        included = _included(self._store, wishes, most)
        entries = {e.name: e for e in self._store.entries() if e.served and e.name not in {*wishes.exclude, *included}}
        room = most - len(included)
        if included and (room < 1 or wishes.most is None):
            return Decision([(name, 1.0, 1.0) for name in included], "named by the request")
        found = self._weigh(asked, entries, replace(self._policy, most=room))
        named = [(name, 1.0, 1.0) for name in included]
        return replace(found, experts=[*named, *found.experts])

    def _weigh(self, asked: Asked, entries: dict[str, Entry], policy_: Policy) -> Decision:
        ruling = rules.rule(asked, list(entries.values())) if policy_.most > 0 else rules.Ruling(None, "none is wanted")
        if ruling:
            return Decision(_one(ruling.expert, entries), f"rule: {ruling.reason}", {"rules": ruling.reason})
        probabilities = self._probabilities(asked)
        before = self._before(asked, entries, policy_)
        chosen = policy.choose(probabilities, entries, policy_, before)
        stages: dict[str, Any] = {"classifier": policy.told(probabilities)}
        if before:
            stages["before"] = before
        unknown = [entry for entry in entries.values() if not index.examples_of(entry)]
        words = rules.keyword_scores(asked.text, unknown)
        if words:
            stages["keywords"] = words
        if words and not chosen.experts:
            by_words = policy.choose(words, entries, replace(policy_, margin=0.0))
            if by_words.experts:
                return Decision(by_words.experts, f"keywords: {by_words.reason}", stages)
        return Decision(chosen.experts, f"classifier: {chosen.reason}", stages)

    def _before(self, asked: Asked, entries: dict[str, Entry], policy_: Policy) -> str | None:
        """The expert that the user's turn before was for, as far as that turn alone tells."""
        if not asked.earlier.strip():
            return None
        chosen: Chosen = policy.choose(self._probabilities(Asked(asked.earlier)), entries, policy_)
        return chosen.experts[0][0] if chosen.experts else None

    def _probabilities(self, asked: Asked) -> dict[str, float]:
        vector = self._features.of(asked)
        return self._index.probabilities(vector, self._shipped.projection.of(self._features.short(vector)))


def _included(store: Store, wishes: Wishes, most: int) -> list[str]:
    names = list(dict.fromkeys(wishes.include))
    for name in names:
        store.get(name)  # says what is near
        if name in wishes.exclude:
            raise InvalidRequest(f"expert {name!r} is included and excluded: leave one out", param="experts")
    if wishes.most is not None and len(names) > most:
        raise InvalidRequest(f"{len(names)} experts are included, and `max` is {most}", param="experts.max")
    return names


def _one(name: str | None, entries: dict[str, Entry]) -> list[tuple[str, float, float]]:
    return [(name, 1.0, 1.0)] if name and name in entries else []
