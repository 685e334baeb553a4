"""Judges Cypher queries by what they give on small graphs, beside what the right query gives."""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import json
import re
import selectors
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experts.scoring import Body, Item, chat

MEASURE = "questions whose query gives the right rows"
BARS = {"all": 0.70}
HERE = Path(__file__).parent
MAX_TOKENS = 160
TIMEOUT = 20.0  # seconds of a query, with its graph's making
SYSTEM = "You write Cypher queries for Neo4j. Answer with one Cypher query and nothing else."
RULES = (
    "Use only labels, relationship types and properties of the schema, and relationships in their direction. "
    "Return the properties that are asked for, not whole nodes."
)
SHOWN_SCHEMA = (
    "(:Author {name: STRING, born: INTEGER})\n(:Book {title: STRING, pages: INTEGER})\n(:Author)-[:WROTE]->(:Book)"
)
SHOWN = (  # of a graph that no item has
    ("books longer than 300 pages", "MATCH (b:Book) WHERE b.pages > 300 RETURN b.title"),
    ("Who wrote Emma?", "MATCH (a:Author)-[:WROTE]->(b:Book {title: 'Emma'}) RETURN a.name"),
    (
        "The author with the most books, and how many",
        "MATCH (a:Author)-[:WROTE]->(b:Book) RETURN a.name, count(b) AS count ORDER BY count DESC LIMIT 1",
    ),
)
# A query that reads needs none of these.
FORBIDDEN = r"ALTER|ATTACH|CALL|COPY|CREATE|DELETE|DETACH|DROP|EXPORT|IMPORT|INSTALL|LOAD|MERGE|REMOVE|SET|USE"


@dataclass(frozen=True)
class Wanted:
    """The graph and what is right of it."""

    graph: dict[str, Any] = field(repr=False)
    query: str
    also: tuple[str, ...]  # other right queries, which give other rows or columns
    ordered: bool


def items() -> list[Item]:
    found = []
    for path in sorted((HERE / "heldout").glob("*.jsonl")):
        graph, *asked = [json.loads(line) for line in path.read_text().splitlines()]
        for one in asked:
            prompt = one.get("layout", "{schema}\n\n{ask}").format(schema=graph["schema"], ask=one["ask"])
            wanted = Wanted(graph, one["cypher"], tuple(one.get("also", ())), one.get("ordered", False))
            ways = _base_bodies(graph["schema"], one["ask"], prompt)
            found.append(Item(_body(graph["schema"], prompt), ways, wanted, about=f"{path.stem}: {one['ask']}"))
    return found


def _body(schema: str, prompt: str, system: str = "", shots: Sequence[tuple[str, str]] = ()) -> Body:
    return {**chat(MAX_TOKENS, prompt, system, shots), "response_format": {"type": "cypher", "schema": schema}}


def _base_bodies(schema: str, ask: str, prompt: str) -> tuple[Body, ...]:
    """As the expert is asked; with a system message; with rules; with examples as earlier turns; with them as text."""
    shots = [(f"{SHOWN_SCHEMA}\n\n{question}", query) for question, query in SHOWN]
    shown = "\n".join(f"Question: {question}\nCypher: {query}" for question, query in SHOWN)
    told = f"Schema:\n{SHOWN_SCHEMA}\n{shown}\n\nSchema:\n{schema}\nQuestion: {ask}\nCypher:"
    return (
        _body(schema, prompt),
        _body(schema, f"{schema}\n\n{ask}", SYSTEM),
        _body(schema, f"Graph schema:\n{schema}\n\nWrite a Cypher query. {RULES}\n\nQuestion: {ask}", SYSTEM),
        _body(schema, f"{schema}\n\n{ask}", SYSTEM, shots),
        _body(schema, told),
    )


def grade(item: Item, answer: str) -> float:
    wanted: Wanted = item.wanted
    query = extract(answer)
    if not query or re.search(rf"\b({FORBIDDEN})\b", without_names(query), re.I):
        return 0.0
    if (got := run(wanted.graph, query)) is None:
        return 0.0
    return float(any(same(got, right, wanted.ordered) for right in _right(item.about, wanted)))


_RIGHT: dict[str, list[list[list[Any]]]] = {}


def _right(about: str, wanted: Wanted) -> list[list[list[Any]]]:
    """What the right queries give: found once."""
    if about not in _RIGHT:
        _RIGHT[about] = []
        for query in (wanted.query, *wanted.also):
            if (rows := run(wanted.graph, query)) is None:
                raise ValueError(f"{about}: {query} fails")
            _RIGHT[about].append(rows)
    return _RIGHT[about]


def extract(answer: str) -> str:
    """The query out of an answer that wraps it in a fence or in prose."""
    if fence := re.search(r"```\w*\s*(.*?)(```|\Z)", answer, re.S):
        answer = fence.group(1)
    start = re.search(r"\b(OPTIONAL\s+)?MATCH\s*\(", answer, re.I)
    return re.split(r";|\n\s*\n", answer[start.start() :])[0].strip() if start else ""


def without_names(query: str) -> str:
    """A query's keywords: without strings, quoted names and what stands behind a colon or dot."""
    return re.sub(r"'(\\.|[^'\\])*'|\"(\\.|[^\"\\])*\"|`[^`]*`|[:.|]\s*\w+|\w+\s*(?=:)", " ", query)


def same(got: list[list[Any]], want: list[list[Any]], ordered: bool) -> bool:
    """Equal rows, in order only where the question asks for one; columns may stand in another order."""
    if len(got) != len(want):
        return False
    if not want:
        return True
    width = len(want[0])
    if len(got[0]) != width or width > 6:
        return False
    right = [json.dumps(row) for row in want]
    for columns in itertools.permutations(range(width)):
        moved = [json.dumps([row[c] for c in columns]) for row in got]
        if moved == right if ordered else Counter(moved) == Counter(right):
            return True
    return False


@functools.cache
def _worker() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "experts.cypher.execute"]
    worker = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=HERE.parents[1],
    )
    atexit.register(worker.kill)
    return worker


def run(graph: dict[str, Any], query: str) -> list[list[Any]] | None:
    """The rows that a query gives; None where it fails, or where its process dies of it or takes too long."""
    worker = _worker()
    with contextlib.suppress(OSError, ValueError):
        assert worker.stdin and worker.stdout
        worker.stdin.write(json.dumps({**graph, "query": query}) + "\n")
        worker.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(worker.stdout, selectors.EVENT_READ)
            if selector.select(TIMEOUT) and (line := worker.stdout.readline()):
                rows: list[list[Any]] | None = json.loads(line)
                return rows
    worker.kill()
    worker.wait()
    _worker.cache_clear()
    return None
