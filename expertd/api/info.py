"""`GET /health` and `GET /v1/models`: what runs, and what can be asked for."""

from __future__ import annotations

import os
import time
from typing import Any

from aiohttp import web

from expertd import __version__
from expertd.api.body import dumps
from expertd.api.service import SERVICE, Service
from expertd.errors import UnknownModel
from expertd.experts.blend import parse_model
from expertd.experts.store import Entry

routes = web.RouteTableDef()


@routes.get("/health")
async def health(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    status, entries, residents = service.engine.status(), service.store.entries(), service.store.residents
    content = {
        "status": "ok",
        "version": __version__,
        "pid": os.getpid(),
        "uptime_s": round(time.time() - service.started, 1),
        "socket": str(service.settings.socket),
        "http": service.http_url,
        "base": {
            "name": service.base.path.stem,
            "architecture": service.base.architecture,
            "bytes": service.base.size_bytes,
            "context": service.settings.context,
        },
        "engine": {
            "running": status.running,
            "waiting": status.waiting,
            "cells": status.cells,
            "cells_used": status.cells_used,
            "blending": status.blending,
            **({"blending_reason": status.blending_reason} if status.blending_reason else {}),
        },
        "experts": {
            "folder": str(service.settings.experts),
            "served": [entry.name for entry in entries if entry.served],
            "broken": [entry.name for entry in entries if entry.error],
            "resident": residents.count,
            "resident_bytes": residents.nbytes,
            "drops": residents.drops,
        },
    }
    return web.json_response(content, dumps=dumps)


@routes.get("/v1/models")
async def models(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    entries = service.store.entries()
    data = [_base(service), *(_expert(service, entry) for entry in entries if entry.served)]
    broken = [{"id": entry.name, "error": entry.error} for entry in entries if entry.error]
    blends = [{"experts": names, "requests": count} for names, count in service.together.counts()]
    return web.json_response({"object": "list", "data": data, "broken": broken, "blends": blends}, dumps=dumps)


@routes.get("/v1/models/{id}")
async def model(request: web.Request) -> web.Response:
    service, name = request.app[SERVICE], request.match_info["id"]
    named = parse_model(name, service.settings.max_experts)
    if len(named) > 1:
        raise UnknownModel(f"{name} is a blend: ask for one of its experts", param="model")
    # Not `choose`: what answers only beside another expert is listed all the same.
    content = _expert(service, service.store.get(named[0][0])) if named else _base(service)
    return web.json_response(content, dumps=dumps)


def _base(service: Service) -> dict[str, Any]:
    return {
        "id": "base",
        "object": "model",
        "created": int(service.started),
        "owned_by": "expertd",
        "description": f"{service.base.path.stem}, without any expert",
    }


def _expert(service: Service, entry: Entry) -> dict[str, Any]:
    manifest, warning = entry.manifest, entry.warning
    assert manifest is not None
    if entry.error:
        warning = f"its files are broken now, and what was served before goes on: {entry.error}"
    return {
        "id": entry.name,
        "object": "model",
        "created": int(service.started),
        "owned_by": "expertd",
        "description": manifest.description,
        "kind": manifest.kind,
        "activation": "invocation" if entry.invocation else manifest.activation,
        "version": manifest.version,
        "licence": manifest.licence,
        "bytes": entry.nbytes,
        **({"warning": warning} if warning else {}),
    }
