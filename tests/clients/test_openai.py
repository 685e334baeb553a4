"""The `openai` package, unmodified, against the daemon over HTTP and over its socket."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator

import openai
import pytest

from tests.daemon.process import Daemon

HI = [{"role": "user", "content": "Say hello."}]
# Answers that do not hang on a near tie, which where the KV lies may turn.
COUNT = "1, 2, 3, 4, 5, 6, 7,"
AGAIN = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "1, 2, 3, 4, 5, 6, 7, 8, 9"},
    {"role": "user", "content": "Say that again."},
]
# The HTTP library that this release of the package is built on, for a transport over the socket.
http = importlib.import_module(openai.DefaultHttpxClient.__bases__[0].__module__)


@pytest.fixture(params=["http", "socket"])
def client(daemon: Daemon, request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    if request.param == "http":
        made = openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=daemon.token, max_retries=0)
    else:
        over_socket = openai.DefaultHttpxClient(transport=http.HTTPTransport(uds=str(daemon.socket)))
        made = openai.OpenAI(base_url="http://localhost/v1", api_key="none", http_client=over_socket, max_retries=0)
    with made:
        yield made


def test_chat(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="alpha", messages=HI, max_completion_tokens=4, temperature=0)
    assert answer.model == "alpha"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content is not None
    assert answer.usage
    assert answer.usage.completion_tokens <= 4


def test_a_chat_stream_ends_with_its_usage(client: openai.OpenAI) -> None:
    options = {"include_usage": True}
    whole = client.chat.completions.create(model="base", messages=AGAIN, max_tokens=5, temperature=0)
    *chunks, last = client.chat.completions.create(
        model="base", messages=AGAIN, max_tokens=5, temperature=0, stream=True, stream_options=options
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert last.usage
    assert whole.usage
    assert last.usage.total_tokens == whole.usage.total_tokens


def test_the_packages_own_stream_helper_understands_the_chunks(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="base", messages=HI, stop=" ", temperature=0, logprobs=True) as stream:
        types = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= types
    assert final.choices[0].message.content


def test_completion(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="base", prompt=COUNT, max_tokens=3, temperature=0)
    assert answer.choices[0].text == " 8,"
    pieces = client.completions.create(model="base", prompt=COUNT, max_tokens=3, temperature=0, stream=True)
    assert "".join(piece.choices[0].text for piece in pieces).startswith(" 8")


def test_logprobs(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="base", messages=HI, max_tokens=3, temperature=0, logprobs=True, top_logprobs=2
    )
    found = answer.choices[0].logprobs
    assert found
    assert found.content
    assert all(len(token.top_logprobs) == 2 and token.logprob <= 0 for token in found.content)
    scored = client.completions.create(model="base", prompt="Hello there", max_tokens=0, echo=True, logprobs=1)
    assert scored.choices[0].logprobs
    assert scored.choices[0].logprobs.token_logprobs
    assert scored.choices[0].logprobs.token_logprobs[0] is None


def test_models(client: openai.OpenAI) -> None:
    assert {"base", "alpha", "beta"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("alpha").id == "alpha"


def test_errors_are_the_packages_own(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="nobody", messages=HI)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as wrong:
        client.chat.completions.create(model="base", messages=HI, temperature=9)
    assert wrong.value.param == "temperature"
    with pytest.raises(openai.BadRequestError) as long:
        client.completions.create(model="base", prompt="word " * 3000)
    assert long.value.code == "context_length_exceeded"


def test_a_wrong_key_is_an_authentication_error(daemon: Daemon) -> None:
    with (
        openai.OpenAI(base_url=f"{daemon.url}/v1", api_key="wrong") as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()


def test_eight_streams_of_the_async_client_run_side_by_side(daemon: Daemon) -> None:
    async def one(client: openai.AsyncOpenAI, model: str) -> str:
        text = ""
        async for chunk in await client.chat.completions.create(
            model=model, messages=HI, max_tokens=6, temperature=0, stream=True
        ):
            text += chunk.choices[0].delta.content or ""
        return text

    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{daemon.url}/v1", api_key=daemon.token) as client:
            return await asyncio.gather(*(one(client, model) for model in ("base", "alpha", "beta", "base") * 2))

    answers = asyncio.run(all_of_them())
    assert all(answers)
    assert len(set(answers)) >= 3  # an expert each, side by side
