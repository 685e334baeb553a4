"""MemoryBudget: how much of the process's memory is too much."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from expertd.engine.memory import MemoryBudget

SIZE = 64 << 20
TAKEN_AND_GIVEN_BACK = f"""
import mmap, psutil
from expertd.engine.memory import NEAR, MemoryBudget
budget = MemoryBudget(int(psutil.Process().memory_info().rss / NEAR / 2))
text, before = b"\1" * {SIZE}, budget.excess()
block = mmap.mmap(-1, {SIZE})  # not malloc's: that may hand out what is resident already
block.write(text)
taken = budget.excess() - before
block.close()
print(taken, budget.excess() - before)
"""


def test_without_a_budget_nothing_is_too_much():
    assert MemoryBudget(0).excess() == 0


def test_far_below_the_budget_nothing_is_too_much():
    assert MemoryBudget(100 * psutil.Process().memory_info().rss).excess() == 0


def test_what_is_taken_and_given_back_is_noticed():
    # A process of its own: in this one other tests' threads come and go.
    done = subprocess.run([sys.executable, "-c", TAKEN_AND_GIVEN_BACK], capture_output=True, text=True, check=True)
    taken, left = map(int, done.stdout.split())
    assert taken == pytest.approx(SIZE, rel=0.1)
    assert left < SIZE / 10
