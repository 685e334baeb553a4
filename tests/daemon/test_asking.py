"""How an expert's manifest has it asked: a template for the message, and tokens around a gap to be filled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI

from expertd.config import cache_dir
from expertd.engine.base import Base
from expertd.models.catalogue import resolve
from tests.daemon.conftest import ended_well
from tests.daemon.process import Daemon, free_port, launch
from tests.fixtures import SMOLLM2, make_peft_folder

MARKERS = {"prefix": "<jupyter_code>", "suffix": "<file_sep>", "middle": "<jupyter_script>"}
SCHEMA = {"type": "object", "properties": {"Größe": {"type": "integer"}}, "required": ["Größe"]}
TEMPLATE = "{% if schema %}{{ schema }}\n\n{% endif %}{{ text }}"
PREFIX, SUFFIX = "def add(a, b):\n    <file_sep>return ", "\n\n\nprint(add(1, 2))\n"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that reuses no prompt (quantized kernels round otherwise then), and experts of the same weights."""
    root = tmp_path_factory.mktemp("asked")
    manifests = {
        "plain": {},
        "templated": {"template": TEMPLATE},
        "picky": {"template": "{% if not schema %}{{ raise_exception('give a schema') }}{% endif %}{{ text }}"},
        "failing": {"template": "{{ text[:schema] }}"},
        "filling": {"fim": MARKERS},
        "turned": {"fim": {**MARKERS, "order": "suffix-first"}},
        "lost": {"fim": {**MARKERS, "middle": "<fim_middle>"}},
    }
    for name, manifest in manifests.items():
        make_peft_folder(root / "experts" / name, SMOLLM2, seed=3, strength=0.1, manifest=manifest)
    daemon = launch(root, env={"EXPERTD_PREFIX_CACHE_MB": "0"}, port=free_port())
    try:
        yield daemon.wait_until_up()
    finally:
        ended_well(daemon)


@pytest.fixture
def http(asked: Daemon) -> httpx.Client:
    return asked.client()


@pytest.fixture
def openai(asked: Daemon) -> OpenAI:
    return OpenAI(base_url=f"{asked.url}/v1", api_key=asked.token)


def chat(client: httpx.Client, model: str, content: str, **more: Any) -> httpx.Response:
    messages = [{"role": "user", "content": "first"}, {"role": "assistant", "content": "yes"}]
    body = {"model": model, "messages": [*messages, {"role": "user", "content": content}], "max_tokens": 12, **more}
    return client.post("/v1/chat/completions", json=body)


def told(response: httpx.Response) -> tuple[str, int]:
    answer = response.raise_for_status().json()
    return answer["choices"][0]["message"]["content"], answer["usage"]["prompt_tokens"]


def complete(client: httpx.Client, model: str, prompt: Any, **more: Any) -> httpx.Response:
    return client.post("/v1/completions", json={"model": model, "prompt": prompt, "max_tokens": 12, **more})


def text(response: httpx.Response) -> str:
    return response.raise_for_status().json()["choices"][0]["text"]


@pytest.mark.parametrize(
    "form",
    [
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}},
        {"response_format": {"type": "json_object", "schema": SCHEMA}},
        {"json_schema": SCHEMA},
    ],
)
def test_a_template_puts_the_schema_of_the_answer_into_the_last_user_message(
    http: httpx.Client, form: dict[str, Any]
) -> None:
    by_hand = json.dumps(SCHEMA, ensure_ascii=False) + "\n\nI am 180 cm."
    assert told(chat(http, "templated", "I am 180 cm.", **form)) == told(chat(http, "plain", by_hand, **form))


def test_a_template_sees_no_schema_where_none_is_asked_for(http: httpx.Client) -> None:
    assert told(chat(http, "templated", "I am 180 cm.")) == told(chat(http, "plain", "I am 180 cm."))


def test_a_template_that_refuses_is_a_400_and_one_that_fails_a_500(http: httpx.Client) -> None:
    refused = chat(http, "picky", "x")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "messages")
    assert "give a schema" in refused.json()["error"]["message"]
    assert chat(http, "picky", "x", json_schema=SCHEMA).status_code == 200
    failed = chat(http, "failing", "x", json_schema=SCHEMA)
    assert failed.status_code == 500
    assert "template" in failed.json()["error"]["message"]
    assert chat(http, "plain", "x").status_code == 200


def test_a_gap_is_filled_as_the_tokens_around_it_say(http: httpx.Client, asked: Daemon) -> None:
    base = Base(resolve("smollm2-135m-instruct", "q4", cache_dir(), False), vocab_only=True)
    before, behind, middle = (base.tokenize(mark, parse_special=True) for mark in MARKERS.values())
    by_hand = [*before, *base.tokenize(PREFIX), *behind, *base.tokenize(SUFFIX), *middle]
    at_the_end = [*before, *base.tokenize(PREFIX), *behind, *middle]
    base.close()
    filled = complete(http, "filling", PREFIX, suffix=SUFFIX)
    assert filled.json()["usage"]["prompt_tokens"] == len(by_hand)
    assert text(filled) == text(complete(http, "plain", by_hand))
    assert text(filled) != text(complete(http, "filling", PREFIX))
    assert text(complete(http, "filling", PREFIX, suffix="")) == text(complete(http, "plain", at_the_end))


def test_the_space_before_a_gap_is_left_to_the_answer_and_taken_off_it(http: httpx.Client, asked: Daemon) -> None:
    base = Base(resolve("smollm2-135m-instruct", "q4", cache_dir(), False), vocab_only=True)
    before, behind, middle = (base.tokenize(mark, parse_special=True) for mark in MARKERS.values())
    by_hand = [*before, *behind, *base.tokenize(SUFFIX), *middle, *base.tokenize(PREFIX.removesuffix(" "))]
    (word,), (space,) = base.tokenize(" word"), base.tokenize(" ")
    base.close()
    spaced = {"logit_bias": {str(word): 100}, "max_tokens": 3}
    bare = {"logit_bias": {str(word): -100}}
    assert text(complete(http, "plain", by_hand, **spaced)) == " word word word"
    filled = complete(http, "turned", [PREFIX, "x ="], suffix=SUFFIX, n=2, **spaced).raise_for_status().json()
    assert [c["text"] for c in filled["choices"]] == ["word word word"] * 2 + [" word word word"] * 2
    assert text(complete(http, "turned", PREFIX, suffix=SUFFIX, **bare)) == text(
        complete(http, "plain", by_hand, **bare)
    ).removeprefix(" ")
    stopped = complete(http, "turned", PREFIX, suffix=SUFFIX, stop=[" "], logprobs=0, **spaced)
    assert text(stopped) == "word"
    told = complete(http, "turned", PREFIX, suffix=SUFFIX, logprobs=0, **spaced).json()["choices"][0]
    assert told["logprobs"]["text_offset"] == [0, 4, 9]
    # With a grammar, and with the prompt told again, nothing is taken off.
    formed = complete(http, "turned", PREFIX, suffix=SUFFIX, regex="word")
    assert text(formed) == "word"
    assert formed.json()["usage"]["prompt_tokens"] == len([*by_hand, space])
    told_again = text(complete(http, "turned", PREFIX, suffix="", echo=True, **spaced))
    assert told_again.endswith("return word word word")


def test_a_stream_fills_a_gap_with_what_a_whole_answer_does(openai: OpenAI) -> None:
    base = Base(resolve("smollm2-135m-instruct", "q4", cache_dir(), False), vocab_only=True)
    (word,) = base.tokenize(" word")
    base.close()
    asked_for = {"model": "turned", "prompt": PREFIX, "suffix": SUFFIX, "max_tokens": 3, "logit_bias": {str(word): 100}}
    streamed = "".join(chunk.choices[0].text for chunk in openai.completions.create(**asked_for, stream=True))
    assert streamed == openai.completions.create(**asked_for).choices[0].text == "word word word"


def test_openais_client_fills_a_gap(openai: OpenAI) -> None:
    made = openai.completions.create(model="filling", prompt=PREFIX, suffix=SUFFIX, max_tokens=8)
    assert made.usage
    assert made.usage.completion_tokens
    with pytest.raises(BadRequestError, match="fills no gap"):
        openai.completions.create(model="base", prompt=PREFIX, suffix=SUFFIX)


@pytest.mark.parametrize(
    ("model", "more", "said"),
    [
        ("base", {}, "'base' fills no gap"),
        ("plain", {}, "'plain' fills no gap"),
        ("lost", {}, "'<fim_middle>' is no control token"),
        ("filling", {"echo": True}, "echo"),
        ("filling", {"prompt": [5, 6]}, "tokens"),
        ("filling", {"suffix": 3}, "suffix"),
    ],
)
def test_a_gap_that_cannot_be_filled_is_a_400(http: httpx.Client, model: str, more: dict[str, Any], said: str) -> None:
    refused = http.post("/v1/completions", json={"model": model, "prompt": PREFIX, "suffix": SUFFIX, **more})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "suffix")
    assert said in refused.json()["error"]["message"]


def test_a_folder_whose_template_is_none_is_broken_and_says_where(
    start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    folder = make_peft_folder(tmp_path / "experts" / "alpha", SMOLLM2, manifest={})
    (folder / "expert.toml").write_text('name = "alpha"\ntemplate = "{{ text * 99999999 }}"\n')
    (broken,) = start_daemon().client().get("/v1/models").json()["broken"]
    assert "expert.toml: template:" in broken["error"]
