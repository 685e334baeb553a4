"""Short puzzles about codes, ciphers, numbers in words, and notations, with examples."""

from __future__ import annotations

import string
from fractions import Fraction

KEYPAD = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def atbash(text: str) -> str:
    """Replace each letter by the one as far from the alphabet's other end.

    >>> atbash("abc xyz")
    'zyx cba'
    """
    alphabet = string.ascii_lowercase
    return text.lower().translate(str.maketrans(alphabet, alphabet[::-1]))


def vigenere(text: str, key: str) -> str:
    """Encrypt lower-case letters with a repeated key.

    >>> vigenere("hello", "ab")
    'hflmo'
    """
    result = []
    for i, letter in enumerate(text):
        shift = ord(key[i % len(key)]) - ord("a")
        result.append(chr((ord(letter) - ord("a") + shift) % 26 + ord("a")))
    return "".join(result)


def rail_fence(text: str, rails: int) -> str:
    """Write a text in a zigzag over some rails and read it rail by rail.

    >>> rail_fence("abcdef", 2)
    'acebdf'
    >>> rail_fence("abcdef", 3)
    'aebdfc'
    """
    rows = [""] * rails
    row, step = 0, 1
    for char in text:
        rows[row] += char
        if row == 0:
            step = 1
        elif row == rails - 1:
            step = -1
        row += step
    return "".join(rows)


def keypad_words(digits: str) -> list[str]:
    """Return all letter sequences that the keys of a phone can mean.

    >>> keypad_words("23")[:4]
    ['ad', 'ae', 'af', 'bd']
    """
    words = [""]
    for digit in digits:
        words = [word + letter for word in words for letter in KEYPAD[digit]]
    return words


def keypad_digits(word: str) -> str:
    """Return the keys of a phone that a word is typed with.

    >>> keypad_digits("Cab")
    '222'
    """
    digits = ""
    for letter in word.lower():
        for digit, letters in KEYPAD.items():
            if letter in letters:
                digits += digit
    return digits


def in_words(number: int) -> str:
    """Return a number from 0 to 999 in English words.

    >>> in_words(342)
    'three hundred forty-two'
    >>> in_words(15)
    'fifteen'
    """
    if number < 20:
        return SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return TENS[tens] + (f"-{SMALL[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    words = f"{SMALL[hundreds]} hundred"
    return f"{words} {in_words(rest)}" if rest else words


def ordinal(number: int) -> str:
    """Return a number with its English ordinal ending.

    >>> ordinal(22)
    '22nd'
    >>> ordinal(113)
    '113th'
    """
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def to_roman(number: int) -> str:
    """Return a positive number as a Roman numeral.

    >>> to_roman(1994)
    'MCMXCIV'
    """
    signs = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ]
    result = ""
    for value, sign in signs:
        count, number = divmod(number, value)
        result += sign * count
    return result


def valid_isbn10(isbn: str) -> bool:
    """Whether the check digit of a ten-digit ISBN is right.

    >>> valid_isbn10("0-306-40615-2")
    True
    >>> valid_isbn10("0-306-40615-3")
    False
    """
    digits = [10 if char == "X" else int(char) for char in isbn if char not in "- "]
    if len(digits) != 10:
        return False
    return sum((10 - i) * digit for i, digit in enumerate(digits)) % 11 == 0


def ean_check_digit(digits: str) -> int:
    """Return the check digit for the first twelve digits of a bar code.

    >>> ean_check_digit("400638133393")
    1
    """
    total = 0
    for i, digit in enumerate(digits):
        weight = 3 if i % 2 else 1
        total += weight * int(digit)
    return -total % 10


def look_and_say(term: str) -> str:
    """Return the next term of the sequence in which each term describes the last.

    >>> look_and_say("111221")
    '312211'
    """
    result = ""
    count = 1
    for i, digit in enumerate(term):
        if i + 1 < len(term) and term[i + 1] == digit:
            count += 1
        else:
            result += f"{count}{digit}"
            count = 1
    return result


def gray_code(bits: int) -> list[str]:
    """Return all words of so many bits, each one bit from the last.

    >>> gray_code(2)
    ['00', '01', '11', '10']
    """
    codes = [""]
    for _ in range(bits):
        codes = ["0" + code for code in codes] + ["1" + code for code in reversed(codes)]
    return codes


def hamming(first: str, second: str) -> int:
    """Count the places in which two words of equal length differ.

    >>> hamming("karolin", "kathrin")
    3
    """
    if len(first) != len(second):
        raise ValueError("lengths differ")
    return sum(a != b for a, b in zip(first, second, strict=True))


def parity_bit(bits: str) -> str:
    """Return the bits with one more, so that the number of ones is even.

    >>> parity_bit("1011")
    '10111'
    """
    return bits + ("1" if bits.count("1") % 2 else "0")


def egyptian(fraction: Fraction) -> list[int]:
    """Return the denominators of unit fractions that add up to a fraction.

    >>> egyptian(Fraction(4, 5))
    [2, 4, 20]
    """
    denominators = []
    while fraction > 0:
        denominator = -(-fraction.denominator // fraction.numerator)
        denominators.append(denominator)
        fraction -= Fraction(1, denominator)
    return denominators


def continued_fraction(numerator: int, denominator: int) -> list[int]:
    """Return the terms of a continued fraction.

    >>> continued_fraction(45, 16)
    [2, 1, 4, 3]
    """
    terms = []
    while denominator:
        whole, rest = divmod(numerator, denominator)
        terms.append(whole)
        numerator, denominator = denominator, rest
    return terms


def digital_root(number: int) -> int:
    """Return the digit that is left when digits are summed again and again.

    >>> digital_root(9875)
    2
    """
    while number > 9:
        number = sum(int(digit) for digit in str(number))
    return number


def is_narcissistic(number: int) -> bool:
    """Whether a number is the sum of its digits to the power of their count.

    >>> is_narcissistic(153)
    True
    """
    digits = str(number)
    return number == sum(int(digit) ** len(digits) for digit in digits)


def kaprekar_steps(number: int) -> int:
    """Count the steps of Kaprekar's routine until 6174 is reached.

    >>> kaprekar_steps(3524)
    3
    """
    steps = 0
    while number != 6174:
        digits = f"{number:04}"
        low = int("".join(sorted(digits)))
        high = int("".join(sorted(digits, reverse=True)))
        number = high - low
        steps += 1
    return steps


def clock_angle(hour: int, minute: int) -> float:
    """Return the smaller angle between the hands of a clock.

    >>> clock_angle(3, 30)
    75.0
    """
    hour_hand = (hour % 12) * 30 + minute * 0.5
    minute_hand = minute * 6
    angle = abs(hour_hand - minute_hand)
    return min(angle, 360 - angle)


def excel_column(number: int) -> str:
    """Return the name of a spreadsheet's column, counted from 1.

    >>> excel_column(28)
    'AB'
    """
    name = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def column_number(name: str) -> int:
    """Return the number of a spreadsheet's column by its name.

    >>> column_number("AB")
    28
    """
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def ascii_binary(text: str) -> str:
    """Return the characters of a text as groups of eight bits.

    >>> ascii_binary("Hi")
    '01001000 01101001'
    """
    return " ".join(f"{ord(char):08b}" for char in text)


def repeat_decode(code: str) -> str:
    """Expand a code in which a number says how often the next letter comes.

    >>> repeat_decode("3ab2c")
    'aaabcc'
    """
    result = ""
    count = ""
    for char in code:
        if char.isdigit():
            count += char
        else:
            result += char * int(count or 1)
            count = ""
    return result
