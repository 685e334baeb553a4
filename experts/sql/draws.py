"""Seeded draws from one schema: its tables and links, likely values, and the phrasings of what is asked."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple, TypeVar

from experts.sql.entities import Attribute, Entity, Link
from experts.sql.phrasings import AGGREGATES, QUESTIONS, TIME_AGGREGATES
from experts.sql.spoken import identifier, plural
from experts.sql.vary_ask import Values, compared_column, inner, literals
from experts.sql.vary_ddl import Table
from experts.sql.words import ADDITIVE, NOT_ADDITIVE, NUMBER_RANGES, PERSON_WORDS, TEXTS

# The values of each column by table and column; words of a LIKE stand under "%column".
Known = dict[tuple[str, str], list[str]]
# A question and its SQL.
Item = tuple[str, str]
T = TypeVar("T")


class NoFit(Exception):
    """The schema has nothing that an intent could ask about."""


class Row(NamedTuple):
    """One row said by its name, and the SQL test for it."""

    said: str
    test: str


class Aggregate(NamedTuple):
    """An aggregate function, its word, and a column that it makes sense for."""

    function: str
    word: str
    column: Attribute


def fit(thing: T | None) -> T:
    """The thing, where there is one."""
    if thing is None:
        raise NoFit
    return thing


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def known_values(queries: list[str], tables: list[Table]) -> Known:
    """The values that the written SQLs compare each column with."""
    out: Known = defaultdict(list)
    for sql in queries:
        for literal, start in literals(sql):
            qualifier, column = compared_column(sql, start)
            owners = [t.name for t in tables if any(c.name.lower() == column.lower() for c in t.columns if c.name)]
            used = [t for t in owners if re.search(rf"\b(FROM|JOIN)\s+{t}\b", sql, re.IGNORECASE)]
            table = qualifier if qualifier in owners else used[0] if len(used) == 1 else ""
            text, mark = inner(literal), "%" if "%" in literal else ""
            if table and text and not re.search("[%_]", text):
                out[table.lower(), mark + column.lower()].append(text)
    return out


@dataclass
class Draw:
    """What the intents draw from, and how; the order of the draws decides the output."""

    entities: list[Entity]
    links: list[Link]
    known: Known
    values: Values
    rng: Random

    def one_of(self, options: Sequence[T]) -> T:
        """One of some options, where there are any."""
        if not options:
            raise NoFit
        return self.rng.choice(options)

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.rng.random() < share

    def entity(self, fits: Callable[[Entity], object] = lambda entity: True) -> Entity:
        """A table that fits."""
        return self.one_of([entity for entity in self.entities if fits(entity)])

    def link(self, fits: Callable[[Link], object] = lambda link: True) -> Link:
        """A foreign key that fits."""
        return self.one_of([link for link in self.links if fits(link)])

    def say(self, column: Attribute) -> str:
        """A column in plain words, now and then as the identifier."""
        return identifier(column.name) if self.chance(0.12) else column.spoken

    def asked(self, column: Attribute) -> dict[str, str]:
        """The words of a column that is asked for."""
        said = self.say(column)
        return {"c": said, "C": plural(said), "col": column.name}

    def grouper(self, column: Attribute) -> dict[str, str]:
        """The words of a column to group by."""
        said = self.say(column)
        return {"g": said, "G": plural(said), "by": column.name}

    def known_of(self, column: Attribute, mark: str = "") -> list[str]:
        """The values known of a column."""
        return self.known.get((column.table.lower(), mark + column.name.lower()), [])

    def value(self, column: Attribute) -> str | None:
        """A value a text column may well hold."""
        known, words, people = self.known_of(column), set(column.words), self.values.pool.get(("Aa Aa", "person"), [])
        if known:
            return self._like(self.rng.choice(known), column)
        # A comment that quotes values or codes, or a short CHAR, restricts what the column holds.
        if re.search(r"'|[A-Z]{2}\b", column.note) or ("CHAR(" in column.rest.upper() and len(column.name) < 5):
            return None
        of_person = (words & PERSON_WORDS or column.names_rows) and column.last in {"name"} | PERSON_WORDS
        if people and of_person and "user" not in words:
            return self.rng.choice(people).split()[0] + " " + self.rng.choice(people).split()[1]
        return self.rng.choice(TEXTS[column.last]) if column.last in TEXTS and not column.note else None

    def _like(self, text: str, column: Attribute) -> str:
        """A known value, or another one where the column is open to any."""
        titled = column.names_rows and "title" in column.words and self.chance(0.4)
        person = " " in text and text.split()[0] in self.values.first_names()
        if titled or person or re.fullmatch(r"[A-Z]+-?\d{3,6}", text):
            return self.values.another(text, "name", self.rng) or text
        return text

    def row(self, entity: Entity) -> Row | None:
        """A row by its name, where one can be made up."""
        if entity.label is None or not (entity.is_person or self.known_of(entity.label)):
            return None
        value = self.value(entity.label)
        return Row(value, f"{entity.label.name} = {quoted(value)}") if value is not None else None

    def numbered_row(self, entity: Entity) -> Row:
        """A row by its number."""
        if entity.key is None or not entity.numbered:
            raise NoFit
        number = self.rng.randint(2, 9000)
        return Row(f"number {number}" if self.chance(0.5) else str(number), f"{entity.key.name} = {number}")

    def number(self, column: Attribute) -> int:
        """A number of a size that fits the column."""
        words, rng = column.all_words, self.rng
        inside = re.search(r"BETWEEN\s+(\d+)\s+AND\s+(\d+)", column.rest, re.IGNORECASE)
        if inside and int(inside[2]) - int(inside[1]) > 2:
            return rng.randint(int(inside[1]) + 1, int(inside[2]) - 1)
        if column.yearly:
            return rng.randint(1950, 2008) if words & {"birth", "built", "founded"} else rng.randint(2015, 2025)
        usual = (2, 20, 1) if column.last.endswith("s") else (10, 200, 5)
        low, high, step = next((row[1:] for row in NUMBER_RANGES if words & row[0]), usual)
        return rng.randrange(low, high + 1, step)

    def aggregate(self, columns: list[Attribute]) -> Aggregate | None:
        """An aggregate of one of the columns that are none themselves."""
        columns = [c for c in columns if not re.match("total|average|sum|minimum|maximum|max|min", c.spoken)]
        if not columns:
            return None
        column = self.rng.choice(columns)
        words, is_count = set(column.words), bool(column.words) and column.last == plural(column.last)
        functions = ["MAX", "MIN"] if column.timed else ["AVG", "MAX", "MIN"]
        if not column.timed and (words & ADDITIVE or is_count) and not words & NOT_ADDITIVE:
            functions += ["SUM", "SUM"]
        function = self.rng.choice(functions)
        forms = TIME_AGGREGATES if column.timed else AGGREGATES
        return Aggregate(function, self.rng.choice(forms[function]), column)

    def aggregated(self, aggregate: Aggregate) -> dict[str, str]:
        """The words of an aggregate."""
        return {"fn": aggregate.function, "f": aggregate.word, **self.asked(aggregate.column)}

    def ask(self, name: str, **words: object) -> Item:
        """A question with its SQL, in one of its phrasings, with a capital where it is a sentence."""
        sql, phrasings = QUESTIONS[name]
        text = _tidy(self.rng.choice(phrasings).format(**words))
        value = str(words.get("N", ""))
        if text[-1] in ".?" and self.chance(0.8):
            text = text[0].upper() + text[1:]
        elif text[0].islower() and value and value == value.title() and self.chance(0.3):
            text = text.replace(value, value.lower())
        return text, sql.format(**words)


def _tidy(text: str) -> str:
    text = re.sub(r"\s+([?.,:])", r"\1", " ".join(text.split()))
    text = re.sub(r"\ba~ (?=[aeio]|un(?!i)|hour)", "an ", text)
    return text.replace("a~ ", "a ").replace(" all all ", " all ")
