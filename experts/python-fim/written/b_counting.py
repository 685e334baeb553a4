"""Counting, voting and simple statistics over everyday data."""

from __future__ import annotations

from collections import Counter, defaultdict


def votes_needed(votes: dict[str, int]) -> int:
    """Return how many more votes the leader needs for more than half of all.

    >>> votes_needed({"a": 4, "b": 3, "c": 3})
    3
    """
    total = sum(votes.values())
    most = max(votes.values())
    missing = 0
    while (most + missing) * 2 <= total + missing:
        missing += 1
    return missing


def first_to(scorers: list[str], goal: int) -> str | None:
    """Return who scores so many times first, or None if nobody does.

    >>> first_to(["ann", "bo", "bo", "ann", "ann"], 3)
    'ann'
    """
    counts = Counter()
    for name in scorers:
        counts[name] += 1
        if counts[name] == goal:
            return name
    return None


def borda(ballots: list[list[str]]) -> dict[str, int]:
    """Return the points of candidates; the last place of a ballot is worth none.

    >>> borda([["a", "b", "c"], ["b", "a", "c"]])
    {'a': 3, 'b': 3, 'c': 0}
    """
    points = {}
    for ballot in ballots:
        for place, name in enumerate(ballot):
            points[name] = points.get(name, 0) + len(ballot) - place - 1
    return points


def letter_pairs(text: str) -> Counter[str]:
    """Count the pairs of letters that follow each other within words.

    >>> letter_pairs("an ant").most_common(1)
    [('an', 2)]
    """
    pairs = Counter()
    for word in text.lower().split():
        for i in range(len(word) - 1):
            pairs[word[i : i + 2]] += 1
    return pairs


def pairs_with_difference(numbers: list[int], difference: int) -> int:
    """Count the distinct numbers that have a partner larger by a difference.

    >>> pairs_with_difference([1, 3, 5, 8], 2)
    2
    """
    present = set(numbers)
    count = 0
    for number in present:
        if number + difference in present:
            count += 1
    return count


def count_between(values: list[int], low: int, high: int) -> int:
    """Count the values from low to high, both included.

    >>> count_between([3, 8, 5, 12], 5, 10)
    2
    """
    return sum(low <= value <= high for value in values)


def handshakes(people: int) -> int:
    """Return how many handshakes there are if everybody greets everybody.

    >>> handshakes(4)
    6
    """
    return people * (people - 1) // 2


def rainy_streak(rain: list[float]) -> int:
    """Return the largest number of days in a row with rain.

    >>> rainy_streak([0, 2.5, 1.0, 0, 3.2])
    2
    """
    longest = current = 0
    for amount in rain:
        if amount > 0:
            current += 1
            longest = max(longest, current)
        else:
            current = 0
    return longest


def visits_per_day(log: list[str]) -> dict[str, int]:
    """Count the visitors of each day, everybody once, from lines of day and name.

    >>> visits_per_day(["mon ann", "mon bo", "mon ann", "tue bo"])
    {'mon': 2, 'tue': 1}
    """
    visitors = defaultdict(set)
    for line in log:
        day, name = line.split()
        visitors[day].add(name)
    return {day: len(names) for day, names in visitors.items()}


def most_improved(before: dict[str, int], after: dict[str, int]) -> str:
    """Return who gained most between two tests.

    >>> most_improved({"ann": 50, "bo": 70}, {"ann": 75, "bo": 80})
    'ann'
    """
    gains = {}
    for name, score in after.items():
        if name in before:
            gains[name] = score - before[name]
    return max(gains, key=gains.get)


def zero_sum_parts(values: list[int]) -> int:
    """Count the stretches of a list whose sum is zero.

    >>> zero_sum_parts([1, -1, 2, -2])
    3
    """
    counts = Counter({0: 1})
    total = found = 0
    for value in values:
        total += value
        found += counts[total]
        counts[total] += 1
    return found


def singles(items: list[str]) -> list[str]:
    """Return the items that occur once, in their order.

    >>> singles(["sock", "hat", "sock", "glove"])
    ['hat', 'glove']
    """
    counts = Counter(items)
    return [item for item in items if counts[item] == 1]


def can_make(stock: dict[str, int], recipe: dict[str, int]) -> int:
    """Return how many times a stock is enough for a recipe.

    >>> can_make({"egg": 7, "milk": 2}, {"egg": 3, "milk": 1})
    2
    """
    times = None
    for item, amount in recipe.items():
        possible = stock.get(item, 0) // amount
        if times is None or possible < times:
            times = possible
    return times or 0


def rising_triples(values: list[int]) -> int:
    """Count the stretches of three values that rise.

    >>> rising_triples([1, 2, 3, 4, 1])
    2
    """
    count = 0
    for i in range(len(values) - 2):
        if values[i] < values[i + 1] < values[i + 2]:
            count += 1
    return count


def unpaired(left: list[str], right: list[str]) -> list[str]:
    """Return what one list holds more often than the other.

    >>> unpaired(["a", "b", "b"], ["b"])
    ['a', 'b']
    """
    rest = Counter(left) - Counter(right)
    return sorted(rest.elements())


def average_gap(days: list[int]) -> float:
    """Return the mean distance between days that follow each other.

    >>> average_gap([3, 5, 9])
    3.0
    """
    if len(days) < 2:
        return 0.0
    ordered = sorted(days)
    return (ordered[-1] - ordered[0]) / (len(ordered) - 1)
