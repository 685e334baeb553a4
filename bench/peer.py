"""Is the daemon as fast as llama-server on the base? Both are asked in turn; medians and their ratios."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

import aiohttp

from bench.servers import (
    HERE,
    Figures,
    Reply,
    Server,
    at_its_best,
    base_file,
    compare,
    expertd,
    llama_server,
    llama_server_command,
    measure,
    prose,
    stream,
    together,
)

RESULT = HERE / "results" / "peer.json"
BAR = 0.97


async def complete(client: aiohttp.ClientSession, server: Server, number: int, tokens: int) -> Reply:
    body = {"model": "base", "prompt": prose(number, 700)}
    return await stream(client, server, "/v1/completions", body, tokens)


async def single(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    reply = await complete(client, server, number * 4, 128)
    return {"1 stream, tok/s": reply.speed, "1 stream, first token (s)": reply.first}


async def four(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    began = time.perf_counter()
    replies = await together(*[complete(client, server, number * 4 + i, 96) for i in range(4)])
    took = time.perf_counter() - began
    return {
        "4 streams, tok/s in all": sum(reply.tokens for reply in replies) / took,
        "4 streams, slowest first token (s)": max(reply.first for reply in replies),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    loads = (single, four)
    best = at_its_best(llama_server_command(8192, 4), loads)
    print("llama-server at its best:", " ".join([Path(best[0]).name, "-m", base_file().name, *best[3:]]))
    with expertd() as ours, llama_server(best) as theirs:
        figures = asyncio.run(measure([ours, theirs], loads, arguments.rounds, "rounds"))
    report(figures, arguments.rounds)


def report(figures: Figures, rounds: int) -> None:
    print(f"\n{'':38s}{'expertd':>10s}{'llama-server':>14s}{'ratio':>8s}   median of {rounds}; bar {BAR}")
    results = {}
    for name, ours in figures["expertd"].items():
        results[name] = compare(name, ours, figures["llama-server"][name])
        verdict = "" if results[name]["ratio"] >= BAR else "   missed"
        row = "{expertd:10.3f}{llama-server:14.3f}{ratio:8.3f}".format(**results[name])
        print(f"{name:38s}{row}{verdict}")
    print("ratios over 1: expertd is faster, in tokens as in times")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
