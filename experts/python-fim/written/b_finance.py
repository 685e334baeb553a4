"""Money: ledgers, taxes, loans, portfolios and exchange."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def to_cents(amount: str) -> int:
    """Return an amount of money as whole cents.

    >>> to_cents("12.5")
    1250
    """
    return int((Decimal(amount) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True)
class Entry:
    """A line of a ledger; amounts going out are negative."""

    day: date
    account: str
    amount: Decimal
    note: str = ""


class Ledger:
    """Entries of several accounts."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = sorted(entries, key=lambda entry: entry.day)

    def balance(self, account: str, until: date | None = None) -> Decimal:
        """Return the balance of an account, today or at the end of a day."""
        total = Decimal(0)
        for entry in self.entries:
            if entry.account != account:
                continue
            if until is not None and entry.day > until:
                break
            total += entry.amount
        return total

    def transfer(self, day: date, source: str, target: str, amount: Decimal) -> None:
        """Move money from one account to another."""
        if amount <= 0:
            raise ValueError("the amount must be positive")
        if self.balance(source) < amount:
            raise ValueError(f"not enough money on {source}")
        self.entries.append(Entry(day, source, -amount, f"to {target}"))
        self.entries.append(Entry(day, target, amount, f"from {source}"))

    def by_month(self, account: str) -> dict[str, Decimal]:
        """Return the sum of each month's entries of an account."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for entry in self.entries:
            if entry.account == account:
                sums[entry.day.strftime("%Y-%m")] += entry.amount
        return dict(sums)

    def is_balanced(self) -> bool:
        """Whether the entries of all accounts add up to nothing."""
        return sum(entry.amount for entry in self.entries) == 0


def progressive_tax(income: int, brackets: list[tuple[int, float]]) -> float:
    """Return the tax on an income; brackets are (lower bound, rate), in order.

    >>> progressive_tax(30000, [(0, 0.0), (10000, 0.2), (20000, 0.4)])
    6000.0
    """
    tax = 0.0
    for i, (low, rate) in enumerate(brackets):
        high = brackets[i + 1][0] if i + 1 < len(brackets) else income
        taxed = min(income, high) - low
        if taxed <= 0:
            break
        tax += taxed * rate
    return tax


def split_vat(gross: Decimal, rate: Decimal) -> tuple[Decimal, Decimal]:
    """Return the net amount and the tax that a gross amount contains.

    >>> split_vat(Decimal("119"), Decimal("0.19"))
    (Decimal('100.00'), Decimal('19.00'))
    """
    net = (gross / (1 + rate)).quantize(CENT, rounding=ROUND_HALF_UP)
    return net, gross - net


def repayment_plan(loan: float, rate: float, payment: float) -> list[tuple[int, float, float]]:
    """Return month, interest and what is still owed until a loan is paid off."""
    if loan * rate / 12 >= payment:
        raise ValueError("the payment does not even cover the interest")
    plan = []
    month = 0
    while loan > 0:
        month += 1
        interest = loan * rate / 12
        loan = max(0.0, loan + interest - payment)
        plan.append((month, round(interest, 2), round(loan, 2)))
    return plan


def allocate(total: int, weights: list[int]) -> list[int]:
    """Split cents by weights so that none is lost.

    >>> allocate(100, [1, 1, 1])
    [34, 33, 33]
    """
    shares = [total * weight // sum(weights) for weight in weights]
    missing = total - sum(shares)
    for i in range(missing):
        shares[i] += 1
    return shares


def drawdown(values: list[float]) -> float:
    """Return the largest fall from a high, as a share of it.

    >>> drawdown([100, 120, 90, 130])
    0.25
    """
    high = values[0]
    worst = 0.0
    for value in values:
        high = max(high, value)
        fall = (high - value) / high
        worst = max(worst, fall)
    return worst


def yearly_return(start: float, end: float, years: float) -> float:
    """Return the growth a year that leads from one value to another."""
    if start <= 0 or years <= 0:
        raise ValueError("start and years must be positive")
    return (end / start) ** (1 / years) - 1


def rebalance(holdings: dict[str, float], targets: dict[str, float]) -> dict[str, float]:
    """Return how much of each holding to buy or sell to reach its target share.

    >>> rebalance({"stocks": 80.0, "bonds": 20.0}, {"stocks": 0.5, "bonds": 0.5})
    {'stocks': -30.0, 'bonds': 30.0}
    """
    total = sum(holdings.values())
    orders = {}
    for name, share in targets.items():
        wanted = total * share
        orders[name] = round(wanted - holdings.get(name, 0.0), 2)
    return orders


def cross_rate(rates: dict[str, float], source: str, target: str) -> float:
    """Return how much of one currency another one buys; rates are those of the dollar."""
    if source not in rates or target not in rates:
        raise KeyError(f"no rate for {source} or {target}")
    return rates[target] / rates[source]


def fifo_profit(trades: list[tuple[int, float]]) -> float:
    """Return the profit of trades (pieces, price); pieces are negative when sold.

    >>> fifo_profit([(10, 5.0), (10, 6.0), (-15, 8.0)])
    40.0
    """
    lots: list[list[float]] = []
    profit = 0.0
    for pieces, price in trades:
        if pieces > 0:
            lots.append([pieces, price])
            continue
        left = -pieces
        while left > 0:
            lot = lots[0]
            sold = min(left, lot[0])
            profit += sold * (price - lot[1])
            lot[0] -= sold
            left -= sold
            if lot[0] == 0:
                lots.pop(0)
    return profit


def due_dates(first: date, count: int, days: int = 30) -> list[date]:
    """Return the days on which instalments are due, never at a weekend."""
    dates = []
    for i in range(count):
        day = first + timedelta(days=i * days)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        dates.append(day)
    return dates


def budget_left(budget: dict[str, float], spent: list[tuple[str, float]]) -> dict[str, float]:
    """Return what is left of each budget after the spendings.

    >>> budget_left({"food": 300, "fun": 50}, [("food", 120), ("fun", 60)])
    {'food': 180, 'fun': -10}
    """
    left = dict(budget)
    for category, amount in spent:
        left[category] = left.get(category, 0) - amount
    return left


def card_is_valid(number: str) -> bool:
    """Whether the check digit of a card number is right.

    >>> card_is_valid("79927398713")
    True
    """
    total = 0
    for i, char in enumerate(reversed(number)):
        digit = int(char)
        if i % 2 == 1:
            digit *= 2
            if digit > 9:
                digit -= 9
        total += digit
    return total % 10 == 0
