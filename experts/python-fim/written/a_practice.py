"""Short everyday functions, one idea each."""

from __future__ import annotations

import os
import random
import re
from collections import Counter, defaultdict, deque
from datetime import datetime, timedelta
from pathlib import Path


def swap_case(text: str) -> str:
    """Return the text with upper and lower case exchanged."""
    return "".join(char.lower() if char.isupper() else char.upper() for char in text)


def evens_first(numbers: list[int]) -> list[int]:
    """Return the even numbers before the odd ones, each in their order."""
    evens = [number for number in numbers if number % 2 == 0]
    odds = [number for number in numbers if number % 2 == 1]
    return evens + odds


def running_maximum(values: list[float]) -> list[float]:
    """Return for each place the largest value so far."""
    highest = float("-inf")
    result = []
    for value in values:
        highest = max(highest, value)
        result.append(highest)
    return result


def differences(values: list[int]) -> list[int]:
    """Return the difference of each value to the one before."""
    return [values[i] - values[i - 1] for i in range(1, len(values))]


def nth_root(value: float, n: int) -> float:
    """Return the n-th root of a positive value."""
    return value ** (1 / n)


def sum_of_multiples(limit: int, factors: list[int]) -> int:
    """Return the sum of the numbers below a limit that a factor divides."""
    return sum(number for number in range(limit) if any(number % factor == 0 for factor in factors))


def count_pairs(numbers: list[int], target: int) -> int:
    """Count the pairs of numbers with the target as their sum."""
    seen: Counter[int] = Counter()
    pairs = 0
    for number in numbers:
        pairs += seen[target - number]
        seen[number] += 1
    return pairs


def product_except_self(numbers: list[int]) -> list[int]:
    """Return for each place the product of all other numbers."""
    result = [1] * len(numbers)
    left = 1
    for i, number in enumerate(numbers):
        result[i] = left
        left *= number
    right = 1
    for i in range(len(numbers) - 1, -1, -1):
        result[i] *= right
        right *= numbers[i]
    return result


def move_zeros(numbers: list[int]) -> None:
    """Move all zeros of a list to its end, in place."""
    place = 0
    for number in numbers:
        if number != 0:
            numbers[place] = number
            place += 1
    for i in range(place, len(numbers)):
        numbers[i] = 0


def find_first(values: list[int], target: int) -> int:
    """Return the first index of the target in sorted values, or -1."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < target:
            low = middle + 1
        else:
            high = middle
    if low < len(values) and values[low] == target:
        return low
    return -1


def is_rotation(first: str, second: str) -> bool:
    """Whether one text is the other one rotated."""
    return len(first) == len(second) and second in first + first


def expand_tabs(line: str, width: int = 4) -> str:
    """Replace tabs by spaces up to the next multiple of the width."""
    result = ""
    for char in line:
        if char == "\t":
            result += " " * (width - len(result) % width)
        else:
            result += char
    return result


def longest_line(path: Path) -> int:
    """Return the length of the longest line of a file."""
    with path.open(encoding="utf-8") as file:
        return max((len(line.rstrip("\n")) for line in file), default=0)


def count_words_in_files(folder: Path, pattern: str = "*.txt") -> dict[str, int]:
    """Return the number of words of each matching file by its name."""
    counts = {}
    for path in sorted(folder.glob(pattern)):
        counts[path.name] = len(path.read_text(encoding="utf-8").split())
    return counts


def replace_in_file(path: Path, old: str, new: str) -> bool:
    """Replace a text in a file; whether it was there."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        return False
    path.write_text(text.replace(old, new), encoding="utf-8")
    return True


def head(path: Path, count: int = 10) -> list[str]:
    """Return the first lines of a file."""
    lines = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if len(lines) == count:
                break
            lines.append(line.rstrip("\n"))
    return lines


def extension_counts(folder: str) -> Counter[str]:
    """Count the files below a folder by their extensions."""
    counts: Counter[str] = Counter()
    for _, _, names in os.walk(folder):
        for name in names:
            _, extension = os.path.splitext(name)  # noqa: PTH122
            counts[extension.lower()] += 1
    return counts


def invert_index(documents: dict[str, str]) -> dict[str, set[str]]:
    """Map each word to the names of the documents that have it."""
    index: dict[str, set[str]] = defaultdict(set)
    for name, text in documents.items():
        for word in re.findall(r"\w+", text.lower()):
            index[word].add(name)
    return dict(index)


def search(index: dict[str, set[str]], query: str) -> set[str]:
    """Return the documents that have every word of a query."""
    words = query.lower().split()
    if not words:
        return set()
    found = index.get(words[0], set())
    for word in words[1:]:
        found = found & index.get(word, set())
    return found


def nested_sum(data: list) -> int:
    """Return the sum of all numbers in nested lists."""
    total = 0
    for item in data:
        if isinstance(item, list):
            total += nested_sum(item)
        else:
            total += item
    return total


def count_leaves(tree: dict) -> int:
    """Count the values of a nested dictionary that are no dictionaries."""
    count = 0
    for value in tree.values():
        if isinstance(value, dict):
            count += count_leaves(value)
        else:
            count += 1
    return count


def paths_in(tree: dict, prefix: tuple = ()) -> list[tuple]:
    """Return the keys on the way to each value of a nested dictionary."""
    paths = []
    for key, value in tree.items():
        path = (*prefix, key)
        if isinstance(value, dict):
            paths.extend(paths_in(value, path))
        else:
            paths.append(path)
    return paths


def ways_to_sum(total: int, parts: list[int]) -> int:
    """Return in how many orders parts can add up to a total."""
    if total == 0:
        return 1
    return sum(ways_to_sum(total - part, parts) for part in parts if part <= total)


def power_set(items: str) -> list[str]:
    """Return all selections of the letters, each in their order."""
    if not items:
        return [""]
    rest = power_set(items[1:])
    return rest + [items[0] + selection for selection in rest]


def balanced(count: int) -> list[str]:
    """Return all ways to write so many pairs of parentheses rightly."""
    results = []

    def extend(text: str, opened: int, closed: int) -> None:
        if len(text) == 2 * count:
            results.append(text)
            return
        if opened < count:
            extend(text + "(", opened + 1, closed)
        if closed < opened:
            extend(text + ")", opened, closed + 1)

    extend("", 0, 0)
    return results


def simplify_path(path: str) -> str:
    """Return an absolute path without dots and double slashes."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def hot_potato(names: list[str], passes: int) -> str:
    """Return who is left when the potato goes around and its holder leaves."""
    circle = deque(names)
    while len(circle) > 1:
        circle.rotate(-passes)
        circle.popleft()
    return circle[0]


def recent_calls(calls: list[float], now: float, window: float = 60.0) -> int:
    """Count the calls within the last seconds."""
    return sum(1 for call in calls if now - window < call <= now)


def busiest_hour(times: list[datetime]) -> int | None:
    """Return the hour of the day with the most events, or None."""
    if not times:
        return None
    hours = Counter(moment.hour for moment in times)
    return hours.most_common(1)[0][0]


def sessions(times: list[datetime], gap: timedelta) -> list[list[datetime]]:
    """Group sorted times so that a longer gap begins a new group."""
    groups: list[list[datetime]] = []
    for moment in times:
        if groups and moment - groups[-1][-1] <= gap:
            groups[-1].append(moment)
        else:
            groups.append([moment])
    return groups


def roll_until(target: int, rng: random.Random) -> int:
    """Return how many rolls of a die it takes until the target comes."""
    rolls = 1
    while rng.randint(1, 6) != target:
        rolls += 1
    return rolls


def random_walk(steps: int, rng: random.Random) -> list[int]:
    """Return the places of a walker who goes left or right at random."""
    place = 0
    places = [place]
    for _ in range(steps):
        place += rng.choice([-1, 1])
        places.append(place)
    return places


def estimate_pi(samples: int, rng: random.Random) -> float:
    """Estimate pi by random points in a square."""
    inside = 0
    for _ in range(samples):
        x, y = rng.random(), rng.random()
        if x * x + y * y <= 1:
            inside += 1
    return 4 * inside / samples


def normalize_scores(scores: dict[str, float]) -> dict[str, float]:
    """Scale scores so that they add up to one."""
    total = sum(scores.values())
    if total == 0:
        return dict.fromkeys(scores, 0.0)
    return {name: score / total for name, score in scores.items()}


def rank_by(items: list[dict], key: str, reverse: bool = True) -> list[dict]:
    """Return copies of the items with their ranks by a key."""
    ordered = sorted(items, key=lambda item: item[key], reverse=reverse)
    return [{**item, "rank": rank} for rank, item in enumerate(ordered, start=1)]


def moving_sum(values: list[int], size: int) -> list[int]:
    """Return the sum of each window, each from the one before."""
    if size > len(values):
        return []
    current = sum(values[:size])
    sums = [current]
    for i in range(size, len(values)):
        current += values[i] - values[i - size]
        sums.append(current)
    return sums


def dot(a: list[float], b: list[float]) -> float:
    """Return the dot product of two vectors."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def cross(a: tuple[float, float, float], b: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return the cross product of two vectors in space."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def evaluate_polynomial(coefficients: list[float], x: float) -> float:
    """Return the value of a polynomial, the highest power first."""
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


def add_polynomials(p: list[int], q: list[int]) -> list[int]:
    """Return the sum of two polynomials, the lowest power first."""
    length = max(len(p), len(q))
    p = p + [0] * (length - len(p))
    q = q + [0] * (length - len(q))
    return [a + b for a, b in zip(p, q, strict=True)]


def multiply_polynomials(p: list[int], q: list[int]) -> list[int]:
    """Return the product of two polynomials, the lowest power first."""
    result = [0] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            result[i + j] += a * b
    return result


def set_bit(value: int, index: int) -> int:
    """Return the value with one of its bits set."""
    return value | (1 << index)


def clear_bit(value: int, index: int) -> int:
    """Return the value with one of its bits cleared."""
    return value & ~(1 << index)


def has_bit(value: int, index: int) -> bool:
    """Whether a bit of the value is set."""
    return value >> index & 1 == 1


def reverse_bits(value: int, width: int = 8) -> int:
    """Return the value with the order of its bits reversed."""
    result = 0
    for _ in range(width):
        result = result << 1 | value & 1
        value >>= 1
    return result


def only_once(numbers: list[int]) -> int:
    """Return the number that occurs once where all others occur twice."""
    result = 0
    for number in numbers:
        result ^= number
    return result
