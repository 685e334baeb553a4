"""Code that leans on types: generics, protocols, results, literals and typed dictionaries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from enum import Enum, Flag, auto
from typing import Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

UserId = NewType("UserId", int)
Level = Literal["debug", "info", "error"]


class Address(TypedDict, total=False):
    """An address as it comes from an API."""

    street: str
    city: str
    country: str


class Box(NamedTuple):
    """A box in a picture."""

    left: int
    top: int
    width: int
    height: int

    @property
    def area(self) -> int:
        """Return how many points the box covers."""
        return self.width * self.height

    def moved(self, dx: int, dy: int) -> Box:
        """Return the box at another place."""
        return self._replace(left=self.left + dx, top=self.top + dy)


class Permission(Flag):
    """What somebody may do with a file."""

    NONE = 0
    READ = auto()
    WRITE = auto()
    SHARE = auto()

    @classmethod
    def parse(cls, text: str) -> Permission:
        """Return the permissions of a text like read,write."""
        result = cls.NONE
        for name in text.split(","):
            if name:
                result |= cls[name.strip().upper()]
        return result


class Weekday(Enum):
    """The days of the week."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @property
    def is_weekend(self) -> bool:
        """Whether the day is a Saturday or a Sunday."""
        return self in (Weekday.SATURDAY, Weekday.SUNDAY)

    def plus(self, days: int) -> Weekday:
        """Return the day some days later."""
        return Weekday((self.value - 1 + days) % 7 + 1)


@dataclass(frozen=True)
class Ok(Generic[T]):
    """A result that worked out."""

    value: T

    def map(self, function: Callable[[T], U]) -> Ok[U]:
        """Return the result of a function on the value."""
        return Ok(function(self.value))

    def unwrap_or(self, default: T) -> T:
        """Return the value."""
        return self.value


@dataclass(frozen=True)
class Err:
    """A result that failed, with a reason."""

    reason: str

    def map(self, function: Callable[[Any], Any]) -> Err:
        """Return the same error."""
        return self

    def unwrap_or(self, default: T) -> T:
        """Return the default."""
        return default


Result = Ok[T] | Err


def parse_age(text: str) -> Result[int]:
    """Return an age, or why the text is none.

    >>> parse_age("42").unwrap_or(0)
    42
    >>> parse_age("abc")
    Err(reason='not a number')
    """
    if not text.strip().isdigit():
        return Err("not a number")
    age = int(text)
    if age > 150:
        return Err("nobody is that old")
    return Ok(age)


class Maybe(Generic[T]):
    """A value that may be missing."""

    def __init__(self, value: T | None) -> None:
        self._value = value

    def then(self, function: Callable[[T], U | None]) -> Maybe[U]:
        """Apply a function unless the value is missing."""
        if self._value is None:
            return Maybe(None)
        return Maybe(function(self._value))

    def get(self, default: T) -> T:
        """Return the value, or a default if it is missing."""
        return default if self._value is None else self._value


class LowerKeys(MutableMapping[str, V]):
    """A mapping that does not care about the case of its keys."""

    def __init__(self, items: Mapping[str, V] | None = None) -> None:
        self._data: dict[str, V] = {}
        for key, value in (items or {}).items():
            self[key] = value

    def __getitem__(self, key: str) -> V:
        return self._data[key.lower()]

    def __setitem__(self, key: str, value: V) -> None:
        self._data[key.lower()] = value

    def __delitem__(self, key: str) -> None:
        del self._data[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


class Repository(ABC, Generic[K, T]):
    """Where things are kept by a key."""

    @abstractmethod
    def get(self, key: K) -> T | None:
        """Return the thing under a key, or None."""

    @abstractmethod
    def put(self, key: K, item: T) -> None:
        """Store a thing under a key."""

    def require(self, key: K) -> T:
        """Return the thing under a key, or fail if there is none."""
        item = self.get(key)
        if item is None:
            raise LookupError(f"nothing under {key!r}")
        return item


class InMemory(Repository[K, T]):
    """A repository that forgets all at the end of the program."""

    def __init__(self) -> None:
        self.items: dict[K, T] = {}

    def get(self, key: K) -> T | None:
        """Return the thing under a key, or None."""
        return self.items.get(key)

    def put(self, key: K, item: T) -> None:
        """Store a thing under a key."""
        self.items[key] = item


@dataclass(frozen=True)
class Theme:
    """How a page looks."""

    font: str = "sans"
    size: int = 12
    dark: bool = False
    accents: tuple[str, ...] = field(default=("blue",))

    def larger(self, by: int = 2) -> Theme:
        """Return the theme with a larger font."""
        return replace(self, size=self.size + by)

    def with_accent(self, color: str) -> Theme:
        """Return the theme with one more accent."""
        if color in self.accents:
            return self
        return replace(self, accents=(*self.accents, color))


@overload
def first(items: Iterable[T]) -> T | None: ...
@overload
def first(items: Iterable[T], default: U) -> T | U: ...
def first(items: Iterable[Any], default: Any = None) -> Any:
    """Return the first item, or a default if there is none."""
    for item in items:
        return item
    return default


def index_by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, T]:
    """Return the items by a key that each has only once.

    >>> index_by(["ox", "bear"], len)
    {2: 'ox', 4: 'bear'}
    """
    result: dict[K, T] = {}
    for item in items:
        mark = key(item)
        if mark in result:
            raise ValueError(f"two items have the key {mark!r}")
        result[mark] = item
    return result


def pipe(value: Any, *steps: Callable[[Any], Any]) -> Any:
    """Pass a value through functions from left to right.

    >>> pipe(" 7 ", str.strip, int, lambda n: n + 1)
    8
    """
    for step in steps:
        value = step(value)
    return value


def format_address(address: Address) -> str:
    """Return the parts of an address that are there, on one line.

    >>> format_address({"street": "Long Lane 1", "country": "UK"})
    'Long Lane 1, UK'
    """
    parts = [address.get("street"), address.get("city"), address.get("country")]
    return ", ".join(part for part in parts if part)


def is_at_least(level: Level, minimum: Level) -> bool:
    """Whether a level is as serious as a minimum."""
    order: list[Level] = ["debug", "info", "error"]
    return order.index(level) >= order.index(minimum)


def assert_never(value: Any) -> Any:
    """Fail because a case was forgotten."""
    raise AssertionError(f"unexpected value: {value!r}")
