"""DDLs that are read, and those that are refused with a message that says what to do."""

from __future__ import annotations

import sqlite3

import pytest

from expertd.errors import InvalidRequest
from expertd.grammar.compiler import sql_source
from expertd.grammar.ddl import MAX_CHARACTERS, MAX_TABLES, find_ddl, read_ddl


def tables(count: int) -> str:
    return "".join(f"CREATE TABLE t_{number} (id INTEGER, c{number} TEXT);\n" for number in range(count))


REFUSED = {
    "empty": ("", "no CREATE TABLE"),
    "no table": ("SELECT 1; CREATE VIEW v AS SELECT 1", "no CREATE TABLE"),
    "only in a comment": ("-- CREATE TABLE a (x INT);\n/* CREATE TABLE b (y INT); */", "no CREATE TABLE"),
    "does not parse": ("CREATE TABLE a (x INT);\nCREATE TABLE b (\n  x INT,\n  y INT FROM z\n)", "line 4, column 9"),
    "does not parse, first line": ("CREATE TABLE a (x INT FROM y)", "line 1, column 23"),
    "never closed": ("CREATE TABLE a (x INT);\n  CREATE TABLE b (x INT, y", "line 2, column 3"),
    "no list of columns": ("CREATE TABLE a AS SELECT 1 AS x", "line 1, column 1"),
    "a virtual table": ("CREATE VIRTUAL TABLE a USING fts5(x)", "line 1, column 1"),
    "no columns": ("CREATE TABLE a ()", "'a' has no columns"),
    "only a key": ("CREATE TABLE a (PRIMARY KEY (x))", "'a' has no columns"),
    "a table twice": ("CREATE TABLE a (x INT); CREATE TABLE A (y INT)", "table 'A' is there twice"),
    "a column twice": ("CREATE TABLE a (x INT, X TEXT)", "'X' is there twice"),
    "another table's columns": ("CREATE TABLE a (LIKE b)", "write them out"),
    "inherited columns": ("CREATE TABLE a (x INT)\nINHERITS (b)", "write them out"),
    "too long": ("CREATE TABLE a (x INT);" + " " * 33_000, f"{MAX_CHARACTERS:,}"),
    "too many tables": (tables(MAX_TABLES + 1), f"{MAX_TABLES + 1} tables are more than {MAX_TABLES}"),
    "too many columns": (f"CREATE TABLE a ({', '.join(f'c{n} INT' for n in range(1001))})", "more than 1,000 columns"),
    "a long name": (f"CREATE TABLE {'a' * 61} (x INT)", "at most 60"),
    "no name": ('CREATE TABLE "" (x INT)', "the name ''"),
    "a name of control characters": ('CREATE TABLE a ("\x07\u202e" INT)', "printable"),
    "half a surrogate pair": ('CREATE TABLE "\ud800" (x INT)', "printable"),
    "half a surrogate pair in a column": ('CREATE TABLE a ("\udc00" INT)', "printable"),
    "a NUL in a table's name": ("CREATE TABLE a\x00b (x INT)", "not whole"),
    "a NUL in a column's name": ("CREATE TABLE a (x\x00 INT)", "printable"),
    "deep parentheses": (f"CREATE TABLE a (x INT CHECK {'(' * 5000}x{')' * 5000})", "nested too deeply"),
    "deep parentheses, no end": (f"CREATE TABLE a (x INT DEFAULT {'(' * 30_000}", "not whole"),
    "deep conditions": (f"CREATE TABLE a (x INT CHECK ({'NOT ' * 7000}x))", "nested too deeply"),
    "deep types": (f"CREATE TABLE a (x {'ARRAY<' * 3000}INT{'>' * 3000})", "nested too deeply"),
    "quotes without end": ('CREATE TABLE "' * 2300, "tables are more than"),
    "a quote without end": ("CREATE TABLE a (" + "'" * 32_001, "not whole"),
    "beginnings": ("CREATE TABLE a (" * 2000, "not whole"),
    "comments without end": ("CREATE TABLE a (/*" * 1700, "not whole"),
    "dots": ("CREATE TABLE a" + ".a" * 15_000, "not whole"),
    "spaces": ("CREATE" + " " * 32_000, "no CREATE TABLE"),
    "words": (("CREATE" + " " * 50 + "TABLE ") * 500, "tables are more than"),
    "modifiers": ("CREATE " + "TEMP " * 6000 + "TABLE a (x INT)", "no CREATE TABLE"),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_ddl_is_refused_with_the_reason(name, dialect):
    ddl, told = REFUSED[name]
    with pytest.raises(InvalidRequest) as refused:
        read_ddl(ddl, dialect, "response_format.schema")
    message = str(refused.value)
    assert message.startswith("response_format.schema: ") and told in message
    assert len(message) < 500


@pytest.mark.parametrize(
    "ddl",
    [
        tables(MAX_TABLES),
        f"CREATE TABLE a ({', '.join(f'c{n} INT' for n in range(1000))})",
        "".join(f"CREATE TABLE {'x' * 58}{n:02d} (a, b, c, d, e, f, g, h);" for n in range(MAX_TABLES)),
        r'CREATE TABLE "(a+)+$" ("[^]*.{1,999}" INT, "a|b" INT, "\d\" INT, "/" INT, "(?=x)" INT, "%if" INT, "a//" INT)',
        f"CREATE TABLE a (x INT CHECK (x{'+x' * 14_000}))",
    ],
    ids=["30 tables", "1,000 columns", "names that begin alike", "names like patterns", "a long check"],
)
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_a_big_or_strange_ddl_compiles(grammars, ddl, dialect):
    constraint = grammars.compile(sql_source(ddl, dialect, "schema")).start()
    assert constraint.allowed().any()


def test_names_are_quoted_where_a_query_must_quote_them():
    ddl = 'CREATE TABLE "Order" (id, "group" INT, [a b] INT, `c``d` INT, "e""f" INT, Plain TEXT, "größe" INT, 🐟 INT)'
    (table,) = read_ddl(ddl, "sqlite", "schema")
    assert table.name == '"Order"'
    assert table.columns == ("id", '"group"', '"a b"', '"c`d"', '"e""f"', "Plain", '"größe"', '"🐟"')
    sqlite3.connect(":memory:").execute(ddl).execute(f"SELECT {', '.join(table.columns)} FROM {table.name}")


def test_postgres_keeps_the_case_of_quoted_names_and_finds_schemas():
    ddl = 'CREATE TABLE sales."Orders" (Id INT, "Total" INT, After INT); CREATE TABLE public.users (id INT)'
    orders, users = read_ddl(ddl, "postgres", "schema")
    assert (orders.name, orders.path, orders.columns) == ('"Orders"', 'sales."Orders"', ("Id", '"Total"', '"after"'))
    assert users.path == "users"


def test_the_tables_of_a_prompt_are_found():
    one, two = (
        "CREATE TABLE a (x TEXT DEFAULT ')', y INT -- its ) and customer's\n)",
        "create temp table if not exists b(z)",
    )
    assert find_ddl([f"Here's what I have:\n{one}\n\n{two} How do I create table c?"]) == f"{one};\n{two};"
    assert find_ddl([one, f"And now:\n{two}", "which z?"]) == f"{two};"
    assert find_ddl([f"{one} -- {two}\n{two}"]) == f"{one};\n{two};"
    assert find_ddl([one + " " * 60_000]) == f"{one};"
    assert find_ddl([one + " " * 70_000]) is None  # a search of everything would take long
    assert find_ddl(["How do I CREATE TABLE a?", "CREATE TABLE a (x", ""]) is None
