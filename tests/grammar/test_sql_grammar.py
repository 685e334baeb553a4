"""Queries drawn at random under the grammar of a schema: whatever it lets through must be a query of that schema.

SQLite itself prepares those of its dialect. There is no Postgres here: sqlglot parses those, and resolves their names.
"""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import sqlglot
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from expertd.grammar.compiler import Grammars, sql_source
from expertd.grammar.ddl import find_ddl, read_ddl
from tests.grammar.sql_schemas import HOSTILE, SCHEMAS, SHOP, of_dialect
from tests.grammar.walk import Walker, pieces

BOTH = """
SELECT name FROM customers
SELECT customers.name FROM customers;
SELECT c.name FROM customers AS c
SELECT c.name FROM customers c WHERE c.city = 'Oslo'
SELECT T1.name, T2.total FROM customers AS T1 JOIN orders AS T2 ON T1.id = T2.customer_id
SELECT placed_on, city FROM orders JOIN customers ON customers.id = orders.customer_id
SELECT * FROM products
SELECT DISTINCT city FROM customers ORDER BY city DESC LIMIT 5 OFFSET 2
SELECT c.name FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.id WHERE o.id IS NULL
SELECT COUNT(*) FROM orders
SELECT city, COUNT(*) AS how_many FROM customers GROUP BY city HAVING COUNT(*) > 3 ORDER BY COUNT(*) DESC
SELECT COUNT(DISTINCT city) FROM customers
SELECT AVG(qty * line) FROM order_items
SELECT SUM(order_items.qty * products.price) FROM order_items JOIN products ON products.id = order_items.product_id
SELECT name FROM products WHERE price > (SELECT AVG(price) FROM products)
SELECT name FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 10)
SELECT name FROM customers WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.customer_id = customers.id)
SELECT name FROM customers WHERE EXISTS (SELECT * FROM orders AS o WHERE o.customer_id = customers.id AND o.id > 5)
WITH cte AS (SELECT * FROM orders WHERE total > 100) SELECT placed_on, total FROM cte ORDER BY total
SELECT name FROM customers UNION SELECT name FROM products
SELECT id, name FROM customers EXCEPT SELECT id, name FROM products
SELECT CASE WHEN price > 10 THEN 'dear' WHEN price > 5 THEN 'fair' ELSE 'cheap' END FROM products
SELECT name, RANK() OVER (PARTITION BY city ORDER BY id DESC) FROM customers
SELECT total, SUM(total) OVER (PARTITION BY customer_id ORDER BY placed_on) FROM orders
SELECT ROW_NUMBER() OVER (ORDER BY price) AS place, name FROM products
SELECT CAST(price AS INTEGER) FROM products
SELECT name FROM products WHERE price BETWEEN 1 AND 2.5 AND name LIKE 'a%' OR stock IN (1, 2, 3)
SELECT name FROM products WHERE NOT stock = 0 AND (price < 3 OR price > 9)
SELECT name FROM products WHERE name NOT LIKE '%x%' AND stock IS NOT NULL
SELECT COALESCE(city, 'nowhere') FROM customers
SELECT name FROM customers WHERE name = 'O''Brien'
SELECT MAX(total) - MIN(total) FROM orders
SELECT T1.name FROM products T1 JOIN order_items T2 ON T2.product_id = T1.id JOIN orders T3 ON T2.order_id = T3.id
SELECT line, SUM(qty) FROM order_items JOIN products ON order_items.product_id = products.id GROUP BY line LIMIT 1
SELECT T2.name FROM customers AS T1 JOIN customers AS T2 ON T2.id = T1.referred_by
SELECT price * 2 + 1 FROM products
SELECT (SELECT COUNT(*) FROM orders) FROM customers
SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM orders GROUP BY customer_id)
SELECT name || ' in ' || city FROM customers
SELECT UPPER(city), ROUND(total, 2) FROM customers JOIN orders ON orders.customer_id = customers.id
"""
SQLITE = """
SELECT strftime('%Y', placed_on) AS year_, SUM(total) FROM orders GROUP BY strftime('%Y', placed_on)
SELECT GROUP_CONCAT(name, ', ') FROM customers
"""
POSTGRES = """
SELECT DATE_TRUNC('month', placed_on) FROM orders
SELECT EXTRACT(YEAR FROM placed_on) FROM orders
SELECT STRING_AGG(name, ', ') FROM customers
SELECT name FROM customers WHERE name ILIKE 'a%'
"""
REFUSED = """
SELECT name FROM clients
SELECT surname FROM customers
SELECT price FROM customers
SELECT customers.price FROM customers
SELECT orders.total FROM customers
SELECT id FROM customers JOIN orders ON orders.customer_id = customers.id
SELECT name FROM customers JOIN products ON products.id = customers.id
SELECT total FROM orders WHERE SUM(total) > 3
SELECT total FROM orders WHERE COUNT(*) > 3
SELECT SUM(MAX(total)) FROM orders
SELECT customers.name FROM customers AS c
SELECT c.name FROM orders AS o
SELECT T3.name FROM customers AS T1 JOIN orders AS T2 ON T1.id = T2.customer_id
SELECT name FROM customers WHERE price > 3
SELECT name FROM customers ORDER BY price
SELECT city FROM customers GROUP BY total
DROP TABLE customers
DELETE FROM customers
INSERT INTO customers VALUES (1)
SELECT name FROM customers; SELECT name FROM customers
SELECT name FROM customers; DROP TABLE customers
SELECT name FROM customers -- all of them
SELECT name FROM customers WHERE id IN (SELECT id, name FROM products)
SELECT name FROM customers UNION SELECT id, name FROM products
SELECT name FROM customers WHERE EXISTS (SELECT 1 FROM orders WHERE orders.customer_id = products.id)
SELECT name FROM customers WHERE id = (SELECT customer_id FROM orders WHERE price > 3)
SELECT ROUND() FROM orders
SELECT LENGTH(name, city) FROM customers
SELECT name FROM customers LIMIT 'x'
SELECT name FROM customers WHERE
SELECT FROM customers
SELECT name
SELECT name FROM sqlite_master
SELECT name FROM customers c JOIN customers c ON c.id = c.id
SELECT load_extension('x') FROM customers
ATTACH 'x' AS y
"""
WRITTEN = Path(__file__).parents[2] / "experts/sql/written"
FREE = 2000  # tokens: where more may come, it is within a string


def lines(text: str) -> list[str]:
    return text.strip().split("\n")


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


def stored(name: str) -> str:
    """As Postgres keeps a name that a query writes so."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def wrong_of_postgres(ddl: str, queries: list[str]) -> list[tuple[str, str]]:
    tables = read_ddl(ddl, "postgres", "schema")
    columns = {stored(table.name): dict.fromkeys(map(stored, table.columns), "TEXT") for table in tables}
    schema = MappingSchema(columns, dialect="postgres", normalize=False)
    wrong = []
    for query in queries:
        try:
            parsed = sqlglot.parse_one(query, dialect="postgres")
            qualify(parsed, dialect="postgres", schema=schema, validate_qualify_columns=True)
        except sqlglot.errors.SqlglotError as error:
            wrong.append((query, str(error)[:200]))
    return wrong


WRONG = {"sqlite": wrong_of_sqlite, "postgres": wrong_of_postgres}


class SqlWalker(Walker):
    """Ends most strings soon: what stands around them is what can be wrong."""

    def __init__(self, base, seed):
        super().__init__(base, seed)
        self._quotes = np.array([b"'" in piece for piece in pieces(base)])

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


ALL = SCHEMAS | HOSTILE


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", ALL)
def test_every_query_is_one_of_the_schema(base, grammars, name, dialect):
    ddl, count = of_dialect(ALL[name], dialect), 30 if name in SCHEMAS else 10
    queries = drawn(base, grammars, ddl, dialect, count, seed=1)
    assert len(queries) >= count / 3
    assert WRONG[dialect](ddl, queries) == []


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_every_query_of_very_many_is_one_of_the_schema(base, grammars, dialect):
    """10,000 of each dialect. Those that did not end in their budget are not counted."""
    ended = 0
    for name, schema in ALL.items():
        ddl, count = of_dialect(schema, dialect), 1500 if name in SCHEMAS else 160
        queries = drawn(base, grammars, ddl, dialect, count, seed=2)
        assert WRONG[dialect](ddl, queries) == [], name
        ended += len(queries)
    assert ended >= 7500


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_queries_of_every_kind_are_let_through(follows, dialect):
    source = sql_source(SHOP, dialect, "schema")
    own, other = (SQLITE, POSTGRES) if dialect == "sqlite" else (POSTGRES, SQLITE)
    queries = lines(BOTH) + lines(own)
    assert [query for query in queries if not follows(source, query)] == []
    broken = [re.sub(r"('[^']*')| ", lambda part: part[1] or "\n", query) for query in queries]
    assert [query for query in broken if not follows(source, query)] == []
    assert [query for query in lines(other) if follows(source, query)] == []
    assert WRONG[dialect](SHOP, queries) == []  # else the list would be of no use


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_what_is_no_query_of_the_schema_is_not_let_through(follows, dialect):
    source = sql_source(SHOP, dialect, "schema")
    assert [query for query in lines(REFUSED) if follows(source, query)] == []


def test_what_people_ask_of_a_schema_is_let_through(follows):
    """The queries that the sql expert learns from: what its answers look like."""
    items = []
    for path in sorted(WRITTEN.glob("*.json"))[::9]:
        content = json.loads(path.read_text())
        source = sql_source(";\n".join(content["ddl"]), "sqlite", "schema")
        items += [(source, item["sql"]) for item in content["items"]]
    refused = [query for source, query in items if not follows(source, query)]
    assert len(items) > 1000 and len(refused) <= 0.02 * len(items), refused


def test_grammars_of_many_schemas_do_not_pile_up(base):
    own = Grammars(base)
    sources = [sql_source(f"{SCHEMAS['many']};CREATE TABLE t{number} (a INT)", "sqlite", "s") for number in range(30)]
    compiled = [own.compile(source) for source in sources]
    assert own.compile(sources[-1]) is compiled[-1] and own.compile(sources[-2]) is compiled[-2]
    assert own.compile(sources[0]) is not compiled[0]


def test_a_column_of_many_tables_is_of_the_one_that_the_query_names(follows):
    source = sql_source(SCHEMAS["many"], "sqlite", "schema")
    queries = """
SELECT id, name FROM alpha
SELECT name, balpha FROM alpha WHERE id = 3
SELECT COUNT(id), MAX(balpha) FROM alpha
SELECT UPPER(name), zbeta FROM beta
SELECT SUM(id) OVER (PARTITION BY name) FROM users
SELECT name, RANK() OVER (ORDER BY since) FROM shops
SELECT T1.id, T2.name, T1.balpha FROM alpha AS T1 JOIN beta AS T2 ON T1.id = T2.beta_id
SELECT T1.name, T2.name FROM alpha AS T1 JOIN alpha AS T2 ON T2.alpha_id = T1.id
"""
    assert [query for query in lines(queries) if not follows(source, query)] == []
    refused = """
SELECT balpha, zbeta FROM alpha
SELECT name, balpha FROM beta
SELECT id, zbeta, balpha FROM beta
SELECT T1.id, T1.balpha FROM beta AS T1
SELECT T1.id, T2.balpha FROM alpha AS T1 JOIN beta AS T2 ON T1.id = T2.beta_id
SELECT id FROM alpha JOIN beta ON alpha.id = beta.beta_id
"""
    assert [query for query in lines(refused) if follows(source, query)] == []


def test_a_table_of_another_schema_is_called_by_both_names_in_from(follows):
    source = sql_source("CREATE TABLE sales.orders (id INT); CREATE TABLE public.users (id INT)", "postgres", "schema")
    assert follows(source, "SELECT orders.id, users.id FROM sales.orders JOIN users ON users.id = orders.id")
    assert not follows(source, "SELECT orders.id FROM orders")


def test_a_query_is_followed_where_many_tables_share_names(follows):
    """A reading for each table that may be meant would be more than a step may have."""
    ddl = "".join(f"CREATE TABLE t_{i} (id INT, name TEXT, c{i} INT);" for i in range(30))
    query = "SELECT T1.id, T1.name, T2.id, LENGTH(T2.name) FROM t_1 AS T1 JOIN t_25 AS T2 ON T1.id = T2.id LIMIT 50"
    assert follows(sql_source(ddl, "sqlite", "schema"), query)
