"""One answer in OpenAI's shapes, whole or chunk by chunk: what both completion endpoints have in common."""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiohttp import web

from expertd.api.body import dumps
from expertd.api.metrics import METRICS, Latency
from expertd.api.service import Choice, Service
from expertd.api.streams import Indexed, generate, send
from expertd.engine.interface import Done, Piece, Request, Timings, TokenLogprob
from expertd.router.chunks import Cut

Logprobs = Sequence[TokenLogprob]
_TEXT = "\0text\0"  # stands for a chunk's text


class Answer(ABC):
    """The answers to `requests`, of which each `prompts`-th part shares a prompt."""

    id_prefix: str
    kind: str
    chunk_kind: str

    def __init__(
        self, service: Service, choice: Choice, requests: Sequence[Request], *, prompts: int, wants_usage: bool
    ) -> None:
        choice = choice.active_in(request.blend for request in requests)
        self.service, self.requests = service, requests
        self._model, self._headers, self._wants_usage = choice.experts, choice.headers, wants_usage
        self._id = f"{self.id_prefix}-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._frames: dict[int, tuple[str, str]] = {}  # by choice that has begun: its chunks before and after the text
        self._tally = Tally(prompts)
        self._more = {"context": _told_of(choice.cut)} if choice.cut else {}

    @abstractmethod
    def whole(self, index: int, text: str, logprobs: Logprobs, reason: str) -> dict[str, Any]:
        """Choice number `index` of an answer in one piece."""

    @abstractmethod
    def part(self, index: int, text: str, logprobs: Logprobs, reason: str | None, first: bool) -> dict[str, Any]:
        """What a chunk tells of choice number `index`; the last has the reason why it ended."""

    async def respond(self, request: web.Request, *, stream: bool, received: float) -> web.StreamResponse:
        """Generate and answer. `received` is when the request came, by `time.monotonic()`."""
        self._tally.received = received
        self._latency = Latency(request.app[METRICS], received)
        self._tally.submitted = time.monotonic()
        async with generate(self.service.engine, self.requests) as events:
            if stream:
                return await send(request, self._headers, self._parsed(events), self._chunk, self._last)
            return web.json_response(await self._collect(events), headers=self._headers, dumps=dumps)

    def _parsed(self, events: AsyncIterator[Indexed]) -> AsyncIterator[Indexed]:
        """The events that chunks are made of."""
        return events

    async def _collect(self, events: AsyncIterator[Indexed]) -> dict[str, Any]:
        count = len(self.requests)
        texts, reasons = [""] * count, [""] * count
        logprobs: list[list[TokenLogprob]] = [[] for _ in range(count)]
        async for item in events:
            if isinstance(item.event, Piece):
                self._latency.note(item.index, item.event)
                texts[item.index] += item.event.text
                logprobs[item.index] += item.event.logprobs
            else:
                reasons[item.index] = item.event.finish_reason
                self._tally.add(item)
        choices = [self.whole(i, texts[i], logprobs[i], reasons[i]) for i in range(count)]
        return self._object(self.kind, choices, **self._tally.told(), **self._more)

    def _chunk(self, item: Indexed) -> str:
        """The JSON of one event's chunk."""
        index, event = item.index, item.event
        self._latency.note(index, event)
        first = self._begins(index)
        if not first and isinstance(event, Piece) and not event.logprobs:
            # All chunks but the first and the last differ in their text alone, and this is the hot path.
            head, tail = self._frames[index]
            return head + dumps(event.text) + tail
        if isinstance(event, Done):
            self._tally.add(item)
            return self._render(self.part(index, "", (), event.finish_reason, first))
        return self._render(self.part(index, event.text, event.logprobs, None, first))

    def _begins(self, index: int) -> bool:
        """Whether nothing was told of choice number `index` before."""
        if index in self._frames:
            return False
        head, tail = self._render(self.part(index, _TEXT, (), None, False)).split(dumps(_TEXT))
        self._frames[index] = head, tail
        return True

    def _render(self, choice: dict[str, Any]) -> str:
        return dumps(self._object(self.chunk_kind, [choice], **({"usage": None} if self._wants_usage else {})))

    def _last(self) -> str | None:
        if not self._wants_usage:
            return None
        return dumps(self._object(self.chunk_kind, [], **self._tally.told(), **self._more))

    def _object(self, kind: str, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._model,
            "choices": choices,
            **more,
        }


def _told_of(cut: Cut) -> dict[str, Any]:
    """What is left of a long message, and the lines of it that are not."""
    return {
        "tokens": cut.tokens,
        "of_tokens": cut.of_tokens,
        "parts": cut.parts,
        "of_parts": cut.of_parts,
        "left_out_lines": cut.left_out,
    }


class Tally:
    """Tokens and times of all choices of one answer, filled as they end."""

    def __init__(self, prompts: int) -> None:
        self.received = self.submitted = 0.0  # by `time.monotonic()`
        self._prompts = prompts
        self._timings: dict[int, Timings] = {}  # by choice

    def add(self, item: Indexed) -> None:
        """Note the end of a choice."""
        assert isinstance(item.event, Done)
        self._timings[item.index] = item.event.timings

    def told(self) -> dict[str, Any]:
        """OpenAI's usage object, and our timings."""
        return {"usage": self._usage(), "timings": self._slowest()}

    def _usage(self) -> dict[str, Any]:
        """Choices of one prompt count it once, and what one of them computed for the others is not cached."""
        each = max(1, len(self._timings) // self._prompts)
        timings = [self._timings[index] for index in sorted(self._timings)]
        prompt = sum(t.prompt_tokens for t in timings[::each])
        cached = sum(min(t.cached_tokens for t in timings[i : i + each]) for i in range(0, len(timings), each))
        completion = sum(t.completion_tokens for t in timings)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
        }

    def _slowest(self) -> dict[str, float]:
        """Milliseconds by stage, of the slowest choice, and its tokens. The stages add up to the total."""
        slowest = max(self._timings.values(), key=lambda t: t.total_ms)
        reception = (self.submitted - self.received) * 1e3
        total = (time.monotonic() - self.received) * 1e3
        decoded = max(slowest.completion_tokens - 1, 0)
        return {
            "reception_ms": round(reception, 3),
            "queue_ms": round(slowest.queue_ms, 3),
            "paging_ms": round(slowest.paging_ms, 3),
            "prefill_ms": round(slowest.prefill_ms, 3),
            "decode_ms": round(slowest.decode_ms, 3),
            "postprocess_ms": round(total - reception - slowest.total_ms, 3),
            "total_ms": round(total, 3),
            "prompt_tokens": slowest.prompt_tokens,
            "cached_tokens": slowest.cached_tokens,
            "completion_tokens": slowest.completion_tokens,
            "tokens_per_second": round(decoded / slowest.decode_ms * 1e3, 2) if slowest.decode_ms and decoded else 0.0,
        }
