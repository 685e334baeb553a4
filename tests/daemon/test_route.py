"""`model: "auto"` over the shipped experts: by HTTP, by OpenAI's client and by `expertd route`."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from expertd.config import shipped_experts
from expertd.experts.package import is_part
from tests.daemon.conftest import ended_well
from tests.daemon.process import ENDLESS, Daemon, free_port, launch
from tests.fixtures import SMOLLM2, make_peft_folder

SCHEMA = "CREATE TABLE customers (id INTEGER, name TEXT, age INTEGER);"
QUESTION = f"{SCHEMA}\n\ncustomers older than 30"


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with the shipped experts in a folder of its own, into which tests put others."""
    root = tmp_path_factory.mktemp("routed")
    (root / "experts").mkdir()
    for expert in shipped_experts().iterdir():
        if (expert / "expert.toml").exists():
            (root / "experts" / expert.name).mkdir()
            for file in filter(lambda file: is_part(file.name), expert.iterdir()):
                shutil.copy(file, root / "experts" / expert.name)
    running = launch(root, port=free_port(), context=2048)
    try:
        yield running.wait_until_up()
    finally:
        ended_well(running)


def route(daemon: Daemon, **body: Any) -> dict[str, Any]:
    with httpx.Client(transport=daemon.transport(), base_url="http://x", timeout=60) as client:
        response = client.post("/v1/route", json=body)
    assert response.status_code == 200, response.text
    decision: dict[str, Any] = response.json()
    return decision


def chosen(decision: dict[str, Any]) -> list[str]:
    return [expert["name"] for expert in decision["experts"]]


def test_a_chat_gets_the_expert_and_says_so(routed: Daemon) -> None:
    client = OpenAI(base_url=f"{routed.url}/v1", api_key=routed.token)
    ask = {"messages": [{"role": "user", "content": QUESTION}], "temperature": 0, "max_tokens": 60}
    answer = client.chat.completions.with_raw_response.create(model="auto", **ask)  # type: ignore[call-overload]
    assert answer.headers["x-expertd-experts"] == "sql"
    assert answer.headers["x-expertd-route"].startswith("reading: sql 0.9")
    named = client.chat.completions.create(model="sql", **ask)  # type: ignore[call-overload]
    assert answer.parse().choices[0].message.content == named.choices[0].message.content


def test_small_talk_gets_the_base(routed: Daemon) -> None:
    body = {"messages": [{"role": "user", "content": "Good morning! How are you?"}], "max_tokens": 4}
    response = routed.client().post("/v1/chat/completions", json=body)
    assert response.headers["x-expertd-experts"] == "base"
    assert response.headers["x-expertd-route"].startswith("classifier: base")


UNSURE = "the ones over 30, oldest first"  # of what, is not said


def test_where_the_router_is_unsure_the_base_reads_the_prompt(routed: Daemon) -> None:
    decision = route(routed, prompt=UNSURE)
    assert decision["reason"].startswith("reading: ")
    assert "classifier" not in decision["stages"]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": UNSURE}]
    response = routed.client().post("/v1/chat/completions", json={"messages": messages, "max_tokens": 4})
    assert response.headers["x-expertd-route"].startswith("reading: ")
    usage = response.json()["usage"]
    # What was computed for the reading is the answer's, but for the last tokens, which the LoRA saw.
    assert usage["prompt_tokens"] - 6 <= usage["prompt_tokens_details"]["cached_tokens"]


def test_the_base_reads_nothing_that_is_long_or_has_results_of_tools(routed: Daemon) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    results = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "7"},
    ]
    for before in (results, [{"role": "assistant", "content": "x" * 5000}]):
        decision = route(routed, messages=[*before, {"role": "user", "content": UNSURE}])
        assert decision["reason"].startswith("classifier: ")


def test_a_busy_daemon_routes_without_reading(routed: Daemon) -> None:
    with contextlib.ExitStack() as stack:
        streams = []  # kept: without its iterator a response closes
        for count in range(8):  # as many as it decodes at once
            assert route(routed, prompt=f"{UNSURE} {count}")["reason"].startswith("reading: ")
            stream = stack.enter_context(routed.client().stream("POST", "/v1/completions", json=ENDLESS))
            streams.append(stream.iter_lines())
            assert next(streams[-1])
        assert route(routed, prompt=UNSURE)["reason"].startswith("classifier: ")


def test_the_request_has_the_last_word(routed: Daemon) -> None:
    def got(**experts: Any) -> str:
        body = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 1, "experts": experts}
        return routed.client().post("/v1/chat/completions", json=body).headers["x-expertd-experts"]

    assert got() == "sql"
    assert got(exclude=["sql"]) == "base"
    assert got(max=0) == "base"
    assert got(include=["english"]) == "english"
    assert got(include=["english"], max=2) == "english+sql"


def test_a_gap_goes_to_who_fills_gaps(routed: Daemon) -> None:
    body = {"prompt": "def add(a, b):\n    return ", "suffix": "\n", "max_tokens": 4}
    response = routed.client().post("/v1/completions", json=body)
    assert response.headers["x-expertd-experts"] == "python-fim"
    assert response.headers["x-expertd-route"] == "rule: a gap to fill"
    assert routed.client().post("/v1/completions", json={**body, "suffix": None}).headers["x-expertd-experts"] == "base"


def test_route_tells_stages_and_time(routed: Daemon) -> None:
    decision = route(routed, messages=[{"role": "user", "content": QUESTION}])
    (expert,) = decision["experts"]
    assert expert["name"] == "sql" and expert["scale"] == 1.0 and 0.5 < expert["score"] <= 1
    assert decision["stages"]["reading"]["sql"] == expert["score"]
    assert set(decision) == {"experts", "reason", "stages", "ms"}
    assert chosen(route(routed, prompt="What is SQL injection, in two sentences?")) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, "give `messages` or `prompt`"),
        ({"prompt": "x", "messages": []}, "give `messages` or `prompt`"),
        ({"messages": [], "suffix": "y"}, "goes with `prompt`"),
        ({"prompt": 3}, "prompt"),
        ({"prompt": "x", "experts": {"only": ["sql"]}}, "only"),
        ({"prompt": "x", "experts": {"max": 11}}, "max"),
        ({"prompt": "x", "experts": {"include": ["sql"] * 11}}, "include"),
    ],
)
def test_bad_bodies_are_told(routed: Daemon, body: dict[str, Any], fault: str) -> None:
    response = routed.client().post("/v1/route", json=body)
    assert response.status_code == 400
    assert fault in response.json()["error"]["message"]


def test_wishes_that_cannot_be_met_are_told(routed: Daemon) -> None:
    unknown = routed.client().post("/v1/route", json={"prompt": "x", "experts": {"include": ["sqll"]}})
    assert unknown.status_code == 404 and "Did you mean sql" in unknown.json()["error"]["message"]
    named = {"model": "sql", "experts": {"max": 1}, "messages": [{"role": "user", "content": "x"}]}
    response = routed.client().post("/v1/chat/completions", json=named)
    assert response.status_code == 400 and "goes with the model `auto`" in response.json()["error"]["message"]


@pytest.mark.parametrize("text", ["", "   \n", "\0\1\2", "a" * 1_000_000, "\ufffd" * 1000])
def test_odd_texts_get_the_base_at_once(routed: Daemon, text: str) -> None:
    decision = route(routed, prompt=text)
    assert decision["experts"] == []


def test_a_new_expert_is_found_while_requests_run(routed: Daemon) -> None:
    stop, faults = threading.Event(), []

    def keep_asking() -> None:
        while not stop.is_set():
            if chosen(route(routed, prompt=QUESTION)) != ["sql"]:
                faults.append("sql was not chosen")

    asking = threading.Thread(target=keep_asking)
    asking.start()
    examples = ("a limerick about a baker", "limerick on my cat please", "write a limerick: an old man of Kent")
    manifest = {"routing": {"examples": examples, "negative_examples": ("what is a limerick?",)}}
    make_peft_folder(routed.experts / "limerick", SMOLLM2, manifest=manifest)
    try:
        end = time.monotonic() + 60
        while chosen(route(routed, prompt="write a limerick about a dentist")) != ["limerick"]:
            assert time.monotonic() < end
            time.sleep(0.05)
    finally:
        stop.set()
        asking.join()
    assert faults == []
    assert chosen(route(routed, prompt="what is a limerick?")) == []


def test_teaching_by_the_command_line(routed: Daemon) -> None:
    text = "zzyzx 17 for Mrs Okafor"
    assert chosen(route(routed, prompt=text)) == []
    before = (shipped_experts() / "sql" / "expert.toml").read_bytes()
    done = routed.cli("route", "--teach", "sql", text)
    assert done.returncode == 0 and b"1 examples of yours" in done.stdout
    end = time.monotonic() + 30
    while chosen(route(routed, prompt=text)) != ["sql"]:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert b"sql   (classifier: sql" in routed.cli("route", text).stdout
    assert (routed.root / "state" / "expertd" / "taught.jsonl").exists()
    assert (shipped_experts() / "sql" / "expert.toml").read_bytes() == before
    unknown = routed.cli("route", "--teach", "sqll", text)
    assert unknown.returncode != 0 and b"Did you mean sql" in unknown.stderr


def test_a_file_is_evaluated(routed: Daemon, tmp_path: Path) -> None:
    lines = [
        {"prompt": QUESTION, "expert": "sql"},
        {"prompt": "delete all .bak files here", "expert": "shell", "kind": "terse"},
        {"prompt": "What is the capital of Peru?", "expert": None, "kind": "facts"},
        {"prompt": "What is the capital of Chad?", "expert": "regex", "kind": "facts"},
        {"prefix": "x = ", "suffix": "\n", "expert": "python-fim"},
    ]
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = routed.cli("route", "--eval", str(file), "--png", str(tmp_path / "out.png"))
    assert done.returncode == 0, done.stderr
    told = done.stdout.decode()
    assert "accuracy         0.800" in told
    assert "kind facts       0.500" in told
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    file.write_text("{}\n")
    broken = routed.cli("route", "--eval", str(file))
    assert broken.returncode != 0 and b"lines.jsonl:1: expert: Field required" in broken.stderr


def test_ask_shows_what_it_got(routed: Daemon) -> None:
    done = routed.cli("ask", "--timings", "customers older than 30", stdin=SCHEMA.encode())
    assert done.returncode == 0 and b"[sql]" in done.stderr
    assert b"SELECT" in done.stdout.upper()


def test_a_text_that_does_not_fit_is_cut_to_what_matters(routed: Daemon, tmp_path: Path) -> None:
    paragraphs = [f"Barn {i} holds {i} bales of hay and nothing else of note." for i in range(2000)]
    paragraphs[700] = "The vet's telephone is in the tin marked Q."
    text = "\n\n".join(paragraphs) + "\n\nWhere is the telephone of the vet?"
    ask = {"messages": [{"role": "user", "content": text}], "model": "base", "max_tokens": 8, "temperature": 0}
    refused = routed.client().post("/v1/chat/completions", json=ask)
    assert refused.status_code == 400 and '`"context": {}`' in refused.json()["error"]["message"]
    for context, most in (({}, 2048), ({"budget": 300}, 300)):
        response = routed.client().post("/v1/chat/completions", json={**ask, "context": context})
        told = response.json()["context"]
        assert response.headers["x-expertd-context"] == f"{told['tokens']} of {told['of_tokens']} tokens"
        assert told["tokens"] <= most < told["of_tokens"]
        assert told["tokens"] <= response.json()["usage"]["prompt_tokens"] <= told["tokens"] + 64
        assert not any(first <= 1401 <= last for first, last in told["left_out_lines"])
    hello = {**ask, "context": {}, "messages": [{"role": "user", "content": "hello"}]}
    short = routed.client().post("/v1/chat/completions", json=hello)
    assert "context" not in short.json() and "x-expertd-context" not in short.headers
    crowded = [{"role": "system", "content": text[:9000]}, {"role": "user", "content": "hello"}]
    full = routed.client().post("/v1/chat/completions", json={**ask, "context": {}, "messages": crowded})
    assert full.status_code == 400 and "there is no room" in full.json()["error"]["message"]
    done = routed.cli("ask", "-e", "base", "-n", "8", "Where is the telephone of the vet?", stdin=text.encode())
    assert done.returncode == 0 and b"that matter most for the question were read" in done.stderr
