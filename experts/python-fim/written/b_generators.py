"""Generators and iterators."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def countdown(start: int) -> Iterator[int]:
    """Yield the numbers from a start down to one.

    >>> list(countdown(3))
    [3, 2, 1]
    """
    while start > 0:
        yield start
        start -= 1


def take_until(items: Iterable[T], stop: Callable[[T], bool]) -> Iterator[T]:
    """Yield items up to and including the first that meets a condition.

    >>> list(take_until([1, 2, 5, 3], lambda n: n > 4))
    [1, 2, 5]
    """
    for item in items:
        yield item
        if stop(item):
            return


def every(items: Iterable[T], n: int) -> Iterator[T]:
    """Yield every n-th item, beginning with the first.

    >>> list(every("abcdefg", 3))
    ['a', 'd', 'g']
    """
    for i, item in enumerate(items):
        if i % n == 0:
            yield item


def runs(items: Iterable[T]) -> Iterator[tuple[T, int]]:
    """Yield each run of equal items with its length.

    >>> list(runs("aab"))
    [('a', 2), ('b', 1)]
    """
    iterator = iter(items)
    try:
        current = next(iterator)
    except StopIteration:
        return
    length = 1
    for item in iterator:
        if item == current:
            length += 1
        else:
            yield current, length
            current, length = item, 1
    yield current, length


def drop_last(items: Iterable[T], n: int = 1) -> Iterator[T]:
    """Yield all items but the last n.

    >>> list(drop_last([1, 2, 3, 4], 2))
    [1, 2]
    """
    waiting: deque[T] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > n:
            yield waiting.popleft()


def with_last(items: Iterable[T]) -> Iterator[tuple[T, bool]]:
    """Yield each item and whether it is the last.

    >>> list(with_last("ab"))
    [('a', False), ('b', True)]
    """
    iterator = iter(items)
    try:
        item = next(iterator)
    except StopIteration:
        return
    for following in iterator:
        yield item, False
        item = following
    yield item, True


def merge(*sources: Iterable[int]) -> Iterator[int]:
    """Yield the values of sorted sources in order.

    >>> list(merge([1, 4], [2, 3]))
    [1, 2, 3, 4]
    """
    iterators = [iter(source) for source in sources]
    heads: dict[int, int] = {}
    for i, iterator in enumerate(iterators):
        for value in iterator:
            heads[i] = value
            break
    while heads:
        i = min(heads, key=lambda index: heads[index])
        yield heads.pop(i)
        for value in iterators[i]:
            heads[i] = value
            break


def hailstones(n: int) -> Iterator[int]:
    """Yield numbers that are halved if even, else tripled plus one, until one is reached.

    >>> list(hailstones(6))
    [6, 3, 10, 5, 16, 8, 4, 2, 1]
    """
    yield n
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        yield n


def running_mean() -> Generator[float, float, None]:
    """Take numbers by send and yield the mean of all so far."""
    total = 0.0
    count = 0
    mean = 0.0
    while True:
        number = yield mean
        total += number
        count += 1
        mean = total / count


def paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """Yield the paragraphs of a text; blank lines separate them.

    >>> list(paragraphs(["one", "two", "", "three"]))
    ['one two', 'three']
    """
    current: list[str] = []
    for line in lines:
        line = line.strip()
        if line:
            current.append(line)
        elif current:
            yield " ".join(current)
            current = []
    if current:
        yield " ".join(current)


def read_chunks(path: Path, size: int = 65536) -> Iterator[bytes]:
    """Yield the content of a file in chunks."""
    with path.open("rb") as file:
        while chunk := file.read(size):
            yield chunk


def interleave_longest(*sources: Iterable[T]) -> Iterator[T]:
    """Yield one item of each source in turn until all are used up.

    >>> list(interleave_longest("ab", "123"))
    ['a', '1', 'b', '2', '3']
    """
    waiting = deque(iter(source) for source in sources)
    while waiting:
        iterator = waiting.popleft()
        try:
            yield next(iterator)
        except StopIteration:
            continue
        waiting.append(iterator)


def cartesian(*lists: list[T]) -> Iterator[tuple[T, ...]]:
    """Yield all ways to choose one item of each list.

    >>> list(cartesian([1, 2], [3, 4]))
    [(1, 3), (1, 4), (2, 3), (2, 4)]
    """
    if not lists:
        yield ()
        return
    first, *rest = lists
    for item in first:
        for others in cartesian(*rest):
            yield (item, *others)


def walk(tree: dict, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the path and the value of each leaf of a nested dictionary."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from walk(value, (*path, key))
        else:
            yield (*path, key), value


class Peekable(Iterator[T]):
    """An iterator whose next item can be looked at."""

    def __init__(self, items: Iterable[T]) -> None:
        self._iterator = iter(items)
        self._ahead: list[T] = []

    def __next__(self) -> T:
        if self._ahead:
            return self._ahead.pop()
        return next(self._iterator)

    def peek(self, default: T | None = None) -> T | None:
        """Return the next item without taking it, or a default at the end."""
        if not self._ahead:
            try:
                self._ahead.append(next(self._iterator))
            except StopIteration:
                return default
        return self._ahead[0]


class Cycle:
    """Gives the same items over and over, and knows how often it went around."""

    def __init__(self, items: list[T]) -> None:
        if not items:
            raise ValueError("there is nothing to repeat")
        self.items = items
        self.position = 0
        self.rounds = 0

    def __iter__(self) -> Cycle:
        return self

    def __next__(self) -> T:
        item = self.items[self.position]
        self.position += 1
        if self.position == len(self.items):
            self.position = 0
            self.rounds += 1
        return item
