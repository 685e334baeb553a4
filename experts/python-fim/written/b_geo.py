"""Places on a map: coordinates, tracks, tiles and formats."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

EARTH = 6371.0  # km


@dataclass(frozen=True)
class Place:
    """A named point on the earth."""

    name: str
    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not -90 <= self.lat <= 90:
            raise ValueError(f"no latitude: {self.lat}")
        if not -180 <= self.lon <= 180:
            raise ValueError(f"no longitude: {self.lon}")

    def distance_to(self, other: Place) -> float:
        """Return the distance to another place in kilometres."""
        lat1, lat2 = math.radians(self.lat), math.radians(other.lat)
        dlat = lat2 - lat1
        dlon = math.radians(other.lon - self.lon)
        a = math.sin(dlat / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
        return 2 * EARTH * math.asin(math.sqrt(a))

    def to_feature(self) -> dict:
        """Return the place as a GeoJSON feature."""
        return {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [self.lon, self.lat]},
            "properties": {"name": self.name},
        }


def to_degrees(degrees: int, minutes: int, seconds: float, side: str) -> float:
    """Return a coordinate in decimal degrees; south and west are negative.

    >>> to_degrees(48, 30, 0, "S")
    -48.5
    """
    value = degrees + minutes / 60 + seconds / 3600
    return -value if side in "SW" else value


def to_dms(value: float, sides: str = "NS") -> str:
    """Return a coordinate in degrees, minutes and seconds.

    >>> to_dms(-48.5)
    '48°30\\'0"S'
    """
    side = sides[0] if value >= 0 else sides[1]
    total = round(abs(value) * 3600)
    degrees, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{degrees}°{minutes}'{seconds}\"{side}"


def compass(bearing: float) -> str:
    """Return the direction of a bearing as letters.

    >>> compass(95)
    'E'
    """
    names = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"]
    return names[round(bearing / 45) % 8]


def track_length(points: list[tuple[float, float]]) -> float:
    """Return the length of a track on a plane."""
    length = 0.0
    for (x1, y1), (x2, y2) in zip(points, points[1:]):  # noqa: B905, RUF007
        length += math.hypot(x2 - x1, y2 - y1)
    return length


def total_climb(heights: list[float]) -> float:
    """Return how many metres a track goes up in all.

    >>> total_climb([100, 150, 120, 200])
    130
    """
    climb = 0
    for before, after in zip(heights, heights[1:]):  # noqa: B905, RUF007
        if after > before:
            climb += after - before
    return climb


def average_speed(kilometres: float, minutes: float) -> float:
    """Return a speed in kilometres an hour."""
    if minutes <= 0:
        raise ValueError("minutes must be positive")
    return kilometres / (minutes / 60)


def pace(kilometres: float, seconds: int) -> str:
    """Return how long a runner takes for a kilometre.

    >>> pace(10, 3150)
    '5:15'
    """
    minutes, rest = divmod(round(seconds / kilometres), 60)
    return f"{minutes}:{rest:02d}"


def tile_of(lat: float, lon: float, zoom: int) -> tuple[int, int]:
    """Return column and row of the map tile that shows a point.

    >>> tile_of(0.0, 0.0, 1)
    (1, 1)
    """
    n = 2**zoom
    column = int((lon + 180) / 360 * n)
    angle = math.radians(lat)
    row = int((1 - math.asinh(math.tan(angle)) / math.pi) / 2 * n)
    return column, row


def within(places: list[Place], center: Place, radius: float) -> list[Place]:
    """Return the places within a radius in kilometres, the nearest first."""
    found = []
    for place in places:
        distance = center.distance_to(place)
        if distance <= radius:
            found.append((distance, place))
    found.sort(key=lambda pair: pair[0])
    return [place for _, place in found]


def visiting_order(places: list[Place]) -> list[Place]:
    """Return the places in an order in which the next one is always the nearest."""
    route = places[:1]
    left = places[1:]
    while left:
        nearest = min(left, key=route[-1].distance_to)
        route.append(nearest)
        left.remove(nearest)
    return route


def simplify(points: list[tuple[float, float]], step: float) -> list[tuple[float, float]]:
    """Return a track without points that are closer than a step to the one kept before."""
    kept = points[:1]
    for x, y in points[1:]:
        last_x, last_y = kept[-1]
        if math.hypot(x - last_x, y - last_y) >= step:
            kept.append((x, y))
    return kept


def inside_box(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    """Whether a point lies in a box of (west, south, east, north)."""
    x, y = point
    west, south, east, north = box
    return west <= x <= east and south <= y <= north


def write_geojson(places: list[Place], path: Path) -> None:
    """Write places to a GeoJSON file."""
    collection = {"type": "FeatureCollection", "features": [place.to_feature() for place in places]}
    path.write_text(json.dumps(collection, indent=2), encoding="utf-8")


def read_geojson(path: Path) -> list[Place]:
    """Read the points of a GeoJSON file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    places = []
    for feature in data["features"]:
        if feature["geometry"]["type"] != "Point":
            continue
        lon, lat = feature["geometry"]["coordinates"][:2]
        name = feature["properties"].get("name", "")
        places.append(Place(name, lat, lon))
    return places


def grid_reference(x: int, y: int, size: int = 100) -> str:
    """Return the square of a town map, like C4, that a point lies in.

    >>> grid_reference(250, 310)
    'C4'
    """
    column = chr(ord("A") + x // size)
    row = y // size + 1
    return f"{column}{row}"
