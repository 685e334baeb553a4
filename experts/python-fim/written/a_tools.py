"""Decorators, context managers and iterators."""

from __future__ import annotations

import functools
import os
import sys
import time
import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def timed(function: Callable[..., T]) -> Callable[..., T]:
    """Print how long each call of the function takes."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> T:
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            elapsed = time.perf_counter() - start
            print(f"{function.__name__} took {elapsed:.3f} s", file=sys.stderr)

    return wrapper


def retry(times: int = 3, delay: float = 1.0, errors: tuple[type[Exception], ...] = (OSError,)) -> Callable[..., Any]:
    """Call the function again when it raises one of the errors."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> T:
            for attempt in range(times):
                try:
                    return function(*args, **kwargs)
                except errors:
                    if attempt + 1 == times:
                        raise
                    time.sleep(delay)
            raise ValueError("times must be positive")

        return wrapper

    return decorate


def memoize(function: Callable[..., T]) -> Callable[..., T]:
    """Remember the results of a function by its arguments."""
    results: dict[Any, T] = {}

    @functools.wraps(function)
    def wrapper(*args: Any) -> T:
        if args not in results:
            results[args] = function(*args)
        return results[args]

    return wrapper


def deprecated(instead: str) -> Callable[..., Any]:
    """Warn at each call that another function should be used."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> T:
            message = f"{function.__name__} is deprecated, use {instead}"
            warnings.warn(message, DeprecationWarning, stacklevel=2)
            return function(*args, **kwargs)

        return wrapper

    return decorate


def count_calls(function: Callable[..., T]) -> Callable[..., T]:
    """Count the calls of a function in its attribute `calls`."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> T:
        wrapper.calls += 1
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


def singleton(cls: type[T]) -> Callable[..., T]:
    """Make a class return the same instance each time."""
    instances: dict[type[T], T] = {}

    @functools.wraps(cls)
    def get(*args: Any, **kwargs: Any) -> T:
        if cls not in instances:
            instances[cls] = cls(*args, **kwargs)
        return instances[cls]

    return get


@contextmanager
def stopwatch(label: str) -> Iterator[None]:
    """Print how long the block took."""
    start = time.perf_counter()
    try:
        yield
    finally:
        print(f"{label}: {time.perf_counter() - start:.2f} s")


@contextmanager
def working_directory(path: Path) -> Iterator[Path]:
    """Change the working directory for the block."""
    before = Path.cwd()
    os.chdir(path)
    try:
        yield path
    finally:
        os.chdir(before)


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set environment variables for the block and restore them after."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Suppressed:
    """A block whose errors are kept instead of raised."""

    def __init__(self, *errors: type[BaseException]) -> None:
        self.errors = errors
        self.caught: BaseException | None = None

    def __enter__(self) -> Suppressed:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: object) -> bool:
        if kind is not None and issubclass(kind, self.errors):
            self.caught = value
            return True
        return False


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of at most the given size."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def unique(items: Iterable[T], key: Callable[[T], Hashable] | None = None) -> Iterator[T]:
    """Yield each item once, in the order of first occurrence."""
    seen: set[Hashable] = set()
    for item in items:
        mark = key(item) if key else item
        if mark not in seen:
            seen.add(mark)
            yield item


def sliding_window(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """Yield every run of so many neighbouring items."""
    window: deque[T] = deque(maxlen=size)
    for item in items:
        window.append(item)
        if len(window) == size:
            yield tuple(window)


def first(items: Iterable[T], condition: Callable[[T], bool], default: T | None = None) -> T | None:
    """Return the first item that meets the condition, or the default."""
    return next((item for item in items if condition(item)), default)


def partition(items: Iterable[T], condition: Callable[[T], bool]) -> tuple[list[T], list[T]]:
    """Split items into those that meet the condition and the others."""
    yes: list[T] = []
    no: list[T] = []
    for item in items:
        (yes if condition(item) else no).append(item)
    return yes, no


def group_by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Group items by the key that a function gives them."""
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def flatten(nested: Iterable[Any]) -> Iterator[Any]:
    """Yield the items of nested lists, however deep."""
    for item in nested:
        if isinstance(item, (list, tuple)):
            yield from flatten(item)
        else:
            yield item


def round_robin(*iterables: Iterable[T]) -> Iterator[T]:
    """Yield one item of each iterable in turn until all are empty."""
    iterators = [iter(iterable) for iterable in iterables]
    while iterators:
        for iterator in list(iterators):
            try:
                yield next(iterator)
            except StopIteration:
                iterators.remove(iterator)


def pairs(mapping: dict[str, list[T]]) -> Iterator[tuple[str, T]]:
    """Yield each key with each of its values."""
    return chain.from_iterable(((key, value) for value in values) for key, values in mapping.items())


class ExpiringCache:
    """A cache whose entries end after a time."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.clock = clock
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def __setitem__(self, key: Hashable, value: Any) -> None:
        self._entries[key] = (self.clock() + self.seconds, value)

    def __getitem__(self, key: Hashable) -> Any:
        expires, value = self._entries[key]
        if self.clock() >= expires:
            del self._entries[key]
            raise KeyError(key)
        return value

    def get_or_make(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the cached value, made anew if it is missing or has ended."""
        try:
            return self[key]
        except KeyError:
            value = make()
            self[key] = value
            return value


class Countdown:
    """An iterator from a number down to one."""

    def __init__(self, start: int) -> None:
        self.current = start

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if self.current <= 0:
            raise StopIteration
        self.current -= 1
        return self.current + 1


class cached_property:
    """A property that is computed once for each instance."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.name = function.__name__

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        value = self.function(instance)
        instance.__dict__[self.name] = value
        return value


def compose(*functions: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that calls the given ones from right to left."""
    return functools.reduce(lambda outer, inner: lambda value: outer(inner(value)), functions)
