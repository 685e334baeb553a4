"""Tasks, calendars, queues and state machines."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any, ClassVar


class Priority(IntEnum):
    """How urgent a task is."""

    LOW = 1
    NORMAL = 2
    HIGH = 3


@dataclass
class Task:
    """Something to do."""

    title: str
    due: date | None = None
    priority: Priority = Priority.NORMAL
    done: bool = False
    tags: set[str] = field(default_factory=set)

    def is_overdue(self, today: date) -> bool:
        """Whether the task should have been done before today."""
        return not self.done and self.due is not None and self.due < today

    def postpone(self, days: int = 1) -> None:
        """Move the due date back by some days."""
        if self.due is None:
            raise ValueError("the task has no due date")
        self.due += timedelta(days=days)


class TodoList:
    """Tasks that can be searched and sorted."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def add(self, title: str, **options: Any) -> Task:
        """Add a task and return it."""
        task = Task(title, **options)
        self.tasks.append(task)
        return task

    def complete(self, title: str) -> None:
        """Mark the task of that title as done."""
        for task in self.tasks:
            if task.title == title and not task.done:
                task.done = True
                return
        raise LookupError(f"no open task {title!r}")

    def open(self) -> list[Task]:
        """Return the open tasks, the most urgent first."""
        tasks = [task for task in self.tasks if not task.done]
        return sorted(tasks, key=lambda task: (-task.priority, task.due or date.max))

    def by_tag(self) -> dict[str, list[Task]]:
        """Group the tasks by their tags."""
        groups: dict[str, list[Task]] = defaultdict(list)
        for task in self.tasks:
            for tag in task.tags:
                groups[tag].append(task)
        return dict(groups)

    def progress(self) -> float:
        """Return the share of tasks that are done."""
        if not self.tasks:
            return 0.0
        return sum(task.done for task in self.tasks) / len(self.tasks)


class Scheduler:
    """Runs functions at given times."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Run an action at a moment."""
        heapq.heappush(self._queue, (moment, next(self._numbers), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run an action after some seconds."""
        self.at(self.clock() + seconds, action)

    def run_due(self) -> int:
        """Run all actions whose time has come and return how many."""
        count = 0
        while self._queue and self._queue[0][0] <= self.clock():
            _, _, action = heapq.heappop(self._queue)
            action()
            count += 1
        return count

    def next_time(self) -> float | None:
        """Return when the next action is due, or None."""
        return self._queue[0][0] if self._queue else None


class TrafficLight:
    """A light that changes its color in a fixed order."""

    FOLLOWS: ClassVar[dict[str, str]] = {"red": "green", "green": "yellow", "yellow": "red"}
    SECONDS: ClassVar[dict[str, int]] = {"red": 30, "green": 25, "yellow": 3}

    def __init__(self, color: str = "red") -> None:
        self.color = color
        self.left = self.SECONDS[color]

    def tick(self, seconds: int = 1) -> str:
        """Let time pass and return the color."""
        self.left -= seconds
        while self.left <= 0:
            self.color = self.FOLLOWS[self.color]
            self.left += self.SECONDS[self.color]
        return self.color


class StateMachine:
    """States and the events that lead from one to another."""

    def __init__(self, start: str) -> None:
        self.state = start
        self.history = [start]
        self._moves: dict[tuple[str, str], str] = {}

    def allow(self, source: str, event: str, target: str) -> None:
        """Allow an event in a state and say where it leads."""
        self._moves[source, event] = target

    def can(self, event: str) -> bool:
        """Whether an event is allowed in the current state."""
        return (self.state, event) in self._moves

    def send(self, event: str) -> str:
        """Go to the next state and return it."""
        if not self.can(event):
            raise ValueError(f"{event!r} is not allowed in state {self.state!r}")
        self.state = self._moves[self.state, event]
        self.history.append(self.state)
        return self.state


def round_robin(jobs: dict[str, int], slice_length: int) -> list[tuple[str, int]]:
    """Return which job runs how long, each for at most one slice at a time."""
    queue = deque(jobs.items())
    order = []
    while queue:
        name, left = queue.popleft()
        ran = min(left, slice_length)
        order.append((name, ran))
        if left > ran:
            queue.append((name, left - ran))
    return order


def free_slots(
    busy: list[tuple[datetime, datetime]], start: datetime, end: datetime, length: timedelta
) -> list[tuple[datetime, datetime]]:
    """Return the gaps between appointments that are long enough."""
    slots = []
    current = start
    for begins, ends in sorted(busy):
        if begins - current >= length:
            slots.append((current, begins))
        current = max(current, ends)
    if end - current >= length:
        slots.append((current, end))
    return slots


def assign_shifts(workers: list[str], days: list[date], per_day: int = 2) -> dict[date, list[str]]:
    """Assign workers to days in turn."""
    turn = itertools.cycle(workers)
    return {day: [next(turn) for _ in range(per_day)] for day in days}


def conflicts(bookings: list[tuple[str, int, int]]) -> list[tuple[str, str]]:
    """Return the pairs of bookings that overlap."""
    found = []
    for (a, start_a, end_a), (b, start_b, end_b) in itertools.combinations(bookings, 2):
        if start_a < end_b and start_b < end_a:
            found.append((a, b))
    return found


def next_run(last: datetime, every: timedelta, now: datetime) -> datetime:
    """Return the first planned run that is not in the past."""
    if last >= now:
        return last
    missed = (now - last) // every
    following = last + missed * every
    return following if following >= now else following + every


def matches_cron_field(text: str, value: int) -> bool:
    """Whether a value fits a cron field such as "*/15" or "1-5"."""
    if text == "*":
        return True
    for part in text.split(","):
        if part.startswith("*/"):
            if value % int(part[2:]) == 0:
                return True
        elif "-" in part:
            low, high = map(int, part.split("-"))
            if low <= value <= high:
                return True
        elif int(part) == value:
            return True
    return False


def critical_path(tasks: dict[str, tuple[int, list[str]]]) -> int:
    """Return the least time that all tasks take if enough people help."""
    finished: dict[str, int] = {}

    def finish(name: str) -> int:
        if name not in finished:
            length, needs = tasks[name]
            finished[name] = length + max((finish(need) for need in needs), default=0)
        return finished[name]

    return max((finish(name) for name in tasks), default=0)
