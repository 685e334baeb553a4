"""Grades SQL by its rows: the answer and the right query are run on the item's seeded tables."""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experts.scoring import Body, Item, chat

MEASURE = "execution accuracy"
BARS = {"names_columns": 0.75, "own_words": 0.45}
HERE = Path(__file__).parent
STEPS = 2_000_000  # of sqlite's machine; more is a runaway join
MAX_TOKENS = 256

SYSTEM = "Answer with one SQLite query and nothing else."
SHOTS = (
    (
        "CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT, species TEXT, age INTEGER);\n\nHow many dogs are there?",
        "SELECT COUNT(*) FROM pets WHERE species = 'dog';",
    ),
    (
        "CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT);\n"
        "CREATE TABLE pets (id INTEGER PRIMARY KEY, name TEXT, owner_id INTEGER REFERENCES owners(id));\n\n"
        "Which owners have more than two pets?",
        "SELECT owners.name FROM owners JOIN pets ON pets.owner_id = owners.id GROUP BY owners.id HAVING COUNT(*) > 2;",
    ),
)


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


def items() -> list[Item]:
    """Of every file in heldout, in order."""
    return [_item(question) for question in read_questions(HERE / "heldout")]


def _item(question: Question) -> Item:
    prompt = f"{question.ddl}\n\n{question.ask}"
    group = "names_columns" if question.names_columns else "own_words"
    about = f"{question.schema}: {question.ask}"
    return Item(chat(MAX_TOKENS, prompt), _base_bodies(question, prompt), question, group, about)


def _base_bodies(question: Question, prompt: str) -> tuple[Body, ...]:
    """The base's answers are held to the schema as the manifest's grammar holds the expert's."""
    in_text = "".join(f"{asked}\n\nSQL: {sql}\n\n\n" for asked, sql in SHOTS)
    ways = (
        chat(MAX_TOKENS, prompt),
        chat(MAX_TOKENS, prompt, SYSTEM),
        chat(MAX_TOKENS, prompt, SYSTEM, SHOTS),
        chat(MAX_TOKENS, f"{in_text}{prompt}\n\nSQL:"),
        chat(
            MAX_TOKENS,
            f"Here is a database schema:\n\n{question.ddl}\n\nWrite one SQLite query that answers this question: "
            f"{question.ask}\nSelect only the columns that are asked for.",
        ),
    )
    form = {"type": "sql", "dialect": "sqlite", "schema": question.ddl}
    return tuple({**way, "response_format": form} for way in ways)


def grade(item: Item, answer: str) -> float:
    """Whether it gives the rows of the right query, in their order where that has one."""
    question: Question = item.wanted
    want = execute(question, question.sql)
    if want is None:
        raise ValueError(f"the held-out query fails: {question.sql}")
    return float(same(execute(question, extract(answer)), want, " ORDER BY " in question.sql.upper()))


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
