"""Training data of the commit expert: hand-written diffs and subjects, with other names and numbers on both sides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from experts.commit import words
from experts.recipe import Example, chat, main, read_written

HERE = Path(__file__).parent
MOST = 1500
_FORMS = {form: number for number, pair in enumerate(words.NOUNS) for form in pair}
_NOUN = re.compile(r"(?P<article>\b[Aa]n? )?(?P<word>[A-Z][a-z]+|(?<![A-Za-z])[a-z]+|[A-Z]+)")
_VERSION = re.compile(r"(?<![\w.])(v?)(\d{1,3})\.(\d{1,3})((?:\.\d{1,4})*)(?!\w|\.\d)")
_NAME = re.compile(r"\b[A-Za-z]+(?:_[a-z0-9]+|[a-z][A-Z][a-z]+)\w*\b")
_DEFINED = (
    r"(?:def|func|fn|function|class|struct|const|let|val|RENAME COLUMN|ADD COLUMN|TO|TABLE|void|int|bool|string) \*?"
)
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)")
# Numbers that are what they are: status codes, ports, sizes, years.
_FIXED = (
    set(range(200, 600)) | {2**k for k in range(3, 20)} | set(range(1900, 2100)) | {80, 443, 3000, 5432, 8000, 8080}
)

# A diff and the subject lines for it.
Item = tuple[str, list[str]]


@cache
def _written() -> list[dict[str, Any]]:
    return read_written(HERE / "written")


def round_(number: int, rng: Random) -> Iterator[Example]:
    """Every diff once: as written in the first round, varied afterwards."""
    items = list(_written())
    rng.shuffle(items)
    for written in items:
        item = (written["diff"], written["messages"])
        if number:
            item = varied(item, rng)
        diff, messages = item
        # Mostly the first, so that one way of saying a thing is learnt.
        message = messages[0] if rng.random() < 0.85 else rng.choice(messages)
        yield _example(diff if rng.random() < 0.2 else _shown(diff, message, rng), message, rng)


def _shown(diff: str, message: str, rng: Random) -> str:
    """The diff laid out anew, with every word of it that the subject takes from it."""
    said = set(re.findall(r"\w{3,}", message))
    shown = laid_out(diff, rng)
    there = set(re.findall(r"\w{3,}", diff))
    return shown if said & there <= set(re.findall(r"\w{3,}", shown)) else diff


def _example(diff: str, message: str, rng: Random) -> Example:
    prompt = diff if rng.random() < 0.6 else rng.choice(words.LAYOUTS).replace("{}", diff)
    return chat(prompt, message, rng.choice(words.SYSTEMS) if rng.random() < 0.12 else None)


def varied(item: Item, rng: Random) -> Item:
    """The item with some of its words, names, versions and numbers changed; as it was where that would not fit."""
    steps = [(_turned, 0.2), (_other_nouns, 0.75), (_other_names, 0.5), (_other_package, 0.8), (_other_versions, 0.7)]
    steps += [(_other_numbers, 0.5), (_other_folder, 0.4)]
    for step, share in steps:
        if rng.random() < share:
            changed = step(item, rng)
            if len(changed[0]) <= MOST and all(len(message) < 65 for message in changed[1]):
                item = changed
    return item


def _both(item: Item, change: Callable[[str], str]) -> Item:
    return change(item[0]), [change(message) for message in item[1]]


def _turned(item: Item, rng: Random) -> Item:
    """What was only added is removed, and a rename goes back."""
    diff, messages = item
    if (names := re.fullmatch(r"Rename (\S+) to (\S+)((?: in .*)?)", messages[0])) and "rename from" not in diff:
        return _reversed(diff), [f"Rename {names[2]} to {names[1]}{names[3]}"]
    if re.search(r"^-(?!--)", diff, re.M) or "similarity index" in diff:
        return item
    turned = [removal for message in messages if (removal := _removal(message))]
    return (_reversed(diff), turned) if turned and _removal(messages[0]) else item


def _removal(message: str) -> str | None:
    """What takes back an addition: "Add a limit to lists" becomes "Remove the limit from lists"."""
    added = re.fullmatch(r"Add (?:an? |the )?(.*)", message)
    if not added or re.search(r" (and|so|when|that) |,|foreign key", message) or message.count(" to ") > 1:
        return None
    rest = re.sub(r" to ", " from ", added[1])
    return f"Remove {'the ' if re.match(r'Add an? |Add the ', message) else ''}{rest}"


def _reversed(diff: str) -> str:
    """The diff that takes this one back."""
    out = []
    for line in diff.splitlines():
        if line.startswith(("--- ", "+++ ")):
            out.append(line)
        elif line[:1] in "+-":
            out.append(("-" if line[0] == "+" else "+") + line[1:])
        elif hunk := _HUNK.match(line):
            new, old = re.findall(r"[-+](\d+(?:,\d+)?)", line.split("@@")[1])
            out.append(f"@@ -{old} +{new} @@{hunk[3]}")
        else:
            out.append(line.replace("new file mode", "deleted file mode").replace("index 0000000..", "index 5c1f2ab.."))
    text = "\n".join(_minus_first(out)) + "\n"
    text = re.sub(r"^--- /dev/null\n\+\+\+ b/(.*)$", r"--- a/\1\n+++ /dev/null", text, flags=re.M)
    return re.sub(r"(deleted file mode \d+\nindex \w+\.\.)\w+", r"\g<1>0000000", text)


def _minus_first(lines: list[str]) -> list[str]:
    """In every run of changed lines those that go away stand first, as git prints them."""
    out: list[str] = []
    plus: list[str] = []
    for line in lines:
        if line.startswith("+") and not line.startswith("+++ "):
            plus.append(line)
        elif line.startswith("-") and not line.startswith("--- "):
            out.append(line)
        else:
            out += [*plus, line]
            plus = []
    return out + plus


def _other_nouns(item: Item, rng: Random) -> Item:
    """Some of the things it is about become other things."""
    text = item[0] + "\n".join(item[1])
    present = {_FORMS[word] for found in _NOUN.finditer(text) if (word := found["word"].lower()) in _FORMS}
    low = text.lower()
    free = [n for n, (one, _) in enumerate(words.NOUNS) if one[:4] not in low and one not in words.UNSAFE]
    rng.shuffle(free)
    new = {}
    for old in sorted(present):
        one = words.NOUNS[old][0]
        if free and rng.random() < 0.8 and not any(sign in text for sign in words.UNSAFE.get(one, ())):
            new[old] = free.pop()
    return _both(item, lambda side: _NOUN.sub(lambda found: _noun(found, new), side))


def _noun(found: re.Match[str], new: dict[int, int]) -> str:
    form = found["word"]
    old = _FORMS.get(form.lower())
    if old not in new:
        return found[0]
    word = words.NOUNS[new[old]][words.NOUNS[old].index(form.lower())]
    article = found["article"] or ""
    if article:
        article = article[0] + ("n " if word[0] in "aeio" else " ")
    return article + (word if form.islower() else word.title() if form.istitle() else word.upper())


def _other_names(item: Item, rng: Random) -> Item:
    """Functions, classes and columns that the subject names and the diff defines are called something else."""
    diff, messages = item
    parts: dict[tuple[str, ...], tuple[str, ...]] = {}
    new: dict[str, str] = {}
    for name in dict.fromkeys(_NAME.findall(" ".join(messages))):
        if name.isupper() or name.endswith(("Error", "Exception")) or not re.search(_DEFINED + name + r"\b", diff):
            continue
        old = tuple(word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name))
        drawn = (rng.choice(words.VERBS), rng.choice(words.OBJECTS))
        new[name] = _styled(name, parts.setdefault(old, drawn))
    if not new or any(re.search(rf"\b{name}\b", diff) for name in new.values()):
        return item
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, new)) + r")\b")
    return _both(item, lambda side: pattern.sub(lambda found: new[found[1]], side))


def _styled(like: str, parts: tuple[str, ...]) -> str:
    """The parts joined as the old name's are."""
    if "_" in like:
        return "_".join(parts)
    name = "".join(part.title() for part in parts)
    return name if like[0].isupper() else name[0].lower() + name[1:]


def _other_package(item: Item, rng: Random) -> Item:
    """A bump is one of another package, a project has another name."""
    message = item[1][0]
    groups = words.PACKAGES if re.match(r"(Bump|Update|Upgrade|Use) ", message) else []
    new = {}
    for group in [*groups, words.CODENAMES]:
        for old in group:
            if re.search(rf"\b{old}\b", item[0]) and not re.search(rf"\bimport .*\b{old}\b", item[0]):
                other = rng.choice(group)
                if other not in item[0] and other not in new.values():
                    new[old] = other
    if not new:
        return item
    pattern = re.compile(r"\b(" + "|".join(new) + r")\b", re.I)
    return _both(item, lambda side: pattern.sub(lambda found: _cased(found[1], new[found[1].lower()]), side))


def _cased(old: str, new: str) -> str:
    return new.title() if old[0].isupper() else new


def _other_versions(item: Item, rng: Random) -> Item:
    """All version numbers are moved by the same steps, so that the newer one stays the newer."""
    if not re.search(r"\d\.\d", item[1][0]) or re.search("[pP]ython|Node|Go |C\\+\\+", item[1][0]):
        return item
    major, minor = rng.randrange(0, 4), rng.randrange(0, 9)
    return _both(
        item, lambda side: _VERSION.sub(lambda v: f"{v[1]}{int(v[2]) + major}.{int(v[3]) + minor}{v[4]}", side)
    )


def _other_numbers(item: Item, rng: Random) -> Item:
    """The numbers that the subject gives, and the old ones beside them, are multiplied."""
    diff, messages = item
    given = {int(n) for n in re.findall(r"(?<![\w.:,/+-])\d+(?![\w.:,/%-]*\w)", " ".join(messages))}
    changed = "\n".join(line for line in diff.splitlines() if re.match(r"[-+](?![-+]{2} )", line))
    found = {int(n) for n in re.findall(r"(?<![\w.#:/-])\d+(?![\w.:/-])", changed)}
    versions = re.search("Node|Python|Java|PHP|Android|Godot|Postgres", messages[0])
    if versions or not given or not given <= found or given & _FIXED or min(given) < 5:
        return item
    near = {n for n in found - _FIXED if n >= 5}
    factor = rng.choice([2, 3, 4, 5])
    new = {str(n): str(n * factor) for n in near}
    if "%" in changed or "percent" in changed or max(near) * factor > 99999:
        return item
    pattern = re.compile(r"(?<![\w.#:/-])(" + "|".join(new) + r")(?![\w.:/-])")
    lines = [
        pattern.sub(lambda n: new[n[1]], line) if re.match(r"[-+](?![-+]{2} )", line) else line
        for line in diff.splitlines()
    ]
    return "\n".join(lines) + "\n", [pattern.sub(lambda n: new[n[1]], message) for message in messages]


def _other_folder(item: Item, rng: Random) -> Item:
    """The files lie in another folder, where the subject does not speak of it."""
    diff, messages = item
    tops = set(re.findall(r"^diff --git a/([\w.-]+)/", diff, re.M))
    if "rename from" in diff or not tops:
        return item
    if rng.random() < 0.4 and not any(top.startswith(".") for top in tops):
        outer = rng.choice(words.OUTER)
        return re.sub(
            r"(^(?:diff --git |--- |\+\+\+ ).*)", lambda m: re.sub(r" ([ab])/", rf" \1/{outer}", m[1]), diff, flags=re.M
        ), messages
    old = next((top for top in sorted(tops) if top in words.DIRS), None)
    if not old or re.search(rf"\b{old}\b", " ".join(messages)):
        return item
    new = rng.choice(words.DIRS)
    return re.sub(rf"(?<= [ab]/){old}(?=/)", new, diff), messages


@dataclass
class _File:
    head: list[str]
    hunks: list[tuple[str, list[str]]] = field(default_factory=list)


def _files(diff: str) -> list[_File]:
    files: list[_File] = []
    for line in diff.splitlines():
        if line.startswith("diff --git "):
            files.append(_File([line]))
        elif hunk := _HUNK.match(line):
            files[-1].hunks.append((hunk[3], []))
        elif files[-1].hunks:
            files[-1].hunks[-1][1].append(line)
        else:
            files[-1].head.append(line)
    return files


def laid_out(diff: str, rng: Random) -> str:
    """The same change as other tools and settings print it: less context, other places in the file, other headers."""
    header = rng.choices(["all", "no index", "names only", "no prefix"], [60, 24, 11, 5])[0]
    most = rng.choice([3, 3, 3, 2, 1, 0])
    heading = rng.random() < 0.7
    out = []
    for file in _files(diff):
        out += _head(file.head, header, rng)
        whole = any(line.startswith(("new file", "deleted file")) for line in file.head)
        start, moved = rng.randrange(1, 300), 0
        for title, lines in file.hunks:
            lines, cut = (lines, 0) if whole else _trimmed(lines, most)
            if most == 3 and not whole and rng.random() < 0.5:
                lines = _surrounded(lines, file.head[0], rng)
            start += cut
            out += [_hunk_head(lines, 1 if whole else start, moved) + (title if heading else ""), *lines]
            moved += sum(line[:1] == "+" for line in lines) - sum(line[:1] == "-" for line in lines)
            start += len(lines) + rng.randrange(8, 60)
    return "\n".join(out) + "\n"


def _head(lines: list[str], header: str, rng: Random) -> list[str]:
    lines = [_drawn_index(line, rng) if line.startswith("index ") else line for line in lines]
    named = any(line.startswith("--- ") for line in lines)
    if header == "no index":
        return [line for line in lines if not line.startswith("index ")]
    if header == "names only" and named:
        return [line for line in lines if line.startswith(("--- ", "+++ "))]
    if header == "no prefix":
        return [re.sub(r" [ab]/", " ", line) for line in lines]
    return lines


def _drawn_index(line: str, rng: Random) -> str:
    return re.sub(r"[0-9a-f]{7}\b", lambda m: m[0] if m[0] == "0000000" else f"{rng.randrange(16**7):07x}", line)


def _trimmed(lines: list[str], most: int) -> tuple[list[str], int]:
    """At most so many lines of context before and after the change, and how many went at the start."""
    changed = [i for i, line in enumerate(lines) if line[:1] in "+-" and line]
    first, last = max(0, changed[0] - most), min(len(lines), changed[-1] + 1 + most)
    return lines[first:last], first


@cache
def _contexts() -> dict[str, list[list[str]]]:
    """The unchanged lines at the ends of all written hunks, by the ending of the file's name."""
    runs: dict[str, list[list[str]]] = {}
    for item in _written():
        for file in _files(item["diff"]):
            for _, lines in file.hunks:
                changed = [i for i, line in enumerate(lines) if line[:1] in "+-"]
                for run in (lines[: changed[0]], lines[changed[-1] + 1 :]):
                    if len(run) > 1:
                        runs.setdefault(_ending(file.head[0]), []).append(run)
    return runs


def _ending(head: str) -> str:
    return head.rpartition("/")[2].rpartition(".")[2]


def _surrounded(lines: list[str], head: str, rng: Random) -> list[str]:
    """With unchanged lines of another file of that language around the change, which say nothing about it."""
    runs = _contexts().get(_ending(head), [])
    if len(runs) < 6:
        return lines
    changed = [i for i, line in enumerate(lines) if line[:1] in "+-"]
    before, after = 3 - changed[0], 4 - (len(lines) - changed[-1])
    above = [" ", *rng.choice(runs)] if rng.random() < 0.5 else []
    below = [" ", *rng.choice(runs)] if rng.random() < 0.7 else []
    return (above[-before:] if before > 0 else []) + lines + (below[:after] if after > 0 else [])


def _hunk_head(lines: list[str], start: int, moved: int) -> str:
    old = sum(line[:1] != "+" for line in lines)
    new = sum(line[:1] != "-" for line in lines)
    # Of nothing, the line before it is given.
    places = (f"{start if old else start - 1}", f"{start + moved if new else max(0, start + moved - 1)}")
    counts = ("" if n == 1 else f",{n}" for n in (old, new))
    return f"@@ -{places[0]}{next(counts)} +{places[1]}{next(counts)} @@"


if __name__ == "__main__":
    main(round_, "Training data of the commit expert: diffs and the subject lines of their commit messages.")
