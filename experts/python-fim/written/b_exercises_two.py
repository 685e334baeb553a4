"""Exercises on lists, words and numbers, told in other words than the rest."""

from typing import Any


def rotate_until(items: list[int], target: int) -> list[int]:
    """Return the items turned left until a target is in front.

    If the target is not there the list stays as it is.

    >>> rotate_until([1, 2, 3, 4], 3)
    [3, 4, 1, 2]
    >>> rotate_until([1, 2], 9)
    [1, 2]
    """
    for _ in range(len(items)):
        if items[0] == target:
            break
        items = items[1:] + items[:1]
    return items


def sum_of_evens(numbers: list[int]) -> int:
    """Return the sum of the even numbers at odd places.

    Places are counted from zero.

    >>> sum_of_evens([1, 4, 6, 2, 8, 3])
    6
    """
    total = 0
    for i in range(1, len(numbers), 2):
        if numbers[i] % 2 == 0:
            total += numbers[i]
    return total


def shortest_window(values: list[int], goal: int) -> int:
    """Return the length of the shortest stretch with a sum of at least goal, or zero.

    All values are positive.

    >>> shortest_window([2, 3, 1, 2, 4, 3], 7)
    2
    >>> shortest_window([1, 1], 5)
    0
    """
    best = 0
    total = 0
    start = 0
    for end, value in enumerate(values):
        total += value
        while total >= goal:
            length = end - start + 1
            if best == 0 or length < best:
                best = length
            total -= values[start]
            start += 1
    return best


def distinct_window(text: str, size: int) -> int:
    """Return how many stretches of a size have no letter twice.

    >>> distinct_window("abcbd", 3)
    2
    """
    count = 0
    for start in range(len(text) - size + 1):
        window = text[start : start + size]
        if len(set(window)) == size:
            count += 1
    return count


def longest_balanced(text: str) -> int:
    """Return the length of the longest stretch with as many a as b.

    Other letters do not occur.

    >>> longest_balanced("aababb")
    6
    >>> longest_balanced("aaab")
    2
    """
    first = {0: -1}
    balance = 0
    best = 0
    for i, char in enumerate(text):
        balance += 1 if char == "a" else -1
        if balance in first:
            best = max(best, i - first[balance])
        else:
            first[balance] = i
    return best


def next_larger(values: list[int]) -> list[int]:
    """Return for each value the first larger one after it, or -1.

    >>> next_larger([2, 1, 5, 3])
    [5, 5, -1, -1]
    """
    result = [-1] * len(values)
    waiting = []
    for i, value in enumerate(values):
        while waiting and values[waiting[-1]] < value:
            result[waiting.pop()] = value
        waiting.append(i)
    return result


def deepest_word(text: str) -> str:
    """Return the words that stand in the most brackets.

    >>> deepest_word("a (b (c d) e)")
    'c d'
    """
    depth = 0
    deepest = 0
    found = ""
    for char in text:
        if char == "(":
            depth += 1
            if depth > deepest:
                deepest = depth
                found = ""
        elif char == ")":
            depth -= 1
        elif depth == deepest:
            found += char
    return found.strip()


def remove_adjacent(text: str) -> str:
    """Return a text from which pairs of equal neighbours are removed until there are none.

    >>> remove_adjacent("abbac")
    'c'
    """
    stack = []
    for char in text:
        if stack and stack[-1] == char:
            stack.pop()
        else:
            stack.append(char)
    return "".join(stack)


def expand(text: str) -> str:
    """Return a text in which a number repeats the bracket after it.

    >>> expand("2[ab]c3[d]")
    'ababcddd'
    >>> expand("2[a2[b]]")
    'abbabb'
    """
    stack = []
    current = ""
    number = 0
    for char in text:
        if char.isdigit():
            number = number * 10 + int(char)
        elif char == "[":
            stack.append((current, number))
            current = ""
            number = 0
        elif char == "]":
            before, times = stack.pop()
            current = before + current * times
        else:
            current += char
    return current


def common_letters(words: list[str]) -> list[str]:
    """Return the letters that all words share, as often as all have them.

    >>> common_letters(["bella", "label", "roller"])
    ['e', 'l', 'l']
    """
    letters = []
    for letter in sorted(set(words[0])):
        times = min(word.count(letter) for word in words)
        letters.extend([letter] * times)
    return letters


def digits_of_sum(first: str, second: str) -> str:
    """Return the sum of two long numbers given as texts.

    >>> digits_of_sum("95", "7")
    '102'
    """
    i = len(first) - 1
    j = len(second) - 1
    carry = 0
    digits = []
    while i >= 0 or j >= 0 or carry:
        total = carry
        if i >= 0:
            total += int(first[i])
            i -= 1
        if j >= 0:
            total += int(second[j])
            j -= 1
        digits.append(str(total % 10))
        carry = total // 10
    return "".join(reversed(digits)) or "0"


def times_table(size: int) -> list[list[int]]:
    """Return a table of products.

    >>> times_table(3)
    [[1, 2, 3], [2, 4, 6], [3, 6, 9]]
    """
    table = []
    for row in range(1, size + 1):
        table.append([row * column for column in range(1, size + 1)])
    return table


def pyramid(height: int) -> list[str]:
    """Return a pyramid of stars, line by line.

    >>> pyramid(3)
    ['  *', ' ***', '*****']
    """
    lines = []
    for row in range(height):
        spaces = " " * (height - row - 1)
        stars = "*" * (2 * row + 1)
        lines.append(spaces + stars)
    return lines


def flatten_once(items: list[Any]) -> list[Any]:
    """Return a list with its inner lists opened, but only one level deep.

    >>> flatten_once([1, [2, [3]], 4])
    [1, 2, [3], 4]
    """
    flat = []
    for item in items:
        if isinstance(item, list):
            flat.extend(item)
        else:
            flat.append(item)
    return flat


def split_even_odd(numbers: list[int]) -> tuple[list[int], list[int]]:
    """Return the even and the odd numbers, each sorted.

    >>> split_even_odd([5, 2, 1, 4])
    ([2, 4], [1, 5])
    """
    even = sorted(number for number in numbers if number % 2 == 0)
    odd = sorted(number for number in numbers if number % 2 == 1)
    return even, odd


def can_segment(text: str, words: set[str]) -> bool:
    """Whether a text is made of nothing but known words.

    >>> can_segment("raincoatrain", {"rain", "coat"})
    True
    >>> can_segment("raincoats", {"rain", "coat"})
    False
    """
    reachable = [False] * (len(text) + 1)
    reachable[0] = True
    for end in range(1, len(text) + 1):
        for start in range(end):
            if reachable[start] and text[start:end] in words:
                reachable[end] = True
                break
    return reachable[-1]


def min_path(triangle: list[list[int]]) -> int:
    """Return the smallest sum of a way from the top of a triangle to its bottom.

    >>> min_path([[2], [3, 4], [6, 5, 7]])
    10
    """
    best = triangle[-1][:]
    for row in reversed(triangle[:-1]):
        for i, value in enumerate(row):
            best[i] = value + min(best[i], best[i + 1])
    return best[0]


def robber(houses: list[int]) -> int:
    """Return the most that can be taken if no two neighbours may be visited.

    >>> robber([2, 7, 9, 3, 1])
    12
    """
    previous = 0
    best = 0
    for amount in houses:
        previous, best = best, max(best, previous + amount)
    return best


def jump_count(stones: list[int]) -> int:
    """Return how few jumps lead to the last stone; each stone tells how far one may jump.

    >>> jump_count([2, 3, 1, 1, 4])
    2
    """
    jumps = 0
    reach = 0
    farthest = 0
    for i in range(len(stones) - 1):
        farthest = max(farthest, i + stones[i])
        if i == reach:
            jumps += 1
            reach = farthest
    return jumps


def to_title_case(text: str, small: tuple[str, ...] = ("of", "and", "the")) -> str:
    """Return a title with capitals, small words only at its start.

    >>> to_title_case("the lord of the flies")
    'The Lord of the Flies'
    """
    words = []
    for i, word in enumerate(text.lower().split()):
        if i > 0 and word in small:
            words.append(word)
        else:
            words.append(word.capitalize())
    return " ".join(words)


def mode_or_none(values: list[int]) -> int | None:
    """Return the most frequent value, or None if two are equally frequent.

    >>> mode_or_none([1, 2, 2])
    2
    >>> mode_or_none([1, 1, 2, 2]) is None
    True
    """
    counts: dict[int, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    highest = max(counts.values())
    winners = [value for value, count in counts.items() if count == highest]
    if len(winners) > 1:
        return None
    return winners[0]


def compress_spaces(text: str) -> str:
    """Return a text with each run of spaces written as its length in brackets, single ones kept.

    >>> compress_spaces("a b   c")
    'a b(3)c'
    """
    result = ""
    i = 0
    while i < len(text):
        if text[i] != " ":
            result += text[i]
            i += 1
            continue
        start = i
        while i < len(text) and text[i] == " ":
            i += 1
        length = i - start
        result += " " if length == 1 else f"({length})"
    return result
