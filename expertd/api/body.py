"""Bodies of requests and answers: JSON in, checked by a model, and JSON out."""

from __future__ import annotations

import json
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from expertd.errors import InvalidRequest

Body = TypeVar("Body", bound=BaseModel)

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


async def read(request: web.Request, model: type[Body]) -> Body:
    """The request's JSON body as `model`. Raises `InvalidRequest` naming the field and the fault."""
    try:
        data = await request.read()
    except web.RequestPayloadError as error:
        raise InvalidRequest(f"the body cannot be read: {error}") from error
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
