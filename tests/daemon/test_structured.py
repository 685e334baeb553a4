"""Answers that follow a grammar, asked for as clients do: the `openai` package, raw HTTP and the command line."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from openai import OpenAI

from tests.daemon.process import Daemon
from tests.fixtures import SMOLLM2, make_peft_folder

CHAT = "/v1/chat/completions"
INVOICE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "customer_name": {"type": "string", "maxLength": 24},
        "total_amount_in_euros": {"type": "number"},
        "payment_method": {"enum": ["cash", "card", "transfer"]},
        "items": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2},
    },
    "required": ["customer_name", "total_amount_in_euros", "payment_method", "items"],
    "additionalProperties": False,
}
MESSAGES: list[Any] = [
    {"role": "user", "content": "Ann Lee paid 12.50 euros in cash for tea and bread. The invoice as JSON:"}
]
DDL = """CREATE TABLE pets (id INTEGER, name TEXT, age INTEGER);
CREATE TABLE owners (owner_id INTEGER, pet_id INTEGER, "home town" TEXT);
"""
QUESTION = "Which pets are older than ten?"
SCHEMA_FORMAT: Any = {"type": "json_schema", "json_schema": {"name": "invoice", "strict": True, "schema": INVOICE}}


@pytest.mark.parametrize("temperature", [0.0, 1.5])
@pytest.mark.parametrize("model", ["base", "alpha"])
def test_an_answer_follows_its_json_schema(openai: OpenAI, model: str, temperature: float) -> None:
    answer = openai.chat.completions.create(
        model=model,
        messages=MESSAGES,
        response_format=SCHEMA_FORMAT,
        temperature=temperature,
        n=3,
        seed=1,
        max_tokens=200,
    )
    for choice in answer.choices:
        assert choice.finish_reason == "stop"
        jsonschema.validate(json.loads(choice.message.content or ""), INVOICE)


def test_a_stream_gives_what_the_whole_answer_is(openai: OpenAI) -> None:
    asked: Any = {"model": "base", "messages": MESSAGES, "response_format": SCHEMA_FORMAT, "temperature": 0}
    whole = openai.chat.completions.create(**asked).choices[0].message.content
    chunks = list(openai.chat.completions.create(**asked, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_forced_tokens_change_nothing_but_the_time(openai: OpenAI) -> None:
    """Where logprobs are asked for, every token is drawn, and each is told with its probability."""
    asked: Any = {"model": "base", "messages": MESSAGES, "response_format": SCHEMA_FORMAT, "temperature": 0}
    forced = openai.chat.completions.create(**asked)
    drawn = openai.chat.completions.create(**asked, logprobs=True).choices[0]
    assert forced.choices[0].message.content == drawn.message.content
    assert drawn.logprobs and drawn.logprobs.content and forced.usage
    assert "".join(item.token for item in drawn.logprobs.content) == drawn.message.content


@pytest.mark.parametrize(
    ("field", "value", "check"),
    [
        ("response_format", {"type": "json_object"}, lambda text: isinstance(json.loads(text), dict)),
        ("json_schema", {"type": "array", "items": {"type": "integer"}, "maxItems": 3}, json.loads),
        ("response_format", {"type": "json_object", "schema": {"const": [1]}}, lambda text: text == "[1]"),
        ("regex", r"[A-Z][a-z]{2,8} (yes|no)", lambda text: re.fullmatch(r"[A-Z][a-z]{2,8} (yes|no)", text)),
        ("grammar", 'root ::= "<" [a-z]+ ">"', lambda text: re.fullmatch("<[a-z]+>", text)),
        ("lark", 'start: "0x" /[0-9a-f]{4}/', lambda text: re.fullmatch("0x[0-9a-f]{4}", text)),
    ],
)
def test_every_form_is_followed_on_both_routes(
    client: httpx.Client, field: str, value: Any, check: Callable[[str], Any]
) -> None:
    body = {"model": "base", field: value, "seed": 3, "max_tokens": 300}
    chat = client.post(CHAT, json={**body, "messages": MESSAGES}).raise_for_status().json()["choices"][0]
    plain = (
        client.post("/v1/completions", json={**body, "prompt": "Here it is: "}).raise_for_status().json()["choices"][0]
    )
    for choice, text in ((chat, chat["message"]["content"]), (plain, plain["text"])):
        if choice["finish_reason"] == "stop":
            assert check(text) not in (None, False), text
        else:
            assert choice["finish_reason"] == "length"
    assert "stop" in (chat["finish_reason"], plain["finish_reason"])


def test_an_answer_that_is_cut_says_so(client: httpx.Client) -> None:
    body = {"model": "base", "messages": MESSAGES, "regex": "[a-z ]{400}", "max_tokens": 20}
    choice = client.post(CHAT, json=body).raise_for_status().json()["choices"][0]
    assert choice["finish_reason"] == "length"
    assert re.fullmatch("[a-z ]{20,399}", choice["message"]["content"])


def test_a_stop_string_inside_forced_text_ends_the_answer(client: httpx.Client) -> None:
    body = {
        "model": "base",
        "messages": MESSAGES,
        "response_format": SCHEMA_FORMAT,
        "stop": "_amount",
        "temperature": 0,
    }
    choice = client.post(CHAT, json=body).raise_for_status().json()["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"].endswith('"total')


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"response_format": {"type": "strange"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {"uniqueItems": True}}}}, "uniqueItems"),
        ({"json_schema": {"$ref": "#"}}, "leads back to itself"),
        ({"json_schema": {"type": "integer", "minimum": 2, "maximum": 1}}, "json_schema"),
        ({"json_schema": False}, "lets no answer through"),
        ({"json_schema": {"properties": {"a": {"items": {"not": {}}}}}}, "json_schema at #/properties/a/items: `not`"),
        ({"json_schema": {"const": 2**60 + 1}}, "json_schema at #/const"),
        ({"lark": 'start: %json {"uniqueItems": true, "x-guidance": {"lenient": true}}'}, "uniqueItems"),
        ({"json_schema": {"enum": ["x" * 300_000]}}, "characters"),
        ({"regex": "("}, "regex"),
        ({"regex": 3}, "regex"),
        ({"grammar": "root ::= ("}, "grammar"),
        ({"lark": "start: nowhere"}, "nowhere"),
        ({"regex": "a", "lark": 'start: "a"'}, "give one of them"),
        ({"response_format": {"type": "sql"}}, "no CREATE TABLE is in the prompt"),
        (
            {"response_format": {"type": "sql", "schema": "SELECT 1"}},
            "response_format.schema: there is no CREATE TABLE",
        ),
        ({"response_format": {"type": "sql", "schema": "CREATE TABLE a (\n  x INT FROM\n)"}}, "line 2, column 9"),
        ({"response_format": {"type": "sql", "schema": "CREATE TABLE a (x INT"}}, "line 1, column 1 is not whole"),
        ({"response_format": {"type": "sql", "schema": DDL, "dialect": "oracle"}}, "dialect"),
        ({"response_format": {"type": "sql", "schema": ["x"]}}, "schema"),
        ({"response_format": {"type": "sql", "schema": DDL}, "regex": "a"}, "give one of them"),
        ({"response_format": {"type": "cypher"}}, "schema"),
        ({"response_format": {"type": "cypher", "schema": "(:A)\nB"}}, "response_format.schema: line 2"),
    ],
)
def test_a_form_that_cannot_be_followed_is_a_400_that_says_why(client: httpx.Client, asked: Any, told: str) -> None:
    refused = client.post(CHAT, json={"model": "base", "messages": MESSAGES, "max_tokens": 5, **asked})
    assert refused.status_code == 400, refused.text
    error = refused.json()["error"]
    assert told in error["message"] and error["type"] == "invalid_request_error"


def test_an_experts_manifest_says_what_form_its_answers_have(
    start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    manifest = {"grammar": {"regex": "(red|green|blue)"}}
    make_peft_folder(tmp_path / "experts" / "colour", SMOLLM2, manifest=manifest)
    with start_daemon(context=512).client() as client:
        body = {"model": "colour", "messages": MESSAGES, "max_tokens": 20}
        answer = client.post(CHAT, json=body).raise_for_status().json()["choices"][0]
        assert answer["message"]["content"] in ("red", "green", "blue") and answer["finish_reason"] == "stop"
        other = client.post(CHAT, json={**body, "regex": "[0-9]{3}"}).raise_for_status().json()["choices"][0]
        assert re.fullmatch("[0-9]{3}", other["message"]["content"])
        free = client.post(CHAT, json={**body, "response_format": {"type": "text"}}).raise_for_status().json()
        assert free["choices"][0]["message"]["content"] not in ("red", "green", "blue")


def is_query(text: str) -> bool:
    """Whether SQLite can run it on the tables of `DDL`."""
    database = sqlite3.connect(":memory:")
    database.executescript(DDL)
    database.execute(f"EXPLAIN {text}")
    return True


@pytest.mark.parametrize("schema", [DDL, None], ids=["schema given", "schema in the prompt"])
@pytest.mark.parametrize("route", [CHAT, "/v1/completions"])
def test_a_query_names_what_its_schema_has(client: httpx.Client, route: str, schema: str | None) -> None:
    asked = {"type": "sql", "dialect": "sqlite"} | ({"schema": schema} if schema else {})
    prompt = QUESTION if schema else f"{DDL}\n{QUESTION}"
    texts: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}]} if route == CHAT else {"prompt": prompt}
    body = {"model": "base", **texts, "response_format": asked, "max_tokens": 150, "n": 8, "seed": 1, "temperature": 1}
    choices = client.post(route, json=body).raise_for_status().json()["choices"]
    whole = [choice for choice in choices if choice["finish_reason"] == "stop"]
    assert whole
    for choice in whole:
        assert is_query(choice["message"]["content"] if route == CHAT else choice["text"])


@pytest.mark.parametrize("route", [CHAT, "/v1/completions"])
def test_a_query_of_a_graph_names_what_its_schema_has(client: httpx.Client, route: str) -> None:
    asked = {"type": "cypher", "schema": "(:Pet {name: STRING})-[:LIVES_WITH]->(:Owner)"}
    texts: dict[str, Any] = {"messages": MESSAGES} if route == CHAT else {"prompt": QUESTION}
    body = {"model": "base", **texts, "response_format": asked, "max_tokens": 150, "n": 8, "seed": 1, "temperature": 1}
    choices = client.post(route, json=body).raise_for_status().json()["choices"]
    whole = [choice for choice in choices if choice["finish_reason"] == "stop"]
    assert whole
    for choice in whole:
        text = choice["message"]["content"] if route == CHAT else choice["text"]
        assert set(re.findall(r"(?<=:)[A-Z]\w+", text)) <= {"Pet", "Owner", "LIVES_WITH"}


def test_a_query_of_several_prompts_needs_a_schema(client: httpx.Client) -> None:
    body = {"model": "base", "prompt": [DDL, DDL], "response_format": {"type": "sql"}, "max_tokens": 5}
    assert client.post("/v1/completions", json=body).status_code == 400


def test_an_expert_of_queries_follows_the_tables_of_its_prompt(
    start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    make_peft_folder(tmp_path / "experts" / "queries", SMOLLM2, manifest={"grammar": {"sql": "sqlite"}})
    with start_daemon(context=1024).client() as client:

        def ask(prompt: str) -> str:
            body = {"model": "queries", "messages": [{"role": "user", "content": prompt}], "max_tokens": 24}
            text = client.post(CHAT, json=body).raise_for_status().json()["choices"][0]["message"]["content"]
            assert isinstance(text, str)
            return text

        assert re.match(r"SELECT|WITH", ask(f"{DDL}\n{QUESTION}"))
        # Neither has tables that can be read, so nothing is asked of the answer's form.
        for prompt in (QUESTION, f"CREATE TABLE a (x INT FROM y);\n{QUESTION}"):
            assert not re.match(r"SELECT|WITH", ask(prompt))


def test_the_command_line_asks_for_a_form(daemon: Daemon, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(INVOICE))

    def ask(*args: str) -> subprocess.CompletedProcess[bytes]:
        return daemon.cli("ask", "-e", "base", *args, "the invoice of Ann Lee, 12.50 in cash")

    jsonschema.validate(json.loads(ask("--json-schema", str(schema)).stdout), INVOICE)
    assert re.fullmatch(b"(yes|no)\n", ask("--regex", "yes|no").stdout)
    schema.write_text(DDL)
    asked = daemon.cli("ask", "-e", "base", "--sql", str(schema), "--max-tokens", "100", QUESTION)
    assert re.match(b"SELECT|WITH", asked.stdout)
    cut = ask("--regex", "[0-9]{40}", "-n", "3")
    assert cut.returncode == 7 and b"-n" in cut.stderr
    schema.write_text("CREATE TABLE a (x")
    broken = ask("--sql", str(schema))
    assert broken.returncode == 2 and b"is not whole" in broken.stderr
    schema.write_text("{")
    broken = ask("--json-schema", str(schema))
    assert broken.returncode == 2 and b"schema.json" in broken.stderr


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "1" * 5000])
def test_a_number_that_is_none_or_too_large_is_a_400(client: httpx.Client, number: str) -> None:
    body = json.dumps({"model": "base", "messages": MESSAGES, "json_schema": {"minimum": "?"}}).replace('"?"', number)
    refused = client.post(CHAT, content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400, refused.text
    assert refused.json()["error"]["type"] == "invalid_request_error"
