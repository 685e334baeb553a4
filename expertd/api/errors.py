"""Exceptions as HTTP answers with OpenAI's error body."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from expertd.api.body import dumps
from expertd.errors import ExpertdError, InvalidRequest, MethodNotAllowed, NotFound, Overloaded

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def body(error: ExpertdError) -> dict[str, Any]:
    """OpenAI's error object."""
    return {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}


def response(error: ExpertdError) -> web.Response:
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.json_response(body(error), status=error.status, headers=headers, dumps=dumps)


def is_ours(record: logging.LogRecord) -> bool:
    """A log filter: what clients send that is no HTTP is no fault of ours, and must not fill the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError | web.RequestPayloadError))


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure becomes an answer; what we did not foresee is logged and answered with a plain 500."""
    try:
        return await handler(request)
    except ExpertdError as error:
        return response(error)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return response(MethodNotAllowed(f"{request.path} takes {allowed}, not {request.method}"))
    except web.HTTPNotFound:
        return response(NotFound(f"no such route: {request.method} {request.path}"))
    except web.HTTPException as error:
        return response(InvalidRequest(error.reason))
    except ConnectionError:
        raise  # the client went away: there is nobody to answer
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return response(ExpertdError("the daemon failed on this request; its log has the details"))
