"""Puts what `make bench` and `make score` measured into the README's table."""

from __future__ import annotations

import json
from typing import Any

from bench.between_markers import ROOT, put
from expertd.experts.manifest import FILE, read_manifest


def main() -> None:
    rows = [*_scores(), *_peer(), *_experts(), *_structured(), *_tools(), *_startup()]
    table = "\n".join(["| what | measured | beside |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)])
    put("README.md", "results", table)


def _result(name: str) -> Any:
    path = ROOT / "bench" / "results" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def _scores() -> list[tuple[str, str, str]]:
    """Of every expert whose manifest has scores, a row for each group of its held-out set."""
    rows = []
    for path in sorted((ROOT / "experts").glob(f"*/{FILE}")):
        scores: Any = read_manifest(path.parent).training.get("scores")
        if scores:
            rows += _groups(path.parent.name, scores)
    return rows


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


def _startup() -> list[tuple[str, str, str]]:
    startup = _result("startup")
    if not startup:
        return []
    return [("from exec to an answered request, warm file cache", f"{startup['median']:.2f} s", "bar 1.5 s")]


if __name__ == "__main__":
    main()
