"""A blend: the experts of one request with their scales, and how a model name spells it."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from functools import cached_property

from expertd.errors import InvalidRequest, UnknownModel
from expertd.experts.manifest import MAX_SCALE, RESERVED, is_name

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One expert of a blend. `scale` is the whole factor: the request's times the manifest's."""

    name: str
    content_hash: str
    scale: float
    offset: int | None = None  # tokens of the prompt's end that see it; None: every token does


@dataclass(frozen=True)
class Blend:
    """base + sum of scale x delta, of the parts that a token sees."""

    parts: tuple[Part, ...]

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:  # every step looks blends up, and to hash the parts' strings takes microseconds
        return hash(self.parts)

    @cached_property
    def key(self) -> str:
        """Equal for equal content and scales, whatever the names and the order: what cached tokens are filed under."""
        parts = sorted((part.content_hash, part.scale.hex()) for part in self.parts)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


BASE = Blend(())


def parse_model(name: str, most: int) -> list[tuple[str, float]]:
    """The experts that a `model` names, at most `most`, with their scales; none for "base" and "auto".

    Only the spelling is read here. Raises `InvalidRequest`, or `UnknownModel` for what cannot be a name.
    """
    if name in RESERVED:
        return []
    if not name:
        raise _invalid("model is empty: give `base`, an expert, or a blend such as `sql:0.8+json:0.2`")
    texts = name.split("+", most)
    if len(texts) > most:
        raise _invalid(f"model blends more than {most} experts: name fewer, or raise `max_experts`")
    parts = [_parse_part(text) for text in texts]
    names = [part for part, _ in parts]
    if twice := next((part for part in names if names.count(part) > 1), None):
        raise _invalid(f"model names {twice!r} twice: name it once, with the sum of the scales")
    return parts


def _parse_part(text: str) -> tuple[str, float]:
    name, colon, number = text.partition(":")
    if name in RESERVED:
        raise _invalid(f"{name!r} stands alone in model: it takes no scale and joins no blend")
    if not name:
        raise _invalid("model has a part without a name: a blend is spelled `sql:0.8+json:0.2`")
    if not is_name(name):
        raise UnknownModel(
            f"there is no model {_short(name)}: a name is made of a-z, 0-9 and -, and a blend is spelled "
            "`sql:0.8+json:0.2`. GET /v1/models lists what is served.",
            param="model",
        )
    return name, _parse_scale(name, number) if colon else 1.0


def _parse_scale(name: str, number: str) -> float:
    if not _NUMBER.fullmatch(number):
        raise _invalid(f"the scale of {name!r} in model is no number: {_short(number)}")
    scale = float(number)
    if not math.isfinite(scale) or abs(scale) > MAX_SCALE:
        raise _invalid(f"the scale of {name!r} in model is {number[:20]}: it must lie between -4 and 4")
    return scale


def _short(text: str) -> str:
    return repr(text if len(text) <= 64 else text[:64] + "...")


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="model")
