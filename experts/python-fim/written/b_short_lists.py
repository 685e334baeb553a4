"""Small functions on lists, each with an example."""


def drop_every(items: list, n: int) -> list:
    """Return a list without every n-th item.

    >>> drop_every([1, 2, 3, 4, 5, 6], 3)
    [1, 2, 4, 5]
    """
    result = []
    for i, item in enumerate(items, start=1):
        if i % n != 0:
            result.append(item)
    return result


def first_repeat(items: list[int]) -> int | None:
    """Return the first item that was there before, or None.

    >>> first_repeat([4, 1, 7, 1, 4])
    1
    """
    seen = set()
    for item in items:
        if item in seen:
            return item
        seen.add(item)
    return None


def gaps(numbers: list[int]) -> list[int]:
    """Return the whole numbers missing between the smallest and the largest.

    >>> gaps([3, 7, 4])
    [5, 6]
    """
    present = set(numbers)
    missing = []
    for number in range(min(numbers), max(numbers) + 1):
        if number not in present:
            missing.append(number)
    return missing


def biggest_jump(values: list[int]) -> int:
    """Return the largest difference of two values that follow each other.

    >>> biggest_jump([2, 9, 4])
    7
    """
    best = 0
    for i in range(1, len(values)):
        jump = abs(values[i] - values[i - 1])
        if jump > best:
            best = jump
    return best


def mirror(items: list[int]) -> list[int]:
    """Return a list followed by its reverse, the last item only once.

    >>> mirror([1, 2, 3])
    [1, 2, 3, 2, 1]
    """
    return items + items[-2::-1]


def split_at(items: list[int], separator: int) -> list[list[int]]:
    """Split a list wherever a separator stands.

    >>> split_at([1, 0, 2, 3, 0, 4], 0)
    [[1], [2, 3], [4]]
    """
    parts = []
    current = []
    for item in items:
        if item == separator:
            parts.append(current)
            current = []
        else:
            current.append(item)
    parts.append(current)
    return parts


def is_wave(values: list[int]) -> bool:
    """Whether values go up and down by turns.

    >>> is_wave([1, 3, 2, 5])
    True
    >>> is_wave([1, 2, 3])
    False
    """
    for i in range(2, len(values)):
        before = values[i - 1] - values[i - 2]
        after = values[i] - values[i - 1]
        if before * after >= 0:
            return False
    return True


def top_two(scores: list[int]) -> tuple[int, int]:
    """Return the highest and the second highest score.

    >>> top_two([5, 9, 7])
    (9, 7)
    """
    first = second = float("-inf")
    for score in scores:
        if score > first:
            second = first
            first = score
        elif score > second:
            second = score
    return first, second


def index_of_min(values: list[float]) -> int:
    """Return the index of the smallest value, the first of several.

    >>> index_of_min([3.0, 1.5, 2.0, 1.5])
    1
    """
    best = 0
    for i in range(len(values)):
        if values[i] < values[best]:
            best = i
    return best


def pad_to(items: list[int], length: int, fill: int = 0) -> list[int]:
    """Return a list filled up, or cut, to a length.

    >>> pad_to([1, 2], 4)
    [1, 2, 0, 0]
    >>> pad_to([1, 2, 3], 2)
    [1, 2]
    """
    missing = length - len(items)
    if missing <= 0:
        return items[:length]
    return items + [fill] * missing


def equal_neighbours(items: list[str]) -> int:
    """Count the items that equal the one before them.

    >>> equal_neighbours(["a", "a", "b", "b", "b"])
    3
    """
    return sum(left == right for left, right in zip(items, items[1:]))  # noqa: B905, RUF007


def take_while_rising(values: list[int]) -> list[int]:
    """Return the values up to the first that is not larger than the one before.

    >>> take_while_rising([1, 4, 6, 5, 9])
    [1, 4, 6]
    """
    taken = values[:1]
    for value in values[1:]:
        if value <= taken[-1]:
            break
        taken.append(value)
    return taken


def add_carry(digits: list[int]) -> list[int]:
    """Return the digits of a number that is larger by one.

    >>> add_carry([1, 9, 9])
    [2, 0, 0]
    >>> add_carry([9])
    [1, 0]
    """
    result = digits[:]
    for i in range(len(result) - 1, -1, -1):
        if result[i] < 9:
            result[i] += 1
            return result
        result[i] = 0
    return [1] + result  # noqa: RUF005


def distribute(items: list[str], piles: int) -> list[list[str]]:
    """Deal items onto piles in turn.

    >>> distribute(["a", "b", "c", "d", "e"], 2)
    [['a', 'c', 'e'], ['b', 'd']]
    """
    result = [[] for _ in range(piles)]
    for i, item in enumerate(items):
        result[i % piles].append(item)
    return result


def leaders(values: list[int]) -> list[int]:
    """Return the values that are larger than all that follow them.

    >>> leaders([8, 3, 6, 2, 5])
    [8, 6, 5]
    """
    result = []
    highest = float("-inf")
    for value in reversed(values):
        if value > highest:
            result.append(value)
            highest = value
    result.reverse()
    return result


def longest_plateau(values: list[int]) -> int:
    """Return the length of the longest run of equal values.

    >>> longest_plateau([1, 1, 2, 2, 2, 1])
    3
    """
    if not values:
        return 0
    best = length = 1
    for previous, value in zip(values, values[1:]):  # noqa: B905, RUF007
        length = length + 1 if value == previous else 1
        best = max(best, length)
    return best


def remove_first(items: list[int], unwanted: int) -> list[int]:
    """Return a list without the first occurrence of an item.

    >>> remove_first([2, 5, 2], 2)
    [5, 2]
    """
    if unwanted not in items:
        return items[:]
    position = items.index(unwanted)
    return items[:position] + items[position + 1 :]


def in_both_orders(first: list[int], second: list[int]) -> bool:
    """Whether two lists hold the same items, in the same or the opposite order.

    >>> in_both_orders([1, 2, 3], [3, 2, 1])
    True
    """
    return first == second or first == second[::-1]


def sum_until(values: list[int], stop: int) -> int:
    """Return the sum of the values before the first that equals stop.

    >>> sum_until([4, 2, -1, 9], -1)
    6
    """
    total = 0
    for value in values:
        if value == stop:
            break
        total += value
    return total


def swap_pairs(items: list[int]) -> list[int]:
    """Return a list in which each two neighbours changed places.

    >>> swap_pairs([1, 2, 3, 4, 5])
    [2, 1, 4, 3, 5]
    """
    result = items[:]
    for i in range(0, len(result) - 1, 2):
        result[i], result[i + 1] = result[i + 1], result[i]
    return result
