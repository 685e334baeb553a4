"""Exercises with lists of records, nested data and helper functions, and some in a terse style."""

from __future__ import annotations

from collections import deque


def oldest(people: list[dict]) -> str:
    """Return the name of the oldest person.

    >>> oldest([{"name": "Ida", "age": 41}, {"name": "Jon", "age": 67}])
    'Jon'
    """
    best = people[0]
    for person in people[1:]:
        if person["age"] > best["age"]:
            best = person
    return best["name"]


def adults_by_city(people: list[dict]) -> dict[str, list[str]]:
    """Return the names of the adults of each city.

    >>> adults_by_city([{"name": "A", "age": 20, "city": "Bonn"}, {"name": "B", "age": 9, "city": "Bonn"}])
    {'Bonn': ['A']}
    """
    result: dict[str, list[str]] = {}
    for person in people:
        if person["age"] < 18:
            continue
        city = person["city"]
        result.setdefault(city, []).append(person["name"])
    return result


def total_price(order: list[tuple[str, int]], prices: dict[str, float]) -> float:
    """Return what an order of (article, count) costs; unknown articles are free.

    >>> total_price([("pen", 2), ("ink", 1)], {"pen": 1.5, "ink": 4.0})
    7.0
    """
    total = 0.0
    for article, count in order:
        price = prices.get(article, 0.0)
        total += price * count
    return total


def most_common_pair(baskets: list[list[str]]) -> tuple[str, str]:
    """Return the two articles that are most often bought together.

    >>> most_common_pair([["tea", "milk"], ["milk", "tea", "jam"], ["jam"]])
    ('milk', 'tea')
    """
    counts: dict[tuple[str, str], int] = {}
    for basket in baskets:
        articles = sorted(set(basket))
        for i in range(len(articles)):
            for j in range(i + 1, len(articles)):
                pair = (articles[i], articles[j])
                counts[pair] = counts.get(pair, 0) + 1
    return max(counts, key=lambda pair: counts[pair])


def fewest_moves(start: int, goal: int) -> int:
    """Return how few steps lead from start to goal by doubling or adding one.

    >>> fewest_moves(3, 13)
    3
    """
    steps = 0
    while goal > start:
        if goal % 2 == 0 and goal // 2 >= start:
            goal //= 2
        else:
            goal -= 1
        steps += 1
    return steps


def reachable_fields(field: list[str], start: tuple[int, int]) -> int:
    """Count the fields that can be reached from a start without crossing a wall.

    >>> reachable_fields(["..#", "#.#", "..#"], (0, 0))
    5
    """
    seen = {start}
    queue = deque([start])
    while queue:
        row, column = queue.popleft()
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            r, c = row + dr, column + dc
            if not (0 <= r < len(field) and 0 <= c < len(field[0])):
                continue
            if field[r][c] == "#" or (r, c) in seen:
                continue
            seen.add((r, c))
            queue.append((r, c))
    return len(seen)


def word_ladder_step(first: str, second: str) -> bool:
    """Whether two words differ in exactly one letter.

    >>> word_ladder_step("cold", "cord")
    True
    """
    if len(first) != len(second):
        return False
    different = 0
    for a, b in zip(first, second):  # noqa: B905
        if a != b:
            different += 1
    return different == 1


def diagonal_sums(square: list[list[int]]) -> tuple[int, int]:
    """Return the sums of both diagonals.

    >>> diagonal_sums([[1, 2], [3, 5]])
    (6, 5)
    """
    size = len(square)
    down = 0
    up = 0
    for i in range(size):
        down += square[i][i]
        up += square[i][size - 1 - i]
    return down, up


def replace_zeros(numbers: list[int]) -> list[int]:
    """Return the numbers with each zero replaced by the largest odd one after it, if any.

    >>> replace_zeros([0, 5, 0, 3])
    [5, 5, 3, 3]
    """
    result = numbers[:]
    largest = 0
    for i in range(len(result) - 1, -1, -1):
        if result[i] == 0:
            result[i] = largest
        elif result[i] % 2 == 1:
            largest = max(largest, result[i])
    return result


def cut_rod(length: int, prices: list[int]) -> int:
    """Return the most that the pieces of a rod bring; prices[i] is that of a piece of i + 1.

    >>> cut_rod(4, [1, 5, 8, 9])
    10
    """
    best = [0] * (length + 1)
    for size in range(1, length + 1):
        for piece in range(1, min(size, len(prices)) + 1):
            value = prices[piece - 1] + best[size - piece]
            best[size] = max(best[size], value)
    return best[length]


def subset_count(numbers: list[int], target: int) -> int:
    """Count the choices of numbers that add up to a target.

    >>> subset_count([1, 2, 3, 4], 5)
    2
    """
    ways = [0] * (target + 1)
    ways[0] = 1
    for number in numbers:
        for total in range(target, number - 1, -1):
            ways[total] += ways[total - number]
    return ways[target]


def first_bad(versions: list[bool]) -> int:
    """Return the index of the first bad version; all after it are bad too.

    >>> first_bad([False, False, True, True])
    2
    """
    low = 0
    high = len(versions)
    while low < high:
        middle = (low + high) // 2
        if versions[middle]:
            high = middle
        else:
            low = middle + 1
    return low


def square_root_digits(n: float, digits: int) -> float:
    """Return the square root of n, right to so many digits, by halving an interval.

    >>> square_root_digits(2, 3)
    1.414
    """
    low, high = 0.0, max(1.0, n)
    while high - low > 10 ** -(digits + 2):
        middle = (low + high) / 2
        if middle * middle < n:
            low = middle
        else:
            high = middle
    return round(low, digits)


def column_widths(rows: list[list[str]]) -> list[int]:
    """Return how wide each column of a table must be.

    >>> column_widths([["id", "name"], ["100", "Al"]])
    [3, 4]
    """
    widths = [0] * len(rows[0])
    for row in rows:
        for i, cell in enumerate(row):
            widths[i] = max(widths[i], len(cell))
    return widths


def strip_prefixes(names: list[str]) -> list[str]:
    """Return names without the beginning that all share.

    >>> strip_prefixes(["img_01", "img_02"])
    ['1', '2']
    """
    if not names:
        return []
    length = 0
    shortest = min(len(name) for name in names)
    while length < shortest:
        letters = {name[length] for name in names}
        if len(letters) > 1:
            break
        length += 1
    return [name[length:] for name in names]


def merge_counts(tallies: list[dict[str, int]]) -> dict[str, int]:
    """Return the sum of several tallies, the largest counts first.

    >>> merge_counts([{"a": 1, "b": 1}, {"b": 2}])
    {'b': 3, 'a': 1}
    """
    merged: dict[str, int] = {}
    for tally in tallies:
        for key, count in tally.items():
            merged[key] = merged.get(key, 0) + count
    return dict(sorted(merged.items(), key=lambda item: -item[1]))


def ascending_parts(values: list[int]) -> list[list[int]]:
    """Split values into parts that rise.

    >>> ascending_parts([1, 4, 2, 3, 3])
    [[1, 4], [2, 3], [3]]
    """
    parts: list[list[int]] = []
    for value in values:
        if parts and value > parts[-1][-1]:
            parts[-1].append(value)
        else:
            parts.append([value])
    return parts


def vowels_first(word: str) -> str:
    """Return the letters of a word, vowels before the rest, each kind in its order.

    >>> vowels_first("planet")
    'aeplnt'
    """
    vowels = [letter for letter in word if letter in "aeiou"]
    others = [letter for letter in word if letter not in "aeiou"]
    return "".join(vowels + others)


def count_substrings(text: str, start: str, end: str) -> int:
    """Count the parts of a text that begin with one letter and end with another.

    >>> count_substrings("abab", "a", "b")
    3
    """
    starts = 0
    total = 0
    for char in text:
        if char == end:
            total += starts
        if char == start:
            starts += 1
    return total


def power_list(base: int, limit: int) -> list[int]:
    """Return the powers of a base up to a limit.

    >>> power_list(3, 30)
    [1, 3, 9, 27]
    """
    powers = []
    power = 1
    while power <= limit:
        powers.append(power)
        power *= base
    return powers


def last_survivor(values: list[int]) -> int:
    """Return what is left when each pass keeps every second value, beginning with the second.

    >>> last_survivor([1, 2, 3, 4, 5])
    4
    """
    while len(values) > 1:
        values = values[1::2]
    return values[0]


def equal_parts(text: str) -> int:
    """Return into how many equal parts a text can be split at most.

    >>> equal_parts("abcabc")
    2
    """
    size = len(text)
    for length in range(1, size + 1):
        if size % length == 0:
            part = text[:length]
            if part * (size // length) == text:
                return size // length
    return 0


def sum_nested(data: list | int) -> int:
    """Return the sum of numbers in lists that may be nested.

    >>> sum_nested([1, [2, [3, 4]], 5])
    15
    """
    if isinstance(data, int):
        return data
    total = 0
    for item in data:
        total += sum_nested(item)
    return total


def apply_discounts(prices: list[float], rules: list[tuple[float, float]]) -> list[float]:
    """Return prices lowered by the rule (from, percent) with the highest threshold they reach.

    >>> apply_discounts([10, 60, 120], [(50, 10), (100, 20)])
    [10, 54.0, 96.0]
    """
    result = []
    for price in prices:
        percent = 0.0
        for threshold, value in sorted(rules):
            if price >= threshold:
                percent = value
        result.append(price * (100 - percent) / 100 if percent else price)
    return result


def ip_is_valid(address: str) -> bool:
    """Whether a text is an address of four numbers up to 255 without leading zeros.

    >>> ip_is_valid("192.168.0.1"), ip_is_valid("1.02.3.4")
    (True, False)
    """
    parts = address.split(".")
    if len(parts) != 4:
        return False
    for part in parts:
        if not part.isdigit():
            return False
        if part != str(int(part)):
            return False
        if int(part) > 255:
            return False
    return True


def seconds_between(first: str, second: str) -> int:
    """Return the seconds from one time of day to another, over midnight if need be.

    >>> seconds_between("23:59:50", "00:00:10")
    20
    """

    def seconds(text: str) -> int:
        hours, minutes, rest = map(int, text.split(":"))
        return hours * 3600 + minutes * 60 + rest

    return (seconds(second) - seconds(first)) % 86400


def friend_circles(pairs: list[tuple[str, str]]) -> list[set[str]]:
    """Return the circles of people who know each other, directly or not.

    >>> [sorted(circle) for circle in friend_circles([("a", "b"), ("c", "d"), ("b", "e")])]
    [['a', 'b', 'e'], ['c', 'd']]
    """
    circles: list[set[str]] = []
    for first, second in pairs:
        new = {first, second}
        separate = []
        for circle in circles:
            if circle & new:
                new |= circle
            else:
                separate.append(circle)
        circles = [*separate, new]
    circles.sort(key=min)
    return circles
