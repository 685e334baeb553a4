"""Exercises with the short names that many people use: lst, s, n, res, ans."""

import math


def second_smallest(lst: list[int]) -> int | None:
    """Return the second smallest of the distinct values, or None if there is none.

    >>> second_smallest([3, 1, 1, 2])
    2
    >>> second_smallest([4, 4]) is None
    True
    """
    s = sorted(set(lst))
    if len(s) < 2:
        return None
    return s[1]


def sum_digits_even(n: int) -> int:
    """Return the sum of the even digits of n.

    >>> sum_digits_even(48123)
    14
    """
    res = 0
    for c in str(n):
        d = int(c)
        if d % 2 == 0:
            res += d
    return res


def shift_right(lst: list[int], k: int) -> list[int]:
    """Return the list with its last k items moved to the front.

    >>> shift_right([1, 2, 3, 4], 1)
    [4, 1, 2, 3]
    """
    if not lst:
        return []
    k %= len(lst)
    return lst[-k:] + lst[:-k]


def keep_positive(lst: list[int]) -> list[int]:
    """Return the positive numbers of a list.

    >>> keep_positive([3, -1, 0, 8])
    [3, 8]
    """
    return [x for x in lst if x > 0]


def longest_run(s: str) -> str:
    """Return the letter with the longest run, the first of several.

    >>> longest_run("abbbcc")
    'b'
    """
    ans = s[0]
    best = cnt = 1
    for i in range(1, len(s)):
        if s[i] == s[i - 1]:
            cnt += 1
        else:
            cnt = 1
        if cnt > best:
            best = cnt
            ans = s[i]
    return ans


def count_divisible(a: int, b: int, k: int) -> int:
    """Count the numbers from a to b that k divides.

    >>> count_divisible(6, 11, 2)
    3
    """
    ans = 0
    for x in range(a, b + 1):
        if x % k == 0:
            ans += 1
    return ans


def reverse_each(s: str) -> str:
    """Return a sentence with each of its words reversed.

    >>> reverse_each("hello big world")
    'olleh gib dlrow'
    """
    res = []
    for w in s.split(" "):
        res.append(w[::-1])
    return " ".join(res)


def max_product_pair(lst: list[int]) -> int:
    """Return the largest product of two items.

    >>> max_product_pair([-10, -3, 5, 2])
    30
    """
    s = sorted(lst)
    return max(s[0] * s[1], s[-1] * s[-2])


def caps_to_front(s: str) -> str:
    """Return a text with its capitals before all other characters.

    >>> caps_to_front("heLLo W")
    'LLWheo '
    """
    caps = ""
    rest = ""
    for ch in s:
        if ch.isupper():
            caps += ch
        else:
            rest += ch
    return caps + rest


def sum_multiples_of_index(lst: list[int]) -> int:
    """Return the sum of the items that their position divides, counted from one.

    >>> sum_multiples_of_index([5, 3, 9, 8])
    22
    """
    res = 0
    for i, x in enumerate(lst, 1):
        if x % i == 0:
            res += x
    return res


def is_arithmetic(lst: list[int]) -> bool:
    """Whether the difference between neighbours is always the same.

    >>> is_arithmetic([3, 6, 9])
    True
    >>> is_arithmetic([1, 2, 4])
    False
    """
    if len(lst) < 3:
        return True
    d = lst[1] - lst[0]
    for i in range(2, len(lst)):  # noqa: SIM110
        if lst[i] - lst[i - 1] != d:
            return False
    return True


def to_octal(n: int) -> str:
    """Return a number in base eight.

    >>> to_octal(83)
    '123'
    """
    if n == 0:
        return "0"
    res = ""
    while n > 0:
        res = str(n % 8) + res
        n //= 8
    return res


def count_pairs_equal(lst: list[int]) -> int:
    """Count the pairs of places that hold equal items.

    >>> count_pairs_equal([1, 1, 2, 1])
    3
    """
    cnt = 0
    n = len(lst)
    for i in range(n):
        for j in range(i + 1, n):
            if lst[i] == lst[j]:
                cnt += 1
    return cnt


def middle_letters(s: str) -> str:
    """Return the middle letter of a word, or the two of an even one.

    >>> middle_letters("bread")
    'e'
    >>> middle_letters("tree")
    're'
    """
    m = len(s) // 2
    if len(s) % 2 == 1:
        return s[m]
    return s[m - 1 : m + 1]


def is_sum_of_squares(n: int) -> bool:
    """Whether a number is the sum of two squares.

    >>> is_sum_of_squares(25)
    True
    >>> is_sum_of_squares(7)
    False
    """
    a = 0
    while a * a <= n:
        b = math.isqrt(n - a * a)
        if a * a + b * b == n:
            return True
        a += 1
    return False


def remove_kth(s: str, k: int) -> str:
    """Return a text without its character at an index.

    >>> remove_kth("chart", 1)
    'cart'
    """
    return s[:k] + s[k + 1 :]


def lists_overlap(a: list[int], b: list[int]) -> bool:
    """Whether two lists have an item in common.

    >>> lists_overlap([1, 2], [2, 3])
    True
    """
    return any(x in b for x in a)


def dig_pow_sum(n: int, p: int) -> int:
    """Return the sum of the digits of n raised to p, p + 1, and so on.

    >>> dig_pow_sum(89, 1)
    89
    """
    ans = 0
    for i, c in enumerate(str(n)):
        ans += int(c) ** (p + i)
    return ans


def fold_text(s: str) -> str:
    """Return a text that takes letters from its start and its end by turns.

    >>> fold_text("abcdef")
    'afbecd'
    """
    res = ""
    i, j = 0, len(s) - 1
    while i < j:
        res += s[i] + s[j]
        i += 1
        j -= 1
    if i == j:
        res += s[i]
    return res


def mex_after(lst: list[int]) -> list[int]:
    """Return after each item the smallest number from zero on that was not there yet.

    >>> mex_after([1, 0, 3, 2])
    [0, 2, 2, 4]
    """
    seen = set()
    ans = []
    m = 0
    for x in lst:
        seen.add(x)
        while m in seen:
            m += 1
        ans.append(m)
    return ans


def cyc_distance(a: int, b: int, n: int) -> int:
    """Return the shorter way between two places on a circle of n places.

    >>> cyc_distance(1, 9, 10)
    2
    """
    d = abs(a - b) % n
    return min(d, n - d)


def tri_numbers(n: int) -> list[int]:
    """Return the first n triangular numbers.

    >>> tri_numbers(4)
    [1, 3, 6, 10]
    """
    res = []
    t = 0
    for i in range(1, n + 1):
        t += i
        res.append(t)
    return res


def has_zero_triple(lst: list[int]) -> bool:
    """Whether three items at different places add up to zero.

    >>> has_zero_triple([4, -1, 7, -3])
    True
    """
    lst = sorted(lst)
    n = len(lst)
    for i in range(n - 2):
        j, k = i + 1, n - 1
        while j < k:
            t = lst[i] + lst[j] + lst[k]
            if t == 0:
                return True
            if t < 0:
                j += 1
            else:
                k -= 1
    return False


def lucas(n: int) -> int:
    """Return the n-th Lucas number; the first two are 2 and 1.

    >>> [lucas(i) for i in range(6)]
    [2, 1, 3, 4, 7, 11]
    """
    a, b = 2, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def three_step(n: int) -> int:
    """Return the n-th number of a sequence in which each is the sum of the three before.

    It begins with 0, 1, 1.

    >>> three_step(6)
    13
    """
    if n == 0:
        return 0
    a, b, c = 0, 1, 1
    for _ in range(n - 1):
        a, b, c = b, c, a + b + c
    return b


def max_word(words: list[str]) -> str:
    """Return the word with the most different letters, the shortest of several.

    >>> max_word(["noon", "tent", "stone", "stones"])
    'stone'
    """
    ans = ""
    best = -1
    for w in words:
        k = len(set(w))
        if k > best or (k == best and len(w) < len(ans)):
            ans = w
            best = k
    return ans


def split_sum(s: str) -> int:
    """Return the sum of all whole numbers in a text.

    >>> split_sum("3 apples, 12 pears and 1 plum")
    16
    """
    total = 0
    num = ""
    for c in s + " ":
        if c.isdigit():
            num += c
        elif num:
            total += int(num)
            num = ""
    return total


def bounded_sum(lst: list[int], cap: int) -> int:
    """Return the sum of a list in which no item counts more than cap.

    >>> bounded_sum([5, 20, 8], 10)
    23
    """
    return sum(min(x, cap) for x in lst)


def common_prefix_len(a: str, b: str) -> int:
    """Return how many letters two words share at their start.

    >>> common_prefix_len("flower", "flow")
    4
    """
    n = min(len(a), len(b))
    i = 0
    while i < n and a[i] == b[i]:
        i += 1
    return i


def is_zigzag(s: str) -> bool:
    """Whether small and capital letters take turns.

    >>> is_zigzag("aBcD")
    True
    """
    return all(s[i].islower() != s[i + 1].islower() for i in range(len(s) - 1))
