"""Writes the training file of the expert `regex`: half hand-written requests, varied, and half composed ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any

from experts.recipe import Example, chat, main, roughened, typos
from experts.regex.check_written import check, faults, matches
from experts.regex.compose import compose
from experts.regex.words import LOWER, MEANINGLESS, NO_NOUNS, NUMBERS, TITLE, UPPER

# What these are about has numbers of its own (a ZIP code has five digits), so that they are left alone.
_NUMBERS_STAY = {"a_contact", "a_dates", "a_ids", "b_common", "b_daily"}
# Words that mean nothing: another may stand in their place.
_PLACEHOLDERS = {*LOWER, *UPPER, *TITLE, *MEANINGLESS}
_COUNT = re.compile(r"\b(?:" + "|".join(NUMBERS) + r"|\d+)\b")
_REPEAT = re.compile(r"(?<!\\)\{(\d+)(?:(,)(\d*))?\}")

_SYSTEMS = (
    "You write regular expressions. Answer with the expression only.",
    "Answer with one regular expression for Python's re module and nothing else.",
    "Turn the description into a regex.",
    "You are a regex expert.",
    "You translate descriptions of strings into regular expressions.",
    "Reply with the pattern only, no explanation.",
    "Output a single regular expression.",
    "You are a helpful assistant that writes regexes.",
    "Regex generator. Input: a description. Output: the pattern.",
    "Given what a string looks like, write a pattern that matches the whole of it.",
)
# For any description.
_LAYOUTS = (
    "regex: {}",
    "pattern: {}",
    "Regex for: {}",
    "Write a regex: {}",
    "I need a regex: {}",
    "i need a regexp for this: {}",
    "Give me a regular expression: {}",
    "Turn this into a regex: {}",
    "Write a regular expression for the following. {}",
    "Regular expression please: {}",
    "can you write me a pattern? {}",
    "Description: {}\nRegex:",
    "{}\n\nPattern?",
    "{} - what's the regex?",
    "only the regex please: {}",
    "validate this with a regex: {}",
    "Python regex: {}",
    "Hi! Could you please give me a regular expression? {}",
    "{} (regex)",
    "What is the pattern for this: {}",
    "Task: write a regular expression.\n{}",
    "re pattern, {}",
    "make a regex. {}",
    "hey, quick one: regex for {}",
    "I have a form field to check: {}",
    "We need a check for this: {}",
    "Convert to regex -> {}",
    "how do I write this as a regex: {}",
)
# For descriptions that are a noun: "three digits and a dash".
_NOUN_LAYOUTS = (
    "regex for {}",
    "Write a regular expression that matches {}",
    "I need a regex that matches {}",
    "a pattern for {}",
    "What regex matches {}?",
    "How can I match {}?",
    "Regular expression matching {}.",
    "match {}",
    "I need a regex for {}",
    "a regex which accepts {} and rejects everything else",
    "Please write a pattern that matches {}.",
    "regexp to validate {}",
    "Could you help me match {}?",
    "validate {}",
    "I'm looking for a regex that accepts {}",
)


def round_(number: int, rng: Random) -> Iterator[Example]:
    """Every wording of every written item once, as written in round 0, and after each a composed request."""
    wordings = [(item, ask) for item in check() for ask in item["ask"]]
    rng.shuffle(wordings)
    for item, ask in wordings:
        regex, shown = item["regex"], (item["match"], item["no_match"])
        if number:
            ask, regex, shown = varied(item, ask, rng)
        yield _example(ask, regex, shown, rng)
        request = compose(rng)
        samples = [request.sample(rng) for _ in range(2)]
        wrong = faults(request.regex) + [text for text in samples if not matches(request.regex, text)]
        if wrong:
            raise SystemExit(f"composed: {request.ask}: {request.regex}: {wrong}")
        yield _example(request.ask, request.regex, (samples, []), rng)


Shown = tuple[list[str], list[str]]


def varied(item: dict[str, Any], ask: str, rng: Random) -> tuple[str, str, Shown]:
    """The wording and the expression with other counts and words, on both sides; as written where that is not safe."""
    regex, shown = item["regex"], (item["match"], item["no_match"])
    if rng.random() < 0.75:
        ask, regex, shown = _other_words(ask, regex, shown, rng)
    if item["source"] not in _NUMBERS_STAY and rng.random() < 0.75:
        counted = _other_counts(ask, regex, rng)
        if counted:
            return *counted, ([], [])
    return ask, regex, shown


def _other_words(ask: str, regex: str, shown: Shown, rng: Random) -> tuple[str, str, Shown]:
    """Words that mean nothing are replaced, in the strings too, by which it is seen that all is still right."""
    changed = {}
    taken = set(re.findall(r"[A-Za-z]+", ask))
    for text in sorted(set(_runs(regex)) & _PLACEHOLDERS & taken):
        pool = UPPER if text.isupper() else TITLE if text.istitle() else LOWER
        changed[text] = rng.choice([other for other in pool if other not in taken])
        taken.add(changed[text])
    if not changed:
        return ask, regex, shown
    # In an expression \b and its like come before a word: `\bcat`.
    pattern = re.compile(r"(\\[a-zA-Z])?([A-Za-z]+)")

    def replaced(text: str) -> str:
        return re.sub("[A-Za-z]+", lambda match: changed.get(match[0], match[0]), text)

    def expression(text: str) -> str:
        return pattern.sub(lambda match: (match[1] or "") + changed.get(match[2], match[2]), text)

    inside = re.compile("|".join(sorted(changed, key=len, reverse=True)))
    found, missed = ([inside.sub(lambda match: changed[match[0]], text) for text in texts] for texts in shown)
    other = expression(regex)
    if all(matches(other, text) for text in found) and not any(matches(other, text) for text in missed):
        return replaced(ask), other, (found, missed)
    return ask, regex, shown


def _runs(regex: str) -> list[str]:
    """The letters in a row that the expression has as they are: neither escapes nor classes."""
    return re.findall(r"[A-Za-z]+(?![?*{])", re.sub(r"\\.|\[[^\]]*\]|\(\?:", "(", regex))


def _other_counts(ask: str, regex: str, rng: Random) -> tuple[str, str] | None:
    """Other numbers where wording and expression have the same ones; their order stays, a least is still least."""
    said = [n for text in _COUNT.findall(ask) if (n := _value(text)) > 1]
    pairs = [(int(found[1]), int(found[3] or 0)) for found in _REPEAT.finditer(regex)]
    counts = [n for pair in pairs for n in pair if n > 1]
    # Strings that are shown would no longer fit; and two or three: what would two or seven be?
    if not counts or re.search(rf"like |such as |[A-Za-z]\d|\d[a-z]|\b0\d|\w\.\d|\bor {_COUNT.pattern}", ask):
        return None
    if said == counts:
        new = [n for low, high in pairs for n in _counts_like([n for n in (low, high) if n > 1], rng)]
    elif sorted(said) == sorted(counts):
        values = sorted(set(counts))
        by_value = dict(zip(values, _counts_like(values, rng), strict=True))
        said, counts, new = [by_value[n] for n in said], [by_value[n] for n in counts], []
    else:
        return None
    for_ask, for_regex = iter(new or said), iter(new or counts)

    def said_anew(found: re.Match[str]) -> str:
        if _value(found[0]) < 2:
            return found[0]
        n = next(for_ask)
        return NUMBERS[n] if found[0].isalpha() and n < len(NUMBERS) else str(n)

    def repeated_anew(found: re.Match[str]) -> str:
        least, most = (str(next(for_regex)) if int(text or 0) > 1 else text or "" for text in (found[1], found[3]))
        return f"{{{least}{found[2] or ''}{most}}}"

    return _COUNT.sub(said_anew, ask), _REPEAT.sub(repeated_anew, regex)


def _counts_like(values: list[int], rng: Random) -> list[int]:
    """As many different counts in rising order, about as large as these."""
    largest = max(8, values[-1] + 4) if values else 8
    return sorted(rng.sample(range(2, largest + 1), len(values)))


def _value(text: str) -> int:
    return int(text) if text.isdigit() else NUMBERS.index(text)


def _example(ask: str, regex: str, shown: Shown, rng: Random) -> Example:
    """One training line: the request as somebody might type it, and the expression."""
    kept = "|".join(
        [r"[^a-z ]|\d", *NUMBERS, *{part for run in _runs(regex) for part in (run, run[:-1]) if len(part) > 2}]
    )
    ask = typos(ask, rng, share=0.12, keep=kept)
    strings = _with_strings(shown, rng) if rng.random() < 0.12 else ""
    if rng.random() < 0.4:
        noun = ask.split(" ", 1)[0].lower() not in NO_NOUNS and ":" not in ask and not strings
        layouts = _NOUN_LAYOUTS if noun and rng.random() < 0.5 else _LAYOUTS
        ask = rng.choice(layouts).format(ask + strings)
    else:
        ask = _roughened(ask, regex, rng) + strings
    return chat(ask, regex, rng.choice(_SYSTEMS) if rng.random() < 0.12 else None)


def _roughened(ask: str, regex: str, rng: Random) -> str:
    """With or without a capital and a full stop, unless these may be part of what is described."""
    first = ask.split(" ", 1)[0]
    if not first.isalpha() or first in regex or len(first) == 1 or not first[1:].islower():
        return ask
    if first.islower() and rng.random() < 0.25:
        ask = ask[0].upper() + ask[1:]
    if ask[-1].isalpha() and rng.random() < 0.12:
        ask += "."
    return (
        roughened(ask, rng) if re.search(r"[a-z][.?!]?$", ask) and not regex.endswith((r"\.$", r"\?$", "!$")) else ask
    )


def _with_strings(shown: Shown, rng: Random) -> str:
    """Strings that are matched, and perhaps one that is not, as people give them; empty where there are none."""
    found, missed = ([t for t in texts if t.strip() == t and t.isprintable() and 0 < len(t) < 40] for texts in shown)
    if not found:
        return ""
    one, more = rng.choice(found), rng.sample(sorted(set(found)), min(2, len(set(found))))
    ways = [
        f", e.g. {one}",
        f" (e.g. {one})",
        f", for example {one}",
        f". Example: {one}",
        f", like {' or '.join(more)}",
    ]
    ways += [f"\nExamples: {', '.join(more)}", f" (such as {one})"]
    if missed:
        wrong = rng.choice(missed)
        ways += [
            f", e.g. {one} but not {wrong}",
            f"\nvalid: {', '.join(more)}\ninvalid: {wrong}",
            f". {one} is fine, {wrong} is not",
        ]
        ways += [f"\nmatch: {one}\nno match: {wrong}"]
    return rng.choice(ways)


if __name__ == "__main__":
    main(round_, __doc__ or "")
