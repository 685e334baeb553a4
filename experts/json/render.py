"""What a value says, written out as a form or a table; and lines around a text that say nothing."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from experts.json import schemas, values

Json = Any

ABOVE = [
    "Hello,", "Hi all,", "FW:", "Page 1 of 2", "-- forwarded message --", "See below.", "Copy from the other system:",
    "Good morning,", "(scan, page 1)", "as promised:", "NOTE", "fyi", "Dear colleagues,", "[start of message]",
    "this came in just now",
]  # fmt: skip
BELOW = [
    "Sent from my phone", "Page 1 of 1", "Thank you!", "Please consider the environment before you print this.",
    "Kind regards", "This message may be confidential.", "-- end --", "[end of message]", "Have a nice day!", "Regards",
    "(do not reply to this message)", "E&OE", "Thanks in advance", "bye", "Best",
]  # fmt: skip


CHATTER = [
    "I hope you are well.", "Sorry that I only write now.", "It has been a busy week.",
    "Thanks again for your help!", "As always, feel free to ask.", "I am writing this in a hurry.",
    "Let me know if anything is unclear.", "You know how it is.", "Anyway, here it is.",
    "I was asked to pass this on.", "Please read to the end.", "That is all for now.", "Give my love to everyone.",
    "I had to look that up myself.", "Nobody told me earlier.", "Long story short:", "I will keep it short.",
    "This came up in the talk just before.", "Please forgive my typing.", "More soon.", "Hope that helps.",
    "It took me a while to find this.", "I copy it as I got it.", "The rest is as usual.",
    "We can talk about the details later.", "No need to print this.", "As far as I know nothing else has changed.",
    "Just so that you have it in writing.", "I think that covers it.", "My colleague may know more.",
    "I have left out what does not matter.", "See what you make of it.", "Greetings from the office.",
    "I typed this from a piece of paper.", "Sorry about the mess in this note.", "Well, where do I begin.",
    "Right, to business:", "There is more, but not today.",
]  # fmt: skip


def chatted(text: str, rng: Random) -> str:
    """With sentences around it that say nothing; most texts that people send are longer than what they have to say."""
    before, after = (rng.sample(CHATTER, rng.choice([0, 1, 1, 2])) for _ in range(2))
    gap = rng.choice([" ", "\n", "\n\n"])
    return gap.join(part for part in [" ".join(before), text, " ".join(after)] if part)


def framed(text: str, rng: Random) -> str:
    """With a line above or below that no schema asks for."""
    if rng.random() < 0.5:
        return f"{rng.choice(ABOVE)}\n{text}"
    return f"{text}\n{rng.choice(BELOW)}"


Phrases = dict[str, list[str]]


def phrases(items: list[dict[str, Any]]) -> Phrases:
    """What the written values have as free texts, by their properties' names."""
    found: Phrases = {}
    for item in items:
        for leaf in values.leaves(item["schema"], item["value"]):
            if values.is_free(leaf.schema) and leaf.value not in found.setdefault(leaf.name, []):
                found[leaf.name].append(leaf.value)
    return found


def form(item: dict[str, Any], schema: dict[str, Any], value: Json, known: Phrases, rng: Random) -> str:
    """The value as lines of "label: what", in an order of its own; its free texts are others' ones, half of them."""
    used: set[str] = set()
    for leaf in values.leaves(schema, value):
        if values.is_free(leaf.schema):
            phrase = rng.choice([leaf.value, rng.choice(known[leaf.name])])
            leaf.set(leaf.value if phrase in used else phrase)
            used.add(leaf.value)
    names = item.get("names", {})
    label = rng.choice([str.capitalize, str.title, str.upper, str])
    mark = rng.choice([": ", ": ", ": ", " = ", " - ", ":\t", " | "])
    lines: list[list[str]] = []
    for name, part in value.items():
        called = label(schemas.human(rng.choice([name, *names.get(name, [])])))
        lines.append(_lines(called, schema["properties"][name], part, mark, rng))
    if rng.random() < 0.5:
        rng.shuffle(lines)
    return "\n".join(line for block in lines for line in block)


def _lines(called: str, schema: dict[str, Any], part: Json, mark: str, rng: Random) -> list[str]:
    if isinstance(part, list) and part and isinstance(part[0], dict):
        return _rows(called, schema["items"], part, rng)
    if isinstance(part, dict):
        inner = ((schemas.human(key), _said(schema["properties"][key], value, rng)) for key, value in part.items())
        return [f"{called}{mark.rstrip()}", *(f"  {key}{mark}{said}" for key, said in inner)]
    if isinstance(part, list):
        said = [_said(schema["items"], value, rng) for value in part]
        if len(said) > 1 and rng.random() < 0.4:
            return [f"{called}{mark.rstrip()}", *(f"- {line}" for line in said)]
        return [f"{called}{mark}{rng.choice([', ', '; ']).join(said) or rng.choice(['none', '-'])}"]
    if part is None:
        return rng.choice([[], [], [f"{called}{mark}-"], [f"{called}{mark}n/a"], [f"{called}{mark}unknown"]])
    return [f"{called}{mark}{_said(schema, part, rng)}"]


def _rows(called: str, schema: dict[str, Any], rows: list[dict[str, Json]], rng: Random) -> list[str]:
    """Objects as a table, or one a line with its labels."""
    keys = list(schema["properties"])
    cells = [[_said(schema["properties"][key], row.get(key), rng) for key in keys] for row in rows]
    if rng.random() < 0.5:
        gap = rng.choice([" | ", "\t", "; "])
        return [called, *(gap.join(line) for line in [[schemas.human(key) for key in keys], *cells])]
    labels = [schemas.human(key) for key in keys]
    lines = [", ".join(f"{label} {cell}" for label, cell in zip(labels, line, strict=True)) for line in cells]
    return [called, *(f"- {line}" for line in lines)]


def _said(schema: dict[str, Any], part: Json, rng: Random) -> str:
    if part is None:
        return "-"
    if isinstance(part, bool):
        return rng.choice(["yes", "Yes", "true"] if part else ["no", "No", "false"])
    if schema.get("format") == "date":
        return rng.choice(values.date_forms(date.fromisoformat(part))[:10])
    if isinstance(part, float):
        return rng.choice([str(part), f"{part:.2f}"]) if len(str(part).partition(".")[2]) < 3 else str(part)
    if isinstance(part, int) and part > 999 and rng.random() < 0.2 and not 1900 <= part <= 2100:
        return f"{part:,}"
    if "enum" in schema and rng.random() < 0.5:
        return str(part).replace("_", " ")
    return str(part)
