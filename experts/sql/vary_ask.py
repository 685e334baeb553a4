"""Seeded variation of a question together with its SQL: other values in both, and the surface noise of real users."""

import re
from collections import defaultdict
from random import Random

from experts.sql.vary_ddl import Table, related, tokens, words_of
from experts.sql.words import PERSON_WORDS

Key = tuple[str, str]
NAME_WORDS = {"name", "nm", "nam", "fullname", "username", "title", "ttl", "label"}
POLITE_BEFORE = ("please, ", "Can you tell me: ", "hi, ", "Please tell me: ", "I need this: ", "Quick question: ")
POLITE_AFTER = (" please", " thx", ", please", " Thanks!", " thanks in advance")


def shape(text: str) -> str:
    """Number of words, capitalisation and digits; a text with digits is its own pattern of digits."""
    if re.search(r"\d", text):
        return re.sub(r"\d", "9", text)
    marks = []
    for word in text.split():
        marks.append("A" if word.isupper() and len(word) > 1 else "a" if word.islower() else "Aa")
    return " ".join(marks)


def inner(literal: str) -> str:
    """The text of a string literal without its quotes and without the % around a LIKE pattern."""
    return literal[1:-1].replace("''", "'").strip("%")


def compared_column(sql: str, start: int) -> tuple[str, str]:
    """Qualifier and column that the literal at `start` is compared with, empty where unclear."""
    before = sql[max(0, start - 160) : start]
    pattern = r"(?:(\w+)\.)?(\w+)\)?\s*(?:=|<>|!=|(?:NOT\s+)?LIKE|(?:NOT\s+)?IN\s*\((?:\s*'(?:[^']|'')*'\s*,)*)\s*$"
    match = re.search(pattern, before, re.IGNORECASE)
    return (match.group(1) or "", match.group(2)) if match else ("", "")


def concept(sql: str, start: int, tables: list[Table]) -> str:
    """What kind of value a literal is: "person", "name" or the last word of its column."""
    qualifier, column = compared_column(sql, start)
    if not column:
        return ""
    words = words_of(column)
    owners = [t.name for t in tables if any(c.name.lower() == column.lower() for c in t.columns)]
    named = [t.name for t in tables if t.name.lower() == qualifier.lower()]
    alias = re.search(rf"\b(?:FROM|JOIN)\s+(\w+)\s+(?:AS\s+)?{qualifier}\b", sql, re.IGNORECASE) if qualifier else None
    first = re.search(r"\bFROM\s+(\w+)", sql[:start], re.IGNORECASE)
    table = (
        named or ([alias.group(1)] if alias else owners if len(owners) == 1 else [first.group(1) if first else ""])
    )[0]
    of_person = set(words) & PERSON_WORDS or "full" in words or {"first", "last"} & set(words)
    if of_person or (set(words) <= NAME_WORDS - {"title", "ttl"} and set(words_of(table)) & PERSON_WORDS):
        return "person"
    return "name" if words[-1] in NAME_WORDS else min(related({words[-1]}) or {words[-1]})


class Values:
    """The values of all schemas by shape and kind, to swap a value for one like it."""

    def __init__(self) -> None:
        self.pool: dict[Key, list[str]] = defaultdict(list)

    def add(self, sql: str, tables: list[Table]) -> None:
        """Take up the string literals of one SQL."""
        for literal, start in literals(sql):
            text, kind = inner(literal), concept(sql, start, tables)
            if kind and text and not re.search(r"\d|[%_]", text) and text not in self.pool[shape(text), kind]:
                self.pool[shape(text), kind].append(text)

    def first_names(self) -> set[str]:
        """First words of the values known to be people: they give away people in columns that are just called name."""
        return {value.split()[0] for value in self.pool.get(("Aa Aa", "person"), [])}

    def another(self, text: str, kind: str, rng: Random) -> str | None:
        """Another value of the same shape and kind; None where there are too few to choose from."""
        if re.search(r"\d", text):
            return re.sub(r"\d", lambda m: str(rng.randint(1, 9)), text)
        if kind == "name" and text.split()[0] in self.first_names():
            kind = "person"
        same = [value for value in self.pool.get((shape(text), kind), []) if value.lower() != text.lower()]
        if len(same) < 4:
            return None
        if kind == "person" and shape(text) == "Aa Aa":
            # First and last names recombine into far more people than were written.
            return rng.choice(same).split()[0] + " " + rng.choice(same).split()[1]
        return rng.choice(same)


def literals(sql: str) -> list[tuple[str, int]]:
    """String literals of an SQL with their places."""
    out, place = [], 0
    for kind, token in tokens(sql):
        if kind == "string":
            out.append((token, place))
        place += len(token)
    return out


def _whole(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w]){re.escape(text)}(?![\w])", re.IGNORECASE)


def _cased(old: str, value: str, new: str) -> str:
    """The new value in the letter case in which the question had the old one."""
    if old == value:
        return new
    if old.islower():
        return new.lower()
    return new.upper() if old.isupper() else new[0].upper() + new[1:] if old[0].isupper() else new


def swap_texts(ask: str, sql: str, ddl: str, tables: list[Table], values: Values, rng: Random) -> tuple[str, str]:
    """Swap values that stand in both the question and the SQL, and not in the DDL."""
    found = literals(sql)
    texts = {inner(literal) for literal, _ in found}
    for text in sorted(texts):
        places = [start for literal, start in found if inner(literal) == text]
        dated = re.fullmatch(r"[\d\s:.%-]*", text)
        nested = any(other != text and _whole(text).search(other) for other in texts)
        if dated or nested or re.search("[%_]", text) or _whole(text).search(ddl) or not _whole(text).search(ask):
            continue
        kind = concept(sql, places[0], tables)
        new = values.another(text, kind, rng) if kind and rng.random() < 0.6 else None
        if new is None or new in texts or _whole(new).search(ask) or _whole(new).search(ddl):
            continue
        ask, sql = _replace(ask, sql, text, new)
    return ask, sql


def _replace(ask: str, sql: str, text: str, new: str) -> tuple[str, str]:
    """One value replaced in question and SQL, a LIKE pattern's % kept."""
    old_sql, new_sql = text.replace("'", "''"), new.replace("'", "''")
    ask = _whole(text).sub(lambda m: _cased(m[0], text, new), ask)
    return ask, re.sub(rf"'(%?){re.escape(old_sql)}(%?)'", lambda m: f"'{m[1]}{new_sql}{m[2]}'", sql)


def _round_like(number: int, rng: Random) -> int:
    """A number of the same size and roundness."""
    unit = 1
    while number % (unit * 10) == 0:
        unit *= 10
    if number // unit > 9 and number % (5 * unit) == 0:
        unit *= 5
    low, high = max(5, number // 2), number * 2 if number != 100 and number > 100 else min(number * 2, 99)
    steps = [step for step in range(max(1, low // unit), high // unit + 1) if step * unit >= 5][:400]
    return rng.choice(steps) * unit if steps else number


def swap_numbers(ask: str, sql: str, ddl: str, rng: Random) -> tuple[str, str]:
    """Change whole numbers that stand once in the question and once in the SQL, and are no part of a formula."""
    for match in list(re.finditer(r"(?<![\w.:'%-])\d+(?![\w.:'%-])", sql)):
        text = match[0]
        number, before = int(text), sql[: match.start()].rstrip()
        limit = before.upper().endswith("LIMIT")
        formula = before[-1:] in "*/+-%," or re.match(r"\s*[*/+%-]", sql[match.end() :])
        if formula or number < (2 if limit else 5) or 1990 <= number <= 2030 or "BETWEEN" in sql.upper():
            continue
        in_ask = re.findall(rf"(?<![\w.,:/'%-]){text}(?!\w|[.,:/%-]\w|%)", ask)
        # Any other trace of the number makes a change unsafe.
        if len(in_ask) != 1 or ask.count(text) != 1 or sql.count(text) != 1 or re.search(rf"\b{text}\b", ddl):
            continue
        if rng.random() > 0.6:
            continue
        is_id = before.endswith("=") and before[-2:-1] not in "<>" and number > 99
        new = rng.randint(3, 12) if limit else _round_like(number, rng)
        if is_id:
            new = rng.randint(10 ** (len(text) - 1), 10 ** len(text) - 1)
        if not re.search(rf"\b{new}\b", sql + " " + ask) and not 1990 <= new <= 2030:
            ask = ask.replace(text, str(new))
            sql = re.sub(rf"(?<![\w.]){text}(?![\w.])", str(new), sql, count=1)
    return ask, sql


def shift_years(ask: str, sql: str, ddl: str, rng: Random) -> tuple[str, str]:
    """Move all years in question and SQL by the same number, where nothing else hangs on the year."""
    year = re.compile(r"(?<![\d.,])(?:199\d|20[0-2]\d|2030)(?![\d])")
    asked, used = set(map(int, year.findall(ask))), set(map(int, year.findall(sql)))
    near = {y + d for y in asked for d in (-1, 0, 1)}
    unsafe = re.search(r"'now'|02-29|CURRENT|weekday|'%w'", sql, re.IGNORECASE) or year.search(ddl)
    unsafe = unsafe or re.search(
        r"\b\w+day\b|'\d\d\b|\d/\d\d\b|(this|last|next|leap|turn of).{0,6}(year|century)|feb", ask, re.IGNORECASE
    )
    if not asked or not asked <= used <= near or unsafe or any(y % 100 == 0 for y in used):
        return ask, sql
    shifts = [d for d in range(-5, 5) if d and min(used) + d >= 1995 and max(used) + d <= 2026]
    if not shifts or rng.random() > 0.6:
        return ask, sql
    shift = rng.choice(shifts)
    return year.sub(lambda m: str(int(m[0]) + shift), ask), year.sub(lambda m: str(int(m[0]) + shift), sql)


def _typo(ask: str, sql: str, rng: Random) -> str:
    """One slip in a word of five or more letters that no value of the SQL contains."""
    values = " ".join(inner(literal) for literal, _ in literals(sql)).lower()
    spots = [m for m in re.finditer(r"\b[a-z]{5,}\b", ask) if m[0] not in values]
    if not spots:
        return ask
    spot = rng.choice(spots)
    word, at = spot[0], rng.randint(1, len(spot[0]) - 2)
    forms = [
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at:][0] + word[at:],
    ]
    return ask[: spot.start()] + rng.choice(forms) + ask[spot.end() :]


def _lower(ask: str, sql: str) -> str:
    """The question in lower case, unless a value's own letter case could then not be guessed."""
    texts = [inner(literal) for literal, _ in literals(sql)]
    asked = [text for text in texts if _whole(text).search(ask) and re.search("[a-zA-Z]", text)]
    guessable = all(text.islower() or text == text.title() for text in asked)
    return ask.lower() if guessable else ask


def add_noise(ask: str, sql: str, rng: Random) -> str:
    """Now and then what a hurried or polite user would do to the question."""
    if rng.random() >= 0.15:
        return ask
    kind = rng.choice(["lower", "end", "typo", "typo", "before", "after", "question"])
    if kind == "lower":
        return _lower(ask, sql)
    if kind == "typo":
        return _typo(ask, sql, rng)
    if kind == "end":
        return ask.rstrip(".?!")
    if kind == "before":
        return rng.choice(POLITE_BEFORE) + ask
    if kind == "after":
        return ask.rstrip(".?!") + rng.choice(POLITE_AFTER)
    return "Question: " + ask
