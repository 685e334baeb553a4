"""Which layout of the embedded base, and which type of its KV, is worth having: size, perplexity and speed of each."""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from pydoc_data.topics import topics

import click
import numpy as np

from bench.between_markers import put
from expertd.engine.base import Base
from expertd.engine.context import Context, KvType, Row
from expertd.models.catalogue import embedded_file
from expertd.models.prepare import LAYOUTS, Recipe, convert

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "base_layouts.json"

RECIPES: dict[str, Recipe | None] = {
    "shipped (Q4_1)": LAYOUTS["shipped"],
    "Q4_0": Recipe("Q4_0"),
    "IQ4_NL": Recipe("IQ4_NL"),
    "Q4_K_M": Recipe("Q4_K_M"),
    "**q4**, the default": LAYOUTS["q4"],
    "q8_0 (Q8_0)": LAYOUTS["q8_0"],
}
KV: dict[str, tuple[KvType, KvType]] = {
    "f16": ("f16", "f16"),
    "**K q8_0, V f16**, the default": ("q8_0", "f16"),
    "q8_0": ("q8_0", "q8_0"),
    "K q8_0, V q4_0": ("q8_0", "q4_0"),
    "q4_0": ("q4_0", "q4_0"),
}
CHUNK = 512
PROMPT = 256


@dataclass(frozen=True)
class Result:
    """Sizes in bytes; speeds in tokens a second, and as ratios to the first layout's."""

    name: str
    size: float
    perplexity: float
    prefill: float
    decode: float
    prefill_ratio: float
    decode_ratio: float


class Candidate:
    """A layout loaded with a context of its own, so that all can be measured in turn under the same load."""

    def __init__(self, path: Path, threads: int, kv: tuple[KvType, KvType] = ("f16", "f16")) -> None:
        self.base = Base(path)
        self.context = Context(
            self.base, n_cells=2 * CHUNK, n_seq=1, n_batch=CHUNK, n_threads=threads, kv=kv, flash=kv[1] != "f16"
        )
        self.prefill: list[float] = []
        self.decode: list[float] = []

    @property
    def bytes_a_token(self) -> float:
        """Of the KV."""
        self.context.remove_sequence(0)
        self.context.decode([Row(1, i, 0, i == CHUNK - 1) for i in range(CHUNK)])
        return self.context.sequence_bytes(0) / CHUNK

    def perplexity(self, tokens: list[int], chunks: int) -> float:
        """Of the second half of each chunk of 512 tokens, given what stands before it in the chunk."""
        losses: list[float] = []
        for start in range(0, chunks * CHUNK, CHUNK):
            chunk = tokens[start : start + CHUNK]
            self.context.remove_sequence(0)
            self.context.decode([Row(token, i, 0, i >= CHUNK // 2 - 1) for i, token in enumerate(chunk)])
            for i in range(CHUNK // 2 - 1, CHUNK - 1):
                logits = self.context.logits(i).astype(np.float64)
                top = logits.max()
                losses.append(top + np.log(np.exp(logits - top).sum()) - logits[chunk[i + 1]])
        return float(np.exp(np.mean(losses)))

    def time_once(self, tokens: list[int], answer: int = 16) -> None:
        """Prefill a prompt of 256 tokens, then decode `answer` more one by one."""
        self.context.remove_sequence(0)
        begun = time.perf_counter()
        self.context.decode([Row(token, i, 0, i == PROMPT - 1) for i, token in enumerate(tokens[:PROMPT])])
        self.context.logits(PROMPT - 1)  # waits for the result
        filled = time.perf_counter()
        for i in range(PROMPT, PROMPT + answer):
            self.context.decode([Row(tokens[i], i, 0, True)])
            self.context.logits(0)
        self.prefill.append(PROMPT / (filled - begun))
        self.decode.append(answer / (time.perf_counter() - filled))

    def close(self) -> None:
        self.context.close()
        self.base.close()


def measure(chunks: int, rounds: int, threads: int) -> tuple[list[Result], list[Result]]:
    """One result a layout, in the order of `RECIPES`, and one a type of KV on the default layout."""
    source = embedded_file()
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for number, (name, recipe) in enumerate(RECIPES.items()):
            paths[name] = Path(folder) / f"{number}.gguf" if recipe else source
            if recipe:
                convert(source, paths[name], recipe, progress=True)
        layouts = {name: (path.stat().st_size, Candidate(path, threads)) for name, path in paths.items()}
        made = compare(layouts, chunks, rounds)
        default = paths["**q4**, the default"]
        types = {name: Candidate(default, threads, kv) for name, kv in KV.items()}
        return made, compare({name: (one.bytes_a_token, one) for name, one in types.items()}, chunks, rounds)


def compare(candidates: dict[str, tuple[float, Candidate]], chunks: int, rounds: int) -> list[Result]:
    """All timed in turn, so that they share the machine's moods; the first has a speed of 1."""
    first = next(iter(candidates.values()))[1]
    tokens = first.base.tokenize("\n".join(topics[key] for key in sorted(topics)[:60]))
    perplexities = {name: candidate.perplexity(tokens, chunks) for name, (_, candidate) in candidates.items()}
    for _ in range(rounds):
        for _, candidate in candidates.values():
            candidate.time_once(tokens)
    results = []
    prefill, decode = statistics.median(first.prefill), statistics.median(first.decode)
    for name, (size, candidate) in candidates.items():
        own_prefill, own_decode = statistics.median(candidate.prefill), statistics.median(candidate.decode)
        speeds = (own_prefill, own_decode, own_prefill / prefill, own_decode / decode)
        results.append(Result(name, size, perplexities[name], *speeds))
        candidate.close()
    return results


def table(what: str, unit: str, divisor: float, results: list[Result]) -> str:
    """The results as a table in Markdown, sizes in `unit`s of `divisor` bytes."""
    lines = [f"| {what} | size | perplexity | prefill | decode |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {r.name} | {r.size / divisor:.1f} {unit} | {r.perplexity:.2f} | {r.prefill_ratio:.2f} "
        f"| {r.decode_ratio:.2f} |"
        for r in results
    ]
    return "\n".join(lines)


@click.command(help=__doc__)
@click.option(
    "--chunks", default=16, show_default=True, help="chunks of 512 tokens of Python's help topics, for perplexity"
)
@click.option("--rounds", default=9, show_default=True, help="timed rounds; the median counts")
@click.option("--docs", is_flag=True, help="put the tables into docs/models.md")
def main(chunks: int, rounds: int, docs: bool) -> None:
    threads = len(os.sched_getaffinity(0))
    layouts, types = measure(chunks, rounds, threads)
    run = {"threads": threads, "chunks": chunks, "rounds": rounds, "python": platform.python_version()}
    run["llama_cpp_python"] = version("llama-cpp-python")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"run": run, "layouts": [*map(asdict, layouts)], "kv": [*map(asdict, types)]}, indent=2) + "\n"
    )
    tables = {
        "base_layouts": table("layout", "MB", 1e6, layouts),
        "kv_types": table("type of KV", "KB a token", 1e3, types),
    }
    for name, text in tables.items():
        click.echo(text)
        if docs:
            put("docs/models.md", name, text)
    click.echo(f"1.00 is {layouts[0].prefill:.0f} tok/s of prefill and {layouts[0].decode:.0f} tok/s of decode")


if __name__ == "__main__":
    main()
