"""Short puzzles about lists, grids and everyday situations, with examples."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict


def most_on_bus(stops: list[tuple[int, int]]) -> int:
    """Return the largest number of people on a bus; stops are (on, off).

    >>> most_on_bus([(3, 0), (2, 1), (0, 4)])
    4
    """
    riding = most = 0
    for on, off in stops:
        riding += on - off
        most = max(most, riding)
    return most


def pairs_of_socks(socks: list[str]) -> int:
    """Return how many pairs of equal socks there are.

    >>> pairs_of_socks(["red", "blue", "red", "red"])
    1
    """
    return sum(count // 2 for count in Counter(socks).values())


def queue_time(customers: list[int], tills: int) -> int:
    """Return how long it takes until all customers of a queue have paid.

    >>> queue_time([2, 3, 10], 2)
    12
    """
    free_at = [0] * tills
    for minutes in customers:
        heapq.heapreplace(free_at, free_at[0] + minutes)
    return max(free_at)


def peaks(heights: list[int]) -> list[int]:
    """Return the indices of values higher than both neighbours.

    >>> peaks([1, 3, 2, 5, 4, 4])
    [1, 3]
    """
    found = []
    for i in range(1, len(heights) - 1):
        if heights[i - 1] < heights[i] > heights[i + 1]:
            found.append(i)
    return found


def visible_buildings(heights: list[int]) -> int:
    """Count the buildings that can be seen from the left.

    >>> visible_buildings([3, 2, 5, 5, 7])
    3
    """
    tallest = count = 0
    for height in heights:
        if height > tallest:
            tallest = height
            count += 1
    return count


def bounces(height: float, factor: float, limit: float) -> int:
    """Count how often a ball bounces higher than a limit.

    >>> bounces(10, 0.5, 2)
    2
    """
    count = 0
    height *= factor
    while height > limit:
        count += 1
        height *= factor
    return count


def days_to_target(start: float, percent: float, target: float) -> int:
    """Return after how many days of growth the target is reached.

    >>> days_to_target(100, 50, 300)
    3
    """
    days = 0
    while start < target:
        start *= 1 + percent / 100
        days += 1
    return days


def saddle_points(matrix: list[list[int]]) -> list[tuple[int, int]]:
    """Return the cells that are the largest of their row and smallest of their column.

    >>> saddle_points([[9, 8, 7], [5, 3, 2], [6, 6, 7]])
    [(1, 0)]
    """
    columns = list(zip(*matrix, strict=True))
    points = []
    for r, row in enumerate(matrix):
        for c, value in enumerate(row):
            if value == max(row) and value == min(columns[c]):
                points.append((r, c))
    return points


def is_magic(square: list[list[int]]) -> bool:
    """Whether all rows, columns and diagonals have the same sum.

    >>> is_magic([[2, 7, 6], [9, 5, 1], [4, 3, 8]])
    True
    """
    size = len(square)
    sums = {sum(row) for row in square}
    sums |= {sum(column) for column in zip(*square, strict=True)}
    sums.add(sum(square[i][i] for i in range(size)))
    sums.add(sum(square[i][size - 1 - i] for i in range(size)))
    return len(sums) == 1


def rotate_clockwise(matrix: list[list[int]]) -> list[list[int]]:
    """Return a matrix turned by a quarter to the right.

    >>> rotate_clockwise([[1, 2], [3, 4]])
    [[3, 1], [4, 2]]
    """
    return [list(row) for row in zip(*matrix[::-1], strict=True)]


def max_pool(grid: list[list[int]], size: int = 2) -> list[list[int]]:
    """Return the largest value of each square block of a grid.

    >>> max_pool([[1, 2, 5, 0], [3, 4, 1, 1]])
    [[4, 5]]
    """
    pooled = []
    for r in range(0, len(grid), size):
        row = []
        for c in range(0, len(grid[0]), size):
            block = [value for line in grid[r : r + size] for value in line[c : c + size]]
            row.append(max(block))
        pooled.append(row)
    return pooled


def border_sum(grid: list[list[int]]) -> int:
    """Return the sum of the cells on a grid's border.

    >>> border_sum([[1, 1, 1], [1, 9, 1], [1, 1, 1]])
    8
    """
    total = 0
    for r, row in enumerate(grid):
        for c, value in enumerate(row):
            if r in (0, len(grid) - 1) or c in (0, len(row) - 1):
                total += value
    return total


def diagonals(grid: list[list[int]]) -> list[list[int]]:
    """Return the diagonals of a grid that rise to the right, from the top left.

    >>> diagonals([[1, 2], [3, 4]])
    [[1], [3, 2], [4]]
    """
    lines = defaultdict(list)
    for r in range(len(grid) - 1, -1, -1):
        for c, value in enumerate(grid[r]):
            lines[r + c].append(value)
    return [lines[key] for key in sorted(lines)]


def lattice_paths(rows: int, columns: int) -> int:
    """Return in how many ways a grid can be crossed by going right and down.

    >>> lattice_paths(2, 2)
    6
    """
    ways = [1] * (columns + 1)
    for _ in range(rows):
        for c in range(1, columns + 1):
            ways[c] += ways[c - 1]
    return ways[columns]


def cheapest_path(costs: list[list[int]]) -> int:
    """Return the least cost from the top left to the bottom right, right and down only.

    >>> cheapest_path([[1, 3, 1], [1, 5, 1], [4, 2, 1]])
    7
    """
    best = [float("inf")] * len(costs[0])
    best[0] = 0
    for row in costs:
        for c, cost in enumerate(row):
            left = best[c - 1] if c else float("inf")
            best[c] = cost + min(best[c], left)
    return int(best[-1])


def longest_increasing(numbers: list[int]) -> int:
    """Return the length of the longest increasing subsequence.

    >>> longest_increasing([10, 9, 2, 5, 3, 7, 101, 18])
    4
    """
    lengths: list[int] = []
    for i, number in enumerate(numbers):
        shorter = [lengths[j] for j in range(i) if numbers[j] < number]
        lengths.append(1 + max(shorter, default=0))
    return max(lengths, default=0)


def can_reach_end(jumps: list[int]) -> bool:
    """Whether the end can be reached when each number is the longest jump from there.

    >>> can_reach_end([2, 3, 1, 1, 4])
    True
    >>> can_reach_end([3, 2, 1, 0, 4])
    False
    """
    reach = 0
    for i, jump in enumerate(jumps):
        if i > reach:
            return False
        reach = max(reach, i + jump)
    return True


def best_apart(values: list[int]) -> int:
    """Return the greatest sum of values of which no two are neighbours.

    >>> best_apart([2, 7, 9, 3, 1])
    12
    """
    without = taken = 0
    for value in values:
        without, taken = max(without, taken), without + value
    return max(without, taken)


def next_warmer(temperatures: list[int]) -> list[int]:
    """Return for each day how long it takes until a warmer one, 0 for never.

    >>> next_warmer([73, 74, 71, 75])
    [1, 2, 1, 0]
    """
    waits = [0] * len(temperatures)
    waiting: list[int] = []
    for day, temperature in enumerate(temperatures):
        while waiting and temperatures[waiting[-1]] < temperature:
            earlier = waiting.pop()
            waits[earlier] = day - earlier
        waiting.append(day)
    return waits


def split_evenly(weights: list[int]) -> bool:
    """Whether the weights can be put into two groups of equal sum.

    >>> split_evenly([1, 5, 11, 5])
    True
    >>> split_evenly([1, 2, 5])
    False
    """
    total = sum(weights)
    if total % 2:
        return False
    sums = {0}
    for weight in weights:
        sums |= {weight + other for other in sums}
    return total // 2 in sums


def boxes_needed(items: list[int], capacity: int) -> int:
    """Return how many boxes are used if each item goes into the first with room.

    >>> boxes_needed([4, 8, 1, 4, 2, 1], 10)
    2
    """
    boxes: list[int] = []
    for item in items:
        for i, used in enumerate(boxes):
            if used + item <= capacity:
                boxes[i] += item
                break
        else:
            boxes.append(item)
    return len(boxes)


def zigzag(items: list[int], width: int) -> list[list[int]]:
    """Lay items out in rows, every other row from right to left.

    >>> zigzag([1, 2, 3, 4, 5], 2)
    [[1, 2], [4, 3], [5]]
    """
    rows = []
    for number, start in enumerate(range(0, len(items), width)):
        row = items[start : start + width]
        if number % 2 == 1:
            row.reverse()
        rows.append(row)
    return rows


def sandwich(numbers: list[int]) -> list[int]:
    """Order numbers as smallest, largest, second smallest, and so on.

    >>> sandwich([4, 1, 3, 2])
    [1, 4, 2, 3]
    """
    rest = sorted(numbers)
    result = []
    while rest:
        result.append(rest.pop(0))
        if rest:
            result.append(rest.pop())
    return result


def common_items(lists: list[list[str]]) -> list[str]:
    """Return the items that are in every list, sorted.

    >>> common_items([["a", "b"], ["b", "c", "a"], ["b"]])
    ['b']
    """
    if not lists:
        return []
    common = set(lists[0])
    for items in lists[1:]:
        common &= set(items)
    return sorted(common)


def secret_santa(names: list[str]) -> dict[str, str]:
    """Let each person give to the next one in alphabetical order.

    >>> secret_santa(["Cy", "Al", "Bo"])
    {'Al': 'Bo', 'Bo': 'Cy', 'Cy': 'Al'}
    """
    ordered = sorted(names)
    return {name: ordered[(i + 1) % len(ordered)] for i, name in enumerate(ordered)}


def who_owes(paid: dict[str, float]) -> dict[str, float]:
    """Return what each person still has to pay for equal shares; negative gets back.

    >>> who_owes({"Ann": 30.0, "Ben": 0.0})
    {'Ann': -15.0, 'Ben': 15.0}
    """
    share = sum(paid.values()) / len(paid)
    return {name: round(share - amount, 2) for name, amount in paid.items()}


def text_histogram(counts: dict[str, int]) -> list[str]:
    """Return one line with a bar for each name.

    >>> text_histogram({"a": 3, "bc": 1})
    ['a  ###', 'bc #']
    """
    width = max(len(name) for name in counts)
    lines = []
    for name, count in counts.items():
        lines.append(f"{name:<{width}} {'#' * count}")
    return lines


def battery_left(capacity: int, uses: list[tuple[int, int]]) -> int:
    """Return what is left in a battery after uses of (power, hours), at least 0.

    >>> battery_left(100, [(10, 3), (5, 4)])
    50
    """
    for power, hours in uses:
        capacity -= power * hours
        if capacity <= 0:
            return 0
    return capacity


def steps_to_sorted(items: list[int]) -> int:
    """Count the swaps of a selection sort that change something.

    >>> steps_to_sorted([3, 1, 2])
    2
    """
    items = list(items)
    swaps = 0
    for i in range(len(items)):
        smallest = min(range(i, len(items)), key=items.__getitem__)
        if smallest != i:
            items[i], items[smallest] = items[smallest], items[i]
            swaps += 1
    return swaps


def elevator_distance(floors: list[int]) -> int:
    """Return how many floors an elevator passes on its way.

    >>> elevator_distance([0, 5, 2])
    8
    """
    distance = 0
    for i in range(1, len(floors)):
        distance += abs(floors[i] - floors[i - 1])
    return distance
