"""What a stream leaves behind where its client has gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer

from expertd.api import errors, streams
from expertd.api.metrics import CLIENT_GONE
from expertd.api.streams import Indexed
from expertd.engine.interface import Piece


def test_a_client_that_goes_before_the_headers_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    statuses = []

    async def events(request: web.Request) -> AsyncIterator[Indexed]:
        assert request.transport
        request.transport.close()
        yield Indexed(0, Piece("a"))

    async def handler(request: web.Request) -> web.StreamResponse:
        response = await streams.send(request, {}, events(request), lambda item: "a", lambda: None)
        statuses.append(request["status"])
        return response

    async def run() -> None:
        app = web.Application(middlewares=[errors.middleware])
        app.router.add_get("/", handler)
        async with TestClient(TestServer(app)) as client:
            with pytest.raises(ClientError):
                await client.get("/")

    asyncio.run(run())
    assert statuses == [CLIENT_GONE]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
