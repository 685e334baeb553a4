"""The grammar of answers that may call tools: text, calls in Hermes' format, or text and then calls."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from expertd.errors import InvalidRequest
from expertd.grammar.compiler import MAX_CHARACTERS, Source, json_source
from expertd.grammar.json_schema import check_size

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
    parts, size = list[Source](), 0
    for tool in tools:
        parts.append(json_source(_arguments(tool), tool.param))
        size += len(parts[-1].text)
        if size > MAX_CHARACTERS:  # before more of them are gone through
            raise InvalidRequest(
                f"tools: up to {tool.param} their schemas have over {MAX_CHARACTERS:,} characters: send fewer tools",
                param="tools",
            )
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
    check_size(tool.schema, tool.param)
    if tool.schema.get("type", "object") != "object":
        raise InvalidRequest(f'{tool.param}: arguments are an object: give `"type": "object"`', param=tool.param)
    return {"type": "object", **_closed(tool.schema)}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    closed = {keyword: _closed_below(keyword, value) for keyword, value in schema.items()}
    properties, required = schema.get("properties"), schema.get("required", [])
    if isinstance(properties, dict) and not _COMPOSED & schema.keys() and all(name in properties for name in required):
        closed["additionalProperties"] = False
    return closed


def _closed_below(keyword: str, value: Any) -> Any:
    if keyword == "items" and isinstance(value, dict):
        return _closed(value)
    if keyword in ("properties", "$defs", "definitions") and isinstance(value, dict):
        return {name: _closed(part) if isinstance(part, dict) else part for name, part in value.items()}
    if keyword in ("anyOf", "oneOf", "prefixItems") and isinstance(value, list):
        return [_closed(part) if isinstance(part, dict) else part for part in value]
    return value
