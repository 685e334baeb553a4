"""More exercises: letters, clocks, sets of things, sums and small machines."""

import math
from collections import Counter, defaultdict


def clock_hands(hours: int, minutes: int) -> float:
    """Return the smaller angle between the hands of a clock.

    >>> clock_hands(3, 30)
    75.0
    """
    hour_hand = (hours % 12) * 30 + minutes * 0.5
    minute_hand = minutes * 6
    angle = abs(hour_hand - minute_hand)
    return min(angle, 360 - angle)


def leap_years(first: int, last: int) -> int:
    """Count the leap years from a first to a last year.

    >>> leap_years(1996, 2004)
    3
    """
    count = 0
    for year in range(first, last + 1):
        if year % 400 == 0 or (year % 4 == 0 and year % 100 != 0):
            count += 1
    return count


def weekday_of(day: int, first_weekday: str) -> str:
    """Return the weekday of a day of a month whose first day is known.

    >>> weekday_of(10, "Friday")
    'Sunday'
    """
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    index = names.index(first_weekday)
    return names[(index + day - 1) % 7]


def calendar_rows(first_weekday: int, days: int) -> list[str]:
    """Return the rows of a month's page; weekdays count from zero.

    >>> calendar_rows(5, 4)
    ['                1  2', ' 3  4']
    """
    cells = ["  "] * first_weekday
    for day in range(1, days + 1):
        cells.append(f"{day:2d}")
    rows = []
    for start in range(0, len(cells), 7):
        rows.append(" ".join(cells[start : start + 7]))
    return rows


def remove_until_sorted(values: list[int]) -> int:
    """Return how many values must go so that the rest never falls.

    >>> remove_until_sorted([1, 5, 2, 3])
    1
    """
    longest = [1] * len(values)
    for i in range(len(values)):
        for j in range(i):
            if values[j] <= values[i]:
                longest[i] = max(longest[i], longest[j] + 1)
    return len(values) - max(longest, default=0)


def balanced_split(values: list[int]) -> int:
    """Return the index at which both parts of a list have the same sum, or -1.

    >>> balanced_split([1, 2, 3, 6])
    3
    """
    right = sum(values)
    left = 0
    for i, value in enumerate(values):
        if left == right:
            return i
        left += value
        right -= value
    return -1


def letter_grid(words: list[str]) -> str:
    """Return the words read downwards, one column for each letter place.

    >>> letter_grid(["cat", "is", "old"])
    'cio asl td'
    """
    width = max(len(word) for word in words)
    columns = []
    for i in range(width):
        column = "".join(word[i] for word in words if i < len(word))
        columns.append(column)
    return " ".join(columns)


def is_rotation(first: list[int], second: list[int]) -> bool:
    """Whether a list becomes another one by moving items from its front to its end.

    >>> is_rotation([1, 2, 3], [3, 1, 2])
    True
    """
    if len(first) != len(second):
        return False
    doubled = first + first
    size = len(second)
    for start in range(size):
        if doubled[start : start + size] == second:
            return True
    return not first


def smallest_multiple(numbers: list[int]) -> int:
    """Return the smallest number that all numbers divide.

    >>> smallest_multiple([4, 6, 10])
    60
    """
    result = 1
    for number in numbers:
        result = result * number // math.gcd(result, number)
    return result


def perfect_squares_between(low: int, high: int) -> list[int]:
    """Return the square numbers from low to high.

    >>> perfect_squares_between(10, 40)
    [16, 25, 36]
    """
    squares = []
    root = math.isqrt(low)
    if root * root < low:
        root += 1
    while root * root <= high:
        squares.append(root * root)
        root += 1
    return squares


def prime_gaps(primes: list[int]) -> dict[int, int]:
    """Count the gaps between primes that follow each other.

    >>> prime_gaps([2, 3, 5, 7, 11])
    {1: 1, 2: 2, 4: 1}
    """
    gaps: dict[int, int] = {}
    for i in range(1, len(primes)):
        gap = primes[i] - primes[i - 1]
        gaps[gap] = gaps.get(gap, 0) + 1
    return gaps


def coprime_pairs(limit: int) -> int:
    """Count the pairs of numbers up to a limit without a common divisor.

    >>> coprime_pairs(4)
    5
    """
    count = 0
    for a in range(1, limit + 1):
        for b in range(a + 1, limit + 1):
            if math.gcd(a, b) == 1:
                count += 1
    return count


def number_spelled(n: int) -> str:
    """Return the digits of a number as words.

    >>> number_spelled(407)
    'four zero seven'
    """
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    return " ".join(words[int(digit)] for digit in str(n))


def add_digits_in_base(n: int, base: int) -> int:
    """Return the sum of a number's digits in a base.

    >>> add_digits_in_base(255, 16)
    30
    """
    total = 0
    while n > 0:
        n, digit = divmod(n, base)
        total += digit
    return total


def binary_gap(n: int) -> int:
    """Return the longest run of zeros between two ones in binary.

    >>> binary_gap(529)
    4
    """
    digits = bin(n)[2:].strip("0")
    runs = digits.split("1")
    return max(len(run) for run in runs)


def anagram_groups(words: list[str]) -> list[list[str]]:
    """Return the groups of two or more words with the same letters.

    >>> anagram_groups(["tea", "rat", "eat", "dog", "tar"])
    [['tea', 'eat'], ['rat', 'tar']]
    """
    groups = defaultdict(list)
    for word in words:
        key = "".join(sorted(word))
        groups[key].append(word)
    return [group for group in groups.values() if len(group) > 1]


def missing_letters(text: str) -> str:
    """Return the letters of the alphabet that a text lacks.

    >>> missing_letters("the quick fox jumps over lazy dogs")
    'bnw'
    """
    present = set(text.lower())
    missing = ""
    for code in range(ord("a"), ord("z") + 1):
        if chr(code) not in present:
            missing += chr(code)
    return missing


def scrabble(word: str, double: int | None = None) -> int:
    """Return the value of a word; the letter at the index double counts twice.

    >>> scrabble("quiz", 3)
    32
    """
    values = {1: "aeioulnstr", 2: "dg", 3: "bcmp", 4: "fhvwy", 5: "k", 8: "jx", 10: "qz"}
    points = {letter: value for value, letters in values.items() for letter in letters}
    total = 0
    for i, letter in enumerate(word.lower()):
        value = points[letter]
        if i == double:
            value *= 2
        total += value
    return total


def can_be_palindrome(text: str) -> bool:
    """Whether the letters of a text can be ordered to read the same both ways.

    >>> can_be_palindrome("ivicc")
    True
    """
    odd = [letter for letter, count in Counter(text).items() if count % 2]
    return len(odd) <= 1


def tidy_sentence(text: str) -> str:
    """Return a sentence with single spaces, a capital at its start and a full stop.

    >>> tidy_sentence("  this   is it ")
    'This is it.'
    """
    words = text.split()
    if not words:
        return ""
    sentence = " ".join(words)
    sentence = sentence[0].upper() + sentence[1:]
    if sentence[-1] not in ".!?":
        sentence += "."
    return sentence


def odd_one_out(numbers: list[int]) -> int:
    """Return the only odd number among even ones, or the only even one among odd ones.

    >>> odd_one_out([2, 4, 7, 10])
    7
    """
    odd = [number for number in numbers if number % 2]
    even = [number for number in numbers if number % 2 == 0]
    return odd[0] if len(odd) == 1 else even[0]


def tournament_winner(matches: list[tuple[str, str, int, int]]) -> str:
    """Return the team with the most points; three for a win, one for a draw.

    >>> tournament_winner([("a", "b", 1, 0), ("b", "c", 2, 2), ("c", "a", 3, 0), ("c", "b", 1, 0)])
    'c'
    """
    points: Counter[str] = Counter()
    for home, away, scored, conceded in matches:
        if scored > conceded:
            points[home] += 3
        elif scored < conceded:
            points[away] += 3
        else:
            points[home] += 1
            points[away] += 1
    return points.most_common(1)[0][0]


def bottles_left(bottles: int, exchange: int) -> int:
    """Return how many bottles can be drunk if some empty ones buy a full one.

    >>> bottles_left(9, 3)
    13
    """
    drunk = bottles
    empty = bottles
    while empty >= exchange:
        full = empty // exchange
        drunk += full
        empty = empty % exchange + full
    return drunk


def water_level(bars: list[int]) -> int:
    """Return the area of the largest tank between two bars.

    >>> water_level([1, 8, 6, 2, 5, 4, 8, 3, 7])
    49
    """
    left, right = 0, len(bars) - 1
    best = 0
    while left < right:
        height = min(bars[left], bars[right])
        best = max(best, height * (right - left))
        if bars[left] < bars[right]:
            left += 1
        else:
            right -= 1
    return best


def turn_order(players: list[str], events: list[str]) -> str:
    """Return whose turn it is after some cards: skip, reverse, or any other.

    >>> turn_order(["ann", "ben", "cem"], ["5", "skip", "reverse"])
    'cem'
    """
    position = 0
    direction = 1
    for event in events:
        if event == "reverse":
            direction = -direction
        position += direction
        if event == "skip":
            position += direction
    return players[position % len(players)]


def shop_queue(people: list[tuple[int, int]]) -> list[int]:
    """Return when each person (arrival, minutes) is done at one till.

    >>> shop_queue([(0, 5), (1, 2), (10, 1)])
    [5, 7, 11]
    """
    done = []
    free = 0
    for arrival, minutes in people:
        start = max(free, arrival)
        free = start + minutes
        done.append(free)
    return done


def compress_path(moves: str) -> str:
    """Return a path without moves that undo each other; N undoes S and E undoes W.

    >>> compress_path("NSEWN")
    'N'
    """
    opposite = {"N": "S", "S": "N", "E": "W", "W": "E"}
    kept = []
    for move in moves:
        if kept and kept[-1] == opposite[move]:
            kept.pop()
        else:
            kept.append(move)
    return "".join(kept)


def count_regions(row: str) -> dict[str, int]:
    """Count for each letter the runs it forms.

    >>> count_regions("aabba")
    {'a': 2, 'b': 1}
    """
    regions: dict[str, int] = {}
    previous = ""
    for char in row:
        if char != previous:
            regions[char] = regions.get(char, 0) + 1
        previous = char
    return regions
