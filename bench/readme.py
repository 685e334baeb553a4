"""Puts what `make bench` and `make score` measured into docs/results.md, and what counts most into the README."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bench.between_markers import ROOT, put
from expertd.experts.manifest import FILE, read_manifest

# Of bench.experts' loads, those in the README: where experts are mixed, where they are changed, and what one costs.
LOADS = (
    "1 stream, 1 expert, tok/s",
    "4 streams, 4 experts, tok/s in all",
    "8 streams, 8 experts, tok/s in all",
    "8 streams, 8 experts, slowest first token (s)",
    "8 experts over one prompt of 1,000 tokens (s)",
    "second turn, another expert, first token (s)",
)


def main() -> None:
    rows = [
        *_scores(),
        *_router(),
        *_needles(),
        *_peer(),
        *_experts(),
        *_structured(),
        *_tools(),
        *_training(),
        *_startup(),
    ]
    put("docs/results.md", "results", _table("| what | measured | beside |", rows))
    experts = _table(
        "| expert | measured on unseen items | score | the base, best of its prompts |", _experts_in_short()
    )
    loads = _table("| load | expertd | llama-server | times better |", _loads_in_short())
    put("README.md", "results", f"{experts}\n\n{loads}")


def _table(head: str, rows: Iterable[Sequence[str]]) -> str:
    return "\n".join([head, "|---" * head.count(" | ") + "|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def _experts_in_short() -> Iterator[tuple[str, ...]]:
    """One row an expert, over all of its items."""
    for name, scores in _scored():
        base = f"{scores['base']['all'][0]:.2f}" if "base" in scores else "not asked"
        yield f"`{name}`", scores["measure"], f"{scores['expert']['all'][0]:.2f}", base


def _loads_in_short() -> Iterator[tuple[str, ...]]:
    peer, experts = _result("peer") or {}, (_result("experts") or {"figures": {}})["figures"]
    found = {f"base, {name}": result for name, result in peer.items() if name.startswith("1 stream, tok/s")}
    found |= {name: experts[name] for name in LOADS if name in experts}
    for name, result in found.items():
        yield name, f"{result['expertd']:.3g}", f"{result['llama-server']:.3g}", f"{result['ratio']:.2f}"


def _result(name: str) -> Any:
    path = ROOT / "bench" / "results" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _scored() -> Iterator[tuple[str, Any]]:
    """Every expert whose manifest has scores, and these."""
    for path in sorted((ROOT / "experts").glob(f"*/{FILE}")):
        if scores := read_manifest(path.parent).training.get("scores"):
            yield path.parent.name, scores


def _scores() -> list[tuple[str, str, str]]:
    """Of every expert, a row for each group of its held-out set."""
    return [row for name, scores in _scored() for row in _groups(name, scores)]


def _groups(name: str, scores: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Where a set has several groups, "all" says nothing that they do not."""

    def mean(who: str, group: str) -> str:
        value, low, high, _ = scores[who][group]
        return f"{value:.2f} [{low:.2f}, {high:.2f}]"

    groups = [group for group in scores["expert"] if group != "all"] or ["all"]
    return [
        (
            f"`{name}`, {scores['measure']}, {scores['expert'][group][3]:.0f} unseen items"
            + (f", {group.replace('_', ' ')}" if group != "all" else ""),
            mean("expert", group),
            f"the base, best of its prompts: {mean('base', group)}" if "base" in scores else "",
        )
        for group in groups
    ]


def _peer() -> list[tuple[str, str, str]]:
    peer = _result("peer") or {}
    return [
        (f"base, {name}", f"{r['expertd']:.3g}", f"llama-server {r['llama-server']:.3g}: ratio {r['ratio']:.2f}")
        for name, r in peer.items()
    ]


def _experts() -> list[tuple[str, str, str]]:
    figures = (_result("experts") or {"figures": {}})["figures"]
    return [(name, f"{r['expertd']:.3g}", _beside(r)) for name, r in figures.items()]


def _beside(result: dict[str, Any]) -> str:
    """llama-server's figure where there is one; the ratio to it, but where the figure is relative already; the bar."""
    theirs, bar = result["llama-server"], result["bar"]
    parts = [f"llama-server {theirs:.3g}" if theirs else "", f"bar {bar:g}" if bar else ""]
    if not result["relative"]:
        parts.insert(1, f"ratio {result['ratio']:.2f}")
    return ", ".join(part for part in parts if part)


def _structured() -> list[tuple[str, str, str]]:
    def row(name: str, result: dict[str, float]) -> tuple[str, str, str]:
        what, than = name.split(" / ")
        beside = "{beside:.3g}, ratio {ratio:.2f}, bar {bar:g}".format(**result)
        return f"{what}, tok/s", f"{result['tok/s']:.3g}", f"{than} {beside}"

    return [row(*item) for item in (_result("structured") or {}).items()]


def _tools() -> list[tuple[str, str, str]]:
    scores = (_result("tools") or {"scores": {}})["scores"]
    return [
        (f"base, tool calls, {name}", "{:.2f} [{:.2f}, {:.2f}]".format(*found["accuracy"]), f"{found['of']} items")
        for name, found in scores.items()
    ]


def _router() -> Iterator[tuple[str, str, str]]:
    if not (found := _result("router")):
        return

    def share(of: list[float]) -> str:
        return "{:.3f} [{:.3f}, {:.3f}]".format(*of)

    keywords = f"keywords alone {share(found['keywords'])}, bar 0.96"
    yield f"router, right of {found['accuracy'][3]} unseen prompts", share(found["accuracy"]), keywords
    yield "router, right where the base is not asked", share(found["classifier alone"]), ""
    yield "router, share that the base is asked about", f"{found['asked']:.2f}", f"{found['asked_ms']:.0f} ms each"
    lookalikes = found["kinds"]["lookalike"]
    yield f"router, right of {lookalikes[3]} look-alikes", share(lookalikes), "bar 0.92"
    yield "router, a wrong expert", share(found["a wrong expert"]), "the other wrong ones go to the base"
    for at, risk in found["risk at coverage"].items():
        yield f"router, wrong of the surest {float(at):.0%}", f"{risk:.3f}", ""
    for count, bar in ((10, 5), (200, 10)):
        timed = found[f"{count} experts"]
        for way, what in (("classifier", f"bar {bar} for p99"), ("asking the base", "")):
            name = f"router beside 4 streams, {count} experts, {way}, p50 and p99 ms"
            yield name, f"{timed[way]['p50']:.1f} and {timed[way]['p99']:.1f}", what
        yield f"a new expert beside {count} is routed to after (s)", f"{timed['found_s']:.2f}", "bar 3"
    yield "router, right with 190 made experts beside", f"{found['200 experts']['accuracy']:.3f}", ""
    yield "router, its files read at the start (s)", f"{found['start_up_s']:.3f}", "bar 0.1"


def _needles() -> Iterator[tuple[str, str, str]]:
    if found := _result("needles"):
        beside = f"head and tail {found['head and tail']:.3f}, meaning alone {found['meaning alone']:.3f}, bar 0.95"
        yield "facts found in the tenth kept of 60,000 tokens", f"{found['ours']:.3f}", beside


def _training() -> list[tuple[str, str, str]]:
    result = _result("training") or {"files": {}}
    return [
        (
            "training, examples/s, prompts of {:.0f} and answers of {:.0f} tokens".format(*found["tokens"]),
            f"{found['expertd'][0]:.3g}, held-out loss {found['expertd'][1]:.3f}",
            f"PEFT with the Trainer {found['trainer'][0]:.3g}, {found['trainer'][1]:.3f}: ratio {found['ratio']:.2f}, "
            f"bar {result['bar']:g}",
        )
        for found in result["files"].values()
    ]


def _startup() -> list[tuple[str, str, str]]:
    startup = _result("startup")
    if not startup:
        return []
    return [("from exec to an answered request, warm file cache", f"{startup['median']:.2f} s", "bar 1.5 s")]


if __name__ == "__main__":
    main()
