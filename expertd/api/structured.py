"""What a request, or else its expert, asks of the form of the answer."""

from __future__ import annotations

from expertd.api.schema import ChatRequest, Common, JsonObjectFormat, JsonSchemaFormat
from expertd.api.tools import calls_asked_of
from expertd.errors import InvalidRequest
from expertd.experts.manifest import AnswerGrammar
from expertd.grammar.compiler import Source, json_source


def asked_of(body: Common) -> Source | None:
    """The grammar that a request gives. Raises `InvalidRequest`, for more than one too."""
    found = [*_from_format(body)]
    if body.json_schema is not None:
        found.append(json_source(body.json_schema, "json_schema"))
    if body.grammar:  # llama-server's clients send an empty one for none
        found.append(Source("gbnf", body.grammar, "grammar"))
    if body.regex is not None:
        found.append(Source("regex", body.regex, "regex"))
    if body.lark is not None:
        found.append(Source("lark", body.lark, "lark"))
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
        return [json_source({"type": "object"}, "response_format")]
    if isinstance(asked, JsonSchemaFormat):
        return [json_source(asked.json_schema.schema_, "response_format.json_schema.schema")]
    return []


def asked_by(grammar: AnswerGrammar, expert: str) -> Source:
    """The grammar of an expert's manifest."""
    param = f"the grammar of expert {expert!r}"
    if grammar.json_schema is not None:
        return json_source(grammar.json_schema, param)
    if grammar.regex is not None:
        return Source("regex", grammar.regex, param)
    if grammar.lark is not None:
        return Source("lark", grammar.lark, param)
    assert grammar.gbnf is not None  # the manifest was checked
    return Source("gbnf", grammar.gbnf, param)
