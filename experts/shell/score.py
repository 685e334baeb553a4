"""Grades shell commands by what they do.

Each is run on a fresh copy of a folder, and compared with what a right one prints and leaves behind. A small
model's commands may be anything: see `sandbox` for what keeps the machine safe. Where nothing can, scoring stops.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from experts.scoring import Body, Item, chat, held_out
from experts.shell import sandbox
from experts.shell.guard import refused
from experts.shell.sandbox import NoJail, Outcome
from experts.shell.trees import TREES

MEASURE = "commands that print and change what a right one does"
BARS = {"all": 0.60}
HERE = Path(__file__).parent
MAX_TOKENS = 128

SYSTEM = "You write bash commands. Answer with one command line for the current directory and nothing else."
SHOTS = (
    ("list all text files in docs", "find docs -type f -name '*.txt'"),
    ("how many lines are in notes.md?", "wc -l < notes.md"),
    ("delete the folder cache", "rm -r cache"),
)
_LABEL = re.compile(r"^(?:\$ +|> +|(?:the )?(?:bash |shell )?(?:command|answer)(?: is)?: +)", re.I)


_body = partial(chat, MAX_TOKENS)


def items() -> list[Item]:
    """Of every file in heldout, in order."""
    return [_item(told) for _, told in held_out(HERE)]


def _item(told: dict[str, Any]) -> Item:
    ask = told["ask"]
    return Item(_body(ask), _base_bodies(ask), told, "change" if told["match"] == "tree" else "look", ask)


def _base_bodies(ask: str) -> tuple[Body, ...]:
    listed = "".join(f"Request: {question}\nCommand: {answer}\n\n" for question, answer in SHOTS)
    return (
        _body(ask, SYSTEM),
        _body(f"Write one bash command for this, and nothing else:\n{ask}"),
        _body(ask, SYSTEM, SHOTS),
        _body(f"Give the bash command for the last request.\n\n{listed}Request: {ask}\nCommand:"),
        _body(f"{ask}\n\nAnswer with one bash command in a ```bash fence, with no explanation."),
    )


def extract(answer: str) -> str:
    """The command in an answer that may wrap it in a fence, in backticks or in prose."""
    if fence := re.search(r"```[a-z]*[ \t]*\n?(.*?)(?:```|\Z)", answer, re.S):
        lines = [_LABEL.sub("", line.strip("\n")) for line in fence.group(1).strip().splitlines()]
        return "\n".join(line for line in lines if not line.startswith("#"))
    lines = [line for line in answer.strip().splitlines() if line.strip()]
    for line in lines:
        bare = _LABEL.sub("", line.strip())
        if (ticked := re.fullmatch(r"`([^`]+)`", bare)) or (
            not _command(bare) and (ticked := re.search(r"`([^`]+)`", bare))
        ):
            if _command(ticked.group(1)):
                return _LABEL.sub("", ticked.group(1))
        elif _command(bare):
            # A quote or a loop may go on in the next lines.
            return bare if not refused(bare).startswith("no command") else answer.strip()
    return lines[0] if lines else ""


def _command(line: str) -> bool:
    """Whether a line begins as a command does: with a program that is here, a variable or a word of the shell."""
    first = re.match(r"[\w./-]+=?|[({:>\[!]", line)
    if not first or re.match(r"[A-Z][a-z]", line):
        return False
    word = first.group()
    return word in _SHELL or word.endswith("=") or shutil.which(word) is not None


_SHELL = frozenset(
    {
        "for",
        "while",
        "if",
        "until",
        "case",
        "cd",
        "echo",
        "printf",
        "read",
        "test",
        "set",
        "export",
        "local",
        "type",
        "[",
        "(",
        "{",
        ":",
        ">",
        "!",
    }
)


def grade(item: Item, answer: str) -> float:
    told, command = item.wanted, extract(answer)
    if refused(command):
        return 0.0
    right = _right()
    got = right.get((told["tree"], command)) or _outcome(told["tree"], command)
    return float(got is not None and any(same(told, got, right[told["tree"], known]) for known in told["commands"]))


@lru_cache(maxsize=1)
def _right() -> dict[tuple[str, str], Outcome]:
    """What the held-out items' own commands do, by tree and command. Raises `NoJail`."""
    jobs = sorted({(item.wanted["tree"], command) for item in items() for command in item.wanted["commands"]})
    outcomes = sandbox.run_all([(TREES[tree], command) for tree, command in jobs])
    if outcomes is None:
        raise NoJail("the held-out commands could not be run")
    return dict(zip(jobs, outcomes, strict=True))


@lru_cache(maxsize=4096)
def _outcome(tree: str, command: str) -> Outcome | None:
    return sandbox.run(TREES[tree], command)


def same(told: dict[str, Any], got: Outcome, want: Outcome) -> bool:
    """Whether one did what the other did: left the same folder, and printed the same as far as it was asked for."""
    if got.tree != want.tree:
        return False
    match, ordered = told["match"], told.get("ordered", False)
    if match == "tree":
        return True
    if match == "number":
        return _number(got.stdout) is not None and _equal(_number(got.stdout), _number(want.stdout))
    if match == "exact":
        return _exact(got.stdout) == _exact(want.stdout)
    read = _files(want.tree) if match == "files" else _folded
    mine, right = [read(line) for line in _lines(got.stdout)], [read(line) for line in _lines(want.stdout)]
    if ordered == "by number":  # what is tied may stand either way
        return Counter(mine) == Counter(right) and [*map(_number, mine)] == [*map(_number, right)]
    return mine == right if ordered else Counter(mine) == Counter(right)


def _exact(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not re.fullmatch(r"total \d+", line)]


def _folded(line: str) -> str:
    return " ".join(line.split()).removeprefix("./")


def _number(text: str | None) -> float | None:
    """The first number of a line, or of the last of several where that is their total."""
    lines = _lines(text or "")
    if not lines or (len(lines) > 1 and not lines[-1].rstrip().endswith("total")):
        return None
    found = re.search(r"-?\d+(?:\.\d+)?", lines[-1])
    return float(found.group()) if found else None


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return False
    return one == other or (other != int(other) and abs(one - other) <= 0.006)  # rounded to two places


def _files(tree: dict[str, list[str]]) -> Any:
    """Reads a line as the path that it ends with, whatever details (size, date, mode) stand before it."""
    ends = Counter(path.rsplit("/", 1)[-1] for path in tree)
    known = {path: path for path in tree} | {p.rsplit("/", 1)[-1]: p for p in tree if ends[p.rsplit("/", 1)[-1]] == 1}
    longest = sorted(known, key=len, reverse=True)

    def read(line: str) -> str:
        line = line.strip().split(" -> ")[0].rstrip("/").strip("'\"")
        for name in longest:
            if line == name or re.search(rf"(?:^|[\s]|\./|/home/user/){re.escape(name)}$", line):
                return known[name]
        return f"? {line}"

    return read
