"""PrefixCache: which kept sequence a prompt may go on from."""

from __future__ import annotations

import numpy as np
import pytest

from expertd.engine.prefix_cache import PrefixCache, common_prefix

EXPERT = 1 << 32


def ids(*tokens):
    return np.array(tokens, np.int64)


@pytest.fixture
def cache():
    cache = PrefixCache()
    cache.keep(1, ids(1, 2, 3))
    cache.keep(2, ids(1, 2, 3, 4, 5))
    cache.keep(3, ids(1, 2 | EXPERT, 3 | EXPERT, 9 | EXPERT))
    return cache


@pytest.mark.parametrize(
    ("a", "b", "length"),
    [
        ((), (), 0),
        ((1,), (), 0),
        ((1, 2), (1, 2), 2),
        ((1, 2), (1, 2, 3), 2),
        ((1, 2, 3), (1, 5, 3), 1),
        ((1,), (2,), 0),
    ],
)
def test_the_common_prefix_ends_at_the_first_difference(a, b, length):
    assert common_prefix(ids(*a), ids(*b)) == length


def test_the_longest_common_prefix_is_found(cache):
    assert cache.find(ids(1, 2, 3, 4, 8)) == (2, 4)


def test_nothing_in_common_finds_nothing(cache):
    assert cache.find(ids(7, 1, 2)) == (-1, 0)


def test_the_same_tokens_under_another_blend_are_other_tokens(cache):
    assert cache.find(ids(1, 2 | EXPERT, 3 | EXPERT, 4 | EXPERT)) == (3, 3)
    assert cache.find(ids(1, 2 | (2 << 32), 3))[1] == 1


def test_what_was_used_last_is_evicted_last(cache):
    cache.find(ids(1, 2, 3, 4, 5))
    assert [cache.evict() for _ in range(3)] == [1, 3, 2]


def test_entries_that_a_new_one_covers_are_forgotten(cache):
    assert cache.remove_covered(ids(1, 2, 3, 4, 5, 6)) == [1, 2]
    assert len(cache) == 1


def test_an_entry_that_goes_on_is_not_covered(cache):
    assert cache.remove_covered(ids(1, 2, 3, 4)) == [1]


def test_cells_count_every_entry(cache):
    assert cache.cells == 12
    cache.clear()
    assert (cache.cells, len(cache)) == (0, 0)
