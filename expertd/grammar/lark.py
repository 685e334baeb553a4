"""Parts of grammars in llguidance's Lark dialect: terminals, and conditions on the state that rules carry."""

from __future__ import annotations

import re
from collections.abc import Iterable


def field(bits: tuple[int, int]) -> str:
    """Some bits of the state."""
    return f"[{bits[0]}:{bits[1]}]"


def every(conditions: Iterable[str]) -> str:
    """That all hold."""
    given = list(conditions)
    if not given:
        return "true"
    text = given[-1]
    for condition in reversed(given[:-1]):
        text = f"and({condition}, {text})"
    return text


def either(conditions: Iterable[str]) -> str:
    """That one of them holds; there must be one."""
    given = list(conditions)
    text = given[-1]
    for condition in reversed(given[:-1]):
        text = f"or({condition}, {text})"
    return text


def any_of(names: Iterable[str], before: str = "") -> str:
    """A terminal: one of the names, with `before` in front of it."""
    choices = "|".join(re.escape(name) for name in names)
    return "/" + (re.escape(before) + f"({choices})").replace(r"\ ", " ").replace("/", r"\/") + "/"
