"""What does the first use of a JSON schema add to the first token? 500 random schemas, each asked for once."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from typing import Any

import aiohttp
from tqdm import tqdm

from bench.servers import HERE, Server, expertd, session
from tests.grammar.random_schemas import drawn

RESULT = HERE / "results" / "first_use.json"
SCHEMAS = 500
BAR = 10.0  # ms at the 99th of 100
# The same for all: its KV is there already, so the first token is all that takes time.
BODY = {"model": "base", "prompt": "An example of it:\n", "max_tokens": 1, "temperature": 0, "stream": True}


async def first_token(client: aiohttp.ClientSession, server: Server, more: dict[str, Any]) -> tuple[float, str]:
    """After how many ms something came, and why it was refused, if it was."""
    began = time.perf_counter()
    async with client.post(f"{server.url}/v1/completions", json={**BODY, **more}, headers=server.headers) as response:
        line = await response.content.readline()
        took = (time.perf_counter() - began) * 1e3
        return took, "" if response.status == 200 else json.loads(line)["error"]["message"]


async def run(server: Server) -> dict[str, Any]:
    added, slowest, refused, refusals = [], ("", 0.0), 0, 0.0
    async with session() as client:
        for _ in range(20):
            await first_token(client, server, {"json_schema": {"type": "string", "maxLength": 7}})
        for schema in tqdm(drawn(SCHEMAS), desc="schemas"):
            # Beside one without a schema each time, so that a drift of the machine meets both.
            plain = statistics.median([(await first_token(client, server, {}))[0] for _ in range(3)])
            took, why = await first_token(client, server, {"json_schema": schema})
            if why:
                refused, refusals = refused + 1, max(refusals, took)
                continue
            added.append(took - plain)
            slowest = max(slowest, (json.dumps(schema), took - plain), key=lambda pair: pair[1])
    cuts = statistics.quantiles(added, n=100)
    return {
        "schemas": SCHEMAS,
        "refused": refused,
        "slowest_refusal_ms": refusals,
        "added_ms": {"p50": cuts[49], "p99": cuts[98], "most": max(added)},
        "slowest": slowest[0],
    }


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with expertd() as server:
        result = asyncio.run(run(server))
    added = result["added_ms"]
    print(f"of {SCHEMAS} schemas {result['refused']} are refused, within {result['slowest_refusal_ms']:.1f} ms at most")
    print("the others add {p50:.1f} ms to the first token, {p99:.1f} at p99, {most:.1f} at most".format(**added))
    print(f"bar {BAR:g} ms at p99{'' if added['p99'] < BAR else '   missed'}; the slowest: {result['slowest'][:300]}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
