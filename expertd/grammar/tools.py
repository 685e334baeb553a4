"""The grammar of answers that may call tools: text, calls in Hermes' format, or text and then calls."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from expertd.errors import InvalidRequest
from expertd.grammar.compiler import Source, json_source

OPEN, CLOSE = "<tool_call>", "</tool_call>"
MAX_CALLS = 16  # an answer: a small model may find no end
# What stands around a call's arguments.
BEFORE_ARGUMENTS = re.compile(r'\n\{"name": "(?P<name>[^"]*)", "arguments": ')
AFTER_ARGUMENTS = f"}}\n{CLOSE}"

# Keywords beside which `properties` are not all that an object may have.
_COMPOSED = frozenset({"additionalProperties", "patternProperties", "allOf", "anyOf", "oneOf", "$ref"})


@dataclass(frozen=True)
class Tool:
    """A function that the model may call. `schema` is of its arguments, and `param` where that stood in the request."""

    name: str
    schema: dict[str, Any]
    param: str


def tools_source(tools: Sequence[Tool], *, text: bool, most: int = MAX_CALLS) -> Source:
    """The grammar of up to `most` calls; with `text`, of text before them or alone too. Raises `InvalidRequest`.

    Once the text has the opening tag, a whole call must follow.
    """
    schemas = [_arguments(tool) for tool in tools]
    parts = [json_source(schema, tool.param) for tool, schema in zip(tools, schemas, strict=True)]
    calls = [f"{_quoted(_before(tool.name))} arguments{i}" for i, tool in enumerate(tools)]
    more = f" ({_quoted(chr(10) + OPEN)} call){{0,{most - 1}}}" if most > 1 else ""
    lines = [
        f"calls: call{more}",
        f"call: ({' | '.join(calls)}) {_quoted(AFTER_ARGUMENTS)}",
        *(f"arguments{i}: %json {part.text}" for i, part in enumerate(parts)),
    ]
    if text:
        lines += [
            "start: TEXT | said calls",
            f"said[lazy]: /(?s:.*)/ {_quoted(OPEN)}",
            f"TEXT: /(?s:.*)/ & ~/(?s:.*{OPEN}.*)/",
        ]
    else:
        lines.append(f"start: {_quoted(OPEN)} calls")
    return Source("lark", "\n".join(lines), "tools", tuple(parts))


def called(name: str, arguments: str) -> str:
    """A call as the model writes it."""
    return f"{OPEN}{_before(name)}{arguments}{AFTER_ARGUMENTS}"


def _before(name: str) -> str:
    return f'\n{{"name": "{name}", "arguments": '


def _quoted(text: str) -> str:
    return json.dumps(text)


def _arguments(tool: Tool) -> dict[str, Any]:
    """The schema of an object with nothing beyond what it names: a small model would invent the rest."""
    json_source(tool.schema, tool.param)  # refuses what is nested too deeply to go through
    if tool.schema.get("type", "object") != "object":
        raise InvalidRequest(f'{tool.param}: arguments are an object: give `"type": "object"`', param=tool.param)
    return {"type": "object", **_closed(tool.schema)}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    closed = dict(schema)
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, dict):
        closed["properties"] = {k: _closed(v) if isinstance(v, dict) else v for k, v in properties.items()}
        if not _COMPOSED & schema.keys():
            closed["additionalProperties"] = False
    if isinstance(items, dict):
        closed["items"] = _closed(items)
    return closed
