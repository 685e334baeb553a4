"""Everyday programs: bike rental, kitchen, garden, clinic, weather, travel."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta


@dataclass
class Bike:
    """A bike that can be rented."""

    number: int
    kind: str = "city"
    rented_at: datetime | None = None
    repairs: list[str] = field(default_factory=list)

    @property
    def available(self) -> bool:
        """Whether the bike can be rented now."""
        return self.rented_at is None and not self.repairs


class Rental:
    """A shop that rents bikes by the hour."""

    PRICES = {"city": 3, "electric": 6, "cargo": 8}  # noqa: RUF012

    def __init__(self, bikes: Iterable[Bike]) -> None:
        self.bikes = {bike.number: bike for bike in bikes}
        self.income = 0

    def rent(self, kind: str, now: datetime) -> Bike:
        """Rent out the first free bike of a kind."""
        for bike in self.bikes.values():
            if bike.kind == kind and bike.available:
                bike.rented_at = now
                return bike
        raise LookupError(f"no {kind} bike is free")

    def give_back(self, number: int, now: datetime) -> int:
        """Take a bike back and return the price; each begun hour counts."""
        bike = self.bikes[number]
        if bike.rented_at is None:
            raise ValueError(f"bike {number} was not rented")
        minutes = (now - bike.rented_at).total_seconds() / 60
        hours = max(1, -(-int(minutes) // 60))
        price = hours * self.PRICES[bike.kind]
        bike.rented_at = None
        self.income += price
        return price

    def report(self) -> dict[str, int]:
        """Count the free bikes by kind."""
        free: dict[str, int] = defaultdict(int)
        for bike in self.bikes.values():
            if bike.available:
                free[bike.kind] += 1
        return dict(free)


class Clinic:
    """A waiting room; urgent patients come first, the others in order."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, str]] = []
        self.arrivals = 0

    def arrive(self, name: str, urgency: int = 3) -> None:
        """Add a patient; one is the highest urgency."""
        self.arrivals += 1
        self.waiting.append((urgency, self.arrivals, name))

    def call(self) -> str | None:
        """Remove and return the next patient, or None if nobody waits."""
        if not self.waiting:
            return None
        following = min(self.waiting)
        self.waiting.remove(following)
        return following[2]

    def position(self, name: str) -> int:
        """Return how many patients are before one."""
        for place, (_, _, other) in enumerate(sorted(self.waiting)):
            if other == name:
                return place
        raise LookupError(name)


def scale_recipe(recipe: dict[str, float], servings: int, wanted: int) -> dict[str, float]:
    """Return the amounts of a recipe for another number of servings.

    >>> scale_recipe({"flour": 200, "eggs": 2}, servings=4, wanted=6)
    {'flour': 300.0, 'eggs': 3.0}
    """
    factor = wanted / servings
    return {name: round(amount * factor, 1) for name, amount in recipe.items()}


def cook_times(dishes: dict[str, int], dinner: datetime) -> list[tuple[str, str]]:
    """Return when to start each dish so that all are ready for dinner.

    >>> cook_times({"rice": 20, "roast": 90}, datetime(2024, 1, 1, 19, 0))
    [('17:30', 'roast'), ('18:40', 'rice')]
    """
    plan = []
    for dish, minutes in dishes.items():
        start = dinner - timedelta(minutes=minutes)
        plan.append((start.strftime("%H:%M"), dish))
    return sorted(plan)


def meal_plan(dishes: list[str], days: int, rng: random.Random) -> list[str]:
    """Return a dish for each day; none comes again before all were served."""
    plan: list[str] = []
    while len(plan) < days:
        batch = dishes[:]
        rng.shuffle(batch)
        plan.extend(batch)
    return plan[:days]


def expires_soon(fridge: dict[str, date], today: date, days: int = 3) -> list[str]:
    """Return what must be eaten within some days, the most urgent first.

    >>> expires_soon({"milk": date(2024, 1, 4), "jam": date(2024, 6, 1)}, date(2024, 1, 2))
    ['milk']
    """
    limit = today + timedelta(days=days)
    urgent = [(best_before, name) for name, best_before in fridge.items() if best_before <= limit]
    return [name for _, name in sorted(urgent)]


def feels_like(celsius: float, wind: float) -> float:
    """Return how cold it feels in wind; wind is in kilometres an hour."""
    if celsius > 10 or wind < 5:
        return celsius
    factor = wind**0.16
    return round(13.12 + 0.6215 * celsius - 11.37 * factor + 0.3965 * celsius * factor, 1)


def describe_weather(celsius: float, rain: float, wind: float) -> str:
    """Return the weather in a few words.

    >>> describe_weather(24, 0, 30)
    'warm, dry, windy'
    """
    if celsius < 5:
        words = ["cold"]
    elif celsius < 20:
        words = ["mild"]
    else:
        words = ["warm"]
    words.append("dry" if rain == 0 else "wet")
    if wind > 25:
        words.append("windy")
    return ", ".join(words)


def frost_nights(minima: dict[date, float]) -> list[date]:
    """Return the nights with a temperature below zero."""
    return [night for night, celsius in sorted(minima.items()) if celsius < 0]


def growing_degree_days(days: list[tuple[float, float]], base: float = 10.0) -> float:
    """Return the warmth that plants got; days are (low, high).

    >>> growing_degree_days([(8, 20), (5, 9), (12, 24)])
    12.0
    """
    total = 0.0
    for low, high in days:
        mean = (low + high) / 2
        if mean > base:
            total += mean - base
    return total


def watering_plan(plants: dict[str, int], start: date, days: int) -> dict[date, list[str]]:
    """Return which plants need water on which day; plants have their days between two times."""
    plan: dict[date, list[str]] = {}
    for offset in range(days):
        thirsty = [name for name, every in plants.items() if offset % every == 0]
        if thirsty:
            plan[start + timedelta(days=offset)] = sorted(thirsty)
    return plan


def pack_suitcase(things: list[tuple[str, float, int]], limit: float) -> list[str]:
    """Return things (name, kilos, value) worth most for their weight that stay below a limit.

    >>> pack_suitcase([("boots", 2.0, 4), ("book", 0.5, 3), ("coat", 1.5, 6)], 2.2)
    ['book', 'coat']
    """
    chosen = []
    weight = 0.0
    for name, kilos, _ in sorted(things, key=lambda thing: thing[2] / thing[1], reverse=True):
        if weight + kilos <= limit:
            chosen.append(name)
            weight += kilos
    return chosen


def layovers(flights: list[tuple[datetime, datetime]]) -> list[int]:
    """Return the minutes between the arrival of each flight and the start of the next."""
    waits = []
    for i in range(len(flights) - 1):
        wait = flights[i + 1][0] - flights[i][1]
        if wait < timedelta():
            raise ValueError(f"flight {i + 2} leaves before flight {i + 1} arrives")
        waits.append(int(wait.total_seconds() // 60))
    return waits


def share_trip(costs: dict[str, float]) -> list[str]:
    """Return who must pay whom so that all paid the same.

    >>> share_trip({"ann": 90, "ben": 30, "cem": 0})
    ['cem pays ann 40.00', 'ben pays ann 10.00']
    """
    share = sum(costs.values()) / len(costs)
    balance = {name: paid - share for name, paid in costs.items()}
    payments = []
    while max(balance.values()) > 0.005:
        debtor = min(balance, key=lambda name: balance[name])
        creditor = max(balance, key=lambda name: balance[name])
        amount = min(-balance[debtor], balance[creditor])
        balance[debtor] += amount
        balance[creditor] -= amount
        payments.append(f"{debtor} pays {creditor} {amount:.2f}")
    return payments


def training_week(sessions: list[tuple[str, int, int]]) -> dict[str, int]:
    """Return the load of each sport; sessions are (sport, minutes, effort).

    >>> training_week([("run", 30, 5), ("swim", 40, 3), ("run", 20, 8)])
    {'run': 310, 'swim': 120}
    """
    load: dict[str, int] = {}
    for sport, minutes, effort in sessions:
        load[sport] = load.get(sport, 0) + minutes * effort
    return load


def habit_streak(done: set[date], today: date) -> int:
    """Return how many days in a row, up to today, a habit was kept."""
    streak = 0
    day = today
    while day in done:
        streak += 1
        day -= timedelta(days=1)
    return streak


def next_pill(taken: list[datetime], hours: int, most: int, now: datetime) -> datetime | None:
    """Return when the next pill may be taken, or None if today's are used up."""
    today = [moment for moment in taken if moment.date() == now.date()]
    if len(today) >= most:
        return None
    if not taken:
        return now
    return max(now, max(taken) + timedelta(hours=hours))
