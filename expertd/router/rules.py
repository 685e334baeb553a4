"""What a request says outright: a gap to fill, tools to call, the form of the answer; and the words of a manifest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from expertd.experts.store import Entry
from expertd.router.asked import Asked

MOST = 100  # keywords of one expert that are looked for
_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+#-]{1,20})", re.M)
_FILE = re.compile(r"[\w-](\.[A-Za-z0-9]{1,8})\b")


@dataclass(frozen=True)
class Ruling:
    """The expert that a rule names, None for the base, and which rule it was."""

    expert: str | None
    reason: str


def rule(asked: Asked, entries: Sequence[Entry]) -> Ruling | None:
    """The decision where the request leaves nothing to weigh."""
    if asked.has_gap:
        fillers = [entry.name for entry in entries if entry.manifest and entry.manifest.fim]
        return Ruling(fillers[0], "a gap to fill") if fillers else Ruling(None, "nobody fills gaps")
    if asked.is_raw:
        return Ruling(None, "a text to go on with")
    if asked.has_tools:
        return Ruling(None, "tools, which experts do not call")
    if asked.is_empty:
        return Ruling(None, "nothing to look at")
    if asked.form:
        named = [entry.name for entry in entries if entry.manifest and asked.form in entry.manifest.routing.keywords]
        if len(named) == 1:
            return Ruling(named[0], f"the answer's form, {asked.form}")
    return None


def keyword_scores(text: str, entries: Sequence[Entry]) -> dict[str, float]:
    """Of each expert of whose words the text has some, 0 to 1: half for one, more for more.

    A file type counts where a file's name ends so, or a fence is opened so.
    """
    text = text.lower()
    types = {kind.lower() for kind in _FILE.findall(text)} | {f".{kind}" for kind in _FENCE.findall(text)}
    scores = {}
    for entry in entries:
        assert entry.manifest  # it is served
        routing = entry.manifest.routing
        hits = sum(_has(text, word.lower()) for word in routing.keywords[:MOST])
        hits += len(types & {kind.lower() for kind in routing.file_types})
        if hits:
            scores[entry.name] = hits / (hits + 1)
    return scores


def _has(text: str, word: str) -> bool:
    """Whether it stands there as a word of its own, where it begins or ends as words do."""
    if not word.strip() or word not in text:
        return False
    begin = r"\b" if word[0].isalnum() else ""
    end = r"\b" if word[-1].isalnum() else ""
    return re.search(begin + re.escape(word) + end, text) is not None
