"""Short puzzles about numbers, with examples."""

import itertools


def digit_sum(number: int) -> int:
    """Return the sum of the decimal digits of a number.

    >>> digit_sum(409)
    13
    >>> digit_sum(-21)
    3
    """
    total = 0
    number = abs(number)
    while number > 0:
        total += number % 10
        number //= 10
    return total


def collatz_steps(start: int) -> int:
    """Return how many Collatz steps lead from start to 1.

    >>> collatz_steps(1)
    0
    >>> collatz_steps(6)
    8
    """
    steps = 0
    while start != 1:
        start = start // 2 if start % 2 == 0 else 3 * start + 1
        steps += 1
    return steps


def prime_factors(number: int) -> dict[int, int]:
    """Return the prime factors of a number and their powers.

    >>> prime_factors(360)
    {2: 3, 3: 2, 5: 1}
    """
    factors: dict[int, int] = {}
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors[divisor] = factors.get(divisor, 0) + 1
            number //= divisor
        divisor += 1
    if number > 1:
        factors[number] = factors.get(number, 0) + 1
    return factors


def primes_below(limit: int) -> list[int]:
    """Return all primes below the limit.

    >>> primes_below(20)
    [2, 3, 5, 7, 11, 13, 17, 19]
    """
    sieve = [True] * limit
    sieve[:2] = [False] * min(2, limit)
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            for multiple in range(number * number, limit, number):
                sieve[multiple] = False
    return [number for number, is_prime in enumerate(sieve) if is_prime]


def to_base(number: int, base: int) -> str:
    """Return a non-negative number written in a base from 2 to 36.

    >>> to_base(255, 16)
    'ff'
    >>> to_base(0, 2)
    '0'
    """
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    if number == 0:
        return "0"
    result = ""
    while number:
        number, rest = divmod(number, base)
        result = digits[rest] + result
    return result


def from_roman(text: str) -> int:
    """Return the value of a Roman numeral.

    >>> from_roman("XIV")
    14
    >>> from_roman("MCMXC")
    1990
    """
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    total = 0
    previous = 0
    for letter in reversed(text):
        value = values[letter]
        if value < previous:
            total -= value
        else:
            total += value
        previous = value
    return total


def water_needed(plants: list[int], can: int) -> int:
    """Return how often a can must be filled to water the plants in order.

    Each plant must be watered from one filling of the can.

    >>> water_needed([2, 2, 3, 3], 5)
    3
    >>> water_needed([], 5)
    0
    """
    fillings = 0
    left = 0
    for plant in plants:
        if left < plant:
            fillings += 1
            left = can
        left -= plant
    return fillings


def longest_rise(temperatures: list[float]) -> int:
    """Return the length of the longest run of rising temperatures.

    >>> longest_rise([1.0, 2.0, 2.5, 2.0, 3.0])
    3
    >>> longest_rise([])
    0
    """
    if not temperatures:
        return 0
    best = current = 1
    for before, after in itertools.pairwise(temperatures):
        if after > before:
            current += 1
        else:
            current = 1
        best = max(best, current)
    return best


def stairs(steps: int, strides: tuple[int, ...] = (1, 2)) -> int:
    """Return in how many ways stairs can be climbed with the given strides.

    >>> stairs(4)
    5
    >>> stairs(4, (1, 3))
    3
    """
    ways = [1] + [0] * steps
    for step in range(1, steps + 1):
        for stride in strides:
            if stride <= step:
                ways[step] += ways[step - stride]
    return ways[steps]


def fewest_coins(amount: int, coins: list[int]) -> int | None:
    """Return the smallest number of coins that make the amount, or None.

    >>> fewest_coins(30, [1, 15, 25])
    2
    >>> fewest_coins(3, [2]) is None
    True
    """
    best = [0] + [amount + 1] * amount
    for value in range(1, amount + 1):
        for coin in coins:
            if coin <= value:
                best[value] = min(best[value], best[value - coin] + 1)
    return best[amount] if best[amount] <= amount else None


def is_happy(number: int) -> bool:
    """Whether repeated sums of squared digits lead to 1.

    >>> is_happy(19)
    True
    >>> is_happy(4)
    False
    """
    seen = set()
    while number != 1 and number not in seen:
        seen.add(number)
        number = sum(int(digit) ** 2 for digit in str(number))
    return number == 1


def balance_point(weights: list[int]) -> int:
    """Return the first index with equal sums on both sides, or -1.

    >>> balance_point([1, 7, 3, 6, 5, 6])
    3
    >>> balance_point([1, 2])
    -1
    """
    left = 0
    right = sum(weights)
    for i, weight in enumerate(weights):
        right -= weight
        if left == right:
            return i
        left += weight
    return -1


def missing_numbers(numbers: list[int]) -> list[int]:
    """Return the numbers that are missing between the smallest and the largest.

    >>> missing_numbers([7, 3, 4])
    [5, 6]
    """
    if not numbers:
        return []
    present = set(numbers)
    return [n for n in range(min(numbers), max(numbers) + 1) if n not in present]


def max_profit(prices: list[int]) -> int:
    """Return the best profit from buying once and selling later.

    >>> max_profit([7, 1, 5, 3, 6, 4])
    5
    >>> max_profit([5, 4, 3])
    0
    """
    lowest = float("inf")
    profit = 0
    for price in prices:
        lowest = min(lowest, price)
        profit = max(profit, int(price - lowest))
    return profit


def pascal_row(index: int) -> list[int]:
    """Return a row of Pascal's triangle, counted from 0.

    >>> pascal_row(4)
    [1, 4, 6, 4, 1]
    """
    row = [1]
    for k in range(index):
        row.append(row[-1] * (index - k) // (k + 1))
    return row


def fence_panels(length: int, panels: list[int]) -> list[int]:
    """Choose panels greedily, longest first, until the fence is built.

    >>> fence_panels(10, [4, 3, 1])
    [4, 4, 1, 1]
    """
    chosen = []
    for panel in sorted(panels, reverse=True):
        count, length = divmod(length, panel)
        chosen.extend([panel] * count)
    return chosen


def alternating_sum(numbers: list[int]) -> int:
    """Return the first number minus the second plus the third, and so on.

    >>> alternating_sum([5, 3, 2, 1])
    3
    """
    total = 0
    for i, number in enumerate(numbers):
        if i % 2 == 0:
            total += number
        else:
            total -= number
    return total


def closest_pair_sum(numbers: list[int], target: int) -> tuple[int, int]:
    """Return the two numbers whose sum is closest to the target.

    >>> closest_pair_sum([10, 22, 28, 29, 30, 40], 54)
    (22, 30)
    """
    numbers = sorted(numbers)
    low, high = 0, len(numbers) - 1
    best = (numbers[low], numbers[high])
    while low < high:
        pair = (numbers[low], numbers[high])
        if abs(sum(pair) - target) < abs(sum(best) - target):
            best = pair
        if sum(pair) < target:
            low += 1
        else:
            high -= 1
    return best


def count_inversions(ranks: list[int]) -> int:
    """Count the pairs that stand in the wrong order.

    >>> count_inversions([3, 1, 2])
    2
    """
    count = 0
    for i in range(len(ranks)):
        for j in range(i + 1, len(ranks)):
            if ranks[i] > ranks[j]:
                count += 1
    return count


def trailing_zeros(number: int) -> int:
    """Return the number of zeros at the end of the factorial of a number.

    >>> trailing_zeros(25)
    6
    """
    count = 0
    while number:
        number //= 5
        count += number
    return count


def is_perfect_square(number: int) -> bool:
    """Whether a number is the square of an integer.

    >>> is_perfect_square(144)
    True
    >>> is_perfect_square(-4)
    False
    """
    if number < 0:
        return False
    low, high = 0, number
    while low <= high:
        middle = (low + high) // 2
        square = middle * middle
        if square == number:
            return True
        if square < number:
            low = middle + 1
        else:
            high = middle - 1
    return False


def seats_taken(rows: int, columns: int, visitors: int) -> list[list[int]]:
    """Seat visitors row by row and return a plan of ones and zeros.

    >>> seats_taken(2, 3, 4)
    [[1, 1, 1], [1, 0, 0]]
    """
    plan = []
    for _ in range(rows):
        taken = min(columns, visitors)
        plan.append([1] * taken + [0] * (columns - taken))
        visitors -= taken
    return plan
