"""Parsing: logs, settings, expressions, small formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LOG_LINE = re.compile(
    r"(?P<ip>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "
    r'"(?P<method>[A-Z]+) (?P<path>\S+) [^"]*" (?P<status>\d{3}) (?P<size>\d+|-)'
)
TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|(.))")


@dataclass(frozen=True)
class LogEntry:
    """One line of a web server's log."""

    ip: str
    time: datetime
    method: str
    path: str
    status: int
    size: int

    @property
    def is_error(self) -> bool:
        """Whether the request failed."""
        return self.status >= 400


def parse_log_line(line: str) -> LogEntry | None:
    """Parse a line of an access log, or return None if it has another form."""
    match = LOG_LINE.match(line)
    if match is None:
        return None
    fields = match.groupdict()
    return LogEntry(
        ip=fields["ip"],
        time=datetime.strptime(fields["time"], "%d/%b/%Y:%H:%M:%S %z"),
        method=fields["method"],
        path=fields["path"],
        status=int(fields["status"]),
        size=0 if fields["size"] == "-" else int(fields["size"]),
    )


def parse_settings(text: str) -> dict[str, dict[str, str]]:
    """Parse INI text into sections of keys and values."""
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] = sections.setdefault("", {})
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1].strip(), {})
        elif "=" in line:
            key, value = line.split("=", 1)
            current[key.strip()] = value.strip()
        else:
            raise ValueError(f"line {number}: expected key = value")
    return sections


def parse_env(text: str) -> dict[str, str]:
    """Parse the lines of an .env file."""
    values = {}
    for line in text.splitlines():
        line = line.removeprefix("export ").strip()
        if not line or line.startswith("#"):
            continue
        key, _, value = line.partition("=")
        values[key.strip()] = value.strip().strip("\"'")
    return values


def parse_version(text: str) -> tuple[int, ...]:
    """Parse a version such as "v1.12.3" into numbers that compare rightly."""
    return tuple(int(part) for part in text.lstrip("v").split("."))


def parse_size(text: str) -> int:
    """Parse a size such as "10 MB" into bytes."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)b?\s*", text, re.IGNORECASE)
    if not match:
        raise ValueError(f"not a size: {text!r}")
    number, unit = match.groups()
    power = " kmgt".index(unit.lower() or " ")
    return int(float(number) * 1024**power)


def parse_bool(text: str) -> bool:
    """Parse a word such as "yes" or "off" into a truth value."""
    word = text.strip().lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"neither yes nor no: {text!r}")


def parse_markdown_links(text: str) -> list[tuple[str, str]]:
    """Return label and address of every link in a Markdown text."""
    return re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", text)


def headings(markdown: str) -> Iterator[tuple[int, str]]:
    """Yield level and title of every heading outside of code blocks."""
    in_code = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code and (match := re.match(r"(#{1,6})\s+(.+)", line)):
            yield len(match.group(1)), match.group(2).strip()


def split_quoted(line: str, separator: str = ",") -> list[str]:
    """Split a line at separators that are not inside quotes."""
    fields = []
    current = ""
    quoted = False
    for char in line:
        if char == '"':
            quoted = not quoted
        elif char == separator and not quoted:
            fields.append(current)
            current = ""
        else:
            current += char
    fields.append(current)
    return fields


def tokenize(expression: str) -> Iterator[str]:
    """Yield the numbers and signs of an arithmetic expression."""
    for number, sign in TOKEN.findall(expression):
        if number or sign.strip():
            yield number or sign


class Calculator:
    """Evaluates arithmetic expressions."""

    def __init__(self, expression: str) -> None:
        self.tokens = list(tokenize(expression))
        self.position = 0

    @property
    def current(self) -> str:
        """Return the token at the current position, or an empty text at the end."""
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        """Return the current token and step over it."""
        token = self.current
        if not token or (expected and token != expected):
            raise SyntaxError(f"expected {expected or 'more'}, found {token or 'the end'}")
        self.position += 1
        return token

    def sum(self) -> float:
        """Evaluate terms that are added or subtracted."""
        value = self.product()
        while self.current in ("+", "-"):
            if self.take() == "+":
                value += self.product()
            else:
                value -= self.product()
        return value

    def product(self) -> float:
        """Evaluate factors that are multiplied or divided."""
        value = self.factor()
        while self.current in ("*", "/"):
            if self.take() == "*":
                value *= self.factor()
            else:
                value /= self.factor()
        return value

    def factor(self) -> float:
        """Evaluate a number, a negated factor or a parenthesis."""
        if self.current == "-":
            self.take()
            return -self.factor()
        if self.current == "(":
            self.take("(")
            value = self.sum()
            self.take(")")
            return value
        return float(self.take())


def evaluate(expression: str) -> float:
    """Return the value of an arithmetic expression."""
    calculator = Calculator(expression)
    value = calculator.sum()
    if calculator.current:
        raise SyntaxError(f"unexpected {calculator.current!r}")
    return value


def evaluate_postfix(expression: str) -> float:
    """Return the value of an expression in postfix notation."""
    stack: list[float] = []
    for token in expression.split():
        if token in "+-*/":
            right, left = stack.pop(), stack.pop()
            results = {"+": left + right, "-": left - right, "*": left * right}
            stack.append(results[token] if token != "/" else left / right)
        else:
            stack.append(float(token))
    return stack.pop()


def parse_value(text: str) -> Any:
    """Parse a value as number, truth value, list or text."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].strip()
        return [parse_value(part) for part in inner.split(",")] if inner else []
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text.strip('"')


def status_counts(lines: list[str]) -> dict[int, int]:
    """Count the lines of an access log by status."""
    counts: dict[int, int] = {}
    for line in lines:
        entry = parse_log_line(line)
        if entry is not None:
            counts[entry.status] = counts.get(entry.status, 0) + 1
    return counts


def find_emails(text: str) -> list[str]:
    """Return the e-mail addresses in a text, without duplicates."""
    found = re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)
    return list(dict.fromkeys(address.lower() for address in found))


def template(text: str, values: dict[str, Any]) -> str:
    """Fill in the {{ names }} of a template."""

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise KeyError(f"no value for {name}")
        return str(values[name])

    return re.sub(r"\{\{\s*(\w+)\s*\}\}", fill, text)
