"""Which arrays stay in memory under a budget, and which are let go."""

import threading

import numpy as np

from expertd.experts.residents import Residents
from expertd.experts.tensors import LowRank, Weights, freeze


def expert(seed: int) -> Weights:
    """1,000 bytes."""
    array = np.full((1, 125), seed, np.float32)
    return freeze(Weights({"w": LowRank(array, array.copy().T)}), activation="answer", offset=1)


HASHES = [expert(seed).content_hash for seed in range(6)]


def filled(budget: int, *seeds: int) -> Residents:
    residents = Residents(budget)
    for seed in seeds:
        residents.add(expert(seed))
    return residents


def held(residents: Residents) -> list[int]:
    """Which are there, without using them."""
    return [seed for seed, content_hash in enumerate(HASHES) if content_hash in residents._living]


def test_the_least_recently_used_makes_room() -> None:
    residents = filled(2000, 0, 1)
    residents.get(HASHES[0])
    residents.add(expert(2))
    assert held(residents) == [0, 2]
    assert (residents.nbytes, residents.count, residents.drops) == (2000, 2, 1)
    assert residents.get(HASHES[1]) is None


def test_without_a_limit_nothing_is_dropped() -> None:
    residents = filled(0, *range(6))
    assert (held(residents), residents.drops) == ([0, 1, 2, 3, 4, 5], 0)


def test_memory_is_given_back_where_somebody_else_needs_it() -> None:
    residents = filled(0, 0, 1, 2)
    residents.add(expert(3), pinned=True)
    used = residents.get(HASHES[0])
    assert residents.shrink(1500) == 2000
    assert held(residents) == [0, 3]
    assert residents.shrink(1500) == 0  # in use, or pinned
    del used
    assert (held(residents), residents.drops) == ([3], 3)


def test_what_is_in_use_stays_while_there_is_another_to_drop() -> None:
    residents = filled(2000, 0, 1)
    used = residents.get(HASHES[0])
    residents.get(HASHES[1])
    residents.add(expert(2))
    assert held(residents) == [0, 2]
    del used
    assert held(residents) == [0, 2]  # its use ended, and there is room for it


def test_what_is_in_use_beyond_the_budget_counts_and_goes_with_its_use() -> None:
    residents = filled(2000)
    used = [residents.add(expert(seed)) for seed in range(4)]
    assert held(residents) == [0, 1, 2, 3]
    assert residents.nbytes == 4000
    assert residents.get(HASHES[3]) is used[3]
    used.clear()
    assert residents.nbytes == 2000
    assert held(residents) == [2, 3]


def test_what_was_let_go_in_use_is_kept_again_when_it_is_asked_for_again() -> None:
    residents = filled(1000)
    first, second = residents.add(expert(0)), residents.add(expert(1))
    assert residents.get(HASHES[0]) is first
    del first, second
    assert held(residents) == [0]


def test_what_is_pinned_stays_even_beyond_the_budget() -> None:
    residents = Residents(1000)
    for seed in (0, 1):
        residents.add(expert(seed), pinned=True)
    residents.add(expert(2))
    assert held(residents) == [0, 1]
    residents.keep_only(HASHES[1:], HASHES[1:2])
    residents.add(expert(3))
    assert held(residents) == [1]


def test_of_one_content_there_is_one_copy() -> None:
    residents = Residents(5000)
    first = residents.add(expert(0))
    assert residents.add(expert(0)) is first
    assert residents.nbytes == 1000


def test_many_threads_at_once_keep_to_the_budget() -> None:
    residents, wrong = Residents(2000), []

    def work(shift: int) -> None:
        for i in range(500):
            seed = (i * shift) % 6
            weights = residents.get(HASHES[seed]) or residents.add(expert(seed))
            if weights.content_hash != HASHES[seed]:
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(shift,)) for shift in (1, 2, 3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del threads
    residents.get(HASHES[0])
    assert not wrong
    assert residents.nbytes <= 2000


def test_what_memory_holds_can_be_asked_while_other_threads_add() -> None:
    residents, stop, wrong = filled(0, *range(6)), threading.Event(), []

    def ask() -> None:
        try:
            while not stop.is_set():
                assert residents.nbytes % 1000 == 0
                assert residents.count >= 6
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seed in range(6, 3000):
        residents.add(expert(seed))
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert (residents.nbytes, residents.count) == (3_000_000, 3000)
