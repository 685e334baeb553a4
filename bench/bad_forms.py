"""Are other streams disturbed while hostile forms of answers come? Each attack's outcome, and the streams' gaps."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aiohttp

from bench.servers import HERE, Server, expertd, prose, session

RESULT = HERE / "results" / "bad_forms.json"
STREAMS = 2
TIMES = 3  # each attack
SLOWEST = 1.0  # seconds until it is told


def attacks() -> Iterator[tuple[str, dict[str, Any]]]:
    """What to add to a request, by a name."""
    for name, schema in schemas():
        yield name, {"json_schema": schema}
    for name, grammar in (
        ("left-recursive GBNF", 'root ::= root "a" | root "b"'),
        ("GBNF with a million repetitions", 'root ::= "a"{1000000}'),
        ("GBNF of nested repetitions", 'root ::= ((("a"{0,99}){0,99}){0,99}){0,99}'),
        ("GBNF that is ambiguous", 'root ::= e\ne ::= e e | "a" | e e e'),
        ("GBNF of 60 KB", "root ::= " + " | ".join(f'"{i:x}" r{i}' for i in range(3000))),
    ):
        yield name, {"grammar": grammar}
    for name, pattern in (
        ("a pattern that backtracks", "(a*)*b(a|aa)+$"),
        ("a pattern of many repetitions", "((a{1,300}){1,300}){1,300}"),
        ("a pattern with a million states", "(a|b)*a" + "(a|b)" * 20),
        ("a pattern that is not closed", "(" * 30_000),
    ):
        yield name, {"regex": pattern}
    pattern = {"type": "string", "pattern": "a" * 1000}
    function = {"name": "f", "parameters": {"properties": {f"p{i}": pattern for i in range(1900)}}}
    yield "a tool of 1,900 long patterns", {"tools": [{"type": "function", "function": function}]}
    yield "a fixed text of 60 KB", {"regex": "ab" * 30_000}
    for name, ddl in (
        ("a DDL that does not parse", "CREATE TABLE t (id INTEGER, 7up TEXT FROM)"),
        ("a DDL of 10 MB", "CREATE TABLE t (id INTEGER);\n" * 350_000),
        ("a DDL of deep parentheses", f"CREATE TABLE t (id INTEGER CHECK ({'(' * 5000}1{')' * 5000}))"),
        ("a DDL that is never closed", "CREATE TABLE t (id INTEGER DEFAULT '" + "x(" * 15_000),
    ):
        yield name, {"response_format": {"type": "sql", "schema": ddl}}


def schemas() -> Iterator[tuple[str, Any]]:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}, "required": ["next"]}
    yield "a reference without end", {"$ref": "#/$defs/n", "$defs": {"n": node}}
    yield (
        "a chain of 1,300 references",
        {
            "$ref": "#/$defs/0",
            "$defs": {str(i): {"items": {"$ref": f"#/$defs/{i + 1}"}} for i in range(1300)} | {"1300": {}},
        },
    )
    yield "a schema of 7 MB", {"enum": [f"value {i}" for i in range(400_000)]}
    yield "an enum of 4,000 long values", {"enum": [f"{i} {'x' * 8}" for i in range(4000)]}
    yield "a schema of 900 levels", deep(900)
    yield "alternatives of alternatives", nested_alternatives(7)
    yield "a pattern in a schema", {"type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$"}
    yield "a string of 100,000 characters", {"type": "string", "minLength": 100_000}
    yield "an array of a million items", {"type": "array", "minItems": 1_000_000}
    yield "300 optional properties", {"properties": {f"p{i}": {"type": "integer"} for i in range(300)}}
    yield "contradictory bounds", {"type": "integer", "minimum": 5, "maximum": 3}
    yield (
        "a property that is needed and forbidden",
        {
            "type": "object",
            "required": ["a"],
            "properties": {"a": False},
            "additionalProperties": False,
        },
    )


def deep(levels: int) -> Any:
    schema: Any = {}
    for _ in range(levels):
        schema = {"items": schema}
    return schema


def nested_alternatives(levels: int) -> Any:
    schema: Any = {"type": "integer"}
    for i in range(levels):
        schema = {"anyOf": [{"type": "object", "properties": {f"{j}{i}": schema}} for j in "ab"], "minProperties": 0}
    return schema


async def attack(client: aiohttp.ClientSession, server: Server, number: int, more: dict[str, Any]) -> tuple[str, float]:
    """What came of it, and after how many seconds."""
    messages = [{"role": "user", "content": prose(number, 80)}]
    body = {"model": "base", "messages": messages, "max_tokens": 8, "temperature": 0, **more}
    began = time.perf_counter()
    async with client.post(f"{server.url}/v1/chat/completions", json=body, headers=server.headers) as response:
        answer = await response.read()
        took = time.perf_counter() - began
    told = json.loads(answer)
    return f"{response.status} {told['error']['message'][:90] if 'error' in told else 'answered'}", took


async def watched(client: aiohttp.ClientSession, server: Server, number: int, times: list[float]) -> None:
    """Ask for long answers one after another, and note when tokens come."""
    for i in itertools.count(number):
        body = {"model": "base", "prompt": prose(i, 60), "max_tokens": 1500, "temperature": 1, "stream": True}
        body["logit_bias"] = {"0": -100, "2": -100}
        async with client.post(f"{server.url}/v1/completions", json=body, headers=server.headers) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    times.append(time.perf_counter())


async def run(server: Server) -> dict[str, dict[str, Any]]:
    results: dict[str, dict[str, Any]] = {}
    async with session() as client:
        streams: list[list[float]] = [[] for _ in range(STREAMS)]
        tasks = [asyncio.create_task(watched(client, server, i * 1000, times)) for i, times in enumerate(streams)]
        await asyncio.sleep(2)
        gaps = Gaps(streams)
        await asyncio.sleep(3)
        results["nothing"] = {"told": "", "seconds": 0.0, "gap_ms": gaps.longest()}
        for number, (name, more) in enumerate(attacks()):
            outcomes = []
            for i in range(TIMES):
                gaps = Gaps(streams)
                told, took = await attack(client, server, number * TIMES + i, more)
                await asyncio.sleep(0.2)
                outcomes.append((took, gaps.longest(), told))
            took, gap = (statistics.median(values) for values in list(zip(*outcomes, strict=True))[:2])
            results[name] = {"told": outcomes[0][2], "seconds": took, "gap_ms": gap}
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return results


class Gaps:
    """Between tokens of each stream from now on."""

    def __init__(self, streams: list[list[float]]) -> None:
        self._streams, self._from = streams, [max(0, len(times) - 1) for times in streams]

    def longest(self) -> float:
        """In ms."""
        seen = ([*times[at:], time.perf_counter()] for times, at in zip(self._streams, self._from, strict=True))
        return max(after - before for times in seen for before, after in itertools.pairwise(times)) * 1e3


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with expertd() as server:
        results = asyncio.run(run(server))
    print(f"{'':42s}{'after (s)':>10s}{'gap (ms)':>10s}   medians of {TIMES}, beside {STREAMS} streams")
    for name, result in results.items():
        slow = "   slow" if result["seconds"] > SLOWEST and result["told"].startswith("400") else ""
        print(f"{name:42s}{result['seconds']:10.3f}{result['gap_ms']:10.1f}   {result['told']}{slow}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
