"""`POST /v1/chat/completions`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from expertd.api.answer import Answer, Logprobs
from expertd.api.body import read
from expertd.api.schema import ChatRequest
from expertd.api.service import SERVICE, Choice, Service
from expertd.engine.interface import Request, TokenLogprob
from expertd.grammar.compiler import Grammar

routes = web.RouteTableDef()


@routes.post("/v1/chat/completions")
async def chat(request: web.Request) -> web.StreamResponse:
    received = time.monotonic()
    service = request.app[SERVICE]
    body = await read(request, ChatRequest)
    choice = service.choose(body.model)
    service.check((message.text for message in body.messages), "messages")
    service.check_room(body.n)
    grammar = await service.grammar(body, choice)
    choice = await service.load(choice)
    requests = await asyncio.to_thread(_requests, service, body, choice, grammar)
    answer = _ChatAnswer(service, choice, requests, prompts=1, wants_usage=body.wants_usage)
    return await answer.respond(request, stream=body.stream, received=received)


def _requests(service: Service, body: ChatRequest, choice: Choice, grammar: Grammar | None) -> list[Request]:
    prompt = service.template.encode([{"role": m.role, "content": m.text} for m in body.messages], choice.system)
    logprobs = (body.top_logprobs or 0) if body.logprobs else None
    return [
        service.request(body, choice, prompt, limit=body.limit, logprobs=logprobs, grammar=grammar, index=i)
        for i in range(body.n)
    ]


class _ChatAnswer(Answer):
    id_prefix = "chatcmpl"
    kind = "chat.completion"
    chunk_kind = "chat.completion.chunk"

    def whole(self, index: int, text: str, logprobs: Logprobs, reason: str) -> dict[str, Any]:
        return {
            "index": index,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": self._logprobs(logprobs) if self.requests[index].logprobs is not None else None,
            "finish_reason": reason,
        }

    def part(self, index: int, text: str, logprobs: Logprobs, reason: str | None, first: bool) -> dict[str, Any]:
        delta = {} if reason else {"content": text}
        if first:
            delta = {"role": "assistant", "content": text}
        return {
            "index": index,
            "delta": delta,
            "logprobs": self._logprobs(logprobs) if logprobs else None,
            "finish_reason": reason,
        }

    def _logprobs(self, items: Logprobs) -> dict[str, Any]:
        return {"content": [self._logprob(item) for item in items], "refusal": None}

    def _logprob(self, item: TokenLogprob) -> dict[str, Any]:
        return {**self._token(item.token, item.logprob), "top_logprobs": [self._token(t, p) for t, p in item.top]}

    def _token(self, token: int, logprob: float | None) -> dict[str, Any]:
        piece = self.service.base.piece(token, special=True)
        return {"token": piece.decode("utf-8", "replace"), "logprob": logprob, "bytes": list(piece)}
