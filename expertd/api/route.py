"""`POST /v1/route`: which experts a request would get and why; `POST /v1/route/teach`: which it should."""

from __future__ import annotations

import asyncio

from aiohttp import web

from expertd.api.body import dumps, read
from expertd.api.schema import RouteRequest, TeachRequest
from expertd.api.service import SERVICE
from expertd.errors import ExpertdError
from expertd.router.examples import BASE

routes = web.RouteTableDef()


@routes.post("/v1/route")
async def route(request: web.Request) -> web.Response:
    body = await read(request, RouteRequest)
    decision = await request.app[SERVICE].route(body.asked, body.wishes, body.turns)
    content = {
        "experts": [
            {"name": name, "scale": scale, "score": round(score, 4)} for name, scale, score in decision.experts
        ],
        "reason": decision.reason,
        "stages": decision.stages,
        "ms": decision.ms,
    }
    return web.json_response(content, dumps=dumps)


@routes.post("/v1/route/teach")
async def teach(request: web.Request) -> web.Response:
    """Answers at once; the index follows in a second or two."""
    service = request.app[SERVICE]
    body = await read(request, TeachRequest)
    if body.expert != BASE:
        service.store.get(body.expert)  # says what is near
    taught = service.router.taught
    try:
        count = await asyncio.to_thread(taught.add, body.asked, body.expert, is_for=body.good)
    except OSError as error:
        raise ExpertdError(f"{taught.path} cannot be written: {error.strerror}. Mend that, and teach again.") from error
    service.router.refresh()
    return web.json_response({"taught": count}, dumps=dumps)
