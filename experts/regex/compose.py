"""Requests made by program: wording and expression are built together out of hand-written phrasings."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from experts.regex import parts
from experts.regex.parts import Part, Sample, article, escaped, listed, number, repeat, several
from experts.regex.words import EXTENSIONS, LOWER, THINGS, TITLE, UNITS, UPPER


@dataclass(frozen=True)
class Request:
    """What is asked, the expression, and a drawer of strings that it matches."""

    ask: str
    regex: str
    sample: Sample


def whole(ask: str, regex: str, sample: Sample) -> Request:
    return Request(ask, f"^{regex}$", sample)


def _joined(samples: list[Sample]) -> Sample:
    return lambda rng: "".join(sample(rng) for sample in samples)


# --- parts one after another ---


_Draw = Callable[[Random], Part]
_OF_TEXT: list[tuple[_Draw, int]] = [
    (parts.counted, 50), (parts.one_word_of, 7), (parts.letter, 3), (parts.one_letter_of, 5), (parts.ranged, 4),
    (parts.thing, 5), (parts.clock, 1),
]  # fmt: skip
_SIGNS: tuple[_Draw, ...] = (parts.sign, parts.sign_perhaps, parts.sign_of_several)


def sequence_parts(rng: Random, most: int = 5) -> list[Part]:
    """One to five parts that go together."""
    count = rng.choices(range(1, most + 1), (7, 20, 32, 25, 11)[:most])[0]
    drawn: list[Part] = []
    way: _Draw | None = None
    while len(drawn) < count:
        last = len(drawn) == count - 1
        ways = list(_OF_TEXT)
        if not drawn:
            ways += [(parts.word, 10), (parts.sign, 4), (parts.sign_perhaps, 3), (wrapped_part, 2)]
        else:
            ways += [(parts.word, 4), (parts.word_perhaps, 3), (group, 7), (wrapped_part, 1)]
            if last:
                ways += [(parts.rest, 5), (parts.unit, 3)]
            if way not in _SIGNS:  # two signs on end are rare
                ways += [(parts.sign, 8 if last else 70), (parts.sign_perhaps, 10), (parts.sign_of_several, 7)]
        way = rng.choices([draw for draw, _ in ways], [weight for _, weight in ways])[0]
        part = way(rng)
        # Nobody asks for two letters and then three letters.
        if not drawn or _base(part) != _base(drawn[-1]):
            drawn.append(part)
    return drawn


def _base(part: Part) -> str:
    return re.sub(r"[+*?]$|\{[\d,]+\}$", "", part.regex)


def group(rng: Random) -> Part:
    """A sign and what follows it, taken together: perhaps, n times, once or more, or any number of times."""
    first, second = parts.sign(rng), parts.counted(rng)
    inner, says = first.regex + second.regex, f"{first.says} and {second.says}"
    both = _joined([first.sample, second.sample])
    way = rng.choice(["perhaps", "perhaps", "times", "more", "any"])
    if way == "perhaps":
        said = rng.choice([f"optionally {says}", f"maybe {says}", f"an optional group of {says}", f"perhaps {says}"])
        return Part(said, f"(?:{inner})?", lambda rng: both(rng) if rng.random() < 0.5 else "")
    if way == "times":
        n = rng.choice([2, 2, 3, 3, 4, 5])
        times = "twice" if n == 2 and rng.random() < 0.7 else f"{number(n, rng)} times"
        said = rng.choice([f"{times} {says}", f"{says}, this {times}", f"{times} the group {says}"])
        return Part(said, f"(?:{inner}){repeat(n)}", _joined([both] * n))
    said = f"{'one or more' if way == 'more' else 'any number of'} groups of {says}"
    if way == "more":
        said = rng.choice([said, f"one or more times {says}", f"at least once {says}"])
    least, regex = (1, f"(?:{inner})+") if way == "more" else (0, f"(?:{inner})*")
    return Part(said, regex, lambda rng: "".join(both(rng) for _ in range(rng.randint(least, 3))))


_WRAPPERS = (
    ("(", ")", ("in parentheses", "in round brackets", "between parentheses", "inside parentheses")),
    ("[", "]", ("in square brackets", "between square brackets", "inside square brackets")),
    ("{", "}", ("in curly braces", "in braces", "between curly brackets")),
    ("<", ">", ("in angle brackets", "between < and >")),
    ('"', '"', ("in double quotes", "in quotes", "between double quotes")),
    ("'", "'", ("in single quotes", "between apostrophes")),
    ("*", "*", ("between asterisks", "with a star on both sides")),
    ("%", "%", ("between percent signs",)),
    ("/", "/", ("between slashes", "with a slash before and after it")),
    ("#", "#", ("between hashes",)),
    ("_", "_", ("between underscores", "with an underscore on each side")),
)


def wrapped_part(rng: Random) -> Part:
    """Something in brackets, quotes, or between two signs."""
    opening, closing, says = rng.choice(_WRAPPERS)
    inner = rng.choice([parts.counted, parts.counted, parts.thing, parts.one_word_of])(rng)
    sample = inner.sample
    return Part(
        f"{inner.says} {rng.choice(says)}",
        escaped(opening) + inner.regex + escaped(closing),
        lambda rng: opening + sample(rng) + closing,
    )


def _connected(says: list[str], rng: Random) -> str:
    """The parts in one sentence."""
    if len(says) == 1:
        return rng.choice([says[0]] * 4 + [f"only {says[0]}", f"just {says[0]}", f"{says[0]} and nothing else"])
    first, middle, last = says[0], says[1:-1], says[-1]
    listed_up = ", ".join(says[:-1])
    ways = [
        f"{listed_up} and {last}",
        f"{listed_up}, {last}",
        f"{listed_up}, then {last}",
        f"{listed_up} and then {last}",
        ", then ".join(says),
        " then ".join(says),
        " followed by ".join(says[:2]) + "".join(f", then {s}" for s in says[2:]),
        f"{first} followed by " + ", ".join([*middle, last])
        if not middle
        else f"{first} followed by {', '.join(middle)} and {last}",
        f"starts with {', then '.join(says[:-1])}, ends with {last}",
        f"begins with {', '.join(says[:-1])} and ends with {last}",
        f"first {', then '.join(says[:-1])}, finally {last}",
        " + ".join(says),
        ", ".join(says),
        f"{', '.join(says[:-1])}, and at the end {last}",
        f"{first}, after that {', then '.join([*middle, last])}",
        f"{listed_up}, and finally {last}",
        f"{', followed by '.join(says)}",
    ]
    if not middle:
        ways += [f"{last} preceded by {first}", f"{last} with {first} in front", f"{first} with {last} right after it"]
        ways += [f"{first} immediately followed by {last}", f"{first} plus {last}", f"{first}, then {last}"]
        ways += [f"{first} directly followed by {last}", f"{last}, before it {first}"]
    else:
        ways += [f"{first}, next {', next '.join([*middle, last])}", f"in this order: {', '.join(says)}"]
        ways += [
            "; ".join(says),
            f"{listed_up}, with {last} at the end",
            f"{first} first, then {', then '.join([*middle, last])}",
        ]
        ways += [f"{first} as a prefix, then {', '.join([*middle, last])}", f"{listed_up} plus {last} as a suffix"]
    if not middle:  # "starts with a digit, ends with a letter" leaves room between
        ways = [way for way in ways if not way.startswith(("starts with", "begins with"))]
    return rng.choice(ways)


def sequence(rng: Random) -> Request:
    """Parts in a row."""
    drawn = sequence_parts(rng)
    ask = _connected([part.says for part in drawn], rng)
    return whole(_framed(ask, rng), "".join(part.regex for part in drawn), _joined([part.sample for part in drawn]))


def _framed(ask: str, rng: Random) -> str:
    """The description, in a third of the cases with what it describes."""
    if rng.random() < 0.66:
        return ask
    noun = rng.choice(THINGS)
    if ask.startswith(("starts", "begins", "first ", "only", "just")):
        return rng.choice([f"{noun}: {ask}", f"our {noun} {ask}", f"{article(noun)} that {ask}", f"string that {ask}"])
    return rng.choice(
        [
            f"{noun}: {ask}",
            f"{article(noun)}: {ask}",
            f"our {noun} is {ask}",
            f"a {noun} made of {ask}".replace("a a", "an a"),
            f"the {noun} has to be {ask}",
            f"{noun} with this form: {ask}",
            f"{noun} = {ask}",
            f"{ask} ({noun})",
            f"strings made of {ask}",
            f"a string consisting of {ask}",
            f"text that is {ask}",
            f"every {noun} is {ask}",
        ]
    )


_SEPARATED = (
    (",", "commas"),
    (", ", "comma and space"),
    (";", "semicolons"),
    ("|", "pipes"),
    ("-", "dashes"),
    (" ", "single spaces"),
    ("/", "slashes"),
    (".", "dots"),
    (":", "colons"),
    ("_", "underscores"),
    ("\\", "backslashes"),
    ("\t", "tabs"),
)


def nested(rng: Random) -> Request:
    """Short rows of parts as wholes: one or the other, one perhaps, one several times."""
    a, b = _row(rng), _row(rng)
    while b.regex == a.regex:
        b = _row(rng)
    between, name = rng.choice(_SEPARATED[:9])
    sign, n = escaped(between), rng.randint(2, 5)
    times = "twice" if n == 2 else f"{number(n, rng)} times"

    def some(r: Random, least: int, most: int, joint: str = "") -> str:
        return joint.join(a.sample(r) for _ in range(r.randint(least, most)))

    ways: list[tuple[str, str, Sample]] = [
        (f"either {a.says}, or {b.says}", f"(?:{a.regex}|{b.regex})", lambda r: r.choice([a, b]).sample(r)),
        (f"{a.says} or alternatively {b.says}", f"(?:{a.regex}|{b.regex})", lambda r: r.choice([a, b]).sample(r)),
        (f"one of these: {a.says}; {b.says}", f"(?:{a.regex}|{b.regex})", lambda r: r.choice([a, b]).sample(r)),
        (f"{a.says}, optionally followed by {b.says}", f"{a.regex}(?:{b.regex})?", lambda r: a.sample(r) + b.sample(r)),
        (f"{a.says}; after that may come {b.says}", f"{a.regex}(?:{b.regex})?", lambda r: a.sample(r) + b.sample(r)),
        (f"{b.says}, optionally preceded by {a.says}", f"(?:{a.regex})?{b.regex}", lambda r: a.sample(r) + b.sample(r)),
        (f"maybe {a.says}, then in any case {b.says}", f"(?:{a.regex})?{b.regex}", lambda r: b.sample(r)),
        (f"{a.says}, all of it {times}", f"(?:{a.regex}){repeat(n)}", lambda r: some(r, n, n)),
        (f"one or more times: {a.says}", f"(?:{a.regex})+", lambda r: some(r, 1, 3)),
        (f"{a.says}, as a whole repeated one or more times", f"(?:{a.regex})+", lambda r: some(r, 1, 3)),
        (
            f"one or more entries separated by {name}, each entry is {a.says}",
            f"{a.regex}(?:{sign}{a.regex})*",
            lambda r: some(r, 1, 3, between),
        ),
        (
            f"a list divided by {name}, every item is {a.says}",
            f"{a.regex}(?:{sign}{a.regex})*",
            lambda r: some(r, 1, 3, between),
        ),
    ]
    return whole(*rng.choice(ways))


def _row(rng: Random) -> Part:
    """Two or three parts that are certain to be there, said as one thing."""
    drawn: list[Part] = []
    count = rng.choice([2, 2, 2, 3])
    where = rng.choice([0, count - 1])  # two fixed texts would be one
    while len(drawn) < count:
        way = parts.counted if len(drawn) == where else rng.choice([parts.counted, parts.word, parts.letter])
        part = parts.sign(rng) if count == 3 and len(drawn) == 1 else way(rng)
        if not part.regex.endswith(("?", "*")) and (not drawn or _base(part) != _base(drawn[-1])):
            drawn.append(part)
    says = [part.says for part in drawn]
    said = (
        " and ".join(says) if count == 2 else rng.choice([f"{says[0]}, {says[1]} and {says[2]}", " then ".join(says)])
    )
    return Part(said, "".join(part.regex for part in drawn), _joined([part.sample for part in drawn]))


# --- the whole text: its characters, its length, its start and its end ---


def characters(rng: Random) -> Request:
    """Only some characters, of some length."""
    names = {
        r"\d": "digits",
        "A-Z": "capital letters",
        "a-z": "lowercase letters",
        "A-Za-z": "letters",
    }
    extra = rng.sample("_-. ,'/:+@#", rng.choice([0, 1, 1, 2, 2, 3]))
    base = rng.choice([["A-Za-z"], ["A-Za-z", r"\d"], ["a-z"], ["a-z", r"\d"], ["A-Z"], ["A-Z", r"\d"], [r"\d"]])
    if len(base) + len(extra) < 2:
        extra = rng.sample("_-. ", 1)
    says = [names[b] for b in base] + [rng.choice(_PLURAL_SIGNS[c]) for c in extra]
    if base == ["A-Za-z", r"\d"] and rng.random() < 0.4:
        says[:2] = [rng.choice(["alphanumerics", "alphanumeric characters"])]
    inner = "".join(b.replace(r"\d", "0-9") if len(base) > 1 else b for b in base)
    extra.sort(key=lambda c: c == "-")
    regex = f"[{inner}{''.join(extra)}]"
    if inner == "A-Za-z0-9" and "_" in extra:
        regex = regex.replace("_", "").replace(inner, r"\w") if len(extra) > 1 else r"\w"
    pool = "".join(
        {
            r"\d": string.digits,
            "A-Z": string.ascii_uppercase,
            "a-z": string.ascii_lowercase,
            "A-Za-z": string.ascii_letters,
        }[b]
        for b in base
    ) + "".join(extra)
    said = ", ".join(says[:-1]) + rng.choice([" and ", " or "]) + says[-1]
    size, least, most = _length(rng)
    ask = rng.choice(
        [
            f"only {said}",
            f"{said} only",
            f"made up of {said}",
            f"contains nothing but {said}",
            f"allowed are {said}",
            f"consists only of {said}",
            f"just {said}",
            f"no characters other than {said}",
        ]
    )
    if not size:
        return whole(ask, regex + "+", several(pool, 1, 8))
    return whole(
        rng.choice([f"{ask}, {size}", f"{size}, {ask}"]), regex + repeat(least, most), _sized(pool, least, most)
    )


_PLURAL_SIGNS = {
    "_": ("underscores", "underscore"),
    "-": ("dashes", "hyphens", "dash"),
    ".": ("dots", "points", "periods"),
    " ": ("spaces", "blanks"),
    ",": ("commas",),
    "'": ("apostrophes",),
    "/": ("slashes",),
    ":": ("colons",),
    "+": ("plus signs",),
    "@": ("at signs",),
    "#": ("hashes", "hash signs"),
}


def _sized(pool: str, least: int, most: int | None) -> Sample:
    return several(pool, least, least + 4 if most is None else most)


def _length(rng: Random) -> tuple[str, int, int | None]:
    """A length as it is said, at least, at most; nothing said where any length does."""
    low = rng.randint(2, 12)
    high = low + rng.randint(1, 20)
    a, b = number(low, rng), number(high, rng)
    return rng.choice(
        [("", 1, None)] * 3
        + [(f"exactly {a} characters", low, low), (f"length {low}", low, low), (f"{low} characters long", low, low)]
        + [(f"between {a} and {b} characters", low, high), (f"length {low} to {high}", low, high)]
        + [(f"{low}-{high} characters", low, high), (f"min {low} and max {high} chars", low, high)]
        + [(f"at least {a} characters", low, None), (f"{a} characters or more", low, None)]
        + [
            (f"{low}+ chars", low, None),
            (f"at most {b} characters, not empty", 1, high),
            (f"1 to {high} chars", 1, high),
        ]
    )


def _quoted(text: str, rng: Random) -> str:
    if not text.isalpha():
        return rng.choice([f'"{text}"', f"'{text}'"])
    return rng.choice([f'"{text}"', f'"{text}"', f"'{text}'", text, f"the word {text}"])


def _fixed(rng: Random) -> str:
    """A text that is looked for: a word, with a sign perhaps."""
    text = rng.choice(rng.choice([LOWER, LOWER, LOWER, UPPER, TITLE]))
    return text + rng.choice(["", "", "", "", "-", "_", ":", "/", "."])


def _filler(rng: Random) -> str:
    return "".join(rng.choice("qzjxk 0123") for _ in range(rng.randint(0, 5)))


_STARTS = ("starts with", "begins with", "starting with", "beginning with", "must start with", "that start with")
_ENDS = ("ends with", "ends in", "ending with", "finishing with", "must end with", "that end in")
_HAS = ("contains", "includes", "has", "containing", "must contain")
_HAS_NOT = ("does not contain", "without", "must not contain", "not containing", "doesn't include", "never contains")


def around(rng: Random) -> Request:
    """Starts with, ends with, contains, or does not: one text or two."""
    a, b = _fixed(rng), _fixed(rng)
    while a in b or b in a:
        b = _fixed(rng)
    qa, qb, ea, eb = _quoted(a, rng), _quoted(b, rng), escaped(a), escaped(b)
    starts, ends, has, hasnt = (rng.choice(w) for w in (_STARTS, _ENDS, _HAS, _HAS_NOT))
    fill = _filler
    ways: list[tuple[str, str, Sample]] = [
        (f"{starts} {qa}", f"{ea}.*", lambda r: a + fill(r)),
        (f"{ends} {qa}", f".*{ea}", lambda r: fill(r) + a),
        (f"{has} {qa}", f".*{ea}.*", lambda r: fill(r) + a + fill(r)),
        (f"{hasnt} {qa}", f"(?!.*{ea}).*", fill),
        (f"does not start with {qa}", f"(?!{ea}).*", fill),
        (f"must not begin with {qa}", f"(?!{ea}).*", fill),
        (f"does not end with {qa}", f"(?!.*{ea}$).*", fill),
        (f"{starts} {qa} and {ends} {qb}", f"{ea}.*{eb}", lambda r: a + fill(r) + b),
        (f"{starts} {qa} and {hasnt} {qb}", f"(?!.*{eb}){ea}.*", lambda r: a + fill(r)),
        (f"{has} {qa} and after it {qb}", f".*{ea}.*{eb}.*", lambda r: fill(r) + a + fill(r) + b),
        (f"{has} {qa} followed later by {qb}", f".*{ea}.*{eb}.*", lambda r: a + fill(r) + b + fill(r)),
        (f"{has} both {qa} and {qb}, in any order", f"(?=.*{ea})(?=.*{eb}).*", lambda r: b + fill(r) + a),
        (f"{has} {qa} or {qb}", f".*(?:{ea}|{eb}).*", lambda r: fill(r) + r.choice([a, b]) + fill(r)),
        (f"contains neither {qa} nor {qb}", f"(?!.*(?:{ea}|{eb})).*", fill),
        (f"{starts} {qa} or {qb}", f"(?:{ea}|{eb}).*", lambda r: r.choice([a, b]) + fill(r)),
        (f"{ends} {qa} or {qb}", f".*(?:{ea}|{eb})", lambda r: fill(r) + r.choice([a, b])),
        (f"{has} {qa} but not {qb}", f"(?!.*{eb}).*{ea}.*", lambda r: fill(r) + a + fill(r)),
        (f"anything except {qa}", f"(?!{ea}$).*", fill),
        (f"any text but exactly {qa}", f"(?!{ea}$).*", fill),
    ]
    ask, regex, sample = rng.choice(ways)
    subject = rng.choice(["", "", "", "a string that ", "any line which ", "text that ", "strings: ", "the line "])
    if subject in ("a string that ", "any line which ", "text that ", "the line ") and not ask.split()[0].endswith("s"):
        subject = "strings: "
    return whole(subject + ask, regex, sample)


_CLASS_NAMES = (
    (r"\d", ("a digit", "a number", "a numeral"), "7"),
    ("[A-Z]", ("a capital letter", "an uppercase letter", "an upper case letter"), "Q"),
    ("[a-z]", ("a lowercase letter", "a small letter"), "q"),
    ("[A-Za-z]", ("a letter", "a letter of any case"), "q"),
    ("[AEIOUaeiou]", ("a vowel",), "e"),
    ("[A-Za-z0-9]", ("a letter or digit", "an alphanumeric character"), "q"),
)


def _other(regex: str) -> str:
    """The class of all other characters."""
    return r"\D" if regex == r"\d" else regex.replace("[", "[^", 1)


def edges(rng: Random) -> Request:
    """Starts, ends or does both with a class of characters or a sign, and what stands between them."""
    (ra, na, sa), (rb, nb, sb) = rng.choice(_CLASS_NAMES), rng.choice(_CLASS_NAMES)
    a, b = rng.choice(na), rng.choice(nb)
    starts, ends = rng.choice(_STARTS), rng.choice(_ENDS)
    sign, text = parts.sign(rng), _fixed(rng)
    quoted = _quoted(text, rng)
    # "Contains one dash" would be: no more than one.
    any_sign = article(sign.says[4:]) if sign.says.startswith("one ") else sign.says
    size, least, most = _length(rng)
    between = rng.choice(parts.KINDS[:8])
    many = rng.choice(between.names)[1]
    pool, fill = between.characters, _filler
    ways: list[tuple[str, str, Sample]] = [
        (f"{starts} {a}", f"{ra}.*", lambda r: sa + fill(r)),
        (f"{ends} {a}", f".*{ra}", lambda r: fill(r) + sa),
        (f"{starts} {a} and {ends} {b}", f"{ra}.*{rb}", lambda r: sa + fill(r) + sb),
        (f"{starts} {sign.says}", f"{sign.regex}.*", lambda r: sign.sample(r) + fill(r)),
        (f"{ends} {sign.says}", f".*{sign.regex}", lambda r: fill(r) + sign.sample(r)),
        (f"contains {any_sign}", f".*{sign.regex}.*", lambda r: fill(r) + sign.sample(r)),
        (f"{starts} {a} and {ends} {sign.says}", f"{ra}.*{sign.regex}", lambda r: sa + fill(r) + sign.sample(r)),
        (f"{starts} {sign.says} and {ends} {a}", f"{sign.regex}.*{ra}", lambda r: sign.sample(r) + fill(r) + sa),
        (f"{starts} {quoted} and {ends} {a}", f"{escaped(text)}.*{ra}", lambda r: text + fill(r) + sa),
        (f"{starts} {a} and {ends} {quoted}", f"{ra}.*{escaped(text)}", lambda r: sa + fill(r) + text),
        (f"{starts} {quoted}, then {a}, then anything", f"{escaped(text)}{ra}.*", lambda r: text + sa + fill(r)),
        (f"does not start with {a}", f"{_other(ra)}.*", lambda r: "+" + fill(r)),
        (f"does not end with {a}", f".*{_other(ra)}", lambda r: fill(r) + "+"),
        (f"{starts} {a}, the rest are {many}", f"{ra}{between.regex}*", lambda r: sa + several(pool, 0, 5)(r)),
        (f"{a} first, then only {many}", f"{ra}{between.regex}+", lambda r: sa + several(pool, 1, 5)(r)),
        (
            f"only {many}, {ends} {sign.says}",
            f"{between.regex}+{sign.regex}",
            lambda r: several(pool, 1, 5)(r) + sign.sample(r),
        ),
        (f"{starts} {a}, then {many} or nothing, {ends} {b}", f"{ra}{between.regex}*{rb}", lambda r: sa + sb),
        (f"{starts} {a} and contains {any_sign}", f"{ra}.*{sign.regex}.*", lambda r: sa + fill(r) + sign.sample(r)),
    ]
    if size and least > 2:
        inner = repeat(least - 1, None if most is None else most - 1)
        ways.append((f"{starts} {a}, {size}", f"{ra}.{inner}", lambda r: sa + _sized("qz", least, most)(r)[1:]))
        first = next((kind.characters for kind in parts.KINDS if kind.regex == ra), "")
        if set(first) <= set(pool):  # digits that start with a letter are none
            start, fitting = f"{ra}{between.regex}{inner}", _sized(pool, least, most)
            ways.append((f"{many}, {starts} {a}, {size} in all", start, lambda r: sa + fitting(r)[1:]))
    return whole(*rng.choice(ways))


def excluded(rng: Random) -> Request:
    """None of some characters; or a text without a kind of them."""
    if rng.random() < 0.4:
        regex, names, pool = rng.choice(
            [
                (r"\D", ("digits", "numbers", "any digit"), "abz -"),
                (r"\S", ("spaces", "whitespace", "blanks"), "ab-7"),
                ("[^A-Z]", ("capital letters", "uppercase letters", "capitals"), "ab 7"),
                ("[^a-z]", ("lowercase letters", "small letters"), "AB 7"),
                ("[^A-Za-z]", ("letters", "any letter"), "0- 7"),
                ("[^AEIOUaeiou]", ("vowels",), "bcd7"),
            ]
        )
        said = rng.choice(names)
    else:
        signs = rng.sample(",;:/@#&%!?.'\"_+=*|<>$", rng.choice([1, 2, 2, 3]))
        names = [rng.choice(_many_signs(character)) for character in signs]
        said = names[0] if len(names) == 1 else ", ".join(names[:-1]) + rng.choice([" or ", " and "]) + names[-1]
        regex, pool = parts.char_class(signs).replace("[", "[^", 1), "ab 7-"
    size, least, most = _length(rng)
    ask = rng.choice(
        [
            f"no {said}",
            f"without {said}",
            f"any characters except {said}",
            f"must not contain {said}",
            f"free of {said}",
            f"does not contain {said}",
            f"anything but {said}",
            f"{said} are not allowed",
            f"there must be no {said}",
        ]
    )
    if size:
        return whole(f"{size}, {ask}", regex + repeat(least, most), _sized(pool, least, most))
    return whole(ask, regex + "+", several(pool, 1, 6))


def _many_signs(character: str) -> tuple[str, ...]:
    names = [
        name if name.endswith("s") else name + ("es" if name.endswith(("sh", "x")) else "s")
        for name in parts.SIGNS[character]
    ]
    return (*names, character) if character not in ",'\"" else tuple(names)


def length(rng: Random) -> Request:
    """Nothing but a length."""
    kind = rng.choice([parts.KINDS[-1], parts.KINDS[-1], parts.KINDS[3], parts.KINDS[0], parts.KINDS[10]])
    size, least, most = "", 1, None
    while not size:
        size, least, most = _length(rng)
    if kind.regex == ".":
        ask = rng.choice([f"any text, {size}", size, f"a string, {size}", f"{size}, whatever they are"])
    else:
        ask = f"{rng.choice(kind.names)[1]} only, {size}"
    return whole(ask, kind.regex + repeat(least, most), _sized(kind.characters, least, most))


# What is counted: its expression, everything but it, a word for one and for many, and one of it.
_COUNTED = (
    (r"\d", r"\D", ("digit", "digits"), "7"),
    (r"\d", r"\D", ("number", "numbers"), "7"),
    ("[A-Z]", "[^A-Z]", ("capital letter", "capital letters"), "Q"),
    ("[A-Z]", "[^A-Z]", ("uppercase letter", "uppercase letters"), "Q"),
    ("[a-z]", "[^a-z]", ("lowercase letter", "lowercase letters"), "q"),
    ("[AEIOUaeiou]", "[^AEIOUaeiou]", ("vowel", "vowels"), "e"),
    ("-", "[^-]", ("dash", "dashes"), "-"),
    ("-", "[^-]", ("hyphen", "hyphens"), "-"),
    (",", "[^,]", ("comma", "commas"), ","),
    (r"\.", "[^.]", ("dot", "dots"), "."),
    ("@", "[^@]", ("at sign", "at signs"), "@"),
    ("/", "[^/]", ("slash", "slashes"), "/"),
    ("_", "[^_]", ("underscore", "underscores"), "_"),
    (":", "[^:]", ("colon", "colons"), ":"),
    (" ", "[^ ]", ("space", "spaces"), " "),
    ("a", "[^a]", ('letter "a"', 'letters "a"'), "a"),
    ("x", "[^x]", ("letter x", "times the letter x"), "x"),
)


def occurrences(rng: Random) -> Request:
    """So many of something, wherever they stand."""
    one_of, other, (one, many), text = rng.choice(_COUNTED)
    n = rng.choice([1, 1, 2, 2, 2, 3, 3, 4, 5])
    said = f"{number(n, rng)} {one if n == 1 else many}"
    has = rng.choice(["contains", "has", "with", "containing", "must have"])
    exact = f"{other}*{one_of}{other}*" if n == 1 else f"{other}*(?:{one_of}{other}*){repeat(n)}"
    at_least = f".*{one_of}.*" if n == 1 else f"(?:.*{one_of}){repeat(n)}.*"
    where = rng.choice(["", "", " somewhere", " anywhere", " in it"])
    ways = [
        (f"{has} exactly {said}{where}", exact, n),
        (f"exactly {said}, the other characters do not matter", exact, n),
        (f"{has} {said}, not more and not less", exact, n),
        (f"{has} at least {said}{where}", at_least, n),
        (f"{has} {number(n, rng)} or more {many}{where}", at_least, n),
        (f"{has} at most {said}{where}", f"{other}*(?:{one_of}{other}*){repeat(0, n)}", rng.randint(0, n)),
        (f"{has} no more than {said}{where}", f"{other}*(?:{one_of}{other}*){repeat(0, n)}", rng.randint(0, n)),
    ]
    ask, regex, count = rng.choice(ways)
    return whole(ask, regex, lambda r: "".join(r.choice(["", "+", "+("]) + text for _ in range(count)))


def repeats(rng: Random) -> Request:
    """The same again: a back-reference."""
    kind = rng.choice(parts.KINDS[:4])
    one, many = rng.choice(kind.names)
    sign, n, least = parts.sign(rng), rng.randint(2, 4), rng.randint(2, 5)
    draw = several(kind.characters, n, n)
    single = several(kind.characters, 1, 1)
    dot = rng.choice([("character", "."), (one, kind.regex)])

    def twice(r: Random, between: str = "") -> str:
        text = draw(r)
        return text + between + text

    again = rng.choice(
        ["the same again", "exactly the same again", "then the very same once more", "the same group again"]
    )
    times = "twice" if least == 2 else f"{number(least, rng)} times"
    ways: list[tuple[str, str, Sample]] = [
        (
            f"{number(n, rng)} {many}, {sign.says}, {again}",
            rf"({kind.regex}{repeat(n)}){sign.regex}\1",
            lambda r: twice(r, sign.sample(r)),
        ),
        (f"{number(n, rng)} {many} and {again}", rf"({kind.regex}{repeat(n)})\1", twice),
        (
            f"{many}, {sign.says} and the same {many} again",
            rf"({kind.regex}+){sign.regex}\1",
            lambda r: twice(r, sign.sample(r)),
        ),
        (f"the same {one} {times}", rf"({kind.regex})\1{repeat(least - 1)}", lambda r: single(r) * least),
        (f"one {one} repeated {times}", rf"({kind.regex})\1{repeat(least - 1)}", lambda r: single(r) * least),
        (f"starts and ends with the same {dot[0]}", rf"({dot[1]}).*\1", lambda r: (c := single(r)) + "zz" + c),
        (f"first and last {dot[0]} are equal", rf"({dot[1]}).*\1", lambda r: (c := single(r)) + "zz" + c),
        (f"contains the same {dot[0]} twice in a row", rf".*({dot[1]})\1.*", lambda r: "z" + single(r) * 2),
        (f"never the same {dot[0]} twice in a row", rf"(?!.*({dot[1]})\1).*", lambda r: single(r)),
        (
            f"the same word on both sides of {sign.says}",
            rf"(\w+){sign.regex}\1",
            lambda r: "ab" + sign.sample(r) + "ab",
        ),
        (
            f"a word, {sign.says} and the same word again",
            rf"(\w+){sign.regex}\1",
            lambda r: "ab" + sign.sample(r) + "ab",
        ),
    ]
    return whole(*rng.choice(ways))


def conditions(rng: Random) -> Request:
    """Only some characters, and something more that must or must not be."""
    base, names, pool, allowed = rng.choice(
        [
            ("[a-z]", ("lowercase letters", "small letters"), "qwz", ""),
            ("[A-Za-z]", ("letters",), "qWz", ""),
            ("[A-Za-z0-9]", ("letters and digits", "alphanumeric characters"), "qW7", ""),
            ("[a-z0-9]", ("lowercase letters and digits",), "qz7", ""),
            (r"\w", ("word characters", "letters, digits and underscores"), "qW7", "_"),
            ("[a-z-]", ("lowercase letters and dashes", "small letters and hyphens"), "qwz", "-"),
            ("[a-z0-9-]", ("lowercase letters, digits and dashes",), "qz7", "-"),
            ("[a-z0-9._]", ("lowercase letters, digits, dots and underscores",), "qz7", "._"),
            (r"\S", ("characters that are not spaces", "non-blank characters"), "qW7", "-_"),
            (".", ("any characters",), "qW7 ", "-_ "),
        ]
    )
    text = rng.choice(LOWER)
    quoted = _quoted(text, rng)
    extra: list[tuple[str, str]] = [
        (f"(?!.*{text})", f"without {quoted} in it"),
        (f"(?!.*{text})", f"must not contain {quoted}"),
        (f"(?!{text}$)", f"but not {quoted}"),
        (f"(?!{text}$)", f"{quoted} itself is forbidden"),
        (f"(?!{text})", f"not starting with {quoted}"),
        (f"(?!.*{text}$)", f"not ending in {quoted}"),
    ]
    needed = [
        (r"(?=.*\d)", ("with at least one digit", "must contain a digit", "including a number"), "7"),
        ("(?=.*[A-Z])", ("with at least one capital", "must include an uppercase letter"), "W"),
        ("(?=.*[a-z])", ("with at least one small letter", "must include a lowercase letter"), "q"),
    ]
    # To ask for a digit where there may be nothing else says nothing.
    for look, ways, example in needed:
        if example in pool and len(set(pool)) > 2 and (example != "q" or "W" in pool):
            extra.append((look, rng.choice(ways)))
    if "7" in pool:
        extra.append((r"(?!\d)", rng.choice(["not starting with a digit", "the first character must not be a digit"])))
    for character in allowed:
        name, mark = rng.choice(parts.SIGNS[character]), escaped(character)
        extra += [
            (f"(?!{mark})", f"not starting with {article(name)}"),
            (f"(?!.*{mark}$)", f"not ending with {article(name)}"),
        ]
        extra += [
            (f"(?!.*{mark}{mark})", f"no two {_many_signs(character)[0]} in a row"),
            (f"(?=.*{mark})", f"with at least one {name}"),
        ]
    chosen = rng.sample(extra, rng.choice([1, 1, 1, 2]))
    if len({look for look, _ in chosen}) < len(chosen) or sum(text in look for look, _ in chosen) > 1:
        chosen = chosen[:1]
    chosen.sort(key=lambda pair: pair[0].startswith("(?!"))
    size, least, most = _length(rng)
    least, most, size = (least, most, size) if least > 3 else (1, None, "")
    said = [
        f"only {rng.choice(names)}" if base != "." else "any text",
        *([size] if size else []),
        *(says for _, says in chosen),
    ]
    marks = "".join(character for character in allowed if f"(?=.*{escaped(character)})" in dict(chosen))
    sample = "q" + marks + ("W" if "W" in pool else "w") + ("7" if "7" in pool else "w")
    regex = "".join(look for look, _ in chosen) + base + repeat(least, most)
    return whole(
        ", ".join(said),
        regex,
        lambda r: (sample + "q" * 40)[: max(least, 5) if most is None else max(least, min(most, 5))],
    )


# --- alternatives, numbers, lists ---


def alternatives(rng: Random) -> Request:
    """One of some words, plain or with something optional around them."""
    words = parts.some_words(rng)
    joined, said, first = "|".join(words), listed(words, rng), rng.choice(words)
    ways: list[tuple[str, str, Sample]] = [
        (said, f"(?:{joined})", lambda r: r.choice(words)),
        (f"only {said}", f"(?:{joined})", lambda r: r.choice(words)),
        (f"must be {said}", f"(?:{joined})", lambda r: r.choice(words)),
        (f"{said}, plural s optional", f"(?:{joined})s?", lambda r: r.choice(words) + "s"),
        (f"{said}, followed by a number", rf"(?:{joined})\d+", lambda r: r.choice(words) + "12"),
        (f"{said} and then a space and a number", rf"(?:{joined}) \d+", lambda r: r.choice(words) + " 12"),
        (f"a number, a space, then {said}", rf"\d+ (?:{joined})", lambda r: "12 " + r.choice(words)),
        (f"{said}, maybe with a dot at the end", rf"(?:{joined})\.?", lambda r: r.choice(words)),
        (f"{said}, optionally followed by an exclamation mark", f"(?:{joined})!?", lambda r: r.choice(words) + "!"),
        (f"none of the words {', '.join(words)}", f"(?!(?:{joined})$).*", _filler),
        (
            f"a comma separated list whose entries are {said}",
            f"(?:{joined})(?:,(?:{joined}))*",
            lambda r: ",".join(r.choices(words, k=3)),
        ),
        (f'"{first}" with an optional s', f"{first}s?", lambda r: first + "s"),
        (f"{first} repeated one or more times", f"(?:{first})+", lambda r: first * r.randint(1, 3)),
        (f"the word {first}, first letter upper or lower case", _either_case(first), lambda r: first),
    ]
    return whole(*rng.choice(ways[:3] * 3 + ways))


def _either_case(text: str) -> str:
    first = text[0]
    return f"[{first.upper()}{first.lower()}]{text[1:]}" if first.isalpha() else text


def amounts(rng: Random) -> Request:
    """Numbers with a sign, decimals, currency or unit."""
    places = rng.choice([1, 2, 2, 2, 3, 4])
    n = number(places, rng)
    decimal, decimal_says, tail = rng.choice(
        [
            ("", rng.choice(["a whole number", "an integer", "digits"]), ""),
            (
                rf"\.\d{repeat(places)}",
                f"a number with exactly {n} decimal place{'s' if places > 1 else ''}",
                "." + "5" * places,
            ),
            (rf"(?:\.\d{repeat(places)})?", f"a number with optional {n} decimal{'s' if places > 1 else ''}", ""),
            (rf"(?:\.\d{repeat(1, places)})?", f"a number with at most {n} decimal{'s' if places > 1 else ''}", ""),
            (r"\.\d+", "a number with a decimal part", ".25"),
            (r"(?:\.\d+)?", rng.choice(["a number, decimals optional", "an integer or decimal number"]), ".5"),
            (
                rf",\d{repeat(places)}",
                f"a number with a decimal comma and {n} digit{'s' if places > 1 else ''} after it",
                "," + "5" * places,
            ),
        ]
    )
    sign, sign_says = rng.choice(
        [("", "")] * 4
        + [
            ("-?", "optional minus in front"),
            ("-?", "may be negative"),
            ("[+-]?", "an optional plus or minus sign first"),
        ]
        + [("-", "with a minus sign in front"), (r"\+?", "plus sign in front optional")]
    )
    before, after, money_says = rng.choice(
        [("", "", "")] * 4
        + [(r"\$", "", "after a dollar sign"), ("€", "", "after a euro sign"), ("", "%", "followed by a percent sign")]
        + [("", " €", "then a space and the euro sign"), ("", " ?%", "then an optional space and a percent sign")]
        + [("", f" {u}", f"followed by a space and {u}") for u in rng.sample(UNITS, 2)]
        + [("", f" ?{u}", f"followed by {u}, a space before it is optional") for u in rng.sample(UNITS, 2)]
        + [("", u, f"directly followed by {u}") for u in rng.sample(UNITS, 2)]
    )
    said = [text for text in (decimal_says, sign_says, money_says) if text]
    plain = before.replace("\\", ""), after.replace(" ?", "")
    ask = ", ".join(said)
    minus = "-" if sign == "-" else ""
    regex = f"{sign}{before}\\d+{decimal}{after}"
    return whole(ask, regex, lambda r: minus + plain[0] + str(r.randint(0, 999)) + tail + plain[1])


def ranges(rng: Random) -> Request:
    """A whole number of a range."""
    part = parts.ranged(rng)
    regex = part.regex
    if rng.random() < 0.25:
        high = rng.choice([12, 24, 31, 59, 99, 100, 255, 20, 50])
        ask = rng.choice(
            [f"a number not bigger than {high}", f"an integer from 0 up to {high}", f"0 to {high} inclusive"]
        )
        regex = f"(?:{parts.number_range(0, high)})"
        if "|" not in regex:
            regex = regex[3:-1]
        return whole(ask, regex, lambda r: str(r.randint(0, high)))
    ask = rng.choice([part.says, part.says, f"{part.says}, no leading zeros", f"{part.says} inclusive"])
    return whole(ask, regex, part.sample)


def lists(rng: Random) -> Request:
    """The same thing several times with a separator between."""
    separator, name = rng.choice(_SEPARATED)
    named = escaped(separator).replace("\t", r"\t")
    if rng.random() < 0.5:
        kind = rng.choice(parts.KINDS[:6])
        n = rng.randint(1, 4)
        one, many = rng.choice(kind.names)
        item, sample = kind.regex + repeat(n), several(kind.characters, n, n)
        inner = f"groups of {number(n, rng)} {one if n == 1 else many}"
    else:
        item, inner, pool = rng.choice(
            [
                (r"\d+", "numbers", "123"),
                ("[a-z]+", "lowercase words", "abc"),
                ("[A-Za-z]+", "words of letters", "abC"),
                ("[A-Z]+", "words in capitals", "ABC"),
                ("[A-Za-z0-9]+", "alphanumeric words", "aB1"),
                (r"-?\d+", "integers, negative ones too,", "123"),
            ]
        )
        sample = several(pool, 1, 3)
    n = rng.randint(2, 6)
    said = number(n, rng)
    regex, least, most, count = rng.choice(
        [
            (f"{item}(?:{named}{item})*", 1, 3, "one or more "),
            (f"{item}(?:{named}{item})*", 1, 3, ""),
            (f"{item}(?:{named}{item})+", 2, 4, "two or more "),
            (f"{item}(?:{named}{item}){repeat(n - 1)}", n, n, f"{said} "),
            (f"{item}(?:{named}{item}){repeat(n - 1)}", n, n, f"exactly {said} "),
            (f"{item}(?:{named}{item}){repeat(0, n - 1)}", 1, n, f"one to {said} "),
            (f"{item}(?:{named}{item}){repeat(n - 1, None)}", n, n + 2, f"at least {said} "),
        ]
    )
    if n == 2:
        regex = regex.replace(f"(?:{named}{item}){{1,}}", f"(?:{named}{item})+")
        if count in (f"{said} ", f"exactly {said} "):
            regex = f"{item}{named}{item}"
    ask = rng.choice(
        [
            f"{count}{inner} separated by {name}",
            f"{count}{inner} with {name} between them",
            f"{count}{inner} joined by {name}",
            f"a list of {count}{inner} divided by {name}",
        ]
    )
    return whole(ask, regex, lambda r: separator.join(sample(r) for _ in range(r.randint(least, most))))


def word_count(rng: Random) -> Request:
    """So many words, of so many letters."""
    n, letters = rng.randint(2, 6), rng.randint(2, 9)
    said, size = number(n, rng), number(letters, rng)
    small = several(string.ascii_lowercase, 1, 5)
    ways: list[tuple[str, str, Sample]] = [
        (
            f"exactly {said} words separated by single spaces",
            rf"\S+(?: \S+){repeat(n - 1)}" if n > 2 else r"\S+ \S+",
            lambda r: " ".join(small(r) for _ in range(n)),
        ),
        (
            f"at most {said} words",
            rf"\S+(?: \S+){repeat(0, n - 1)}",
            lambda r: " ".join(small(r) for _ in range(r.randint(1, n))),
        ),
        (
            f"at least {said} words, one space between them",
            rf"\S+(?: \S+){repeat(n - 1, None)}",
            lambda r: " ".join(small(r) for _ in range(n)),
        ),
        (f"a word of {size} letters", f"[A-Za-z]{repeat(letters)}", several(string.ascii_letters, letters, letters)),
        (
            f"a single lowercase word with {size} letters",
            f"[a-z]{repeat(letters)}",
            several(string.ascii_lowercase, letters, letters),
        ),
        (f"a {size}-letter word", f"[A-Za-z]{repeat(letters)}", several(string.ascii_letters, letters, letters)),
        (
            f"a word of {size} or more letters",
            f"[A-Za-z]{repeat(letters, None)}",
            several(string.ascii_letters, letters, letters + 3),
        ),
    ]
    return whole(*rng.choice(ways))


# --- rules, masks, files, key and value, dates ---


def password(rng: Random) -> Request:
    """A length and what must or must not occur."""
    rules = rng.sample(_RULES, rng.choice([1, 2, 2, 3, 3, 4]))
    rules.sort(key=_RULES.index)
    size, least, most = "", 1, None
    while not size or least < 5:
        size, least, most = _length(rng)
    said = [rng.choice(names) for _, names in rules]
    joined = said[0] if len(said) == 1 else ", ".join(said[:-1]) + " and " + said[-1]
    ask = rng.choice(
        [
            f"{size} with {joined}",
            f"{size}, must contain {joined}",
            f"must have {joined}; {size}",
            f"{size}, including {joined}",
            f"password: {size}, at least {joined}",
            f"password with {joined}, {size}",
        ]
    )
    regex = "".join(look for look, _ in rules) + "." + repeat(least, most)
    return whole(ask, regex, lambda r: ("aA1!" * 9)[: least if most else least + r.randint(0, 4)])


_RULES = (
    ("(?=.*[a-z])", ("one lowercase letter", "a lowercase letter", "a small letter")),
    ("(?=.*[A-Z])", ("one uppercase letter", "a capital letter", "an upper case letter")),
    (r"(?=.*\d)", ("one digit", "a digit", "a number")),
    ("(?=.*[^A-Za-z0-9])", ("one special character", "a special character", "a symbol")),
)


def mask(rng: Random) -> Request:
    """A shape shown by an example or by placeholders."""
    runs: list[tuple[str, int, str]] = []
    for place in range(rng.choice([2, 3, 3, 4, 5])):
        if place and rng.random() < 0.65 and runs[-1][0] != "sign":
            runs.append(("sign", 1, rng.choice("--__/.: ")))
        kind = rng.choice([k for k in ("A", "9", "9", "a") if not runs or k != runs[-1][0]])
        runs.append((kind, rng.randint(1, 5), ""))
    classes = {
        "A": ("[A-Z]", string.ascii_uppercase),
        "a": ("[a-z]", string.ascii_lowercase),
        "9": (r"\d", string.digits),
    }

    def example(r: Random) -> str:
        return "".join(s if k == "sign" else several(classes[k][1], n, n)(r) for k, n, s in runs)

    regex = "".join(escaped(s) if k == "sign" else classes[k][0] + repeat(n) for k, n, s in runs)
    kinds = {k for k, _, _ in runs}
    shown, other = example(rng), example(rng)
    names = {"A": "capital letters", "a": "small letters", "9": "digits"}
    said = " and ".join(names[k] for k in "Aa9" if k in kinds)
    pattern = "".join(s if k == "sign" else k * n for k, n, s in runs)
    meaning = ", ".join(f"{k} = {names[k][:-1]}" for k in "Aa9" if k in kinds)
    noun = rng.choice(THINGS)
    ask = rng.choice(
        [
            f"strings like {shown}",
            f"{noun} like {shown}",
            f"same shape as {shown}: {said} in these places",
            f"format {pattern} ({meaning})",
            f"{pattern} where {meaning}",
            f"{noun} such as {shown} or {other}",
            f"looks like {shown}, {said} where the example has them",
            f"anything of the form {shown}",
        ]
    )
    return whole(ask, regex, example)


def files(rng: Random) -> Request:
    """File names: an extension or several, a prefix, a number."""
    few = rng.sample(EXTENSIONS, rng.choice([1, 1, 2, 2, 3, 4]))
    said = few[0] if len(few) == 1 else rng.choice([", ".join(few[:-1]) + " or " + few[-1], "/".join(few)])
    dotted = ", ".join("." + e for e in few[:-1]) + (" or " if len(few) > 1 else "") + "." + few[-1]
    ending = few[0] if len(few) == 1 else "(?:" + "|".join(few) + ")"
    stem, prefix, n = rng.choice(LOWER), rng.choice(LOWER), rng.choice([1, 2, 3, 4, 6, 8])
    digits = f"{number(n, rng)} digit" + ("s" if n > 1 else "")
    sign, name = rng.choice([("_", "underscore"), ("-", "dash")])
    ways: list[tuple[str, str, Sample]] = [
        (f"file ending in {dotted}", rf".+\.{ending}", lambda r: stem + "." + r.choice(few)),
        (f"file names with extension {said}", rf".+\.{ending}", lambda r: stem + "." + r.choice(few)),
        (f"only {said} files", rf".+\.{ending}", lambda r: stem + "." + r.choice(few)),
        (f"name ends with {dotted}", rf".+\.{ending}", lambda r: stem + "." + r.choice(few)),
        (
            f"files that start with {prefix} and end with {dotted}",
            rf"{prefix}.*\.{ending}",
            lambda r: prefix + "1." + r.choice(few),
        ),
        (
            f"{prefix}, {name}, {digits}, then {dotted}",
            rf"{prefix}{sign}\d{repeat(n)}\.{ending}",
            lambda r: prefix + sign + "7" * n + "." + r.choice(few),
        ),
        (
            f"{prefix} followed by a number and {dotted}",
            rf"{prefix}\d+\.{ending}",
            lambda r: prefix + "12." + r.choice(few),
        ),
        (f"lowercase name with extension {said}", rf"[a-z]+\.{ending}", lambda r: stem + "." + r.choice(few)),
        (f"word characters only, then {dotted}", rf"\w+\.{ending}", lambda r: stem + "." + r.choice(few)),
        (f"all files except {said} files", rf"(?!.*\.{ending}$).+", lambda r: stem),
        (f"anything that does not end in {dotted}", rf"(?!.*\.{ending}$).*", lambda r: stem),
    ]
    return whole(*rng.choice(ways))


def key_value(rng: Random) -> Request:
    """A key, a sign, a value."""
    key_says, key, key_sample = rng.choice(
        [("a word", r"\w+", "size"), ("a lowercase key", "[a-z]+", "size"), ("a key in capitals", "[A-Z]+", "SIZE")]
        + [(f'"{k}"', k, k) for k in rng.sample(LOWER, 3)]
    )
    sign, name = rng.choice(
        [
            ("=", "an equals sign"),
            (":", "a colon"),
            (": ", "a colon and a space"),
            (" = ", "an equals sign with a space on both sides"),
            (" -> ", "an arrow -> with a space on both sides"),
            ("=>", "an arrow =>"),
        ]
    )
    words = parts.some_words(rng, 4)
    value_says, value, value_sample = rng.choice(
        [
            ("a number", r"\d+", "12"),
            ("a non-empty value", ".+", "some value"),
            ("any value or none", ".*", ""),
            ("a quoted value", '"[^"]*"', '"a b"'),
            (listed(words, rng), f"(?:{'|'.join(words)})", words[0]),
            ("a value without spaces", r"\S+", "abc"),
            ("true or false", "(?:true|false)", "true"),
        ]
    )
    ask = rng.choice(
        [
            f"{key_says}, {name}, {value_says}",
            f"{key_says} then {name} then {value_says}",
            f"config line: {key_says}, {name}, then {value_says}",
            f"{key_says} and {value_says} with {name} between",
        ]
    )
    return whole(ask, key + sign + value, lambda r: key_sample + sign + value_sample)


def dates(rng: Random) -> Request:
    """A date or time in some order with some separator, by its shape or with its ranges."""
    strict = rng.random() < 0.5
    pieces = {
        "YYYY": (r"\d{4}", r"\d{4}", "2024"),
        "YY": (r"\d{2}", r"\d{2}", "24"),
        "MM": (r"\d{2}", "(?:0[1-9]|1[0-2])", "05"),
        "DD": (r"\d{2}", r"(?:0[1-9]|[12]\d|3[01])", "31"),
        "HH": (r"\d{2}", r"(?:[01]\d|2[0-3])", "14"),
        "mm": (r"\d{2}", r"[0-5]\d", "30"),
        "SS": (r"\d{2}", r"[0-5]\d", "59"),
    }
    order = rng.choice(
        [
            ("YYYY", "MM", "DD"),
            ("DD", "MM", "YYYY"),
            ("MM", "DD", "YYYY"),
            ("DD", "MM", "YY"),
            ("YYYY", "MM"),
            ("MM", "YYYY"),
            ("MM", "YY"),
            ("DD", "MM"),
            ("HH", "mm"),
            ("HH", "mm", "SS"),
        ]
    )
    sign = rng.choice(":::." if order[0] == "HH" else "-/. _")
    form, regex = sign.join(order), escaped(sign).join(pieces[p][strict] for p in order)
    kind = "time" if order[0] == "HH" else "date"
    loose = rng.choice(["shape only", "just the shape", "no range check", "digits only, ranges not checked"])
    valid = {"time": ("24 hours, valid values", "hours 00-23, the others 00-59")}.get(
        kind, ("valid month and day numbers", "ranges checked", "month 01-12 and day 01-31 where given")
    )
    ask = rng.choice(
        [
            f"{kind} as {form.replace('mm', 'MM')}, {{}}",
            f"{kind} in the format {form.replace('mm', 'MM')} ({{}})",
            f"{form.replace('mm', 'MM')} {kind}, {{}}",
        ]
    ).format(rng.choice(valid) if strict else loose)
    return whole(ask, regex, lambda r: sign.join(pieces[p][2] for p in order))


# --- searches ---


def search(rng: Random) -> Request:
    """What is to be found within a text."""
    n, text = rng.randint(2, 8), rng.choice(LOWER)
    said, kind = number(n, rng), rng.choice(parts.KINDS[:4])
    words = parts.some_words(rng, 3)
    prefix = rng.choice(UPPER)
    many = rng.choice(kind.names)[1]
    ways: list[tuple[str, str, Sample]] = [
        (f"all numbers with {said} digits", rf"\b\d{repeat(n)}\b", lambda r: "x " + "7" * n + " y"),
        (f"every word that starts with {text}", rf"\b{text}\w*", lambda r: f"q {text}zz"),
        (f"words ending in {text}", rf"\w*{text}\b", lambda r: f"q zz{text} q"),
        (f"the whole word {text}", rf"\b{text}\b", lambda r: f"q {text} q"),
        (f"the words {words[0]} and {words[1]}", rf"\b(?:{words[0]}|{words[1]})\b", lambda r: f"q {words[1]} q"),
        (f"all runs of {many}", f"{kind.regex}+", lambda r: several(kind.characters, 2, 4)(r)),
        (f"codes like {prefix}-{'1234567890'[:n]}", rf"\b{prefix}-\d{repeat(n)}\b", lambda r: f"q {prefix}-" + "7" * n),
        (f"words of {said} letters", rf"\b[A-Za-z]{repeat(n)}\b", lambda r: "1 " + "q" * n),
        (f"words of at least {said} letters", rf"\b[A-Za-z]{repeat(n, None)}\b", lambda r: "1 " + "q" * n),
    ]
    ask, regex, sample = rng.choice(ways)
    lead = rng.choice(
        ["find {} in a text", "extract {} from a text", "search a text for {}", "find {}", "{} within a longer text"]
    )
    return Request(lead.format(ask), regex, sample)


_FAMILIES: tuple[tuple[Callable[[Random], Request], int], ...] = (
    (sequence, 52),
    (characters, 6),
    (around, 9),
    (edges, 5),
    (excluded, 4),
    (nested, 6),
    (occurrences, 5),
    (repeats, 3),
    (conditions, 5),
    (length, 1),
    (alternatives, 4),
    (amounts, 5),
    (ranges, 3),
    (lists, 5),
    (word_count, 2),
    (password, 4),
    (mask, 5),
    (files, 4),
    (key_value, 3),
    (dates, 3),
    (search, 4),
)


def compose(rng: Random) -> Request:
    """One request of any family."""
    return rng.choices([family for family, _ in _FAMILIES], [weight for _, weight in _FAMILIES])[0](rng)
