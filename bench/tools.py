"""Does the base call the right tool with the right arguments? The Berkeley set, through the daemon's API.

Its simple (Python), multiple and irrelevance categories, with `tool_choice` "auto", and "required" where a function
fits, greedily. An answer is right as the set's own check has it: one call, of the right function, each argument one of
the possible ones; where no function fits, no call.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from tqdm import tqdm

from bench.servers import expertd
from expertd.config import cache_dir
from expertd.router.evaluation import Share

RESULT = Path(__file__).parent / "results" / "tools.json"
PACKAGE = "bfcl-eval==2026.3.23"
ASKED = (  # category and `tool_choice`
    ("simple_python", "auto"),
    ("multiple", "auto"),
    ("irrelevance", "auto"),
    ("simple_python", "required"),
    ("multiple", "required"),
)
MAX_TOKENS = 200  # of an answer; the longest right one has fewer
TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}  # the set's names of JSON's types


def data_file() -> Path:
    """The package as it is on its index, in the user's cache: its dependencies are of no use here."""
    folder = cache_dir() / "bfcl"
    if not list(folder.glob("*.whl")):
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), PACKAGE], check=True
        )
    return next(folder.glob("*.whl"))


def read(package: Path, category: str) -> list[dict[str, Any]]:
    """The items of a category, each with its `answers`: none where no function fits."""
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())

        def lines(name: str) -> list[Any]:
            return [json.loads(line) for line in archive.read(name).decode().splitlines()] if name in names else []

        file = f"BFCL_v4_{category}.json"
        answers = {item["id"]: item["ground_truth"] for item in lines(f"bfcl_eval/data/possible_answer/{file}")}
        return [{**item, "answers": answers.get(item["id"], [])} for item in lines(f"bfcl_eval/data/{file}")]


def name_of(function: str) -> str:
    """As OpenAI takes it, which knows no dots."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", function)[:64]


def json_schema(schema: Any) -> Any:
    """With the set's names of types made JSON Schema's."""
    if isinstance(schema, list):
        return [json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: json_schema(value) for key, value in schema.items()}
    if isinstance(kind := made.get("type"), str):
        made["type"] = TYPES.get(kind, kind)
    return made


def body(item: dict[str, Any], model: str, choice: str) -> dict[str, Any]:
    functions = [
        {**function, "name": name_of(function["name"]), "parameters": json_schema(function["parameters"])}
        for function in item["function"]
    ]
    return {
        "model": model,
        "messages": item["question"][0],
        "tools": [{"type": "function", "function": function} for function in functions],
        "tool_choice": choice,
        "parallel_tool_calls": choice == "auto",  # a call that must come is one
        "temperature": 0,
        "max_tokens": MAX_TOKENS,
    }


def is_right(message: dict[str, Any], answers: Sequence[dict[str, Any]]) -> bool:
    """Whether the calls of an answer are the possible ones: as the set's own check of the syntax tree has it."""
    calls = message.get("tool_calls") or []
    if len(calls) != len(answers):
        return False
    return all(_is_call(call["function"], answer) for call, answer in zip(calls, answers, strict=True))


def _is_call(called: dict[str, Any], answer: dict[str, Any]) -> bool:
    [(name, possible)] = answer.items()
    try:
        arguments = json.loads(called["arguments"])
    except ValueError:  # cut short
        return False
    return called["name"] == name_of(name) and _has(arguments, possible)


def _has(given: dict[str, Any], possible: dict[str, list[Any]]) -> bool:
    """Whether each value is one of the possible ones; what may be left out has an empty text among these."""
    if given.keys() - possible.keys():
        return False
    return all(
        any(_same(given[key], value) for value in values) if key in given else "" in values
        for key, values in possible.items()
    )


def _same(given: Any, right: Any) -> bool:
    if isinstance(given, str) and isinstance(right, str):
        return _plain(given) == _plain(right)
    if isinstance(given, list) and isinstance(right, list):
        return len(given) == len(right) and all(map(_same, given, right))
    if isinstance(given, dict) and isinstance(right, dict):
        return _has(given, right)
    return isinstance(given, bool) == isinstance(right, bool) and bool(given == right)


def _plain(text: str) -> str:
    """Without what the set's check overlooks."""
    return re.sub(r"[ ,./\-_*^]", "", text).lower().replace("'", '"')


def score(client: httpx.Client, items: Sequence[dict[str, Any]], model: str, choice: str) -> dict[str, Any]:
    """How many are right, how many have calls, and what was refused."""

    def ask(item: dict[str, Any]) -> tuple[bool, bool, str]:
        answer = client.post("/v1/chat/completions", json=body(item, model, choice)).json()
        if "error" in answer:
            return False, False, f"{item['id']}: {answer['error']['message'].splitlines()[0]}"
        message = answer["choices"][0]["message"]
        return is_right(message, item["answers"]), bool(message.get("tool_calls")), ""

    with ThreadPoolExecutor(8) as pool:
        told = list(tqdm(pool.map(ask, items), desc=choice, total=len(items)))
    right = sum(each[0] for each in told)
    return {
        "right": right,
        "of": len(told),
        "with_calls": sum(each[1] for each in told),
        "accuracy": [round(value, 3) for value in (right / len(told), *Share(right, len(told)).interval)],
        "refused": [each[2] for each in told if each[2]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100, help="a category")
    parser.add_argument("--model", default="base", help="what the requests name")
    args = parser.parse_args()
    package, scores = data_file(), {}
    with expertd() as server, httpx.Client(base_url=server.url, headers=server.headers, timeout=600) as client:
        for category, choice in ASKED:
            items = read(package, category)
            # Evenly from the whole: its items are in the order in which they were written.
            items = items[:: max(1, len(items) // args.items)][: args.items]
            name = f"{category}, {choice}"
            found = scores[name] = score(client, items, args.model, choice)
            share, low, high = found["accuracy"]
            print(
                f"{name}: {share:.3f} [{low:.3f}, {high:.3f}] of {found['of']}, "
                f"{found['with_calls']} with calls, {len(found['refused'])} refused"
            )
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"set": PACKAGE, "model": args.model, "scores": scores}, indent=2) + "\n")


if __name__ == "__main__":
    main()
