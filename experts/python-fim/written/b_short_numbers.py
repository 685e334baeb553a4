"""Small functions on numbers, digits and primes, each with an example."""

import math


def smallest_divisor(n: int) -> int:
    """Return the smallest divisor of n above one.

    >>> smallest_divisor(35)
    5
    >>> smallest_divisor(13)
    13
    """
    divisor = 2
    while divisor * divisor <= n:
        if n % divisor == 0:
            return divisor
        divisor += 1
    return n


def divisors(n: int) -> list[int]:
    """Return all divisors of n in rising order.

    >>> divisors(12)
    [1, 2, 3, 4, 6, 12]
    """
    small = []
    large = []
    for i in range(1, math.isqrt(n) + 1):
        if n % i == 0:
            small.append(i)
            if i != n // i:
                large.append(n // i)
    return small + large[::-1]


def abundance(n: int) -> int:
    """Return by how much the proper divisors of n exceed it.

    >>> abundance(12)
    4
    >>> abundance(7)
    -6
    """
    total = 0
    for i in range(1, n // 2 + 1):
        if n % i == 0:
            total += i
    return total - n


def next_prime(n: int) -> int:
    """Return the smallest prime above n.

    >>> next_prime(14)
    17
    """
    candidate = n + 1
    while candidate < 2 or any(candidate % i == 0 for i in range(2, math.isqrt(candidate) + 1)):
        candidate += 1
    return candidate


def twin_primes(limit: int) -> list[tuple[int, int]]:
    """Return the pairs of primes up to a limit that differ by two.

    >>> twin_primes(20)
    [(3, 5), (5, 7), (11, 13), (17, 19)]
    """
    sieve = [True] * (limit + 1)
    sieve[:2] = [False, False]
    for i in range(2, math.isqrt(limit) + 1):
        if sieve[i]:
            for multiple in range(i * i, limit + 1, i):
                sieve[multiple] = False
    return [(i, i + 2) for i in range(limit - 1) if sieve[i] and sieve[i + 2]]


def goldbach(n: int) -> tuple[int, int]:
    """Return two primes whose sum is the even number n.

    >>> goldbach(28)
    (5, 23)
    """

    def prime(k: int) -> bool:
        return k > 1 and all(k % i for i in range(2, math.isqrt(k) + 1))

    for first in range(2, n // 2 + 1):
        if prime(first) and prime(n - first):
            return first, n - first
    raise ValueError("n must be even and above two")


def reverse_number(n: int) -> int:
    """Return a number with its digits in reverse, the sign kept.

    >>> reverse_number(-120)
    -21
    """
    sign = -1 if n < 0 else 1
    n = abs(n)
    result = 0
    while n > 0:
        result = result * 10 + n % 10
        n //= 10
    return sign * result


def digit_counts(n: int) -> list[int]:
    """Return how often each digit from 0 to 9 occurs in a number.

    >>> digit_counts(2022)
    [1, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    """
    counts = [0] * 10
    for digit in str(abs(n)):
        counts[int(digit)] += 1
    return counts


def largest_by_swap(n: int) -> int:
    """Return the largest number that one swap of two digits can give.

    >>> largest_by_swap(2736)
    7236
    >>> largest_by_swap(98)
    98
    """
    digits = list(str(n))
    best = n
    for i in range(len(digits)):
        for j in range(i + 1, len(digits)):
            swapped = digits[:]
            swapped[i], swapped[j] = swapped[j], swapped[i]
            best = max(best, int("".join(swapped)))
    return best


def digits_rise(n: int) -> bool:
    """Whether each digit of a number is larger than the one before.

    >>> digits_rise(1479)
    True
    >>> digits_rise(1224)
    False
    """
    previous = -1
    for char in str(n):
        digit = int(char)
        if digit <= previous:
            return False
        previous = digit
    return True


def persistence(n: int) -> int:
    """Return how often the digits must be multiplied until one digit is left.

    >>> persistence(39)
    3
    """
    steps = 0
    while n >= 10:
        product = 1
        for digit in str(n):
            product *= int(digit)
        n = product
        steps += 1
    return steps


def nearest_multiple(value: int, base: int) -> int:
    """Return the multiple of base that is closest to a value, the larger of two.

    >>> nearest_multiple(14, 5)
    15
    >>> nearest_multiple(12, 8)
    16
    """
    rest = value % base
    if rest * 2 >= base:
        return value + base - rest
    return value - rest


def reduce_fraction(numerator: int, denominator: int) -> tuple[int, int]:
    """Return a fraction in lowest terms, the denominator positive.

    >>> reduce_fraction(6, -8)
    (-3, 4)
    """
    if denominator == 0:
        raise ZeroDivisionError("denominator is zero")
    divisor = math.gcd(numerator, denominator)
    if denominator < 0:
        divisor = -divisor
    return numerator // divisor, denominator // divisor


def triangular_index(n: int) -> int:
    """Return which triangular number n is, or -1 if it is none.

    >>> triangular_index(15)
    5
    >>> triangular_index(14)
    -1
    """
    total = 0
    index = 0
    while total < n:
        index += 1
        total += index
    return index if total == n else -1


def bit_length_sum(numbers: list[int]) -> int:
    """Return how many bits it takes to write all numbers in binary.

    >>> bit_length_sum([1, 2, 3, 4])
    8
    """
    return sum(max(1, number.bit_length()) for number in numbers)


def toggle_bits(n: int) -> int:
    """Return n with all its binary digits turned around.

    >>> toggle_bits(10)
    5
    """
    mask = 1
    while mask <= n:
        n ^= mask
        mask <<= 1
    return n


def power_mod(base: int, exponent: int, modulus: int) -> int:
    """Return the rest of a power by repeated squaring.

    >>> power_mod(3, 13, 7)
    3
    """
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent % 2 == 1:
            result = result * base % modulus
        base = base * base % modulus
        exponent //= 2
    return result


def decimal_period(denominator: int) -> int:
    """Return the length of the part that repeats in one divided by a number.

    >>> decimal_period(7)
    6
    >>> decimal_period(8)
    0
    """
    seen = {}
    rest = 1
    position = 0
    while rest and rest not in seen:
        seen[rest] = position
        rest = rest * 10 % denominator
        position += 1
    return position - seen[rest] if rest else 0


def is_armstrong_like(n: int, exponent: int) -> bool:
    """Whether a number equals the sum of its digits raised to an exponent.

    >>> is_armstrong_like(4150, 5)
    True
    """
    total = 0
    for digit in str(n):
        total += int(digit) ** exponent
    return total == n


def sum_of_odds(low: int, high: int) -> int:
    """Return the sum of the odd numbers from low to high.

    >>> sum_of_odds(2, 7)
    15
    """
    start = low if low % 2 else low + 1
    return sum(range(start, high + 1, 2))
