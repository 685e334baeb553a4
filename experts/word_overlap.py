"""How alike two short texts are by their words: the F1 of their stems, for texts that can be put in many ways."""

from __future__ import annotations

from collections import Counter


def f1(got: Counter[str], wanted: Counter[str]) -> float:
    both = sum((got & wanted).values())
    return 2 * both / (sum(got.values()) + sum(wanted.values())) if both else 0.0


def stem(word: str) -> str:
    """A light one: plurals and forms of verbs become one."""
    for ending, least in (("ies", 5), ("ied", 5), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    word = word[:-1] if len(word) > 3 and word[-1] in "ey" else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word
