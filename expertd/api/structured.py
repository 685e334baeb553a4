"""What a request, or else its expert, asks of the form of the answer."""

from __future__ import annotations

import json
from typing import Any

from expertd.api.schema import (
    ChatRequest,
    Common,
    CompletionRequest,
    CypherFormat,
    JsonObjectFormat,
    JsonSchemaFormat,
    SqlFormat,
)
from expertd.api.tools import calls_asked_of
from expertd.errors import InvalidRequest
from expertd.experts.manifest import AnswerGrammar
from expertd.grammar.compiler import Kind, Source, cypher_source, json_source, sql_source
from expertd.grammar.ddl import find_ddl

# Of a request, by the kind of grammar that they hold.
_FIELDS: tuple[tuple[Kind, str], ...] = (
    ("json_schema", "json_schema"),
    ("gbnf", "grammar"),
    ("regex", "regex"),
    ("lark", "lark"),
)


def asked_of(body: Common) -> Source | None:
    """The grammar that a request gives. Raises `InvalidRequest`, for more than one too."""
    found = [*_from_format(body)]
    for kind, name in _FIELDS:
        value = getattr(body, name)
        if value is not None and (value or name != "grammar"):  # llama-server's clients send an empty one for none
            found.append(_source(kind, value, name))
    if isinstance(body, ChatRequest) and (calls := calls_asked_of(body)):
        found.append(calls)
    if len(found) > 1:
        names = " and ".join(source.param for source in found)
        how = ', or `"tool_choice": "none"`' if found[-1].param == "tools" else ""
        raise InvalidRequest(f"{names} cannot both be followed: give one of them{how}", param=found[1].param)
    return found[0] if found else None


def _from_format(body: Common) -> list[Source]:
    asked = body.response_format
    if isinstance(asked, JsonObjectFormat):
        schema = {"type": "object"} if asked.schema_ is None else asked.schema_
        return [json_source(schema, "response_format" if asked.schema_ is None else "response_format.schema")]
    if isinstance(asked, JsonSchemaFormat):
        return [json_source(asked.json_schema.schema_, "response_format.json_schema.schema")]
    if isinstance(asked, SqlFormat):
        param = "response_format.schema"
        ddl = _ddl_of_prompt(body) if asked.schema_ is None else asked.schema_
        if ddl is None:
            raise InvalidRequest(f"{param}: it is left out, and no CREATE TABLE is in the prompt: give it", param=param)
        return [sql_source(ddl, asked.dialect, param)]
    if isinstance(asked, CypherFormat):
        return [cypher_source(asked.schema_, "response_format.schema")]
    return []


def schema_of(body: Common) -> str | None:
    """The JSON schema that the answer must follow, as text in one line; None where the request gives none."""
    asked, schema = body.response_format, body.json_schema
    if isinstance(asked, JsonObjectFormat):
        schema = asked.schema_
    elif isinstance(asked, JsonSchemaFormat):
        schema = asked.json_schema.schema_
    return None if schema is None else json.dumps(schema, ensure_ascii=False)


def _ddl_of_prompt(body: Common) -> str | None:
    """What the question is about. Where there are several prompts, they may be of several schemas, so it is none."""
    if isinstance(body, ChatRequest):
        return find_ddl(message.text for message in body.messages)
    if isinstance(body, CompletionRequest) and len(body.prompt) == 1:
        return find_ddl(prompt for prompt in body.prompt if isinstance(prompt, str))
    return None


def asked_by(grammar: AnswerGrammar, expert: str, body: Common) -> Source | None:
    """The grammar of an expert's manifest; None where it is of queries, and the prompt has no tables."""
    param = f"the grammar of expert {expert!r}"
    if grammar.sql is not None:
        ddl = _ddl_of_prompt(body)
        return None if ddl is None else sql_source(ddl, grammar.sql, param)
    return next(_source(kind, value, param) for kind, _ in _FIELDS if (value := getattr(grammar, kind)) is not None)


def _source(kind: Kind, value: Any, param: str) -> Source:
    return json_source(value, param) if kind == "json_schema" else Source(kind, value, param)
