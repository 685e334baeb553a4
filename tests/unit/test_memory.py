"""MemoryBudget: how much of the process's memory is too much."""

from __future__ import annotations

import mmap

import psutil
import pytest

from expertd.engine.memory import NEAR, MemoryBudget


def test_without_a_budget_nothing_is_too_much():
    assert MemoryBudget(0).excess() == 0


def test_far_below_the_budget_nothing_is_too_much():
    assert MemoryBudget(100 * psutil.Process().memory_info().rss).excess() == 0


def test_what_is_taken_and_given_back_is_noticed():
    budget = MemoryBudget(int(psutil.Process().memory_info().rss / NEAR / 2))
    before, size = budget.excess(), 64 << 20
    block = mmap.mmap(-1, size)  # not malloc's: that may hand out what is resident already
    block.write(b"\1" * size)
    assert budget.excess() - before == pytest.approx(size, rel=0.1)
    block.close()
    assert budget.excess() - before < size / 10
