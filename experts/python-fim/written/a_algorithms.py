"""Searching, sorting, and other algorithms."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

T = TypeVar("T")


def binary_search(values: Sequence[int], target: int) -> int:
    """Return the index of the target in sorted values, or -1."""
    low, high = 0, len(values) - 1
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == target:
            return middle
        if values[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def insertion_sort(values: list[int]) -> None:
    """Sort a list in place by insertion."""
    for i in range(1, len(values)):
        value = values[i]
        j = i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value


def merge_sort(values: list[int]) -> list[int]:
    """Return the values sorted by merging halves."""
    if len(values) <= 1:
        return values
    middle = len(values) // 2
    left, right = merge_sort(values[:middle]), merge_sort(values[middle:])
    return list(heapq.merge(left, right))


def quick_sort(values: list[int]) -> list[int]:
    """Return the values sorted around a random pivot."""
    if len(values) <= 1:
        return values
    pivot = random.choice(values)
    smaller = [value for value in values if value < pivot]
    equal = [value for value in values if value == pivot]
    larger = [value for value in values if value > pivot]
    return quick_sort(smaller) + equal + quick_sort(larger)


def counting_sort(values: list[int]) -> list[int]:
    """Return small non-negative integers sorted by counting."""
    if not values:
        return []
    counts = [0] * (max(values) + 1)
    for value in values:
        counts[value] += 1
    result = []
    for value, count in enumerate(counts):
        result.extend([value] * count)
    return result


def topological_order(requires: dict[str, set[str]]) -> list[str]:
    """Return tasks so that each comes after the ones it requires.

    Raises:
        ValueError: If the tasks require each other in a circle.
    """
    waiting = {task: set(needed) for task, needed in requires.items()}
    order = []
    while waiting:
        ready = sorted(task for task, needed in waiting.items() if not needed)
        if not ready:
            raise ValueError("circular requirements")
        order.extend(ready)
        for task in ready:
            del waiting[task]
        for needed in waiting.values():
            needed.difference_update(ready)
    return order


def knapsack(weights: list[int], values: list[int], capacity: int) -> int:
    """Return the greatest value that fits into the capacity."""
    best = [0] * (capacity + 1)
    for weight, value in zip(weights, values, strict=True):
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[capacity]


def longest_common_subsequence(first: str, second: str) -> str:
    """Return the longest subsequence that two texts share."""

    @cache
    def solve(i: int, j: int) -> str:
        if i == len(first) or j == len(second):
            return ""
        if first[i] == second[j]:
            return first[i] + solve(i + 1, j + 1)
        return max(solve(i + 1, j), solve(i, j + 1), key=len)

    return solve(0, 0)


def max_subarray(values: list[int]) -> int:
    """Return the greatest sum of neighbouring values."""
    best = current = values[0]
    for value in values[1:]:
        current = max(value, current + value)
        best = max(best, current)
    return best


def permutations(items: list[T]) -> list[list[T]]:
    """Return all orders of the items."""
    if not items:
        return [[]]
    result = []
    for i, item in enumerate(items):
        rest = items[:i] + items[i + 1 :]
        result.extend([item, *order] for order in permutations(rest))
    return result


def subsets(items: list[T]) -> list[list[T]]:
    """Return all subsets of the items, the empty one first."""
    result: list[list[T]] = [[]]
    for item in items:
        result += [[*subset, item] for subset in result]
    return result


def queens(size: int) -> list[list[int]]:
    """Return all ways to place queens so that none attacks another."""
    solutions: list[list[int]] = []

    def place(columns: list[int]) -> None:
        row = len(columns)
        if row == size:
            solutions.append(columns)
            return
        for column in range(size):
            if all(column != c and abs(column - c) != row - r for r, c in enumerate(columns)):
                place([*columns, column])

    place([])
    return solutions


def bisect_root(function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-9) -> float:
    """Return a root of the function between low and high."""
    if function(low) * function(high) > 0:
        raise ValueError("no change of sign")
    while high - low > tolerance:
        middle = (low + high) / 2
        if function(low) * function(middle) <= 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def newton_sqrt(value: float, tolerance: float = 1e-12) -> float:
    """Return the square root of a value by Newton's method."""
    if value < 0:
        raise ValueError("negative value")
    guess = value or 1.0
    while abs(guess * guess - value) > tolerance * max(value, 1.0):
        guess = (guess + value / guess) / 2
    return guess


def k_smallest(values: list[float], k: int) -> list[float]:
    """Return the k smallest values with a bounded heap."""
    heap: list[float] = []
    for value in values:
        if len(heap) < k:
            heapq.heappush(heap, -value)
        elif value < -heap[0]:
            heapq.heapreplace(heap, -value)
    return sorted(-value for value in heap)


def weighted_choice(weights: dict[str, float], rng: random.Random) -> str:
    """Choose a key at random, by weight."""
    point = rng.random() * sum(weights.values())
    for key, weight in weights.items():
        point -= weight
        if point <= 0:
            return key
    return key


def reservoir_sample(stream: Sequence[T], size: int, rng: random.Random) -> list[T]:
    """Choose so many items from a stream of unknown length."""
    sample: list[T] = []
    for seen, item in enumerate(stream):
        if len(sample) < size:
            sample.append(item)
            continue
        place = rng.randrange(seen + 1)
        if place < size:
            sample[place] = item
    return sample


def shuffle(items: list[T], rng: random.Random) -> None:
    """Shuffle a list in place, every order equally likely."""
    for i in range(len(items) - 1, 0, -1):
        j = rng.randint(0, i)
        items[i], items[j] = items[j], items[i]


def schedule_meetings(meetings: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Choose as many meetings as possible that do not overlap."""
    chosen = []
    free_from = -math.inf
    for start, end in sorted(meetings, key=lambda meeting: meeting[1]):
        if start >= free_from:
            chosen.append((start, end))
            free_from = end
    return chosen


def rooms_needed(meetings: list[tuple[int, int]]) -> int:
    """Return how many rooms are needed to hold all meetings."""
    rooms: list[int] = []
    for start, end in sorted(meetings):
        if rooms and rooms[0] <= start:
            heapq.heapreplace(rooms, end)
        else:
            heapq.heappush(rooms, end)
    return len(rooms)


def flood_fill(grid: list[list[str]], row: int, column: int, color: str) -> int:
    """Fill an area of one color with another and return its size."""
    old = grid[row][column]
    if old == color:
        return 0
    stack = [(row, column)]
    filled = 0
    while stack:
        r, c = stack.pop()
        if 0 <= r < len(grid) and 0 <= c < len(grid[0]) and grid[r][c] == old:
            grid[r][c] = color
            filled += 1
            stack += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
    return filled
