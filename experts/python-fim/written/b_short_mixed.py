"""Small functions in the style of exercises, with several short steps each."""

from typing import Any


def encode_steps(numbers: list[int]) -> list[int]:
    """Return the first number and then the step to each next one.

    >>> encode_steps([5, 8, 6])
    [5, 3, -2]
    """
    steps = []
    previous = 0
    for number in numbers:
        steps.append(number - previous)
        previous = number
    return steps


def decode_steps(steps: list[int]) -> list[int]:
    """Return the numbers that encoded steps stand for.

    >>> decode_steps([5, 3, -2])
    [5, 8, 6]
    """
    numbers = []
    total = 0
    for step in steps:
        total += step
        numbers.append(total)
    return numbers


def seconds_to_text(seconds: int) -> str:
    """Return seconds as hours, minutes and seconds, without parts that are zero.

    >>> seconds_to_text(3725)
    '1h 2m 5s'
    >>> seconds_to_text(60)
    '1m'
    """
    parts = []
    for unit, size in (("h", 3600), ("m", 60), ("s", 1)):
        amount = seconds // size
        seconds %= size
        if amount:
            parts.append(f"{amount}{unit}")
    return " ".join(parts) or "0s"


def mean_without_extremes(values: list[float]) -> float:
    """Return the mean of values without the smallest and the largest.

    >>> mean_without_extremes([1, 5, 6, 7, 20])
    6.0
    """
    if len(values) < 3:
        raise ValueError("at least three values are needed")
    inner = sorted(values)[1:-1]
    return sum(inner) / len(inner)


def cheapest_pair(prices: list[int], others: list[int], budget: int) -> int:
    """Return the most that two things, one of each list, cost within a budget, or -1.

    >>> cheapest_pair([40, 50], [5, 8, 12], 60)
    58
    """
    best = -1
    for price in prices:
        for other in others:
            total = price + other
            if best < total <= budget:
                best = total
    return best


def all_equal(items: list[Any]) -> bool:
    """Whether all items are the same.

    >>> all_equal([3, 3, 3])
    True
    >>> all_equal([3, 4])
    False
    """
    return all(item == items[0] for item in items)


def second_word(sentence: str) -> str:
    """Return the second word of a sentence, or an empty string.

    >>> second_word("One two three")
    'two'
    """
    words = sentence.split()
    if len(words) < 2:
        return ""
    return words[1]


def clock_sum(times: list[str]) -> str:
    """Return the sum of times given as hours and minutes.

    >>> clock_sum(["1:50", "0:20"])
    '2:10'
    """
    total = 0
    for time in times:
        hours, minutes = map(int, time.split(":"))
        total += hours * 60 + minutes
    return f"{total // 60}:{total % 60:02d}"


def nth_from_end(items: list[int], n: int) -> int | None:
    """Return the n-th item from the end, or None if there are too few.

    >>> nth_from_end([10, 20, 30], 2)
    20
    """
    if n < 1 or n > len(items):
        return None
    return items[-n]


def fold_strip(values: list[int]) -> list[int]:
    """Fold a strip of numbers in the middle and add what lies on each other.

    >>> fold_strip([1, 2, 3, 4, 5])
    [6, 6, 3]
    """
    folded = []
    left, right = 0, len(values) - 1
    while left < right:
        folded.append(values[left] + values[right])
        left += 1
        right -= 1
    if left == right:
        folded.append(values[left])
    return folded


def count_turns(path: str) -> int:
    """Count how often a path of letters changes its direction.

    >>> count_turns("NNEESS")
    2
    """
    turns = 0
    for i in range(1, len(path)):
        if path[i] != path[i - 1]:
            turns += 1
    return turns


def remove_comments(lines: list[str], mark: str = "#") -> list[str]:
    """Return the lines without comments and without those that become empty.

    >>> remove_comments(["a = 1  # one", "# nothing", "b = 2"])
    ['a = 1', 'b = 2']
    """
    result = []
    for line in lines:
        code = line.split(mark)[0].rstrip()
        if code:
            result.append(code)
    return result


def alternate(first: list[int], second: list[int]) -> list[int]:
    """Return items of two lists in turn; what is left of the longer one follows.

    >>> alternate([1, 2, 3], [9])
    [1, 9, 2, 3]
    """
    result = []
    shorter = min(len(first), len(second))
    for i in range(shorter):
        result.append(first[i])
        result.append(second[i])
    return result + first[shorter:] + second[shorter:]


def largest_gap_index(values: list[int]) -> int:
    """Return the index before the largest gap in sorted values.

    >>> largest_gap_index([1, 2, 10, 12])
    1
    """
    best = 0
    for i in range(len(values) - 1):
        if values[i + 1] - values[i] > values[best + 1] - values[best]:
            best = i
    return best


def has_pair_product(numbers: list[int], target: int) -> bool:
    """Whether two of the numbers have a product.

    >>> has_pair_product([3, 5, 7], 35)
    True
    """
    seen = set()
    for number in numbers:
        if number != 0 and target % number == 0 and target // number in seen:
            return True
        seen.add(number)
    return False


def pack_bits(flags: list[bool]) -> int:
    """Return flags as the bits of a number, the first one the lowest.

    >>> pack_bits([True, False, True])
    5
    """
    result = 0
    for position, flag in enumerate(flags):
        if flag:
            result |= 1 << position
    return result


def unpack_bits(number: int, length: int) -> list[bool]:
    """Return the lowest bits of a number as flags.

    >>> unpack_bits(5, 3)
    [True, False, True]
    """
    return [bool(number >> i & 1) for i in range(length)]


def score_answers(answers: str, key: str) -> int:
    """Return the points of a test: right ones give four, wrong ones take one, blanks nothing.

    >>> score_answers("AB C", "ABDD")
    7
    """
    points = 0
    for given, right in zip(answers, key):  # noqa: B905
        if given == right:
            points += 4
        elif given != " ":
            points -= 1
    return points


def first_missing_letter(letters: str) -> str:
    """Return the first letter that is missing in a run of the alphabet.

    >>> first_missing_letter("cdfg")
    'e'
    """
    for i in range(1, len(letters)):
        expected = ord(letters[i - 1]) + 1
        if ord(letters[i]) != expected:
            return chr(expected)
    return ""


def shelf_count(widths: list[int], shelf: int) -> int:
    """Return how many shelves books need if they stay in order.

    >>> shelf_count([4, 5, 3, 6], 9)
    2
    """
    shelves = 1
    used = 0
    for width in widths:
        if used + width > shelf:
            shelves += 1
            used = 0
        used += width
    return shelves


def median_of_three(a: int, b: int, c: int) -> int:
    """Return the value that is neither the smallest nor the largest.

    >>> median_of_three(7, 2, 5)
    5
    """
    if a > b:
        a, b = b, a
    if c <= a:
        return a
    if c >= b:
        return b
    return c


def tallest_tower(blocks: list[tuple[int, int]]) -> int:
    """Return the greatest height of blocks (width, height), each narrower than the one below.

    >>> tallest_tower([(5, 2), (3, 4), (4, 1), (2, 2)])
    9
    """
    blocks = sorted(blocks, reverse=True)
    heights = []
    for i, (width, height) in enumerate(blocks):
        below = 0
        for j in range(i):
            if blocks[j][0] > width:
                below = max(below, heights[j])
        heights.append(below + height)
    return max(heights, default=0)


def word_value(word: str) -> int:
    """Return the sum of the letters' places in the alphabet.

    >>> word_value("cab")
    6
    """
    total = 0
    for letter in word.lower():
        if "a" <= letter <= "z":
            total += ord(letter) - ord("a") + 1
    return total


def stack_ops(commands: list[str]) -> list[int]:
    """Return a stack after commands like push 3, pop, dup and add.

    >>> stack_ops(["push 2", "dup", "add", "push 7"])
    [4, 7]
    """
    stack = []
    for command in commands:
        name, _, argument = command.partition(" ")
        if name == "push":
            stack.append(int(argument))
        elif name == "pop":
            stack.pop()
        elif name == "dup":
            stack.append(stack[-1])
        elif name == "add":
            right = stack.pop()
            left = stack.pop()
            stack.append(left + right)
        else:
            raise ValueError(f"unknown command: {name}")
    return stack
