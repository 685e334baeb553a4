"""Points, shapes, colors and units."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, order=True)
class Point:
    """A point in the plane."""

    x: float
    y: float

    def __add__(self, other: Point) -> Point:
        return Point(self.x + other.x, self.y + other.y)

    def __sub__(self, other: Point) -> Point:
        return Point(self.x - other.x, self.y - other.y)

    def __mul__(self, factor: float) -> Point:
        return Point(self.x * factor, self.y * factor)

    def distance(self, other: Point) -> float:
        """Return the distance to another point."""
        return math.hypot(self.x - other.x, self.y - other.y)

    def rotate(self, degrees: float) -> Point:
        """Return the point rotated around the origin."""
        angle = math.radians(degrees)
        cos, sin = math.cos(angle), math.sin(angle)
        return Point(self.x * cos - self.y * sin, self.x * sin + self.y * cos)


class Shape(ABC):
    """Something with an area."""

    @property
    @abstractmethod
    def area(self) -> float:
        """Return the area of the shape."""

    @property
    @abstractmethod
    def perimeter(self) -> float:
        """Return the length of the shape's outline."""

    def __lt__(self, other: Shape) -> bool:
        return self.area < other.area


class Circle(Shape):
    """All points at one distance from a center."""

    def __init__(self, center: Point, radius: float) -> None:
        if radius < 0:
            raise ValueError("radius must not be negative")
        self.center = center
        self.radius = radius

    @property
    def area(self) -> float:
        """Return the area of the circle."""
        return math.pi * self.radius**2

    @property
    def perimeter(self) -> float:
        """Return the circumference of the circle."""
        return 2 * math.pi * self.radius

    def contains(self, point: Point) -> bool:
        """Whether a point lies in the circle or on its edge."""
        return self.center.distance(point) <= self.radius

    def intersects(self, other: Circle) -> bool:
        """Whether two circles overlap."""
        return self.center.distance(other.center) <= self.radius + other.radius


class Rectangle(Shape):
    """A rectangle along the axes."""

    def __init__(self, left: float, top: float, width: float, height: float) -> None:
        self.left = left
        self.top = top
        self.width = width
        self.height = height

    @property
    def right(self) -> float:
        """Return the x coordinate of the right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Return the y coordinate of the bottom edge."""
        return self.top + self.height

    @property
    def area(self) -> float:
        """Return the area of the rectangle."""
        return self.width * self.height

    @property
    def perimeter(self) -> float:
        """Return the length of the four edges."""
        return 2 * (self.width + self.height)

    def overlaps(self, other: Rectangle) -> bool:
        """Whether two rectangles have an area in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def intersection(self, other: Rectangle) -> Rectangle | None:
        """Return the common part of two rectangles, or None."""
        if not self.overlaps(other):
            return None
        left, top = max(self.left, other.left), max(self.top, other.top)
        width = min(self.right, other.right) - left
        height = min(self.bottom, other.bottom) - top
        return Rectangle(left, top, width, height)

    def scaled(self, factor: float) -> Rectangle:
        """Return a rectangle with the same corner and scaled sides."""
        return Rectangle(self.left, self.top, self.width * factor, self.height * factor)


def polygon_area(points: list[Point]) -> float:
    """Return the area of a polygon from its corners in order."""
    total = 0.0
    for i, point in enumerate(points):
        following = points[(i + 1) % len(points)]
        total += point.x * following.y - following.x * point.y
    return abs(total) / 2


def centroid(points: list[Point]) -> Point:
    """Return the mean of the points."""
    if not points:
        raise ValueError("no points")
    count = len(points)
    return Point(sum(p.x for p in points) / count, sum(p.y for p in points) / count)


def bounding_box(points: list[Point]) -> Rectangle:
    """Return the smallest rectangle that holds all points."""
    left, right = min(p.x for p in points), max(p.x for p in points)
    top, bottom = min(p.y for p in points), max(p.y for p in points)
    return Rectangle(left, top, right - left, bottom - top)


def haversine(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the distance between two places on Earth in kilometers."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_phi = (phi2 - phi1) / 2
    half_lambda = math.radians(lon2 - lon1) / 2
    a = math.sin(half_phi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(a))


def closest(points: list[Point], target: Point) -> Point:
    """Return the point that is nearest to the target."""
    return min(points, key=target.distance)


def path_length(points: list[Point]) -> float:
    """Return the length of a path through the points."""
    return sum(a.distance(b) for a, b in itertools.pairwise(points))


class Color(NamedTuple):
    """A color by its red, green and blue."""

    red: int
    green: int
    blue: int

    @classmethod
    def from_hex(cls, text: str) -> Color:
        """Parse a color such as "#ff8800" or "#f80"."""
        text = text.lstrip("#")
        if len(text) == 3:
            text = "".join(char * 2 for char in text)
        return cls(*(int(text[i : i + 2], 16) for i in (0, 2, 4)))

    def to_hex(self) -> str:
        """Return the color in hexadecimal notation."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"

    def luminance(self) -> float:
        """Return how bright the color looks, from 0 to 1."""
        return (0.299 * self.red + 0.587 * self.green + 0.114 * self.blue) / 255

    def mix(self, other: Color, share: float = 0.5) -> Color:
        """Return a mixture of two colors."""
        return Color(*(round(a + (b - a) * share) for a, b in zip(self, other, strict=True)))


def text_color(background: Color) -> str:
    """Return black or white, whichever is easier to read on the background."""
    return "black" if background.luminance() > 0.5 else "white"


def celsius_to_fahrenheit(celsius: float) -> float:
    """Convert a temperature from Celsius to Fahrenheit."""
    return celsius * 9 / 5 + 32


def clamp(value: float, low: float, high: float) -> float:
    """Return the value kept between low and high."""
    return max(low, min(value, high))


def lerp(start: float, end: float, t: float) -> float:
    """Return the point at share t of the way from start to end."""
    return start + (end - start) * t


def normalize_angle(degrees: float) -> float:
    """Return the same angle between -180 and 180 degrees."""
    return (degrees + 180) % 360 - 180


def fit_within(width: int, height: int, max_width: int, max_height: int) -> tuple[int, int]:
    """Return the size of an image shrunk to fit, in its proportions."""
    scale = min(max_width / width, max_height / height, 1.0)
    return round(width * scale), round(height * scale)
