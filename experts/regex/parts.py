"""Parts of a regular expression, each drawn with its wording: "three digits" and `\\d{3}` are made together."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from experts.regex.words import LOWER, NUMBERS, TITLE, UNITS, UPPER

Sample = Callable[[Random], str]

_ALNUM = string.ascii_letters + string.digits
_LETTERS = string.ascii_letters


@dataclass(frozen=True)
class Part:
    """What is said, the expression for it, and a drawer of strings that it matches."""

    says: str
    regex: str
    sample: Sample


@dataclass(frozen=True)
class Kind:
    """A class of characters: its expression, its characters, and pairs of a word for one and for many of them."""

    regex: str
    characters: str
    names: tuple[tuple[str, str], ...]


KINDS = (
    Kind(
        r"\d", string.digits, (("digit", "digits"), ("digit", "digits"), ("number", "numbers"), ("numeral", "numerals"))
    ),
    Kind(
        "[A-Z]",
        string.ascii_uppercase,
        (
            ("capital letter", "capital letters"),
            ("uppercase letter", "uppercase letters"),
            ("upper case letter", "upper case letters"),
            ("capital", "capitals"),
            ("letter in upper case", "letters in upper case"),
            ("letter A-Z", "letters A-Z"),
            ("big letter", "big letters"),
            ("cap", "caps"),
        ),
    ),
    Kind(
        "[a-z]",
        string.ascii_lowercase,
        (
            ("lowercase letter", "lowercase letters"),
            ("small letter", "small letters"),
            ("lower case letter", "lower case letters"),
            ("letter a-z", "letters a-z"),
            ("lower-case letter", "lower-case letters"),
            ("letter in lower case", "letters in lower case"),
        ),
    ),
    Kind(
        "[A-Za-z]",
        _LETTERS,
        (
            ("letter", "letters"),
            ("letter", "letters"),
            ("letter of either case", "letters of either case"),
            ("upper or lower case letter", "upper or lower case letters"),
            ("alphabetic character", "alphabetic characters"),
            ("letter (any case)", "letters (any case)"),
            ("upper- or lowercase letter", "upper- or lowercase letters"),
        ),
    ),
    Kind(
        "[A-Za-z0-9]",
        _ALNUM,
        (
            ("letter or digit", "letters or digits"),
            ("alphanumeric character", "alphanumeric characters"),
            ("alphanumeric", "alphanumerics"),
            ("letter or number", "letters or numbers"),
        ),
    ),
    Kind(
        "[A-Z0-9]",
        string.ascii_uppercase + string.digits,
        (
            ("capital letter or digit", "capital letters or digits"),
            ("uppercase letter or digit", "uppercase letters or digits"),
            ("uppercase alphanumeric", "uppercase alphanumerics"),
            ("character from A-Z and 0-9", "characters from A-Z and 0-9"),
        ),
    ),
    Kind(
        "[a-z0-9]",
        string.ascii_lowercase + string.digits,
        (
            ("lowercase letter or digit", "lowercase letters or digits"),
            ("small letter or number", "small letters or numbers"),
            ("lowercase alphanumeric", "lowercase alphanumerics"),
        ),
    ),
    Kind(
        "[0-9A-Fa-f]",
        string.hexdigits,
        (("hex digit", "hex digits"), ("hexadecimal digit", "hexadecimal digits"), ("hex character", "hex characters")),
    ),
    Kind(
        "[0-9a-f]",
        string.digits + "abcdef",
        (("lowercase hex digit", "lowercase hex digits"), ("hex digit in lower case", "hex digits in lower case")),
    ),
    Kind("[01]", "01", (("binary digit", "binary digits"), ("zero or one", "zeros or ones"), ("bit", "bits"))),
    Kind(
        r"\w",
        _ALNUM + "_",
        (("word character", "word characters"), ("letter, digit or underscore", "letters, digits or underscores")),
    ),
    Kind("[AEIOUaeiou]", "AEIOUaeiou", (("vowel", "vowels"), ("vowel of either case", "vowels of either case"))),
    Kind("[aeiou]", "aeiou", (("lowercase vowel", "lowercase vowels"), ("small vowel", "small vowels"))),
    Kind(
        r"\S",
        _ALNUM + "-_.!",
        (("non-space character", "non-space characters"), ("character that is no whitespace", "non-blank characters")),
    ),
    Kind(".", _ALNUM + " -_.!", (("character", "characters"), ("character of any kind", "characters of any kind"))),
)
# Digits and letters are what is asked for most.
_KIND_WEIGHTS = (30, 16, 11, 11, 5, 4, 3, 3, 1, 1, 2, 1, 1, 1, 2)

SIGNS = {
    "-": ("dash", "hyphen", "minus sign", "dash", "hyphen"),
    "_": ("underscore",),
    "/": ("slash", "forward slash"),
    ".": ("dot", "period", "point", "full stop"),
    ":": ("colon",),
    ";": ("semicolon",),
    ",": ("comma",),
    " ": ("space", "blank", "single space"),
    "#": ("hash", "hash sign", "number sign"),
    "@": ("at sign", "@ sign"),
    "+": ("plus", "plus sign"),
    "=": ("equals sign", "equal sign"),
    "*": ("star", "asterisk"),
    "&": ("ampersand",),
    "|": ("pipe", "vertical bar"),
    "!": ("exclamation mark",),
    "?": ("question mark",),
    "%": ("percent sign",),
    "$": ("dollar sign",),
    "~": ("tilde",),
    "'": ("apostrophe", "single quote"),
    '"': ("double quote", "quotation mark"),
    "\\": ("backslash",),
    "(": ("opening parenthesis", "open paren"),
    ")": ("closing parenthesis", "close paren"),
    "<": ("less-than sign",),
    ">": ("greater-than sign",),
    "^": ("caret",),
}
_SEPARATORS = "-------___////....:::;,,   #@+=*|"


def escaped(text: str) -> str:
    """The expression for exactly this text, nothing escaped that need not be."""
    return "".join("\\" + character if character in r".^$*+?{}[]\|()" else character for character in text)


def char_class(characters: Sequence[str]) -> str:
    """The class of these characters; a dash comes last, where it needs no backslash."""
    inner = sorted(characters, key=lambda c: (c == "-", c == "^"))
    if inner[0] == "^":
        raise ValueError("a class must not start with ^")
    return "[" + "".join("\\" + c if c in "]\\[" else c for c in inner) + "]"


def article(noun: str) -> str:
    """The noun with a or an."""
    return ("an " if noun[0].lower() in "aeio" or noun.startswith(("upper", "underscore")) else "a ") + noun


def number(n: int, rng: Random) -> str:
    """A count as a word or in digits."""
    return NUMBERS[n] if n < len(NUMBERS) and rng.random() < 0.55 else str(n)


def repeat(n: int, most: int | None = -1) -> str:
    """The count after an expression: n times, n to `most` times, or at least n times where `most` is None."""
    if most == -1 or most == n:
        return "" if n == 1 else f"{{{n}}}"
    if most is None:
        return {0: "*", 1: "+"}.get(n, f"{{{n},}}")
    return "?" if (n, most) == (0, 1) else f"{{{n},{most}}}"


def several(characters: str, least: int, most: int) -> Sample:
    """Draws strings of so many of these characters."""
    return lambda rng: "".join(rng.choice(characters) for _ in range(rng.randint(least, most)))


def draw_kind(rng: Random) -> Kind:
    return rng.choices(KINDS, _KIND_WEIGHTS)[0]


def counted(rng: Random, kind: Kind | None = None) -> Part:
    """So many characters of a class: one, n, n to m, at least n, at most n, one or more, perhaps one."""
    kind = kind or draw_kind(rng)
    one, many = rng.choice(kind.names)
    way = rng.choices(
        ("one", "n", "to", "or", "least", "most", "some", "any", "perhaps"), (14, 40, 12, 4, 9, 5, 11, 3, 4)
    )[0]
    return _COUNTS[way](rng, kind, one, many)


def _one(rng: Random, kind: Kind, one: str, many: str) -> Part:
    says = rng.choice([article(one), article(one), f"one {one}", f"a single {one}", f"exactly one {one}"])
    return Part(says, kind.regex, several(kind.characters, 1, 1))


def _exactly(rng: Random, kind: Kind, one: str, many: str) -> Part:
    n = rng.choice([2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 8, 9, 10, 11, 12, 16, 20])
    says = rng.choice([f"{number(n, rng)} {many}"] * 4 + [f"exactly {number(n, rng)} {many}"])
    return Part(says, kind.regex + repeat(n), several(kind.characters, n, n))


def _to(rng: Random, kind: Kind, one: str, many: str) -> Part:
    low = rng.choice([1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8])
    high = low + rng.choice([1, 1, 2, 2, 3, 4, 5, 7, 8])
    a, b = number(low, rng), number(high, rng)
    says = rng.choice(
        [
            f"{a} to {b} {many}",
            f"between {a} and {b} {many}",
            f"from {a} to {b} {many}",
            f"{low}-{high} {many}",
            f"at least {a} and at most {b} {many}",
            f"{a} up to {b} {many}",
        ]
    )
    return Part(says, kind.regex + repeat(low, high), several(kind.characters, low, high))


def _or(rng: Random, kind: Kind, one: str, many: str) -> Part:
    n = rng.randint(1, 9)
    says = f"{number(n, rng)} or {number(n + 1, rng)} {many}"
    if rng.random() < 0.2:
        says = f"either {says}"
    return Part(says, kind.regex + repeat(n, n + 1), several(kind.characters, n, n + 1))


def _least(rng: Random, kind: Kind, one: str, many: str) -> Part:
    n = rng.choice([1, 2, 2, 2, 3, 3, 4, 5, 6, 8, 10])
    a, noun = number(n, rng), one if n == 1 else many
    says = rng.choice(
        [
            f"at least {a} {noun}",
            f"{a} or more {many}",
            f"a minimum of {a} {noun}",
            f"no fewer than {a} {noun}",
            f"{n}+ {many}",
            f"{a} {noun} or more",
            f"min {n} {noun}",
        ]
    )
    return Part(says, kind.regex + repeat(n, None), several(kind.characters, n, n + 3))


def _most(rng: Random, kind: Kind, one: str, many: str) -> Part:
    n = rng.choice([2, 3, 3, 4, 5, 6, 8, 10])
    a = number(n, rng)
    says = rng.choice([f"up to {a} {many}", f"at most {a} {many}", f"no more than {a} {many}", f"max {n} {many}"])
    return Part(says, kind.regex + repeat(1, n), several(kind.characters, 1, n))


def _some(rng: Random, kind: Kind, one: str, many: str) -> Part:
    says = rng.choice([f"one or more {many}", many, many, f"some {many}", f"one {one} or more", f"at least one {one}"])
    if kind.regex == r"\d" and rng.random() < 0.5:
        says = rng.choice(["a number", "a whole number", "a number of any length"])
    return Part(says, kind.regex + "+", several(kind.characters, 1, 5))


def _any(rng: Random, kind: Kind, one: str, many: str) -> Part:
    says = rng.choice([f"zero or more {many}", f"any number of {many}", f"{many}, maybe none", f"{many} or nothing"])
    return Part(says, kind.regex + "*", several(kind.characters, 0, 4))


def _perhaps(rng: Random, kind: Kind, one: str, many: str) -> Part:
    plain = article(one)
    says = rng.choice(
        [
            f"an optional {one}",
            f"maybe {plain}",
            f"perhaps {plain}",
            f"optionally {plain}",
            f"{plain} or nothing",
            f"{plain}, which may be missing",
            f"possibly {plain}",
            f"{plain} (optional)",
        ]
    )
    return Part(says, kind.regex + "?", several(kind.characters, 0, 1))


_COUNTS = {
    "one": _one,
    "n": _exactly,
    "to": _to,
    "or": _or,
    "least": _least,
    "most": _most,
    "some": _some,
    "any": _any,
    "perhaps": _perhaps,
}


def sign(rng: Random, character: str | None = None) -> Part:
    """One sign, by its name, by itself, or both."""
    character = character or rng.choice(_SEPARATORS)
    name = rng.choice(SIGNS[character])
    says = [article(name)] * 6 + [f"one {name}"]
    if character not in " '\"\\":
        says += [f"{article(name)} ({character})", f'"{character}"', f"'{character}'"]
    return Part(rng.choice(says), escaped(character), lambda _: character)


def sign_perhaps(rng: Random) -> Part:
    """A sign that may be missing."""
    character = rng.choice(_SEPARATORS)
    name = rng.choice(SIGNS[character])
    plain = article(name)
    says = rng.choice(
        [
            f"an optional {name}",
            f"maybe {plain}",
            f"perhaps {plain}",
            f"{plain} or nothing",
            f"optionally {plain}",
            f"{plain} that can be left out",
            f"an optional {name}",
        ]
    )
    return Part(says, escaped(character) + "?", lambda rng: rng.choice(["", character]))


def sign_of_several(rng: Random) -> Part:
    """One of two or three signs."""
    characters = rng.sample("-_/.:, +#", rng.choice([2, 2, 2, 3]))
    names = [article(rng.choice(SIGNS[character])) for character in characters]
    bare = [name.split(" ", 1)[1] for name in names]
    said = names if rng.random() < 0.6 else [names[0], *bare[1:]]
    says = ", ".join(said[:-1]) + " or " + said[-1]
    return Part(rng.choice(["", "", "either "]) + says, char_class(characters), lambda rng: rng.choice(characters))


def word(rng: Random) -> Part:
    """A fixed word."""
    text = rng.choice(rng.choice([LOWER, UPPER, UPPER, TITLE]))
    text = text if rng.random() < 0.85 else text + rng.choice("-_:/#.")
    says = [f'"{text}"', f'"{text}"', f"'{text}'", f"the text {text}", f"the word {text}", f"the letters {text}", text]
    says += [f"the prefix {text}", f"the fixed text {text}", f"literally {text}"]
    if not text[-1].isalpha():
        says = [f'"{text}"', f"'{text}'"]
    return Part(rng.choice(says), escaped(text), lambda _: text)


def letter(rng: Random) -> Part:
    """A fixed letter."""
    text = rng.choice(string.ascii_letters)
    name = f"capital {text}" if text.isupper() else f"small {text}"
    says = rng.choice(
        [f"the letter {text}", f"the letter {text}", f'"{text}"', f"'{text}'", f"a {name}", f"the {name}"]
    )
    return Part(says, text, lambda _: text)


def one_letter_of(rng: Random) -> Part:
    """One of some letters or digits, which are listed or given as a range."""
    alphabet = rng.choice([string.ascii_uppercase, string.ascii_uppercase, string.ascii_lowercase, string.digits])
    if rng.random() < 0.5:
        low, high = sorted(rng.sample(range(len(alphabet)), 2))
        if 1 < high - low < len(alphabet) - 1:
            a, b = alphabet[low], alphabet[high]
            noun = "digit" if a.isdigit() else "letter"
            says = rng.choice(
                [
                    f"a {noun} from {a} to {b}",
                    f"a {noun} between {a} and {b}",
                    f"one {noun} {a}-{b}",
                    f"a {noun} {a} to {b}",
                ]
            )
            return Part(says, f"[{a}-{b}]", several(alphabet[low : high + 1], 1, 1))
    letters = sorted(rng.sample(alphabet, rng.choice([2, 3, 3, 4])))
    listed = ", ".join(letters[:-1]) + " or " + letters[-1]
    says = rng.choice([listed, f"one of {listed}", f"either {listed}", f"one of the characters {''.join(letters)}"])
    return Part(says, char_class(letters), lambda rng: rng.choice(letters))


def some_words(rng: Random, most: int = 5) -> list[str]:
    """Different words of one look."""
    pool = rng.choice([LOWER, LOWER, UPPER, TITLE])
    return rng.sample(pool, rng.choice([n for n in (2, 2, 2, 3, 3, 3, 4, 5) if n <= most]))


def listed(words: Sequence[str], rng: Random) -> str:
    """Alternatives as people list them."""
    if rng.random() < 0.3:
        words = [f'"{text}"' for text in words]
    return rng.choice(
        [", ".join(words[:-1]) + " or " + words[-1]] * 4
        + ["/".join(words), "|".join(words)]
        + ["one of " + ", ".join(words), "one of the words " + ", ".join(words[:-1]) + " and " + words[-1]]
        + ["either " + ", ".join(words[:-1]) + " or " + words[-1]]
    )


def one_word_of(rng: Random) -> Part:
    """One of some words."""
    words = some_words(rng, 4)
    return Part(listed(words, rng), "(?:" + "|".join(words) + ")", lambda rng: rng.choice(words))


def word_perhaps(rng: Random) -> Part:
    """A word that may be missing."""
    text = rng.choice(rng.choice([LOWER, UPPER, UNITS]))
    says = rng.choice(
        [
            f'an optional "{text}"',
            f'maybe "{text}"',
            f"optionally the word {text}",
            f"perhaps the text {text}",
            f'"{text}" or nothing',
            f'"{text}" which may be missing',
        ]
    )
    regex = f"{text}?" if len(text) == 1 else f"(?:{text})?"
    return Part(says, regex, lambda rng: rng.choice(["", text]))


# Ranges whose usual expression is not what `number_range` writes.
_USUAL = {
    (0, 255): r"25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d",
    (0, 100): r"100|[1-9]?\d",
    (1, 100): r"100|[1-9]\d?",
    (0, 99): r"[1-9]?\d",
    (1, 99): r"[1-9]\d?",
    (1, 999): r"[1-9]\d{0,2}",
    (1, 10): "10|[1-9]",
    (0, 10): r"10|\d",
}
_RANGES = (
    (1, 12),
    (1, 31),
    (0, 23),
    (0, 59),
    (1, 24),
    (0, 255),
    (0, 100),
    (1, 100),
    (1, 10),
    (0, 10),
    (1, 99),
    (0, 99),
    (1, 999),
    (18, 99),
    (1, 20),
    (1, 30),
    (1, 50),
    (0, 50),
    (10, 99),
    (1, 7),
    (1, 5),
    (1, 6),
    (0, 9),
    (1, 9),
    (1, 52),
    (1, 53),
    (1, 365),
    (0, 360),
    (1900, 2099),
    (2000, 2099),
    (1990, 2029),
    (100, 999),
    (1000, 9999),
    (1, 15),
    (5, 25),
    (16, 65),
    (1, 40),
    (1, 64),
    (0, 200),
    (100, 599),
    (20, 80),
    (0, 20),
    (1, 25),
    (0, 5),
    (1, 3),
    (1, 4),
    (1, 8),
    (0, 15),
)


def number_range(low: int, high: int, width: int = 0) -> str:
    """The alternatives for the whole numbers low to high; padded with zeros to the width, or never padded."""
    if not width and (low, high) in _USUAL:
        return _USUAL[low, high]
    pieces, start = [], low
    while start <= high:
        digits = max(len(str(start)), width)
        end = min(high, 10**digits - 1)
        pieces += _between(str(start).zfill(digits), str(end).zfill(digits))
        start = end + 1
    return "|".join(pieces)


def _between(low: str, high: str) -> list[str]:
    if not low:
        return [""]
    rest = len(low) - 1
    if low[0] == high[0]:
        return [low[0] + piece for piece in _between(low[1:], high[1:])]
    first, last, pieces, after = int(low[0]), int(high[0]), [], []
    if low[1:] != "0" * rest:
        pieces = [low[0] + piece for piece in _between(low[1:], "9" * rest)]
        first += 1
    if high[1:] != "9" * rest:
        after = [high[0] + piece for piece in _between("0" * rest, high[1:])]
        last -= 1
    if first <= last:
        pieces.append(_digit(first, last) + (r"\d" * rest if rest < 3 else rf"\d{{{rest}}}"))
    return pieces + after


def _digit(first: int, last: int) -> str:
    if first == last:
        return str(first)
    if (first, last) == (0, 9):
        return r"\d"
    return f"[{first}{last}]" if last - first == 1 else f"[{first}-{last}]"


def ranged(rng: Random) -> Part:
    """A whole number of a range, without leading zeros."""
    low, high = rng.choice(_RANGES) if rng.random() < 0.7 else sorted(rng.sample(range(1, 200), 2))
    says = rng.choice(
        [
            f"a number from {low} to {high}",
            f"a number between {low} and {high}",
            f"{low} to {high}",
            f"{low}-{high}",
            f"an integer from {low} to {high}",
            f"a number {low}-{high}",
            f"a value between {low} and {high}",
        ]
    )
    alternatives = number_range(low, high)
    regex = f"(?:{alternatives})" if "|" in alternatives else alternatives
    return Part(says, regex, lambda rng: str(rng.randint(low, high)))


_CLOCK = (
    (
        1,
        12,
        2,
        ("a two digit month", "a month (01-12)", "the month with leading zero, 01 to 12", "a month from 01 to 12"),
    ),
    (1, 31, 2, ("a two digit day", "a day (01-31)", "the day of the month 01 to 31", "a day from 01 to 31")),
    (0, 23, 2, ("an hour from 00 to 23", "a two digit hour (00-23)", "hours 00 to 23", "the hour, 00-23")),
    (0, 59, 2, ("minutes 00 to 59", "a minute value (00-59)", "seconds 00-59", "a two digit number up to 59")),
    (1900, 2099, 0, ("a year of the 1900s or 2000s", "a year from 1900 to 2099", "a year 19xx or 20xx")),
)


def clock(rng: Random) -> Part:
    """A month, a day, an hour, minutes or a year."""
    low, high, width, names = rng.choice(_CLOCK)
    regex = {
        (0, 59): r"[0-5]\d",
        (1900, 2099): r"(?:19|20)\d{2}",
        (0, 23): r"(?:[01]\d|2[0-3])",
    }.get((low, high)) or f"(?:{number_range(low, high, width)})"
    return Part(rng.choice(names), regex, lambda rng: str(rng.randint(low, high)).zfill(width))


def _joined(*samples: Sample) -> Sample:
    return lambda rng: "".join(sample(rng) for sample in samples)


_UP, _LOW, _DIGITS = (several(c, 1, 1) for c in (string.ascii_uppercase, string.ascii_lowercase, string.digits))
_SMALL_WORD = several(string.ascii_lowercase, 2, 6)
_NUMBER = several("123456789", 1, 3)
THINGS_SAID = (
    (
        ("a capitalized word", "a word starting with a capital letter", "a capital followed by small letters"),
        "[A-Z][a-z]+",
        _joined(_UP, _SMALL_WORD),
    ),
    (("a lowercase word", "a word in lower case", "a word of small letters"), "[a-z]+", _SMALL_WORD),
    (("a word in capitals", "an uppercase word", "an all-caps word"), "[A-Z]+", several(string.ascii_uppercase, 2, 5)),
    (
        ("a decimal number", "a number with a decimal point", "a decimal number like 3.14"),
        r"\d+\.\d+",
        lambda r: f"{r.randint(0, 99)}.{r.randint(0, 99)}",
    ),
    (
        ("an amount with two decimals", "a price with exactly two decimals", "a number with two decimal places"),
        r"\d+\.\d{2}",
        lambda r: f"{r.randint(0, 99)}.{r.randint(10, 99)}",
    ),
    (
        ("a number with optional decimals", "a number, decimals allowed", "an integer or decimal number"),
        r"\d+(?:\.\d+)?",
        lambda r: r.choice(["5", "12.5", "0.75", "300"]),
    ),
    (
        (
            "an integer that may be negative",
            "a whole number with optional minus sign",
            "an optionally negative integer",
        ),
        r"-?\d+",
        lambda r: str(r.randint(-99, 99)),
    ),
    (
        (
            "an identifier",
            "a variable name",
            "a name that starts with a letter or underscore and goes on with word characters",
        ),
        r"[A-Za-z_]\w*",
        lambda r: r.choice(["x", "user_id", "_tmp", "a2"]),
    ),
    (
        ("a four digit year", "a year (four digits)", "the year in 4 digits"),
        r"\d{4}",
        lambda r: str(r.randint(1900, 2099)),
    ),
    (
        ("a date like 2024-05-31", "an ISO date (digits only checked by shape)", "a YYYY-MM-DD date"),
        r"\d{4}-\d{2}-\d{2}",
        lambda r: f"20{r.randint(10, 30)}-0{r.randint(1, 9)}-1{r.randint(0, 9)}",
    ),
    (
        ("a time like 12:30", "a HH:MM time by shape", "two digits, a colon and two digits"),
        r"\d{2}:\d{2}",
        lambda r: f"{r.randint(10, 23)}:{r.randint(10, 59)}",
    ),
    (
        ("a number with no leading zero", "a positive integer without leading zeros"),
        r"[1-9]\d*",
        lambda r: str(r.randint(1, 999)),
    ),
)


def thing(rng: Random) -> Part:
    """Something with a name of its own: a capitalized word, a decimal number, an identifier."""
    names, regex, sample = rng.choice(THINGS_SAID)
    return Part(rng.choice(names), regex, sample)


def unit(rng: Random) -> Part:
    """One of two or three units, or one unit."""
    units = rng.sample([u for u in UNITS if len(u) > 1], rng.choice([1, 2, 2, 3]))
    if len(units) == 1:
        return Part(rng.choice([f'"{units[0]}"', f"the unit {units[0]}", units[0]]), units[0], lambda _: units[0])
    says = rng.choice([f"the unit {listed(units, rng)}", listed(units, rng), f"a unit ({', '.join(units)})"])
    return Part(says, "(?:" + "|".join(units) + ")", lambda rng: rng.choice(units))


def rest(rng: Random) -> Part:
    """Anything: what a description ends with."""
    ways = (
        (
            (".*",),
            ("anything", "anything or nothing", "any text, possibly empty", "whatever"),
            several(_ALNUM + " -", 0, 6),
        ),
        (
            (".+",),
            ("at least one more character", "some text", "any non-empty text", "one or more characters"),
            several(_ALNUM + " -", 1, 6),
        ),
        (
            (r"\S+",),
            ("text without spaces", "something with no whitespace", "one or more non-blank characters"),
            several(_ALNUM + "-", 1, 6),
        ),
        ((r"[A-Za-z ]+",), ("letters and spaces", "text of letters and spaces"), several(_LETTERS + " ", 1, 6)),
    )
    (regex,), names, sample = rng.choices(ways, (5, 4, 2, 1))[0]
    return Part(rng.choice(names), regex, sample)
