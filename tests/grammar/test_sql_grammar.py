"""Queries drawn at random under the grammar of a schema: whatever it lets through must be a query of that schema.

SQLite itself prepares those of its dialect. There is no Postgres here: sqlglot parses those, and resolves their names.
"""

from __future__ import annotations

import re
import sqlite3

import numpy as np
import pytest
import sqlglot
from sqlglot.optimizer.qualify import qualify

from expertd.grammar.compiler import sql_source
from expertd.grammar.ddl import find_ddl, read_ddl
from tests.grammar.walk import Walker

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, referred_by REFERENCES customers);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), placed_on TEXT, total REAL);
CREATE TABLE order_items (order_id INTEGER, line INTEGER, product_id INTEGER, qty INT, PRIMARY KEY (order_id, line));
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price REAL, stock INTEGER DEFAULT 0)
"""
ODD = """
CREATE TABLE "order" ("group" TEXT, "from" INTEGER, "a ""quoted"" name" TEXT, [in brackets] TEXT, `back``tick` INT,
  "select" REAL, plan TEXT, "größe" REAL, "1st" INTEGER);
CREATE TABLE IF NOT EXISTS T2 (id INTEGER, n INTEGER, cte TEXT, CaseD TEXT) -- a comment; with 'quotes' and (brackets
;CREATE TABLE cte (id INTEGER, n TEXT, date TEXT, count INTEGER, o TEXT)
CREATE TABLE t (t INTEGER, t2 INTEGER, sum REAL, "x/y" TEXT, "per%" REAL, rowid_ INTEGER)
"""
ONE = "CREATE TABLE Sensor (SensorID INT, Label VARCHAR(20), CHECK (Label <> 'x'))"
MANY = "".join(
    f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {name}_id INTEGER, name TEXT, a{name} TEXT, b{name} REAL,"
    f" other TEXT, since TEXT, z{name} INTEGER);\n"
    for name in ("alpha", "beta", "gamma", "delta", "users", "orders", "items", "shops")
)
SCHEMAS = {
    "shop": SHOP,
    "odd": ODD,
    "one": ONE,
    "many": MANY,
}
FREE = 2000  # tokens: where more may come, it is within a string


def wrong_of_sqlite(ddl: str, queries: list[str]) -> list[tuple[str, str]]:
    database = sqlite3.connect(":memory:")
    for statement in (find_ddl([ddl]) or "").split(";\n"):
        database.execute(statement)
    wrong = []
    for query in queries:
        try:
            sqlglot.parse_one(query, dialect="sqlite")
            database.execute(f"EXPLAIN {query}").fetchall()
        except (sqlite3.Error, sqlite3.Warning, sqlglot.errors.SqlglotError) as error:
            wrong.append((query, str(error)[:200]))
    database.close()
    return wrong


def wrong_of_postgres(ddl: str, queries: list[str]) -> list[tuple[str, str]]:
    tables = read_ddl(ddl, "postgres", "schema")
    schema = {table.name: dict.fromkeys(table.columns, "TEXT") for table in tables}
    wrong = []
    for query in queries:
        try:
            parsed = sqlglot.parse_one(query, dialect="postgres")
            qualify(parsed, dialect="postgres", schema=schema, validate_qualify_columns=True)
        except sqlglot.errors.SqlglotError as error:
            wrong.append((query, str(error)[:200]))
    return wrong


def of_dialect(ddl: str, dialect: str) -> str:
    """Postgres has neither of sqlite's other two quotes."""
    return re.sub(r"\[([^]]*)\]|`([^`]*)``([^`]*)`", r'"\1\2\3"', ddl) if dialect == "postgres" else ddl


WRONG = {"sqlite": wrong_of_sqlite, "postgres": wrong_of_postgres}


class SqlWalker(Walker):
    """Ends most strings soon: what stands around them is what can be wrong."""

    def __init__(self, base, seed):
        super().__init__(base, seed)
        self._quotes = np.array([b"'" in base.piece(token) for token in range(base.n_vocab)])

    def _draw(self, constraint, room):
        allowed = constraint.allowed().nonzero()[0]
        quotes = allowed[self._quotes[allowed]]
        if len(allowed) > FREE and len(quotes) and self._random.random() < 0.6:
            token = int(self._random.choice(quotes))
            assert constraint.take(token)
            return token
        return super()._draw(constraint, room)


def drawn(base, grammars, ddl, dialect, count, seed):
    walker, grammar = SqlWalker(base, seed), grammars.compile(sql_source(ddl, dialect, "schema"))
    queries = [walker.document(grammar, 300) for _ in range(count)]
    return [query for query in queries if query is not None]


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_every_query_is_one_of_the_schema(base, grammars, name, dialect):
    ddl = of_dialect(SCHEMAS[name], dialect)
    queries = drawn(base, grammars, ddl, dialect, 60, seed=1)
    assert len(queries) >= 30
    assert WRONG[dialect](ddl, queries) == []
