"""A text with a gap, as the tokens that ask for what belongs into it."""

from __future__ import annotations

from expertd.engine.base import Base
from expertd.errors import InvalidRequest
from expertd.experts.manifest import FillIn


def fill_in(base: Base, markers: FillIn, prefix: str, suffix: str, opens: str = "") -> list[int]:
    """Tokens of the prompt for the middle between `prefix` and `suffix`, in which neither can act as a control token.

    `opens` is the end of `prefix` that is left to the answer: see `opening`.

    With the order `suffix-first` the prefix stands at the end, so that the answer goes on from it as any text goes on
    ("SPM", its second variant in arXiv:2207.14255), and what was computed stays of use while somebody types.

    Raises `InvalidRequest` where a marker is no single control token of `base`.
    """
    if markers.order == "suffix-first":
        return [
            _marker(base, "prefix", markers.prefix),
            _marker(base, "suffix", markers.suffix),
            *base.tokenize(suffix),
            _marker(base, "middle", markers.middle),
            *base.tokenize(prefix.removesuffix(opens)),
        ]
    return [
        _marker(base, "prefix", markers.prefix),
        *base.tokenize(prefix),
        _marker(base, "suffix", markers.suffix),
        *base.tokenize(suffix),
        _marker(base, "middle", markers.middle),
    ]


def opening(markers: FillIn, prefix: str) -> str:
    """What the answer begins with and the caller has already: the last space of `prefix`, or nothing.

    Tokens of words begin with their space, so after a token that is a space alone a model has seen next to nothing.
    """
    return " " if markers.order == "suffix-first" and prefix.endswith(" ") else ""


def _marker(base: Base, name: str, text: str) -> int:
    tokens = base.tokenize(text, parse_special=True)
    # A token that is no control token could be forged by the text around the gap.
    if len(tokens) != 1 or not base.is_control(tokens[0]):
        raise InvalidRequest(
            f"fim.{name} {text[:40]!r} is no control token of this base, so nothing can be filled in. "
            "Name one of its own in expert.toml, or serve the base that it was trained on.",
            param="suffix",
        )
    return tokens[0]
