"""What more experts in one request cost: decoding speed relative to one expert, by their number."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from pathlib import Path

import aiohttp

from bench.between_markers import put
from bench.experts import complete, prompt, vocabulary
from bench.random_experts import make_loras
from bench.servers import HERE, Server, expertd, measure

RESULT = HERE / "results" / "blend_sizes.json"
SIZES = (0, 1, 3, 5, 7, 10, 15)


def name(size: int) -> str:
    return f"{size} experts, tok/s"


async def blends(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    speeds = {}
    for i, size in enumerate(SIZES):
        reply = await complete(client, server, prompt(number * len(SIZES) + i), [f"e{e}" for e in range(size)])
        speeds[name(size)] = reply.speed
    return speeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--docs", action="store_true", help="put the table into docs/experts.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        experts = Path(folder) / "experts"
        make_loras(experts, Path(folder), vocabulary().shape, max(SIZES))
        with expertd(experts=experts, max_experts=max(SIZES)) as server:
            figures = asyncio.run(measure([server], [blends], arguments.rounds, "rounds"))["expertd"]
    one = figures[name(1)]
    relative = {
        size: statistics.median(own / single for own, single in zip(figures[name(size)], one, strict=True))
        for size in SIZES
    }
    RESULT.write_text(json.dumps({"rounds": arguments.rounds, "relative": relative, "tok/s": figures}, indent=1) + "\n")
    table = "\n".join(
        ["| experts in the request | speed |", "|---:|---:|", *(f"| {n} | {r:.2f} |" for n, r in relative.items())]
    )
    print(table)
    if arguments.docs:
        put("docs/experts.md", "blend_sizes", table)


if __name__ == "__main__":
    main()
