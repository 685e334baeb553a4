"""Grades regexes by what they match: each is run in a child process, on texts it must match and texts it must not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import lru_cache, partial
from pathlib import Path

from experts.scoring import Body, Item, chat, held_out

MEASURE = "regexes that match all of the right texts and none of the wrong"
BARS = {"all": 0.60}
HERE = Path(__file__).parent
MAX_TOKENS = 128
SECONDS = 20  # of the wall: the child has one of the processor, and the machine may be busy

# A pattern may take exponential time: the child is ended after a second of it. It reads [pattern, mode, yes, no].
CHILD = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
pattern, mode, yes, no = json.load(sys.stdin)
try:
    compiled = re.compile(pattern)
except (re.error, OverflowError, RecursionError):
    sys.exit(1)
def fits(match):
    return all(match(text) for text in yes) and not any(match(text) for text in no)
full = mode != "search" and fits(compiled.fullmatch)
print(int(full or (mode != "full" and fits(compiled.search))))
"""

SYSTEM = "You write Python regular expressions. Answer with one regular expression and nothing else."
SHOTS = (
    ("two digits and then a letter", r"\d{2}[A-Za-z]"),
    ("lines that start with a space", r"^ "),
    ("either cat or dog", r"(?:cat|dog)"),
)


_body = partial(chat, MAX_TOKENS)


def items() -> list[Item]:
    """Of every file in heldout, in order."""
    return [_item(stem.split("_", 1)[1], told) for stem, told in held_out(HERE)]


def _item(group: str, told: dict[str, object]) -> Item:
    ask = str(told["ask"])
    return Item(_body(ask), _base_bodies(ask), told, group, ask)


def _base_bodies(ask: str) -> tuple[Body, ...]:
    listed = "".join(f"Description: {question}\nRegex: {answer}\n\n" for question, answer in SHOTS)
    return (
        _body(ask, SYSTEM),
        _body(f"Write one Python regular expression for this, and nothing else:\n{ask}"),
        _body(ask, SYSTEM, SHOTS),
        _body(f"Give the regex for the last description.\n\n{listed}Description: {ask}\nRegex:"),
        _body(f"{ask}\n\nAnswer with the regex in a ```regex fence, with no explanation."),
    )


def extract(answer: str) -> str:
    """The pattern in an answer that may wrap it in a fence, in quotes, in Python or in prose."""
    if fence := re.search(r"```[a-z]*[ \t]*\n?(.*?)(?:```|\Z)", answer, re.S):
        answer = fence.group(1)
    lines = [line.strip() for line in answer.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    text = "\n".join(lines)
    if _is_code(text) and (literal := re.search(r"""\br?(["'])((?:\\.|(?!\1)[^\\\n])+)\1""", text)):
        return literal.group(2)
    if len(lines) > 1 or re.match(r"[A-Z][a-z]+[ ,!:.]", text):  # prose: what it puts in backticks is the pattern
        if ticked := re.search(r"`([^`\n]+)`", text):
            return _bare(ticked.group(1))
        lines = [line for line in lines if re.search(r"[\\\[\](){}^$+*?|]", line)] or lines
    return _bare(lines[0])


def _is_code(text: str) -> bool:
    called = r"\bre\.(?:compile|search|match|fullmatch|findall|sub)\("
    return bool(re.search(called, text) or re.search(r"^(?:import re\b|\w+ = r?[\"'])", text, re.M))


def _bare(line: str) -> str:
    """Without a label before it, and without quotes, backticks or slashes around it."""
    line = re.sub(r"^(?:the )?(?:regex|pattern|answer|regular expression)(?: is)?:\s+", "", line.strip(), flags=re.I)
    for wrapped in (r"`(.+)`", r"""r?"(.+)\"""", r"r?'(.+)'", r"/(.+)/"):
        if (inner := re.fullmatch(wrapped, line)) and not (line[0] in "\"'/" and line[0] in inner.group(1)):
            return inner.group(1)
    return line


def grade(item: Item, answer: str) -> float:
    told = item.wanted
    readings = {extract(answer), answer.strip()}  # where a pattern has quotes of its own, both are tried
    return float(any(_fits(r, told.get("mode", "full"), tuple(told["yes"]), tuple(told["no"])) for r in readings))


@lru_cache(maxsize=4096)
def _fits(pattern: str, mode: str, yes: tuple[str, ...], no: tuple[str, ...]) -> bool:
    """Whether it matches all of `yes` and nothing of `no`; one that runs away does not."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", CHILD],
            input=json.dumps([pattern, mode, yes, no]),
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.stdout.strip() == "1"
