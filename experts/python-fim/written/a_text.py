"""Small helpers for plain text."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator


def slugify(title: str, separator: str = "-") -> str:
    """Return the title as a lower-case slug for a URL."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    return separator.join(words)


def truncate(text: str, limit: int, ellipsis: str = "...") -> str:
    """Return the text cut to at most `limit` characters, with an ellipsis if cut."""
    if len(text) <= limit:
        return text
    return text[: limit - len(ellipsis)].rstrip() + ellipsis


def word_counts(text: str, min_length: int = 1) -> Counter[str]:
    """Count the words of a text, ignoring case."""
    words = re.findall(r"\w+", text.lower())
    return Counter(word for word in words if len(word) >= min_length)


def camel_to_snake(name: str) -> str:
    """Convert a CamelCase name to snake_case."""
    with_breaks = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return with_breaks.lower()


def snake_to_camel(name: str, upper_first: bool = False) -> str:
    """Convert a snake_case name to camelCase."""
    first, *rest = name.split("_")
    if upper_first:
        first = first.capitalize()
    return first + "".join(part.capitalize() for part in rest)


def indent_block(text: str, spaces: int = 4) -> str:
    """Indent every line of the text that is not blank."""
    pad = " " * spaces
    lines = []
    for line in text.splitlines():
        lines.append(pad + line if line.strip() else "")
    return "\n".join(lines)


def common_prefix(words: list[str]) -> str:
    """Return the longest prefix that all words share."""
    if not words:
        return ""
    shortest = min(words, key=len)
    for i, char in enumerate(shortest):
        if any(word[i] != char for word in words):
            return shortest[:i]
    return shortest


def pluralize(count: int, singular: str, plural: str | None = None) -> str:
    """Return the count with the noun in the right number."""
    if count == 1:
        return f"1 {singular}"
    return f"{count} {plural or singular + 's'}"


def join_words(words: list[str], last: str = "and") -> str:
    """Join words with commas and a conjunction before the last one."""
    if len(words) < 2:
        return "".join(words)
    head = ", ".join(words[:-1])
    return f"{head} {last} {words[-1]}"


def wrap_paragraph(text: str, width: int = 72) -> list[str]:
    """Split a paragraph into lines of at most `width` characters."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}".strip()
    if current:
        lines.append(current)
    return lines


def mask_middle(secret: str, visible: int = 2) -> str:
    """Return the secret with all but its first and last characters hidden."""
    if len(secret) <= 2 * visible:
        return "*" * len(secret)
    hidden = "*" * (len(secret) - 2 * visible)
    return secret[:visible] + hidden + secret[-visible:]


def is_blank(text: str | None) -> bool:
    """Whether the text is missing or has nothing but white space."""
    return text is None or not text.strip()


def strip_comments(source: str, marker: str = "#") -> str:
    """Remove comments and blank lines from a configuration text."""
    kept = []
    for line in source.splitlines():
        code, _, _ = line.partition(marker)
        if code.strip():
            kept.append(code.rstrip())
    return "\n".join(kept)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, one by one."""
    for part in re.split(r"(?<=[.!?])\s+", text.strip()):
        if part:
            yield part


def align_columns(rows: Iterable[list[str]], gap: int = 2) -> str:
    """Format rows of cells as a table with aligned columns."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append((" " * gap).join(cells).rstrip())
    return "\n".join(lines)


def initials(full_name: str) -> str:
    """Return the upper-case initials of a name."""
    return "".join(part[0].upper() for part in full_name.split())


def replace_all(text: str, replacements: dict[str, str]) -> str:
    """Replace every key of the mapping in the text by its value, in one pass."""
    if not replacements:
        return text
    pattern = "|".join(re.escape(key) for key in sorted(replacements, key=len, reverse=True))
    return re.sub(pattern, lambda match: replacements[match.group()], text)


def number_lines(text: str, start: int = 1) -> str:
    """Put a right-aligned line number before each line."""
    lines = text.splitlines()
    width = len(str(start + len(lines) - 1))
    return "\n".join(f"{number:>{width}}  {line}" for number, line in enumerate(lines, start))
