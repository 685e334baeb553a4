"""Functions that call themselves."""

from __future__ import annotations

from functools import cache
from typing import Any


def depth(value: Any) -> int:
    """Return how deep lists are nested; a plain value has depth zero.

    >>> depth([1, [2, [3]]])
    3
    """
    if not isinstance(value, list):
        return 0
    if not value:
        return 1
    return 1 + max(depth(item) for item in value)


def flatten_keys(tree: dict, prefix: str = "") -> dict:
    """Return a nested dictionary as a flat one with dotted keys.

    >>> flatten_keys({"db": {"host": "x", "port": 1}, "debug": True})
    {'db.host': 'x', 'db.port': 1, 'debug': True}
    """
    flat = {}
    for key, value in tree.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            flat.update(flatten_keys(value, name))
        else:
            flat[name] = value
    return flat


def ackermann(m: int, n: int) -> int:
    """Return the value of the function of Ackermann.

    >>> ackermann(2, 3)
    9
    """
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def binary_words(length: int) -> list[str]:
    """Return all words of zeros and ones without two ones in a row.

    >>> binary_words(3)
    ['000', '001', '010', '100', '101']
    """
    if length == 0:
        return [""]
    if length == 1:
        return ["0", "1"]
    after_zero = ["0" + word for word in binary_words(length - 1)]
    after_one = ["10" + word for word in binary_words(length - 2)]
    return after_zero + after_one


def change_ways(amount: int, coins: tuple[int, ...]) -> int:
    """Count the ways to pay an amount with coins.

    >>> change_ways(10, (5, 2, 1))
    10
    """
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return change_ways(amount - coins[0], coins) + change_ways(amount, coins[1:])


@cache
def tilings(width: int) -> int:
    """Count the ways to tile a strip of two rows with dominoes.

    >>> tilings(5)
    8
    """
    if width <= 1:
        return 1
    return tilings(width - 1) + tilings(width - 2)


def count_files(tree: dict) -> int:
    """Count the files in a tree whose folders are dictionaries.

    >>> count_files({"src": {"a.py": 10, "b.py": 20}, "README": 5})
    3
    """
    total = 0
    for child in tree.values():
        if isinstance(child, dict):
            total += count_files(child)
        else:
            total += 1
    return total


def combinations(items: list, size: int) -> list[list]:
    """Return all ways to choose some items, in order.

    >>> combinations(["a", "b", "c"], 2)
    [['a', 'b'], ['a', 'c'], ['b', 'c']]
    """
    if size == 0:
        return [[]]
    if len(items) < size:
        return []
    first, rest = items[0], items[1:]
    with_first = [[first, *others] for others in combinations(rest, size - 1)]
    return with_first + combinations(rest, size)


def reach(target: int, numbers: list[int]) -> list[int] | None:
    """Return numbers that add up to a target, or None if there are none.

    >>> reach(11, [8, 6, 5, 3])
    [8, 3]
    >>> reach(4, [8, 6]) is None
    True
    """
    if target == 0:
        return []
    for i, number in enumerate(numbers):
        if number <= target:
            rest = reach(target - number, numbers[i + 1 :])
            if rest is not None:
                return [number, *rest]
    return None


def to_ternary(n: int) -> str:
    """Return a number in base three.

    >>> to_ternary(11)
    '102'
    """
    if n < 3:
        return str(n)
    return to_ternary(n // 3) + str(n % 3)


def gray_words(bits: int) -> list[str]:
    """Return the words of a Gray code: neighbours differ in one bit.

    >>> gray_words(2)
    ['00', '01', '11', '10']
    """
    if bits == 0:
        return [""]
    shorter = gray_words(bits - 1)
    return ["0" + word for word in shorter] + ["1" + word for word in reversed(shorter)]


def same_tree(left: tuple | None, right: tuple | None) -> bool:
    """Whether two trees of (value, left, right) are equal.

    >>> same_tree((1, None, (2, None, None)), (1, None, (2, None, None)))
    True
    """
    if left is None or right is None:
        return left is right
    if left[0] != right[0]:
        return False
    return same_tree(left[1], right[1]) and same_tree(left[2], right[2])


def tree_sum(node: tuple | None) -> int:
    """Return the sum of the values of a tree of (value, left, right).

    >>> tree_sum((1, (2, None, None), (3, None, None)))
    6
    """
    if node is None:
        return 0
    value, left, right = node
    return value + tree_sum(left) + tree_sum(right)


def ruler(level: int) -> str:
    """Return the marks of a ruler as digits.

    >>> ruler(3)
    '1213121'
    """
    if level == 0:
        return ""
    half = ruler(level - 1)
    return half + str(level) + half


def digits_to_words(digits: str, names: dict[str, str]) -> list[str]:
    """Return all texts that a sequence of digits can stand for.

    >>> digits_to_words("12", {"1": "a", "2": "b", "12": "l"})
    ['ab', 'l']
    """
    if not digits:
        return [""]
    texts = []
    for size in (1, 2):
        code = digits[:size]
        if len(code) == size and code in names:
            for rest in digits_to_words(digits[size:], names):
                texts.append(names[code] + rest)
    return texts


def minimum_cuts(text: str) -> int:
    """Return how few cuts split a text into parts of one letter kind.

    >>> minimum_cuts("aabccc")
    2
    """
    if len(text) < 2:
        return 0
    cut = 1 if text[0] != text[1] else 0
    return cut + minimum_cuts(text[1:])
