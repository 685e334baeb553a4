"""What answers of a given form cost, and what prompt lookup gains, beside the same daemon without, and llama-server.

Beside llama-server and beside none, speeds are of whole requests: tokens of the answer by the seconds from the request
to the last of them, since a form's first tokens come at once. Beside no lookup they are those of decoding.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import aiohttp

from bench.servers import (
    HERE,
    Figures,
    Reply,
    Server,
    at_its_best,
    expertd,
    llama_server,
    llama_server_command,
    measure,
    stream,
)

RESULT = HERE / "results" / "structured.json"
MOST, LEAST = 256, 24  # tokens of an answer
NONE, WITHOUT = "none", "without lookup"

ARTICLE = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 80},
        "summary": {"type": "string", "maxLength": 400},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 20}, "minItems": 2, "maxItems": 4},
        "year": {"type": "integer"},
        "rating": {"type": "number"},
    },
    "required": ["title", "summary", "tags", "year", "rating"],
    "additionalProperties": False,
}
VALUES: dict[str, Any] = {
    "estimated_annual_maintenance_cost_in_euros": {"type": "integer"},
    "is_suitable_for_children_under_twelve": {"type": "boolean"},
    "recommended_number_of_participants": {"type": "integer"},
    "primary_language_of_the_documentation": {"enum": ["english", "german", "french"]},
    "requires_a_permanent_internet_connection": {"type": "boolean"},
    "average_customer_satisfaction_score": {"type": "integer"},
    "country_of_origin_of_the_manufacturer": {"enum": ["japan", "italy", "brazil"]},
    "must_be_renewed_before_the_end_of_the_year": {"type": "boolean"},
}
LONG_KEYS = {"type": "object", "properties": VALUES, "required": list(VALUES), "additionalProperties": False}
LEVELS = ("error", "warning")
EVENTS = {
    "type": "object",
    "properties": {
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"level": {"enum": LEVELS}, "message": {"type": "string"}},
                "required": ["level", "message"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["events"],
    "additionalProperties": False,
}
SUBJECTS = ("bees", "bridges", "chess", "clocks", "coffee", "dams", "eclipses", "ferries", "glass", "harps")
NAMES = ("Ann", "Bo", "Cara", "Dev", "Eva", "Finn", "Gwen", "Hugo", "Ines", "Jan")
CITIES = ("Leeds", "Lyon", "Porto", "Pune", "Graz", "Oslo", "Turin", "Riga", "Lima", "Kyoto")
CHAT = (
    "What should I keep in mind when I {} for the first time?",
    "Tell me a short story about somebody who has to {}.",
    "Why do people {}? Give a few reasons.",
)
DEEDS = ("move to another city", "learn the violin", "keep hens", "repair an old radio", "write a letter", "bake bread")

# How many times as fast the first is as the second.
BARS = {
    "a schema / none": 0.95,
    "a schema of long keys / none": 1.5,
    "a schema / llama-server": 1.2,
    "a schema of long keys / llama-server": 1.2,
    "a table copied / without lookup": 1.5,
    "code edited / without lookup": 1.5,
    "JSON extracted / without lookup": 1.5,
    "free chat / without lookup": 0.97,
}


async def chat(
    client: aiohttp.ClientSession, server: Server, text: str, schema: Mapping[str, Any] | None = None
) -> Reply:
    body: dict[str, Any] = {"model": "base", "messages": [{"role": "user", "content": text}]}
    if schema:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "it", "schema": schema}}
    return await stream(client, server, "/v1/chat/completions", body, MOST, least=LEAST)


async def complete(client: aiohttp.ClientSession, server: Server, text: str, **more: Any) -> Reply:
    body = {"model": "base", "prompt": text, **more}
    return await stream(client, server, "/v1/completions", body, MOST, least=LEAST)


def whole(reply: Reply) -> float:
    """Tokens a second."""
    return reply.tokens / (reply.times[-1] - reply.began)


async def schemas(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    subject = SUBJECTS[number % len(SUBJECTS)]
    text = f"Write entry {number} of an encyclopedia, about {subject}: a title, a long summary, tags, a year, a rating."
    return {
        NONE: whole(await chat(client, server, text)),
        "a schema": whole(await chat(client, server, f"{text} As JSON.", ARTICLE)),
        "a schema of long keys": whole(await chat(client, server, f"{text} As JSON, all keys.", LONG_KEYS)),
    }


async def copies(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    return {
        "a table copied": (await complete(client, server, table_to_copy(number))).speed,
        "code edited": (await complete(client, server, code_to_edit(number))).speed,
        "JSON extracted": (await complete(client, server, log_to_extract(number), json_schema=EVENTS)).speed,
    }


async def free(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    """Three chats, since one with a wrong draft says little of many."""
    deed = DEEDS[number % len(DEEDS)]
    replies = [await chat(client, server, f"{number}. {question.format(deed)}") for question in CHAT]
    seconds = sum(reply.times[-1] - reply.times[0] for reply in replies)
    return {"free chat": sum(reply.tokens - 1 for reply in replies) / seconds}


def table_to_copy(number: int) -> str:
    rows = "".join(
        f"{number * 7 + i},{pick(NAMES, number + i)},{pick(CITIES, number * 3 + i)},{(number * 37 + i * 211) % 900}.5\n"
        for i in range(7)
    )
    copies = f"Exact copy:\nid,name,city,total\n{rows}\n" * 2
    return f"Original:\nid,name,city,total\n{rows}\n{copies}Exact copy:\n"


def code_to_edit(number: int) -> str:
    """A function that was renamed twice, and is to be renamed again."""
    names = [f"{pick(NAMES, number + i)}_of_{pick(CITIES, number * 3 + i)}".lower() for i in range(4)]
    code = f'''(items, limit={number}):
    """The sum of all prices up to a limit, and how many there are."""
    total, count = 0, 0
    for item in items:
        if item.price is not None and item.price <= limit:
            total += item.price
            count += 1
    return {{"total": total, "count": count, "average": total / count}}
'''
    edits = "".join(f"The same function, now called {name}:\ndef {name}{code}\n" for name in names[1:3])
    return f"The function:\ndef {names[0]}{code}\n{edits}The same function, now called {names[3]}:\n"


def log_to_extract(number: int) -> str:
    """A log of which there was JSON already, without the levels that are now wanted."""
    events = [
        {"minute": i, "level": LEVELS[(number + i) % 2], "message": message(number + i, (number + i) % 3)}
        for i in range(4)
    ]
    lines = "".join("10:0{minute} {level}: {message}\n".format(**event) for event in events)

    def extracted(*keys: str) -> str:
        return json.dumps({"events": [{key: event[key] for key in keys} for event in events]})

    return (
        f"The log:\n{lines}\nAs JSON, messages:\n{extracted('message')}\n\n"
        f"As JSON, minutes and messages:\n{extracted('minute', 'message')}\n\nAs JSON, levels and messages:\n"
    )


def message(number: int, kind: int) -> str:
    name, city = pick(NAMES, number * 7), pick(CITIES, number * 5)
    return (
        f"cannot write to /var/data/{name.lower()}/{city.lower()}-{number}.db: no space left on device",
        f"connection to {city.lower()}.example.com was reset by the peer after {30 + number % 60} seconds",
        f"user {name.lower()} tried to log in from {city} with a wrong password",
    )[kind]


def pick(words: Sequence[str], number: int) -> str:
    return words[number % len(words)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--settings", help="llama-server's; default: its best of some")
    arguments = parser.parse_args()
    command = llama_server_command(8192, 1)
    best = [*command, *arguments.settings.split()] if arguments.settings else at_its_best(command, [schemas])
    print("llama-server with", " ".join(best[len(command) :]))
    with expertd() as ours, expertd(draft=0) as without:
        pair = [ours, replace(without, name=WITHOUT)]
        with llama_server(best) as theirs:
            formed = asyncio.run(measure([*pair, theirs], [schemas], arguments.rounds, "schemas"))
        copied = asyncio.run(measure(pair, [copies, free], arguments.rounds, "prompt lookup"))
    results = dict(compared(formed, copied))
    report(results, arguments.rounds)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n")


def compared(formed: Figures, copied: Figures) -> Iterator[tuple[str, dict[str, Any]]]:
    ours, plain, theirs = formed["expertd"], formed[WITHOUT], formed["llama-server"]
    pairs = {f"{name} / {WITHOUT}": (values, copied[WITHOUT][name]) for name, values in copied["expertd"].items()}
    for name, values in ours.items():
        pairs[f"{name} / llama-server"] = (values, theirs[name])
        # Without lookup: it finds more to repeat in free text than in JSON, and that is no cost of the schema.
        pairs[f"{name} / {NONE}"] = (plain[name], plain[NONE])
    for name, bar in BARS.items():
        yield name, {**ratio(*pairs[name]), "bar": bar}


def ratio(values: Sequence[float], beside: Sequence[float]) -> dict[str, Any]:
    """Medians, the ratio's pair by pair: both halves of a round ran on the same machine state."""
    return {
        "tok/s": statistics.median(values),
        "beside": statistics.median(beside),
        "ratio": statistics.median(a / b for a, b in zip(values, beside, strict=True)),
    }


def report(results: Mapping[str, Mapping[str, float]], rounds: int) -> None:
    print(f"\n{'':42s}{'tok/s':>8s}{'beside':>8s}{'ratio':>8s}{'bar':>6s}   median of {rounds}")
    for name, result in results.items():
        row = "{tok/s:8.1f}{beside:8.1f}{ratio:8.2f}{bar:6.2f}".format(**result)
        print(f"{name:42s}{row}{'' if result['ratio'] >= result['bar'] else '   missed'}")


if __name__ == "__main__":
    main()
