"""From probabilities to a decision: which experts, with which scales, and why; or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Chosen:
    """Experts with their scales and probabilities, the first first; none for the base."""

    experts: Sequence[tuple[str, float, float]]
    reason: str


def choose(
    probabilities: Mapping[str, float], entries: Mapping[str, Entry], policy: Policy, before: str | None = None
) -> Chosen:
    """Of the experts that are there, `entries`; what is probable for others is the base's.

    `before` is the expert that the turn before was for, if any.
    """
    served = {name: p for name, p in probabilities.items() if name in entries}
    ranked = sorted(served.items(), key=lambda item: -item[1])
    if not ranked or policy.most < 1:
        return Chosen((), "no expert may be chosen" if entries else "there is no expert")
    (first, p), second = ranked[0], ranked[1][1] if len(ranked) > 1 else 0.0
    base = 1 - sum(served.values())
    if p >= policy.threshold and p - max(second, base) >= policy.margin:
        reason = f"{first} {p:.2f}"
    elif before in served and served[before] >= policy.sticky and before == first:
        reason = f"{first} {p:.2f}, as the turn before"
    elif base >= p:
        return Chosen((), f"base {base:.2f}")
    else:
        return Chosen((), f"unsure: {first} {p:.2f}, base {base:.2f}")
    names = [name for name, each in ranked if name == first or each >= policy.beside][: policy.most]
    together = _together(names, entries, policy.most)
    if not together:
        return Chosen((), f"{first} {p:.2f}, which requires what is not there")
    experts = [(name, _scale(entries[name], served.get(name, 0.0) / p), served.get(name, 0.0)) for name in together]
    return Chosen(experts, reason)


def _together(names: Sequence[str], entries: Mapping[str, Entry], most: int) -> list[str]:
    """Those of the names, in order, that go with all before them; each with what it requires."""
    made: list[str] = []
    for name in names:
        with_it = _required(name, entries)
        if with_it is None:
            continue
        joined = [*made, *(each for each in with_it if each not in made)]
        if not _conflict(joined, entries) and (len(joined) <= max(most, len(with_it))):
            made = joined
    return made


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
    """In hundredths; a soft prompt takes no scale, and what is only required has none of its own."""
    return 1.0 if entry.is_soft_prompt or not share else round(share, 2)


def told(probabilities: Mapping[str, float], most: int = 5) -> dict[str, float]:
    """The highest, for people to read; the base is always among them."""
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    shown = dict(ranked[:most]) | {BASE: probabilities.get(BASE, 0.0)}
    return {name: round(p, 4) for name, p in shown.items()}
