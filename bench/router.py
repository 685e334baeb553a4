"""The router over bench/routing/test: how often it is right, beside keywords alone, and how long a decision takes.

python -m bench.router             everything, into bench/results/router.json and bench/routing/test.png; minutes
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from tqdm import tqdm

from bench.between_markers import ROOT
from expertd.cli.client import Client
from expertd.cli.private import private_daemon
from expertd.cli.route import outcome
from expertd.cli.route_picture import draw
from expertd.config import shipped_experts
from expertd.experts.manifest import FILE, read_manifest
from expertd.experts.package import is_part
from expertd.experts.store import Entry
from expertd.router.evaluation import Evaluation, Share, table
from expertd.router.examples import BASE, Line, read_lines
from expertd.router.rules import keyword_scores
from tests.daemon.process import ENDLESS
from tests.fixtures import SMOLLM2, make_peft_folder

RESULT = ROOT / "bench" / "results" / "router.json"
TEST = ROOT / "bench" / "routing" / "test"
STREAMS = 4
EXAMPLES, NEGATIVES = 12, 10  # of each made expert, as many as the shipped ones have
LENGTHS = (10, 100, 1000, 8000)  # words, about as many tokens
ASKED = 60  # times at each length


def lines() -> list[Line]:
    return [line for path in sorted(TEST.glob("*.jsonl")) for line in read_lines(path)]


def by_keywords() -> Share:
    """The expert of whose manifest's words a prompt has most; the base where none has any, or two have as many."""
    entries = [Entry(p.parent.name, p.parent, read_manifest(p.parent)) for p in shipped_experts().glob(f"*/{FILE}")]
    right, asked = 0, [line for line in lines() if line.prefix is None]
    for line in asked:
        scores = keyword_scores(line.asked.text, entries)
        best = [name for name, score in scores.items() if score == max(scores.values())]
        right += line.label == (best[0] if len(best) == 1 else BASE)
    return Share(right, len(asked))


def accuracy(socket: Path) -> Evaluation:
    client = Client(socket)
    return Evaluation([outcome(client, line) for line in tqdm(lines(), desc="routed")])


def folder_of(folder: Path, count: int) -> None:
    """The shipped experts, and small random ones with examples made of random words until there are so many."""
    for path in shipped_experts().glob(f"*/{FILE}"):
        (folder / path.parent.name).mkdir(parents=True)
        for file in filter(lambda file: is_part(file.name), path.parent.iterdir()):
            shutil.copy(file, folder / path.parent.name)
    for i in range(count - len(list(folder.iterdir()))):
        add(folder, f"made{i}")


def add(folder: Path, name: str) -> list[str]:
    """One such expert; its examples."""
    drawn = random.Random(name)
    words = ["".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=drawn.randint(3, 9))) for _ in range(60)]
    texts = [" ".join(drawn.choices(words, k=drawn.randint(5, 15))) for _ in range(EXAMPLES + NEGATIVES)]
    routing = {"examples": tuple(texts[:EXAMPLES]), "negative_examples": tuple(texts[EXAMPLES:])}
    hidden = folder / f".{name}"
    make_peft_folder(hidden / name, SMOLLM2, rank=1, modules=("q_proj",), manifest={"routing": routing})
    (hidden / name).rename(folder / name)
    hidden.rmdir()
    return texts[:EXAMPLES]


@contextmanager
def streaming(socket: Path) -> Iterator[None]:
    """So many answers are decoded meanwhile."""
    stop = threading.Event()

    def stream() -> None:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://x", timeout=60) as client:
            while not stop.is_set():
                with client.stream("POST", "/v1/completions", json={**ENDLESS, "model": "base"}) as response:
                    for _ in response.iter_lines():
                        if stop.is_set():
                            break

    threads = [threading.Thread(target=stream) for _ in range(STREAMS)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def decisions(socket: Path) -> list[tuple[float, bool]]:
    """The milliseconds of decisions over prompts of all lengths, each second one as the second turn of a conversation,
    and whether the base was asked.
    """
    client, drawn = Client(socket), random.Random(1)
    words = " ".join(line.asked.text for line in lines()).split()
    found = []
    for _ in tqdm(range(ASKED), desc="timed"):
        for length in LENGTHS:
            prompt = " ".join(drawn.choices(words, k=length))
            turns = [{"role": "user", "content": prompt}]
            earlier = [{"role": "user", "content": prompt[::-1]}, {"role": "assistant", "content": prompt}]
            for said in (turns, [*earlier, *turns]):
                decision = client.post("/v1/route", {"messages": said})
                found.append((decision["ms"], "reading" in decision["stages"]))
    return found


def seconds_to_find(socket: Path, folder: Path) -> float:
    """From when a new expert's folder is there until the router takes it for one of its examples."""
    client = Client(socket)
    (text, *_) = add(folder, "fresh")
    began = time.monotonic()
    while [e["name"] for e in client.post("/v1/route", {"prompt": text})["experts"]] != ["fresh"]:
        time.sleep(0.01)
    return time.monotonic() - began


def timed(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "experts"
        folder_of(folder, count)
        with private_daemon(folder, log_level="error") as socket:
            time.sleep(10)  # 200 experts' examples are made vectors
            right = accuracy(socket).share()
            with streaming(socket):
                asking = quantiles([ms for ms, is_read in decisions(socket) if is_read])
        with private_daemon(folder, log_level="error", route_reads=False) as socket:
            time.sleep(3)
            with streaming(socket):
                alone = quantiles([ms for ms, _ in decisions(socket)])
                found = seconds_to_find(socket, folder)
    return {"classifier": alone, "asking the base": asking, "found_s": found, "accuracy": right.value}


def quantiles(times: list[float]) -> dict[str, float]:
    return {"p50": float(np.median(times)), "p99": float(np.quantile(times, 0.99))}


def start_up() -> float:
    """Seconds that the router adds to a start: its files read, without the import of numpy."""
    from expertd.router import shipped
    from expertd.router.table import Table

    began = time.perf_counter()
    shipped.read()
    Table()
    return time.perf_counter() - began


def told(evaluation: Evaluation) -> dict[str, Any]:
    def share(of: Share) -> list[float]:
        return [of.value, *of.interval, of.of]

    kinds = sorted({o.kind for o in evaluation.outcomes})
    chats = Evaluation([o for o in evaluation.outcomes if o.label != "python-fim"])
    wrong = [o for o in evaluation.outcomes if o.chosen not in (BASE, o.label)]
    return {
        "accuracy": share(evaluation.share()),
        "without gaps": share(chats.share()),
        "base recall": share(evaluation.share(label=BASE)),
        "base precision": share(evaluation.share(chosen=BASE)),
        "a wrong expert": share(Share(len(wrong), len(evaluation.outcomes))),
        "kinds": {kind: share(evaluation.share(kind=kind)) for kind in kinds},
        "risk at coverage": {
            str(at): next(risk for coverage, risk in evaluation.risk_coverage() if coverage >= at)
            for at in (0.5, 0.7, 0.8, 0.9, 1.0)
        },
    }


def main() -> None:
    with private_daemon(shipped_experts(), log_level="error") as socket:
        evaluation = accuracy(socket)
    with private_daemon(shipped_experts(), log_level="error", route_reads=False) as socket:
        alone = accuracy(socket).share()
    print(table(evaluation))
    read = [outcome.ms for outcome in evaluation.outcomes if outcome.is_read]
    print(f"\nthe classifier alone  {alone}\nthe base was asked about {len(read)}, {np.median(read):.0f} ms each")
    draw(evaluation, ROOT / "bench" / "routing" / "test.png")
    keywords = by_keywords()
    print(f"\nkeywords alone  {keywords}")
    result = {
        **told(evaluation),
        "classifier alone": [alone.value, *alone.interval, alone.of],
        "asked": Share(len(read), len(evaluation.outcomes)).value,
        "asked_ms": float(np.median(read)),
        "keywords": [keywords.value, *keywords.interval, keywords.of],
        "start_up_s": start_up(),
    }
    for count in (10, 200):
        result[f"{count} experts"] = timed(count)
        print(f"{count} experts, {STREAMS} streams: {result[f'{count} experts']}")
    RESULT.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
