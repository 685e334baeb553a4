"""`POST /v1/chat/completions`."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any

from aiohttp import web

from expertd.api import errors
from expertd.api.schema import ChatRequest
from expertd.api.service import SERVICE, Choice, Service
from expertd.api.streams import Indexed, Tally, generate, send
from expertd.engine.interface import Done, Piece, Request, TokenLogprob

routes = web.RouteTableDef()


@routes.post("/v1/chat/completions")
async def chat(request: web.Request) -> web.StreamResponse:
    received = asyncio.get_running_loop().time()
    service = request.app[SERVICE]
    body = await errors.read(request, ChatRequest)
    choice = service.choose(body.model)
    service.check((message.text for message in body.messages), "messages")
    service.check_count(body.n)
    requests = await asyncio.to_thread(_requests, service, body, choice)
    answer = _Answer(service, body, choice, Tally(received))
    async with generate(service.engine, requests) as events:
        if body.stream:
            return await send(request, choice.headers, events, answer.chunks, answer.last)
        return web.json_response(await answer.whole(events), headers=choice.headers, dumps=errors.dumps)


def _requests(service: Service, body: ChatRequest, choice: Choice) -> list[Request]:
    # OpenAI renamed "system" to "developer"; templates know the old name.
    messages = [{"role": "system" if m.role == "developer" else m.role, "content": m.text} for m in body.messages]
    if choice.system and all(message["role"] != "system" for message in messages):
        messages.insert(0, {"role": "system", "content": choice.system})
    prompt = service.template.encode(messages)
    logprobs = (body.top_logprobs or 0) if body.logprobs else None
    return [service.request(body, choice, prompt, limit=body.limit, logprobs=logprobs, index=i) for i in range(body.n)]


class _Answer:
    """One answer in OpenAI's shapes: whole, or chunk by chunk."""

    def __init__(self, service: Service, body: ChatRequest, choice: Choice, tally: Tally) -> None:
        self._service, self._body, self._tally = service, body, tally
        self._model = choice.experts
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._begun: set[int] = set()

    async def whole(self, events: Any) -> dict[str, Any]:
        texts, reasons = [""] * self._body.n, [""] * self._body.n
        logprobs: list[list[dict[str, Any]]] = [[] for _ in range(self._body.n)]
        async for item in events:
            if isinstance(item.event, Piece):
                texts[item.index] += item.event.text
                logprobs[item.index] += map(self._logprob, item.event.logprobs)
            else:
                reasons[item.index] = item.event.finish_reason
                self._tally.add(item.event)
        choices = [
            {
                "index": i,
                "message": {"role": "assistant", "content": texts[i], "refusal": None},
                "logprobs": {"content": logprobs[i], "refusal": None} if self._body.logprobs else None,
                "finish_reason": reasons[i],
            }
            for i in range(self._body.n)
        ]
        return self._object("chat.completion", choices, usage=self._tally.usage(1), timings=self._tally.timings())

    def chunks(self, item: Indexed) -> list[dict[str, Any]]:
        if isinstance(item.event, Done):
            self._tally.add(item.event)
            delta: dict[str, Any] = {}
            reason: str | None = item.event.finish_reason
            logprobs: tuple[TokenLogprob, ...] = ()
        else:
            delta, reason, logprobs = {"content": item.event.text}, None, item.event.logprobs
        if item.index not in self._begun:
            self._begun.add(item.index)
            delta = {"role": "assistant", "content": "", **delta}
        shown = {"content": [self._logprob(p) for p in logprobs], "refusal": None} if logprobs else None
        choice = {"index": item.index, "delta": delta, "logprobs": shown, "finish_reason": reason}
        return [self._object("chat.completion.chunk", [choice], **({"usage": None} if self._body.wants_usage else {}))]

    def last(self) -> list[dict[str, Any]]:
        if not self._body.wants_usage:
            return []
        usage, timings = self._tally.usage(1), self._tally.timings()
        return [self._object("chat.completion.chunk", [], usage=usage, timings=timings)]

    def _object(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._model,
            "choices": choices,
            **more,
        }

    def _logprob(self, item: TokenLogprob) -> dict[str, Any]:
        return {**self._token(item.token, item.logprob), "top_logprobs": [self._token(t, p) for t, p in item.top]}

    def _token(self, token: int, logprob: float | None) -> dict[str, Any]:
        piece = self._service.base.piece(token, special=True)
        return {"token": piece.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(piece)}
