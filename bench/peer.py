"""Is the daemon as fast as llama-server on the base? Both are asked in turn; medians and their ratios."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import httpx
from tqdm import tqdm

from expertd.config import cache_dir
from expertd.models.catalogue import resolve

HERE = Path(__file__).parent
RESULT = HERE / "results" / "peer.json"
TEXT = "\n".join(topics[name] for name in sorted(topics))
BAR = 0.97
SETTINGS = (  # of llama-server, tried before the comparison
    "--kv-unified -b 512 -ub 512 -fa on",
    "--kv-unified -b 512 -ub 512 -fa off",
    "--kv-unified -b 2048 -ub 256 -fa on",
    "--no-kv-unified -b 512 -ub 512 -fa on",
)


@dataclass(frozen=True)
class Server:
    name: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """Seconds until the first token and from it to the last, and the number of tokens."""

    first: float
    rest: float
    tokens: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prompt(number: int, characters: int = 700) -> str:
    """Another stretch of prose each time, so that nobody's prompt cache answers."""
    start = number * 1531 % (len(TEXT) - characters)
    return TEXT[start : start + characters]


async def complete(client: httpx.AsyncClient, server: Server, text: str, tokens: int) -> Reply:
    body = {"model": "base", "prompt": text, "max_tokens": tokens, "temperature": 0, "stream": True}
    body["stream_options"] = {"include_usage": True}
    began, first, last, count = time.perf_counter(), 0.0, 0.0, 0
    async with client.stream("POST", f"{server.url}/v1/completions", json=body, headers=server.headers) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if not line.startswith("data: ") or line == "data: [DONE]":
                continue
            event = json.loads(line[6:])
            if event.get("usage"):
                count = event["usage"]["completion_tokens"]
            if any(choice["text"] for choice in event["choices"]):
                last = time.perf_counter()
                first = first or last
    return Reply(first - began, last - first, count)


async def single(client: httpx.AsyncClient, server: Server, number: int) -> dict[str, float]:
    reply = await complete(client, server, prompt(number * 5), 128)
    return {"1 stream, tok/s": (reply.tokens - 1) / reply.rest, "1 stream, first token (s)": reply.first}


async def four(client: httpx.AsyncClient, server: Server, number: int) -> dict[str, float]:
    began = time.perf_counter()
    replies = await asyncio.gather(*[complete(client, server, prompt(number * 5 + 1 + i), 96) for i in range(4)])
    took = time.perf_counter() - began
    return {
        "4 streams, tok/s in all": sum(reply.tokens for reply in replies) / took,
        "4 streams, slowest first token (s)": max(reply.first for reply in replies),
    }


async def measure(servers: list[Server], rounds: int, what: str) -> dict[str, dict[str, list[float]]]:
    figures: dict[str, dict[str, list[float]]] = {server.name: {} for server in servers}
    # Each its own connection: llama-server closes an idle one after 5 s, often just when it is used again.
    async with httpx.AsyncClient(timeout=600, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        for server in servers:
            await single(client, server, 0)  # warm
        for number in tqdm(range(1, rounds + 1), desc=what):
            # Turn about, so that a drift of the machine meets both alike.
            for server in servers if number % 2 else servers[::-1]:
                for kind in (single, four):
                    for name, value in (await kind(client, server, number)).items():
                        figures[server.name].setdefault(name, []).append(value)
    return figures


@contextmanager
def running(server: Server, command: list[str], **options: Any) -> Iterator[Server]:
    """The server while its process runs."""
    process = subprocess.Popen(command, **options)
    try:
        wait_for(server.url, server.headers)
        yield server
    finally:
        process.terminate()
        process.wait()


@contextmanager
def llama_server(command: list[str]) -> Iterator[Server]:
    port = free_port()
    server = Server("llama-server", f"http://127.0.0.1:{port}", {})
    with running(server, [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        yield server


@contextmanager
def expertd() -> Iterator[Server]:
    port = free_port()
    server = Server("expertd", f"http://127.0.0.1:{port}", {"Authorization": "Bearer bench"})
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text("bench\n")
        environment = {**os.environ, "EXPERTD_TOKEN_FILE": str(token), "EXPERTD_LOG_LEVEL": "warning"}
        command = [sys.executable, "-m", "expertd", "serve", "--port", str(port), "--socket", f"{folder}/e.sock"]
        with running(server, command, env=environment):
            yield server


def speed(command: list[str]) -> float:
    """How good these settings are: tokens a second over seconds to the first, one stream and four, multiplied."""
    with llama_server(command) as server:
        figures = asyncio.run(measure([server], 2, " ".join(command[-4:])))[server.name]
    medians = {name: statistics.median(values) for name, values in figures.items()}
    return math.prod(1 / value if "(s)" in name else value for name, value in medians.items())


def wait_for(url: str, headers: dict[str, str]) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{url}/health", headers=headers).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"{url} did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    binary = subprocess.run([HERE / "build_peer.sh"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    base = resolve("smollm2-135m-instruct", "q4", cache_dir(), True)
    threads = str(len(os.sched_getaffinity(0)))
    common = [binary, "-m", str(base), "-c", "8192", "-np", "4", "-t", threads, "-tb", threads, "--no-ui"]
    best = max(([*common, *settings.split()] for settings in SETTINGS), key=speed)
    print("llama-server at its best:", " ".join([Path(binary).name, "-m", base.name, *best[3:]]))
    with expertd() as ours, llama_server(best) as theirs:
        figures = asyncio.run(measure([ours, theirs], arguments.rounds, "rounds"))
    report(figures, arguments.rounds)


def report(figures: dict[str, dict[str, list[float]]], rounds: int) -> None:
    print(f"\n{'':38s}{'expertd':>10s}{'llama-server':>14s}{'ratio':>8s}   median of {rounds}; bar {BAR}")
    results = {}
    for name, ours in figures["expertd"].items():
        theirs = figures["llama-server"][name]
        # Pair by pair: both halves of a round ran on the same machine state. Over 1 is better, in times too.
        ratios = [b / a if "(s)" in name else a / b for a, b in zip(ours, theirs, strict=True)]
        ratio = statistics.median(ratios)
        results[name] = {
            "expertd": statistics.median(ours),
            "llama-server": statistics.median(theirs),
            "ratio": ratio,
            "ratios": ratios,
        }
        verdict = "" if ratio >= BAR else "   missed"
        print(f"{name:38s}{results[name]['expertd']:10.3f}{results[name]['llama-server']:14.3f}{ratio:8.3f}{verdict}")
    print("ratios over 1: expertd is faster, in tokens as in times")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
