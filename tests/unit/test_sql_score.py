"""What counts as the query of an answer when the sql expert and its base are scored, and what as right."""

from dataclasses import replace

import pytest

from expertd.grammar.compiler import sql_source
from experts.scoring import Item
from experts.sql import score
from experts.sql.score import Question, extract

SQL = "SELECT name FROM members"
CTE = "WITH m AS (SELECT name FROM members) SELECT name FROM m"


@pytest.mark.parametrize("sql", [SQL, CTE])
@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        "{};",
        "Here it is: {}; it lists all names.",
        "Sure!\n```sql\n{};\n```\nThese are the members; select what you need.",
        "-- members.name, loans\n{};",
        "-- members.select_count, members.with_x\n{};",
        "-- x.with, x.select, loans\n{};",
        "  -- x.with; x.y\n  -- loans\n{};",
        "-- x.with\r\n{};",
        "-- x.with\n```sql\n-- x.select\n{};\n```",
    ],
)
def test_the_query_is_found_in(answer: str, sql: str) -> None:
    assert extract(answer.format(sql)) == sql


def test_two_dashes_in_a_string_are_no_comment() -> None:
    sql = "SELECT name FROM members WHERE town = 'a -- b'"
    assert extract(f"-- members.name\n{sql};") == sql


def test_a_query_in_a_comment_is_none() -> None:
    assert "SELECT" not in extract(f"-- members.name {SQL};")


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return score.items()


def asked(sql: str) -> Item:
    ddl = "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, town TEXT);"
    rows = ["INSERT INTO members VALUES (1,'Ann','Bath'),(2,'Bob','York'),(3,'Cy','Bath')"]
    return Item({}, (), Question("club", ddl, rows, "", sql, True))


def test_the_right_queries_of_the_held_out_items_are_right(items: list[Item]) -> None:
    assert {item.group for item in items} == set(score.BARS)
    assert [item.about for item in items if score.grade(item, item.wanted.sql) != 1] == []


def test_the_base_is_held_to_the_tables_of_the_question(items: list[Item]) -> None:
    for ddl in {body["response_format"]["schema"] for item in items for body in item.base_bodies}:
        sql_source(ddl, "sqlite", "response_format.schema")  # raises where it cannot be read
    assert {len(item.base_bodies) for item in items} == {5}


@pytest.mark.parametrize(
    "answer",
    [
        "SELECT name FROM members WHERE town = 'Bath' ORDER BY name",
        "```sql\nselect m.name as who from members m where m.id <> 2\n```",
    ],
)
def test_rows_count_and_not_words(answer: str) -> None:
    assert score.grade(asked("SELECT name FROM members WHERE town = 'Bath'"), answer) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I do not know.",
        "SELECT name FROM members",
        "SELECT name, town FROM members WHERE town = 'Bath'",
        "SELECT nme FROM members",
        "DELETE FROM members",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
    ],
)
def test_other_rows_and_what_does_not_run_are_wrong(answer: str) -> None:
    assert score.grade(asked("SELECT name FROM members WHERE town = 'Bath'"), answer) == 0


def test_order_counts_where_it_is_asked_for() -> None:
    item = asked("SELECT name FROM members ORDER BY name DESC")
    assert score.grade(item, "SELECT name FROM members") == 0
    assert score.grade(replace(item, wanted=replace(item.wanted, sql="SELECT name FROM members")), item.wanted.sql) == 1


def test_a_held_out_query_that_fails_is_told() -> None:
    with pytest.raises(ValueError, match="fails"):
        score.grade(asked("SELECT nme FROM members"), "SELECT name FROM members")
