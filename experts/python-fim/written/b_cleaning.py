"""Cleaning messy data before it is used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

MISSING = {"", "-", "n/a", "na", "none", "null", "?"}
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y")


def is_missing(value: str | None) -> bool:
    """Whether a cell says that there is no value."""
    return value is None or value.strip().lower() in MISSING


def clean_name(name: str) -> str:
    """Return a person's name with single spaces and capitals.

    >>> clean_name("  ada   LOVELACE ")
    'Ada Lovelace'
    """
    return " ".join(part.capitalize() for part in name.split())


def clean_phone(number: str, country: str = "+49") -> str:
    """Return a phone number as digits with a country code.

    >>> clean_phone("0171 / 123-456")
    '+49171123456'
    """
    number = number.strip()
    digits = re.sub(r"\D", "", number)
    if number.startswith("+"):
        return "+" + digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    return country + digits.lstrip("0")


def clean_price(text: str) -> Decimal | None:
    """Return a price as a number, or None if there is none.

    >>> clean_price("1.299,50 EUR")
    Decimal('1299.50')
    """
    digits = re.sub(r"[^\d.,-]", "", text)
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma > dot:  # noqa: SIM108
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = digits.replace(",", "")
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None


def guess_date(text: str) -> date | None:
    """Return the date that a text means in one of the usual formats, or None.

    >>> guess_date("24.12.2023")
    datetime.date(2023, 12, 24)
    """
    for pattern in DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), pattern).date()
        except ValueError:
            continue
    return None


def without_accents(text: str) -> str:
    """Return a text with plain letters for those with accents.

    >>> without_accents("Crème brûlée")
    'Creme brulee'
    """
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def fix_headers(headers: list[str]) -> list[str]:
    """Return column names in lower case, without spaces and each only once.

    >>> fix_headers(["First Name", "Age", "age "])
    ['first_name', 'age', 'age_2']
    """
    counts: dict[str, int] = {}
    result = []
    for header in headers:
        name = re.sub(r"\W+", "_", header.strip().lower()).strip("_") or "column"
        counts[name] = counts.get(name, 0) + 1
        if counts[name] > 1:
            name = f"{name}_{counts[name]}"
        result.append(name)
    return result


def fill_down(values: list[str]) -> list[str]:
    """Replace each empty value by the one above it.

    >>> fill_down(["a", "", "", "b", ""])
    ['a', 'a', 'a', 'b', 'b']
    """
    filled = []
    last = ""
    for value in values:
        if value:
            last = value
        filled.append(last)
    return filled


def drop_duplicates(rows: Iterable[dict], keys: list[str]) -> list[dict]:
    """Return the rows without those that repeat the values of some keys."""
    seen = set()
    kept = []
    for row in rows:
        mark = tuple(row.get(key) for key in keys)
        if mark not in seen:
            seen.add(mark)
            kept.append(row)
    return kept


def clip_outliers(values: list[float], low: float = 0.05, high: float = 0.95) -> list[float]:
    """Return the values with those beyond two quantiles pulled to them."""
    ordered = sorted(values)
    last = len(ordered) - 1
    floor = ordered[int(last * low)]
    ceiling = ordered[int(last * high)]
    return [min(max(value, floor), ceiling) for value in values]


def normalize_unit(value: float, unit: str) -> float:
    """Return a length in metres.

    >>> normalize_unit(2.5, "km")
    2500.0
    """
    factors = {"mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0, "in": 0.0254, "ft": 0.3048}
    try:
        return value * factors[unit.lower()]
    except KeyError:
        raise ValueError(f"unknown unit: {unit}") from None


def split_address(line: str) -> dict[str, str]:
    """Split an address line into street, number, postcode and city.

    >>> split_address("Long Lane 12b, 10115 Berlin")
    {'street': 'Long Lane', 'number': '12b', 'postcode': '10115', 'city': 'Berlin'}
    """
    match = re.match(r"(?P<street>.+?) (?P<number>\d+\w?), (?P<postcode>\d{4,5}) (?P<city>.+)", line)
    return match.groupdict() if match else {}


def validate_row(row: dict[str, str], required: list[str], numeric: list[str]) -> list[str]:
    """Return what is wrong with a row, one message a problem."""
    problems = []
    for field in required:
        if is_missing(row.get(field)):
            problems.append(f"{field} is missing")
    for field in numeric:
        value = row.get(field, "")
        if not is_missing(value) and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            problems.append(f"{field} is no number: {value!r}")
    return problems


def map_categories(values: list[str], mapping: dict[str, str], default: str = "other") -> list[str]:
    """Replace spellings of categories by one name each."""
    known = {key.lower(): name for key, name in mapping.items()}
    return [known.get(value.strip().lower(), default) for value in values]


def bin_ages(ages: list[int], edges: tuple[int, ...] = (18, 30, 50, 65)) -> dict[str, int]:
    """Count ages by group.

    >>> bin_ages([15, 22, 70], (18, 65))
    {'under 18': 1, '18-64': 1, '65 and over': 1}
    """
    labels = [f"under {edges[0]}"]
    labels += [f"{low}-{high - 1}" for low, high in zip(edges, edges[1:])]  # noqa: B905, RUF007
    labels.append(f"{edges[-1]} and over")
    counts = dict.fromkeys(labels, 0)
    for age in ages:
        position = sum(age >= edge for edge in edges)
        counts[labels[position]] += 1
    return counts
