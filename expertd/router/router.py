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
        path = cache / f"{hashlib.sha256(str(store.folder).encode()).hexdigest()[:16]}.npz"
        self._vectors = Vectors(path, self._shipped, self._features)
        self._index = index.build([], [], self._shipped, self._vectors)
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

    def route(self, asked: Asked, wishes: Wishes = Wishes()) -> Decision:
        """The experts for a request. Raises `UnknownModel` or `InvalidRequest` for wishes that cannot be met."""
        began = time.perf_counter()
        decision = self._route(asked, wishes)
        return replace(decision, ms=round((time.perf_counter() - began) * 1e3, 3))

    def _route(self, asked: Asked, wishes: Wishes) -> Decision:
        most = self._policy.most if wishes.most is None else wishes.most
        included = _included(self._store, wishes)
        named = [(name, 1.0, 1.0) for name in included]
        entries = {e.name: e for e in self._store.entries() if e.served and e.name not in wishes.exclude}
        room = most - len(included)
        if included and (room < 1 or wishes.most is None):
            return Decision(named, "named by the request")
        at_all = self._policy.at_all if wishes.most is None else wishes.most
        found = self._weigh(asked, entries, replace(self._policy, most=room, at_all=at_all), included)
        return replace(found, experts=[*named, *found.experts])

    def _weigh(self, asked: Asked, entries: dict[str, Entry], policy_: Policy, included: Sequence[str]) -> Decision:
        ruling = rules.rule(asked, list(entries.values())) if policy_.most > 0 else rules.Ruling(None, "none is wanted")
        if ruling:
            sure = {ruling.expert: 1.0} if ruling.expert else {}
            ruled = policy.choose(sure, entries, policy_, None, included)
            return Decision(ruled.experts, f"rule: {ruling.reason}", {"rules": ruling.reason})
        now = self._index
        probabilities, likeness = self._probabilities(now, asked)
        stages: dict[str, Any] = {"classifier": policy.told(probabilities, entries.keys())}
        if likeness:
            verdict = "for" if likeness.is_for else "not for"
            stages["like an example"] = f"{verdict} {likeness.expert}, {likeness.share:.2f}"
        chosen = policy.choose(probabilities, entries, policy_, None, included)
        if not chosen.experts and asked.earlier.strip() and (before := self._before(now, asked, entries, policy_)):
            stages["before"] = before
            chosen = policy.choose(probabilities, entries, policy_, before, included)
        if chosen.experts or likeness:
            return Decision(chosen.experts, f"classifier: {chosen.reason}", stages)
        wordless = [entry for name, entry in entries.items() if name in now.wordless]
        if words := rules.keyword_scores(asked.text, wordless):
            stages["keywords"] = words
            by_words = policy.choose(words, entries, _by_words(policy_, words), None, included)
            if by_words.experts:
                return Decision(by_words.experts, f"keywords: {by_words.reason}", stages)
        return Decision((), f"classifier: {chosen.reason}", stages)

    def _before(self, now: Index, asked: Asked, entries: dict[str, Entry], policy_: Policy) -> str | None:
        """The expert that the user's turn before was for, as far as that turn alone tells."""
        probabilities, _ = self._probabilities(now, Asked(asked.earlier))
        chosen: Chosen = policy.choose(probabilities, entries, policy_)
        return chosen.experts[0][0] if chosen.experts else None

    def _probabilities(self, now: Index, asked: Asked) -> tuple[dict[str, float], Likeness | None]:
        vector = self._features.of(asked)
        return now.probabilities(vector, self._shipped.projection.of(self._features.short(vector)))


def _by_words(policy_: Policy, words: Mapping[str, float]) -> Policy:
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
