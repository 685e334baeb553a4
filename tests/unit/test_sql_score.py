"""What counts as the query of an answer when the sql expert and its base are scored."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "experts" / "sql"))

from score import extract

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
