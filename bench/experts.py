"""Is the daemon ahead of llama-server where many experts are asked? The bars of many loads, all asked in turn.

Experts are random LoRAs (r=16 on q, k, v and o), the same weights on both sides. Each server applies them as it does:
the daemon from the answer on, so that prompts are read on the base and shared, llama-server from the first token on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from bench.bare_loop import BareLoop
from bench.random_experts import OTHER_KINDS, make_loras, make_other_kinds
from bench.servers import (
    HERE,
    Figures,
    Load,
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
    session,
    stream,
    threads,
    together,
)
from expertd.config import Settings
from expertd.engine.base import Base

RESULT = HERE / "results" / "experts.json"
PROMPT, ANSWER = 160, 96  # tokens
CELLS = 8 * 2560  # of llama-server: enough for the longest load in each slot, where they are not shared
CACHE_MB = 512  # for past prompts, on both sides
CONVERSATIONS = 16  # of 1,000 tokens
PAUSE = 0.5  # seconds in which one reads an answer before the next question

KINDS = "LoRA, DoRA, IA3 and soft prompt, tok/s relative to 4 LoRAs"
# How many times better than llama-server.
BARS = {
    "1 stream, base, tok/s": 1.0,
    "1 stream, base, first token (s)": 1.0,
    "1 stream, 1 expert, tok/s": 1.0,
    "1 stream, 1 expert, first token (s)": 1.0,
    "8 streams, the same expert, tok/s in all": 1.1,
    "4 streams, 4 experts, tok/s in all": 1.7,
    "4 streams, 4 experts, slowest first token (s)": 4.0,
    "8 streams, 8 experts, tok/s in all": 2.2,
    "8 streams, 8 experts, slowest first token (s)": 5.0,
    "8 experts over one prompt of 1,000 tokens (s)": 4.0,
    "second turn of a chat, first token (s)": 1.0,
    "second turn, another expert, first token (s)": 10.0,
    "a prompt of 2,000 tokens comes, longest gap of 4 streams (s)": 3.0,
}
# Of figures that are ratios in themselves: the same server, or the bare loop, is what they are relative to.
RELATIVE_BARS = {
    "5 experts in one request, tok/s relative to 1": 0.85,
    KINDS: 0.8,
    "1 stream beside 16,000 cached tokens, relative to none": 0.95,
    "4 streams beside 16,000 cached tokens, relative to none": 0.95,
    "8 streams, tok/s in all relative to the bare loop": 0.93,
}
NOTE = """\
ratio: how many times better than llama-server, in times as in tokens; where a figure is relative in itself, that one.
The experts are the same random LoRAs. Each server applies them as it serves them: expertd from the answer on, after a
prompt that is read on the base and that all experts share; llama-server from the first token on."""


@cache
def vocabulary() -> Base:
    return Base(base_file(), vocab_only=True)


def prompt(number: int, tokens: int = PROMPT) -> list[int]:
    """Another one for each number."""
    return vocabulary().tokenize(prose(number, 8 * tokens))[:tokens]


def prompts(number: int, count: int, first: int = 0) -> list[list[int]]:
    """Of the 16 for the load's run `number`, `count` from `first` on."""
    return [prompt(number * 16 + first + i) for i in range(count)]


def named(server: Server, experts: Sequence[str]) -> dict[str, Any]:
    """How a request names its experts: e0 ... or a0 ... for the daemon, 0 ... for llama-server, none for the base."""
    if server.name == "expertd":
        return {"model": "+".join(experts) or "base"}
    return {"lora": [{"id": int(expert[1:]), "scale": 1.0} for expert in experts]}


async def complete(
    client: aiohttp.ClientSession,
    server: Server,
    tokens: Sequence[int],
    experts: Sequence[str] = (),
    answer: int = ANSWER,
    on_first: Callable[[], None] | None = None,
) -> Reply:
    body = {"prompt": tokens, **named(server, experts)}
    return await stream(client, server, "/v1/completions", body, answer, on_first)


async def at_once(
    client: aiohttp.ClientSession, server: Server, number: int, experts: Sequence[Sequence[str]], first: int = 0
) -> tuple[float, float]:
    """A stream for each of `experts`: tokens a second in all, and seconds until the slowest first token."""
    pairs = list(zip(prompts(number, len(experts), first), experts, strict=True))
    began = time.perf_counter()
    replies = await together(*[complete(client, server, tokens, each) for tokens, each in pairs])
    speed = sum(reply.tokens for reply in replies) / (time.perf_counter() - began)
    return speed, max(reply.first for reply in replies)


async def one(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    first, second = prompts(number, 2)
    base = await complete(client, server, first)
    expert = await complete(client, server, second, ["e0"])
    return {
        "1 stream, base, tok/s": base.speed,
        "1 stream, base, first token (s)": base.first,
        "1 stream, 1 expert, tok/s": expert.speed,
        "1 stream, 1 expert, first token (s)": expert.first,
    }


async def same(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    speed, _ = await at_once(client, server, number, [["e0"]] * 8)
    return {"8 streams, the same expert, tok/s in all": speed}


async def four(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    speed, slowest = await at_once(client, server, number, [[f"e{i}"] for i in range(4)])
    return {
        "4 streams, 4 experts, tok/s in all": speed,
        "4 streams, 4 experts, slowest first token (s)": slowest,
    }


async def eight(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    speed, slowest = await at_once(client, server, number, [[f"e{i}"] for i in range(8)])
    return {
        "8 streams, 8 experts, tok/s in all": speed,
        "8 streams, 8 experts, slowest first token (s)": slowest,
    }


async def over_one_prompt(client: aiohttp.ClientSession, server: Server, number: int, letter: str) -> float:
    """Seconds until all 8 experts have answered. Answers are short, so that 8 unshared prompts fit the context too."""
    tokens = prompt(number * 16, 1000)
    began = time.perf_counter()
    await together(*[complete(client, server, tokens, [f"{letter}{i}"], answer=16) for i in range(8)])
    return time.perf_counter() - began


async def shared(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    return {"8 experts over one prompt of 1,000 tokens (s)": await over_one_prompt(client, server, number, "e")}


async def always(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    return {"the same, active from the first token (s)": await over_one_prompt(client, server, number, "a")}


async def second_turn(client: aiohttp.ClientSession, server: Server, number: int, expert: str) -> float:
    """Seconds until the first token of the second answer, which `expert` gives. The first is e0's."""
    messages = [{"role": "user", "content": prose(number * 16, 6000) + "\n\nWhat is this about?"}]
    path, first = "/v1/chat/completions", named(server, ["e0"])
    reply = await stream(client, server, path, {"messages": messages, **first}, 48)
    await asyncio.sleep(PAUSE)
    messages += [{"role": "assistant", "content": reply.text}, {"role": "user", "content": "Say more of the last one."}]
    return (await stream(client, server, path, {"messages": messages, **named(server, [expert])}, 2)).first


async def chat(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    return {"second turn of a chat, first token (s)": await second_turn(client, server, number, "e0")}


async def changed(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    return {"second turn, another expert, first token (s)": await second_turn(client, server, number, "e1")}


async def prefill(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    tokens, decoding = prompt(number * 16 + 4, 2000), [asyncio.Event() for _ in range(4)]

    async def comes() -> Reply:
        await asyncio.gather(*[event.wait() for event in decoding])
        return await complete(client, server, tokens, answer=2)

    streams = zip(prompts(number, 4), decoding, strict=True)
    requests = [complete(client, server, each, answer=160, on_first=event.set) for each, event in streams]
    *replies, long = await together(*requests, comes())
    gaps = [
        after - before
        for reply in replies
        for before, after in zip(reply.times, reply.times[1:], strict=False)
        if after > long.began
    ]
    return {"a prompt of 2,000 tokens comes, longest gap of 4 streams (s)": max(gaps)}


async def blend(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    first, second = prompts(number, 2)
    five = await complete(client, server, first, [f"e{i}" for i in range(5)])
    single = await complete(client, server, second, ["e0"])
    return {"5 experts in one request, tok/s relative to 1": five.speed / single.speed}


def beside_bare_loop(loop: BareLoop) -> Load:
    async def load(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
        speed, _ = await at_once(client, server, number, [[]] * 8)
        bare = loop.speed(prompts(number, 8), ANSWER)
        return {"8 streams, tok/s in all relative to the bare loop": speed / bare}

    return load


async def kinds(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
    mixed, _ = await at_once(client, server, number, [[name] for name in ("a0", *OTHER_KINDS)])
    loras, _ = await at_once(client, server, number, [[f"a{i}"] for i in range(4)], first=4)
    return {KINDS: mixed / loras}


def beside_cached(empty: Server, full: Server) -> Load:
    """Of two other daemons: one keeps no prompts, the other has many."""

    async def load(client: aiohttp.ClientSession, server: Server, number: int) -> dict[str, float]:
        relative: dict[str, float] = {}
        for count, streams in ((1, "1 stream"), (4, "4 streams")):
            speed: dict[str, float] = {}  # by URL
            for daemon in (empty, full) if number % 2 else (full, empty):
                speed[daemon.url], _ = await at_once(client, daemon, number, [["e0"]] * count, first=count)
            relative[f"{streams} beside 16,000 cached tokens, relative to none"] = speed[full.url] / speed[empty.url]
        return relative

    return load


async def fill(server: Server) -> None:
    async with session() as client:
        for i in range(1, CONVERSATIONS + 1):
            await complete(client, server, prompt(-i, 1000), answer=1)


BESIDE: dict[str, Load] = {
    load.__name__: load for load in (one, same, four, eight, shared, always, chat, changed, prefill, blend)
}
ROWS = (*BESIDE, "loop", "kinds", "cached")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_const", dest="rounds", const=3, help="3 rounds")
    parser.add_argument("--rows", default=",".join(ROWS), help="some of %(default)s; they are only printed then")
    parser.add_argument("--settings", help="of llama-server, instead of a search for its best ones")
    arguments = parser.parse_args()
    rows = arguments.rows.split(",")
    if unknown := set(rows) - set(ROWS):
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        bench = Bench(Path(folder), stack)
        figures: Figures = {"expertd": {}, "llama-server": {}}
        if beside := bench.loads_beside(rows):
            theirs = bench.llama_server(arguments.settings)
            run(figures, [bench.ours, theirs], beside, arguments.rounds)
        if alone := bench.loads_alone(rows):
            run(figures, [bench.ours], alone, arguments.rounds)
    results = {
        name: judge(name, ours, figures["llama-server"].get(name, ())) for name, ours in figures["expertd"].items()
    }
    report(results, bench.skipped, arguments.rounds)
    if set(rows) == set(ROWS):
        run_of = {"rounds": arguments.rounds, "llama-server": bench.settings, "skipped": bench.skipped}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps({**run_of, "figures": results}, indent=1) + "\n")


class Bench:
    """The servers with their experts, until `stack` is closed."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack, self._experts = stack, folder / "experts"
        self._adapters = make_loras(self._experts, folder, vocabulary().shape, 8)
        make_other_kinds(self._experts, vocabulary().shape, base_file())
        self.ours = self._daemon(CACHE_MB)
        self.skipped: dict[str, str] = {}  # why, by figure
        self.settings = ""  # of llama-server

    def _daemon(self, cache_mb: int) -> Server:
        return self._stack.enter_context(expertd(experts=self._experts, prefix_cache_mb=cache_mb))

    def llama_server(self, settings: str | None) -> Server:
        command = [*llama_server_command(CELLS, 8), "--cache-ram", str(CACHE_MB), "--lora-init-without-apply"]
        command += ["--lora", ",".join(map(str, self._adapters))]
        best = [*command, *settings.split()] if settings else at_its_best(command, (one, same))
        self.settings = " ".join(best[len(command) :])
        print("llama-server", "with" if settings else "at its best:", self.settings)
        return self._stack.enter_context(llama_server(best))

    def loads_beside(self, rows: Sequence[str]) -> list[Load]:
        loads = [load for name, load in BESIDE.items() if name in rows]
        if "loop" in rows:
            default = {name: field.default for name, field in Settings.model_fields.items()}
            loop = BareLoop(base_file(), default["context"], default["sequences"], default["batch"], threads())
            loads.append(beside_bare_loop(self._stack.enter_context(closing(loop))))
        return loads

    def loads_alone(self, rows: Sequence[str]) -> list[Load]:
        loads: list[Load] = []
        if "kinds" in rows:
            if why := refused(self.ours):
                self.skipped[KINDS] = why.replace(f"{self._experts}/", "")
            else:
                loads.append(kinds)
        if "cached" in rows:
            empty, full = self._daemon(0), self._daemon(2 * CACHE_MB)
            asyncio.run(fill(full))
            loads.append(beside_cached(empty, full))
        return loads


def refused(server: Server) -> str:
    """Why the daemon does not serve some of the other kinds; "" where it serves them all."""
    listed = httpx.get(f"{server.url}/v1/models", headers=server.headers).raise_for_status().json()
    return "; ".join(broken["error"] for broken in listed["broken"])


def run(figures: Figures, servers: Sequence[Server], loads: Sequence[Load], rounds: int) -> None:
    """Measure, and put the outcome into `figures`."""
    names = " and ".join(server.name for server in servers)
    for server, values in asyncio.run(measure(servers, loads, rounds, names)).items():
        figures[server].update(values)


def report(results: Mapping[str, Mapping[str, Any]], skipped: Mapping[str, str], rounds: int) -> None:
    print(f"\n{'':62s}{'expertd':>10s}{'llama-server':>14s}{'ratio':>8s}{'bar':>7s}   median of {rounds}")
    for name, result in results.items():
        print(row(name, result))
    for name, why in skipped.items():
        print(f"{name:62s}skipped: {why}")
    print(NOTE)


def judge(name: str, ours: Sequence[float], theirs: Sequence[float]) -> dict[str, Any]:
    if name not in RELATIVE_BARS:
        return {**compare(name, ours, theirs), "bar": BARS.get(name), "relative": False}
    median = statistics.median(ours)
    return {
        "expertd": median,
        "llama-server": statistics.median(theirs) if theirs else None,
        "ratio": median,
        "ratios": ours,
        "bar": RELATIVE_BARS[name],
        "relative": True,
    }


def row(name: str, result: Mapping[str, Any]) -> str:
    theirs = "" if result["llama-server"] is None else f"{result['llama-server']:.3f}"
    bar = "" if result["bar"] is None else f"{result['bar']:.2f}"
    missed = "   missed" if bar and result["ratio"] < result["bar"] else ""
    return f"{name:62s}{result['expertd']:10.3f}{theirs:>14s}{result['ratio']:8.2f}{bar:>7s}{missed}"


if __name__ == "__main__":
    main()
