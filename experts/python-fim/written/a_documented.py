"""Functions whose docstrings describe arguments and results."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence


def clamp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """Return a value kept within limits.

    Args:
        value: The value to limit.
        low: The smallest result.
        high: The largest result.

    Returns:
        The value, or the limit that it exceeds.

    Raises:
        ValueError: If the limits are in the wrong order.
    """
    if low > high:
        raise ValueError("low must not exceed high")
    return min(max(value, low), high)


def remap(value: float, old: tuple[float, float], new: tuple[float, float]) -> float:
    """Map a value from one range to another.

    Args:
        value: The value to map.
        old: The limits of the range it comes from.
        new: The limits of the range it goes to.

    Returns:
        The value at the same share of the new range.
    """
    share = (value - old[0]) / (old[1] - old[0])
    return new[0] + share * (new[1] - new[0])


def chunked(items: Sequence[str], size: int) -> list[Sequence[str]]:
    """Split a sequence into pieces.

    Args:
        items: What to split.
        size: The length of each piece but the last.

    Returns:
        The pieces in order.

    Raises:
        ValueError: If the size is not positive.
    """
    if size <= 0:
        raise ValueError("size must be positive")
    return [items[i : i + size] for i in range(0, len(items), size)]


def annuity(rate: float, periods: int, present: float) -> float:
    """Return the constant payment that pays off a loan.

    Args:
        rate: The interest of one period.
        periods: The number of payments.
        present: The amount of the loan.

    Returns:
        The payment of each period.
    """
    if rate == 0:
        return present / periods
    return present * rate / (1 - (1 + rate) ** -periods)


def internal_rate(cash: Sequence[float], low: float = -0.9, high: float = 1.0) -> float:
    """Return the rate at which payments have no present value.

    Args:
        cash: The payments of each year, the first one now.
        low: A rate that is too low.
        high: A rate that is too high.

    Returns:
        The rate, right to about nine digits.
    """
    for _ in range(60):
        rate = (low + high) / 2
        value = sum(amount / (1 + rate) ** year for year, amount in enumerate(cash))
        if value > 0:
            low = rate
        else:
            high = rate
    return (low + high) / 2


def sample_without(population: Sequence[str], count: int, excluded: Iterable[str] = ()) -> list[str]:
    """Choose items at random, some excluded.

    Args:
        population: What to choose from.
        count: How many items to choose.
        excluded: Items that must not be chosen.

    Returns:
        The chosen items in random order.

    Raises:
        ValueError: If too few items are left.
    """
    unwanted = set(excluded)
    allowed = [item for item in population if item not in unwanted]
    if count > len(allowed):
        raise ValueError(f"only {len(allowed)} items to choose from")
    return random.sample(allowed, count)


def trapezoid(function: Callable[[float], float], start: float, end: float, steps: int = 100) -> float:
    """Integrate a function by the trapezoidal rule.

    Args:
        function: What to integrate.
        start: The lower limit.
        end: The upper limit.
        steps: The number of trapezoids.

    Returns:
        An approximation of the integral.
    """
    width = (end - start) / steps
    inner = sum(function(start + i * width) for i in range(1, steps))
    return width * (inner + (function(start) + function(end)) / 2)


def wrap_index(index: int, length: int) -> int:
    """Return an index moved into a sequence that has no ends.

    Args:
        index: Any integer.
        length: The length of the sequence.

    Returns:
        An index from 0 to the length, exclusive.
    """
    return index % length


def score_text(text: str, weights: dict[str, float], default: float = 0.0) -> float:
    """Return the sum of the weights of a text's words.

    Args:
        text: The text to score.
        weights: The weight of each known word.
        default: The weight of all other words.

    Returns:
        The score of the text.
    """
    total = 0.0
    for word in text.lower().split():
        total += weights.get(word, default)
    return total


def nearest(value: float, candidates: Sequence[float]) -> float:
    """Return the candidate closest to a value.

    Args:
        value: The value to approach.
        candidates: What can be chosen; must not be empty.

    Returns:
        The closest candidate, the first one if several are.
    """
    return min(candidates, key=lambda candidate: abs(candidate - value))


def regular_polygon(sides: int, radius: float = 1.0) -> list[tuple[float, float]]:
    """Return the corners of a regular polygon around the origin.

    Args:
        sides: The number of sides.
        radius: The distance of the corners from the origin.

    Returns:
        The corners, counter-clockwise.

    Raises:
        ValueError: If there are fewer than three sides.
    """
    if sides < 3:
        raise ValueError("a polygon has at least three sides")
    step = 2 * math.pi / sides
    return [(radius * math.cos(i * step), radius * math.sin(i * step)) for i in range(sides)]


def rolling_max(values: Sequence[float], window: int) -> list[float]:
    """Return the largest value of each window.

    Args:
        values: The values in order.
        window: How many values a window has.

    Returns:
        One value for each complete window.
    """
    return [max(values[i : i + window]) for i in range(len(values) - window + 1)]


def assign_seats(guests: Sequence[str], tables: int, seats: int) -> dict[str, int]:
    """Assign guests to tables in order.

    Args:
        guests: The names of the guests.
        tables: How many tables there are.
        seats: How many seats each table has.

    Returns:
        The number of each guest's table, from 1 on.

    Raises:
        ValueError: If there are not enough seats.
    """
    if len(guests) > tables * seats:
        raise ValueError("not enough seats")
    return {guest: i // seats + 1 for i, guest in enumerate(guests)}


def decay(start: float, rate: float, until: float) -> int:
    """Count the steps until a value has fallen below a limit.

    Args:
        start: The value at the beginning.
        rate: The share that is lost in each step.
        until: The limit.

    Returns:
        The number of steps.
    """
    steps = 0
    while start >= until:
        start *= 1 - rate
        steps += 1
    return steps


def split_list(items: Sequence[int], predicate: Callable[[int], bool]) -> tuple[list[int], list[int]]:
    """Split items by a predicate.

    Args:
        items: The items to split.
        predicate: What decides about an item.

    Returns:
        The items for which it holds, and the others.
    """
    accepted, rejected = [], []
    for item in items:
        if predicate(item):
            accepted.append(item)
        else:
            rejected.append(item)
    return accepted, rejected


def format_table(rows: Sequence[Sequence[object]], header: Sequence[str] = (), separator: str = "  ") -> str:
    """Format rows as text with columns of equal width.

    Args:
        rows: The cells of each row.
        header: The names of the columns, if they are to be shown.
        separator: What stands between columns.

    Returns:
        The table, one row on a line.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    if header:
        cells.insert(0, list(header))
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = [separator.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def vote(ballots: Iterable[str], minimum: float = 0.5) -> str | None:
    """Return the option that has more than a share of the votes.

    Args:
        ballots: The option on each ballot.
        minimum: The share that must be exceeded.

    Returns:
        The option, or None if none has enough votes.
    """
    counts: dict[str, int] = {}
    for option in ballots:
        counts[option] = counts.get(option, 0) + 1
    total = sum(counts.values())
    for option, count in counts.items():
        if count > minimum * total:
            return option
    return None


def shift_letters(text: str, steps: int, alphabet: str = "abcdefghijklmnopqrstuvwxyz") -> str:
    """Shift the letters of a text along an alphabet.

    Args:
        text: The text to change.
        steps: How far to shift.
        alphabet: The letters in order; others are kept.

    Returns:
        The changed text.
    """
    shifted = ""
    for char in text:
        index = alphabet.find(char)
        shifted += alphabet[(index + steps) % len(alphabet)] if index >= 0 else char
    return shifted
