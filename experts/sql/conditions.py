"""Conditions on the rows of a table, in words and in SQL."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from experts.sql.draws import Draw, quoted
from experts.sql.entities import Attribute, Entity
from experts.sql.phrasings import COMPARISONS, CONDITIONS, COUNT_COMPARISONS, DATE_COMPARISONS, YEAR_COMPARISONS
from experts.sql.spoken import identifier, is_plural, plural, with_article
from experts.sql.words import ACTIVE, FREE_TEXT, MONTHS, REMARKS


@dataclass
class Condition:
    """A condition in words, as "with a price over 5" and as "have a price over 5" or as an adjective, and in SQL."""

    modifiers: list[str]
    predicates: list[str]
    sql: str
    columns: set[str]
    adjective: str = ""


def _condition(shape: str, sql: str, column: Attribute, said: str = "", x: str = "") -> Condition:
    """A condition on a column called `said`, with the phrasings of some shape."""
    said = said or column.spoken
    are, s = ("are", "") if is_plural(said) else ("is", "s")
    # "whose year is 2020 or later", but "with a year of 2020 or later" and "hired since 2020".
    is_x = re.sub("^since (.*)", r"in \1 or later", x.removeprefix("of ")) if shape == "compared" else x
    words = {"c": said, "ac": with_article(said), "x": is_x, "of_x": x, "are": are, "s": s, "d": column.participle}
    modifiers, predicates = ([text.format(**words) for text in texts] for texts in CONDITIONS[shape])
    return Condition(modifiers, predicates, sql, {column.name})


def _figure(draw: Draw, column: Attribute, ref: str) -> Condition:
    number, said = draw.number(column), draw.say(column)
    is_count = said == column.spoken and is_plural(said) and " in " not in said and "per" not in column.words
    is_count = is_count and not column.yearly
    shape = "counted" if is_count else "compared"
    if draw.chance(0.2):
        high = number + draw.rng.choice([2, 5, 10] if column.yearly or number < 30 else [20, 50, 100])
        return _condition(shape, f"{ref} BETWEEN {number} AND {high}", column, said, f"between {number} and {high}")
    comparisons = YEAR_COMPARISONS if column.yearly else COUNT_COMPARISONS if is_count else COMPARISONS
    # Nobody asks for an exact measure.
    is_measure = re.match("REAL|FLOAT|DOUBLE|DEC|NUM", column.rest, re.IGNORECASE)
    sign = draw.rng.choice([sign for sign in comparisons if sign != "=" or not is_measure])
    words = draw.rng.choice(comparisons[sign]).format(n=number)
    return _condition(shape, f"{ref} {sign} {number}", column, said, words)


def _date(draw: Draw, column: Attribute, ref: str) -> Condition:
    said = draw.say(column)
    of_birth = "birth" in said or "dob" in column.words
    year, month = draw.rng.randint(*((1955, 2012) if of_birth else (2015, 2026))), draw.rng.randint(1, 12)
    next_month = f"{year + month // 12}-{month % 12 + 1:02}"
    names = {"y": year, "m": f"{year}-{month:02}", "M": f"{MONTHS[month - 1]} {year}"}
    when, test = (
        text.format(**names, next_y=year + 1, next_m=next_month) for text in draw.rng.choice(DATE_COMPARISONS)
    )
    done = column.participle
    shape = "compared" if not done or not draw.chance(0.6) else "did" if done in ACTIVE else "done"
    return _condition(shape, f"{ref} {test}", column, said, when)


def _flag(draw: Draw, column: Attribute, ref: str) -> Condition:
    said, yes = column.spoken, draw.chance(0.65)
    sql = f"{ref} = {int(yes)}"
    # A verb is no flag that could be set.
    if draw.chance(0.12) or not column.words or re.match("ends|contains|wants|works", said):
        return _condition("raw", sql, column, identifier(column.name), str(int(yes)))
    if column.words[0] == "has":
        return _condition("has", sql, column, said, with_article(said) if yes else f"no {said}")
    adjective = re.search("(ed|ic|al|[ai]ble|ate|ive|en)$", said) and said not in ("allowed", "required")
    if adjective and " " not in said:
        if yes and draw.chance(0.5):
            return Condition([], [], sql, {column.name}, said)
        return _condition("state", sql, column, said, said if yes else f"not {said}")
    name = said if column.last == "flag" else f"{said} flag"
    return _condition("is", sql, column, name, "set" if yes else "not set")


def _choice(draw: Draw, entity: Entity, column: Attribute, ref: str, texts: list[str]) -> Condition:
    said, text = draw.say(column), draw.rng.choice(texts)
    others, way = [other for other in texts if other != text], draw.rng.random()
    if others and way < 0.15 and len(column.choices) != 2:
        other = draw.rng.choice(others)
        return _condition("is", f"{ref} IN ({quoted(text)}, {quoted(other)})", column, said, f"{text} or {other}")
    if column.kind == "enum" and not column.nullable and way < 0.3:
        return _condition("other", f"{ref} <> {quoted(text)}", column, said, text)
    # "cancelled orders", unless another column tells that too.
    clear = not any(text[:5].lower() in other.name.lower() for other in entity.columns)
    if column.last in ("status", "state") and re.search("(ed|ing)$", text) and clear and draw.chance(0.5):
        return Condition([], [], f"{ref} = {quoted(text)}", {column.name}, text)
    shape = "place" if column.words in (["city"], ["town"], ["country"]) else "equal"
    return _condition(shape, f"{ref} = {quoted(text)}", column, said, text)


def _like(draw: Draw, column: Attribute, ref: str) -> Condition | None:
    known = draw.known_of(column, "%") or [text.split()[-1] for text in draw.known_of(column)]
    is_free = set(column.words) & FREE_TEXT
    words = [word for word in known if word.isalpha() and len(word) > 3] or (REMARKS if is_free else [])
    said = draw.say(column)
    if not words or draw.chance(0.15):
        letter = draw.rng.choice("ABCDEFGHKLMPRST")
        return None if is_free else _condition("letter", f"{ref} LIKE '{letter}%'", column, said, letter)
    word = draw.rng.choice(words)
    return _condition("contains", f"{ref} LIKE '%{word}%'", column, said, f"'{word}'" if draw.chance(0.5) else word)


def _null(draw: Draw, column: Attribute, ref: str) -> Condition:
    if draw.chance(0.35):
        return _condition("present", f"{ref} IS NOT NULL", column)
    passive = column.participle and column.participle not in ACTIVE
    return _condition("not done" if passive and draw.chance(0.5) else "missing", f"{ref} IS NULL", column)


MAKERS = {"figure": _figure, "date": _date, "flag": _flag}


def draw_condition(
    draw: Draw, entity: Entity, avoid: set[str] | None = None, qualified: bool = False
) -> Condition | None:
    """A condition on the rows of a table by a column not to avoid; `qualified` writes table.column."""
    options: list[Callable[[], Condition | None]] = []
    for column in entity.columns:
        ref = f"{entity.name}.{column.name}" if qualified else column.name
        if column.name in (avoid or ()) or column.kind in ("id", "other"):
            continue
        if column.kind in MAKERS:
            options.append(partial(MAKERS[column.kind], draw, column, ref))
        elif column.kind == "enum":
            options.append(partial(_choice, draw, entity, column, ref, column.choices))
        else:
            texts = [text for text in (draw.value(column), draw.value(column)) if text]
            is_free = set(column.words) & FREE_TEXT
            if texts and not is_free and not column.names_rows:
                options.append(partial(_choice, draw, entity, column, ref, texts))
            if is_free or column.names_rows:
                options.append(partial(_like, draw, column, ref))
        can_lack = column.nullable and column.words and not column.names_rows
        if can_lack and column.kind in ("date", "text") and draw.chance(0.5):
            options.append(partial(_null, draw, column, ref))
    return draw.rng.choice(options)() if options else None


def draw_maybe(draw: Draw, share: float, entity: Entity, avoid: set[str] | None = None) -> Condition | None:
    """A condition in this share of cases."""
    return draw_condition(draw, entity, avoid) if draw.chance(share) else None


def draw_two(draw: Draw, entity: Entity) -> Condition | None:
    """Two conditions on different columns, both or either."""
    one = draw_condition(draw, entity)
    two = draw_condition(draw, entity, one.columns) if one else None
    if one is None or two is None or (one.adjective and two.adjective):
        return None
    word = "and" if draw.chance(0.7) else "or"
    if two.adjective:
        one, two = two, one
    sql, columns = f"{one.sql} {word.upper()} {two.sql}", one.columns | two.columns
    if one.adjective:
        return Condition(two.modifiers, two.predicates, sql, columns, one.adjective) if word == "and" else None
    modifiers = [f"{a} {word} {b}" for a in one.modifiers for b in two.modifiers if _alike(a, b)]
    predicates = [f"{a} {word} {b}" for a in one.predicates for b in two.predicates]
    return Condition(modifiers, predicates, sql, columns) if modifiers else None


def _alike(one: str, two: str) -> bool:
    """Whether two modifiers can be joined by "and"."""
    first = {one.split()[0], two.split()[0]}
    return len(first) == 1 or first <= {"that", "whose"}


def say_rows(draw: Draw, entity: Entity, condition: Condition | None = None) -> dict[str, str]:
    """The words of a table under a condition for a question."""
    modifier, predicate, adjective = "", "are there", ""
    if condition and condition.modifiers:
        modifier, predicate = draw.rng.choice(condition.modifiers), draw.rng.choice(condition.predicates)
    if condition and condition.adjective:
        adjective = condition.adjective + " "
    verb, _, rest = predicate.partition(" ")
    verb = {"have": "has", "are": "is", "were": "was", "lack": "lacks"}.get(verb, verb)
    said = {"T": adjective + entity.many, "t": adjective + entity.one, "P": modifier, "V": predicate}
    said |= {"V1": f"{verb} {rest}", "table": entity.name, "where": f" WHERE {condition.sql}" if condition else ""}
    return said | ({"L": plural(entity.label.spoken), "label": entity.label.name} if entity.label else {})
