"""PrefixCache: which finished sequence a prompt may go on from, and which are forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from expertd.engine.prefix_cache import PrefixCache, common_prefix

EXPERT = 1 << 32


def ids(*tokens):
    return np.array(tokens, np.int64)


def state(number, size=10):
    return np.full(size, number, np.uint8)


def found(cache, *tokens):
    """The number in the state that was found, and the length in common."""
    entry, length = cache.find(ids(*tokens))
    return (int(entry.state[0]) if entry else None), length


@pytest.fixture
def cache():
    cache = PrefixCache(30)
    cache.keep(ids(1, 2, 3, 9), state(1))
    cache.keep(ids(1, 2, 3, 4, 5), state(2))
    cache.keep(ids(1, 2 | EXPERT, 3 | EXPERT, 9 | EXPERT), state(3))
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
    assert found(cache, 1, 2, 3, 4, 8) == (2, 4)


def test_nothing_in_common_finds_nothing(cache):
    assert found(cache, 7, 1, 2) == (None, 0)


def test_the_same_tokens_under_another_blend_are_other_tokens(cache):
    assert found(cache, 1, 2 | EXPERT, 3 | EXPERT, 4 | EXPERT) == (3, 3)
    assert found(cache, 1, 2 | (2 << 32), 3)[1] == 1


def test_of_several_as_long_the_one_used_last_is_found(cache):
    assert found(cache, 1, 2, 3) == (2, 3)
    cache.touch(cache.find(ids(1, 2, 3, 9))[0])
    assert found(cache, 1, 2, 3) == (1, 3)


def test_over_budget_what_was_used_longest_ago_is_forgotten(cache):
    cache.touch(cache.find(ids(1, 2, 3, 9))[0])
    cache.find(ids(1, 2, 3, 4, 5))  # to look is not to use
    cache.keep(ids(8, 8), state(4))
    assert found(cache, 1, 2, 3, 4, 5)[0] != 2
    assert found(cache, 1, 2, 3, 9) == (1, 4)
    assert (cache.used, len(cache)) == (30, 3)


def test_an_entry_takes_the_place_of_those_that_begin_it(cache):
    cache.keep(ids(1, 2, 3, 4, 5, 6), state(4))
    assert found(cache, 1, 2, 3, 4, 5) == (4, 5)
    assert (cache.used, len(cache)) == (30, 3)


def test_what_an_entry_begins_with_is_not_wanted_again(cache):
    assert not cache.wants(ids(1, 2, 3, 4), 10)
    assert cache.wants(ids(1, 2, 3, 4, 6), 10)


def test_what_is_larger_than_the_budget_is_not_wanted(cache):
    assert cache.wants(ids(5, 6), 30)
    assert not cache.wants(ids(5, 6), 31)
    assert not PrefixCache(0).wants(ids(1), 1)


@pytest.mark.parametrize(
    ("size", "freed", "left"), [(-5, 0, 3), (0, 0, 3), (1, 10, 2), (10, 10, 2), (11, 20, 1), (99, 30, 0)]
)
def test_it_shrinks_by_what_is_asked_as_far_as_entries_go(cache, size, freed, left):
    assert cache.shrink(size) == freed
    assert (len(cache), cache.used, cache.evictions) == (left, 10 * left, 3 - left)
    if left:
        assert found(cache, 1, 2 | EXPERT, 3 | EXPERT)[0] == 3  # used last


def test_evictions_are_what_was_forgotten_for_want_of_room(cache):
    cache.keep(ids(1, 2, 3, 9, 9), state(4))  # in place of what it goes on from
    assert cache.evictions == 0
    cache.keep(ids(8, 8), state(5))
    assert cache.evictions == 1
