"""The plan that an answer begins with: the columns and tables that its query needs, before it commits to a FROM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlglot
from sqlglot import exp
from vary_ddl import Table


def plan(sql: str, tables: Sequence[Table]) -> str:
    """`a.x, b.y, c` for a query over `tables`: what it reads, in its own order, then tables that only link or count.

    Columns that only join two tables are left out: foreign keys tell them. Raises `sqlglot.ParseError`.
    """
    columns = {table.name.lower(): {c.name.lower() for c in table.columns if c.name} for table in tables}
    query = sqlglot.parse_one(sql, dialect="sqlite")
    names = {table.name.lower(): table.name for table in query.find_all(exp.Table)}
    parts: dict[str, str] = {}  # as it is first written, by lower case
    for column in query.find_all(exp.Column, bfs=False):
        table = _owner(column, columns)
        if table and column.name.lower() in columns.get(table.lower(), ()) and not _joins(column):
            parts.setdefault(f"{table}.{column.name}".lower(), f"{names[table.lower()]}.{column.name}")
    said = {part.split(".")[0] for part in parts}
    return ", ".join([*parts.values(), *(name for low, name in names.items() if low in columns and low not in said)])


def _owner(column: exp.Column, columns: Mapping[str, set[str]]) -> str | None:
    """The table of a column: the innermost that is called as it says or, where it says none, that has such a column."""
    said, name = column.table.lower(), column.name.lower()
    for select in _around(column):
        for table in _tables(select):
            if said == table.alias_or_name.lower() or (not said and name in columns.get(table.name.lower(), ())):
                return str(table.name)
    return None


def _around(column: exp.Column) -> Iterator[exp.Select]:
    select = column.find_ancestor(exp.Select)
    while select:
        yield select
        select = select.find_ancestor(exp.Select)


def _tables(select: exp.Select) -> Iterator[exp.Table]:
    for table in select.find_all(exp.Table):
        if table.find_ancestor(exp.Select) is select:
            yield table


def _joins(column: exp.Column) -> bool:
    """Whether it stands in an equation of two tables' columns."""
    equation = column.parent
    if not isinstance(equation, exp.EQ):
        return False
    one, other = equation.left, equation.right
    return isinstance(one, exp.Column) and isinstance(other, exp.Column) and one.table != other.table
