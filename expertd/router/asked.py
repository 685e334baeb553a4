"""What the router looks at of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

END = 1500  # characters that are read of either end of a long text, so that no prompt's length costs time


@dataclass(frozen=True)
class Asked:
    """The last user turn, what was said before it, and what else the request says of the answer."""

    text: str
    before: str = ""  # the end of what was said before
    earlier: str = ""  # the user turn before this one
    form: str = ""  # `type` of the `response_format` that the answer must follow
    has_gap: bool = False  # a text with a gap, which its `suffix` follows
    has_tools: bool = False
    is_raw: bool = False  # a text to go on with, and no turn of a conversation

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look at: blanks and control characters alone."""
        return not any(character.isprintable() and not character.isspace() for character in self.text)


def in_conversation(messages: Sequence[tuple[str, str]], *, form: str = "", has_tools: bool = False) -> Asked:
    """The last user turn of (role, text) pairs; what comes after it is an answer that was begun."""
    turns = [i for i, (role, _) in enumerate(messages) if role == "user"]
    if not turns:
        return Asked("")
    last = turns[-1]
    before: list[str] = []
    for _, text in reversed(messages[:last]):
        before.append(text[-END:])
        if sum(map(len, before)) >= END:
            break
    earlier = ends(messages[turns[-2]][1]) if len(turns) > 1 else ""
    said = ends("\n".join(reversed(before))[-END:])
    return Asked(ends(messages[last][1]), said, earlier, form, has_tools=has_tools)


def ends(text: str) -> str:
    """The text, or its head and tail: a request stands before or behind what it is about.

    Half characters, which no tokenizer takes, are replaced.
    """
    short = text if len(text) <= 2 * END else f"{text[:END]}\n{text[-END:]}"
    return short.encode("utf-8", "replace").decode()
