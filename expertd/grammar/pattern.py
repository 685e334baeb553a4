"""Regular expressions of JSON schemas: what Rust's, Python's and ECMA 262's read alike, so that validators agree."""

from __future__ import annotations

import re

from expertd.errors import InvalidRequest

_ESCAPE = r"""\\(?: [nrtfdwsS] | [\\\]\[^/.*+?(){}|$"'@:,;!#%&=~_ -]
    | u(?!00[01])[\da-fA-F]{4} | x(?![01]|7f)[\da-fA-F]{2} )"""
# Where anchors may stand is llguidance's to check.
_PIECE = re.compile(
    rf"""
      {_ESCAPE}
    | \[ (?: \^(?!\]) | (?![\]^]) )  # a class
        (?: (?!\\[dwsS]-[^\]]) {_ESCAPE} | (?!&&|--|~~) [^\]\[\\\x00-\x08\x0b\x0e-\x1f\x7f] )+ \]
    | \( (?: \?: | (?!\?) )
    | (?: [*+?] | \{{[0-9]+(?:,[0-9]*)?\}} ) \?? (?![*+?{{])
    | [^\\\[({{*+?\x00-\x08\x0b\x0e-\x1f\x7f]
    """,
    re.VERBOSE | re.ASCII,
)
_WIDER = re.compile(r"\\[dw]")  # ASCII in ECMA's and here, of all scripts in Python's


def read_alike(pattern: str) -> str:
    """As llguidance enforces it. Raises `InvalidRequest`, whose message says what it may not have."""
    pieces = _pieces(pattern)
    if any(piece.startswith("[^") and _WIDER.search(piece) for piece in pieces):
        raise InvalidRequest(r"`\d` and `\w` in a negated class are not read alike everywhere: write [^0-9]")
    return "".join(_without_controls(piece) if piece.startswith("[^") else piece for piece in pieces)


def of_names(pattern: str) -> tuple[str, str | None]:
    """Of a pattern that decides what a name's value is: itself, and the pattern of names that must not come.

    Python's `$` is before a last line break too, and nobody else's.
    """
    if _WIDER.search(pattern):
        raise InvalidRequest(r"`\d` and `\w` are not read alike everywhere: write [0-9]")
    pieces = _pieces(pattern)
    broken = "".join(r"\n$" if piece == "$" else piece for piece in pieces)
    return read_alike(pattern), read_alike(broken) if "$" in pieces else None


def _pieces(pattern: str) -> list[str]:
    pieces, at = list[str](), 0
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            rest = pattern[at : at + 20]
            raise InvalidRequest(f"in the pattern, what stands at {rest!r} is not read alike by everybody")
        pieces.append(piece[0])
        at = piece.end()
    return pieces


def _without_controls(negated: str) -> str:
    """A class without the characters that are not written: with them, llguidance lets an escaped quote into it."""
    body = re.sub("^-", r"\\-", negated[2:-1])
    return rf"[^\x00-\x07\x0b\x0e-\x1f\x7f{body}]"
