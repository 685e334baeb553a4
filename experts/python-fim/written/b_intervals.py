"""Intervals, ranges and times of day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """A stretch from start to end, the end not included."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"{self.end} comes before {self.start}")

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, point: int) -> bool:
        return self.start <= point < self.end

    def meets(self, other: Span) -> bool:
        """Whether the spans have a point in common."""
        return self.start < other.end and other.start < self.end

    def common(self, other: Span) -> Span | None:
        """Return the part that both spans share, or None."""
        start = max(self.start, other.start)
        end = min(self.end, other.end)
        return Span(start, end) if start < end else None

    def shifted(self, by: int) -> Span:
        """Return the span moved by some steps."""
        return Span(self.start + by, self.end + by)

    def split(self, size: int) -> list[Span]:
        """Return the span in pieces of a size, the last one maybe shorter."""
        return [Span(i, min(i + size, self.end)) for i in range(self.start, self.end, size)]


def covered_length(spans: list[tuple[int, int]]) -> int:
    """Return how much of a line some intervals cover together.

    >>> covered_length([(1, 4), (3, 6), (8, 9)])
    6
    """
    total = 0
    reached = float("-inf")
    for start, end in sorted(spans):
        start = max(start, reached)
        if end > start:
            total += end - start
            reached = end
    return total


def holes(spans: list[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """Return the parts between low and high that no interval covers.

    >>> holes([(2, 3), (5, 7)], 0, 8)
    [(0, 2), (3, 5), (7, 8)]
    """
    result = []
    position = low
    for start, end in sorted(spans):
        if start > position:
            result.append((position, start))
        position = max(position, end)
    if position < high:
        result.append((position, high))
    return result


def insert_span(spans: list[tuple[int, int]], new: tuple[int, int]) -> list[tuple[int, int]]:
    """Insert an interval into sorted separate ones and join those that touch it.

    >>> insert_span([(1, 2), (4, 6), (9, 10)], (5, 9))
    [(1, 2), (4, 10)]
    """
    before = [span for span in spans if span[1] < new[0]]
    after = [span for span in spans if span[0] > new[1]]
    touching = spans[len(before) : len(spans) - len(after)]
    start, end = new
    if touching:
        start = min(start, touching[0][0])
        end = max(end, touching[-1][1])
    return [*before, (start, end), *after]


def busiest_moment(visits: list[tuple[int, int]]) -> int:
    """Return the first moment at which most visitors are there.

    >>> busiest_moment([(1, 5), (2, 6), (4, 8)])
    4
    """
    events = []
    for arrival, departure in visits:
        events.append((arrival, 1))
        events.append((departure, -1))
    present = most = 0
    moment = events[0][0]
    for time, change in sorted(events):
        present += change
        if present > most:
            most = present
            moment = time
    return moment


def fewest_removed(spans: list[tuple[int, int]]) -> int:
    """Return how few intervals must go so that no two overlap.

    >>> fewest_removed([(1, 3), (2, 4), (3, 5)])
    1
    """
    removed = 0
    last_end = float("-inf")
    for start, end in sorted(spans, key=lambda span: span[1]):
        if start >= last_end:
            last_end = end
        else:
            removed += 1
    return removed


def to_minutes(clock: str) -> int:
    """Return the minutes since midnight of a time like 07:45.

    >>> to_minutes("07:45")
    465
    """
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def to_clock(minutes: int) -> str:
    """Return minutes since midnight as a time, past midnight from zero again.

    >>> to_clock(1445)
    '00:05'
    """
    hours, rest = divmod(minutes % 1440, 60)
    return f"{hours:02d}:{rest:02d}"


def night_minutes(start: str, end: str) -> int:
    """Return how many minutes of a shift lie between 22:00 and 06:00.

    >>> night_minutes("20:00", "23:30")
    90
    """
    first, last = to_minutes(start), to_minutes(end)
    if last <= first:
        last += 1440
    night = 0
    for minute in range(first, last):
        hour = minute // 60 % 24
        if hour >= 22 or hour < 6:
            night += 1
    return night


def page_ranges(pages: list[int]) -> str:
    """Return page numbers as a short list of ranges.

    >>> page_ranges([1, 2, 3, 7, 9, 10])
    '1-3, 7, 9-10'
    """
    groups = []
    for page in sorted(set(pages)):
        if groups and page == groups[-1][1] + 1:
            groups[-1][1] = page
        else:
            groups.append([page, page])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in groups)


def common_free(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the times that two people both have free, from sorted lists.

    >>> common_free([(9, 12), (14, 18)], [(11, 15)])
    [(11, 12), (14, 15)]
    """
    shared = []
    i = j = 0
    while i < len(first) and j < len(second):
        start = max(first[i][0], second[j][0])
        end = min(first[i][1], second[j][1])
        if start < end:
            shared.append((start, end))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return shared


def bucket_of(value: float, edges: list[float]) -> int:
    """Return the number of the bucket that a value falls into.

    >>> bucket_of(7.5, [0, 5, 10])
    1
    """
    for i in range(len(edges) - 1):
        if edges[i] <= value < edges[i + 1]:
            return i
    raise ValueError(f"{value} is out of range")
