"""The comment that the answers of the text-to-SQL training data begin with: which columns and tables it names."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "experts" / "sql"))

from plan import plan
from vary_ddl import parse_table

TABLES = [
    parse_table(ddl)
    for ddl in (
        "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, town TEXT, mentor_id INTEGER REFERENCES members(id))",
        "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, price REAL)",
        "CREATE TABLE loans (member_id INTEGER REFERENCES members(id), book_id INTEGER REFERENCES books(id), due TEXT)",
    )
]


@pytest.mark.parametrize(
    ("sql", "want"),
    [
        pytest.param(
            "SELECT name FROM members WHERE town = 'York' ORDER BY name",
            "members.name, members.town",
            id="one table, in the order of the query, each once",
        ),
        pytest.param(
            "SELECT m.name, l.due FROM members m JOIN loans l ON l.member_id = m.id",
            "members.name, loans.due",
            id="a join, without the columns that only join",
        ),
        pytest.param(
            "SELECT m.name FROM members m JOIN loans l ON l.member_id = m.id JOIN books b ON b.id = l.book_id "
            "WHERE b.title = 'Emma'",
            "members.name, books.title, loans",
            id="a table that only links",
        ),
        pytest.param("SELECT COUNT(*) FROM loans", "loans", id="a table whose rows are only counted"),
        pytest.param(
            "SELECT name FROM members m WHERE NOT EXISTS (SELECT 1 FROM loans l WHERE l.member_id = m.id)",
            "members.name, loans",
            id="a table of which nothing may exist",
        ),
        pytest.param(
            "SELECT a.name, b.town FROM members a JOIN members b ON a.mentor_id = b.id",
            "members.name, members.town",
            id="a table joined with itself",
        ),
        pytest.param(
            "SELECT title FROM books "
            "WHERE price > (SELECT AVG(price) FROM books) AND id IN (SELECT book_id FROM loans)",
            "books.title, books.price, books.id, loans.book_id",
            id="subqueries, whose columns are told apart without a table's name",
        ),
        pytest.param(
            "SELECT t.name FROM members t WHERE EXISTS (SELECT 1 FROM books t WHERE title = 'Emma')",
            "members.name, books.title",
            id="an alias used twice, of which the inner one is not named",
        ),
        pytest.param(
            "SELECT t.name FROM members t WHERE t.id IN (SELECT t.member_id FROM loans t WHERE t.due > '2024-05-01')",
            "members.name, members.id, loans.member_id, loans.due",
            id="an alias used twice, each for what is innermost around it",
        ),
        pytest.param(
            "SELECT m.name FROM members m WHERE EXISTS (SELECT 1 FROM loans WHERE due < m.town)",
            "members.name, loans.due, members.town",
            id="an alias of the query around it",
        ),
    ],
)
def test_the_plan_names_what_the_query_reads(sql: str, want: str) -> None:
    assert plan(sql, TABLES) == want


def test_names_are_as_the_query_writes_them() -> None:
    assert plan("SELECT M.Name FROM Members AS m", TABLES) == "Members.Name"
