"""Dates, times and calendars."""

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone


def days_between(start: date, end: date) -> int:
    """Return the number of days from start to end."""
    return (end - start).days


def first_of_month(day: date) -> date:
    """Return the first day of the month that the given day is in."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """Return the last day of the month that the given day is in."""
    _, length = calendar.monthrange(day.year, day.month)
    return day.replace(day=length)


def add_months(day: date, months: int) -> date:
    """Return the day so many months later, kept within its month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    length = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, length))


def age_on(birthday: date, today: date) -> int:
    """Return the age in full years on the given day."""
    had_birthday = (today.month, today.day) >= (birthday.month, birthday.day)
    return today.year - birthday.year - (0 if had_birthday else 1)


def is_weekend(day: date) -> bool:
    """Whether the day is a Saturday or a Sunday."""
    return day.weekday() >= 5


def working_days(start: date, end: date, holidays: frozenset[date] = frozenset()) -> int:
    """Count the working days from start up to, but not including, end."""
    count = 0
    day = start
    while day < end:
        if day.weekday() < 5 and day not in holidays:
            count += 1
        day += timedelta(days=1)
    return count


def date_range(start: date, end: date, step: int = 1) -> Iterator[date]:
    """Yield the dates from start to end, both included."""
    current = start
    while current <= end:
        yield current
        current += timedelta(days=step)


def parse_date(text: str) -> date:
    """Parse a date in one of the common notations.

    Raises:
        ValueError: If no notation fits.
    """
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"):
        try:
            return datetime.strptime(text.strip(), pattern).date()
        except ValueError:
            continue
    raise ValueError(f"not a date: {text!r}")


def parse_duration(text: str) -> timedelta:
    """Parse a duration such as "1h30m" or "45s"."""
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    seconds = 0
    digits = ""
    for char in text:
        if char.isdigit():
            digits += char
        elif char in units and digits:
            seconds += int(digits) * units[char]
            digits = ""
        else:
            raise ValueError(f"bad duration: {text!r}")
    if digits:
        raise ValueError(f"no unit after {digits!r}")
    return timedelta(seconds=seconds)


def format_duration(seconds: float) -> str:
    """Format a number of seconds as hours, minutes and seconds."""
    minutes, secs = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{secs:02}"
    return f"{minutes}:{secs:02}"


def time_ago(then: datetime, now: datetime) -> str:
    """Describe how long ago a moment was, in words."""
    seconds = int((now - then).total_seconds())
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 86400:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86400} days ago"


def utc_now() -> datetime:
    """Return the current time in UTC, with its time zone."""
    return datetime.now(timezone.utc)


def next_weekday(day: date, weekday: int) -> date:
    """Return the next date after the given day that falls on the weekday."""
    ahead = (weekday - day.weekday() - 1) % 7 + 1
    return day + timedelta(days=ahead)


def quarter(day: date) -> int:
    """Return the quarter of the year, from 1 to 4."""
    return (day.month - 1) // 3 + 1


def overlaps(start_a: datetime, end_a: datetime, start_b: datetime, end_b: datetime) -> bool:
    """Whether two periods have any time in common."""
    return start_a < end_b and start_b < end_a


def is_open(now: time, opens: time, closes: time) -> bool:
    """Whether a shop is open, also when it closes after midnight."""
    if opens <= closes:
        return opens <= now < closes
    return now >= opens or now < closes


def round_to_minutes(moment: datetime, minutes: int = 15) -> datetime:
    """Round a moment down to a multiple of so many minutes."""
    excess = timedelta(minutes=moment.minute % minutes, seconds=moment.second, microseconds=moment.microsecond)
    return moment - excess


def week_of(day: date) -> list[date]:
    """Return the seven days of the week that the day is in, from Monday on."""
    monday = day - timedelta(days=day.weekday())
    return [monday + timedelta(days=i) for i in range(7)]
