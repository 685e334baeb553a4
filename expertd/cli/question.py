"""A question as a shell gives it: words, and what is piped in as context before them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from expertd.errors import InvalidRequest


def piped() -> bytes:
    """What is piped in; nothing where a terminal is."""
    return b"" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read()


def joined(context: str, words: Sequence[str]) -> str:
    """The context, an empty line, and the words; empty where there is neither."""
    return "\n\n".join(part for part in (context.strip("\n"), " ".join(words).strip()) if part)


def check_utf8(text: str, name: str) -> None:
    """Raises `InvalidRequest` for bytes of the command line that are no text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"the {name} is not UTF-8 text: convert it first, e.g. with iconv") from error
