"""What a chat request says of tools: as a grammar, and as text for templates that know none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic_core import from_json

from expertd.api.schema import ChatRequest, FunctionTool, Message, NamedChoice
from expertd.grammar.compiler import Source
from expertd.grammar.tools import MAX_CALLS, Tool, called, tools_source

_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
_HOW = """\
You may call functions to help with the user's request. These are the functions, one a line:
<tools>
{tools}
</tools>

To call a function, answer with its name and its arguments as JSON between these tags, one pair of tags for each call:
<tool_call>
{{"name": "function name", "arguments": {{"argument": "value"}}}}
</tool_call>

Call a function only where it helps. If no function fits, answer in plain text."""


def may_call(body: ChatRequest) -> bool:
    """Whether the answer may have calls."""
    return bool(body.tools) and body.tool_choice != "none"


def calls_asked_of(body: ChatRequest) -> Source | None:
    """The grammar of an answer that may have calls. Raises `InvalidRequest`."""
    if not may_call(body):
        return None
    named = body.tool_choice.function.name if isinstance(body.tool_choice, NamedChoice) else None
    tools = [
        Tool(tool.function.name, _schema(tool), f"tools.{i}.function.parameters of {tool.function.name!r}")
        for i, tool in enumerate(body.tools or ())
        if named in (None, tool.function.name)
    ]
    most = MAX_CALLS if body.parallel_tool_calls and named is None else 1
    return tools_source(tools, text=body.tool_choice == "auto", most=most)


def texts(body: ChatRequest) -> Iterable[str]:
    """All that goes into the prompt of `body`."""
    for message in body.messages:
        yield message.text
        yield from (call.function.arguments for call in message.tool_calls or ())
    yield from (_line(tool) for tool in body.tools or ())


def messages(body: ChatRequest) -> list[dict[str, Any]]:
    """For a chat template that knows tools."""
    return [_message(message) for message in body.messages]


def listed(body: ChatRequest) -> list[dict[str, Any]]:
    """The tools for a chat template that takes them."""
    return [{"type": "function", "function": _described(tool)} for tool in body.tools or ()]


def as_text(body: ChatRequest, system: str | None) -> list[dict[str, Any]]:
    """Messages for a chat template that knows no tools: they stand in the system message, calls and results as text.

    `system` is an expert's own system message, for a conversation that has none.
    """
    made: list[dict[str, Any]] = []
    before = None
    for message in body.messages:
        if message.role == before == "tool":
            made[-1]["content"] += f"\n{_text(message)}"  # one turn, however many results
        else:
            made.append({"role": "user" if message.role == "tool" else message.role, "content": _text(message)})
        before = message.role
    return _with_tools(made, system, body.tools) if body.tools else made


def _with_tools(
    messages: list[dict[str, Any]], system: str | None, tools: Sequence[FunctionTool]
) -> list[dict[str, Any]]:
    how = _HOW.format(tools="\n".join(map(_line, tools)))
    if messages[0]["role"] in ("system", "developer"):
        first, *messages = messages
        system = first["content"]
    return [{"role": "system", "content": f"{system}\n\n{how}" if system else how}, *messages]


def _text(message: Message) -> str:
    if message.role == "tool":
        return f"<tool_response>\n{message.text}\n</tool_response>"
    calls = [called(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    return "\n".join([message.text, *calls] if message.text else calls)


def _message(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        made["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": from_json(call.function.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.role == "tool":
        made["tool_call_id"] = message.tool_call_id
    return made


def _line(tool: FunctionTool) -> str:
    return json.dumps(_described(tool), ensure_ascii=False)


def _described(tool: FunctionTool) -> dict[str, Any]:
    about = {"description": tool.function.description} if tool.function.description else {}
    return {"name": tool.function.name, **about, "parameters": _schema(tool)}


def _schema(tool: FunctionTool) -> dict[str, Any]:
    return tool.function.parameters or _NO_ARGUMENTS
