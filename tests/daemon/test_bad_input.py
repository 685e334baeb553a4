"""Each bad request gets its own clear answer, and a stream that runs beside it goes on."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.daemon.process import NO_END, Daemon
from tests.fixtures import SMOLLM2, make_peft_folder

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
HI = [{"role": "user", "content": "hi"}]
LENGTH = 200


class Streaming:
    """A client that streams long answers, one after another, and counts what came."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.chunks = 0
        self.failure: BaseException | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()
        self.goes_on()

    def end(self) -> None:
        self._ending.set()
        self._thread.join(60)

    def goes_on(self) -> None:
        """It gets more of its answer from now on."""
        before, end = self.chunks, time.monotonic() + 30
        while self.chunks < before + 2:
            assert self.failure is None, self.failure
            assert time.monotonic() < end, "the stream stands still"
            time.sleep(0.005)

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._one()
        except BaseException as error:
            self.failure = error

    def _one(self) -> None:
        body = {"prompt": "Once", "max_tokens": LENGTH, "temperature": 0, "logit_bias": NO_END, "stream": True}
        reason = None
        with self.client.stream("POST", COMPLETIONS, json=body) as response:
            assert response.status_code == 200
            for line in response.iter_lines():
                if self._ending.is_set():
                    return
                if line.startswith("data: {"):
                    chunk = json.loads(line.removeprefix("data: "))
                    reason = chunk["choices"][0]["finish_reason"]
                    self.chunks += 1
        assert reason == "length"


@pytest.fixture(scope="module")
def streaming(daemon: Daemon) -> Iterator[Streaming]:
    running = Streaming(daemon.client())
    running.start()
    yield running
    running.end()
    assert running.failure is None


@pytest.fixture(autouse=True)
def undisturbed(streaming: Streaming, daemon: Daemon) -> Iterator[None]:
    yield
    streaming.goes_on()
    assert daemon.process.poll() is None


def refused(answer: httpx.Response, status: int, code: str | None, kind: str = "invalid_request_error") -> str:
    """The message of an error that has OpenAI's shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["type"]) == (code, kind), error
    assert error["message"]
    assert "Traceback" not in answer.text
    return error["message"]


def test_a_body_that_is_not_what_its_encoding_says_is_a_bad_request(client: httpx.Client) -> None:
    answer = client.post(CHAT, content=b'{"messages": []}', headers={"Content-Encoding": "gzip"})
    refused(answer, 400, None)


CHAT_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no messages": ({"messages": []}, "messages"),
    "messages of another type": ({"messages": "hi"}, "messages"),
    "a message without a role": ({"messages": [{"content": "hi"}]}, "role"),
    "an unknown role": ({"messages": [{"role": "king", "content": "hi"}]}, "role"),
    "content that is a number": ({"messages": [{"role": "user", "content": 1}]}, "content"),
    "content that is missing": ({"messages": [{"role": "user"}]}, "content"),
    "an image part": ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "type"),
    "a temperature that is text": ({"temperature": "hot"}, "temperature"),
    "a negative temperature": ({"temperature": -1}, "temperature"),
    "a negative count of tokens": ({"max_tokens": -1}, "max_tokens"),
    "no tokens at all": ({"max_completion_tokens": 0}, "max_completion_tokens"),
    "a fraction of a token": ({"max_tokens": 1.5}, "max_tokens"),
    "no choices": ({"n": 0}, "n"),
    "a negative count of choices": ({"n": -1}, "n"),
    "far too many choices": ({"n": 10**6}, "n"),
    "a truth value for a number": ({"n": True}, "n"),
    "a top_p over 1": ({"top_p": 1.1}, "top_p"),
    "a top_p of 0": ({"top_p": 0}, "top_p"),
    "a negative top_k": ({"top_k": -1}, "top_k"),
    "a min_p over 1": ({"min_p": 2}, "min_p"),
    "a repeat_penalty that divides by nearly nothing": ({"repeat_penalty": 1e-40}, "repeat_penalty"),
    "a penalty out of range": ({"frequency_penalty": 3}, "frequency_penalty"),
    "a seed beyond 64 bits": ({"seed": 2**64}, "seed"),
    "a seed that is text": ({"seed": "1"}, "seed"),
    "an empty stop string": ({"stop": ""}, "stop"),
    "too many stop strings": ({"stop": ["a"] * 17}, "stop"),
    "a body full of wrong stop strings": ({"stop": [1] * 300_000}, "stop"),
    "a bias for everything": ({"logit_bias": {f"{i:06}": 1 for i in range(100_000)}}, "logit_bias"),
    "a bias for no token": ({"logit_bias": {"cat": 1}}, "logit_bias"),
    "a bias beyond the vocabulary": ({"logit_bias": {"99999999": 1}}, "logit_bias"),
    "a negative token in a bias": ({"logit_bias": {"-1": 1}}, "logit_bias"),
    "a bias out of range": ({"logit_bias": {"5": 1000}}, "logit_bias"),
    "too many alternatives": ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    "alternatives without logprobs": ({"top_logprobs": 2}, "top_logprobs"),
    "stream of another type": ({"stream": "yes"}, "stream"),
    "stream options of another type": ({"stream_options": [1]}, "stream_options"),
    "a model that is a number": ({"model": 5}, "model"),
    "an empty model": ({"model": ""}, "model"),
    "an expert named twice": ({"model": "alpha+alpha"}, "twice"),
    "a scale that is no number": ({"model": "alpha:x"}, "scale"),
    "a scale that is NaN": ({"model": "alpha:nan"}, "between -4 and 4"),
    "an infinite scale": ({"model": "alpha:inf"}, "between -4 and 4"),
    "a scale that overflows": ({"model": "beta+alpha:-1e999"}, "between -4 and 4"),
    "a scale beyond the bound": ({"model": "alpha:4.01"}, "between -4 and 4"),
    "the base in a blend": ({"model": "alpha+base"}, "joins no blend"),
    "more experts than are taken": ({"model": "+".join(f"e{i}" for i in range(11))}, "raise `max_experts`"),
    "tools": ({"tools": [{"type": "function"}]}, "tools"),
    "a response format that nobody knows": ({"response_format": {"type": "yaml"}}, "response_format"),
}


@pytest.mark.parametrize("name", CHAT_FAULTS)
def test_a_wrong_chat_field_is_named(client: httpx.Client, name: str) -> None:
    fault, named = CHAT_FAULTS[name]
    answer = client.post(CHAT, json={"messages": HI, "max_tokens": 2, **fault})
    assert named in refused(answer, 400, None)
    assert (answer.json()["error"]["param"] or "").split(".")[0] in fault


COMPLETION_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "an empty list of tokens": ({"prompt": [[]]}, "prompt: a list of tokens is empty"),
    "a fraction in the one list of tokens": ({"prompt": [1.0]}, "prompt: tokens are integers"),
    "a truth value for a token": ({"prompt": [True]}, "prompt: tokens are integers"),
    "null for a token": ({"prompt": [None]}, "prompt: tokens are integers"),
    "a list of tokens beside a token": ({"prompt": [[1], 2]}, "prompt: give tokens, or a list of lists"),
    "no prompt at all": ({"prompt": None}, "prompt: give text, tokens"),
    "an empty list of prompts": ({"prompt": []}, "prompt: give text, tokens"),
    "a negative token": ({"prompt": [-1]}, "prompt: tokens are integers"),
    "a fraction for a token": ({"prompt": [[1.5]]}, "prompt: tokens are integers"),
    "texts and tokens mixed": ({"prompt": ["a", [1]]}, "prompt: give text, tokens"),
    "a text among tokens": ({"prompt": [1, "a"]}, "texts and tokens cannot be mixed"),
    "more prompts than are taken": ({"prompt": ["a"] * 17}, "prompt: at most 16"),
    "a completion's response format that nobody knows": ({"response_format": {"type": "yaml"}}, "response_format"),
    "a grammar that is none": ({"grammar": "root ::= ("}, "grammar"),
    "a token beyond the vocabulary": ({"prompt": [10**9]}, "prompt"),
    "a token beyond 64 bits": ({"prompt": [2**70]}, "prompt"),
    "a suffix": ({"suffix": "end"}, "suffix"),
    "best_of": ({"best_of": 3}, "best_of"),
    "negative logprobs": ({"logprobs": -1}, "logprobs"),
    "nothing to do": ({"max_tokens": 0}, "max_tokens"),
}


@pytest.mark.parametrize("name", COMPLETION_FAULTS)
def test_a_wrong_completion_field_is_named(client: httpx.Client, name: str) -> None:
    fault, named = COMPLETION_FAULTS[name]
    answer = client.post(COMPLETIONS, json={"prompt": "hi", "max_tokens": 2, **fault})
    assert named in refused(answer, 400, None)
    assert answer.json()["error"]["param"] in fault


BODIES = {
    "nothing": b"",
    "half a JSON object": b'{"messages": [',
    "a list": b"[]",
    "null": b"null",
    "NaN as a temperature": b'{"messages": [{"role": "user", "content": "hi"}], "temperature": NaN}',
    "infinity as a temperature": b'{"messages": [{"role": "user", "content": "hi"}], "temperature": 1e999}',
    "bytes that are not UTF-8": b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}',
    "half a surrogate pair": b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
    "the other half of a surrogate pair": b'{"messages": [{"role": "user", "content": "\\udc00"}]}',
    "surrogates as UTF-8": b'{"messages": [{"role": "user", "content": "\xed\xa0\x80"}]}',
    "a byte order mark alone": b"\xef\xbb\xbf",
    "deep nesting": b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep nesting in a field that is ignored": b'{"messages": [], "metadata": '
    + b'{"a":' * 100_000
    + b"1"
    + b"}" * 100_001,
    "a number of a million digits": b'{"messages": [], "seed": ' + b"9" * 1_000_000 + b"}",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_request_is_refused(client: httpx.Client, name: str) -> None:
    refused(client.post(CHAT, content=BODIES[name], headers={"content-type": "application/json"}), 400, None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_body_in_another_encoding_is_told_so(client: httpx.Client, encoding: str) -> None:
    text = json.dumps({"messages": HI})
    answer = client.post(CHAT, content=text.encode(encoding), headers={"content-type": "application/json"})
    assert "UTF-8 without a byte order mark" in refused(answer, 400, None)


@pytest.mark.parametrize(
    "model",
    [
        "nobody",
        "alpha+nobody",
        "../../etc/passwd",
        "/etc/passwd",
        "alpha/../beta",
        "alpha\x00",
        "Alpha",
        "ä",
        "a" * 5000,
    ],
)
def test_a_model_that_is_not_served_is_not_found(client: httpx.Client, model: str) -> None:
    refused(client.post(CHAT, json={"messages": HI, "model": model}), 404, "model_not_found")


@pytest.fixture
def other_base(daemon: Daemon, client: httpx.Client, tmp_path: Path) -> Iterator[str]:
    """An expert that says that it is for another base."""
    binding = {"name": "tinyllama", "architecture": "llama", "n_layer": 22}
    made = make_peft_folder(tmp_path / "stranger", SMOLLM2, manifest={"base": binding})
    yield from served(daemon, client, made, "broken")


@pytest.fixture
def exploding(daemon: Daemon, client: httpx.Client, tmp_path: Path) -> Iterator[str]:
    """An expert of finite weights that make the logits NaN."""
    yield from served(
        daemon, client, make_peft_folder(tmp_path / "exploding", SMOLLM2, alpha=1e30, manifest={}), "data"
    )


def served(daemon: Daemon, client: httpx.Client, made: Path, part: str) -> Iterator[str]:
    """Its name, while it lies in the folder and that part of the list has it."""
    folder = daemon.experts / made.name
    made.rename(folder)
    end = time.monotonic() + 30
    while made.name not in {model["id"] for model in client.get("/v1/models").json().get(part, [])}:
        assert time.monotonic() < end
        time.sleep(0.02)
    yield made.name
    folder.rename(made)


@pytest.mark.parametrize("blend", ["{}", "alpha+{}", "{}:0.5+alpha:0.5"])
def test_an_expert_of_another_base_is_told_so_in_any_blend(client: httpx.Client, other_base: str, blend: str) -> None:
    answer = client.post(CHAT, json={"messages": HI, "model": blend.format(other_base)})
    message = refused(answer, 404, "model_not_found")
    assert answer.json()["error"]["param"] == "model"
    assert "the expert is for tinyllama (n_layer 22), and the base served has n_layer 30" in message
    assert "Serve its base with --base" in message


def test_a_blend_that_computes_no_numbers_ends_with_an_error_and_leaves_the_cache_right(
    client: httpx.Client, exploding: str
) -> None:
    body = {"prompt": "The sea is " * 20, "max_tokens": 8, "temperature": 0}
    before = client.post(COMPLETIONS, json=body).json()["choices"][0]["text"]
    for model in (exploding, f"alpha+{exploding}"):
        answer = client.post(COMPLETIONS, json={**body, "model": model})
        assert "no numbers" in refused(answer, 500, "engine_failed", "server_error")
    assert client.post(COMPLETIONS, json=body).json()["choices"][0]["text"] == before


def test_a_prompt_longer_than_the_context_is_told_so(client: httpx.Client) -> None:
    for path, body in (
        (CHAT, {"messages": [{"role": "user", "content": "word " * 3000}]}),
        (COMPLETIONS, {"prompt": "word " * 3000}),
    ):
        for stream in (False, True):
            message = refused(client.post(path, json={**body, "stream": stream}), 400, "context_length_exceeded")
            assert "2048" in message


def test_a_context_that_llama_cpp_rounds_up_ends_where_it_was_set(start_daemon: Callable[..., Daemon]) -> None:
    with start_daemon(context=1000).client() as client:
        refused(client.post(COMPLETIONS, json={"prompt": [5] * 1000}), 400, "context_length_exceeded")
        usage = client.post(COMPLETIONS, json={"prompt": [5] * 999}).json()["usage"]
        assert usage["completion_tokens"] == 1


def test_a_body_over_the_limit_is_refused_with_and_without_its_length(client: httpx.Client) -> None:
    large = json.dumps({"prompt": "x" * 9_000_000}).encode()
    refused(client.post(COMPLETIONS, content=large), 413, "body_too_large")
    pieces = (large[i : i + 100_000] for i in range(0, len(large), 100_000))
    refused(client.post(COMPLETIONS, content=pieces), 413, "body_too_large")


def test_an_unknown_route_and_a_wrong_method_are_told_apart(client: httpx.Client) -> None:
    refused(client.get("/v1/nothing"), 404, "not_found")
    refused(client.get("/v1/models/../../etc/passwd"), 404, "not_found")
    refused(client.get(CHAT), 405, "method_not_allowed")
    refused(client.delete("/health"), 405, "method_not_allowed")


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer", "Basic abc", "Bearer ä", "garbage"])
@pytest.mark.parametrize("path", ["/health", "/v1/models"])
def test_http_without_the_token_gets_401(daemon: Daemon, path: str, given: str | None) -> None:
    headers = {} if given is None else {"Authorization": given.encode()}
    answer = httpx.get(f"{daemon.url}{path}", headers=headers)
    refused(answer, 401, "invalid_api_key", "authentication_error")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:80"},
        {"Host": "[::1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "http://evil.example@localhost"},
        {"Origin": "http://localhost/path"},
        {"Origin": "ftp://localhost"},
        {"Host": "evil.example@localhost"},
        {"Host": "localhost:evil"},
    ],
)
def test_a_foreign_host_or_origin_is_forbidden_even_with_the_token(daemon: Daemon, header: dict[str, str]) -> None:
    client = daemon.http(Authorization=f"Bearer {daemon.token}", **header)
    refused(client.get("/v1/models"), 403, "forbidden", "permission_error")
    refused(client.options("/v1/models"), 403, "forbidden", "permission_error")


def test_a_loopback_host_and_origin_with_the_token_are_served(daemon: Daemon) -> None:
    given = {"Authorization": f"Bearer {daemon.token}"}
    for header in ({"Host": "localhost"}, {"Host": "LOCALHOST:1"}, {"Origin": "http://localhost:3000"}):
        assert daemon.http(**given, **header).get("/v1/models").status_code == 200
    page = daemon.http(Origin="http://localhost:3000")
    assert page.get("/v1/models").headers["access-control-allow-origin"] == "http://localhost:3000"  # a 401 too
    allowed = page.options(CHAT)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, "http://localhost:3000")


def test_a_body_that_is_announced_as_too_large_is_not_waited_for(daemon: Daemon) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(daemon.socket))
        raw.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n{")
        raw.settimeout(30)
        assert raw.recv(65536).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "sent", [b"\x00\xff\x00\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"POST /v1/chat"]
)
def test_what_is_no_http_harms_nobody(daemon: Daemon, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(daemon.socket))
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        raw.settimeout(30)
        answer = raw.recv(65536)
        assert not answer or answer.startswith(b"HTTP/1.")
