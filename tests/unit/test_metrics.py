"""What came of a request, as the middleware counts it, and how the text of choices is timed."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest
from aiohttp import ClientError, ClientTimeout, web
from aiohttp.test_utils import TestClient, TestServer

from expertd.api import errors, streams
from expertd.api.metrics import METRICS, Latency, Metrics, middleware
from expertd.api.streams import Indexed
from expertd.engine.interface import Done, Piece, Timings
from expertd.errors import EngineFailed, InvalidRequest, Overloaded
from expertd.experts.residents import Residents

NO_ENGINE = SimpleNamespace()  # it is asked at a scrape only


def raising(error):
    async def handler(request):
        raise error

    return handler


async def answered(request):
    return web.Response(text="yes")


async def endless(request):
    await asyncio.sleep(60)


def breaking_off(error):
    """A stream that fails when its headers are out."""

    async def events():
        yield Indexed(0, Piece("a"))
        raise error

    async def handler(request):
        return await streams.send(request, {}, events(), lambda item: item.event.text, lambda: None)

    return handler


def counted(metrics):
    (family,) = metrics.requests.collect()
    return [(s.labels["route"], s.labels["outcome"], s.value) for s in family.samples]


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (answered, "ok"),
        (raising(InvalidRequest("no")), "refused"),
        (raising(Overloaded("full")), "overloaded"),
        (raising(EngineFailed("broken")), "failed"),
        (raising(KeyError("a fault of ours")), "failed"),
        (raising(ConnectionResetError()), "cancelled"),
        (endless, "cancelled"),
        (breaking_off(EngineFailed("broken")), "failed"),
        (breaking_off(Overloaded("the daemon is stopping")), "overloaded"),
        (breaking_off(ConnectionResetError()), "cancelled"),
    ],
)
def test_a_request_counts_by_what_came_of_it(handler, outcome):
    async def run():
        app = web.Application(middlewares=[middleware, errors.middleware])
        app[METRICS] = metrics = Metrics(NO_ENGINE, Residents())
        app.router.add_get("/{name}", handler)
        server = TestServer(app)
        async with TestClient(server, timeout=ClientTimeout(0.5)) as client:
            await server.start_server(handler_cancellation=True)
            try:
                await (await client.get("/x")).read()
            except (ClientError, asyncio.TimeoutError):
                assert outcome == "cancelled"
            end = time.monotonic() + 10
            while not counted(metrics) and time.monotonic() < end:
                await asyncio.sleep(0.01)
        return counted(metrics)

    assert asyncio.run(run()) == [("/{name}", outcome, 1)]


def test_the_first_text_and_the_gaps_after_it_are_timed_for_each_choice():
    metrics = Metrics(NO_ENGINE, Residents())
    latency = Latency(metrics, time.monotonic() - 3)
    done = Done("stop", Timings(0, 0, 0, 0, 1, 0, 2))
    for index, event in ((0, Piece("")), (0, Piece("a")), (1, Piece("b")), (0, Piece("c")), (0, done), (1, Piece("d"))):
        latency.note(index, event)
    first, gap = (
        {sample.name.rpartition("_")[2]: sample.value for sample in histogram.collect()[0].samples}
        for histogram in (metrics.first_text, metrics.gap)
    )
    assert (first["count"], gap["count"]) == (2, 2)
    assert first["sum"] == pytest.approx(6, abs=0.5)
    assert gap["sum"] < 0.5
