"""Other values in a question and in its query, the same in both."""

from __future__ import annotations

import re
from random import Random

from experts.cypher.names import roles
from experts.cypher.pools import (
    CITIES,
    COMPANIES,
    COUNTRIES,
    FIRST,
    HANDLES,
    LAST,
    MONTHS,
    NUMBER_WORDS,
    PROPER,
    WORKS,
    words_of,
)

PERSON = set(
    words_of("""
    person people human individual employee author member artist actor director user customer client student
    pupil professor teacher doctor officer suspect player researcher scientist owner agent driver guest
    patient candidate volunteer speaker attendee photographer host performer worker cook chef lawyer judge
    investor gardener observer keeper vet diner cyclist singer musician coach referee politician nurse parent
    child relative tenant rider pilot witness donor writer editor translator tutor hiker angler trainer
    curator collector developer maintainer resident swimmer deceased chessplayer blooddonor spy warden
    singer runner skier climber pensioner lodger sailor beekeeper farmer baker prisoner guard mentor mentee
    """)
)
_WORKS = set(
    words_of("""
    movie film book album song play game episode show paper article artwork photo poem opera magazine talk
    course
    """)
)
_FIRMS = set(
    words_of("""
    company firm club studio band brand vendor supplier publisher airline bank shop store team charity sponsor
    maker startup label organisation operator association brewery farm winery hotel restaurant
    """)
)
# Names of these are words of the language: another name would not be one of them.
_COMMON = set(
    words_of("""
    genre style skill language topic category subject hobby ingredient disease symptom tag cuisine department track
    status language family element fabric diagnosis faculty party platform cause technology framework
    tongue opening hop
    """)
)
# Where an asked number is meant in words as well, changing its digits would not be enough.
_WORDED = re.compile(r"half|hour|dozen|century|hundred|decade|next year|this year|last year|generation|hat-trick", re.I)
_YEAR = r"(?:1[6-9]|20)\d\d"


def concept(label: str, key: str, value: str) -> str:
    """What kind of value it is: of which pool another can be taken; empty where of none."""
    key, label = key.lower().replace("_", ""), label.lower()
    if re.search(r"\d", value):
        return "code" if re.fullmatch(r"[\w./#+-]*\d[\w./#+-]*", value) else ""
    if key in {"city", "town", "birthplace"} or (label in {"city", "town"} and key == "name"):
        return "city"
    if key == "country" or (label == "country" and key == "name"):
        return "country"
    if key in {"username", "nick", "nickname", "handle", "login", "alias", "screenname"} and value.islower():
        return "handle"
    if label in PERSON and key in {"name", "fullname"} and value[0].isupper():
        return "person" if " " in value else "first name"
    if label in _WORKS and key in {"title", "name"}:
        return "work"
    if label in _FIRMS and key == "name":
        return "firm"
    proper = key in {"name", "title"} and re.fullmatch(r"[A-Z][a-z]+( [A-Z][a-z]+)*", value)
    return "proper" if proper and label not in _COMMON else ""


def another(kind: str, value: str, rng: Random) -> str:
    """Another value of the kind."""
    if kind == "code":
        return re.sub(r"\d", lambda match: str(rng.randint(1, 9)), value)
    if kind == "person":
        return f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    if kind == "first name":
        return rng.choice(FIRST)
    return rng.choice(
        {"proper": PROPER, "city": CITIES, "country": COUNTRIES, "handle": HANDLES, "work": WORKS, "firm": COMPANIES}[
            kind
        ]
    )


def swapped(ask: str, query: str, rng: Random) -> tuple[str, str]:
    """The question and its query with other texts, dates, years and numbers, where that is safe."""
    ask, query = _texts(ask, query, rng)
    if _WORDED.search(ask):
        return ask, query
    dates = re.findall(r"date\('([\d-]+)'\)", query)
    if dates:
        return _dates(ask, query, dates, rng)
    return _numbers(*_years(ask, query, rng), rng)


def literals(query: str) -> list[tuple[str, str, str]]:
    """The texts that are compared with a property: label or type, property, text without its quotes."""
    out, owner, key = [], "", ""
    for part, role, whose in roles(query):
        if role == "property":
            owner, key = whose, part
        elif part.startswith("'") and not re.fullmatch(r"'\d{4}-\d\d-\d\d'", part):
            out.append((owner, key, part[1:-1]))
    return out


def _texts(ask: str, query: str, rng: Random) -> tuple[str, str]:
    for label, key, value in dict.fromkeys(literals(query)):
        kind = concept(label, key, value)
        if not kind or "\\" in value:
            continue
        new = another(kind, value, rng)
        if query.count(f"'{new}'") or new.lower() in ask.lower():
            continue
        for old, by in ((value, new), (value.lower(), new.lower())):
            pattern = rf"(?<![\w-]){re.escape(old)}(?!\w)"
            if re.search(pattern, ask):
                ask = re.sub(pattern, lambda match, by=by: by, ask)
                query = query.replace(f"'{value}'", f"'{new}'")
                break
    return ask, query


def _plain_numbers(query: str) -> list[str]:
    """The numbers of a query that stand in no quotes and are no number of steps."""
    bare = re.sub(r"'(?:[^'\\]|\\.)*'|\*\d*\.*\d*|\b[a-z]\w*", " ", query)
    return re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", bare)


def _replaced(query: str, old: str, new: str) -> str:
    parts = re.split(r"('(?:[^'\\]|\\.)*'|\*\d*\.*\d*)", query)
    return "".join(
        part if i % 2 else re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w.])", new, part) for i, part in enumerate(parts)
    )


def _years(ask: str, query: str, rng: Random) -> tuple[str, str]:
    years = {number for number in _plain_numbers(query) if re.fullmatch(_YEAR, number)}
    if not years or not all(re.search(rf"\b{year}", ask) for year in years):
        return ask, query
    by = rng.choice([-30, -20, -10, 0, 10]) if re.search(rf"{_YEAR}s", ask) else rng.randint(-15, 10)
    if max(map(int, years)) + by > 2026:
        by = -abs(by)
    for year in sorted(years, reverse=by > 0):
        ask = re.sub(rf"\b{year}(?!\d)", str(int(year) + by), ask)
        query = _replaced(query, year, str(int(year) + by))
    return ask, query


def _numbers(ask: str, query: str, rng: Random) -> tuple[str, str]:
    numbers = _plain_numbers(query)
    for number in dict.fromkeys(numbers):
        if re.fullmatch(_YEAR, number) or numbers.count(number) > 1 or not number.isdigit() or int(number) < 2:
            continue
        digits = re.findall(rf"(?<![\w.,-]){number}(?![\w,-]|\.\d)", ask)
        word = NUMBER_WORDS[int(number)] if int(number) < len(NUMBER_WORDS) else ""
        worded = re.findall(rf"\b{word}\b", ask, re.I) if word else []
        if len(digits) + len(worded) != 1:
            continue
        new = _near(int(number), rng)
        if str(new) in numbers or re.search(rf"\b{new}\b", ask):
            continue
        if digits:
            ask = re.sub(rf"(?<![\w.,-]){number}(?![\w,-]|\.\d)", str(new), ask)
        elif new < len(NUMBER_WORDS):
            ask = re.sub(rf"\b{word}\b", NUMBER_WORDS[new], ask, flags=re.I)
        else:
            continue
        query = _replaced(query, number, str(new))
    return ask, query


def _near(number: int, rng: Random) -> int:
    """Another number as long, or nearly; small ones are plural as well."""
    if number <= 12:
        return rng.choice([n for n in range(2, 13) if n != number])
    size = 10 ** (len(str(number)) - 2)
    return max(13, number + rng.randint(-6, 20) * size)


def _dates(ask: str, query: str, dates: list[str], rng: Random) -> tuple[str, str]:
    """Another year; and another month where the query is about a month, another day where it is about a day."""
    years = sorted({date[:4] for date in dates})
    if not re.search(rf"\b{years[0]}\b", ask):
        return ask, query
    by = rng.randint(-6, 1)
    for year in reversed(years) if by > 0 else years:
        new = str(int(year) + by)
        ask = re.sub(rf"\b{year}(?!\d)", new, ask)
        query = query.replace(f"date('{year}-", f"date('{new}-")
    month = int(dates[0][5:7])
    whole = len(dates) == 2 and all(date.endswith("-01") for date in dates) and int(dates[1][5:7]) == month + 1
    if whole:
        return _month(ask, query, month, rng)
    return _day(ask, query, int(dates[0][8:]), rng) if len(dates) == 1 else (ask, query)


def _month(ask: str, query: str, month: int, rng: Random) -> tuple[str, str]:
    name, new = MONTHS[month - 1], rng.randint(1, 11)
    patterns = [rf"\b{name}\b"] if re.search(rf"\b{name}\b", ask, re.I) else [rf"\b{name[:3]}\b"]
    if name == "May" or not re.search(patterns[0], ask, re.I) or re.search(r"\d{4}-\d\d", ask):
        return ask, query
    by = MONTHS[new - 1] if patterns[0] == rf"\b{name}\b" else MONTHS[new - 1][:3]
    ask = re.sub(patterns[0], lambda match: by if match.group()[0].isupper() else by.lower(), ask, flags=re.I)
    query = re.sub(rf"-{month + 1:02}-01'", f"-{new + 1:02}-01\x00'", query)
    query = re.sub(rf"-{month:02}-01'", f"-{new:02}-01'", query).replace("\x00", "")
    return ask, query


def _day(ask: str, query: str, day: int, rng: Random) -> tuple[str, str]:
    new, iso = rng.randint(2, 28), rf"(\d{{4}}-\d\d)-{day:02}\b"
    if re.search(iso, ask):
        ask = re.sub(iso, rf"\g<1>-{new:02}", ask)
    elif len(re.findall(rf"\b{day}(?=\b|st\b|nd\b|rd\b|th\b)", ask)) == 1 and re.search("|".join(MONTHS), ask):
        if re.search(rf"\b{day}(st|nd|rd|th)\b", ask):
            return ask, query
        ask = re.sub(rf"\b{day}\b", str(new), ask)
    else:
        return ask, query
    return ask, re.sub(rf"-{day:02}'\)", f"-{new:02}')", query)
