"""Judges one-sentence docstrings by the words that they share with what people wrote for the same functions."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from experts.scoring import Body, Item, chat, held_out
from experts.word_overlap import f1, stem

MEASURE = "F1 of the words beside a written docstring"
BARS: dict[str, float] = {}
HERE = Path(__file__).parent
MAX_TOKENS = 64
MOST_WORDS = 40
SYSTEM = (
    "You write docstrings for Python functions. Answer with one short sentence that says what the function does, "
    "without code and without quotes."
)
ASK = "Write a docstring for this function: one sentence that begins with a verb. Answer with the sentence only."
SHOWN = (  # that no item has
    (
        "def double_all(numbers):\n    return [2 * number for number in numbers]",
        "Return a list with every number doubled.",
    ),
    (
        "def save(self, path):\n    with open(path, 'wb') as file:\n        pickle.dump(self.state, file)",
        "Save the state to a file.",
    ),
    (
        "def has_admin(users):\n    return any(user.role == 'admin' for user in users)",
        "Return whether any of the users is an admin.",
    ),
)
# Words that say nothing of what a function does.
_STOP_WORDS = """
a an and are as at be been being both but by can do does for from function given had has have how if in into is it its
method no not of off on or out so some such than that the their them then there these they this those to under up upon
was were what when where which while who whose will with within
"""
STOP = frozenset(_STOP_WORDS.split())
_SECTION = re.compile(
    r"\s*(args|arguments|params|parameters|returns?|raises|examples?|yields|notes?)\s*:?\s*$|\s*:\w+|\s*@", re.I
)


@dataclass(frozen=True)
class Wanted:
    """What people wrote, of whom any may be right."""

    docstrings: tuple[str, ...]


def items() -> list[Item]:
    found = []
    for _, one in held_out(HERE):
        code = one["code"]
        prompt = one.get("layout", "{code}").replace("{code}", code)
        about = code.strip().splitlines()[0]
        wanted = Wanted(tuple(one["docstrings"]))
        found.append(Item(chat(MAX_TOKENS, prompt), _base_bodies(code, prompt), wanted, about=about))
    return found


def _base_bodies(code: str, prompt: str) -> tuple[Body, ...]:
    """With a system message; with an instruction; with examples as earlier turns; as text; as code that goes on."""
    text = "\n\n".join(f"Function:\n{shown}\nDocstring: {docstring}" for shown, docstring in SHOWN)
    goes_on = f'{code}\n\n\n# The same function, with a docstring of one sentence.\n\n{head(code)}\n    """'
    return (
        chat(MAX_TOKENS, prompt, SYSTEM),
        chat(MAX_TOKENS, f"{ASK}\n\n```python\n{code}\n```"),
        chat(MAX_TOKENS, code, SYSTEM, SHOWN),
        chat(MAX_TOKENS, f"{text}\n\nFunction:\n{code}\nDocstring:", SYSTEM),
        {"prompt": goes_on, "max_tokens": MAX_TOKENS, "stop": ['"""']},
    )


def head(code: str) -> str:
    """A function's source up to its body."""
    code = textwrap.dedent(code)
    lines = code.splitlines()
    first = ast.parse(code).body[0].body[0]  # type: ignore[attr-defined]
    line = first.lineno - 1
    return "\n".join([*lines[:line], lines[line][: first.col_offset]]).rstrip()


def grade(item: Item, answer: str) -> float:
    text = extract(answer)
    count = len(text.split())
    if not count or count > MOST_WORDS or re.search(r"```|^\s*(async\s+)?def\s", text, re.M):
        return 0.0
    return max(f1(words(text), words(right)) for right in item.wanted.docstrings)


def extract(answer: str) -> str:
    """A docstring's first paragraph, in one line: out of quotes, of a function, of a fence or from behind "Sure:"."""
    if quoted := re.search(r'"""(.*?)("""|\Z)|\'\'\'(.*?)(\'\'\'|\Z)', answer, re.S):
        answer = quoted.group(1) or quoted.group(3) or ""
    elif fence := re.search(r"```\w*\n(.*?)(```|\Z)", answer, re.S):
        answer = fence.group(1)
    lines: list[str] = []
    for line in answer.strip().splitlines():
        lead_in = (
            not lines and line.rstrip().endswith(":") and not line.lstrip().startswith(("def ", "async ", "class "))
        )
        if lead_in or (not lines and not line.strip()):
            continue
        if not line.strip() or _SECTION.match(line):
            break
        lines.append(line)
    text = "\n".join(lines).strip().strip("\"'").strip()
    return re.sub(r"^(docstring|answer)\s*:\s*", "", text, flags=re.I)


def words(text: str) -> Counter[str]:
    """Lower-cased stems of what is not said in every sentence."""
    return Counter(stem(word) for word in re.findall(r"[^\W_]+", text.lower()) if word not in STOP)
