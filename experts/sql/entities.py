"""Reads a schema's tables as entities: what each column holds, which one names the rows, what belongs to what."""

import re
from dataclasses import dataclass, field

from experts.sql.spoken import column_phrase, expanded, identifier, plain_words, plural, singular
from experts.sql.vary_ask import NAME_WORDS
from experts.sql.vary_ddl import Column, Table, words_of
from experts.sql.words import (
    ACTIVE,
    DANGLING,
    DATE_WORDS,
    GROUPERS,
    NOT_FIGURES,
    NUMBER_RANGES,
    PARTICIPLES,
    PERSON_WORDS,
    UNITS,
)

MEASURES = {word for words, *_ in NUMBER_RANGES for word in words} | {"stock"}


@dataclass
class Attribute:
    """One column: what it holds (id, flag, enum, date, figure, text, other) and how it is called."""

    table: str
    name: str
    kind: str
    words: list[str]
    spoken: str
    rest: str
    note: str
    choices: list[str] = field(default_factory=list)
    nullable: bool = True
    names_rows: bool = False

    @property
    def all_words(self) -> set[str]:
        """Its words, also where the column can only be called by its identifier."""
        return set(self.words) | set(expanded(self.name))

    @property
    def last(self) -> str:
        """The word that says what it is."""
        return self.words[-1] if self.words else ""

    @property
    def yearly(self) -> bool:
        """Whether it is a figure that counts years."""
        return "year" in self.all_words

    @property
    def timed(self) -> bool:
        """Whether its values are earlier and later."""
        return self.kind == "date" or self.yearly

    @property
    def participle(self) -> str:
        """The "hired" of a date like hired_on."""
        core = [word for word in self.words if word not in ("on", "at", "date")]
        done = len(core) == 1 and (core[0].endswith("ed") or core[0] in PARTICIPLES | set(ACTIVE))
        return core[0] if done and self.kind == "date" else ""

    @property
    def groups(self) -> bool:
        """Whether one groups by it: its values are listed, or known to repeat."""
        if self.kind == "enum":
            return set(self.choices) != {"Y", "N"}
        repeats = self.last in GROUPERS or set(self.words) & PERSON_WORDS
        single = re.search("(name|number|code|email|phone)$", self.spoken)
        return bool(self.kind == "text" and repeats and not single)


@dataclass
class Entity:
    """One table: its columns, its key where that is a single column, and the column that names its rows."""

    name: str
    one: str
    many: str
    is_person: bool
    columns: list[Attribute]
    key: Attribute | None
    label: Attribute | None

    def of(self, *kinds: str) -> list[Attribute]:
        """The columns of some kinds, without the one that names the rows."""
        return [column for column in self.columns if column.kind in kinds and not column.names_rows]

    @property
    def facts(self) -> list[Attribute]:
        """The columns that one asks for of a thing."""
        return self.of("enum", "date", "figure", "text")

    @property
    def groupers(self) -> list[Attribute]:
        """The columns that one groups by."""
        return [column for kind in ("enum", "text") for column in self.of(kind) if column.groups]

    @property
    def numbered(self) -> bool:
        """Whether its rows have a number for a key."""
        return self.key is not None and self.key.rest.upper().startswith("INT")


@dataclass
class Link:
    """A foreign key from a child table to its parent's key."""

    child: Entity
    column: str
    parent: Entity
    key: str

    @property
    def join(self) -> str:
        """The condition that joins the two."""
        return f"{self.child.name}.{self.column} = {self.key}"


def read_entities(tables: list[Table]) -> tuple[list[Entity], list[Link]]:
    """The entities of a schema with their links; tables of a single column tell too little."""
    tables = [table for table in tables if sum(bool(column.name) for column in table.columns) > 1]
    entities = [_entity(table) for table in tables]
    return entities, _links(tables, entities)


def _matches(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def _entity(table: Table) -> Entity:
    constraints = " ".join(column.rest for column in table.columns if not column.name)
    found = _matches(r"PRIMARY KEY\s*\(([^()]*)\)", constraints)
    primary = [name.strip().lower() for name in found[1].split(",")] if found else []
    primary += [c.name.lower() for c in table.columns if c.name and _matches("PRIMARY KEY", c.rest)]
    foreign = re.findall(r"FOREIGN KEY\s*\((\w+)\)", constraints, re.IGNORECASE)
    keys = {*primary, *(name.lower() for name in foreign)}
    columns = [_attribute(table.name, column, keys) for column in table.columns if column.name]
    phrases = [column.spoken for column in columns]
    for column in columns:
        if phrases.count(column.spoken) > 1:
            column.spoken = identifier(column.name)
    key = next((column for column in columns if [column.name.lower()] == primary), None)
    words, one, many = _names(table.name)
    label = _label(columns, words)
    if label:
        label.names_rows = True
    return Entity(table.name, one, many, bool(words & PERSON_WORDS), columns, key, label)


def _names(table: str) -> tuple[set[str], str, str]:
    """The words of a table, and what one of its rows and all of them are called."""
    words = plain_words(re.sub(r"^t_?(?=usr|conv|msg)|^(t|ls|pk)_", "", table, flags=re.IGNORECASE))
    if words is None:
        return set(), identifier(table) + " record", identifier(table) + " records"
    one = singular(words)
    if words[-1] in ("history", "stock", "data", "equipment", "news", "staff"):
        one += " member" if words[-1] == "staff" else " record"
    return {*words, *one.split()}, one, plural(one)


def _label(columns: list[Attribute], table_words: set[str]) -> Attribute | None:
    """The column that names the rows of a table, where one does so beyond doubt."""
    allowed = NAME_WORDS | table_words | {"full"}
    texts = [set(column.words) if column.kind == "text" else set() for column in columns]
    fits = [c for c, words in zip(columns, texts, strict=True) if words & NAME_WORDS and words <= allowed]
    return fits[0] if len(fits) == 1 else None


def _attribute(table: str, column: Column, keys: set[str]) -> Attribute:
    note = " ".join(column.before + column.after)
    is_key = column.name.lower() in keys
    words = plain_words(column.name)
    kind = _kind(column, note, words or words_of(column.name))
    if words and words[-1] in DANGLING and not (kind == "date" and words[-1] in ("on", "at")):
        words = None
    spoken = column_phrase(words, kind) if words else identifier(column.name)
    listed = _matches(r"\bIN\s*\(([^()]*)\)", column.rest)
    choices = re.findall(r"'((?:[^']|'')+)'", listed[1]) if listed and kind == "enum" else []
    nullable = not (is_key or _matches("NOT NULL|PRIMARY KEY|DEFAULT", column.rest))
    kind = "id" if is_key or _matches("REFERENCES", column.rest) else kind
    return Attribute(table, column.name, kind, words or [], spoken, column.rest, note, choices, nullable)


def _kind(column: Column, note: str, words: list[str]) -> str:
    rest = column.rest.upper()
    if _is_flag(rest, note, words):
        return "flag"
    if re.search(r"CHECK\s*\(\s*\w+\s+IN\s*\(\s*'", rest):
        return "enum"
    if "CHECK" in rest and " IN " in rest:
        return "other"
    if "id" in words[-2:]:
        return "id"
    if _is_clock(rest, note, words):
        return "other"
    if re.match("INT|REAL|FLOAT|DOUBLE|NUM|DEC|BIGINT|SMALLINT|TINYINT", rest):
        return "figure" if _is_figure(rest, note, words) else "other"
    raw = words_of(column.name)
    dated = set(raw) & DATE_WORDS or raw[-1] in ("on", "at") or "yyyy-mm-dd" in note.lower()
    return "date" if dated or re.match("DATE|TIMESTAMP", rest) else "text"


def _is_flag(rest: str, note: str, words: list[str]) -> bool:
    if re.search(r"\bIN\s*\(\s*0\s*,\s*1\s*\)", rest) or rest.startswith("BOOL") or words[0] in ("is", "has"):
        return True
    # A one in the comment tells a flag, but a range from one does not.
    told = _matches(r"\b1\b(?! *-)|\bflag", note) and "DEFAULT" in rest and words[-1] not in UNITS
    done = words[-1] == "flag" or (len(words) == 1 and words[0].endswith("ed"))
    return rest.startswith("INT") and bool(told or done)


def _is_clock(rest: str, note: str, words: list[str]) -> bool:
    """Whether it holds a time of day or a month, which compare like neither dates nor figures."""
    told = re.search(r"HH|\bhh:mm|yyyy-mm(?!-)", note) and not _matches("yyyy-mm-dd", note)
    named = words[-1] == "month" or (words[-1] == "time" and not re.match("DATE|TIMESTAMP", rest))
    return bool(told or named or re.match("TIME$", rest))


def _is_figure(rest: str, note: str, words: list[str]) -> bool:
    """Whether a number is a measure or a count: no code, no number of a thing, no flag in disguise."""
    if set(words) & NOT_FIGURES or words[-1] in ("hour", "hr") or _matches(r"\b\d [a-z]|\bcode\b|=", note):
        return False
    adjective = re.search("(an|ic|al|[ai]ble|ive|ed|en|free|^on)$", words[-1])
    measure = words[-1].endswith("s") or set(words) & MEASURES
    return bool(measure) or not (adjective or re.search(r"^INT\w*.*DEFAULT\s+[01]\b", rest))


def _links(tables: list[Table], entities: list[Entity]) -> list[Link]:
    """The foreign keys that leave no doubt whose child a row is."""
    by_name, found = {entity.name.lower(): entity for entity in entities}, []
    for table, child in zip(tables, entities, strict=True):
        for column in table.columns:
            key = _matches(r"FOREIGN KEY\s*\((\w+)\)", column.rest)
            referred = _matches(r"REFERENCES\s+(\w+)", column.rest)
            name = column.name or (key[1] if key else "")
            parent = by_name.get(referred[1].lower()) if referred else None
            if name and parent and parent.key:
                found.append(Link(child, name, parent, f"{parent.name}.{parent.key.name}"))
    pairs = [(link.child.name, link.parent.name) for link in found]
    return [link for link, pair in zip(found, pairs, strict=True) if pairs.count(pair) == 1 and _says_parent(link)]


def _says_parent(link: Link) -> bool:
    """Whether the foreign key is called like its parent, and not by the part that the parent plays in it."""
    same = f"{link.parent.name}.{link.column}".lower() == link.key.lower()
    role = [word for word in words_of(link.column) if word not in ("id", "fk", "no", "cd", "code", "number")]
    said = " ".join(expanded("_".join(role)))
    return link.child is not link.parent and (same or (said != "" and link.parent.one.endswith(said)))
