"""The budget for the memory of the whole process."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

NEAR = 0.8  # of the budget: from there on memory is saved


def machine_memory() -> int:
    """Bytes that this process could have at most: the machine's, or its container's."""
    total = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):  # no Linux, no version 2, or "max"
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


class MemoryBudget:
    """Compares what the process holds with what it may hold."""

    def __init__(self, budget: int) -> None:
        """`budget` in bytes; 0: none."""
        self._enough = int(NEAR * budget)
        self._process = psutil.Process()

    def excess(self) -> int:
        """Resident bytes beyond `NEAR` of the budget; 0 without a budget. It takes some microseconds to find out."""
        return max(0, self._process.memory_info().rss - self._enough) if self._enough else 0
