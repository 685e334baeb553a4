"""Bodies of requests and answers: JSON in, checked by a model, and JSON out."""

from __future__ import annotations

import json
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from expertd.api.service import SERVICE
from expertd.errors import BodyTooLarge, InvalidRequest

Body = TypeVar("Body", bound=BaseModel)

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


async def read(request: web.Request, model: type[Body]) -> Body:
    """The request's JSON body as `model`. Raises `InvalidRequest` naming the field and the fault, or `BodyTooLarge`."""
    limit = request.app[SERVICE].settings.max_body_mb
    too_large = BodyTooLarge(f"the body is over {limit:g} MB: send less, or raise `max_body_mb`")
    if (request.content_length or 0) > limit * 1e6:  # told before it is waited for
        raise too_large
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise too_large from error
    except web.RequestPayloadError as error:
        raise InvalidRequest(f"the body cannot be read: {error}") from error
    if data.startswith(_BYTE_ORDER_MARKS) or b"\0" in data[:2]:  # UTF-16 and UTF-32 have zeros there without a mark too
        raise InvalidRequest("the body is not UTF-8 without a byte order mark, as JSON must be: send it so")
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        # Where a value may be of several types, the deepest fault is of the type that was meant.
        told = max(error.errors(include_url=False, include_context=False), key=lambda fault: len(fault["loc"]))
        where = ".".join(str(part) for part in told["loc"] if _is_field(part)) or None
        message = told["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"{where}: {message}" if where else message, param=where) from error


def _is_field(part: str | int) -> bool:
    """Whether a part of a fault's place is the client's own; of values of several types, pydantic adds the type."""
    return isinstance(part, int) or (part.isidentifier() and part not in {"str", "int", "float", "bool", "list"})
