"""Reading small formats by hand."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field


def parse_key_values(text: str) -> dict[str, str]:
    """Return pairs like a=1; b=2 as a dictionary.

    >>> parse_key_values("color=red; size=9")
    {'color': 'red', 'size': '9'}
    """
    result = {}
    for part in text.split(";"):
        if "=" not in part:
            continue
        key, value = part.split("=", 1)
        result[key.strip()] = value.strip()
    return result


def parse_recipe_line(line: str) -> tuple[float, str, str]:
    """Return amount, unit and name of an ingredient.

    >>> parse_recipe_line("1 1/2 cups brown sugar")
    (1.5, 'cups', 'brown sugar')
    """
    words = line.split()
    amount = 0.0
    while words and words[0][0].isdigit():
        number = words.pop(0)
        if "/" in number:
            top, bottom = number.split("/")
            amount += int(top) / int(bottom)
        else:
            amount += float(number)
    unit = words.pop(0)
    return amount, unit, " ".join(words)


def parse_ranges(text: str) -> list[int]:
    """Return the numbers of a list like 1-3,7.

    >>> parse_ranges("1-3,7")
    [1, 2, 3, 7]
    """
    numbers = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        numbers.extend(range(int(low), int(high or low) + 1))
    return numbers


def parse_chess_square(square: str) -> tuple[int, int]:
    """Return row and column of a square like e4, both from zero.

    >>> parse_chess_square("e4")
    (3, 4)
    """
    column = string.ascii_lowercase.index(square[0])
    row = int(square[1:]) - 1
    if not (0 <= column < 8 and 0 <= row < 8):
        raise ValueError(f"not on the board: {square}")
    return row, column


def parse_table(text: str) -> list[dict[str, str]]:
    """Return the rows of a table whose columns are separated by bars.

    >>> parse_table("name | age\\nAnn | 31")
    [{'name': 'Ann', 'age': '31'}]
    """
    lines = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]
    header = lines[0]
    return [dict(zip(header, line)) for line in lines[1:]]  # noqa: B905


def parse_outline(text: str) -> list[tuple[int, str]]:
    """Return level and title of each line of an outline, two spaces a level.

    >>> parse_outline("Fruit\\n  Apple")
    [(0, 'Fruit'), (1, 'Apple')]
    """
    items = []
    for line in text.splitlines():
        title = line.lstrip(" ")
        if title:
            level = (len(line) - len(title)) // 2
            items.append((level, title))
    return items


def parse_options(arguments: list[str]) -> tuple[dict[str, str | bool], list[str]]:
    """Return the options and the other words of a command line.

    >>> parse_options(["--name=kim", "-v", "in.txt"])
    ({'name': 'kim', 'v': True}, ['in.txt'])
    """
    options: dict[str, str | bool] = {}
    rest = []
    for argument in arguments:
        if argument.startswith("--"):
            name, separator, value = argument[2:].partition("=")
            options[name] = value if separator else True
        elif argument.startswith("-") and len(argument) > 1:
            for letter in argument[1:]:
                options[letter] = True
        else:
            rest.append(argument)
    return options, rest


def parse_dialogue(text: str) -> list[tuple[str, str]]:
    """Return speaker and words of each line of a play; lines without a speaker go on.

    >>> parse_dialogue("ANN: Hello.\\nHow are you?\\nBEN: Fine.")
    [('ANN', 'Hello. How are you?'), ('BEN', 'Fine.')]
    """
    lines: list[tuple[str, str]] = []
    for line in text.splitlines():
        match = re.match(r"([A-Z]+): (.*)", line)
        if match:
            lines.append((match[1], match[2]))
        elif lines:
            speaker, words = lines[-1]
            lines[-1] = (speaker, f"{words} {line.strip()}")
    return lines


def tokenize(text: str) -> list[str]:
    """Return the numbers, names and signs of a formula.

    >>> tokenize("2*(x1 + 30)")
    ['2', '*', '(', 'x1', '+', '30', ')']
    """
    tokens = []
    i = 0
    while i < len(text):
        char = text[i]
        if char.isspace():
            i += 1
        elif char.isalnum():
            start = i
            while i < len(text) and text[i].isalnum():
                i += 1
            tokens.append(text[start:i])
        else:
            tokens.append(char)
            i += 1
    return tokens


def to_postfix(tokens: list[str]) -> list[str]:
    """Return the tokens of a formula with each operator after its operands.

    >>> to_postfix(["1", "+", "2", "*", "3"])
    ['1', '2', '3', '*', '+']
    """
    strength = {"+": 1, "-": 1, "*": 2, "/": 2}
    output = []
    operators = []
    for token in tokens:
        if token == "(":
            operators.append(token)
        elif token == ")":
            while operators[-1] != "(":
                output.append(operators.pop())
            operators.pop()
        elif token in strength:
            while operators and strength.get(operators[-1], 0) >= strength[token]:
                output.append(operators.pop())
            operators.append(token)
        else:
            output.append(token)
    while operators:
        output.append(operators.pop())
    return output


@dataclass
class Node:
    """A node of a tree that was read from a text."""

    name: str
    children: list[Node] = field(default_factory=list)

    def show(self) -> str:
        """Return the node and its children in brackets."""
        if not self.children:
            return self.name
        inner = " ".join(child.show() for child in self.children)
        return f"{self.name}({inner})"


class TreeReader:
    """Reads trees like a(b c(d))."""

    def __init__(self, text: str) -> None:
        self.tokens = re.findall(r"\w+|[()]", text)
        self.position = 0

    def peek(self) -> str | None:
        """Return the token at hand, or None at the end."""
        if self.position < len(self.tokens):
            return self.tokens[self.position]
        return None

    def take(self) -> str:
        """Return the token at hand and move on."""
        token = self.peek()
        if token is None:
            raise ValueError("the text ends too early")
        self.position += 1
        return token

    def node(self) -> Node:
        """Read a node with its children."""
        node = Node(self.take())
        if self.peek() == "(":
            self.take()
            while self.peek() != ")":
                node.children.append(self.node())
            self.take()
        return node


def parse_hex_dump(text: str) -> bytes:
    """Return the bytes of a dump whose lines begin with an address.

    >>> parse_hex_dump("0000: 48 69\\n0002: 21")
    b'Hi!'
    """
    data = bytearray()
    for line in text.splitlines():
        _, _, digits = line.partition(":")
        data += bytes.fromhex(digits)
    return bytes(data)


def parse_score(text: str) -> tuple[str, int, str, int]:
    """Return both teams and their goals of a result.

    >>> parse_score("Lions 3 - 1 Bears")
    ('Lions', 3, 'Bears', 1)
    """
    match = re.fullmatch(r"(.+?) (\d+) - (\d+) (.+)", text.strip())
    if match is None:
        raise ValueError(f"no result: {text!r}")
    home, home_goals, away_goals, away = match.groups()
    return home, int(home_goals), away, int(away_goals)


def unescape(text: str) -> str:
    r"""Replace escapes with a backslash by what they mean.

    >>> unescape(r"a\tb\\")
    'a\tb\\'
    """
    meanings = {"n": "\n", "t": "\t", "\\": "\\", '"': '"'}
    result = []
    escaped = False
    for char in text:
        if escaped:
            result.append(meanings.get(char, char))
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            result.append(char)
    return "".join(result)


def split_columns(line: str, widths: list[int]) -> list[str]:
    """Return the cells of a line with columns of fixed widths.

    >>> split_columns("Ann  31Rome", [5, 2, 4])
    ['Ann', '31', 'Rome']
    """
    cells = []
    start = 0
    for width in widths:
        cells.append(line[start : start + width].strip())
        start += width
    return cells


def parse_duration_text(text: str) -> int:
    """Return the minutes of a text like 2 hours 15 minutes.

    >>> parse_duration_text("2 hours 15 minutes")
    135
    """
    minutes = {"minute": 1, "hour": 60, "day": 1440}
    total = 0
    for number, unit in re.findall(r"(\d+) (minute|hour|day)s?", text):
        total += int(number) * minutes[unit]
    return total
