"""Reports as plain text, Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

Row = dict[str, object]


@dataclass
class Column:
    """How a column of a report looks."""

    title: str
    key: str
    width: int = 10
    right: bool = False

    def cell(self, row: Row) -> str:
        """Return the text of a row's cell, cut to the width."""
        text = str(row.get(self.key, ""))
        if len(text) > self.width:
            text = text[: self.width - 1] + "…"
        return text.rjust(self.width) if self.right else text.ljust(self.width)


def text_report(title: str, columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """Return a table with a title and a line below the header."""
    header = "  ".join(column.title.ljust(column.width) for column in columns)
    lines = [title, "=" * len(title), "", header.rstrip(), "-" * len(header)]
    for row in rows:
        line = "  ".join(column.cell(row) for column in columns)
        lines.append(line.rstrip())
    return "\n".join(lines)


def subtotals(rows: list[Row], group: str, amount: str) -> list[tuple[object, float]]:
    """Return the sum of each group, the largest first.

    >>> subtotals([{"shop": "A", "eur": 2}, {"shop": "B", "eur": 5}, {"shop": "A", "eur": 1}], "shop", "eur")
    [('B', 5.0), ('A', 3.0)]
    """
    sums: dict[object, float] = defaultdict(float)
    for row in rows:
        sums[row[group]] += float(row[amount])
    return sorted(sums.items(), key=lambda pair: pair[1], reverse=True)


def bar_chart(values: dict[str, float], width: int = 20) -> str:
    """Return a chart with a bar for each value.

    >>> print(bar_chart({"tea": 2, "milk": 4}, width=8))
    tea  |#### 2
    milk |######## 4
    """
    longest = max(len(name) for name in values)
    highest = max(values.values())
    lines = []
    for name, value in values.items():
        bar = "#" * round(width * value / highest)
        lines.append(f"{name:<{longest}} |{bar} {value}")
    return "\n".join(lines)


def sparkline(values: Sequence[float]) -> str:
    """Return values as a row of small bars.

    >>> sparkline([1, 4, 8])
    '▁▄█'
    """
    marks = "▁▂▃▄▅▆▇█"
    low, high = min(values), max(values)
    if high == low:
        return marks[0] * len(values)
    line = ""
    for value in values:
        position = (value - low) / (high - low) * (len(marks) - 1)
        line += marks[int(position)]
    return line


def percent_change(old: float, new: float) -> str:
    """Return a change with its sign, or a dash if there was nothing before.

    >>> percent_change(80, 100)
    '+25.0%'
    """
    if old == 0:
        return "-"
    change = (new - old) / old * 100
    return f"{change:+.1f}%"


def compare_periods(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Return a line for each name with both values and the change."""
    lines = []
    for name in sorted(before.keys() | after.keys()):
        old = before.get(name, 0.0)
        new = after.get(name, 0.0)
        lines.append(f"{name:<12} {old:>8.2f} {new:>8.2f} {percent_change(old, new):>8}")
    return lines


def markdown_report(title: str, sections: dict[str, list[str]]) -> str:
    """Return a document with a list of points below each heading."""
    parts = [f"# {title}"]
    for heading, points in sections.items():
        parts.append(f"## {heading}")
        if points:
            parts.append("\n".join(f"- {point}" for point in points))
        else:
            parts.append("Nothing to report.")
    return "\n\n".join(parts) + "\n"


def to_csv(rows: list[Row], fields: list[str]) -> str:
    """Return rows as CSV with only some fields."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=fields, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def cross_table(rows: list[Row], down: str, across: str) -> dict[object, dict[object, int]]:
    """Count rows by the values of two fields.

    >>> cross_table([{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 1, "b": "x"}], "a", "b")
    {1: {'x': 2, 'y': 1}}
    """
    table: dict[object, dict[object, int]] = {}
    for row in rows:
        counts = table.setdefault(row[down], {})
        counts[row[across]] = counts.get(row[across], 0) + 1
    return table


def top_lines(rows: list[Row], key: str, count: int = 3) -> list[str]:
    """Return the best rows as numbered lines."""
    best = sorted(rows, key=lambda row: row[key], reverse=True)[:count]
    return [f"{place}. {row['name']} ({row[key]})" for place, row in enumerate(best, start=1)]


def add_totals(rows: list[Row], fields: list[str], label: str = "Total") -> list[Row]:
    """Return the rows with one more that holds the sums of some fields."""
    total: Row = {"name": label}
    for name in fields:
        total[name] = sum(row[name] for row in rows)
    return [*rows, total]


def week_title(day: date) -> str:
    """Return the title of the week that a day is in.

    >>> week_title(date(2024, 1, 3))
    'Week 1 of 2024'
    """
    year, week, _ = day.isocalendar()
    return f"Week {week} of {year}"


def join_pages(lines: list[str], height: int) -> list[str]:
    """Return the lines in pages, each with its number at the end.

    >>> join_pages(["a", "b", "c"], 2)
    ['a\\nb\\n- 1 -', 'c\\n- 2 -']
    """
    pages = []
    for start in range(0, len(lines), height):
        number = start // height + 1
        page = lines[start : start + height]
        pages.append("\n".join([*page, f"- {number} -"]))
    return pages


def warnings(stock: dict[str, int], limits: dict[str, int]) -> list[str]:
    """Return a line for each thing of which too little is left.

    >>> warnings({"paper": 2, "ink": 9}, {"paper": 5, "ink": 3})
    ['paper: 2 left, 5 wanted']
    """
    lines = []
    for name, limit in limits.items():
        left = stock.get(name, 0)
        if left < limit:
            lines.append(f"{name}: {left} left, {limit} wanted")
    return lines
