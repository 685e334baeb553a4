"""Several generations as one stream of events, and their way out as server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from expertd.api import errors
from expertd.api.body import dumps
from expertd.api.metrics import CLIENT_GONE
from expertd.engine.interface import Done, Engine, Generation, Piece, Request
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
    chunk: Callable[[Indexed], str],
    last: Callable[[], str | None],
) -> web.StreamResponse:
    """Server-sent events: the chunk of each event, then that of `last` where it has one, then `[DONE]`.

    The first event is awaited before the headers go out, so that a request that fails at once gets its own status.
    """
    first = await anext(events)
    response = web.StreamResponse(
        headers={**headers, "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    )
    try:
        await response.prepare(request)
        await response.write(_event(chunk(first)))
        async for event in events:
            await response.write(_event(chunk(event)))
        if (end := last()) is not None:
            await response.write(_event(end))
        await response.write(b"data: [DONE]\n\n")
    except ExpertdError as error:
        request["status"] = error.status  # too late for the response's own
        with contextlib.suppress(ConnectionError):
            await response.write(_event(dumps(errors.body(error))))
    except ConnectionError:
        request["status"] = CLIENT_GONE  # there is nobody to answer, and nothing wrong
    return response


def _event(data: str) -> bytes:
    return f"data: {data}\n\n".encode()
