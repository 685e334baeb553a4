"""Tokens as text, piece by piece: whole UTF-8 characters only, and nothing of a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence


class TextStream:
    """Turns the tokens of one answer into text that may be sent, holding back what could begin a stop string."""

    def __init__(self, piece: Callable[[int], bytes], stop: Sequence[str], opens: str = "") -> None:
        """Where the text begins with `opens`, one character, that is left out."""
        self._piece = piece
        self._stop = tuple(stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._opens = opens
        self._held = ""
        self.stopped = False

    def push(self, token: int) -> str:
        """Text that became final with this token; `stopped` is set when a stop string is complete."""
        return self._advance(self._decoder.decode(self._piece(token)))

    def flush(self) -> str:
        """What is still held back at the end of the answer."""
        text = self._advance(self._decoder.decode(b"", final=True))
        if self.stopped:
            return text
        text, self._held = text + self._held, ""
        return text

    def _advance(self, new: str) -> str:
        if self.stopped:
            return ""
        if new:
            new, self._opens = new.removeprefix(self._opens), ""
        text = self._held + new
        if not self._stop:
            return text
        found = min((at for at in (text.find(stop) for stop in self._stop) if at >= 0), default=-1)
        if found >= 0:
            self.stopped, self._held = True, ""
            return text[:found]
        keep = max(overlap(text, stop) for stop in self._stop)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
