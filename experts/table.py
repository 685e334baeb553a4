"""Puts the shipped experts' scores, from their manifests, into docs/experts.md: a table, and a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from bench.between_markers import ROOT, put
from expertd.experts.manifest import read_manifest
from experts.scoring import HERE, names, scorer

PICTURE = ROOT / "docs" / "experts.png"
HEAD = ("| expert | kind | size | measure | expert | base | p | one answer |", "|---|---|---:|---|---|---:|---:|---:|")


def main() -> None:
    found = {name: read_manifest(HERE / name) for name in names()}
    scored = {name: manifest for name, manifest in found.items() if "scores" in manifest.training}
    rows = [row for name, manifest in scored.items() for row in _rows(name, manifest.kind, manifest.training["scores"])]
    put("docs/experts.md", "scores", "\n".join([*HEAD, *rows]))
    _draw({name: manifest.training["scores"] for name, manifest in scored.items()})


def _rows(name: str, kind: str, scores: Any) -> list[str]:
    """One row for each group that has a bar, or for all items together."""
    bars = scorer(name).BARS
    rows = []
    for group in bars or ["all"]:
        mean, low, high, count = scores["expert"][group]
        bar = f", bar {bars[group]:.2f}" if group in bars else ""
        about = scores["measure"] + ("" if group == "all" else f", {group.replace('_', ' ')}") + f" ({count:.0f} items)"
        base = f"{scores['base'][group][0]:.2f}" if scores.get("base") else ""
        size, p = _size(name), f"{scores['p']:.4f}" if "p" in scores else ""
        cells = (f"`{name}`", kind, size, about, f"{mean:.2f} [{low:.2f}, {high:.2f}]{bar}", base, p)
        rows.append(f"| {' | '.join(cells)} | {scores['ms']:.0f} ms |")
    return rows


def _size(name: str) -> str:
    """Of the files that an adapter is."""
    size = sum(path.stat().st_size for path in Path(HERE / name).glob("adapter_*"))
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} KB"


def _draw(scores: dict[str, Any]) -> None:
    """Bars of the means over all items, the experts' with their intervals."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    experts = [scores[name]["expert"]["all"] for name in scores]
    base = [scores[name].get("base", {}).get("all", [math.nan])[0] for name in scores]
    places = range(len(scores))
    spread = [[mean - low for mean, low, _, _ in experts], [high - mean for mean, _, high, _ in experts]]
    means = [mean for mean, *_ in experts]
    axes.bar([x - 0.2 for x in places], base, 0.4, color="tab:gray", label="base, best of its prompts")
    axes.bar([x + 0.2 for x in places], means, 0.4, yerr=spread, capsize=3, color="tab:blue", label="expert")
    axes.set_xticks(list(places), list(scores), rotation=20)
    axes.set(ylim=(0, 1), ylabel="score on held-out items")
    axes.legend()
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
