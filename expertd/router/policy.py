"""From probabilities to a decision: which experts, with which scales, and why; or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from expertd.experts.store import Entry
from expertd.router.examples import BASE


@dataclass(frozen=True)
class Policy:
    """What must be true of an expert that is chosen without being named."""

    threshold: float = 0.5  # the least probability of the first
    margin: float = 0.1  # between the first and the second
    sticky: float = 0.2  # the least probability of an expert that had the turn before
    beside: float = 0.3  # the least probability of a further one
    most: int = 1  # experts that are chosen at most
    at_all: int = 10  # with those that they require, and those that the request includes


@dataclass(frozen=True)
class Chosen:
    """Experts with their scales and probabilities, the first first; none for the base."""

    experts: Sequence[tuple[str, float, float]]
    reason: str


def choose(
    probabilities: Mapping[str, float],
    entries: Mapping[str, Entry],
    policy: Policy,
    before: str | None = None,
    included: Sequence[str] = (),
) -> Chosen:
    """Of the experts that are there, `entries`, beside those that are `included`; what is probable for others is the
    base's.

    `before` is the expert that the turn before was for, if any.
    """
    served = {name: p for name, p in probabilities.items() if name in entries and name not in included}
    ranked = sorted(served.items(), key=lambda item: -item[1])
    if not ranked or policy.most < 1:
        return Chosen((), "no expert may be chosen" if entries else "there is no expert")
    (first, p), second = ranked[0], ranked[1][1] if len(ranked) > 1 else 0.0
    base = max(0.0, 1 - sum(served.values()))
    if p >= policy.threshold and p - max(second, base) >= policy.margin:
        reason = f"{first} {p:.2f}"
    elif before == first and p >= policy.sticky:
        reason = f"{first} {p:.2f}, as the turn before"
    elif base >= p:
        return Chosen((), f"base {base:.2f}")
    else:
        return Chosen((), f"unsure: {first} {p:.2f}, base {base:.2f}")
    names = [name for name, each in ranked if name == first or each >= policy.beside][: policy.most]
    together = _together(names, entries, policy.at_all, included)
    if first not in together:
        return Chosen((), f"{first} {p:.2f}, which cannot be had: see its `requires` and `conflicts`")
    experts = [
        (name, _scale(entries[name], served[name] / p if name in names else 1.0), served.get(name, 0.0))
        for name in together
    ]
    return Chosen(experts, reason)


def _together(names: Sequence[str], entries: Mapping[str, Entry], most: int, included: Sequence[str]) -> list[str]:
    """Those of the names, in order, that go with all before them; each with what it requires."""
    made = list(included)
    for name in names:
        with_it = _required(name, entries)
        joined = [*made, *(each for each in with_it or () if each not in made)]
        if with_it and len(joined) <= most and not _conflict(joined, entries):
            made = joined
    return made[len(included) :]


def _required(name: str, entries: Mapping[str, Entry]) -> list[str] | None:
    """The expert and all that it cannot do without; None where one of these is not there."""
    found, open_ = [], [name]
    while open_:
        each = open_.pop(0)
        entry = entries.get(each)
        if entry is None or entry.manifest is None:
            return None
        if each not in found:
            found.append(each)
            open_ += entry.manifest.requires
    return found


def _conflict(names: Sequence[str], entries: Mapping[str, Entry]) -> bool:
    together = set(names)
    return any(together & set(manifest.conflicts) - {name} for name in names if (manifest := entries[name].manifest))


def _scale(entry: Entry, share: float) -> float:
    """In hundredths; a soft prompt takes none."""
    return 1.0 if entry.is_soft_prompt else max(0.01, round(share, 2))


def told(probabilities: Mapping[str, float], entries: Collection[str], most: int = 5) -> dict[str, float]:
    """The highest of the experts that are there, and the base's with all others', for people to read."""
    served = {name: p for name, p in probabilities.items() if name in entries}
    ranked = sorted(served.items(), key=lambda item: -item[1])[:most]
    shown = dict(ranked) | {BASE: max(0.0, 1 - sum(served.values()))}
    return {name: round(p, 4) for name, p in sorted(shown.items(), key=lambda item: -item[1])}
