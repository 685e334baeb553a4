"""Other names, patterns and numbers in a request and its command, the same on both sides.

Each function takes the request and the command and gives them back, changed or not: what does not stand on both sides
in a form that is known here stays as it is written.
"""

from __future__ import annotations

import re
from functools import partial
from random import Random

from experts.shell import pools

Pair = tuple[str, str]

_WORDS = pools.words(
    """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen  nineteen twenty
    """
)
_ORDINALS = pools.words(
    """
    zeroth first second third fourth fifth sixth seventh eighth ninth tenth
    """
)
# Numbers of a command that stand for themselves: no column, no part of a word, a date or a decimal, no leading zero.
_NUMBER = re.compile(
    r"(?<![\w.$#%:/-])[+-]?([1-9]\d*)(?![\w:#]|[.-]\d)|(?<=\{)1\.\.([1-9]\d*)(?=\})|(?<=[,(])([1-9]\d*)(?=[pd'])"
)
_COLUMNS = re.compile(r"-[kf] [\d,-]+|\$\d+")
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d-\d\d-\d\d(?!\d)")
_SIZE = re.compile(r"(?<=-size )([+-])(\d+)([kMG])\b")
_SAID_SIZE = re.compile(r"(?<![\w.])(\d+)( ?)(KB|kB|kb|k|K|kilobytes?|MB|mb|M|megabytes?|meg|GB|gb|G|gigabytes?)\b")
_UNITS = {
    "k": ("KB", "kB", "kb", "k", "K", "kilobytes"),
    "M": ("MB", "MB", "mb", "M", "M", "megabytes"),
    "G": ("GB", "GB", "gb", "G", "G", "gigabytes"),
}
_DAYS = re.compile(r"(?<=-[mac]time )([+-])(\d+)\b")
_SAID_DAYS = re.compile(
    r"(?P<last>(?:last|past) )?"
    r"(?P<n>an? |half a |\d+ |one |two |three |four |five |six |ten )?(?P<unit>days?|weeks?|months?|years?)\b"
)
_PER = {"day": 1, "week": 7, "month": 30, "year": 365}


def varied(ask: str, command: str, rng: Random) -> Pair:
    """The pair with most of what can be replaced replaced."""
    if "://" in command:
        return ask, command
    for way in (_sizes, _ages, _numbers, _columns, _modes, _dates, _extensions, _stems, _folders, _patterns, _named):
        if rng.random() < 0.8:
            ask, command = way(ask, command, rng)
    return ask, command


def _swapped(pair: Pair, old: str, new: str, *, before: str = r"(?<![\w.-])", after: str = r"(?![\w-])") -> Pair:
    """`old` replaced in both by `new`, where it stands as a word of its own."""
    pattern = re.compile(before + re.escape(old) + after)
    return pattern.sub(lambda _: new, pair[0]), pattern.sub(lambda _: new, pair[1])


def _stems(ask: str, command: str, rng: Random) -> Pair:
    """What stands before the dot of a file's name."""
    stems = list(dict.fromkeys(re.findall(r"(?<![\w/.*?%$@'-])((?:[A-Za-z]\w*)(?:-\w+)*)(?=\.[a-z]\w*)", command)))
    used = set(stems)
    for stem in stems:
        said = re.search(rf"(?<![\w.-]){re.escape(stem)}\.\w", ask)
        if not said or len(stem) < 2 or re.search(rf"{re.escape(stem)}(?!\.[a-z])|\w{re.escape(stem)}\.", command):
            continue
        ending = re.search(rf"(?<![\w-]){re.escape(stem)}((?:\.\w+)+)", command)
        pool = [name for name in pools.stems(stem, ending[1] if ending else "") if name not in used and name not in ask]
        if not pool or rng.random() < 0.15:
            continue
        new = rng.choice(pool)
        used.add(new)
        ask, command = _swapped((ask, command), stem, new, after=r"(?=\.\w)")
    return ask, command


def _extensions(ask: str, command: str, rng: Random) -> Pair:
    """The ending that a glob or a pattern of `find` asks for."""
    found = list(dict.fromkeys(re.findall(r"\*\.([a-zA-Z]\w*)(?![\w.*])", command)))
    if not found or pools.SAYS_KIND.search(ask):
        return ask, command
    for old in found:
        if old in pools.FIXED_ENDINGS or re.search(rf"\w\.{old}\b", command):
            continue
        dot = r"(?:(?<=\*\.)|(?<=(?<![\w])\.))" if old in pools.ORDINARY or len(old) < 3 else r"(?<![\w-])"
        said = re.compile(rf"{dot}{old}(?![\w.*/-]*\w)")
        if not said.search(ask) or old.upper() in ask:
            continue
        pool = [
            new for new in pools.endings(command) if new not in found and not re.search(rf"\b{new}\b", ask + command)
        ]
        if not pool:
            continue
        new = rng.choice(pool)
        ask = said.sub(new, ask)
        command = re.sub(rf"(?<!\w)((?:\\)?\.){old}\b", rf"\g<1>{new}", command)
    return ask, command


def _folders(ask: str, command: str, rng: Random) -> Pair:
    """Folders by name that the command has as a path."""
    for old in pools.FOLDERS:
        path = re.compile(rf"(?<![\w.'*$%{{\"/=-]){old}(?=/|\s|$)")
        if not path.search(command) or len(re.findall(rf"(?<![\w./-]){old}(?![\w-]|\.\w)", ask)) != 1:
            continue
        if (
            re.search(rf"'[^']*\b{old}\b|{old}[_.]|[_.]{old}", command)
            or command.startswith(("git", "docker", "systemctl", "make"))
            or "echo " + old in command
        ):
            continue
        new = rng.choice([name for name in pools.FOLDERS if not re.search(rf"\b{name}", ask + command)])
        command = path.sub(new, command)
        ask = re.sub(rf"(?<![\w./-]){old}(?![\w-]|\.\w)", new, ask)
    return ask, command


def _patterns(ask: str, command: str, rng: Random) -> Pair:
    """What `grep` looks for and what `sed` replaces, where it is a plain word."""
    if command.startswith(("ps", "env", "history")):
        return ask, command
    olds = re.findall(r"grep (?:-\w+ (?:\d+ )?|--\S+ )*'\^?([A-Za-z]{3,})'", command)
    for both in re.findall(r"s/\^?([a-z]{3,})/([a-z]{3,})/", command):
        olds += both
    for old in olds:
        if len(re.findall(rf"\b{old}\b", command)) > 1 or not re.search(rf"(?<![\w.-]){old}(?![\w.-]*\w)", ask):
            continue
        if len(re.findall(rf"\b{old}\b", ask, re.IGNORECASE)) != len(re.findall(rf"\b{old}\b", ask)):
            continue
        taken = ask.lower() + command.lower()
        pool = pools.SHOUTED if old.isupper() else pools.TITLED if old[0].isupper() else pools.SOUGHT
        pool = [word for word in pool if word.lower() not in taken]
        ask, command = _swapped((ask, command), old, rng.choice(pool), after=r"(?![\w-]|\.\w)")
    return ask, command


def _named(ask: str, command: str, rng: Random) -> Pair:
    """The word in a pattern of `-name`, people, services and processes."""
    for old in re.findall(r"-i?name '\*?([A-Za-z]{3,})\*?'", command):
        taken = ask.lower() + command.lower()
        if re.search(rf"(?<![\w.-]){old}(?![\w.-]*\w)", ask) and ask.lower().count(old.lower()) == 1:
            pool = [word for word in (pools.FOLDERS if "-type d" in command else pools.NAMED) if word not in taken]
            ask, command = _swapped((ask, command), old, rng.choice(pool))
    for alike in pools.ALIKE:
        for old in alike:
            if re.search(rf"(?<= ){old}(?![\w.-])", command) and re.search(rf"\b{old}\b", ask):
                new = rng.choice([word for word in alike if word not in ask + command])
                return _swapped((ask, command), old, new, after=r"(?!\w|\.\w)")
    return ask, command


def _sizes(ask: str, command: str, rng: Random) -> Pair:
    """A size in `-size` and as it is said, with another unit now and then."""
    inside, said = _SIZE.findall(command), list(_SAID_SIZE.finditer(ask))
    if len(inside) != 1 or len(said) != 1 or said[0][1] != inside[0][1] or inside[0] == ("-", "1024", "k"):
        return ask, command
    sign, number, unit = inside[0]
    unit = rng.choice([unit, *"kMMMG"]) if sign == "+" else rng.choice("kM" if unit != "G" else "G")
    number = str(rng.choice((1, 2, 3, 4, 5) if unit == "G" else pools.SIZES if sign == "+" else pools.SIZES[4:]))
    names = _UNITS[unit]
    name = names[-1] if said[0][3].startswith(("kilo", "mega", "giga")) else rng.choice(names[:-1])
    if name.endswith("bytes") and number == "1":
        name = name[:-1]
    gap = " " if len(name) > 2 else said[0][2]
    ask = ask[: said[0].start()] + number + gap + name + ask[said[0].end() :]
    return ask, _SIZE.sub(sign + number + unit, command)


def _ages(ask: str, command: str, rng: Random) -> Pair:
    """An age in days: `-mtime -7` is "the last week" as well as "7 days"."""
    inside = _DAYS.findall(command)
    said = [found for found in _SAID_DAYS.finditer(ask) if found["n"] or found["last"]]
    if len(inside) != 1 or len(said) != 1 or re.search(r"\dh\b|hour|minute|yesterday|today|these", ask):
        return ask, command
    found = said[0]
    count = (found["n"] or "").strip()
    number = (
        1
        if count in ("", "a", "an", "one")
        else _WORDS.index(count)
        if count in _WORDS
        else int(count)
        if count.isdigit()
        else 0
    )
    if number * _PER[found["unit"].rstrip("s")] != int(inside[0][1]):
        return ask, command
    days, short, long = rng.choice(pools.AGES)
    phrase = found["last"] + short if found["last"] else long
    return ask[: found.start()] + phrase + ask[found.end() :], _DAYS.sub(inside[0][0] + str(days), command)


def _said(number: int) -> re.Pattern[str]:
    word = rf"|\b{_WORDS[number]}\b" if 2 <= number <= 20 else ""
    return re.compile(rf"(?<![\w.$-])\+?{number}(?![\w-]|\.\d){word}")


def _numbers(ask: str, command: str, rng: Random) -> Pair:
    """Counts, lines, minutes, limits: every number of the request must be one of the command."""
    if (
        "NR %" in command
        or "{0" in command
        or "-size" in command
        or "chmod" in command
        or "-perm" in command
        or "404" in command
        or "mkdir -m" in command
    ):
        return ask, command
    columns = {int(digits) for part in _COLUMNS.findall(command) for digits in re.findall(r"\d+", part)}
    inside = sorted({int(next(filter(None, found))) for found in _NUMBER.findall(_COLUMNS.sub("", command))} - {1})
    asked = {int(digits) for digits in re.findall(r"(?<!\w)\d+(?!\w)", ask)} - {0, 1}
    if columns & set(inside):
        return ask, command
    inside = [number for number in inside if len(_said(number).findall(ask)) == 1]
    if not inside or asked - set(inside) or (_DAYS.search(command) and re.search(r"week|month|year|hour", ask)):
        return ask, command
    if re.search(r"\bhours?\b|\bsecond\b|half", ask):
        return ask, command
    for _ in range(20):
        new = [rng.randrange(2, 7) if number < 7 and "depth" in command else _near(number, rng) for number in inside]
        if new == sorted(set(new)) and not set(new) & set(inside):
            break
    else:
        return ask, command
    marks = {old: f"\0{chr(97 + at)}\0" for at, old in enumerate(inside)}
    for old in inside:
        ask = _said(old).sub(partial(_marked, mark=marks[old]), ask)
        command = re.sub(rf"(?<![\d.$#%:]){old}(?!\d|\.\d)", marks[old], command)
    for old, number in zip(inside, new, strict=True):
        ask = ask.replace(marks[old] + "w", _WORDS[number] if number <= 20 else str(number)).replace(
            marks[old], str(number)
        )
        command = command.replace(marks[old], str(number))
    return ask, command


def _marked(found: re.Match[str], mark: str) -> str:
    """The mark in place of a number, with a w behind where the number is a word."""
    return f"{'+' if '+' in found[0] else ''}{mark}{'w' if found[0][-1].isalpha() else ''}"


def _near(number: int, rng: Random) -> int:
    if 1900 <= number <= 2100:
        return rng.randrange(1995, 2031)
    if number <= 12:
        return rng.choice((2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20))
    low, high = max(2, number // 3), number * 3
    step = 10 ** max(0, len(str(number)) - 2) if number % 5 == 0 else 1
    return max(2, rng.randrange(low, high) // step * step)


def _columns(ask: str, command: str, rng: Random) -> Pair:
    """The one column that a command of `cut`, `awk` or `sort` is about."""
    inside = re.compile(r"(?<=-f )(\d)(?![\d,-])|(?<=\$)(\d)(?!\d)|(?<=-k )(\d),\d(?!\d)")
    numbers = {int(next(filter(None, found))) for found in inside.findall(command)}
    if len(numbers) != 1 or "--complement" in command:
        return ask, command
    old = numbers.pop()
    nth = rf"(?P<word>{_ORDINALS[old]})|{old}(?:st|nd|rd|th)"
    said = re.compile(rf"\b(?P<noun>column|col|field) {old}\b|\b(?:{nth}) (?P<after>column|col|field|word)\b")
    if len(said.findall(ask)) != 1 or re.search(rf"\b{_ORDINALS[old]}\b|(?<![\w.]){old}(?![\w.])", said.sub("", ask)):
        return ask, command
    new = rng.choice([number for number in range(1, 9) if number != old])
    ending = {1: "st", 2: "nd", 3: "rd"}.get(new, "th")

    def put(found: re.Match[str]) -> str:
        if found["noun"]:
            return f"{found['noun']} {new}"
        return f"{_ORDINALS[new] if found['word'] else f'{new}{ending}'} {found['after']}"

    return said.sub(put, ask), inside.sub(lambda found: f"{new},{new}" if found[3] else str(new), command)


def _modes(ask: str, command: str, rng: Random) -> Pair:
    """Octal permissions."""
    for old in re.findall(r"(?:chmod (?:-R )?|-perm |-m )([0-7]{3})\b", command):
        if re.search(rf"\b{old}\b", ask) and "writ" not in ask:
            pool = pools.FOLDER_MODES if "-type d" in command or "-R" in command else pools.MODES
            new = rng.choice([mode for mode in pool if mode != old])
            return _swapped((ask, command), old, new, before=r"(?<!\w)", after=r"(?!\w)")
    return ask, command


def _dates(ask: str, command: str, rng: Random) -> Pair:
    """Dates, in the order in which they are written."""
    olds = sorted(set(_DATE.findall(command)))
    if not olds or not all(old in ask for old in olds):
        return ask, command
    news = sorted(
        {f"{rng.randrange(2015, 2027)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}" for _ in range(9)}
    )
    for old, new in zip(olds, sorted(rng.sample(news, len(olds))), strict=True):
        ask, command = ask.replace(old, new), command.replace(old, new)
    return ask, command
