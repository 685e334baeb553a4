"""PrefixCache and its tree: which finished sequence a prompt may go on from, and which are forgotten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertd.engine.identity import common_prefix
from expertd.engine.prefix_cache import PrefixCache

EXPERT = 1 << 32


def ids(*tokens):
    return np.array(tokens, np.int64)


def state(number, size=10):
    return np.full(size, number, np.uint8)


def keep(cache, identity, number, size=10):
    """Whether it was saved."""
    saved = []

    def save():
        saved.append(number)
        return state(number, size)

    cache.keep(ids(*identity), size, save)
    return bool(saved)


def found(cache, *tokens):
    """The number in the state that was found, and the length in common."""
    entry, length = cache.find(ids(*tokens))
    return (int(entry.state[0]) if entry else None), length


@pytest.fixture
def cache():
    cache = PrefixCache(30)
    keep(cache, (1, 2, 3, 9), 1)
    keep(cache, (1, 2, 3, 4, 5), 2)
    keep(cache, (1, 2 | EXPERT, 3 | EXPERT, 9 | EXPERT), 3)
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
    keep(cache, (8, 8), 4)
    assert found(cache, 1, 2, 3, 4, 5)[0] != 2
    assert found(cache, 1, 2, 3, 9) == (1, 4)
    assert (cache.used, len(cache)) == (30, 3)


def test_an_entry_takes_the_place_of_those_that_begin_it(cache):
    keep(cache, (1, 2, 3, 4, 5, 6), 4)
    assert found(cache, 1, 2, 3, 4, 5) == (4, 5)
    assert (cache.used, len(cache)) == (30, 3)


def test_what_an_entry_begins_with_is_not_saved_again(cache):
    assert not keep(cache, (1, 2, 3, 4), 7)
    assert keep(cache, (1, 2, 3, 4, 6), 7)


@pytest.mark.parametrize(
    ("size", "freed", "left"), [(-5, 0, 3), (0, 0, 3), (1, 10, 2), (10, 10, 2), (11, 20, 1), (99, 30, 0)]
)
def test_it_shrinks_by_what_is_asked_as_far_as_entries_go(cache, size, freed, left):
    assert cache.shrink(size) == freed
    assert (len(cache), cache.used, cache.evictions) == (left, 10 * left, 3 - left)
    if left:
        assert found(cache, 1, 2 | EXPERT, 3 | EXPERT)[0] == 3  # used last


def test_evictions_are_what_was_forgotten_for_want_of_room(cache):
    keep(cache, (1, 2, 3, 9, 9), 4)  # in place of what it goes on from
    assert cache.evictions == 0
    keep(cache, (8, 8), 5)
    assert cache.evictions == 1


def test_what_is_larger_than_the_budget_is_not_saved(cache):
    assert not keep(cache, (5, 6), 7, 31)
    assert keep(cache, (5, 6), 7, 30)
    assert not keep(PrefixCache(0), (1,), 7, 1)


def test_a_failed_save_changes_nothing(cache):
    def save():
        raise MemoryError

    with pytest.raises(MemoryError):
        cache.keep(ids(1, 2, 7), 10, save)
    assert found(cache, 1, 2, 7)[1] == 2
    assert (cache.used, len(cache)) == (30, 3)


class FlatList:
    """The reference: every entry compared with every prompt, least recently used first."""

    def __init__(self, budget):
        self.budget, self.entries = budget, []

    @property
    def used(self):
        return sum(size for _, _, size in self.entries)

    def keep(self, identity, number, size):
        if size > self.budget or any(entry[: len(identity)] == identity for entry, _, _ in self.entries):
            return
        self.entries = [entry for entry in self.entries if entry[0] != identity[: len(entry[0])]]
        self.entries.append((identity, number, size))
        while self.used > self.budget:
            del self.entries[0]

    def find(self, identity):
        best, length = None, 0
        for entry in self.entries:
            common = common_prefix(ids(*entry[0]), ids(*identity))
            if common and common >= length:
                best, length = entry, common
        return best, length


# Few tokens and blends, so that beginnings are often alike.
identities = st.lists(st.sampled_from([1, 2, 3, 1 | EXPERT, 2 | (2 << 32)]), max_size=8).map(tuple)


@settings(deadline=None)
@given(
    st.integers(0, 60), st.lists(st.tuples(st.sampled_from(["keep", "use", "find"]), identities, st.integers(1, 20)))
)
def test_the_tree_finds_and_forgets_as_a_flat_list_does(budget, operations):
    cache, flat = PrefixCache(budget), FlatList(budget)
    for number, (verb, identity, size) in enumerate(operations):
        if verb == "keep":
            keep(cache, identity, number % 256, size)
            if identity:
                flat.keep(identity, number % 256, size)
        wanted, length = flat.find(identity)
        assert found(cache, *identity) == (wanted[1] if wanted else None, length)
        if verb == "use" and wanted:
            cache.touch(cache.find(ids(*identity))[0])
            flat.entries.append(flat.entries.pop(flat.entries.index(wanted)))
        assert (cache.used, len(cache)) == (flat.used, len(flat.entries))
    for identity, number, size in flat.entries:
        entry, length = cache.find(ids(*identity))
        assert (entry.identity.tolist(), length) == ([*identity], len(identity))
        assert (entry.state == state(number, size)).all()
