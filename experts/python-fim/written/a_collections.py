"""Containers of one's own, with the methods that make them feel built in."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from itertools import chain
from typing import Any


class SortedList:
    """Values that are kept in order."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._values = sorted(values)

    def add(self, value: Any) -> None:
        """Insert a value at its place."""
        bisect.insort(self._values, value)

    def remove(self, value: Any) -> None:
        """Remove one occurrence of a value."""
        index = bisect.bisect_left(self._values, value)
        if index == len(self._values) or self._values[index] != value:
            raise ValueError(f"{value!r} is not in the list")
        del self._values[index]

    def between(self, low: Any, high: Any) -> list[Any]:
        """Return the values from low to high, both included."""
        start = bisect.bisect_left(self._values, low)
        end = bisect.bisect_right(self._values, high)
        return self._values[start:end]

    def __contains__(self, value: Any) -> bool:
        index = bisect.bisect_left(self._values, value)
        return index < len(self._values) and self._values[index] == value

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: int) -> Any:
        return self._values[index]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._values!r})"


class CaseInsensitiveDict(MutableMapping[str, Any]):
    """A mapping whose keys ignore case but remember how they were written."""

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self._items: dict[str, tuple[str, Any]] = {}
        self.update(items or {})

    def __getitem__(self, key: str) -> Any:
        return self._items[key.lower()][1]

    def __setitem__(self, key: str, value: Any) -> None:
        self._items[key.lower()] = (key, value)

    def __delitem__(self, key: str) -> None:
        del self._items[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return (key for key, _ in self._items.values())

    def __len__(self) -> int:
        return len(self._items)


class BiMap:
    """A mapping that can be read in both directions."""

    def __init__(self) -> None:
        self._forward: dict[Any, Any] = {}
        self._backward: dict[Any, Any] = {}

    def put(self, key: Any, value: Any) -> None:
        """Connect a key and a value; what they were connected to is let go."""
        if key in self._forward:
            del self._backward[self._forward[key]]
        if value in self._backward:
            del self._forward[self._backward[value]]
        self._forward[key] = value
        self._backward[value] = key

    def value(self, key: Any) -> Any:
        """Return the value of a key."""
        return self._forward[key]

    def key(self, value: Any) -> Any:
        """Return the key of a value."""
        return self._backward[value]

    def __len__(self) -> int:
        return len(self._forward)


class Bag:
    """Items and how often each is there."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._counts: dict[Any, int] = {}
        for item in items:
            self.add(item)

    def add(self, item: Any, count: int = 1) -> None:
        """Add an item some times."""
        self._counts[item] = self._counts.get(item, 0) + count

    def discard(self, item: Any) -> None:
        """Take an item out once, if it is there."""
        count = self._counts.get(item, 0)
        if count > 1:
            self._counts[item] = count - 1
        elif count == 1:
            del self._counts[item]

    def count(self, item: Any) -> int:
        """Return how often an item is there."""
        return self._counts.get(item, 0)

    def most_common(self) -> list[tuple[Any, int]]:
        """Return the items with their counts, the most frequent first."""
        return sorted(self._counts.items(), key=lambda pair: pair[1], reverse=True)

    def __or__(self, other: Bag) -> Bag:
        result = Bag()
        for item in self._counts.keys() | other._counts.keys():
            result.add(item, max(self.count(item), other.count(item)))
        return result

    def __and__(self, other: Bag) -> Bag:
        result = Bag()
        for item in self._counts.keys() & other._counts.keys():
            result.add(item, min(self.count(item), other.count(item)))
        return result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bag) and self._counts == other._counts

    def __len__(self) -> int:
        return sum(self._counts.values())


class Grid:
    """Cells in rows and columns."""

    def __init__(self, width: int, height: int, fill: Any = ".") -> None:
        self.width = width
        self.height = height
        self._cells = [[fill] * width for _ in range(height)]

    @classmethod
    def parse(cls, text: str) -> Grid:
        """Return a grid from lines of characters."""
        lines = text.strip().splitlines()
        grid = cls(len(lines[0]), len(lines))
        for y, line in enumerate(lines):
            for x, char in enumerate(line):
                grid[x, y] = char
        return grid

    def __getitem__(self, position: tuple[int, int]) -> Any:
        x, y = position
        return self._cells[y][x]

    def __setitem__(self, position: tuple[int, int], value: Any) -> None:
        x, y = position
        self._cells[y][x] = value

    def __contains__(self, position: tuple[int, int]) -> bool:
        x, y = position
        return 0 <= x < self.width and 0 <= y < self.height

    def neighbors(self, x: int, y: int, diagonal: bool = False) -> Iterator[tuple[int, int]]:
        """Yield the positions around a cell that are on the grid."""
        steps = [(0, -1), (1, 0), (0, 1), (-1, 0)]
        if diagonal:
            steps += [(1, -1), (1, 1), (-1, 1), (-1, -1)]
        for dx, dy in steps:
            if (x + dx, y + dy) in self:
                yield x + dx, y + dy

    def find(self, value: Any) -> tuple[int, int] | None:
        """Return the first position of a value, row by row, or None."""
        for y, row in enumerate(self._cells):
            for x, cell in enumerate(row):
                if cell == value:
                    return x, y
        return None

    def count(self, value: Any) -> int:
        """Return how many cells have a value."""
        return sum(row.count(value) for row in self._cells)

    def row(self, y: int) -> list[Any]:
        """Return the cells of a row."""
        return list(self._cells[y])

    def column(self, x: int) -> list[Any]:
        """Return the cells of a column."""
        return [row[x] for row in self._cells]

    def map(self, function: Callable[[Any], Any]) -> Grid:
        """Return a grid with a function applied to every cell."""
        result = Grid(self.width, self.height)
        for y, row in enumerate(self._cells):
            result._cells[y] = [function(cell) for cell in row]
        return result

    def __str__(self) -> str:
        return "\n".join("".join(str(cell) for cell in row) for row in self._cells)


class History(MutableSequence[Any]):
    """A list that remembers its earlier states."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        self._values = list(values)
        self._states: list[list[Any]] = []

    def _remember(self) -> None:
        self._states.append(list(self._values))

    def undo(self) -> None:
        """Go back to the state before the last change."""
        if not self._states:
            raise IndexError("nothing to undo")
        self._values = self._states.pop()

    def insert(self, index: int, value: Any) -> None:
        """Insert a value before an index."""
        self._remember()
        self._values.insert(index, value)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._remember()
        self._values[index] = value

    def __delitem__(self, index: Any) -> None:
        self._remember()
        del self._values[index]

    def __len__(self) -> int:
        return len(self._values)


class IntervalSet:
    """Whole numbers as ranges that do not touch."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Add the numbers from start up to, but not including, end."""
        before = [pair for pair in self._ranges if pair[1] < start]
        after = [pair for pair in self._ranges if pair[0] > end]
        touching = self._ranges[len(before) : len(self._ranges) - len(after)]
        if touching:
            start = min(start, touching[0][0])
            end = max(end, touching[-1][1])
        self._ranges = [*before, (start, end), *after]

    def __contains__(self, number: int) -> bool:
        return any(start <= number < end for start, end in self._ranges)

    def __len__(self) -> int:
        return sum(end - start for start, end in self._ranges)

    def gaps(self) -> list[tuple[int, int]]:
        """Return the ranges between those of the set."""
        return [(self._ranges[i][1], self._ranges[i + 1][0]) for i in range(len(self._ranges) - 1)]

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(start, end) for start, end in self._ranges)


class Record:
    """Named values that can be read but not changed."""

    def __init__(self, **values: Any) -> None:
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"cannot set {name}: records do not change")

    def replace(self, **values: Any) -> Record:
        """Return a copy with some values replaced."""
        return Record(**{**self._values, **values})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and self._values == other._values

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._values.items())))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"Record({inner})"
