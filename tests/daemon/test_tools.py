"""Tool calls, asked for as clients do: the `openai` package, and raw HTTP for what it would not send."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import httpx
import jsonschema
import pytest
from openai import OpenAI

CHAT = "/v1/chat/completions"
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "maxLength": 20},
                "unit": {"enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 14},
            },
            "required": ["city", "unit"],
        },
    },
}
ADD: Any = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {
            "type": "object",
            "properties": {"numbers": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 4}},
            "required": ["numbers"],
            "additionalProperties": False,
        },
    },
}
NOW: Any = {"type": "function", "function": {"name": "now", "description": "The time of day."}}
TOOLS = [WEATHER, ADD, NOW]
SCHEMAS = {tool["function"]["name"]: tool["function"].get("parameters", {"maxProperties": 0}) for tool in TOOLS}
ASKED: list[Any] = [{"role": "user", "content": "What is the weather in Paris, and what is 2 + 3?"}]
# As text of the model's own: what an assistant said before makes even a small model go on like that.
SHOWN: list[Any] = [
    {"role": "user", "content": "What is the weather in Rome?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "get_weather", "arguments": '{"city": "Rome", "unit": "celsius"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees, sunny"},
    {"role": "assistant", "content": "It is sunny in Rome, at 18 degrees."},
    {"role": "user", "content": "What is the weather in Paris?"},
]


def check(calls: Iterable[Any]) -> list[str]:
    """The names of calls whose arguments follow their schemas."""
    names = []
    for call in calls:
        assert call.type == "function" and call.id.startswith("call_") and len(call.id) == 29
        jsonschema.validate(json.loads(call.function.arguments), SCHEMAS[call.function.name])
        names.append(call.function.name)
    return names


@pytest.mark.parametrize("temperature", [0.0, 1.5])
@pytest.mark.parametrize("model", ["base", "alpha"])
def test_a_call_that_is_required_comes_and_follows_its_schema(openai: OpenAI, model: str, temperature: float) -> None:
    answer = openai.chat.completions.create(
        model=model,
        messages=ASKED,
        tools=TOOLS,
        tool_choice="required",
        temperature=temperature,
        n=3,
        seed=1,
        max_tokens=1000,
        parallel_tool_calls=False,  # a random expert finds no end
    )
    ids = []
    for choice in answer.choices:
        assert choice.finish_reason == "tool_calls" and choice.message.content is None
        assert check(choice.message.tool_calls or ())
        ids += [call.id for call in choice.message.tool_calls or ()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_function_that_is_named_is_called_once(openai: OpenAI, name: str) -> None:
    choice = openai.chat.completions.create(
        model="base",
        messages=ASKED,
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": name}},
        parallel_tool_calls=False,
        temperature=1.5,
        seed=2,
        max_tokens=200,
    ).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert check(choice.message.tool_calls or ()) == [name]


def test_several_calls_come_in_one_answer_where_that_is_allowed(openai: OpenAI) -> None:
    for parallel in (True, False):
        answer = openai.chat.completions.create(
            model="base",
            messages=ASKED,
            tools=[NOW],
            tool_choice="required",
            parallel_tool_calls=parallel,
            logit_bias={str(token): -100 for token in range(17)},  # no end: so calls come as long as they may
            max_tokens=1500,
        ).choices[0]
        assert answer.finish_reason == "tool_calls"
        assert check(answer.message.tool_calls or ()) == ["now"] * (16 if parallel else 1)


def test_auto_leaves_it_to_the_model(openai: OpenAI) -> None:
    def ask(messages: list[Any], temperature: float) -> list[Any]:
        return openai.chat.completions.create(
            model="base", messages=messages, tools=[WEATHER], temperature=temperature, n=8, seed=3, max_tokens=120
        ).choices

    choices = [*ask(SHOWN, 0.8), *ask(SHOWN, 1.2), *ask([{"role": "user", "content": "Say hello."}], 0.8)]
    called = [choice for choice in choices if choice.message.tool_calls]
    said = [choice for choice in choices if not choice.message.tool_calls]
    assert (
        said
    )  # whether a model so small ever calls is up to it: what it may write is in tests/grammar/test_tool_grammar.py
    for choice in called:
        if choice.finish_reason == "tool_calls":
            check(choice.message.tool_calls)
    for choice in said:
        assert choice.message.content and choice.finish_reason in ("stop", "length")
        assert "<tool_call>" not in choice.message.content


def streamed(chunks: Iterable[Any]) -> dict[str, Any]:
    """What the chunks of one choice say together."""
    content, calls, reason = None, [], None
    for chunk in chunks:
        delta = chunk.choices[0].delta
        if delta.content is not None:
            content = (content or "") + delta.content
        for part in delta.tool_calls or ():
            if part.index == len(calls):
                assert part.id and part.type == "function"
                calls.append({"name": part.function.name, "arguments": []})
            else:
                assert part.index == len(calls) - 1 and part.id is None and part.function.name is None
            calls[part.index]["arguments"].append(part.function.arguments)
        reason = chunk.choices[0].finish_reason or reason
    return {"content": content, "calls": calls, "reason": reason}


@pytest.mark.parametrize("choice", ["auto", "required"])
@pytest.mark.parametrize("seed", range(4))
def test_a_stream_says_what_a_whole_answer_says(openai: OpenAI, choice: Any, seed: int) -> None:
    body: Any = {
        "model": "base",
        "messages": SHOWN,
        "tools": TOOLS,
        "tool_choice": choice,
        "seed": seed,
        "max_tokens": 150,
        "temperature": 1.0,
    }
    openai.chat.completions.create(**{**body, "max_tokens": 1})  # both then find the prompt in the cache
    whole = openai.chat.completions.create(**body).choices[0]
    parts = streamed(openai.chat.completions.create(**body, stream=True))
    assert (parts["content"] or None, parts["reason"]) == (whole.message.content or None, whole.finish_reason)
    assert [(call["name"], "".join(call["arguments"])) for call in parts["calls"]] == [
        (call.function.name, call.function.arguments) for call in whole.message.tool_calls or ()
    ]
    if choice == "required":
        assert len(parts["calls"][0]["arguments"]) > 2  # they come as they are made


def test_the_openai_packages_own_reading_of_a_stream(openai: OpenAI) -> None:
    with openai.chat.completions.stream(
        model="base", messages=ASKED, tools=TOOLS, tool_choice="required", seed=1, max_tokens=1000
    ) as stream:
        done = stream.get_final_completion().choices[0]
    assert done.finish_reason == "tool_calls"
    assert check(done.message.tool_calls or ())


def test_a_call_that_is_cut_says_so(openai: OpenAI) -> None:
    choice = openai.chat.completions.create(
        model="base", messages=ASKED, tools=[WEATHER], tool_choice="required", max_tokens=30
    ).choices[0]
    assert choice.finish_reason == "length"
    assert choice.message.tool_calls and choice.message.tool_calls[0].function.arguments.startswith('{"city"')


def test_results_are_answered_in_a_later_turn(openai: OpenAI) -> None:
    first = openai.chat.completions.create(
        model="base", messages=ASKED, tools=TOOLS, tool_choice="required", seed=4, max_tokens=1000
    ).choices[0]
    calls = first.message.tool_calls or []
    results: list[Any] = [{"role": "tool", "tool_call_id": call.id, "content": "17"} for call in calls]
    later = [*ASKED, first.message.to_dict(), *results]
    answer = openai.chat.completions.create(
        model="base", messages=later, tools=TOOLS, tool_choice="none", temperature=0, max_tokens=30
    )
    assert answer.choices[0].message.content and not answer.choices[0].message.tool_calls
    without = openai.chat.completions.create(
        model="base", messages=[*ASKED, first.message.to_dict(), *results[:-1]], tools=TOOLS, max_tokens=1
    )
    assert answer.usage and without.usage
    assert answer.usage.prompt_tokens > without.usage.prompt_tokens  # the last result is in the prompt


def test_with_none_tools_are_shown_and_a_form_holds(client: httpx.Client) -> None:
    body = {"model": "base", "messages": ASKED, "regex": "[0-9]{3}", "max_tokens": 20}
    plain = client.post(CHAT, json=body).raise_for_status().json()
    shown = client.post(CHAT, json={**body, "tools": TOOLS, "tool_choice": "none"}).raise_for_status().json()
    assert shown["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"] + 100
    assert len(shown["choices"][0]["message"]["content"]) == 3


def tool(**function: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": function}]}


def strict(schema: Any) -> dict[str, Any]:
    return tool(name="look_up", parameters={"type": "object", "properties": {"key": schema}, "required": ["key"]})


def after_call(**message: Any) -> dict[str, Any]:
    return {"messages": [*SHOWN[:2], {"role": "tool", "content": "x", **message}]}


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a tool of no type": ({"tools": [{"function": {"name": "f"}}]}, "tools.0.type"),
    "a tool of another type": ({"tools": [{"type": "retrieval"}]}, "tools.0.type"),
    "tools that are no list": ({"tools": {"name": "f"}}, "tools"),
    "too many tools": ({"tools": [{**NOW, "function": {"name": f"f{i}"}} for i in range(129)]}, "128"),
    "a tool without a name": (tool(description="x"), "tools.0.function.name"),
    "a name with a dot": (tool(name="a.b"), "tools.0.function.name"),
    "a name that ends in a newline": (tool(name="a\n"), "tools.0.function.name"),
    "a name that is too long": (tool(name="a" * 65), "tools.0.function.name"),
    "two tools of one name": ({"tools": [NOW, NOW]}, "'now'"),
    "parameters that are no schema": (tool(name="f", parameters=[]), "tools.0.function.parameters"),
    "parameters of no object": (tool(name="f", parameters={"type": "string"}), "of 'f'"),
    "a keyword that cannot be enforced": (strict({"type": "array", "uniqueItems": True}), "uniqueItems"),
    "a keyword of a tool by its name": (strict({"not": {"type": "string"}}), "of 'look_up'"),
    "a schema that contradicts itself": (strict({"type": "integer", "minimum": 2, "maximum": 1}), "look_up"),
    "a schema of an unknown type": (strict({"type": "dict"}), "dict"),
    "a schema that is huge": (strict({"enum": ["x" * 70_000]}), "bytes"),
    "an unknown choice": ({"tools": TOOLS, "tool_choice": "maybe"}, "tool_choice"),
    "a choice that is none of the tools": (
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "f"}}},
        "none of `tools`",
    ),
    "a required call of nothing": ({"tool_choice": "required"}, "needs `tools`"),
    "a named call of nothing": ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice"),
    "tools and a regex": ({"tools": TOOLS, "regex": "a"}, '"tool_choice": "none"'),
    "tools and a response format": ({"tools": TOOLS, "response_format": {"type": "json_object"}}, "response_format"),
    "functions as they were": ({"functions": [{"name": "f"}]}, "`tools`"),
    "a function call as it was": ({"function_call": {"name": "f"}}, "`tools`"),
    "parallel calls of another type": ({"tools": TOOLS, "parallel_tool_calls": "no"}, "parallel_tool_calls"),
    "a result of nothing": ({"messages": [{"role": "tool", "tool_call_id": "x", "content": "1"}]}, "'x'"),
    "a result without its call's id": (after_call(), "tool_call_id is missing"),
    "a result of another call": (after_call(tool_call_id="call_2"), "'call_2'"),
    "calls of a user": ({"messages": [{**SHOWN[1], "role": "user", "content": "x"}]}, "role 'user'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_is_a_400_that_says_where(client: httpx.Client, name: str) -> None:
    fault, told = FAULTS[name]
    refused = client.post(CHAT, json={"model": "base", "messages": ASKED, "max_tokens": 5, **fault})
    assert refused.status_code == 400, refused.text
    assert told in refused.json()["error"]["message"]


@pytest.mark.parametrize("arguments", ["", "{", "[1]", '{"x": NaN}', "[" * 100_000, '{"x": ' + "9" * 100_000 + "}"])
def test_arguments_of_an_earlier_call_must_be_an_object(client: httpx.Client, arguments: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    messages = [*ASKED, {"role": "assistant", "tool_calls": [call]}]
    refused = client.post(CHAT, json={"model": "base", "messages": messages})
    assert refused.status_code == 400, refused.text
    assert "messages.1.tool_calls.0.function.arguments" in refused.json()["error"]["message"]


def test_tools_are_for_chats(client: httpx.Client) -> None:
    refused = client.post("/v1/completions", json={"prompt": "x", "tools": TOOLS})
    assert refused.status_code == 400 and "/v1/chat/completions" in refused.json()["error"]["message"]
