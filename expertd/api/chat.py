"""`POST /v1/chat/completions`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from aiohttp import web

from expertd.api import long_context, tools
from expertd.api.body import read
from expertd.api.chat_answer import CallsAnswer, ChatAnswer
from expertd.api.schema import ChatRequest
from expertd.api.service import SERVICE, Choice, Service
from expertd.api.structured import schema_of
from expertd.engine.interface import Request
from expertd.experts.sandbox import render_message
from expertd.grammar.compiler import Grammar

routes = web.RouteTableDef()


@routes.post("/v1/chat/completions")
async def chat(request: web.Request) -> web.StreamResponse:
    received = time.monotonic()
    service = request.app[SERVICE]
    body = await read(request, ChatRequest)
    service.check_room(body.n)
    choice = await service.choose(body, body.asked, body.messages)
    if body.context:
        body, left = await asyncio.to_thread(long_context.fit, service, body)
        choice = replace(choice, cut=left)
    asked = _as_the_expert_is_asked(body, choice)
    service.check(tools.texts(asked), "messages")
    grammar = await service.grammar(body, choice)
    choice = await service.load(choice)
    requests = await asyncio.to_thread(_requests, service, asked, choice, grammar)
    made = CallsAnswer if tools.may_call(body) else ChatAnswer
    answer = made(service, choice, requests, prompts=1, wants_usage=body.wants_usage)
    return await answer.respond(request, stream=body.stream, received=received)


def _as_the_expert_is_asked(body: ChatRequest, choice: Choice) -> ChatRequest:
    """With the last user message in the words that an expert's template makes of it, where one has a template."""
    text = body.last_user_text
    if choice.template is None or text is None:
        return body
    return body.with_last_user_text(render_message(choice.template, text, schema_of(body)))


def _requests(service: Service, body: ChatRequest, choice: Choice, grammar: Grammar | None) -> list[Request]:
    template = service.template
    if template.calls_tools:
        prompt = template.encode(tools.messages(body), choice.system, tools.listed(body))
    else:
        prompt = template.encode(tools.as_text(body, choice.system), choice.system)
    logprobs = (body.top_logprobs or 0) if body.logprobs else None
    return [
        service.request(body, choice, prompt, limit=body.limit, logprobs=logprobs, grammar=grammar, index=i)
        for i in range(body.n)
    ]
