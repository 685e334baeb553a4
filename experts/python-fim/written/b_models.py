"""Models like those of an object-relational mapper, on top of sqlite3."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, ClassVar


class ValidationError(ValueError):
    """A value that a field does not accept."""


class Field:
    """A column of a model's table."""

    sql_type = "TEXT"

    def __init__(self, *, default: Any = None, null: bool = False, unique: bool = False) -> None:
        self.default = default
        self.null = null
        self.unique = unique
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Model | None, owner: type) -> Any:
        if instance is None:
            return self
        return instance.values.get(self.name, self.default)

    def __set__(self, instance: Model, value: Any) -> None:
        if value is None and not self.null:
            raise ValidationError(f"{self.name} must not be empty")
        instance.values[self.name] = self.clean(value)
        instance.changed.add(self.name)

    def clean(self, value: Any) -> Any:
        """Return a value as it is stored."""
        return value

    def definition(self) -> str:
        """Return the column's part of a CREATE TABLE statement."""
        parts = [self.name, self.sql_type]
        if not self.null:
            parts.append("NOT NULL")
        if self.unique:
            parts.append("UNIQUE")
        return " ".join(parts)


class CharField(Field):
    """A text that is not longer than a limit."""

    def __init__(self, max_length: int = 255, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length

    def clean(self, value: Any) -> str | None:
        """Return the text without spaces around it."""
        if value is None:
            return None
        text = str(value).strip()
        if len(text) > self.max_length:
            raise ValidationError(f"{self.name} has more than {self.max_length} characters")
        return text


class IntegerField(Field):
    """A whole number within limits."""

    sql_type = "INTEGER"

    def __init__(self, low: int | None = None, high: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.low = low
        self.high = high

    def clean(self, value: Any) -> int | None:
        """Return the value as a number."""
        if value is None:
            return None
        number = int(value)
        if self.low is not None and number < self.low:
            raise ValidationError(f"{self.name} is below {self.low}")
        if self.high is not None and number > self.high:
            raise ValidationError(f"{self.name} is above {self.high}")
        return number


class EmailField(CharField):
    """An e-mail address."""

    def clean(self, value: Any) -> str | None:
        """Return the address in lower case."""
        text = super().clean(value)
        if text is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", text):
            raise ValidationError(f"not an address: {text}")
        return text and text.lower()


class Model:
    """A row of a table."""

    table: ClassVar[str] = ""
    fields: ClassVar[dict[str, Field]] = {}

    def __init_subclass__(cls) -> None:
        cls.table = cls.table or cls.__name__.lower()
        cls.fields = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}

    def __init__(self, **values: Any) -> None:
        self.id: int | None = values.pop("id", None)
        self.values: dict[str, Any] = {}
        self.changed: set[str] = set()
        for name, value in values.items():
            if name not in self.fields:
                raise TypeError(f"{type(self).__name__} has no field {name}")
            setattr(self, name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.id is not None and self.id == other.id

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def create_table(cls, connection: sqlite3.Connection) -> None:
        """Create the table of the model unless there is one."""
        columns = ["id INTEGER PRIMARY KEY"]
        columns += [column.definition() for column in cls.fields.values()]
        connection.execute(f"CREATE TABLE IF NOT EXISTS {cls.table} ({', '.join(columns)})")

    @classmethod
    def objects(cls, connection: sqlite3.Connection) -> Query:
        """Return a query for all rows."""
        return Query(cls, connection)

    def save(self, connection: sqlite3.Connection) -> None:
        """Insert the row, or update what changed."""
        names = sorted(self.changed)
        values = [self.values[name] for name in names]
        if self.id is None:
            marks = ", ".join("?" for _ in names)
            sql = f"INSERT INTO {self.table} ({', '.join(names)}) VALUES ({marks})"
            self.id = connection.execute(sql, values).lastrowid
        elif names:
            assignments = ", ".join(f"{name} = ?" for name in names)
            connection.execute(f"UPDATE {self.table} SET {assignments} WHERE id = ?", [*values, self.id])
        self.changed.clear()

    def delete(self, connection: sqlite3.Connection) -> None:
        """Delete the row."""
        connection.execute(f"DELETE FROM {self.table} WHERE id = ?", (self.id,))
        self.id = None

    def to_dict(self) -> dict[str, Any]:
        """Return the values by field, the id included."""
        return {"id": self.id, **{name: getattr(self, name) for name in self.fields}}


class Query:
    """Rows of a model that meet conditions; nothing is read before it is needed."""

    OPERATORS: ClassVar[dict[str, str]] = {"lt": "<", "gt": ">", "ne": "<>", "like": "LIKE"}

    def __init__(self, model: type[Model], connection: sqlite3.Connection) -> None:
        self.model = model
        self.connection = connection
        self.conditions: list[str] = []
        self.values: list[Any] = []
        self.order = ""
        self.most: int | None = None

    def copy(self) -> Query:
        """Return a query with the same conditions."""
        new = Query(self.model, self.connection)
        new.conditions = self.conditions[:]
        new.values = self.values[:]
        new.order = self.order
        new.most = self.most
        return new

    def filter(self, **conditions: Any) -> Query:
        """Return a query with more conditions, like age__gt=18."""
        new = self.copy()
        for key, value in conditions.items():
            name, _, operator = key.partition("__")
            new.conditions.append(f"{name} {self.OPERATORS.get(operator, '=')} ?")
            new.values.append(value)
        return new

    def order_by(self, name: str) -> Query:
        """Return a query in the order of a field; a minus before the name turns it around."""
        new = self.copy()
        new.order = f"{name[1:]} DESC" if name.startswith("-") else name
        return new

    def limit(self, most: int) -> Query:
        """Return a query for at most so many rows."""
        new = self.copy()
        new.most = most
        return new

    def sql(self, columns: str = "*") -> str:
        """Return the statement of the query."""
        parts = [f"SELECT {columns} FROM {self.model.table}"]
        if self.conditions:
            parts.append("WHERE " + " AND ".join(self.conditions))
        if self.order:
            parts.append(f"ORDER BY {self.order}")
        if self.most is not None:
            parts.append(f"LIMIT {self.most}")
        return " ".join(parts)

    def __iter__(self) -> Iterator[Model]:
        cursor = self.connection.execute(self.sql(), self.values)
        names = [column[0] for column in cursor.description]
        for row in cursor:
            instance = self.model(**dict(zip(names, row)))  # noqa: B905
            instance.changed.clear()
            yield instance

    def first(self) -> Model | None:
        """Return the first row, or None if there is none."""
        return next(iter(self.limit(1)), None)

    def count(self) -> int:
        """Return how many rows there are."""
        return self.connection.execute(self.sql("COUNT(*)"), self.values).fetchone()[0]

    def exists(self) -> bool:
        """Whether there is any row."""
        return self.first() is not None

    def delete(self) -> int:
        """Delete the rows and return how many there were."""
        sql = f"DELETE FROM {self.model.table}"
        if self.conditions:
            sql += " WHERE " + " AND ".join(self.conditions)
        return self.connection.execute(sql, self.values).rowcount


class Member(Model):
    """A member of a sports club."""

    name = CharField(max_length=80)
    email = EmailField(unique=True)
    born = IntegerField(low=1900)
    joined = CharField(null=True)

    def join(self) -> None:
        """Note that the member joined now."""
        if self.joined:
            raise ValidationError(f"{self.name} is already a member")
        self.joined = datetime.now(timezone.utc).isoformat(timespec="seconds")

    @property
    def is_active(self) -> bool:
        """Whether the member has joined."""
        return self.joined is not None
