"""Concurrent code with asyncio and threads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


async def gather_limited(jobs: Iterable[Awaitable[T]], limit: int) -> list[T]:
    """Await many jobs, at most so many of them at once."""
    semaphore = asyncio.Semaphore(limit)

    async def run(job: Awaitable[T]) -> T:
        async with semaphore:
            return await job

    return await asyncio.gather(*(run(job) for job in jobs))


async def retry(make: Callable[[], Awaitable[T]], attempts: int = 3, delay: float = 0.5) -> T:
    """Await a job again after failures, waiting longer each time."""
    for attempt in range(1, attempts + 1):
        try:
            return await make()
        except OSError as error:
            if attempt == attempts:
                raise
            log.warning("attempt %d failed: %s", attempt, error)
            await asyncio.sleep(delay * 2 ** (attempt - 1))
    raise ValueError("attempts must be at least 1")


async def with_timeout(job: Awaitable[T], seconds: float, default: T | None = None) -> T | None:
    """Await a job and return the default if it takes too long."""
    try:
        return await asyncio.wait_for(job, timeout=seconds)
    except asyncio.TimeoutError:
        return default


async def ticker(interval: float, count: int) -> AsyncIterator[int]:
    """Yield numbers at a steady pace."""
    for number in range(count):
        yield number
        await asyncio.sleep(interval)


async def worker(queue: asyncio.Queue[Any], handle: Callable[[Any], Awaitable[None]]) -> None:
    """Handle the queue's items until cancelled."""
    while True:
        item = await queue.get()
        try:
            await handle(item)
        except Exception:
            log.exception("could not handle %r", item)
        finally:
            queue.task_done()


async def process_all(items: Iterable[Any], handle: Callable[[Any], Awaitable[None]], workers: int = 4) -> None:
    """Handle all items with a pool of workers."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    for item in items:
        queue.put_nowait(item)
    tasks = [asyncio.create_task(worker(queue, handle)) for _ in range(workers)]
    await queue.join()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run_command(*command: str) -> tuple[int, str]:
    """Run a command and return its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def first_result(jobs: list[Awaitable[T]]) -> T:
    """Return the result of the job that is done first and cancel the others."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return done.pop().result()


async def echo_handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send every line back to the client in upper case."""
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


class RateLimiter:
    """At most so many calls in a period."""

    def __init__(self, calls: int, period: float) -> None:
        self.calls = calls
        self.period = period
        self._times: list[float] = []
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Wait until another call is allowed."""
        async with self._lock:
            now = time.monotonic()
            self._times = [moment for moment in self._times if now - moment < self.period]
            if len(self._times) >= self.calls:
                await asyncio.sleep(self.period - (now - self._times[0]))
            self._times.append(time.monotonic())


class EventBus:
    """Events and who listens to them."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Callable[..., Awaitable[None]]]] = {}

    def on(self, event: str, listener: Callable[..., Awaitable[None]]) -> None:
        """Call the listener whenever the event is sent."""
        self._listeners.setdefault(event, []).append(listener)

    def off(self, event: str, listener: Callable[..., Awaitable[None]]) -> None:
        """Stop calling the listener for the event."""
        with contextlib.suppress(KeyError, ValueError):
            self._listeners[event].remove(listener)

    async def send(self, event: str, **data: Any) -> int:
        """Send an event to its listeners and return how many there are."""
        listeners = self._listeners.get(event, [])
        await asyncio.gather(*(listener(**data) for listener in listeners))
        return len(listeners)


class Counter:
    """A counter that threads can share."""

    def __init__(self) -> None:
        self._value = 0
        self._lock = threading.Lock()

    def increment(self, by: int = 1) -> int:
        """Add to the counter and return its new value."""
        with self._lock:
            self._value += by
            return self._value

    @property
    def value(self) -> int:
        """Return the current value."""
        with self._lock:
            return self._value


def parallel_map(function: Callable[[T], Any], items: list[T], threads: int = 8) -> dict[T, Any]:
    """Call a function for every item in threads and return the results by item."""
    results = {}
    with ThreadPoolExecutor(max_workers=threads) as pool:
        futures = {pool.submit(function, item): item for item in items}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
    return results


class Repeater(threading.Thread):
    """A thread that calls a function again and again."""

    def __init__(self, interval: float, function: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.interval = interval
        self.function = function
        self._stopped = threading.Event()

    def run(self) -> None:
        """Call the function until the thread is stopped."""
        while not self._stopped.wait(self.interval):
            self.function()

    def stop(self) -> None:
        """Stop calling and wait for the thread to end."""
        self._stopped.set()
        self.join()


def wait_until(condition: Callable[[], bool], timeout: float = 5.0, interval: float = 0.05) -> bool:
    """Wait for a condition; whether it came true in time."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(interval)
    return condition()


def backoff_delays(base: float = 0.1, factor: float = 2.0, limit: float = 30.0, jitter: float = 0.1) -> Iterable[float]:
    """Yield ever longer delays with some jitter, up to a limit."""
    delay = base
    while True:
        yield min(delay, limit) * (1 + random.uniform(-jitter, jitter))
        delay = min(delay * factor, limit)
