"""Tables and trees: CSV and JSON."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def read_csv(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Read the rows of a CSV file as dictionaries."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write dictionaries to a CSV file, with the first one's keys as header."""
    if not rows:
        raise ValueError("no rows to write")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def column_sum(rows: Iterable[dict[str, str]], column: str) -> float:
    """Return the sum of a column, with empty cells left out."""
    return sum(float(row[column]) for row in rows if row[column])


def group_rows(rows: Iterable[dict[str, Any]], key: str) -> dict[Any, list[dict[str, Any]]]:
    """Group rows by the value of a key."""
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return dict(groups)


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if line:
                yield json.loads(line)


def write_jsonl(path: Path, items: Iterable[dict[str, Any]]) -> int:
    """Write objects to a JSON Lines file and return how many there were."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for item in items:
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
            count += 1
    return count


def load_json(path: Path, default: Any = None) -> Any:
    """Load a JSON file, or return the default if there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return default


def save_json(path: Path, data: Any) -> None:
    """Save data as indented JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def get_path(data: Any, path: str, default: Any = None) -> Any:
    """Return the value at a dotted path such as "user.emails.0"."""
    for key in path.split("."):
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return default
    return data


def flatten(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten a nested dictionary to one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in data.items():
        name = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            flat.update(flatten(value, name))
        else:
            flat[name] = value
    return flat


def merge(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Merge two nested dictionaries; the second one wins."""
    result = dict(base)
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def to_csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as the text of a CSV file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow(row)
    return buffer.getvalue()


def pick(record: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a copy of the record with only the named fields."""
    return {name: record[name] for name in names if name in record}


def rename_keys(record: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a copy of the record with keys renamed."""
    return {names.get(key, key): value for key, value in record.items()}


def to_number(cell: str) -> int | float | str:
    """Return a cell as a number if it is one, else unchanged."""
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            pass
    return cell


def missing_fields(record: dict[str, Any], required: Iterable[str]) -> list[str]:
    """Return the required fields that the record lacks or leaves empty."""
    return [name for name in required if record.get(name) in (None, "")]


def pivot(rows: Iterable[dict[str, Any]], index: str, column: str, value: str) -> dict[Any, dict[Any, float]]:
    """Sum values by two keys, as a table of tables."""
    table: dict[Any, dict[Any, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        table[row[index]][row[column]] += row[value]
    return {key: dict(cells) for key, cells in table.items()}
