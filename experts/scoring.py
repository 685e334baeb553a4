"""Scores the shipped experts on their held-out sets beside the base, both asked through a daemon of its own.

python -m experts.scoring                      every expert, printed
python -m experts.scoring regex --show         one, with its wrong answers
python -m experts.scoring --write              and put into the manifests, from which the tables are made
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import httpx
import numpy as np
from tqdm import tqdm

from expertd.cli import end_on_sigterm
from expertd.cli.private import private_daemon
from expertd.experts.manifest import FILE, read_manifest, write_manifest
from experts.base_answers import base_answers

HERE = Path(__file__).parent
AT_ONCE = 8
ALONE = 12  # answers asked for one at a time, for the times
DRAWS = 10_000  # of the bootstrap

Body = dict[str, Any]  # of a chat request; of a completion where it has `prompt`. Without `model`


@dataclass(frozen=True)
class Item:
    """One held-out item: how a client asks for it, and what its grader needs."""

    body: Body
    base_bodies: tuple[Body, ...]  # five ways of asking the base, of which the best over the whole set counts
    wanted: Any
    group: str = "all"
    about: str = field(default="", compare=False)  # for people who look at the failures


class Scorer(Protocol):
    """What `experts/NAME/score.py` has, as a module; some have `SECOND` as well, another measure, and `second`."""

    MEASURE: str  # what `grade` measures, as a table calls it
    BARS: dict[str, float]  # by group, or "all"

    def items(self) -> list[Item]: ...

    def grade(self, item: Item, answer: str) -> float:
        """0 to 1. The answer of a base may stand in a fence or in prose: that is for the grader to see through.

        Where an expert's must be used as it is, `grade_expert` sees through nothing.
        """


def conversation(ask: str, system: str = "", shots: Sequence[tuple[str, str]] = ()) -> list[dict[str, str]]:
    """The messages of a chat that asks this, behind a system message and examples as earlier turns, where given."""
    messages = [{"role": "system", "content": system}] if system else []
    for question, answer in shots:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return [*messages, {"role": "user", "content": ask}]


def chat(max_tokens: int, ask: str, system: str = "", shots: Sequence[tuple[str, str]] = ()) -> Body:
    """A request for such a conversation's next message."""
    return {"messages": conversation(ask, system, shots), "max_tokens": max_tokens}


def held_out(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line of an expert's `heldout/*.jsonl`, in order, with its file's stem."""
    for path in sorted((folder / "heldout").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield path.stem, json.loads(line)


def scorer(name: str) -> Scorer:
    return cast(Scorer, importlib.import_module(f"experts.{name}.score"))


def names() -> list[str]:
    """Of those that are trained."""
    return sorted(path.parent.name for path in HERE.glob("*/score.py") if (path.parent / FILE).exists())


@contextmanager
def daemon(experts: Path, **settings: object) -> Iterator[httpx.Client]:
    """A daemon that serves this folder, and a client of it."""
    with private_daemon(experts, queue=1024, log_level="error", **settings) as socket:
        transport = httpx.HTTPTransport(uds=str(socket))
        with httpx.Client(transport=transport, base_url="http://x", timeout=600) as client:
            client.headers["x-socket"] = str(socket)
            yield client


def ask(client: httpx.Client, model: str, bodies: Sequence[Body], about: str) -> list[str]:
    """One greedy answer to each, some at a time."""
    transport = httpx.AsyncHTTPTransport(uds=client.headers["x-socket"])
    gate = asyncio.Semaphore(AT_ONCE)

    async def all_of_them() -> list[str]:
        with tqdm(total=len(bodies), desc=about) as bar:
            async with httpx.AsyncClient(transport=transport, base_url="http://x", timeout=600) as them:

                async def one(body: Body) -> str:
                    async with gate:
                        response = await them.post(_path(body), json={"temperature": 0, **body, "model": model})
                    if response.status_code != 200:
                        raise SystemExit(f"{model}: {response.text}")
                    bar.update()
                    return _text(response.json())

                return await asyncio.gather(*map(one, bodies))

    return asyncio.run(all_of_them())


def _path(body: Body) -> str:
    return "/v1/completions" if "prompt" in body else "/v1/chat/completions"


def _text(answer: dict[str, Any]) -> str:
    choice = answer["choices"][0]
    return str(choice["text"] if "text" in choice else choice["message"]["content"])


def alone(client: httpx.Client, model: str, items: Sequence[Item]) -> float:
    """Median milliseconds of a whole answer to one client, to prompts from all over the set, none asked before."""
    times = []
    for item in items[:: -(-len(items) // (ALONE + 1))]:
        began = time.monotonic()
        client.post(_path(item.body), json={"temperature": 0, **item.body, "model": model}).raise_for_status()
        times.append((time.monotonic() - began) * 1e3)
    return statistics.median(times[1:] or times)  # the first may bring the expert in


@dataclass(frozen=True)
class Score:
    """Means by group with 95% intervals, and how sure it is that the expert is better than the base."""

    expert: dict[str, list[float]]  # group: [mean, low, high, items]
    base: dict[str, list[float]]
    p: float | None  # share of bootstrap draws in which the expert is no better; None: the base was not asked
    ms: float
    right: list[float]
    answers: list[str]
    second: dict[str, list[float]]  # by the expert's other measure, if it has one


def score(
    client: httpx.Client, name: str, model: str, *, base: bool = True, keep: bool = False, most: int | None = None
) -> Score:
    """One expert on its held-out set, or `most` items of it; `model` is what the daemon calls it.

    `keep` the base's answers in the expert's folder here.
    """
    module = scorer(name)
    items = module.items()[:most]
    ms = alone(client, model, items)
    answers = ask(client, model, [item.body for item in items], name)
    grade = getattr(module, "grade_expert", module.grade)
    right = [grade(item, answer) for item, answer in zip(items, answers, strict=True)]
    best = _best_base(client, name, module, items, keep) if base else []
    p = better(right, best) if base else None
    second: list[float] = []
    if hasattr(module, "SECOND"):
        second = [module.second(item, answer) for item, answer in zip(items, answers, strict=True)]
    told = [summary(items, of) if of else {} for of in (right, best, second)]
    return Score(told[0], told[1], p, ms, right, answers, told[2])


def _best_base(client: httpx.Client, name: str, module: Scorer, items: Sequence[Item], keep: bool) -> list[float]:
    """The base's grades, asked in the way that is best over all items."""
    ways = list(zip(*(item.base_bodies for item in items), strict=True))
    base = client.get("/health").raise_for_status().json()["base"]["name"]

    def ask_base(way: int) -> list[str]:
        return ask(client, "base", ways[way], f"{name}: base, prompt {way + 1}")

    answers = base_answers(HERE / name, base, ways, ask_base, keep=keep)
    graded = [[module.grade(item, answer) for item, answer in zip(items, each, strict=True)] for each in answers]
    return max(graded, key=sum)


def summary(items: Sequence[Item], right: Sequence[float]) -> dict[str, list[float]]:
    groups = sorted({item.group for item in items} | {"all"})
    parts = {g: [r for item, r in zip(items, right, strict=True) if g in ("all", item.group)] for g in groups}
    return {group: [round(float(x), 4) for x in (np.mean(v), *interval(v), len(v))] for group, v in parts.items()}


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95% of the mean, by the bootstrap; Wilson's where all are right or all wrong, of which no draw says anything."""
    if (mean := float(np.mean(values))) in (0.0, 1.0):
        reach = 1.96**2 / (len(values) + 1.96**2)
        return (0.0, reach) if mean == 0 else (1 - reach, 1.0)
    means = _draws(len(values)).dot(np.asarray(values)) / len(values)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def better(right: Sequence[float], base: Sequence[float]) -> float:
    """The paired bootstrap's p that the first is no better than the second; never under one draw's worth."""
    differences = _draws(len(right)).dot(np.asarray(right) - np.asarray(base))
    return (1 + int((differences <= 0).sum())) / (1 + DRAWS)


def _draws(n: int) -> Any:
    """How often each of n items is drawn, [DRAWS, n]; the same in every run."""
    return np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), size=DRAWS)


def write(folder: Path, result: Score, measure: str) -> None:
    """Into the manifest, in place of what stood there."""
    manifest = read_manifest(folder)
    told: Any = {"measure": measure, "expert": result.expert, "ms": round(result.ms, 1)}
    if result.p is not None:
        told |= {"base": result.base, "p": round(result.p, 5)}
    if result.second:
        told |= {"second": {scorer(folder.name).SECOND: result.second}}
    write_manifest(folder, manifest.model_copy(update={"training": {**manifest.training, "scores": told}}))


def show(name: str, result: Score) -> bool:
    """Print it. Whether all bars are reached."""
    reached = True
    for group, (mean, low, high, n) in result.expert.items():
        bar = scorer(name).BARS.get(group)
        reached &= bar is None or mean >= bar
        beside = f"  base {result.base[group][0]:.3f}" if result.base else ""
        goal = f"  bar {bar:.2f}{'' if mean >= bar else ' MISSED'}" if bar is not None else ""
        print(f"{name:12s} {group:16s} {mean:.3f} [{low:.3f}, {high:.3f}] of {n:.0f}{beside}{goal}")
    for group, (mean, low, high, _) in result.second.items():
        print(f"{name:12s} {group:16s} {mean:.3f} [{low:.3f}, {high:.3f}] {scorer(name).SECOND}")
    if result.p is not None:
        print(f"{name:12s} better than the base: p = {result.p:.4f}; {result.ms:.0f} ms an answer")
    return reached and (result.p is None or result.p < 0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="experts; default: all that are trained")
    parser.add_argument("--experts", type=Path, default=HERE, help="the folder that is served")
    parser.add_argument("--model", help="score what this names instead, with one expert's set")
    parser.add_argument("--base", help="the base to serve")
    parser.add_argument("--no-base", action="store_true", help="score the experts alone")
    parser.add_argument("--keep-base", action="store_true", help="keep the base's answers, so that it is asked once")
    parser.add_argument("--items", type=int, help="of each set, for a trial")
    parser.add_argument("--write", action="store_true", help="put the scores into the manifests")
    parser.add_argument("--show", action="store_true", help="print what is not wholly right")
    parser.add_argument("--json", type=Path, help="write every answer there")
    arguments = parser.parse_args()
    if arguments.write and (arguments.model or (arguments.items and arguments.experts == HERE)):
        parser.error("--write puts whole sets' scores of the experts themselves into their manifests")
    if arguments.keep_base and arguments.items:
        parser.error("--keep-base keeps answers to whole sets: leave --items out")
    wanted = arguments.names or [n for n in names() if (arguments.experts / n / FILE).exists()]
    missed, answers = [], {}
    end_on_sigterm()
    with daemon(arguments.experts, **({"base": arguments.base} if arguments.base else {})) as client:
        for name in wanted:
            asked = {"base": not arguments.no_base, "keep": arguments.keep_base, "most": arguments.items}
            result = score(client, name, arguments.model or name, **asked)
            answers[name] = [*zip(result.answers, result.right, strict=True)]
            if not show(name, result):
                missed.append(name)
            if arguments.show:
                _failures(name, result)
            if arguments.write:
                write(arguments.experts / name, result, scorer(name).MEASURE)
    if arguments.json:
        arguments.json.write_text(json.dumps(answers, indent=1, ensure_ascii=False))
    if missed:
        print(f"under their bars: {', '.join(missed)}")


def _failures(name: str, result: Score) -> None:
    for item, answer, right in zip(scorer(name).items(), result.answers, result.right, strict=False):
        if right < 1:
            print(f"\n{right:.2f} {item.about}\n  want {item.wanted!r}\n  got  {answer!r}")


if __name__ == "__main__":
    main()
