"""A shop: products, carts, prices, orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

CENT = Decimal("0.01")


def round_money(amount: Decimal) -> Decimal:
    """Round an amount to cents, halves up."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Product:
    """Something that can be bought."""

    sku: str
    name: str
    price: Decimal
    tax_rate: Decimal = Decimal("0.20")

    @property
    def gross(self) -> Decimal:
        """Return the price with tax."""
        return round_money(self.price * (1 + self.tax_rate))

    def __str__(self) -> str:
        return f"{self.name} ({self.sku})"


class OrderStatus(Enum):
    """Where an order stands."""

    NEW = "new"
    PAID = "paid"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the order can no longer change."""
        return self in (OrderStatus.SHIPPED, OrderStatus.CANCELLED)


@dataclass
class Cart:
    """Products and how many of each."""

    items: dict[Product, int] = field(default_factory=dict)
    discount: Decimal = Decimal(0)

    def add(self, product: Product, quantity: int = 1) -> None:
        """Add some pieces of a product."""
        if quantity < 1:
            raise ValueError("quantity must be at least 1")
        self.items[product] = self.items.get(product, 0) + quantity

    def remove(self, product: Product, quantity: int = 1) -> None:
        """Remove some pieces of a product, at most what is there."""
        left = self.items.get(product, 0) - quantity
        if left > 0:
            self.items[product] = left
        else:
            self.items.pop(product, None)

    @property
    def subtotal(self) -> Decimal:
        """Return the sum of all prices before discount and tax."""
        return sum((product.price * count for product, count in self.items.items()), Decimal(0))

    @property
    def tax(self) -> Decimal:
        """Return the tax on all items."""
        total = Decimal(0)
        for product, count in self.items.items():
            total += product.price * count * product.tax_rate
        return round_money(total * (1 - self.discount))

    @property
    def total(self) -> Decimal:
        """Return what the customer has to pay."""
        return round_money(self.subtotal * (1 - self.discount)) + self.tax

    def __len__(self) -> int:
        return sum(self.items.values())

    def __contains__(self, product: Product) -> bool:
        return product in self.items


@dataclass
class Order:
    """A cart that was ordered."""

    number: int
    cart: Cart
    status: OrderStatus = OrderStatus.NEW
    notes: list[str] = field(default_factory=list)

    def pay(self, amount: Decimal) -> Decimal:
        """Pay the order and return the change."""
        if self.status is not OrderStatus.NEW:
            raise ValueError(f"order {self.number} is {self.status.value}")
        if amount < self.cart.total:
            raise ValueError(f"{self.cart.total - amount} missing")
        self.status = OrderStatus.PAID
        return amount - self.cart.total

    def cancel(self, reason: str = "") -> None:
        """Cancel the order, with a note of the reason."""
        if self.status.is_final:
            raise ValueError("too late to cancel")
        self.status = OrderStatus.CANCELLED
        if reason:
            self.notes.append(f"cancelled: {reason}")

    def to_dict(self) -> dict[str, object]:
        """Return the order as plain data."""
        return {
            "number": self.number,
            "status": self.status.value,
            "total": str(self.cart.total),
            "items": [{"sku": product.sku, "count": count} for product, count in self.cart.items.items()],
        }


def shipping_cost(weight: float, country: str, express: bool = False) -> Decimal:
    """Return the shipping cost for a parcel."""
    base = Decimal("4.90") if country == "DE" else Decimal("12.50")
    if weight > 10:
        base += Decimal("5.00")
    if express:
        base *= 2
    return base


def apply_coupon(total: Decimal, code: str, coupons: dict[str, Decimal]) -> Decimal:
    """Return the total after a coupon, never below zero."""
    value = coupons.get(code.strip().upper())
    if value is None:
        raise KeyError(f"unknown coupon: {code}")
    return max(total - value, Decimal(0))


def split_bill(total: Decimal, people: int) -> list[Decimal]:
    """Split a bill into equal parts that add up to the total."""
    share = (total / people).quantize(CENT)
    parts = [share] * people
    parts[0] += total - share * people
    return parts


def format_price(amount: Decimal, currency: str = "EUR") -> str:
    """Format an amount with thousands separators and its currency."""
    symbols = {"EUR": "€", "USD": "$", "GBP": "£"}
    return f"{symbols.get(currency, currency)}{amount:,.2f}"


def loyalty_points(orders: list[Order]) -> int:
    """Return one point for every full 10 spent in paid orders."""
    points = 0
    for order in orders:
        if order.status in (OrderStatus.PAID, OrderStatus.SHIPPED):
            points += int(order.cart.total // 10)
    return points


def best_sellers(orders: list[Order], count: int = 3) -> list[str]:
    """Return the names of the products that sold most."""
    sold: dict[str, int] = {}
    for order in orders:
        for product, quantity in order.cart.items.items():
            sold[product.name] = sold.get(product.name, 0) + quantity
    ranked = sorted(sold, key=lambda name: sold[name], reverse=True)
    return ranked[:count]


def low_stock(stock: dict[str, int], minimum: int = 5) -> list[str]:
    """Return the products of which fewer than the minimum are left, sorted."""
    return sorted(name for name, count in stock.items() if count < minimum)


def compound_interest(principal: float, rate: float, years: int, per_year: int = 12) -> float:
    """Return the balance after some years of compound interest."""
    return principal * (1 + rate / per_year) ** (per_year * years)


def monthly_payment(loan: float, yearly_rate: float, months: int) -> float:
    """Return the monthly payment that pays off a loan."""
    if yearly_rate == 0:
        return loan / months
    rate = yearly_rate / 12
    return loan * rate / (1 - (1 + rate) ** -months)


def convert(amount: Decimal, source: str, target: str, rates: dict[str, Decimal]) -> Decimal:
    """Convert an amount between currencies by their rates to the euro."""
    if source == target:
        return amount
    in_euro = amount / rates[source]
    return round_money(in_euro * rates[target])
