"""Activated LoRA: where in a prompt an expert that waits for certain tokens becomes active."""

from __future__ import annotations

from collections.abc import Sequence

MAX_INVOCATION = 256  # tokens that such an expert may wait for


def invoked_at(invocation: Sequence[int], prompt: Sequence[int]) -> int | None:
    """How many tokens of the prompt's end begin with the last occurrence of `invocation`; None: it does not occur."""
    wanted, length = tuple(invocation), len(invocation)
    for start in range(len(prompt) - length, -1, -1):
        if prompt[start] == wanted[0] and tuple(prompt[start : start + length]) == wanted:
            return len(prompt) - start
    return None
