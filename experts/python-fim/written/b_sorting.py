"""Sorting, ranking and searching."""

from __future__ import annotations

from bisect import bisect_left, insort
from functools import cmp_to_key


def bubble_sort(values: list[int]) -> list[int]:
    """Return the values sorted by swapping neighbours.

    >>> bubble_sort([4, 1, 3, 2])
    [1, 2, 3, 4]
    """
    result = values[:]
    end = len(result)
    swapped = True
    while swapped:
        swapped = False
        for i in range(1, end):
            if result[i - 1] > result[i]:
                result[i - 1], result[i] = result[i], result[i - 1]
                swapped = True
        end -= 1
    return result


def selection_sort(values: list[int]) -> None:
    """Sort a list in place by selecting the smallest that is left."""
    for i in range(len(values)):
        smallest = i
        for j in range(i + 1, len(values)):
            if values[j] < values[smallest]:
                smallest = j
        values[i], values[smallest] = values[smallest], values[i]


def shell_sort(values: list[int]) -> None:
    """Sort a list in place by insertion over shrinking gaps."""
    gap = len(values) // 2
    while gap > 0:
        for i in range(gap, len(values)):
            value = values[i]
            j = i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value
        gap //= 2


def radix_sort(values: list[int]) -> list[int]:
    """Return non-negative integers sorted digit by digit.

    >>> radix_sort([170, 45, 75, 802, 2])
    [2, 45, 75, 170, 802]
    """
    place = 1
    highest = max(values, default=0)
    while highest // place > 0:
        buckets = [[] for _ in range(10)]
        for value in values:
            buckets[value // place % 10].append(value)
        values = [value for bucket in buckets for value in bucket]
        place *= 10
    return values


def natural_key(name: str) -> list:
    """Return a key by which file2 sorts before file10.

    >>> sorted(["file10", "file2"], key=natural_key)
    ['file2', 'file10']
    """
    key = []
    digits = ""
    for char in name.lower():
        if char.isdigit():
            digits += char
            continue
        if digits:
            key.append((0, int(digits)))
            digits = ""
        key.append((1, char))
    if digits:
        key.append((0, int(digits)))
    return key


def sort_by_frequency(items: list[str]) -> list[str]:
    """Return the distinct items, the most frequent first, then by name.

    >>> sort_by_frequency(["b", "a", "c", "b"])
    ['b', 'a', 'c']
    """
    counts = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return sorted(counts, key=lambda item: (-counts[item], item))


def largest_joined(numbers: list[int]) -> str:
    """Return the largest number that the given ones can form side by side.

    >>> largest_joined([3, 30, 34])
    '34330'
    """

    def compare(first: str, second: str) -> int:
        if first + second > second + first:
            return -1
        return int(first + second < second + first)

    texts = sorted(map(str, numbers), key=cmp_to_key(compare))
    return "".join(texts).lstrip("0") or "0"


def is_stable(before: list[tuple[int, str]], after: list[tuple[int, str]]) -> bool:
    """Whether sorted pairs kept the order of those with equal first parts.

    >>> is_stable([(2, "a"), (1, "b"), (2, "c")], [(1, "b"), (2, "c"), (2, "a")])
    False
    """
    return after == sorted(before, key=lambda pair: pair[0])


def dense_ranks(scores: list[int]) -> list[int]:
    """Return the rank of each score, equal ones alike and without gaps.

    >>> dense_ranks([50, 80, 80, 20])
    [2, 1, 1, 3]
    """
    order = sorted(set(scores), reverse=True)
    ranks = {score: rank for rank, score in enumerate(order, start=1)}
    return [ranks[score] for score in scores]


def merge_descending(first: list[int], second: list[int]) -> list[int]:
    """Merge two lists that are sorted from high to low.

    >>> merge_descending([9, 4], [7, 5, 1])
    [9, 7, 5, 4, 1]
    """
    merged = []
    i = j = 0
    while i < len(first) and j < len(second):
        if first[i] >= second[j]:
            merged.append(first[i])
            i += 1
        else:
            merged.append(second[j])
            j += 1
    merged.extend(first[i:])
    merged.extend(second[j:])
    return merged


def count_smaller(values: list[int]) -> list[int]:
    """Return for each value how many before it are smaller.

    >>> count_smaller([3, 1, 4, 2])
    [0, 0, 2, 1]
    """
    ordered = []
    result = []
    for value in values:
        result.append(bisect_left(ordered, value))
        insort(ordered, value)
    return result


def find_peak(values: list[int]) -> int:
    """Return the index of the highest value of a list that rises and then falls.

    >>> find_peak([1, 4, 9, 7, 2])
    2
    """
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if values[middle] < values[middle + 1]:
            low = middle + 1
        else:
            high = middle
    return low


def closest_value(ordered: list[int], target: int) -> int:
    """Return the value of a sorted list that is closest to a target, the smaller of two.

    >>> closest_value([1, 4, 9], 7)
    9
    """
    position = bisect_left(ordered, target)
    if position == 0:
        return ordered[0]
    if position == len(ordered):
        return ordered[-1]
    before = ordered[position - 1]
    after = ordered[position]
    return before if target - before <= after - target else after


def partition_colors(flags: list[int]) -> None:
    """Sort a list of zeros, ones and twos in place in one pass."""
    low = i = 0
    high = len(flags) - 1
    while i <= high:
        if flags[i] == 0:
            flags[low], flags[i] = flags[i], flags[low]
            low += 1
            i += 1
        elif flags[i] == 2:
            flags[i], flags[high] = flags[high], flags[i]
            high -= 1
        else:
            i += 1


def move_to_front(items: list[str], wanted: list[str]) -> list[str]:
    """Return the items with the wanted ones first, each part in its old order.

    >>> move_to_front(["a", "b", "c", "d"], ["c", "b"])
    ['b', 'c', 'a', 'd']
    """
    return sorted(items, key=lambda item: item not in wanted)


def sort_versions(versions: list[str]) -> list[str]:
    """Return versions from old to new, compared number by number.

    >>> sort_versions(["1.10.0", "1.2.0", "1.2"])
    ['1.2', '1.2.0', '1.10.0']
    """
    return sorted(versions, key=lambda version: [int(part) for part in version.split(".")])
