"""What a written text says, said of others: names, numbers, dates, times, codes and choices, in text and value alike.

Whatever cannot be found in the text, once and beyond doubt, stays as it is written.
"""

from __future__ import annotations

import copy
import json
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from experts.json import words

Json = Any

MONTHS = [date(2026, month, 1).strftime("%B") for month in range(1, 13)]
DAYS = [date(2026, 6, day).strftime("%A") for day in range(1, 8)]
NUMBERS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
# A number may have its unit behind it, but is none of "3rd", "3 pm" or "3 h2".
_NO_UNIT = re.compile(r" ?(?:st|nd|rd|th|am|pm|[a-z]\d)\b")


@dataclass
class Leaf:
    """One value that is no object and no array, where it stands, and what its schema says."""

    name: str
    schema: dict[str, Any]
    holder: Any
    key: str | int

    @property
    def value(self) -> Json:
        return self.holder[self.key]

    def set(self, value: Json) -> None:
        self.holder[self.key] = value


def leaves(
    schema: dict[str, Any], value: Json, name: str = "", holder: Any = None, key: str | int = ""
) -> Iterator[Leaf]:
    """Every leaf of the value, but those that are null."""
    if isinstance(value, dict):
        for inner in value:
            yield from leaves(schema["properties"][inner], value[inner], inner, value, inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(schema["items"], inner, name, value, index)
    elif value is not None:
        yield Leaf(name, schema, holder, key)


def is_free(schema: dict[str, Any]) -> bool:
    """Whether it is a text without a form of its own, so that it stands in the answer as the text writes it."""
    return "string" in schema.get("type", ()) and not {"enum", "format", "pattern"} & schema.keys()


def said(schema: dict[str, Any], value: Json, text: str) -> list[bool]:
    """For each free text of the value whether the text has it, letter by letter."""
    return [leaf.value in text for leaf in leaves(schema, value) if is_free(leaf.schema)]


def _is_word(c: str) -> bool:
    return c.isalnum() or c == "_"


def _is_decimal(two: str) -> bool:
    return len(two) == 2 and two[0] in ".,:" and two[1].isdigit()


@dataclass
class Spans:
    """Places of a text that are to be replaced; no two overlap."""

    text: str
    new: dict[tuple[int, int], str] = field(default_factory=dict)
    barred: list[tuple[int, int]] = field(default_factory=list)

    def taken(self, start: int, end: int) -> bool:
        return any(start < b and a < end for a, b in [*self.new, *self.barred])

    def find(self, what: str, unit: bool = False) -> list[tuple[int, int]]:
        """Where it stands as a whole: no letter, digit or decimal beside it; a `unit` may be behind it."""
        found, start = [], self.text.find(what)
        while start >= 0:
            end = start + len(what)
            if not self._goes_on_before(start) and not self._goes_on(end, unit):
                found.append((start, end))
            start = self.text.find(what, start + 1)
        return found

    def _goes_on_before(self, start: int) -> bool:
        before = self.text[max(0, start - 2) : start]
        return self.text[start].isalnum() and bool(before) and (_is_word(before[-1]) or _is_decimal(before[::-1]))

    def _goes_on(self, end: int, unit: bool) -> bool:
        after = self.text[end : end + 2]
        if not after or not self.text[end - 1].isalnum():
            return False
        if unit and _NO_UNIT.match(self.text, end):
            return True
        return _is_decimal(after) or (_is_word(after[0]) and not (unit and after[0].isalpha()))

    def once(self, *whats: str, unit: bool = False) -> tuple[int, int, int] | None:
        """The one place of these forms, and which of them it is; none where there are more, or it is taken."""
        found = {span: i for i, what in reversed([*enumerate(whats)]) for span in self.find(what, unit)}
        if len(found) != 1:
            return None
        ((start, end), which) = found.popitem()
        return None if self.taken(start, end) else (start, end, which)

    def replaced(self) -> str:
        text = self.text
        for (start, end), new in sorted(self.new.items(), reverse=True):
            text = text[:start] + new + text[end:]
        return text


def _ordinal(day: int) -> str:
    return f"{day}{'th' if 10 < day < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def date_forms(d: date) -> list[str]:
    """The ways of writing a date with its year that cannot be mistaken."""
    month, short = MONTHS[d.month - 1], MONTHS[d.month - 1][:3]
    forms = [
        d.isoformat(), f"{d.day} {month} {d.year}", f"{month} {d.day}, {d.year}", f"{d.day} {short} {d.year}",
        f"{short} {d.day}, {d.year}", f"{d:%d.%m.%Y}", f"{d.day}.{d.month}.{d.year}",
        f"{_ordinal(d.day)} {month} {d.year}", f"{_ordinal(d.day)} of {month} {d.year}",
        f"{month} {_ordinal(d.day)}, {d.year}", f"{d:%Y/%m/%d}", f"{d:%d} {month} {d.year}", f"{d:%d}-{short}-{d.year}",
        f"{d:%d.%m.%y}", f"{month.upper()} {d.day}, {d.year}", f"{d.day} {month.upper()} {d.year}",
    ]  # fmt: skip
    if d.day > 12:
        forms += [f"{d:%d/%m/%Y}", f"{d:%m/%d/%Y}", f"{d:%d-%m-%Y}"]
    return forms


def yearless_forms(d: date) -> list[str]:
    month, short = MONTHS[d.month - 1], MONTHS[d.month - 1][:3]
    return [
        f"{d.day} {month}",
        f"{month} {d.day}",
        f"{_ordinal(d.day)} of {month}",
        f"{month} {_ordinal(d.day)}",
        f"{d.day} {short}",
    ]


def vary_dates(found: list[Leaf], spans: Spans, rng: Random) -> None:
    """All dates move by as many days, where each of them can be found; some are written in another way."""
    plain = [leaf for leaf in found if leaf.schema.get("format") == "date"]
    places: list[tuple[Leaf, date, tuple[int, int, int], bool]] = []
    for leaf in plain:
        day = date.fromisoformat(leaf.value)
        place, whole = spans.once(*date_forms(day)), True
        if place is None:
            place, whole = spans.once(*yearless_forms(day)), False
        if place is None:
            return
        places.append((leaf, day, place, whole))
    if not places:
        return
    move = _days(places, rng)
    other = rng.random() < 0.4
    form = rng.choice([0, 1, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 12, 13])
    named = rng.random() < 0.15
    for leaf, day, (start, end, which), whole in places:
        new = day + timedelta(move)
        forms = date_forms(new) if whole else yearless_forms(new)
        if whole and (other or which >= len(forms)):
            which = form
        spans.new[start, end] = forms[which]
        if not _fix_weekday(spans, start, new) and named and whole:
            spans.new[start, end] = f"{DAYS[new.weekday()]}, {forms[which]}"
        leaf.set(new.isoformat())


def _days(places: list[tuple[Leaf, date, tuple[int, int, int], bool]], rng: Random) -> int:
    """By how many days: dates written without their year stay in it."""
    days = [day for _, day, _, _ in places]
    if all(whole for _, _, _, whole in places):
        return rng.randint(-900, 900)
    low = max(-(day.timetuple().tm_yday - 1) for day in days)
    high = min((date(day.year, 12, 31) - day).days for day in days)
    return rng.randint(low, high) if low < high else 0


def _fix_weekday(spans: Spans, start: int, day: date) -> bool:
    """The day of the week before a date is the new date's; whether there is one."""
    m = re.search(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)([a-z]*)(,? (?:the )?)$", spans.text[:start])
    if m:
        name = DAYS[day.weekday()]
        spans.new[m.start(1), m.end(2)] = name if m[2].endswith("day") else name[:3]
    return bool(m)


def vary_moments(found: list[Leaf], spans: Spans, rng: Random) -> None:
    """Date-times are in the text as they are in the value; all move by as long."""
    moments = [leaf for leaf in found if leaf.schema.get("format") == "date-time"]
    places = [spans.once(leaf.value) for leaf in moments]
    move = timedelta(days=rng.randint(-500, 500), minutes=rng.randint(-600, 600), seconds=rng.randint(-30, 30))
    if not all(places):
        return
    for leaf, (start, end, _) in zip(moments, places, strict=True):
        new = datetime.fromisoformat(leaf.value.replace("Z", "+00:00")) + move
        leaf.set(f"{new:%Y-%m-%dT%H:%M:%S}Z")
        spans.new[start, end] = leaf.value


def time_forms(at: time) -> list[str]:
    hour, half = at.hour % 12 or 12, "am" if at.hour < 12 else "pm"
    forms = [
        f"{at:%H:%M}",
        f"{at.hour}:{at:%M}",
        f"{at:%H.%M}",
        f"{at.hour}.{at:%M}",
        f"{hour}:{at:%M} {half}",
        f"{hour}.{at:%M} {half}",
    ]
    forms += [f"{hour}:{at:%M}{half}", f"{at:%H}h{at:%M}"]
    return [*forms, f"{hour} {half}", f"{hour}{half}"] if at.minute == 0 else forms


def _longest(spans: Spans, forms: list[str]) -> tuple[int, int, int] | None:
    """As `once`, but "2:30" within "2:30 pm" is no place of its own."""
    found = {(span[0], form): span for form in forms for span in spans.find(form)}
    if len({start for start, _ in found}) != 1:
        return None
    (start, form), span = max(found.items(), key=lambda item: item[1][1])
    if spans.taken(*span) or (re.match(r" ?[ap]\.?m\b", spans.text[span[1] :]) and "m" not in form):
        return None
    return start, span[1], forms.index(form)


def vary_times(found: list[Leaf], spans: Spans, rng: Random) -> None:
    """All times of day move by as long, where each can be found."""
    times = [leaf for leaf in found if leaf.schema.get("pattern", "").startswith("^[0-2]")]
    ats = [time.fromisoformat(leaf.value) for leaf in times]
    places = [_longest(spans, time_forms(at)) for at in ats]
    if not times or not all(places):
        return
    minutes = [at.hour * 60 + at.minute for at in ats]
    low, high = max(-240, 5 - min(minutes)), min(240, 1435 - max(minutes))
    move = rng.randint(low // 5, high // 5) * 5
    other = rng.choice([0, 0, 1, 2, 4, 4, 6]) if rng.random() < 0.35 else None
    for leaf, minute, (start, end, which) in zip(times, minutes, places, strict=True):
        new = time(*divmod(minute + move, 60))
        forms = time_forms(new)
        which = which if other is None else other
        spans.new[start, end] = forms[which if which < len(forms) else {8: 4, 9: 6}[which]]
        leaf.set(f"{new:%H:%M}")


def number_forms(value: float) -> list[str]:
    """The ways of writing a number: with more decimals, with separators of thousands, with a decimal comma."""
    value = abs(value)
    short = f"{value:.6f}".rstrip("0").rstrip(".")
    decimals = len(short.partition(".")[2])
    forms = [short]
    for places in range(decimals, max(decimals, 2) + 1):
        plain = f"{value:.{places}f}"
        grouped = f"{value:,.{places}f}"
        forms += [
            plain,
            grouped,
            plain.replace(".", ","),
            grouped.translate(str.maketrans(",.", ".,")),
            grouped.replace(",", " "),
        ]
    return list(dict.fromkeys(forms))


def _another_number(value: float, form: str, schema: dict[str, Any], rng: Random) -> tuple[float, str] | None:
    """One of as many digits, written in the same way; years stay years."""
    digits = [c for c in form if c.isdigit()]
    if isinstance(value, int) and 1900 <= value <= 2035 and form == str(value):
        digits = list(str(rng.randint(max(1900, value - 15), min(2026, value + 8))))
    else:
        first = rng.choice(string.digits[1:]) if digits[0] != "0" else "0"
        digits = [first, *(rng.choice(string.digits) for _ in digits[1:])]
    whole_digits = len(str(int(abs(value))))
    if schema["type"] in ("integer", ["integer", "null"]) or (isinstance(value, int) and rng.random() < 0.4):
        digits[whole_digits:] = "0" * len(digits[whole_digits:])
    rest = iter(digits)
    new_form = "".join(next(rest) if c.isdigit() else c for c in form)
    bare = "".join(digits)
    new = float(f"{bare[:whole_digits]}.{bare[whole_digits:] or 0}")
    new = -new if value < 0 else new
    if new == int(new):
        new = int(new)
    if (
        new == 0
        or (isinstance(value, int) and abs(new) < 2)
        or not schema.get("minimum", new) <= new <= schema.get("maximum", new)
    ):
        return None
    return new, new_form


_MONTH = f"(?:{'|'.join(month[:3] for month in MONTHS)})[a-z]*"
_MOMENT = re.compile(
    rf"\d{{4}}[-/]\d\d[-/]\d\d\S*|\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|\b\d{{1,2}}:\d\d\b"
    rf"|\d{{1,2}}[a-z]{{0,2}}(?: of)?[ -]{_MONTH}(?:[ -]\d{{4}})?|\b{_MONTH} \d{{1,2}}\w*(?:, \d{{4}})?",
    re.I,
)


def vary_numbers(found: list[Leaf], spans: Spans, rng: Random) -> None:
    """Numbers that stand in the text once, and once in the value."""
    numbers = [leaf for leaf in found if isinstance(leaf.value, (int, float)) and not isinstance(leaf.value, bool)]
    values = [leaf.value for leaf in numbers]
    for leaf in numbers:
        value = leaf.value
        if values.count(value) > 1 or (abs(value) < 2 and isinstance(value, int)) or rng.random() < 0.1:
            continue
        if _vary_word(leaf, spans, rng):
            continue
        if value in range(2, 13) and re.search(rf"\b{NUMBERS[int(value) - 2]}\b", spans.text, re.I):
            continue  # the digit may be another number
        forms = number_forms(value)
        place = spans.once(*forms, unit=True)
        if place is None:
            continue
        start, end, which = place
        new = _another_number(value, forms[which], leaf.schema, rng)
        if new and not spans.find(new[1], unit=True) and new[1] not in spans.new.values():
            in_words = spans.text[:start].endswith(" ") and re.match(" [a-z]{3}", spans.text[end:])
            spelt = in_words and new[0] in range(2, 13) and new[1].isdigit() and rng.random() < 0.25
            spans.new[start, end] = NUMBERS[int(new[0]) - 2] if spelt else new[1]
            leaf.set(new[0])


def _vary_word(leaf: Leaf, spans: Spans, rng: Random) -> bool:
    """A small number written as a word, where the digit is not there."""
    if leaf.value not in range(2, 13) or spans.find(str(leaf.value)):
        return False
    place = spans.once(NUMBERS[leaf.value - 2])
    if not place:
        return False
    new = rng.randint(2, 12)
    if not leaf.schema.get("minimum", 2) <= new <= leaf.schema.get("maximum", 12):
        return True
    spans.new[place[0], place[1]] = str(new) if rng.random() < 0.25 else NUMBERS[new - 2]
    leaf.set(new)
    return True


_CODE = re.compile(
    r"(?=.*\d)(?:[A-Z]{0,4}[\d#+.:/*()-]+[A-Z0-9.:/()-]*|[A-Z]{1,4}|[A-Za-z]+-\d+)(?: (?:[\d+.:/()-]+|[A-Z]{1,4}\d*))*"
)
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}(?:/\d+)?")
_HASH = re.compile(r"(?=.*\d)[0-9a-f]{7,}")


def vary_codes(found: list[Leaf], spans: Spans, rng: Random) -> None:
    """Invoice numbers, telephone numbers, versions and their like: other digits, and now and then other letters."""
    for leaf in found:
        old = leaf.value
        if not is_free(leaf.schema) or _ADDRESS.fullmatch(old) or not (_CODE.fullmatch(old) or _HASH.fullmatch(old)):
            continue
        places = spans.find(old)
        if not places or (len(old) < 4 and len(places) > 1) or any(spans.taken(*place) for place in places):
            continue
        letters = rng.random() < 0.5 and not re.search("[a-z]", old)
        new = "".join(_another_sign(c, old, i, letters, rng) for i, c in enumerate(old))
        if new in spans.text or new in spans.new.values():
            continue
        leaf.set(new)
        spans.new.update(dict.fromkeys(places, new))


def _another_sign(c: str, old: str, i: int, letters: bool, rng: Random) -> str:
    if _HASH.fullmatch(old):
        return rng.choice("0123456789abcdef")
    if c.isdigit():
        first = i == 0 or not old[i - 1].isdigit()
        return c if first and c in "01" else rng.choice(string.digits[1 if first else 0 :])
    return rng.choice(string.ascii_uppercase) if letters and c in string.ascii_uppercase else c


def vary_choices(found: list[Leaf], spans: Spans, rng: Random) -> None:
    """One of an `enum` for another, where the text says it in that very word and none of the others."""
    for leaf in found:
        members = [member for member in leaf.schema.get("enum", ()) if isinstance(member, str)]
        if leaf.value not in members or rng.random() < 0.4:
            continue
        lower = Spans(spans.text.lower())
        if len(lower.text) != len(spans.text):
            return
        spoken = {member: member.lower().replace("_", " ").replace("-", " ") for member in members}
        if any(lower.find(spoken[member]) for member in members if member != leaf.value):
            continue
        place = lower.once(spoken[leaf.value])
        others = [member for member in members if member not in (leaf.value, "other", "none")]
        if not place or spans.taken(place[0], place[1]) or not others:
            continue
        new = rng.choice(others)
        spans.new[place[0], place[1]] = cased(spoken[new], spans.text[place[0] : place[1]], new)
        leaf.set(new)


# Each currency's sign and its word, as texts write them.
CURRENCIES = {"EUR": ("€", "euro"), "USD": ("$", "dollar"), "GBP": ("£", "pound")}


def vary_currency(found: list[Leaf], spans: Spans, rng: Random) -> None:
    """Euros for dollars, where signs or words are all that say it, and those of one currency only."""
    there = [code for code, ways in CURRENCIES.items() if any(way in spans.text.lower() for way in ways)]
    for leaf in found:
        others = [code for code in CURRENCIES if code != leaf.value and code in leaf.schema.get("enum", CURRENCIES)]
        if [leaf.value] != there or leaf.value in spans.text or not others:
            continue
        new = rng.choice(others)
        for old_way, new_way in zip(CURRENCIES[leaf.value], CURRENCIES[new], strict=True):
            for m in re.finditer(re.escape(old_way), spans.text, re.I):
                spans.new[m.span()] = cased(new_way, m[0])
        leaf.set(new)


def cased(new: str, like: str, exact: str | None = None) -> str:
    """Written in capitals or small letters as its forerunner was; `exact` where that was neither."""
    if like.isupper() and len(like) > 1:
        return new.upper()
    if like.islower():
        return new.lower()
    return new[:1].upper() + new[1:] if like[:1].isupper() else exact or new


_POOL_OF = {word.lower(): pool for pool in words.POOLS for word in pool}


@lru_cache(maxsize=4096)
def _any_of(known: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(map(re.escape, known), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?![^\W\d])", re.I)


def known_words(text: str, schema: dict[str, Any]) -> list[str]:
    """The words of the text that can be exchanged, in small letters; none that the schema names."""
    named = json.dumps(schema).lower()
    return sorted(
        word for word in {m[0].lower() for m in _any_of(tuple(_POOL_OF)).finditer(text)} if f'"{word}"' not in named
    )


def exchanged(text: str, value: Json, known: list[str], schema: dict[str, Any], rng: Random) -> tuple[str, Json]:
    """Names and nouns for others of their list, everywhere in text and value."""
    new: dict[str, str] = {}
    used = set(known)
    for word in known:
        pool = _POOL_OF[word]
        if pool is words.SURNAMES and "@" not in text and rng.random() < 0.12:
            pool = words.ACCENTED
        candidate = rng.choice(pool)
        if pool in (words.MEN, words.WOMEN, words.SURNAMES, words.CITIES) and rng.random() < 0.2:
            candidate = words.made_up(rng)
        if candidate.lower() not in used and rng.random() < 0.9:
            new[word] = candidate
            used.add(candidate.lower())
    if not new:
        return text, value
    pattern = _any_of(tuple(known))

    def swap(m: re.Match[str]) -> str:
        word = new.get(m[0].lower(), m[0])
        return word if m[0] in _EXACT else cased(word, m[0])

    for leaf in leaves(schema, value):
        if is_free(leaf.schema) or leaf.schema.get("format") in ("email", "uri"):
            leaf.set(pattern.sub(swap, leaf.value))
    return pattern.sub(swap, text), value


_EXACT = {word for pool in words.POOLS for word in pool}


def varied(item: dict[str, Any], schema: dict[str, Any], rng: Random) -> tuple[str, Json]:
    """Text and value of the item, said of others; as written where free texts would get lost."""
    text, value = item["text"], copy.deepcopy(item["value"])
    if "*" in item.get("keep", ()):  # it says something of the world
        return text, value
    before = said(schema, value, text)
    text, value = exchanged(text, value, item["known"], schema, rng)
    found = [leaf for leaf in leaves(schema, value) if leaf.name not in item.get("keep", ())]
    spans = Spans(text)
    for vary in (vary_currency, vary_moments, vary_dates, vary_times, vary_codes):
        if rng.random() < 0.85:
            vary(found, spans, rng)
    # What is part of a free text, a date or a time is no number and no choice.
    free = [leaf.value for leaf in leaves(schema, value) if is_free(leaf.schema)]
    spans.barred = [span for what in free for span in spans.find(what)] + [m.span() for m in _MOMENT.finditer(text)]
    for vary in (vary_choices, vary_numbers):
        if rng.random() < 0.85:
            vary(found, spans, rng)
    text = spans.replaced()
    return (text, value) if said(schema, value, text) == before else (item["text"], copy.deepcopy(item["value"]))
