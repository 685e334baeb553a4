"""A small layer over SQLite."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS books (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    year INTEGER,
    copies INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS loans (
    id INTEGER PRIMARY KEY,
    book_id INTEGER NOT NULL REFERENCES books(id),
    member TEXT NOT NULL,
    due TEXT NOT NULL,
    returned TEXT
);
"""


def connect(path: str | Path = ":memory:") -> sqlite3.Connection:
    """Open the database and create its tables if they are missing."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(SCHEMA)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Cursor]:
    """Run a block in one transaction, rolled back if it fails."""
    cursor = connection.cursor()
    try:
        yield cursor
    except Exception:
        connection.rollback()
        raise
    else:
        connection.commit()
    finally:
        cursor.close()


def add_book(connection: sqlite3.Connection, title: str, author: str, year: int | None = None) -> int:
    """Insert a book and return its id."""
    cursor = connection.execute(
        "INSERT INTO books (title, author, year) VALUES (?, ?, ?)",
        (title, author, year),
    )
    connection.commit()
    return cursor.lastrowid or 0


def find_books(connection: sqlite3.Connection, text: str, limit: int = 20) -> list[dict[str, Any]]:
    """Return the books whose title or author has the text."""
    like = f"%{text}%"
    rows = connection.execute(
        "SELECT * FROM books WHERE title LIKE ? OR author LIKE ? ORDER BY title LIMIT ?",
        (like, like, limit),
    )
    return [dict(row) for row in rows]


def lend(connection: sqlite3.Connection, book_id: int, member: str, due: str) -> int:
    """Lend a book to a member and return the loan's id."""
    with transaction(connection) as cursor:
        cursor.execute("SELECT copies FROM books WHERE id = ?", (book_id,))
        row = cursor.fetchone()
        if row is None:
            raise KeyError(f"no book {book_id}")
        cursor.execute("SELECT count(*) FROM loans WHERE book_id = ? AND returned IS NULL", (book_id,))
        if cursor.fetchone()[0] >= row["copies"]:
            raise ValueError("all copies are lent")
        cursor.execute("INSERT INTO loans (book_id, member, due) VALUES (?, ?, ?)", (book_id, member, due))
        return cursor.lastrowid or 0


def give_back(connection: sqlite3.Connection, loan_id: int, day: str) -> bool:
    """Mark a loan as returned; whether it was open."""
    cursor = connection.execute(
        "UPDATE loans SET returned = ? WHERE id = ? AND returned IS NULL",
        (day, loan_id),
    )
    connection.commit()
    return cursor.rowcount == 1


def overdue(connection: sqlite3.Connection, today: str) -> list[tuple[str, str]]:
    """Return member and title of every loan that is overdue."""
    query = """
        SELECT loans.member, books.title
        FROM loans JOIN books ON books.id = loans.book_id
        WHERE loans.returned IS NULL AND loans.due < ?
        ORDER BY loans.due
    """
    return [(row["member"], row["title"]) for row in connection.execute(query, (today,))]


def books_per_author(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many books there are of each author."""
    rows = connection.execute("SELECT author, count(*) AS n FROM books GROUP BY author")
    return {row["author"]: row["n"] for row in rows}


def insert_many(connection: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> int:
    """Insert rows into a table and return how many there were."""
    if not rows:
        return 0
    columns = list(rows[0])
    marks = ", ".join("?" for _ in columns)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
    with transaction(connection) as cursor:
        cursor.executemany(statement, [[row[column] for column in columns] for row in rows])
    return len(rows)


def table_names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of all tables."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows]


def column_names(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def batches(cursor: sqlite3.Cursor, size: int = 500) -> Iterator[list[Any]]:
    """Yield the rows of a query in batches."""
    while True:
        rows = cursor.fetchmany(size)
        if not rows:
            break
        yield rows


def migrate(connection: sqlite3.Connection, steps: list[str]) -> int:
    """Apply the migrations that are missing and return the version."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, step in enumerate(steps[version:], start=version + 1):
        with transaction(connection) as cursor:
            cursor.execute(step)
            cursor.execute(f"PRAGMA user_version = {number}")
    return max(version, len(steps))


def where_clause(filters: dict[str, Any]) -> tuple[str, list[Any]]:
    """Build a WHERE clause and its values from column filters."""
    if not filters:
        return "", []
    conditions, values = [], []
    for column, value in filters.items():
        if value is None:
            conditions.append(f"{column} IS NULL")
        elif isinstance(value, list):
            conditions.append(f"{column} IN ({', '.join('?' * len(value))})")
            values.extend(value)
        else:
            conditions.append(f"{column} = ?")
            values.append(value)
    return "WHERE " + " AND ".join(conditions), values


def scalar(connection: sqlite3.Connection, query: str, params: Iterable[Any] = ()) -> Any:
    """Return the first value of a query's first row, or None."""
    row = connection.execute(query, tuple(params)).fetchone()
    return row[0] if row else None
