"""Chat bots: commands, replies, limits and memory."""

from __future__ import annotations

import random
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

Handler = Callable[["Message", list[str]], str]


@dataclass
class Message:
    """What somebody wrote in a channel."""

    author: str
    text: str
    channel: str = "general"
    sent: float = field(default_factory=time.time)

    @property
    def is_command(self) -> bool:
        """Whether the message asks the bot for something."""
        return self.text.startswith("!") and len(self.text) > 1

    def mentions(self) -> list[str]:
        """Return the names that are mentioned with an at sign."""
        return re.findall(r"@(\w+)", self.text)


class Bot:
    """A bot that answers commands."""

    def __init__(self, name: str, prefix: str = "!") -> None:
        self.name = name
        self.prefix = prefix
        self.handlers: dict[str, Handler] = {}
        self.help_texts: dict[str, str] = {}
        self.ignored: set[str] = set()

    def command(self, name: str, help_text: str = "") -> Callable[[Handler], Handler]:
        """Return a decorator that registers a command."""

        def register(handler: Handler) -> Handler:
            self.handlers[name] = handler
            self.help_texts[name] = help_text
            return handler

        return register

    def handle(self, message: Message) -> str | None:
        """Return the answer to a message, or None if it is not for the bot."""
        if message.author in self.ignored or not message.text.startswith(self.prefix):
            return None
        name, *arguments = message.text[len(self.prefix) :].split()
        handler = self.handlers.get(name)
        if handler is None:
            return f"I do not know {name}. Try {self.prefix}help."
        try:
            return handler(message, arguments)
        except (ValueError, IndexError) as error:
            return f"That did not work: {error}"

    def help(self) -> str:
        """Return a list of all commands."""
        lines = [f"Commands of {self.name}:"]
        for name in sorted(self.handlers):
            lines.append(f"{self.prefix}{name} - {self.help_texts[name]}")
        return "\n".join(lines)


class FloodGuard:
    """Refuses messages of people who write too many."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.times: dict[str, deque[float]] = defaultdict(deque)

    def allows(self, message: Message) -> bool:
        """Whether the author may send one more message now."""
        times = self.times[message.author]
        while times and message.sent - times[0] > self.seconds:
            times.popleft()
        if len(times) >= self.limit:
            return False
        times.append(message.sent)
        return True


class Reminders:
    """What people want to be told later."""

    def __init__(self) -> None:
        self.pending: list[tuple[float, str, str]] = []

    def add(self, who: str, what: str, due: float) -> None:
        """Remember something until it is due."""
        self.pending.append((due, who, what))
        self.pending.sort()

    def due(self, now: float) -> list[str]:
        """Take out the reminders whose time has come and return their texts."""
        texts = []
        while self.pending and self.pending[0][0] <= now:
            _, who, what = self.pending.pop(0)
            texts.append(f"@{who}: {what}")
        return texts


def roll_dice(expression: str, rng: random.Random) -> tuple[list[int], int]:
    """Roll dice like 2d6+1 and return the single results and the sum."""
    match = re.fullmatch(r"(\d*)d(\d+)([+-]\d+)?", expression)
    if match is None:
        raise ValueError(f"not a roll: {expression}")
    count = int(match[1] or 1)
    sides = int(match[2])
    bonus = int(match[3] or 0)
    rolls = [rng.randint(1, sides) for _ in range(count)]
    return rolls, sum(rolls) + bonus


def pick_reply(text: str, rules: list[tuple[str, str]], default: str) -> str:
    """Return the reply of the first rule whose word occurs in a text.

    >>> pick_reply("Good morning all", [("night", "Sleep well!"), ("morning", "Hello!")], "Hm.")
    'Hello!'
    """
    words = set(re.findall(r"\w+", text.lower()))
    for keyword, reply in rules:
        if keyword in words:
            return reply
    return default


def parse_when(text: str) -> int:
    """Return the seconds of a delay like 1h30m.

    >>> parse_when("1h30m")
    5400
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    parts = re.findall(r"(\d+)([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"not a delay: {text}")
    return sum(int(number) * units[unit] for number, unit in parts)


def split_long(text: str, limit: int = 2000) -> list[str]:
    """Split a text into messages below a limit, at line ends where possible."""
    parts = []
    while len(text) > limit:
        cut = text.rfind("\n", 0, limit)
        if cut <= 0:
            cut = limit
        parts.append(text[:cut])
        text = text[cut:].lstrip("\n")
    if text:
        parts.append(text)
    return parts


def karma_changes(text: str) -> dict[str, int]:
    """Return the points that a message gives and takes.

    >>> karma_changes("ann++ for lunch, bob--")
    {'ann': 1, 'bob': -1}
    """
    changes: dict[str, int] = {}
    for name, sign in re.findall(r"(\w+)(\+\+|--)", text):
        changes[name] = changes.get(name, 0) + (1 if sign == "++" else -1)
    return changes


def poll_text(question: str, options: list[str], votes: dict[str, int]) -> str:
    """Return a poll with a bar for each option."""
    lines = [question]
    total = sum(votes.values()) or 1
    for option in options:
        count = votes.get(option, 0)
        bar = "#" * round(10 * count / total)
        lines.append(f"{option:<12} {bar:<10} {count}")
    return "\n".join(lines)


def trivia_hint(answer: str, shown: int) -> str:
    """Return an answer with only its first letters shown.

    >>> trivia_hint("Mount Etna", 3)
    'Mou__ ____'
    """
    hint = ""
    for char in answer:
        if char == " ":
            hint += char
        elif shown > 0:
            hint += char
            shown -= 1
        else:
            hint += "_"
    return hint
