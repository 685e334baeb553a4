"""Training data of the redact expert: hand-written texts whose personal data is marked, with other people put in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from experts.recipe import Example, chat, main, read_written, typos
from experts.redact import names, values

HERE = Path(__file__).parent
TAGS = ("NAME", "EMAIL", "PHONE", "ADDRESS", "ID", "DATE_OF_BIRTH", "URL", "IP", "SECRET")
_MARK = re.compile(r"\{(" + "|".join(TAGS) + r"):([^{}]+)\}")
_TITLE = re.compile(
    r"(?i)\b(mr|mrs|ms|miss|dr|prof|professor|herrn?|frau|familie|judge|officer|councillor|commissioner|agent)\.? $"
)
_CITY = re.compile(r"\b(" + "|".join(names.CITIES) + r")\b")
_MONTH = re.compile(r"(?<=\d )(?:%s)\b|(?<=\bin )(?:%s)\b" % (("|".join(names.MONTHS),) * 2))
_NUMBER = re.compile(r"(?<![\w])(\d{1,4})(?![\w])")

# A text is pieces of (tag or None, what stands there).
Pieces = list[tuple[str | None, str]]

SYSTEMS = [
    "You redact personal data.", "You are a privacy filter. Replace personal data by tags and change nothing else.",
    "Replace personal data in the user's text with tags such as [NAME] or [EMAIL].", "You anonymize texts.",
    "Return the user's text with all personal data removed.", "PII filter",
]  # fmt: skip
LAYOUTS = [
    "Redact: {}", "Redact:\n{}", "Redact this text:\n\n{}", "Anonymize the following text:\n\n{}", "Anonymize: {}",
    "Remove the personal data:\n{}", "Please remove all personal data from this:\n\n{}",
    "Mask the PII in this text.\n\n{}", "Mask PII:\n{}", "{}\n\nRedact the personal data.", "{}\n\nAnonymize this.",
    "Replace personal information by tags:\n\n{}", "Can you anonymise this for me?\n\n{}", "Text: {}\nRedacted:",
    "Make this safe to share:\n\n{}", "Take out names, numbers and addresses:\n\n{}",
    "Black out everything private:\n{}", "Anonymise bitte:\n\n{}", "hide private data pls\n\n{}",
    "I want to post this, please strip personal info first:\n\n{}", "Redact the following:\n\n\"\"\"\n{}\n\"\"\"",
    "Input:\n{}\n\nOutput:", "Remove PII from the text below, keep the rest as it is.\n\n{}", "De-identify:\n\n{}",
    "Scrub this:\n{}", "Clean this of personal details before it goes to the vendor:\n\n{}",
    "What would this look like without personal data?\n\n{}",
]  # fmt: skip
# Lines that end up below a mail or a note.
ENDS = [
    "{NAME:Ann}", "Best, {NAME:Ann}", "Thanks\n{NAME:Ann Lee}", "Regards,\n{NAME:Ann Lee}\n{PHONE:1}",
    "{NAME:Ann Lee} | {EMAIL:1} | {PHONE:1}", "Tel. {PHONE:1}", "Phone: {PHONE:1}", "Mail: {EMAIL:1}",
    "My address: {ADDRESS:1}", "Sent from my phone", "P.S. {NAME:Ann} says hello.", "Thank you very much!",
    "Please reply to {EMAIL:1}.", "call me: {PHONE:1}", "Customer no. {ID:48210773}", "Born {DATE_OF_BIRTH:1}",
    "My handle is {URL:@a}.", "Profile: {URL:https://a/b}", "{ADDRESS:1}", "Copy to {NAME:Ann Lee} and {NAME:Bob}.",
    "The code is {SECRET:1234}.", "See you on Monday.", "Total: 48.50 EUR", "cc: {EMAIL:1}, {EMAIL:2}",
    "In urgent cases: {NAME:Ann}, {PHONE:1}", "Kind regards from Lyon",
]  # fmt: skip


def pieces_of(text: str) -> Pieces:
    """The marked-up text in pieces."""
    parts = _MARK.split(text)
    out: Pieces = []
    for i in range(0, len(parts), 3):
        out.append((None, parts[i]))
        if i + 2 < len(parts):
            out.append((parts[i + 1], parts[i + 2]))
    return [piece for piece in out if piece[1]]


@cache
def _written() -> list[str]:
    return [item["text"] for item in read_written(HERE / "written")]


def round_(number: int, rng: Random) -> Iterator[Example]:
    """Every text once: as written in the first round, with other values afterwards."""
    texts = list(_written())
    rng.shuffle(texts)
    for text in texts:
        if number and rng.random() < 0.12:
            text = _joined(text, rng.choice(texts), rng)
        pieces = pieces_of(text)
        if number and rng.random() < 0.93:
            pieces = varied(text, rng)
        yield _example(pieces, rng)


def _joined(text: str, other: str, rng: Random) -> str:
    if len(text) + len(other) > 700:
        return text
    return text + rng.choice(["\n", "\n\n", "\n---\n"]) + other


def _example(pieces: Pieces, rng: Random) -> Example:
    text = "".join(value for _, value in pieces)
    answer = "".join(f"[{tag}]" if tag else value for tag, value in pieces)
    prompt = text if rng.random() < 0.7 else rng.choice(LAYOUTS).replace("{}", text)
    return chat(prompt, answer, rng.choice(SYSTEMS) if rng.random() < 0.12 else None)


def varied(text: str, rng: Random) -> Pieces:
    """The text with other people, places and numbers, at times shorter, longer, mistyped, or all in small letters."""
    structured = _MARK.sub("-", text)[0] in "{[<|" or ";" in text
    if not structured and rng.random() < 0.15:
        text = _cut(text, rng)
    if not structured and rng.random() < 0.12:
        text = text + "\n" + rng.choice(ENDS)
    pieces = pieces_of(text)
    people = People(pieces, rng)
    out: Pieces = []
    for i, (tag, value) in enumerate(pieces):
        before = pieces[i - 1][1] if i else ""
        out.append((tag, people.value(tag, value, before) if tag else value))
    out = _plain_varied(out, rng)
    return [(tag, _small(tag, value)) for tag, value in out] if rng.random() < 0.04 else out


def _small(tag: str | None, value: str) -> str:
    return value.lower() if tag in (None, "NAME", "ADDRESS", "EMAIL") else value


def _cut(text: str, rng: Random) -> str:
    """Without its first or last lines; whole if it has few."""
    lines = text.split("\n")
    if len(lines) < 4:
        return text
    drop = rng.randrange(1, len(lines) // 2)
    kept = lines[drop:] if rng.random() < 0.5 else lines[:-drop]
    shorter = "\n".join(kept).strip("\n")
    # A mark may span lines; a cut through one would leave half of it.
    whole = len(_MARK.findall(shorter)) == len(re.findall(r"\{[A-Z_]+:", shorter)) and not re.search(
        r"^[^{]*\w\}", shorter
    )
    return shorter if whole and shorter else text


def _plain_varied(pieces: Pieces, rng: Random) -> Pieces:
    cities: dict[str, str] = {}
    months: dict[str, str] = {}
    swap, numbers, share = rng.random() < 0.6, rng.random() < 0.4, 0.1 if rng.random() < 0.5 else 0.0
    out: Pieces = []
    for tag, value in pieces:
        if not tag and swap:
            value = _CITY.sub(lambda m: cities.setdefault(m[0], rng.choice(names.CITIES)), value)
            value = _MONTH.sub(lambda m: months.setdefault(m[0], rng.choice(names.MONTHS)), value)
        if not tag and numbers:
            value = _NUMBER.sub(lambda m: _near(m[1], rng), value)
        out.append((tag, value if tag else typos(value, rng, share=share)))
    return out


def _near(number: str, rng: Random) -> str:
    """A number not above this one and with as many digits, so that days stay days."""
    last = int(number[-1])
    return number[:-1] + str(rng.randint(0 if number[:-1].strip("0") else min(1, last), last))


class People:
    """New values for one text: the same value, and the same person's first or last name, become the same everywhere."""

    def __init__(self, pieces: Pieces, rng: Random) -> None:
        self.rng = rng
        self.known: dict[tuple[str, str], str] = {}
        self.parts: dict[str, str] = {}
        found = [value for tag, value in pieces if tag == "NAME"]
        plain = " ".join(value for tag, value in pieces if not tag).lower().split()
        clash = any(word.lower() in plain for value in found for word in value.split())
        # What makes a text hard is often that a name is a word of it too.
        self.kept = clash and rng.random() < 0.5
        for name in found:
            self._learn(name)

    def _learn(self, name: str) -> None:
        words = name.split()
        if len(words) < 2:
            return
        first, last = self.rng.choice(names.FIRST), self.rng.choice(names.LAST)
        self.parts.setdefault(words[0].lower(), first)
        for word in words[1:]:
            self.parts.setdefault(word.lower(), last)

    def value(self, tag: str, old: str, before: str) -> str:
        """What stands for the old value; `before` is the text in front of it."""
        if (tag, old) not in self.known:
            self.known[tag, old] = self._new(tag, old, before)
        return self.known[tag, old]

    def _new(self, tag: str, old: str, before: str) -> str:
        rng = self.rng
        if tag == "NAME":
            return old if self.kept else _cased(old, self._name(old, before))
        if tag == "EMAIL":
            return values.email(rng, self._owner(old))
        if tag == "ADDRESS":
            return values.address(rng)
        if tag == "PHONE":
            return values.reshaped(old, rng) if rng.random() < 0.2 else values.phone(rng)
        if tag == "DATE_OF_BIRTH":
            return values.birth_date(rng)
        return {"ID": values.identity, "URL": values.url, "IP": values.ip, "SECRET": values.secret}[tag](old, rng)

    def _name(self, old: str, before: str) -> str:
        if re.search(r"[^\w\s.'’-]", old):
            return old
        words = old.split()
        if len(words) == 1:
            return self.parts.setdefault(old.lower(), self._single(old, before))
        first, last = self.parts[words[0].lower()], self.parts[words[-1].lower()]
        shared = sum(part in (first, last) for part in self.parts.values()) > len(words)
        if not shared and self.rng.random() < 0.3:
            return values.full_name(self.rng)
        return f"{first} {last}" if len(words[0].rstrip(".")) > 1 else f"{first[0]}. {last}"

    def _single(self, old: str, before: str) -> str:
        """A name that stands alone: the last after a title, else mostly the first."""
        if _TITLE.search(before) or old in names.LAST:
            return self.rng.choice(names.LAST)
        return self.rng.choice(names.FIRST)

    def _owner(self, old: str) -> str | None:
        """The new name of whose old name is in the address."""
        local = old.split("@")[0].lower()
        words = [new for part, new in self.parts.items() if len(part) > 2 and part in local]
        return " ".join(words[:2]) or None


def _cased(old: str, new: str) -> str:
    """The new name in the old one's case."""
    if old.islower():
        return new.lower()
    return new.upper() if old.isupper() and len(old) > 2 else new


if __name__ == "__main__":
    main(round_, "Training data of the redact expert: texts and the same without personal data.")
