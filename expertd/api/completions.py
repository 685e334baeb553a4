"""`POST /v1/completions`."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

from aiohttp import web

from expertd.api import errors
from expertd.api.schema import CompletionRequest
from expertd.api.service import SERVICE, Choice, Service
from expertd.api.streams import Indexed, Tally, generate, send
from expertd.engine.interface import Done, Piece, Request, TokenLogprob
from expertd.errors import InvalidRequest

routes = web.RouteTableDef()


@routes.post("/v1/completions")
async def completions(request: web.Request) -> web.StreamResponse:
    received = asyncio.get_running_loop().time()
    service = request.app[SERVICE]
    body = await errors.read(request, CompletionRequest)
    choice = service.choose(body.model)
    service.check((prompt for prompt in body.prompts if isinstance(prompt, str)), "prompt")
    service.check_count(len(body.prompts) * body.n)
    prompts = [await asyncio.to_thread(_tokens, service, prompt) for prompt in body.prompts]
    echo_logprobs = body.echo and body.logprobs is not None
    requests = [
        service.request(
            body,
            choice,
            prompt,
            limit=16 if body.max_tokens is None else body.max_tokens,
            logprobs=body.logprobs,
            index=i,
            prompt_logprobs=echo_logprobs,
        )
        for prompt in prompts
        for i in range(body.n)
    ]
    answer = _Answer(service, body, choice, Tally(received), requests)
    async with generate(service.engine, requests) as events:
        if body.stream:
            return await send(request, choice.headers, events, answer.chunks, answer.last)
        return web.json_response(await answer.whole(events), headers=choice.headers, dumps=errors.dumps)


def _tokens(service: Service, prompt: str | list[int]) -> list[int]:
    if isinstance(prompt, list):
        if max(prompt) >= service.base.n_vocab:
            raise InvalidRequest(f"prompt: token {max(prompt)} is beyond the vocabulary", param="prompt")
        return prompt
    # A raw prompt may hold control tokens on purpose: that is what this endpoint is for.
    tokens = service.base.tokenize(prompt, add_special=True, parse_special=True)
    if not tokens:
        bos = service.base.bos if service.base.bos >= 0 else service.base.eos
        return [bos]  # an empty prompt asks for any text: begin one
    return tokens


class _Answer:
    """One answer in OpenAI's shapes: whole, or chunk by chunk."""

    def __init__(
        self, service: Service, body: CompletionRequest, choice: Choice, tally: Tally, requests: list[Request]
    ) -> None:
        self._service, self._body, self._tally, self._requests = service, body, tally, requests
        self._model = choice.experts
        self._id = f"cmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._begun: set[int] = set()
        self._offsets = [0] * len(requests)

    async def whole(self, events: Any) -> dict[str, Any]:
        count = len(self._requests)
        texts, reasons = [self._echo(i) for i in range(count)], [""] * count
        answer: list[list[TokenLogprob]] = [[] for _ in range(count)]
        prompt: list[list[TokenLogprob]] = [[] for _ in range(count)]
        async for item in events:
            if isinstance(item.event, Piece):
                texts[item.index] += item.event.text
                answer[item.index] += item.event.logprobs
            else:
                reasons[item.index] = item.event.finish_reason
                prompt[item.index] = self._prompt_logprobs(item.index, item.event)
                self._tally.add(item.event)
        choices = [
            self._choice(i, texts[i], self._logprobs(i, prompt[i] + answer[i]), reasons[i]) for i in range(count)
        ]
        usage = self._tally.usage(len(self._body.prompts))
        return self._object(choices, usage=usage, timings=self._tally.timings())

    def chunks(self, item: Indexed) -> list[dict[str, Any]]:
        made = []
        if item.index not in self._begun:
            self._begun.add(item.index)
            if echo := self._echo(item.index):
                made.append(self._choice(item.index, echo, None, None))
        if isinstance(item.event, Done):
            self._tally.add(item.event)
            noted = self._prompt_logprobs(item.index, item.event)
            made.append(self._choice(item.index, "", self._logprobs(item.index, noted), item.event.finish_reason))
        else:
            logprobs = self._logprobs(item.index, list(item.event.logprobs))
            made.append(self._choice(item.index, item.event.text, logprobs, None))
        more = {"usage": None} if self._body.wants_usage else {}
        return [self._object([choice], **more) for choice in made]

    def last(self) -> list[dict[str, Any]]:
        if not self._body.wants_usage:
            return []
        return [self._object([], usage=self._tally.usage(len(self._body.prompts)), timings=self._tally.timings())]

    def _echo(self, index: int) -> str:
        if not self._body.echo:
            return ""
        prompt = self._body.prompts[index // self._body.n]
        if isinstance(prompt, str):
            return prompt
        return b"".join(self._service.base.piece(t, special=True) for t in prompt).decode("utf-8", "replace")

    def _prompt_logprobs(self, index: int, done: Done) -> list[TokenLogprob]:
        """The prompt's tokens, where echo and logprobs ask for them; nothing comes before the first, so it has none."""
        if not (self._body.echo and self._body.logprobs is not None):
            return []
        first = self._requests[index].prompt[0]
        return [TokenLogprob(first, None, ()), *done.prompt_logprobs]

    def _logprobs(self, index: int, items: list[TokenLogprob]) -> dict[str, Any] | None:
        if self._body.logprobs is None or not items:
            return None
        texts = [self._text(item.token) for item in items]
        offsets = []
        for text in texts:
            offsets.append(self._offsets[index])
            self._offsets[index] += len(text)
        return {
            "tokens": texts,
            "token_logprobs": [item.logprob for item in items],
            "top_logprobs": [{self._text(t): p for t, p in item.top} or None for item in items],
            "text_offset": offsets,
        }

    def _text(self, token: int) -> str:
        return self._service.base.piece(token, special=True).decode("utf-8", "replace")

    def _choice(self, index: int, text: str, logprobs: dict[str, Any] | None, reason: str | None) -> dict[str, Any]:
        return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason}

    def _object(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "text_completion",
            "created": self._created,
            "model": self._model,
            "choices": choices,
            **more,
        }
