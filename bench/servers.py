"""expertd and llama-server as processes of their own, and loads that are measured on them in turn."""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any, TypeAlias

import aiohttp
import httpx
import psutil
from tqdm import tqdm

from expertd.cli import end_on_sigterm
from expertd.config import cache_dir
from expertd.models.catalogue import resolve

HERE = Path(__file__).parent
TEXT = "\n".join(topics[name] for name in sorted(topics))
SETTINGS = (  # of llama-server, tried before a comparison
    "--kv-unified -b 512 -ub 512 -fa on",
    "--kv-unified -b 512 -ub 512 -fa off",
    "--kv-unified -b 2048 -ub 256 -fa on",
    "--no-kv-unified -b 512 -ub 512 -fa on",
    "--no-kv-unified -b 512 -ub 256 -fa off",
)
REST = 0.5  # seconds in which servers must do nothing before a load; longer than they wait before they do more
RESTING = 0.05  # of a core's time, at most
TRIES = 10  # prompts for a load until one is answered at full length

_numbers = itertools.count()  # of a load's runs: no server is asked the same twice


@dataclass(frozen=True)
class Server:
    name: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """When the request went out and each piece of text came in, by `time.perf_counter()`, and the number of tokens."""

    began: float
    times: tuple[float, ...]
    tokens: int
    text: str

    @property
    def first(self) -> float:
        """Seconds until the first token."""
        return self.times[0] - self.began

    @property
    def speed(self) -> float:
        """Tokens a second, from the first token on."""
        return (self.tokens - 1) / (self.times[-1] - self.times[0])


# A figure is in seconds where its name has "(s)", and less is better; of all others more is.
Load: TypeAlias = Callable[[aiohttp.ClientSession, Server, int], Awaitable[dict[str, float]]]
Figures: TypeAlias = dict[str, dict[str, list[float]]]  # by server and figure: one value a round


class EndedEarly(Exception):
    """An answer is shorter than asked for, so that the load was lighter than it should be."""


def prose(number: int, characters: int) -> str:
    """Another stretch of prose each time, so that nobody's prompt cache answers."""
    start = number * 1531 % (len(TEXT) - characters)
    return TEXT[start : start + characters]


async def stream(
    client: aiohttp.ClientSession,
    server: Server,
    path: str,
    body: Mapping[str, Any],
    tokens: int,
    on_first: Callable[[], None] | None = None,
    least: int | None = None,
) -> Reply:
    """Ask for `tokens` tokens, greedily. Raises `EndedEarly` where there are fewer than these, or than `least`."""
    body = {**body, "max_tokens": tokens, "temperature": 0, "stream": True, "stream_options": {"include_usage": True}}
    lines: list[tuple[float, bytes]] = []
    began = time.perf_counter()
    async with client.post(f"{server.url}{path}", json=body, headers=server.headers) as response:
        if response.status != 200:
            raise SystemExit(f"{server.name}: {await response.text()}")
        async for line in response.content:
            if line.startswith(b"data: {"):
                if on_first and not lines:
                    on_first()
                lines.append((time.perf_counter(), line))
    return _read(server, began, lines, tokens if least is None else least)


def _read(server: Server, began: float, lines: Sequence[tuple[float, bytes]], least: int) -> Reply:
    # Only now: the servers have done with this answer, and need not share the cores with it.
    times, texts, count = [], [], 0
    for at, line in lines:
        event = json.loads(line[6:])
        if "error" in event:
            raise SystemExit(f"{server.name}: {event['error']}")
        if event.get("usage"):
            count = event["usage"]["completion_tokens"]
        for choice in event["choices"]:
            if text := choice.get("text") or choice.get("delta", {}).get("content"):
                times.append(at)
                texts.append(text)
    if count < least or not times:
        raise EndedEarly
    return Reply(began, tuple(times), count, "".join(texts))


async def together(*requests: Awaitable[Reply]) -> list[Reply]:
    """All replies. Where one fails the others are cancelled: nothing may run on into the next load."""
    tasks = [asyncio.ensure_future(request) for request in requests]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def session() -> aiohttp.ClientSession:
    # Each request its own connection: llama-server closes an idle one after 5 s, often just when it is used again.
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=600))


async def measure(servers: Sequence[Server], loads: Sequence[Load], rounds: int, what: str) -> Figures:
    """Every load on every server in turn, `rounds` times over."""
    figures: Figures = {server.name: {} for server in servers}
    async with session() as client:
        for load in loads:
            await _in_turn(client, servers, load)  # warm
        for number in tqdm(range(rounds), desc=what):
            # Turn about, so that a drift of the machine meets all alike.
            order = servers[::-1] if number % 2 else servers
            for load in loads:
                for server, values in zip(order, await _in_turn(client, order, load), strict=True):
                    for name, value in values.items():
                        figures[server.name].setdefault(name, []).append(value)
    return figures


async def _in_turn(client: aiohttp.ClientSession, servers: Sequence[Server], load: Load) -> list[dict[str, float]]:
    """The figures of each server, of the same prompts: the next ones that all answer at full length."""
    for number in itertools.islice(_numbers, TRIES):
        try:
            return [await _of_one(client, server, load, number) for server in servers]
        except EndedEarly:
            continue
    raise SystemExit(f"{TRIES} prompts in a row were answered with too few tokens")


async def _of_one(client: aiohttp.ClientSession, server: Server, load: Load, number: int) -> dict[str, float]:
    await _all_rest()
    return await load(client, server, number)


async def _all_rest() -> None:
    """Wait until no server computes: ours goes on after its answers, and would take the cores from the other one."""
    servers = psutil.Process().children(recursive=True)
    before, now = -math.inf, 0.0
    while now - before > RESTING * REST:
        await asyncio.sleep(REST)
        before, now = now, sum(sum(server.cpu_times()[:2]) for server in servers)


def is_time(figure: str) -> bool:
    return "(s)" in figure


def compare(figure: str, ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    """The medians, and how many times better ours is: over 1 it is faster, in times as in tokens."""
    # Pair by pair, since both halves of a round ran on the same machine state.
    ratios = [b / a if is_time(figure) else a / b for a, b in zip(ours, theirs, strict=True)]
    return {
        "expertd": statistics.median(ours),
        "llama-server": statistics.median(theirs),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
    }


@contextmanager
def _running(server: Server, command: list[str], **options: Any) -> Iterator[Server]:
    """The server while its process runs."""
    end_on_sigterm()
    process = subprocess.Popen(command, **options)
    try:
        if not _answers(server, process):
            raise SystemExit(f"{server.name} did not start: {' '.join(command)}")
        yield server
    finally:
        process.terminate()
        process.wait()


def _answers(server: Server, process: subprocess.Popen[bytes]) -> bool:
    """Whether it does within two minutes."""
    for _ in range(1200):
        try:
            if httpx.get(f"{server.url}/health", headers=server.headers).status_code == 200:
                return True
        except httpx.TransportError:
            if process.poll() is not None:
                return False
        time.sleep(0.1)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def llama_server(command: list[str]) -> Iterator[Server]:
    port = _free_port()
    server = Server("llama-server", f"http://127.0.0.1:{port}", {})
    with _running(server, [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        yield server


@contextmanager
def expertd(**settings: object) -> Iterator[Server]:
    """A daemon with the default settings but for these."""
    port = _free_port()
    server = Server("expertd", f"http://127.0.0.1:{port}", {"Authorization": "Bearer bench"})
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text("bench\n")
        settings = {"token_file": token, "log_level": "error", "port": port, "socket": f"{folder}/e.sock", **settings}
        environment = {**os.environ, **{f"EXPERTD_{name.upper()}": str(value) for name, value in settings.items()}}
        with _running(server, [sys.executable, "-m", "expertd", "serve"], env=environment):
            yield server


def base_file() -> Path:
    """The base that a daemon with default settings serves."""
    return resolve("smollm2-135m-instruct", "q4", cache_dir(), True)


def threads() -> int:
    return len(os.sched_getaffinity(0))


def llama_server_command(cells: int, sequences: int) -> list[str]:
    """llama-server of the same llama.cpp, built where it is not yet, with the daemon's base and number of threads."""
    build = subprocess.run(
        [HERE / "build_peer.sh"], env={**os.environ, "PYTHON": sys.executable}, stdout=subprocess.PIPE, check=True
    )
    binary, n = build.stdout.decode().strip(), str(threads())
    return [binary, "-m", str(base_file()), "-c", str(cells), "-np", str(sequences), "-t", n, "-tb", n, "--no-ui"]


def at_its_best(command: Sequence[str], loads: Sequence[Load]) -> list[str]:
    """`command` of llama-server with those of `SETTINGS` that serve these loads best."""
    return max(([*command, *settings.split()] for settings in SETTINGS), key=lambda tried: _goodness(tried, loads))


def _goodness(command: list[str], loads: Sequence[Load]) -> float:
    """All figures multiplied, times inverted."""
    with llama_server(command) as server:
        figures = asyncio.run(measure([server], loads, 2, " ".join(command[-7:])))[server.name]
    medians = {name: statistics.median(values) for name, values in figures.items()}
    return math.prod(1 / value if is_time(name) else value for name, value in medians.items())
