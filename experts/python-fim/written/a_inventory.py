"""Offices and warehouses: employees, stock, invoices, mail."""

from __future__ import annotations

import csv
import smtplib
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol, TypedDict


class Row(TypedDict):
    """A line of the stock list."""

    sku: str
    name: str
    quantity: int
    price: float


class Warehouse:
    """Stock by product."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._stock: dict[str, int] = defaultdict(int)

    def receive(self, sku: str, quantity: int) -> None:
        """Add pieces that were delivered."""
        if quantity <= 0:
            raise ValueError("quantity must be positive")
        self._stock[sku] += quantity

    def ship(self, sku: str, quantity: int) -> None:
        """Take pieces out of the stock."""
        available = self._stock[sku]
        if quantity > available:
            raise ValueError(f"only {available} of {sku} in stock")
        self._stock[sku] = available - quantity

    def move(self, sku: str, quantity: int, other: Warehouse) -> None:
        """Move pieces to another warehouse."""
        self.ship(sku, quantity)
        other.receive(sku, quantity)

    def quantity(self, sku: str) -> int:
        """Return how many pieces of a product there are."""
        return self._stock.get(sku, 0)

    def out_of_stock(self) -> list[str]:
        """Return the products of which nothing is left."""
        return sorted(sku for sku, quantity in self._stock.items() if quantity == 0)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(sorted(self._stock.items()))


def read_stock(path: Path) -> list[Row]:
    """Read the stock list from a CSV file."""
    rows: list[Row] = []
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            rows.append(
                {
                    "sku": line["sku"],
                    "name": line["name"],
                    "quantity": int(line["quantity"]),
                    "price": float(line["price"]),
                }
            )
    return rows


def stock_value(rows: Iterable[Row]) -> float:
    """Return the total value of the stock."""
    return sum(row["quantity"] * row["price"] for row in rows)


def reorder(rows: Iterable[Row], minimum: int, target: int) -> dict[str, int]:
    """Return how many pieces to order of each product that runs low."""
    return {row["sku"]: target - row["quantity"] for row in rows if row["quantity"] < minimum}


class Employee(ABC):
    """Somebody who is paid."""

    def __init__(self, name: str, department: str) -> None:
        self.name = name
        self.department = department

    @abstractmethod
    def monthly_pay(self) -> float:
        """Return the pay for one month."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.department!r})"


class SalariedEmployee(Employee):
    """An employee with a yearly salary."""

    def __init__(self, name: str, department: str, salary: float) -> None:
        super().__init__(name, department)
        self.salary = salary

    def monthly_pay(self) -> float:
        """Return a twelfth of the salary."""
        return round(self.salary / 12, 2)

    def give_raise(self, percent: float) -> None:
        """Raise the salary by some percent."""
        self.salary *= 1 + percent / 100


class HourlyEmployee(Employee):
    """An employee who is paid by the hour."""

    def __init__(self, name: str, department: str, rate: float) -> None:
        super().__init__(name, department)
        self.rate = rate
        self.hours: list[float] = []

    def log_hours(self, hours: float) -> None:
        """Record the hours of one day."""
        if not 0 < hours <= 24:
            raise ValueError(f"a day does not have {hours} hours")
        self.hours.append(hours)

    def monthly_pay(self) -> float:
        """Return the pay for the hours, those over 160 with a bonus."""
        total = sum(self.hours)
        overtime = max(0, total - 160)
        return self.rate * (total + 0.5 * overtime)


def payroll(employees: Iterable[Employee]) -> dict[str, float]:
    """Return the monthly pay of each department."""
    totals: dict[str, float] = defaultdict(float)
    for employee in employees:
        totals[employee.department] += employee.monthly_pay()
    return dict(totals)


@dataclass
class InvoiceLine:
    """One position of an invoice."""

    description: str
    quantity: int
    unit_price: float

    @property
    def amount(self) -> float:
        """Return the price of all pieces."""
        return self.quantity * self.unit_price


@dataclass
class Invoice:
    """What a customer owes."""

    number: str
    customer: str
    lines: list[InvoiceLine] = field(default_factory=list)
    tax_percent: float = 19.0
    paid: float = 0.0

    @property
    def net(self) -> float:
        """Return the sum of all positions."""
        return sum(line.amount for line in self.lines)

    @property
    def gross(self) -> float:
        """Return the sum with tax."""
        return round(self.net * (1 + self.tax_percent / 100), 2)

    @property
    def open_amount(self) -> float:
        """Return what is not paid yet."""
        return max(0.0, self.gross - self.paid)

    def render(self) -> str:
        """Return the invoice as plain text."""
        lines = [f"Invoice {self.number}", f"To: {self.customer}", ""]
        for line in self.lines:
            lines.append(f"{line.quantity:>4} x {line.description:<30} {line.amount:>10.2f}")
        lines.append("-" * 47)
        lines.append(f"{'Total':<36} {self.gross:>10.2f}")
        return "\n".join(lines)


def next_invoice_number(previous: str) -> str:
    """Return the number after one such as "2024-0099"."""
    year, _, count = previous.partition("-")
    return f"{year}-{int(count) + 1:0{len(count)}}"


def build_mail(sender: str, to: list[str], subject: str, body: str, attachment: Path | None = None) -> EmailMessage:
    """Build a mail, with a file attached if there is one."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message.set_content(body)
    if attachment is not None:
        message.add_attachment(
            attachment.read_bytes(),
            maintype="application",
            subtype="octet-stream",
            filename=attachment.name,
        )
    return message


def send_mail(message: EmailMessage, host: str, port: int = 587, user: str = "", password: str = "") -> None:
    """Send a mail through a server."""
    with smtplib.SMTP(host, port) as server:
        server.starttls()
        if user:
            server.login(user, password)
        server.send_message(message)


class Storage(Protocol):
    """Where documents are kept."""

    def save(self, name: str, data: bytes) -> None: ...

    def load(self, name: str) -> bytes: ...


class MemoryStorage:
    """Keeps documents in memory, for tests."""

    def __init__(self) -> None:
        self._documents: dict[str, bytes] = {}

    def save(self, name: str, data: bytes) -> None:
        """Keep a document under a name."""
        self._documents[name] = data

    def load(self, name: str) -> bytes:
        """Return the document of a name."""
        try:
            return self._documents[name]
        except KeyError:
            raise FileNotFoundError(name) from None


def copy_documents(source: Storage, target: Storage, names: Iterable[str]) -> int:
    """Copy documents from one storage to another and return how many."""
    count = 0
    for name in names:
        target.save(name, source.load(name))
        count += 1
    return count


def dedupe_contacts(contacts: list[dict[str, str]]) -> list[dict[str, str]]:
    """Merge contacts that have the same e-mail address."""
    merged: dict[str, dict[str, str]] = {}
    for contact in contacts:
        key = contact["email"].strip().lower()
        known = merged.setdefault(key, {})
        for name, value in contact.items():
            if value and not known.get(name):
                known[name] = value
    return list(merged.values())
