"""What the base answered to the held-out sets: no training of an expert changes it, so it is asked once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import expertd.grammar

FILE = "base_answers.json"
GRAMMARS = Path(expertd.grammar.__file__).parent
Ask = Callable[[int], list[str]]  # the answers to the prompts of one way of asking


def base_answers(
    folder: Path, base: str, ways: Sequence[Sequence[dict[str, Any]]], ask: Ask, *, keep: bool
) -> list[list[str]]:
    """By way, one answer to each of its requests: what an expert's folder has of this base, else asked for.

    `keep` puts what was asked for there, after each way, since all take many minutes.
    """
    path = folder / FILE
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    answers: dict[str, list[str]] = kept["answers"] if kept.get("base") == base else {}
    found = []
    for way, requests in enumerate(ways):
        # What a grammar lets through decides an answer as well.
        form = _grammars() if any("response_format" in request for request in requests) else ""
        key = hashlib.sha256((json.dumps(requests, sort_keys=True) + form).encode()).hexdigest()[:16]
        if key not in answers:
            answers[key] = ask(way)
            if keep:
                told = json.dumps({"base": base, "answers": answers}, indent=0, ensure_ascii=False)
                path.write_text(told + "\n", encoding="utf-8")
        found.append(answers[key])
    return found


def _grammars() -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(GRAMMARS.glob("*.py")))).hexdigest()
