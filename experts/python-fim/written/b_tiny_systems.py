"""Small versions of big systems: a spreadsheet, a key-value store, a template engine, a virtual machine and more."""

from __future__ import annotations

import hashlib
import json
import re
import string
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


class Sheet:
    """A spreadsheet with numbers, texts and formulas."""

    def __init__(self) -> None:
        self.cells: dict[str, str] = {}

    def __setitem__(self, name: str, content: str) -> None:
        if not re.fullmatch(r"[A-Z]+[1-9]\d*", name):
            raise KeyError(name)
        self.cells[name] = content

    def value(self, name: str, seen: frozenset[str] = frozenset()) -> float | str:
        """Return the value of a cell; empty ones are zero."""
        if name in seen:
            raise ValueError(f"{name} needs itself")
        content = self.cells.get(name, "0")
        if content.startswith("="):
            return self.formula(content[1:], seen | {name})
        try:
            return float(content)
        except ValueError:
            return content

    def formula(self, text: str, seen: frozenset[str]) -> float:
        """Return the sum of cells and numbers joined by plus, or of a range like SUM(A1:A3)."""
        match = re.fullmatch(r"SUM\(([A-Z])(\d+):\1(\d+)\)", text)
        if match:
            column, first, last = match[1], int(match[2]), int(match[3])
            names = [f"{column}{row}" for row in range(first, last + 1)]
        else:
            names = [part.strip() for part in text.split("+")]
        total = 0.0
        for name in names:
            value = float(name) if name[0].isdigit() else self.value(name, seen)
            if isinstance(value, str):
                raise TypeError(f"{name} is a text")
            total += value
        return total

    def used(self) -> list[str]:
        """Return the names of all cells with content, sorted."""
        return sorted(self.cells)


class Store:
    """Keys and values in memory, with a log on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: dict[str, str] = {}
        if path.exists():
            self.replay()

    def replay(self) -> None:
        """Read the log and do again what it says."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                if entry["op"] == "set":
                    self.data[entry["key"]] = entry["value"]
                else:
                    self.data.pop(entry["key"], None)

    def _log(self, **entry: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def set(self, key: str, value: str) -> None:
        """Store a value."""
        self._log(op="set", key=key, value=value)
        self.data[key] = value

    def delete(self, key: str) -> bool:
        """Delete a key; whether it was there."""
        if key not in self.data:
            return False
        self._log(op="delete", key=key)
        del self.data[key]
        return True

    def compact(self) -> None:
        """Write a new log that holds only what is left."""
        new = self.path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            for key, value in self.data.items():
                file.write(json.dumps({"op": "set", "key": key, "value": value}) + "\n")
        new.replace(self.path)


class Template:
    """A text with places for values and parts that repeat."""

    LOOP = re.compile(r"\{% for (\w+) in (\w+) %\}(.*?)\{% end %\}", re.DOTALL)
    VALUE = re.compile(r"\{\{ (\w+)(?:\|(\w+))? \}\}")

    def __init__(self, source: str, filters: dict[str, Callable[[str], str]] | None = None) -> None:
        self.source = source
        self.filters = {"upper": str.upper, "title": str.title, **(filters or {})}

    def render(self, **context: object) -> str:
        """Return the text with all places filled."""

        def loop(match: re.Match[str]) -> str:
            name, items, body = match.groups()
            return "".join(self.fill(body, {**context, name: item}) for item in context[items])

        return self.fill(self.LOOP.sub(loop, self.source), context)

    def fill(self, text: str, context: dict[str, object]) -> str:
        """Replace the places of values that the context has."""

        def value(match: re.Match[str]) -> str:
            name, filter_name = match.groups()
            if name not in context:
                return match[0]
            result = str(context[name])
            return self.filters[filter_name](result) if filter_name else result

        return self.VALUE.sub(value, text)


class Machine:
    """A machine with a stack and a few instructions."""

    def __init__(self, program: list[tuple[str, ...]], limit: int = 10_000) -> None:
        self.program = program
        self.limit = limit
        self.stack: list[int] = []
        self.output: list[int] = []
        self.position = 0

    def run(self) -> list[int]:
        """Run the program to its end and return what it printed."""
        for _ in range(self.limit):
            if self.position >= len(self.program):
                return self.output
            name, *arguments = self.program[self.position]
            self.position += 1
            getattr(self, f"op_{name}")(*arguments)
        raise RuntimeError("the program runs too long")

    def op_push(self, value: str) -> None:
        """Put a number on the stack."""
        self.stack.append(int(value))

    def op_add(self) -> None:
        """Replace two numbers by their sum."""
        right, left = self.stack.pop(), self.stack.pop()
        self.stack.append(left + right)

    def op_dup(self) -> None:
        """Put the top of the stack on it once more."""
        self.stack.append(self.stack[-1])

    def op_print(self) -> None:
        """Print the top of the stack."""
        self.output.append(self.stack[-1])

    def op_jump(self, target: str) -> None:
        """Go on at another place if the top of the stack is not zero."""
        if self.stack[-1] != 0:
            self.position = int(target)


class BloomFilter:
    """A set that may say yes by mistake, but never no."""

    def __init__(self, size: int = 1024, hashes: int = 3) -> None:
        self.size = size
        self.hashes = hashes
        self.bits = 0

    def positions(self, item: str) -> Iterator[int]:
        """Yield the bits that stand for an item."""
        for seed in range(self.hashes):
            digest = hashlib.sha256(f"{seed}:{item}".encode()).digest()
            yield int.from_bytes(digest[:8], "big") % self.size

    def add(self, item: str) -> None:
        """Add an item."""
        for position in self.positions(item):
            self.bits |= 1 << position

    def __contains__(self, item: str) -> bool:
        return all(self.bits >> position & 1 for position in self.positions(item))


class SearchIndex:
    """Finds texts by words."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.postings: dict[str, set[int]] = defaultdict(set)

    @staticmethod
    def words(text: str) -> list[str]:
        """Return the words of a text in lower case."""
        return re.findall(r"\w+", text.lower())

    def add(self, number: int, text: str) -> None:
        """Add a text under a number."""
        self.texts[number] = text
        for word in self.words(text):
            self.postings[word].add(number)

    def search(self, query: str) -> list[int]:
        """Return the numbers of the texts that hold all words of a query."""
        found: set[int] | None = None
        for word in self.words(query):
            numbers = self.postings.get(word, set())
            found = set(numbers) if found is None else found & numbers
        return sorted(found or ())

    def snippet(self, number: int, word: str, width: int = 20) -> str:
        """Return the surroundings of a word in a text."""
        text = self.texts[number]
        place = text.lower().find(word.lower())
        if place == -1:
            return text[:width]
        start = max(0, place - width // 2)
        return text[start : start + width]


class Editor:
    """A text with a cursor and undo."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.cursor = len(text)
        self.history: list[tuple[str, int]] = []

    def _remember(self) -> None:
        self.history.append((self.text, self.cursor))

    def type(self, new: str) -> None:
        """Insert a text at the cursor."""
        self._remember()
        self.text = self.text[: self.cursor] + new + self.text[self.cursor :]
        self.cursor += len(new)

    def backspace(self, count: int = 1) -> None:
        """Delete characters before the cursor."""
        self._remember()
        start = max(0, self.cursor - count)
        self.text = self.text[:start] + self.text[self.cursor :]
        self.cursor = start

    def move(self, by: int) -> None:
        """Move the cursor, but not out of the text."""
        self.cursor = min(max(0, self.cursor + by), len(self.text))

    def undo(self) -> bool:
        """Take the last change back; whether there was one."""
        if not self.history:
            return False
        self.text, self.cursor = self.history.pop()
        return True


class Leaderboard:
    """The best results of players."""

    def __init__(self, size: int = 10) -> None:
        self.size = size
        self.best: dict[str, int] = {}

    def submit(self, player: str, points: int) -> bool:
        """Note a result; whether it is the player's best."""
        if points <= self.best.get(player, -1):
            return False
        self.best[player] = points
        return True

    def top(self) -> list[tuple[str, int]]:
        """Return the best players with their points."""
        order = sorted(self.best.items(), key=lambda pair: (-pair[1], pair[0]))
        return order[: self.size]

    def rank(self, player: str) -> int:
        """Return the place of a player, equal points alike."""
        points = self.best[player]
        return 1 + sum(other > points for other in self.best.values())


class LruSet:
    """Remembers the items that came last."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.items: OrderedDict[str, float] = OrderedDict()

    def seen(self, item: str) -> bool:
        """Note an item; whether it was there already."""
        known = item in self.items
        self.items[item] = time.monotonic()
        self.items.move_to_end(item)
        if len(self.items) > self.size:
            self.items.popitem(last=False)
        return known


class ShortLinks:
    """Short names for long addresses."""

    ALPHABET = string.digits + string.ascii_letters

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.codes: dict[str, str] = {}

    def encode(self, number: int) -> str:
        """Return a number in the alphabet of the links."""
        base = len(self.ALPHABET)
        code = self.ALPHABET[number % base]
        while number >= base:
            number //= base
            code = self.ALPHABET[number % base] + code
        return code

    def decode(self, code: str) -> int:
        """Return the number of a code."""
        number = 0
        for char in code:
            number = number * len(self.ALPHABET) + self.ALPHABET.index(char)
        return number

    def shorten(self, address: str) -> str:
        """Return the code of an address, the same one each time."""
        if address not in self.codes:
            self.codes[address] = self.encode(len(self.addresses))
            self.addresses.append(address)
        return self.codes[address]

    def resolve(self, code: str) -> str | None:
        """Return the address of a code, or None."""
        number = self.decode(code)
        return self.addresses[number] if number < len(self.addresses) else None


def build_order(rules: dict[str, list[str]], target: str) -> list[str]:
    """Return what must be built for a target, the target last.

    >>> build_order({"app": ["lib", "main"], "lib": [], "main": ["lib"]}, "app")
    ['lib', 'main', 'app']
    """
    order: list[str] = []
    for needed in rules.get(target, []):
        for name in build_order(rules, needed):
            if name not in order:
                order.append(name)
    order.append(target)
    return order


def is_stale(target: Path, sources: Iterable[Path]) -> bool:
    """Whether a target is missing or older than one of its sources."""
    if not target.exists():
        return True
    built = target.stat().st_mtime
    return any(source.stat().st_mtime > built for source in sources)


def line_diff(old: list[str], new: list[str]) -> list[str]:
    """Return the lines of two texts with a mark: minus, plus or blank.

    >>> line_diff(["a", "b"], ["a", "c"])
    [' a', '-b', '+c']
    """
    if not old or not new:
        return [f"-{line}" for line in old] + [f"+{line}" for line in new]
    if old[0] == new[0]:
        return [f" {old[0]}", *line_diff(old[1:], new[1:])]
    without = [f"-{old[0]}", *line_diff(old[1:], new)]
    added = [f"+{new[0]}", *line_diff(old, new[1:])]
    return without if len(without) <= len(added) else added


def matches(pattern: str, text: str) -> bool:
    """Whether a whole text matches a pattern of letters, dots and stars.

    >>> matches("a.*c", "abbc"), matches("ab*", "ac")
    (True, False)
    """
    if not pattern:
        return not text
    first = bool(text) and pattern[0] in (text[0], ".")
    if pattern[1:2] == "*":
        return matches(pattern[2:], text) or (first and matches(pattern, text[1:]))
    return first and matches(pattern[1:], text[1:])


def run_checks(checks: dict[str, Callable[[], None]]) -> tuple[int, list[str]]:
    """Run checks and return how many passed, and a line for each that failed."""
    passed = 0
    failures = []
    for name, check in checks.items():
        try:
            check()
        except AssertionError as error:
            failures.append(f"{name} failed: {error}")
        except Exception as error:
            failures.append(f"{name} broke: {type(error).__name__}")
        else:
            passed += 1
    return passed, failures
