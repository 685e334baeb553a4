"""Chemistry and physics of the classroom."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

MASSES = {"H": 1.008, "C": 12.011, "N": 14.007, "O": 15.999, "Na": 22.990, "S": 32.06, "Cl": 35.45, "Fe": 55.845}
GAS_CONSTANT = 8.314


@dataclass
class Element:
    """A chemical element."""

    symbol: str
    name: str
    number: int

    @property
    def shells(self) -> list[int]:
        """Return how many electrons each shell holds, filled from the inside."""
        left = self.number
        shells = []
        n = 1
        while left > 0:
            held = min(left, 2 * n * n)
            shells.append(held)
            left -= held
            n += 1
        return shells


def parse_formula(formula: str) -> Counter[str]:
    """Count the atoms of a formula, groups in brackets included.

    >>> dict(parse_formula("Fe(OH)3"))
    {'Fe': 1, 'O': 3, 'H': 3}
    """
    stack: list[Counter[str]] = [Counter()]
    for symbol, count, opening, closing, times in re.findall(r"([A-Z][a-z]?)(\d*)|(\()|(\))(\d*)", formula):
        if opening:
            stack.append(Counter())
        elif closing:
            group = stack.pop()
            for atom, amount in group.items():
                stack[-1][atom] += amount * int(times or 1)
        else:
            stack[-1][symbol] += int(count or 1)
    return stack[0]


def molar_mass(formula: str) -> float:
    """Return the mass of one mole in grams.

    >>> round(molar_mass("H2O"), 3)
    18.015
    """
    return sum(MASSES[atom] * count for atom, count in parse_formula(formula).items())


def mass_shares(formula: str) -> dict[str, float]:
    """Return the percentage of the mass that each element has.

    >>> mass_shares("H2O")
    {'H': 11.2, 'O': 88.8}
    """
    total = molar_mass(formula)
    shares = {}
    for atom, count in parse_formula(formula).items():
        shares[atom] = round(100 * MASSES[atom] * count / total, 1)
    return shares


def is_balanced(equation: str) -> bool:
    """Whether both sides of an equation have the same atoms.

    >>> is_balanced("2 H2 + O2 -> 2 H2O")
    True
    """
    sides = []
    for side in equation.split("->"):
        atoms: Counter[str] = Counter()
        for term in side.split("+"):
            match = re.fullmatch(r"\s*(\d*)\s*(\w+)\s*", term)
            if match is None:
                raise ValueError(f"not a term: {term}")
            for atom, count in parse_formula(match[2]).items():
                atoms[atom] += count * int(match[1] or 1)
        sides.append(atoms)
    return sides[0] == sides[1]


def dilution(stock: float, wanted: float, volume: float) -> tuple[float, float]:
    """Return how much of a stock solution and of water to mix.

    >>> dilution(10, 2, 500)
    (100.0, 400.0)
    """
    if wanted > stock:
        raise ValueError("a solution cannot be made stronger with water")
    needed = wanted * volume / stock
    return needed, volume - needed


def ph(concentration: float) -> float:
    """Return the pH of a concentration of hydrogen ions.

    >>> ph(0.001)
    3.0
    """
    return round(-math.log10(concentration), 2)


def acidity(value: float) -> str:
    """Return what a pH means.

    >>> acidity(4.5)
    'acidic'
    """
    if value < 7:
        return "acidic"
    if value > 7:
        return "basic"
    return "neutral"


def gas_volume(moles: float, kelvin: float, pascal: float) -> float:
    """Return the volume of an ideal gas in cubic metres."""
    return moles * GAS_CONSTANT * kelvin / pascal


def remaining(start: float, half_life: float, time: float) -> float:
    """Return how much of a substance has not decayed after some time.

    >>> remaining(80, 5, 15)
    10.0
    """
    return start * 0.5 ** (time / half_life)


def limiting(available: dict[str, float], needed: dict[str, float]) -> str:
    """Return the reactant that runs out first.

    >>> limiting({"H2": 4, "O2": 1}, {"H2": 2, "O2": 1})
    'O2'
    """
    return min(needed, key=lambda name: available[name] / needed[name])


def parallel(*resistors: float) -> float:
    """Return the resistance of resistors side by side.

    >>> parallel(6, 3)
    2.0
    """
    return 1 / sum(1 / resistor for resistor in resistors)


def resistor_bands(first: str, second: str, factor: str) -> int:
    """Return the ohms of a resistor by its coloured bands.

    >>> resistor_bands("brown", "green", "orange")
    15000
    """
    colors = ["black", "brown", "red", "orange", "yellow", "green", "blue", "violet", "grey", "white"]
    tens = colors.index(first)
    ones = colors.index(second)
    return (tens * 10 + ones) * 10 ** colors.index(factor)


def fall_time(height: float, gravity: float = 9.81) -> float:
    """Return how many seconds a fall takes without air."""
    return math.sqrt(2 * height / gravity)


def mix_temperature(parts: list[tuple[float, float]]) -> float:
    """Return the temperature of mixed water; parts are (litres, degrees).

    >>> mix_temperature([(1, 80), (3, 20)])
    35.0
    """
    heat = sum(litres * degrees for litres, degrees in parts)
    return heat / sum(litres for litres, _ in parts)
