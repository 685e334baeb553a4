"""Checks the written items: every regular expression does what its strings say, and is in the one style."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from experts.recipe import read_written

WRITTEN = Path(__file__).parent / "written"
# What another way of writing is used for: one way of saying a thing is easier to learn.
_UNSTYLED = {
    r"\[0-9\]": r"\d",
    r"\[\^0-9\]": r"\D",
    r"\[\\d\]": r"\d",
    r"a-zA-Z": "A-Za-z",
    r"a-fA-F": "A-Fa-f",
    r"A-Za-z0-9_": r"\w",
    r"A-Z0-9a-z": "A-Za-z0-9",
    r"\{0,1\}": "?",
    r"\{1,\}": "+",
    r"\{0,\}": "*",
    r"\{1\}": "nothing",
    r"\(\?[iLmsuxa]": "a class of both cases",
    r"\(\?P<": "a plain group",
    r"\\[-/:\"'@#%&=<>,;_ !~`]": "the character itself",
    r"(?<!\\)\[(?:[^\]\\]|\\.)*\\[.$*+?(){}|][^\]]*\]": "no escape within a class",
}


def matches(regex: str, text: str) -> bool:
    """Whether the text is matched: whole where both ends are anchored, somewhere in it where not."""
    if _whole(regex):
        return re.fullmatch(regex.removeprefix("^").removesuffix("$"), text) is not None
    return re.search(regex, text) is not None


def _whole(regex: str) -> bool:
    return regex.startswith("^") and regex.endswith("$") and not regex.endswith(r"\$")


def faults(regex: str, captures: bool = False) -> list[str]:
    """What is wrong with how the expression is written, which may be asked to capture; empty where nothing is."""
    try:
        compiled = re.compile(regex)
    except re.error as error:
        return [f"no regular expression: {error}"]
    # A backslash that is itself escaped escapes nothing after it.
    single = regex.replace("\\\\", "")
    found = [f"use {right} for {wrong}" for wrong, right in _UNSTYLED.items() if re.search(wrong, single)]
    if compiled.groups and not captures and not re.search(r"\\[1-9]", regex):
        found.append("a group that nothing refers to: use (?:...)")
    # Without its anchors the expression has to say the same: an alternative must not take one of them along.
    if _whole(regex) and _bare_alternative(regex):
        found.append("put the alternatives in (?:...)")
    return found


def _bare_alternative(regex: str) -> bool:
    bare = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "", regex)
    depth = 0
    for character in bare:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            return True
    return False


def item_faults(item: dict[str, Any]) -> list[str]:
    """What is wrong with an item: its style, its number of wordings and strings, and strings that it gets wrong."""
    regex = item["regex"]
    found = faults(regex, any("captur" in ask for ask in item["ask"]))
    if found and found[0].startswith("no regular"):
        return found
    if len(item["ask"]) < 3:
        found.append("fewer than three wordings")
    for field, wanted in (("match", True), ("no_match", False)):
        if not 4 <= len(item[field]) <= 8:
            found.append(f"{len(item[field])} strings in {field}: 4 to 8")
        found += [f"{field}: {text!r} is wrong" for text in item[field] if matches(regex, text) is not wanted]
    return found


def check() -> list[dict[str, Any]]:
    """All written items. Raises `SystemExit` that names every fault, if there is one."""
    items = read_written(WRITTEN)
    asked = Counter(ask.lower() for item in items for ask in item["ask"])
    found = [f"{item['source']}: {item['regex']}: {fault}" for item in items for fault in item_faults(item)]
    found += [f"asked {times} times: {ask}" for ask, times in asked.items() if times > 1]
    if found:
        raise SystemExit("\n".join(found))
    return items


if __name__ == "__main__":
    items = check()
    wordings = sum(len(item["ask"]) for item in items)
    print(f"{len(items)} items, {wordings} wordings, {len({item['regex'] for item in items})} expressions")
    print(Counter(item["source"] for item in items), file=sys.stderr)
