"""`POST /v1/completions`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from expertd.api.answer import Answer, Logprobs
from expertd.api.body import read
from expertd.api.schema import CompletionRequest
from expertd.api.service import SERVICE, Choice, Service
from expertd.engine.fill_in import fill_in, opening
from expertd.engine.interface import TokenLogprob
from expertd.errors import InvalidRequest

routes = web.RouteTableDef()


@routes.post("/v1/completions")
async def completions(request: web.Request) -> web.StreamResponse:
    received = time.monotonic()
    service = request.app[SERVICE]
    body = await read(request, CompletionRequest)
    choice = await service.choose(body, body.asked)
    if body.suffix and not choice.fim:
        raise InvalidRequest(
            f"{choice.experts!r} fills no gap: leave `suffix` out, or name an expert whose manifest has `fim`",
            param="suffix",
        )
    texts = [prompt for prompt in body.prompt if isinstance(prompt, str)]
    service.check([*texts, body.suffix or ""], "prompt")
    service.check_room(len(body.prompt) * body.n)
    grammar = await service.grammar(body, choice)
    choice = await service.load(choice)
    told = [
        await asyncio.to_thread(_tokens, service, choice, prompt, body.suffix, grammar is not None)
        for prompt in body.prompt
    ]
    echo_logprobs = body.echo and body.logprobs is not None
    requests = [
        service.request(
            body,
            choice,
            prompt,
            limit=16 if body.max_tokens is None else body.max_tokens,
            logprobs=body.logprobs,
            grammar=grammar,
            index=i,
            prompt_logprobs=echo_logprobs,
            opens="" if body.echo else opens,  # behind the prompt that is told again, nothing is told twice
        )
        for prompt, opens in told
        for i in range(body.n)
    ]
    answer = _TextAnswer(
        service, choice, requests, prompts=len(body.prompt), wants_usage=body.wants_usage, echo=body.echo
    )
    return await answer.respond(request, stream=body.stream, received=received)


def _tokens(
    service: Service, choice: Choice, prompt: str | list[int], suffix: str | None, formed: bool
) -> tuple[list[int], str]:
    """The prompt's tokens, and how its answer begins that the client has already."""
    if isinstance(prompt, str) and suffix is not None and choice.fim:
        # A grammar says how the answer begins, and knows nothing of what is left to it.
        opens = "" if formed else opening(choice.fim, prompt)
        return fill_in(service.base, choice.fim, prompt, suffix, opens), opens
    if isinstance(prompt, list):
        if max(prompt) >= service.base.n_vocab:
            raise InvalidRequest(f"prompt: token {max(prompt)} is beyond the vocabulary", param="prompt")
        return prompt, ""
    # A raw prompt may hold control tokens on purpose: that is what this endpoint is for.
    tokens = service.base.tokenize(prompt, add_special=True, parse_special=True)
    if not tokens:
        bos = service.base.bos if service.base.bos >= 0 else service.base.eos
        return [bos], ""  # an empty prompt asks for any text: begin one
    return tokens, ""


class _TextAnswer(Answer):
    id_prefix = "cmpl"
    kind = chunk_kind = "text_completion"

    def __init__(self, *args: Any, echo: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._echo = echo
        self._offsets = [0] * len(self.requests)

    def whole(self, index: int, text: str, logprobs: Logprobs, reason: str) -> dict[str, Any]:
        return self.part(index, text, logprobs, reason, True)

    def part(self, index: int, text: str, logprobs: Logprobs, reason: str | None, first: bool) -> dict[str, Any]:
        request = self.requests[index]
        if first and self._echo:
            text = self._text(request.prompt) + text
            if request.prompt_logprobs:
                # The prompt's own come first; nothing stands before its first token, so that has none.
                logprobs = [TokenLogprob(request.prompt[0], None, ()), *logprobs]
        return {
            "index": index,
            "text": text,
            "logprobs": self._logprobs(index, logprobs) if logprobs else None,
            "finish_reason": reason,
        }

    def _logprobs(self, index: int, items: Logprobs) -> dict[str, Any]:
        texts = [self._text([item.token]) for item in items]
        offsets = []
        for text in texts:
            offsets.append(self._offsets[index])
            told = text if offsets[-1] else text.removeprefix(self.requests[index].opens)
            self._offsets[index] += len(told)
        return {
            "tokens": texts,
            "token_logprobs": [item.logprob for item in items],
            "top_logprobs": [{self._text([t]): p for t, p in item.top} or None for item in items],
            "text_offset": offsets,
        }

    def _text(self, tokens: Sequence[int]) -> str:
        return b"".join(self.service.base.piece(t, special=True) for t in tokens).decode("utf-8", "replace")
