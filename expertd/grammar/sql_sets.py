"""What a column says of its table, where many tables have one of that name."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from expertd.grammar.ddl import Table
from expertd.grammar.sql_state import MAX_NUMBERS

MOST = 16  # sets: other columns of many tables can be named only where the table is known by then
FEW = 3  # tables that a column may be of so that each is a reading of its own


class Sets:
    """Groups of columns by the tables that have them, and numbers for what is known of a slot's table.

    `SELECT id` is of any table with an `id`. A reading for each of them would be exact, but the parser's work is that
    of all readings, so a slot holds the number of the set until another column, or FROM, says more.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        having: dict[str, set[int]] = {}
        for number, table in enumerate(tables):
            for column in table.columns:
                having.setdefault(column, set()).add(number)
        groups: dict[frozenset[int], list[str]] = {}
        for column, of in having.items():
            groups.setdefault(frozenset(of), []).append(column)
        room = min(MAX_NUMBERS - len(tables), MOST)
        family = sorted((of for of in groups if len(of) > 1), key=len, reverse=True)[:room]
        for one, other in itertools.product(list(family), repeat=2):
            if len(both := one & other) > 1 and both not in family and len(family) < room:
                family.append(both)
        self.family = family
        self._numbers = {frozenset([t]): t for t in range(len(tables))}
        self._numbers |= {of: len(tables) + i for i, of in enumerate(family)}
        self.groups = [(of, columns) for of, columns in groups.items() if of in self._numbers or len(of) <= FEW]

    def number(self, tables: frozenset[int]) -> int | None:
        """What a slot holds where its table is one of these; None: that cannot be said."""
        return self._numbers.get(tables)

    def readings(self, tables: frozenset[int]) -> list[int]:
        """The same, but for each where they are few: then whatever else they have can be named beside it."""
        if len(tables) <= FEW:
            return sorted(tables)
        number = self.number(tables)
        return [] if number is None else [number]

    def with_table(self, table: int, *, more_than: int = 1) -> list[int]:
        """The numbers of sets that a table is in."""
        return [self._numbers[of] for of in self.family if table in of and len(of) > more_than]
