"""Checks of the text-to-SQL training data maker on a few schemas."""

import sqlite3
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from experts.sql import entities, make_data, spoken, vary_ask, vary_ddl

LIMIT, ROUNDS = 10, 5


@pytest.fixture(scope="module")
def schemas() -> list[make_data.Schema]:
    return make_data.load(make_data.WRITTEN)[:LIMIT]


@pytest.fixture(scope="module")
def made(schemas: list[make_data.Schema]) -> list[make_data.Variant]:
    return list(make_data.variants(schemas, ROUNDS, 3, Counter()))


def strings(sql: str) -> list[str]:
    return [text for kind, text in vary_ddl.tokens(sql) if kind == "string"]


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in "abc")
    for path, seed in ((one, 1), (two, 1), (other, 2)):
        make_data.write(path, 2, seed, make_data.load(make_data.WRITTEN)[:4])
    assert one.read_bytes() == two.read_bytes() != other.read_bytes()


def test_answers_run_on_the_ddl_of_their_prompt(made: list[make_data.Variant]) -> None:
    for variant in made:
        base = sqlite3.connect(":memory:")
        base.executescript(variant.ddl)
        for example, line in zip(variant.examples, make_data.lines_of(variant), strict=True):
            assert make_data.json.loads(line)["messages"][-1]["content"].count(variant.ddl) == 1
            assert example.answer.endswith(";") and "\n" not in example.answer
            base.execute(example.answer).fetchall()
        base.close()


def test_renaming_leaves_string_literals(made: list[make_data.Variant]) -> None:
    for variant in made:
        for example in variant.examples:
            assert strings(example.answer) == strings(example.original_sql)


def test_renaming_is_injective_and_never_reserved(schemas: list[make_data.Schema]) -> None:
    for schema in schemas:
        for style in (["case"], ["abbreviate", "prefix"], ["synonym", "case"], ["expand"], ["prefix"]):
            for seed in range(8):
                naming = vary_ddl.make_naming(schema.tables, style, make_data.aliases(schema), Random(seed))
                new = [name.lower() for name in naming.names.values()]
                assert len(set(new)) == len(new)
                changed = {n for old, n in zip(naming.names, new, strict=True) if old != n}
                assert not changed & vary_ddl.RESERVED


def test_rename_leaves_strings_comments_and_functions() -> None:
    naming = vary_ddl.Naming("x", {"total": "ttl", "orders": "bestellungen"}, {"orders"}, "snake")
    text = "CREATE TABLE orders (total REAL -- total paid\n); SELECT total(Total), 'total' FROM Orders"
    want = "CREATE TABLE bestellungen (ttl REAL -- total paid\n); SELECT total(ttl), 'total' FROM bestellungen"
    assert vary_ddl.rename(text, naming) == want


def test_comment_stays_with_its_column() -> None:
    table = vary_ddl.parse_table(
        "CREATE TABLE t (a TEXT, -- one\n b TEXT -- two\n, c REAL, PRIMARY KEY (a, b))\n-- end"
    )
    assert [(c.name, c.after) for c in table.columns] == [("a", ["-- one"]), ("b", ["-- two"]), ("c", []), ("", [])]
    assert table.simple and table.tail == "-- end"


def test_checks_survive_and_clauses_go() -> None:
    rest = "TEXT NOT NULL DEFAULT 'a b' REFERENCES t(x) ON DELETE CASCADE CHECK (a IS NOT NULL)"
    assert vary_ddl.drop_clauses(rest, {"not null", "default", "references"}) == "TEXT CHECK (a IS NOT NULL)"


def test_numbers_and_years_change_in_both() -> None:
    for seed in range(30):
        ask, sql = vary_ask.swap_numbers("more than 500 km", "SELECT a FROM t WHERE km > 500;", "", Random(seed))
        number = sql.split("> ")[1].rstrip(";")
        assert f" {number} " in ask and int(number) % 100 == 0
        ask, sql = vary_ask.shift_years(
            "sold in 2023", "SELECT a FROM t WHERE d >= '2023-01-01' AND d < '2024-01-01';", "", Random(seed)
        )
        year = int(ask[-4:])
        assert f"'{year}-01-01'" in sql and f"'{year + 1}-01-01'" in sql


def test_a_schema_is_read_as_entities() -> None:
    ddl = (
        "CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT, born_on TEXT, paid INTEGER CHECK (paid IN (0, 1)))",
        "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, author_id INTEGER REFERENCES authors(id), "
        "price_eur REAL, state TEXT CHECK (state IN ('new', 'used')))",
    )
    (authors, books), (link,) = entities.read_entities([vary_ddl.parse_table(text) for text in ddl])
    assert [column.kind for column in authors.columns] == ["id", "text", "date", "flag"]
    assert [column.kind for column in books.columns] == ["id", "text", "id", "figure", "enum"]
    assert [column.spoken for column in books.of("figure")] == ["price in euros"]
    assert (authors.one, books.many, authors.is_person, books.label) == ("author", "books", True, books.columns[1])
    assert (link.child, link.parent, link.join) == (books, authors, "books.author_id = authors.id")


def test_identifiers_nobody_could_say_stay_and_are_renamed() -> None:
    assert spoken.plain_words("cust_nm") == ["customer", "name"] and spoken.plain_words("xq_zz") is None
    assert spoken.named_anew("list {xq_zz} of {Other}", {"xq_zz": "new_name"}) == "list new_name of Other"
    for one, many in (("city", "cities"), ("price in euros", "prices in euros"), ("{xq}", "{xq}"), ("staff", "staff")):
        assert spoken.plural(one) == many
