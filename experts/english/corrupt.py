"""Mistakes made by rule: every place in a right text where one could stand, and a seeded choice among them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from random import Random

from experts.english import words
from experts.english.words import BASES, COMPARED, ING, IRREGULAR, PARTICIPLE, PAST, SUPERLATIVES, THIRD
from experts.recipe import typos

# Characters `start` to `end` of the right text, and what is written there instead.
Edit = tuple[int, int, str]
Rule = Callable[[str], Iterator[Edit]]


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


_OF_BASE = {"THIRD": THIRD, "ING": ING, "PAST": PAST, "PARTICIPLE": PARTICIPLE}
_BACK = {kind: {form: base for base, form in forms.items()} for kind, forms in _OF_BASE.items()}
_TABLES = Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8").splitlines()
_NAMED = {
    "BASE": _any(BASES),
    **{kind: _any(forms.values()) for kind, forms in _OF_BASE.items()},
    "CHANGED": _any(form for base, form in PARTICIPLE.items() if form != base),
    "SIMPLE": _any(form for base, form in PAST.items() if form != base),
    "BROKEN": _any(verb[2] for verb in IRREGULAR if verb[1] != verb[2]),
    "MOST": _any(SUPERLATIVES),
    "DAY": _any(words.DAYS),
    "MONTH": _any((*words.MONTHS, "March", "May")),
    **{line[1 : line.index(">")]: _any(line.partition(" = ")[2].split(" | ")) for line in _TABLES if line[:1] == "<"},
}


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<([A-Z]+)>", lambda m: _NAMED[m[1]], text), re.IGNORECASE)


def _like(word: str, model: str) -> str:
    """The word with a capital where the model has one."""
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def _filled(match: re.Match[str], out: str) -> str:
    """`{1}` is a group, `{1:PAST}` the base of the verb in it, `{1:PAST>ING}` another form of it."""

    def group(slot: re.Match[str]) -> str:
        text, form = match[int(slot[1])] or "", slot[2]
        if match.start(int(slot[1])) == match.start() and slot.start() and not re.match(r"I\b", text):
            text = text[:1].lower() + text[1:]  # what began the sentence stands further on now
        if not form:
            return text
        kind, _, to = form.partition(">")
        base = text.lower() if kind == "BASE" else _BACK[kind].get(text.lower(), text)
        return _OF_BASE[to].get(base, base) if to else base

    return _like(re.sub(r"\{(\d)(?::([A-Z>]+))?\}", group, out), match[0])


def _by_pattern() -> dict[str, Rule]:
    """The rules of `mistakes.txt`: sections of patterns, `what is right => wrong | wrong` each."""
    rows: dict[str, list[tuple[re.Pattern[str], list[str]]]] = {}
    for line in _TABLES:
        if line.startswith("["):
            name = line.strip("[]")
            rows[name] = []
        elif rows and line:
            left, _, right = line.partition(" => ")
            rows[name].append((_pattern(left), right.split(" | ")))
    return {name: _patterns(section) for name, section in rows.items()}


def _patterns(rows: list[tuple[re.Pattern[str], list[str]]]) -> Rule:
    def rule(text: str) -> Iterator[Edit]:
        for pattern, outs in rows:
            for match in pattern.finditer(text):
                for out in outs:
                    yield match.start(), match.end(), _filled(match, out)

    return rule


def swaps(table: dict[str, str], after: str = "") -> Rule:
    """A rule that puts other words in the place of these, `|` between the ways; `after` must not follow."""
    pattern = re.compile(rf"(?<![\w'’-]){_any(table)}(?![\w'’-]{after})", re.IGNORECASE)

    def rule(text: str) -> Iterator[Edit]:
        for match in pattern.finditer(text):
            for wrong in table[match[0].lower()].split("|"):
                yield match.start(), match.end(), _like(wrong, match[0])

    return rule


_BY_PATTERN = _by_pattern()
_PAST_MARK = re.compile(
    r"\b(?:yesterday|last (?:week|night|month|year|summer)|ago|in (?:19|20)\d\d|this morning|was|were|had|didn't)\b"
)


def _past(text: str) -> Iterator[Edit]:
    """A past that is told in the present, only where something else in the text says that it is past."""
    for start, end, wrong in _BY_PATTERN["tense"](text):
        if _PAST_MARK.search(text[:start] + text[end:]):
            yield start, end, wrong


def _comparing(text: str) -> Iterator[Edit]:
    """`easier` is taken for `more easy` and `more easier`, `best` for `most good`."""
    yield from _BY_PATTERN["more"](text)
    for table, more in ((COMPARED, "more"), (SUPERLATIVES, "most")):
        for match in re.finditer(rf"\b{_any(table)}\b", text):
            yield match.start(), match.end(), f"{more} {table[match[0]]}"
            yield match.start(), match.end(), f"{more} {match[0]}"
            if more == "more" and re.match(r" than\b", text[match.end() :]):
                yield match.start(), match.end(), table[match[0]]


def _feelings(text: str) -> Iterator[Edit]:
    """`bored` and `boring`."""
    people = r"\b(?:I'm|I am|I was|(?:he|she) (?:is|was)|(?:we|they|you) (?:are|were)|feel) (?:so |very |really )?"
    for match in re.finditer(rf"{people}({_any(words.BORED)})\b", text, re.IGNORECASE):
        yield match.start(1), match.end(1), words.BORED[match[1]]
    things = {wrong: right for right, wrong in words.BORED.items()}
    for match in re.finditer(rf"\b(?:is|was|are|were|so|very|too|more) ({_any(things)})\b", text):
        yield match.start(1), match.end(1), things[match[1]]


def _apostrophes(text: str) -> Iterator[Edit]:
    for match in re.finditer(r"\b(\w+)'(\w{1,2})\b", text):
        yield match.start(), match.end(), match[1] + match[2]
        if match[2] == "t":
            yield match.start(), match.end(), match[1][:-1] + "'nt"
    for match in re.finditer(rf"\b{_NAMED['PLURAL']} ([a-z]{{2,}}[a-rt-z])s\b(?! [a-z]+s\b)", text):
        if match[1] + "s" not in words.NO_PLURALS:
            yield match.start(1), match.end(), match[1] + "'s"


def _capitals(text: str) -> Iterator[Edit]:
    for match in re.finditer(r"(?:^|(?<=[.!?] ))[A-Z]\w*|\bI\b|(?<=[a-z] )[A-Z][a-z]{2,}\b", text):
        yield match.start(), match.end(), match[0].lower()
    for match in re.finditer(rf"(?<=[a-z] ){_NAMED['COMMON']}\b", text):
        yield match.start(), match.end(), match[0].capitalize()


def _commas(text: str) -> Iterator[Edit]:
    for match in re.finditer(r"(?<=\w), (?=\w)", text):
        yield match.start(), match.end(), " "
        yield match.start(), match.end(), " ,"
        yield match.start(), match.end(), ","
    for match in re.finditer(r"(?<=\w)[.!?]$", text):
        if match[0] != "!":  # nobody could know that it was one
            yield match.start(), match.end(), ""
        yield match.start(), match.end(), " " + match[0]
        if match[0] == "?":
            yield match.start(), match.end(), "."
    for match in re.finditer(r"\b(but|because|that|when|if) (?=(?:I|he|she|it|we|they|the)\b)", text):
        yield match.start(), match.end(), f"{match[1]}, "


def _joined(text: str) -> Iterator[Edit]:
    """Two sentences run together."""
    for match in re.finditer(r"(?<=\w)(?<!Mr)(?<!Dr)\. ([A-Z])", text):
        first = match[1] if re.match(r"I\b", text[match.end() - 1 :]) else match[1].lower()
        yield match.start(), match.end(), " " + first
        yield match.start(), match.end(), ". " + match[1].lower()
        yield match.start(), match.end(), "." + match[1]


_DROPPED = re.compile(
    r"\b(?:to|be|at|with|it|(?<!, )and|(?<!all )(?<!both )(?<!half )of|(?<=how )do|(?<=\w )does|(?:is|are|was|were) "
    r"(?=(?:very|so|not|too|a|an|the|my|in|at|only|ready|open|going|\w+ing)\b)) ?(?=[a-z])"
)
_TWICE = re.compile(r"\b(?:the|to|a|and|is|of|in|it|for|that|was|have|you|we|on|with|my)\b")


def _missing(text: str) -> Iterator[Edit]:
    for match in _DROPPED.finditer(text):
        if match[0].endswith(" "):
            yield match.start(), match.end(), ""


def _doubled(text: str) -> Iterator[Edit]:
    for match in _TWICE.finditer(text):
        yield match.start(), match.end(), f"{match[0]} {match[0].lower()}"


def _spaces(text: str) -> Iterator[Edit]:
    for match in re.finditer(rf"\b{_NAMED['APART']}\b", text):
        yield match.start(), match.end(), match[0].replace(" ", "")
    for match in re.finditer(rf"\b({_NAMED['FRONT']})({_NAMED['BACK']})\b", text, re.IGNORECASE):
        yield match.start(), match.end(), f"{match[1]} {match[2]}"


def _all_lower(text: str) -> Iterator[Edit]:
    """As it is typed on a telephone, or comes out of a dictation: one edit for the whole text."""
    yield 0, len(text), text.lower()
    if not re.search(r"[!;:\"\n]", text):
        yield 0, len(text), re.sub(r"(?<!\d)[,.?](?=\s|$)", "", text).lower()


_KINDS: list[tuple[str, float, Rule]] = [
    *((name, weight, _BY_PATTERN[name]) for name, weight in (
        ("articles", 12), ("prepositions", 12), ("agreement", 11), ("verbs", 12), ("participles", 3), ("seen", 1),
        ("nouns", 8), ("words", 6), ("order", 6), ("well", 1),
    )),
    ("past", 6, _past), ("regularised", 3, swaps(words.REGULARISED)), ("plurals", 4, swaps(words.PLURALS)),
    ("feelings", 3, _feelings), ("compared", 4, _comparing), ("adverbs", 4, swaps(words.ADVERBS)),
    ("confused", 12, swaps(words.CONFUSED, "|(?: of| that|,)")), ("misspelt", 8, swaps(words.MISSPELT)),
    ("hasty", 1.5, swaps(words.HASTY)), ("apostrophes", 5, _apostrophes), ("capitals", 6, _capitals),
    ("commas", 5, _commas), ("joined", 3, _joined), ("missing", 5, _missing), ("doubled", 1.5, _doubled),
    ("spaces", 2, _spaces), ("lower", 1.2, _all_lower),
]  # fmt: skip
# How often a kind of mistake is drawn where it can be made, and how it is made.
RULES = {name: (weight, rule) for name, weight, rule in _KINDS}
LIGHT = ("misspelt", "hasty", "apostrophes", "capitals", "commas", "joined", "doubled", "spaces")


@lru_cache(maxsize=8192)
def candidates(text: str) -> dict[str, tuple[Edit, ...]]:
    """The mistakes that each rule can make in this text."""
    found = {}
    for name, (_, rule) in RULES.items():
        edits = tuple(dict.fromkeys(edit for edit in rule(text) if text[edit[0] : edit[1]] != edit[2]))
        if edits:
            found[name] = edits
    return found


def _slip(text: str, rng: Random) -> Edit | None:
    """One word mistyped."""
    found = list(re.finditer(r"(?<![\w'])[a-z]{4,}(?![\w'])", text))
    if not found:
        return None
    word = rng.choice(found)
    return word.start(), word.end(), typos(word[0], rng, share=1.0)


def drawn(text: str, rng: Random, *, light: bool = False) -> Edit | None:
    """One mistake that this text could have; a light one is no matter of grammar."""
    if rng.random() < (0.3 if light else 0.1):
        return _slip(text, rng)
    found = candidates(text)
    names = [name for name in found if not light or name in LIGHT]
    if not names:
        return _slip(text, rng)
    name = rng.choices(names, [RULES[name][0] for name in names])[0]
    return rng.choice(found[name])


def differences(right: str, wrong: str) -> list[Edit]:
    """What a written wrong version has otherwise, as edits of the right text: words and the spaces between them."""
    ours, theirs = (re.findall(r"\s+|[\w'’-]+|[^\w\s]", text) for text in (right, wrong))
    starts = [0]
    for token in ours:
        starts.append(starts[-1] + len(token))
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    return [(starts[a], starts[b], "".join(theirs[c:d])) for _, a, b, c, d in codes]


def made(text: str, edits: Iterable[Edit]) -> str:
    """The text with these mistakes made: of two that meet, the first one."""
    kept: list[Edit] = []
    for start, end, wrong in edits:
        if all(end < other[0] or start > other[1] for other in kept):
            kept.append((start, end, wrong))
    for start, end, wrong in sorted(kept, reverse=True):
        text = text[:start] + wrong + text[end:]
    return re.sub(r"  +", " ", text).strip()
