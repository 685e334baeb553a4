"""MemoryBudget: how much of the process's memory is too much."""

from __future__ import annotations

import numpy as np
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
    block = np.ones(size, np.uint8)
    assert budget.excess() - before == pytest.approx(size, rel=0.1)
    del block
    assert budget.excess() - before < size / 10
