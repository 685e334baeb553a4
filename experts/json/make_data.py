"""Training lines of the json expert: a JSON Schema and a text, and the JSON that says what the text says.

A line of `written/` has a `schema` and its `items`, each a `text` and its `value`. Beside them may stand `names`, other
names that a property can have; `needed`, the properties whose descriptions say what no name does; and, in an item,
`keep`: the properties whose values hang together with other words of the text, so that they must not be exchanged
(`*`: none may).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from experts import recipe
from experts.json import render, schemas, values

WRITTEN = Path(__file__).parent / "written"
FORMATS = FormatChecker()

ASKS = [
    "Extract the data from the text as JSON that matches this schema:",
    "Extract the fields below and answer with JSON only. JSON schema:",
    "Turn the text into JSON. Use this schema:",
    "Read the text and fill in this JSON schema:",
    "Give me JSON for the following text, according to the schema:",
    "Parse this into JSON, schema:",
    "Please return the information as a JSON object of this schema:",
    "I need this as json. here is the schema",
    "Structured output please. Schema:",
    "What does the text say? Answer as JSON, as this schema wants it:",
    "Convert to JSON (schema first, then the text):",
    "Use the schema to pull out the details:",
    "Return a single JSON object. It must be valid against:",
    "Fill this form from the text below. The form as JSON Schema:",
    "You get a JSON Schema and a text. Write the JSON.",
    "extract json with schema:",
    "Information extraction. Target schema:",
    "Find the values in the message and output JSON conforming to this schema:",
    "Could you make JSON out of the text? It should look like this:",
    "Output must follow this JSON Schema exactly:",
    "Schema for the answer:",
    "Get me the following fields out of the text, in JSON:",
    "Map the text to this structure:",
    "Take from the text only what the schema asks for.",
    "Translate the note into JSON. The schema is",
]
ASKS_AFTER = [
    "Extract the data above as JSON. Schema:",
    "Put this into JSON, schema:",
    "Now as JSON with this schema:",
    "From the text above fill in:",
    "Return JSON that follows",
    "Which values are in the text? JSON schema of the answer:",
    "as json please:",
    "Answer in JSON of this form:",
    "Summarise the text above as an object of this schema:",
    "The answer has to be valid against this schema:",
]
SYSTEMS = [
    "You extract data from texts and answer with JSON only.",
    "You are a helpful assistant.",
    "Answer with one JSON object that is valid against the given JSON Schema. No other words.",
    "You turn texts into structured data.",
    "Extract exactly what the text says. Use null for what it does not say.",
    "You are an information extraction engine. Output JSON.",
    "Return valid JSON in one line.",
    "You help our back office to fill in forms.",
    "Do not invent values.",
    "JSON only.",
]


WRAPS = ['"{}"', "<text>\n{}\n</text>", "<document>{}</document>", '"""\n{}\n"""', "```\n{}\n```", "---\n{}\n---"]
SCHEMA_WRAPS = ["```json\n{}\n```", "```json\n{}\n```", "<schema>\n{}\n</schema>", "```\n{}\n```"]
LABELS = [("Schema", "Text"), ("Schema", "Text"), ("JSON Schema", "Input"), ("schema", "text"), ("SCHEMA", "TEXT")]


# What sentences that say nothing would change the answer of.
MOODS = {"sentiment", "tone", "category", "intent", "urgency", "language", "question_type", "speaker_role", "persons"}


def load(folder: Path = WRITTEN) -> list[dict[str, Any]]:
    """Every written text with its schema and value, each value checked."""
    items = []
    for record in recipe.read_written(folder):
        Draft202012Validator.check_schema(record["schema"])
        for item in record["items"]:
            check(record["schema"], item["value"], f"{record['source']}: {item['text']!r}")
            known = values.known_words(item["text"], record["schema"])
            items.append({**record, **item, "known": known})
    return items


def check(schema: dict[str, Any], value: Any, what: str) -> None:
    """Ends the run where a value is not of its schema."""
    error = next(Draft202012Validator(schema, format_checker=FORMATS).iter_errors(value), None)
    if error:
        raise SystemExit(f"{what}: {error.message} at {error.json_path}")


def schema_text(schema: dict[str, Any], rng: Random) -> str:
    """The schema as clients send it: mostly in one line."""
    way = rng.random()
    if way < 0.62:
        return json.dumps(schema, ensure_ascii=False)
    if way < 0.74:
        return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    text = json.dumps(schema, ensure_ascii=False, indent=rng.choice([2, 2, 2, 4]))
    return text if len(text) < 3500 else json.dumps(schema, ensure_ascii=False)


def wrapped(text: str, rng: Random) -> str:
    """The text as prompts set it off."""
    return rng.choice(WRAPS).replace("{}", text)


def laid_out(schema: str, text: str, rng: Random) -> str:
    """Schema and text as one prompt."""
    way = rng.random()
    if way < 0.3:
        return f"{schema}\n\n{text}"
    if way < 0.42:
        return f"{text}\n\n{schema}"
    if rng.random() < 0.35:
        text = wrapped(text, rng)
    if rng.random() < 0.3:
        schema = rng.choice(SCHEMA_WRAPS).replace("{}", schema)
    if way < 0.52:
        first, second = rng.choice(LABELS)
        return f"{first}:\n{schema}\n\n{second}:\n{text}"
    if way < 0.58:
        return f"Text:\n{text}\n\nSchema:\n{schema}"
    gap = rng.choice(["\n\n", "\n\n", "\n"])
    if way < 0.84:
        label = rng.choice(["", "", "", "Text: ", "Text:\n", "The text:\n", "Input:\n", "Message:\n"])
        return f"{recipe.roughened(rng.choice(ASKS), rng)}{gap}{schema}\n\n{label}{text}"
    if way < 0.94:
        return f"{text}\n\n{recipe.roughened(rng.choice(ASKS_AFTER), rng)}{gap}{schema}"
    last = rng.choice(["JSON:", "Answer with JSON only.", "Output:", "Answer:"])
    return f"{recipe.roughened(rng.choice(ASKS), rng)}{gap}{schema}\n\n{text}\n\n{last}"


def example(schema: dict[str, Any], text: str, value: Any, rng: Random) -> recipe.Example:
    """One training line; now and then with a system message, which may hold the schema."""
    check(schema, value, text)
    answer = json.dumps(value, ensure_ascii=False)
    written = schema_text(schema, rng)
    way = rng.random()
    if way < 0.03:
        return recipe.chat(text, answer, f"{rng.choice([*ASKS, *SYSTEMS])}\n\n{written}")
    return recipe.chat(laid_out(written, text, rng), answer, rng.choice(SYSTEMS) if way < 0.13 else None)


def roughened(schema: dict[str, Any], text: str, value: Any, rng: Random) -> str:
    """With typos, or between lines that say nothing, where no free text of the value is touched."""
    rough = recipe.typos(text, rng, share=0.12)
    way = rng.random()
    if way < 0.25 and not MOODS & schema["properties"].keys():
        rough = render.chatted(rough, rng)
    if way < 0.12 or way > 0.95:
        rough = render.framed(rough, rng)
    return rough if values.said(schema, value, rough) == values.said(schema, value, text) else text


def round_(number: int, rng: Random, items: list[dict[str, Any]] | None = None) -> Iterator[recipe.Example]:
    """Every item: as written in the first round, later said of others and with its schema written otherwise."""
    items = load() if items is None else items
    phrases = render.phrases(items)
    # Long texts come more often: they are fewer, and harder.
    order = [item for item in items for _ in range(1 + (number > 0) * (len(item["text"]) > 150) * 2)]
    for item in rng.sample(order, len(order)):
        schema, text, value = item["schema"], item["text"], copy.deepcopy(item["value"])
        if number:
            if rng.random() < 0.88:
                text, value = values.varied(item, schema, rng)
            as_form = rng.random() < 0.12
            text = render.form(item, schema, value, phrases, rng) if as_form else roughened(schema, text, value, rng)
            if rng.random() < 0.92:
                schema, value = schemas.varied(item, text, value, rng)
        yield example(schema, re.sub(r"[ \t]+\n", "\n", text), value, rng)


if __name__ == "__main__":
    loaded = load()
    recipe.main(lambda number, rng: round_(number, rng, loaded), __doc__ or "")
