"""Execution accuracy of the sql expert and of the base on the held-out questions, through the running daemon's API."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from expertd.experts.manifest import read_manifest, write_manifest

HERE = Path(__file__).parent
STEPS = 2_000_000  # of sqlite's machine; more is a runaway join
MAX_TOKENS = 256  # of an answer, as the expert's manifest has it; the base gets as many
# The base gets the better of these, so that the comparison is with what it can do and not with a bad prompt.
BASE_SYSTEMS = (None, "Answer with one SQLite query and nothing else.")


@dataclass(frozen=True)
class Question:
    """A held-out question with its schema, seeded rows and right query."""

    schema: str
    ddl: str
    rows: Sequence[str]
    ask: str
    sql: str
    names_columns: bool


def read_questions(folder: Path) -> list[Question]:
    questions = []
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text())
        ddl = "\n".join(f"{table};" for table in content["ddl"])
        for item in content["items"]:
            questions.append(
                Question(content["schema"], ddl, content["rows"], item["ask"], item["sql"], item["names_columns"])
            )
    return questions


def execute(question: Question, sql: str) -> list[tuple[object, ...]] | None:
    """The rows that `sql` gives on the seeded tables, or None where it fails or runs away."""
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(question.ddl)
        for row in question.rows:
            database.execute(row)
        database.commit()
        database.execute("PRAGMA query_only = 1")
        database.set_progress_handler(lambda: 1, STEPS)
        return [tuple(map(_normal, row)) for row in database.execute(sql).fetchall()]
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        return None
    finally:
        database.close()


def _normal(value: object) -> object:
    return round(float(value), 4) if isinstance(value, (int, float)) else value


def same(got: list[tuple[object, ...]] | None, want: list[tuple[object, ...]], ordered: bool) -> bool:
    """Equal rows, in order only where the right query orders them; columns may stand in another order."""
    if got is None or len(got) != len(want):
        return False
    if not want:
        return True
    width = len(want[0])
    if any(len(row) != width for row in got):
        return False
    for columns in itertools.permutations(range(width)):
        moved = [tuple(row[c] for c in columns) for row in got]
        if moved == want if ordered else Counter(moved) == Counter(want):
            return True
    return False


def extract(answer: str) -> str:
    """The query out of an answer that wraps it in a fence or prose, as the base does, or begins with a comment."""
    if fence := re.search(r"```(?:sql\w*)?\s*(.*?)```", answer, re.S):
        answer = fence.group(1)
    answer = re.sub(r"^\s*--.*", "", answer, flags=re.M)  # whose columns may be called as the words looked for
    start = re.search(r"\b(SELECT|WITH)\b", answer, re.I)
    return answer[start.start() :].split(";")[0] if start else answer


async def answers(
    socket: Path, model: str, system: str | None, questions: Sequence[Question], *, free: bool = False
) -> list[str]:
    """One greedy answer a question, eight at a time; `free`: of any form, whatever the expert's manifest says."""
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    gate = asyncio.Semaphore(8)
    with tqdm(total=len(questions), desc=f"{model} ({'no' if system is None else 'own'} system message)") as bar:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=600) as client:

            async def one(question: Question) -> str:
                messages = [{"role": "user", "content": f"{question.ddl}\n\n{question.ask}"}]
                if system:
                    messages.insert(0, {"role": "system", "content": system})
                body: dict[str, Any] = {
                    "model": model,
                    "messages": messages,
                    "temperature": 0,
                    "max_tokens": MAX_TOKENS,
                }
                if free:
                    body["response_format"] = {"type": "text"}
                async with gate:
                    response = await client.post("/v1/chat/completions", json=body)
                response.raise_for_status()
                bar.update()
                return str(response.json()["choices"][0]["message"]["content"])

            return await asyncio.gather(*map(one, questions))


def right(questions: Sequence[Question], texts: Sequence[str]) -> list[bool]:
    results = []
    for question, text in zip(questions, texts, strict=True):
        want = execute(question, question.sql)
        assert want is not None, question.sql
        results.append(same(execute(question, extract(text)), want, " ORDER BY " in question.sql.upper()))
    return results


def interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share."""
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def summary(questions: Sequence[Question], results: Sequence[bool]) -> dict[str, list[float]]:
    """[share, low, high, n] for the half that names columns, the other half, and all."""
    parts = {
        "names_columns": [r for q, r in zip(questions, results, strict=True) if q.names_columns],
        "own_words": [r for q, r in zip(questions, results, strict=True) if not q.names_columns],
        "all": list(results),
    }
    return {k: [round(x, 4) for x in (sum(v) / len(v), *interval(sum(v), len(v)), len(v))] for k, v in parts.items()}


def start(folder: Path, experts: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """A daemon of its own for this score."""
    socket = folder / "score.sock"
    command = [
        sys.executable,
        "-m",
        "expertd",
        "serve",
        "--port",
        "0",
        "--socket",
        str(socket),
        "--experts",
        str(experts),
    ]
    process = subprocess.Popen(command, env={**os.environ, "EXPERTD_QUEUE": "256"})
    while not socket.exists() and process.poll() is None:
        time.sleep(0.05)
    return process, socket


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experts", type=Path, default=HERE.parent, help="folder of the experts to serve")
    parser.add_argument("--model", default="sql")
    parser.add_argument("--write", action="store_true", help="write the scores into the expert's manifest")
    parser.add_argument("--show", action="store_true", help="print every wrong answer")
    parser.add_argument("--no-base", action="store_true", help="score the expert alone")
    parser.add_argument("--free", action="store_true", help="answers of any form, whatever the expert's manifest says")
    arguments = parser.parse_args()
    questions = read_questions(HERE / "heldout")
    with tempfile.TemporaryDirectory() as folder:
        process, socket = start(Path(folder), arguments.experts)
        try:
            texts = asyncio.run(answers(socket, arguments.model, None, questions, free=arguments.free))
            systems = () if arguments.no_base else BASE_SYSTEMS
            base = [right(questions, asyncio.run(answers(socket, "base", system, questions))) for system in systems]
        finally:
            process.terminate()
            process.wait()
    results = right(questions, texts)
    scores = {"expert": summary(questions, results)}
    if base:
        scores["base"] = summary(questions, max(base, key=sum))
    for who, parts in scores.items():
        for part, (share, low, high, n) in parts.items():
            print(f"{who:7s} {part:14s} {share:.3f}  [{low:.3f}, {high:.3f}]  of {n:.0f}")
    if arguments.show:
        for question, text, good in zip(questions, texts, results, strict=True):
            if not good:
                print(f"\n{question.schema}{'' if question.names_columns else ' (own words)'}: {question.ask}")
                print(f"  want {question.sql}\n  got  {text}")
    if arguments.write:
        folder = arguments.experts / arguments.model
        manifest = read_manifest(folder)
        before: Any = manifest.training.get("scores", {})  # of which the base's stay where it is not asked again
        training = {**manifest.training, "scores": {**before, **scores}}
        write_manifest(folder, manifest.model_copy(update={"training": training}))


if __name__ == "__main__":
    main()
