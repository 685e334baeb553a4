"""Several generations as one stream of events, and their way out as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from expertd.api import errors
from expertd.engine.interface import Done, Engine, Generation, Piece, Request, Timings
from expertd.errors import ExpertdError


@dataclass(frozen=True)
class Indexed:
    """An event of choice number `index`."""

    index: int
    event: Piece | Done


@asynccontextmanager
async def generate(engine: Engine, requests: Sequence[Request]) -> AsyncIterator[AsyncIterator[Indexed]]:
    """The events of all requests as they come. Whatever ends the block, a vanished client too, cancels what runs."""
    streams: list[Generation] = []
    try:
        for request in requests:
            streams.append(engine.submit(request))
        yield _merge(streams)
    finally:
        for stream in streams:
            stream.cancel()


async def _merge(streams: Sequence[Generation]) -> AsyncIterator[Indexed]:
    if len(streams) == 1:
        async for event in streams[0]:
            yield Indexed(0, event)
        return
    events: asyncio.Queue[Indexed | ExpertdError] = asyncio.Queue()

    async def pump(index: int, stream: Generation) -> None:
        try:
            async for event in stream:
                events.put_nowait(Indexed(index, event))
        except ExpertdError as error:
            events.put_nowait(error)

    tasks = [asyncio.create_task(pump(i, stream)) for i, stream in enumerate(streams)]
    try:
        left = len(streams)
        while left:
            item = await events.get()
            if isinstance(item, ExpertdError):
                raise item
            left -= isinstance(item.event, Done)
            yield item
    finally:
        for task in tasks:
            task.cancel()


async def send(
    request: web.Request,
    headers: dict[str, str],
    events: AsyncIterator[Indexed],
    chunks: Callable[[Indexed], Sequence[Any]],
    last: Callable[[], Sequence[Any]],
) -> web.StreamResponse:
    """Server-sent events: the chunks of each event, then those of `last`, then `[DONE]`.

    The first event is awaited before the headers go out, so that a request that fails at once gets its own status.
    """
    first = await anext(events)
    response = web.StreamResponse(
        headers={**headers, "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    try:
        await _write(response, chunks(first))
        async for event in events:
            await _write(response, chunks(event))
        await _write(response, last())
        await response.write(b"data: [DONE]\n\n")
    except ExpertdError as error:
        with contextlib.suppress(ConnectionError):
            await _write(response, [errors.body(error)])
    await response.write_eof()
    return response


async def _write(response: web.StreamResponse, chunks: Sequence[Any]) -> None:
    if chunks:
        await response.write("".join(f"data: {errors.dumps(chunk)}\n\n" for chunk in chunks).encode())


class Tally:
    """Tokens and times of all choices of one answer, filled as they end."""

    def __init__(self, received: float) -> None:
        self._received = received
        self._timings: list[Timings] = []

    def add(self, done: Done) -> None:
        self._timings.append(done.timings)

    def usage(self, prompts: int) -> dict[str, Any]:
        """OpenAI's usage object. Choices of one prompt count it once."""
        each = max(1, len(self._timings) // prompts)
        prompt = sum(t.prompt_tokens for t in self._timings) // each
        completion = sum(t.completion_tokens for t in self._timings)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": max((t.cached_tokens for t in self._timings), default=0)},
        }

    def timings(self) -> dict[str, float]:
        """Milliseconds by stage, of the slowest choice."""
        loop = asyncio.get_running_loop()
        slowest = max(self._timings, key=lambda t: t.queue_ms + t.prefill_ms + t.decode_ms)
        decoded = max(slowest.completion_tokens - 1, 0)
        return {
            "queue_ms": round(slowest.queue_ms, 3),
            "prefill_ms": round(slowest.prefill_ms, 3),
            "decode_ms": round(slowest.decode_ms, 3),
            "total_ms": round((loop.time() - self._received) * 1e3, 3),
            "prompt_tokens": slowest.prompt_tokens,
            "cached_tokens": slowest.cached_tokens,
            "completion_tokens": slowest.completion_tokens,
            "tokens_per_second": round(decoded / slowest.decode_ms * 1e3, 2) if slowest.decode_ms and decoded else 0.0,
        }
