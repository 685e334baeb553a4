"""Questions about one sentence in 60,000 tokens: is it among the tenth that is kept? Beside plainer ways to cut.

python -m bench.needles        into bench/results/needles.json
"""

from __future__ import annotations

import json
import pydoc_data.topics
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.between_markers import ROOT
from expertd.config import cache_dir, load_settings
from expertd.engine.base import Base
from expertd.models.catalogue import resolve
from expertd.router.chunks import cut, split
from expertd.router.table import Table

HERE = Path(__file__).parent
RESULT = ROOT / "bench" / "results" / "needles.json"
TOKENS, KEPT = 60_000, 0.1


def haystack(count: Callable[[str], int], seed: int) -> list[str]:
    """Paragraphs of Python's own help, of so many tokens."""
    topics = [text for _, text in sorted(pydoc_data.topics.topics.items())]
    random.Random(seed).shuffle(topics)
    made: list[str] = []
    size = 0
    for text in topics:
        for paragraph in text.split("\n\n"):
            if size >= TOKENS:
                return made
            made.append(paragraph)
            size += count(paragraph) + 1
    return made


def head_and_tail(text: str, budget: int, count: Callable[[str], int]) -> str:
    share = budget / count(text) * len(text) / 2
    return text[: int(share)] + text[-int(share) :]


def by_meaning(text: str, question: str, budget: int, count: Callable[[str], int], table: Table) -> str:
    parts = split(text)
    order = np.argsort(-(np.stack([table.embed_whole(part) for part in parts]) @ table.embed_whole(question)))
    kept, room = [], budget - count(question)
    for i in order:
        if count(parts[i]) <= room:
            kept.append(parts[i])
            room -= count(parts[i])
    return "".join(kept)


def recall(count: Callable[[str], int], table: Table) -> dict[str, float]:
    needles = [json.loads(line) for line in (HERE / "needles.jsonl").read_text(encoding="utf-8").splitlines()]
    found: dict[str, list[bool]] = {"ours": [], "head and tail": [], "meaning alone": []}
    for i, each in enumerate(needles):
        needle, question = each["needle"], each["question"]
        paragraphs = haystack(count, i)
        paragraphs.insert(random.Random(i).randrange(len(paragraphs)), needle)
        text = "\n\n".join(paragraphs)
        budget = int(count(text) * KEPT)
        asked = f"{text}\n\n{question}"
        ours = cut(asked, budget, count, table)
        assert ours.tokens <= budget
        found["ours"].append(needle in ours.text)
        found["head and tail"].append(needle in head_and_tail(asked, budget, count))
        found["meaning alone"].append(needle in by_meaning(text, question, budget, count, table))
    return {way: float(np.mean(hits)) for way, hits in found.items()}


def main() -> None:
    settings = load_settings()
    base = Base(resolve(settings.base, settings.layout, cache_dir(), False))

    def count(text: str) -> int:
        return len(base.tokenize(text, add_special=False, parse_special=False))

    result = recall(count, Table())
    print(result)
    RESULT.write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
