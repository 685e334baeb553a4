"""The HTTP application: its middlewares in their order, and all routes."""

from __future__ import annotations

import logging

from aiohttp import web

from expertd.api import auth, chat, completions, errors, info, metrics, route
from expertd.api.service import SERVICE, Service


def make_app(service: Service, token: str | None) -> web.Application:
    """The application that answers on every listener. `token` is None where HTTP is off."""
    app = web.Application(
        middlewares=[metrics.middleware, errors.middleware, auth.middleware(service.settings, token)],
        client_max_size=int(service.settings.max_body_mb * 1e6),
    )
    logging.getLogger("aiohttp.server").addFilter(errors.is_ours)
    app[SERVICE] = service
    app[metrics.METRICS] = metrics.Metrics(service.engine, service.store.residents)
    app.on_response_prepare.append(auth.add_cors)
    for module in (info, metrics, route, chat, completions):
        app.add_routes(module.routes)
    return app
