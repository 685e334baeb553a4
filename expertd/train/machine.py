"""What a training may use of the computer that it runs on."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import torch

from expertd.errors import TrainingRefused


@dataclass(frozen=True)
class Machine:
    """What a training may use. Nothing here changes the result, but by rounding: see `answer_only.Prompts`."""

    threads: int = 1
    device: str = "cpu"
    kv_memory: int = 2 << 30  # bytes
    kv_disk: int = 0


def choose_device(asked: str) -> str:
    """`cpu` or `cuda`, of `auto` the latter where there is one. Raises `TrainingRefused` where there is none."""
    found = torch.cuda.is_available()
    if asked == "cuda" and not found:
        raise TrainingRefused("torch sees no GPU here. Give --device cpu, or install a torch with CUDA.")
    return ("cuda" if found else "cpu") if asked == "auto" else asked


def share_freed_memory() -> None:
    """One heap for all threads, kept for the next step.

    With one for each, glibc has 300 MB more in use after every step; given back to the system, its pages are made anew
    in the next one, a tenth of the time.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(-8, 1)  # M_ARENA_MAX
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
