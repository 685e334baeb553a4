"""What a query's grammar remembers: 64 bits that its rules carry, and the conditions and changes of them."""

from __future__ import annotations

from expertd.grammar.lark import field

# A slot is a table of the query, and whether FROM has named it: the table's number from 1, or that of a set of tables.
TABLE_BITS = 6
SLOT_BITS = TABLE_BITS + 1
OUTER_SLOTS, INNER_SLOTS = 4, 2
MAX_NUMBERS = (1 << TABLE_BITS) - 1
COUNT = (42, 44)  # commas between the columns that are selected, at most 3
GOAL = (44, 46)  # how many columns there must be; 0 is any number
OPS = (48, 51)  # operators in one column that is selected
CTE = 51
PHASE = (52, 54)  # what a column is wanted for that brings its table in
OPEN = (60, 63)  # the one bracket that is open among what is selected
NEVER = 63
# How a query calls its tables: by their names, by an alias that is each table's own, or T1, T2, ...
NAMED, LETTERS, NUMBERED = 1, 2, 3


class Level:
    """Where the state keeps the tables of a query: of the outermost one, or of one inside another."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.slots = range(INNER_SLOTS if number else OUTER_SLOTS)
        self.base = OUTER_SLOTS * SLOT_BITS if number else 0
        self.style = (57, 59) if number else (54, 56)
        self.lone = 59 if number else 56

    def table(self, slot: int) -> str:
        begin = self.base + slot * SLOT_BITS
        return f"[{begin}:{begin + TABLE_BITS}]"

    def joined(self, slot: int) -> int:
        return self.base + slot * SLOT_BITS + TABLE_BITS

    def has(self, slot: int, table: int) -> str:
        return f"eq({self.table(slot)}, {table + 1})"

    def styled(self, style: int) -> str:
        return f"eq({field(self.style)}, {style})"

    def clear(self, slot: int) -> str:
        """The state without the slot's table."""
        begin = self.base + slot * SLOT_BITS
        return without((begin, begin + TABLE_BITS))

    def value(self, slot: int, table: int, style: int, *bits: int) -> int:
        """The state's bits where a slot has this table."""
        value = (table + 1) << (self.base + slot * SLOT_BITS) | style << self.style[0]
        return value | sum(1 << bit for bit in bits)

    def put(self, slot: int, table: int, style: int, *bits: int) -> str:
        """The state with a table in an empty slot."""
        return f"bit_or({hex(self.value(slot, table, style, *bits))})"

    @property
    def mask(self) -> int:
        """Of the bits that say which tables there are."""
        slots = ((1 << len(self.slots) * SLOT_BITS) - 1) << self.base
        return slots | 3 << self.style[0] | 1 << self.lone


def without(*fields: tuple[int, int]) -> str:
    mask = (1 << 64) - 1
    for begin, end in fields:
        mask &= ~(((1 << (end - begin)) - 1) << begin)
    return f"bit_and({hex(mask)})"
