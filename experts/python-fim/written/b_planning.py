"""Planning: rotas, deadlines, rooms, routes of deliveries and resources."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta


@dataclass(order=True)
class Job:
    """Something to be done by a deadline; jobs are ordered by it."""

    deadline: int
    name: str = field(compare=False)
    hours: int = field(default=1, compare=False)
    needs: tuple[str, ...] = field(default=(), compare=False)


class Agenda:
    """Appointments of one person."""

    def __init__(self) -> None:
        self.entries: list[tuple[datetime, datetime, str]] = []

    def add(self, start: datetime, minutes: int, title: str) -> bool:
        """Add an appointment unless it collides with another; whether it was added."""
        end = start + timedelta(minutes=minutes)
        for other_start, other_end, _ in self.entries:
            if start < other_end and other_start < end:
                return False
        self.entries.append((start, end, title))
        self.entries.sort()
        return True

    def on(self, day: date) -> list[str]:
        """Return the appointments of a day as lines."""
        return [f"{start:%H:%M} {title}" for start, _, title in self.entries if start.date() == day]

    def next_after(self, moment: datetime) -> str | None:
        """Return the title of the next appointment, or None."""
        for start, _, title in self.entries:
            if start >= moment:
                return title
        return None

    def busy_minutes(self, day: date) -> int:
        """Return how many minutes of a day are taken."""
        total = timedelta()
        for start, end, _ in self.entries:
            if start.date() == day:
                total += end - start
        return int(total.total_seconds() // 60)


def earliest_deadline_first(jobs: list[Job]) -> list[tuple[str, int]]:
    """Return the jobs in the order of their deadlines with the hour each is done.

    >>> earliest_deadline_first([Job(9, "b", 2), Job(4, "a", 3)])
    [('a', 3), ('b', 5)]
    """
    plan = []
    clock = 0
    for job in sorted(jobs):
        clock += job.hours
        plan.append((job.name, clock))
    return plan


def late_jobs(jobs: list[Job]) -> list[str]:
    """Return the jobs that miss their deadline even in the best order.

    >>> late_jobs([Job(2, "a", 2), Job(3, "b", 2)])
    ['b']
    """
    done = dict(earliest_deadline_first(jobs))
    return [job.name for job in sorted(jobs) if done[job.name] > job.deadline]


def possible_order(jobs: dict[str, Job]) -> list[str]:
    """Return the names in an order in which each job comes after those it needs."""
    missing = {name: len(job.needs) for name, job in jobs.items()}
    followers = defaultdict(list)
    for name, job in jobs.items():
        for needed in job.needs:
            followers[needed].append(name)
    ready = deque(name for name, count in missing.items() if count == 0)
    order = []
    while ready:
        name = ready.popleft()
        order.append(name)
        for follower in followers[name]:
            missing[follower] -= 1
            if missing[follower] == 0:
                ready.append(follower)
    if len(order) < len(jobs):
        raise ValueError("some jobs need each other")
    return order


def rota(people: list[str], start: date, weeks: int) -> dict[str, str]:
    """Return who is on duty in each week, in turn.

    >>> rota(["ann", "ben"], date(2024, 1, 1), 3)
    {'2024-01-01': 'ann', '2024-01-08': 'ben', '2024-01-15': 'ann'}
    """
    plan = {}
    for week in range(weeks):
        monday = start + timedelta(weeks=week)
        plan[monday.isoformat()] = people[week % len(people)]
    return plan


def fair_pick(counts: dict[str, int], absent: set[str]) -> str:
    """Return who was on duty least often and is there; their count goes up.

    >>> fair_pick({"ann": 2, "ben": 1}, absent={"ben"})
    'ann'
    """
    present = [name for name in counts if name not in absent]
    if not present:
        raise ValueError("nobody is there")
    chosen = min(present, key=lambda name: (counts[name], name))
    counts[chosen] += 1
    return chosen


def rooms_for(meetings: list[tuple[int, int]]) -> list[int]:
    """Return a room number for each meeting (start, end), as few rooms as possible.

    >>> rooms_for([(9, 11), (10, 12), (11, 12)])
    [1, 2, 1]
    """
    order = sorted(range(len(meetings)), key=lambda i: meetings[i])
    in_use: list[tuple[int, int]] = []
    free: list[int] = []
    rooms = [0] * len(meetings)
    count = 0
    for i in order:
        start, end = meetings[i]
        while in_use and in_use[0][0] <= start:
            _, room = heapq.heappop(in_use)
            heapq.heappush(free, room)
        if free:
            room = heapq.heappop(free)
        else:
            count += 1
            room = count
        rooms[i] = room
        heapq.heappush(in_use, (end, room))
    return rooms


def balance_load(hours: list[int], workers: int) -> list[int]:
    """Return the load of each worker if the longest jobs are given out first.

    >>> balance_load([4, 3, 3, 2], 2)
    [6, 6]
    """
    loads = [0] * workers
    for amount in sorted(hours, reverse=True):
        lightest = loads.index(min(loads))
        loads[lightest] += amount
    return loads


def slots(opening: time, closing: time, minutes: int) -> list[str]:
    """Return the times at which an appointment can begin.

    >>> slots(time(9), time(10), 30)
    ['09:00', '09:30']
    """
    current = datetime.combine(date.min, opening)
    end = datetime.combine(date.min, closing)
    step = timedelta(minutes=minutes)
    times = []
    while current + step <= end:
        times.append(current.strftime("%H:%M"))
        current += step
    return times


def repeat_monthly(first: date, months: int) -> list[date]:
    """Return the same day of each month, the last one where a month is shorter.

    >>> [str(day) for day in repeat_monthly(date(2024, 1, 31), 3)]
    ['2024-01-31', '2024-02-29', '2024-03-31']
    """
    days = []
    for i in range(months):
        years, month = divmod(first.month - 1 + i, 12)
        day = first.day
        while True:
            try:
                days.append(date(first.year + years, month + 1, day))
                break
            except ValueError:
                day -= 1
    return days


def countdown_text(today: date, event: date) -> str:
    """Return how far away an event is in words.

    >>> countdown_text(date(2024, 5, 1), date(2024, 5, 2))
    'tomorrow'
    """
    days = (event - today).days
    if days < 0:
        return "over"
    if days == 0:
        return "today"
    if days == 1:
        return "tomorrow"
    if days < 14:
        return f"in {days} days"
    return f"in {days // 7} weeks"


def pack_van(parcels: dict[str, int], limit: int) -> list[list[str]]:
    """Return the parcels of each tour, the heaviest first into the first tour with space.

    >>> pack_van({"a": 6, "b": 5, "c": 4}, 10)
    [['a', 'c'], ['b']]
    """
    tours: list[list[str]] = []
    loads: list[int] = []
    for name, weight in sorted(parcels.items(), key=lambda pair: -pair[1]):
        for i, load in enumerate(loads):
            if load + weight <= limit:
                tours[i].append(name)
                loads[i] += weight
                break
        else:
            tours.append([name])
            loads.append(weight)
    return tours


def buffer_days(tasks: list[tuple[date, date]]) -> list[int]:
    """Return the days between the end of each task and the start of the next."""
    ordered = sorted(tasks)
    gaps = []
    for i in range(1, len(ordered)):
        gaps.append((ordered[i][0] - ordered[i - 1][1]).days)
    return gaps
