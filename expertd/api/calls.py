"""The text of an answer taken apart into content and calls, as it comes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from expertd.engine.text import overlap
from expertd.grammar.tools import AFTER_ARGUMENTS, BEFORE_ARGUMENTS, OPEN


@dataclass
class Call:
    """A call of a tool, of which more arguments may come."""

    name: str
    arguments: str = ""
    id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}")


@dataclass(frozen=True)
class Part:
    """What more came of an answer: content, or arguments of call number `index`, whose first part `begins` it."""

    text: str
    index: int | None = None
    begins: bool = False


class CallParser:
    """Takes an answer apart that follows the grammar of calls."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.whole = True  # whether the last call has its end
        self._held = ""  # not given out yet
        self._inside = False  # a pair of tags

    def push(self, text: str) -> Iterator[Part]:
        """What became final with this text."""
        self._held += text
        while (part := self._next()) is not None:
            if part.text or part.begins:
                yield part

    def flush(self) -> Iterator[Part]:
        """What is still held back at the end of the answer: text, or the last brace of a call that was cut."""
        held, self._held = self._held, ""
        if not self._inside and not self.calls and held:
            yield Part(held)
        if not self.whole and held and not _is_json(self.calls[-1].arguments):
            yield self._argued("}")

    def _next(self) -> Part | None:
        """The next part of what is held; None where more text is needed."""
        if not self._inside:
            return self._outside()
        if self.whole:
            return self._begun()
        return self._arguments()

    def _outside(self) -> Part | None:
        before, tag, after = self._held.partition(OPEN)
        if tag:
            self._inside, self._held = True, after
            # Between two calls, and between the text and the first, blanks are the format's.
            return Part("" if self.calls else before.rstrip())
        kept = before[: len(before) - overlap(before, OPEN)].rstrip()
        if self.calls or not kept:
            return None
        self._held = before[len(kept) :]
        return Part(kept)

    def _begun(self) -> Part | None:
        found = BEFORE_ARGUMENTS.match(self._held)
        if not found:
            return None
        self.calls.append(Call(found["name"]))
        self.whole, self._held = False, self._held[found.end() :]
        return Part("", len(self.calls) - 1, begins=True)

    def _arguments(self) -> Part | None:
        # It cannot stand within the arguments: in JSON text, the end of a line is written as an escape.
        before, end, after = self._held.partition(AFTER_ARGUMENTS)
        if end:
            self.whole, self._inside, self._held = True, False, after
            return self._argued(before)
        ready = len(before) - overlap(before, AFTER_ARGUMENTS)
        if not ready:
            return None
        self._held = before[ready:]
        return self._argued(before[:ready])

    def _argued(self, text: str) -> Part:
        self.calls[-1].arguments += text
        return Part(text, len(self.calls) - 1)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
