"""What is refused of a JSON schema before it is compiled, and what is written anew so that it is enforced exactly."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from expertd.errors import InvalidRequest
from expertd.grammar import json_schema
from expertd.grammar.compiler import json_source
from expertd.grammar.json_schema import MAX_DEPTH, enforceable
from expertd.grammar.one_of import WORK, exclusive

OLDEST = "http://json-schema.org/draft-04/schema#"
OLD, NEW = "http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"
PETS = {
    "oneOf": [{"$ref": "#/$defs/cat"}, {"$ref": "#/$defs/dog"}],
    "$defs": {
        name: {
            "type": "object",
            "properties": {"kind": {"const": name}, has: {"type": kind}},
            "required": ["kind", has],
            "additionalProperties": False,
        }
        for name, has, kind in (("cat", "lives", "integer"), ("dog", "barks", "boolean"))
    },
}
OLDEST = "http://json-schema.org/draft-04/schema#"
UUID4 = "01234567-89ab-4def-8123-456789abcdef"
# As pydantic writes a union with a discriminator whose values are defaults.
TAGGED = {
    "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/$defs/cat", "dog": "#/$defs/dog"}},
    "oneOf": [{"$ref": "#/$defs/cat"}, {"$ref": "#/$defs/dog"}],
    "$defs": {
        name: {"type": "object", "properties": {"kind": {"const": name, "default": name}, "lives": {"type": "integer"}}}
        for name in ("cat", "dog")
    },
}
NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}


def of_kind(name: str) -> Any:
    return {"type": "object", "properties": {"kind": {"const": name}}, "required": ["kind"]}


def chain(n: int) -> Any:
    return {
        "$ref": "#/$defs/0",
        "$defs": {str(i): {"items": {"$ref": f"#/$defs/{i + 1}"}} for i in range(n)} | {str(n): {}},
    }


def nested(n: int) -> Any:
    schema: Any = {}
    for _ in range(n):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        *(({keyword: {"maxLength": 1}}, f"`{keyword}`") for keyword in sorted(json_schema.REFUSED)),
        ({"properties": {"a/b": {"not": {}}}}, "schema at #/properties/a~1b: `not`"),
        (
            {"items": {"anyOf": [{}, {"$ref": "#/$defs/x"}]}, "$defs": {"x": {"uniqueItems": True}}},
            "#/$defs/x: `uniqueItems`",
        ),
        ({"uniqueItems": True, "x-guidance": {"lenient": True}}, "uniqueItems"),
        ({"const": 2**53 + 1}, "#/const: a number beyond 2^53"),
        ({"enum": [[1, {"a": 10**400}]]}, "#/enum: a number beyond 2^53"),
        ({"minimum": float("nan")}, "#/minimum"),
        ({"maximum": float("inf")}, "#/maximum"),
        ({"minimum": 1e-16}, "#/minimum: 1e-16 has over 15 decimals"),
        ({"minimum": "3"}, "#/minimum: a number is wanted"),
        ({"exclusiveMinimum": True, "minimum": 1}, "#/exclusiveMinimum: a number is wanted"),
        ({"multipleOf": 0.01}, "0.01"),
        ({"multipleOf": 1e-9}, "1e-09"),
        ({"multipleOf": 0}, "#/multipleOf: 0 is not taken"),
        ({"multipleOf": 7.0}, "#/multipleOf: 7.0 is not taken"),
        ({"multipleOf": 7.25}, "#/multipleOf: 7.25 is not taken"),
        ({"multipleOf": 257}, "#/multipleOf: the least common multiple of all `multipleOf` is over 256"),
        ({"anyOf": [{"multipleOf": 0.5}, {"multipleOf": 3}]}, "#/anyOf/1/multipleOf: 0.5 and the like"),
        ({"exclusiveMinimum": 0, "maximum": 0.5}, "#/exclusiveMinimum: 0 cannot be excluded"),
        ({"allOf": [{"exclusiveMaximum": -3}, {"minimum": -3.5}]}, "#/allOf/0/exclusiveMaximum: -3 cannot be excluded"),
        ({"allOf": [{"multipleOf": 47}, {"multipleOf": 53}]}, "least common multiple"),
        ({"format": "phone"}, "#/format: 'phone' is not enforced, only base64,"),
        ({"format": "regex"}, "#/format: 'regex' is not enforced"),
        ({"$schema": "https://example.com/mine"}, "`$schema`"),
        ({"$schema": 7}, "`$schema`"),
        ({"minProperties": 2}, "`minProperties` 2"),
        ({"minProperties": 3, "required": ["a", "a"]}, "`minProperties` 3"),
        ({"minItems": 10**6}, "#/minItems: it is 1,000,000"),
        ({"minLength": 100_000}, "#/minLength"),
        ({"minLength": -1}, "#/minLength: a whole number"),
        ({"minItems": 1.5}, "#/minItems: a whole number"),
        ({"$ref": "#/$defs/x", "maxItems": 2, "$schema": OLD, "$defs": {"x": {}}}, "`maxItems` beside `$ref`"),
        ({"prefixItems": [{}], "$schema": OLD}, "`prefixItems`"),
        ({"items": [{}], "$schema": NEW}, "a list of `items`"),
        ({"items": [{}], "prefixItems": [{}]}, "`prefixItems`"),
        ({"$ref": "#anchor", "$defs": {"x": {"$anchor": "anchor"}}}, "#/$ref: '#anchor'"),
        ({"$ref": "https://example.com/x.json"}, "#/$ref: 'https://example.com/x.json'"),
        ({"$ref": "#/nowhere"}, "#/nowhere: there is nothing"),
        ({"$ref": "#/allOf/-1", "allOf": [{}]}, "#/allOf/-1: there is nothing"),
        ({"$ref": "#/$defs/x", "$defs": {"x": [1]}}, "#/$defs/x: a schema is an object"),
        ({"properties": {"a": {"$id": "b"}}}, "#/properties/a: `$id`"),
        ({"$schema": OLDEST, "properties": {"a": {"id": "b"}}}, "#/properties/a: `id`"),
        ({"$ref": "#/$defs/x/$defs/y", "$defs": {"x": {"$id": "x", "$defs": {"y": {}}}}}, "`$id`"),
        ({"$ref": "#"}, "`$ref` leads back to itself"),
        ({"anyOf": [{"type": "null"}, {"$ref": "#"}]}, "`$ref` leads back to itself"),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"allOf": [{"$ref": "#"}]}}}, "`$ref` leads back to itself"),
        ({"$ref": "#/$defs/node", "$defs": {"node": NODE}}, "#/$defs/node: it never ends"),
        ({"properties": {"a": {"$ref": "#/$defs/node"}}, "$defs": {"node": NODE}}, "#/$defs/node: it never ends"),
        ({"type": "array", "minItems": 1, "items": {"$ref": "#"}}, "it never ends"),
        ({"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#"}}, "it never ends"),
        ({"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": "#"}]}}, "it never ends"),
        ({"type": "strange"}, "'strange'"),
        ({"type": []}, "#/type"),
        ({"enum": []}, "#/enum"),
        ({"anyOf": []}, "#/anyOf"),
        ({"allOf": {}}, "#/allOf"),
        ({"required": "a"}, "#/required"),
        ({"properties": []}, "#/properties"),
        ({"properties": {"a": 1}}, "#/properties/a: a schema is an object"),
        ({"const": "a\x01"}, "#/const"),
        ({"enum": ["a", {"b": ["\x7f"]}]}, "#/enum"),
        ({"patternProperties": {r"^\d": {}}}, r"#/patternProperties: `\d`"),
        ({"properties": {str(i): {} for i in range(301)}}, "301 properties"),
        ({"enum": list(range(5001))}, "5,000 values"),
        ({"const": [[0] * 2500] * 2}, "5,000 values"),
        (
            {"allOf": [{"minProperties": 1}, {"properties": {str(i): {} for i in range(33)}}]},
            "#/allOf/0: `minProperties`",
        ),
        ({"patternProperties": {f"^{i:02}": {} for i in range(11)}}, "11 patterns"),
        ({"pattern": "a" * 1001}, "1,001 characters"),
        (nested(MAX_DEPTH), "levels deep"),
        (chain(1300), "levels"),
        ({"default": [0] * 100_000}, "100,000 values"),
        ({"anyOf": [{"type": "string"}] * 2001}, "2,000 schemas"),
        ([], "a schema is an object"),
        (False, "`false`"),
    ],
)
def test_what_is_not_enforced_exactly_is_refused_by_its_name_and_place(schema: Any, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        json_source(schema, "schema")
    assert refused.value.message.startswith("schema") and told in refused.value.message
    assert len(refused.value.message) < 500


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\D", r"\W", r"\b", r"\B", r"\p{L}", r"\1", r"\cA", r"\0", r"\a", r"\v", r"\A", r"\z", r"\Z", r"\<"),
        *(r"\x00", r"\u0001", r"\x1f", r"\x7f"),
        *("(?i)a", "(?=a)", "(?!a)", "(?<=a)", "(?P<n>a)", "(?<n>a)", "(?>a)", "(?#a)"),
        *("[]", "[^]", "[]a]", "[a&&b]", "[a--b]", "[a~~b]", "[[:alpha:]]", "[a[b]", r"[\d-x]", r"[^\d]", r"[^a\w]"),
        *("a++", "a**", "a?+", "a{2}{3}", "{a", "a{,2}", "a{b", "[a"),
        "\x01",
    ],
)
def test_a_pattern_that_is_not_read_alike_everywhere_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidRequest, match=r"#/pattern: "):
        json_source({"type": "string", "pattern": pattern}, "schema")


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        (r"^[A-Z]{2}-\d+$", "AB-12", "AB-1٣"),
        ("^a|b$", "xb", "ba"),
        (r"^(a|b|)$", "", "ab"),
        (r"^\w+\.\w{2,4}?$", "a_.de", "é.de"),
        (r"^\d\d-\d\w-\S-x$", "12-3a-?-x", "12-34-ab-x"),
        (r"^[\w.-]+@[^@\s]+$", "a.b@c", "a@ c"),
        (r"^[^\]\\a-c-]$", "d", "-"),
        (r'^[^"\\]+$', "a\n", 'a"'),
        (r'^[^"\\]+$', "é", "\\"),
        ("^[^-a]$", "b", "-"),
        ("^[^ -~]$", "é", '"'),
        (r"^\u0041\x42\/\-\\$", "AB/-\\", "AB"),
        (r"^(?:x|y)*?z$", "xyz", "x"),
        ("^.$", "😀", "\n"),
        ("b", "abc", "ac"),
    ],
)
def test_a_pattern_is_followed_as_python_reads_it(follows, pattern: str, right: str, wrong: str) -> None:
    source = json_source({"type": "string", "pattern": pattern}, "schema")
    assert re.search(pattern, right) and follows(source, json.dumps(right, ensure_ascii=False))
    assert not follows(source, json.dumps(wrong, ensure_ascii=False))


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        ("date", ["2024-02-29", "2000-02-29", "0001-12-31"], ["2023-02-29", "1900-02-29", "0000-01-01", "2024-04-31"]),
        ("time", ["23:59:59Z", "00:00:00.5+23:59"], ["23:59:60Z", "24:00:00Z", "12:00:00", "12:00:00+24:00"]),
        ("date-time", ["2024-02-29T12:00:00Z"], ["2023-02-29T12:00:00Z", "2024-02-29 12:00:00Z"]),
        ("hostname", ["a.example", "a-b.c1"], ["-a", "a-", "a..b", "xn--a", "a" * 64, ".".join(["a" * 31] * 9)]),
        ("email", ["a.b@c.example"], ["a", "a..b@c", "@c"]),
        ("ipv4", ["255.0.0.1"], ["256.0.0.1", "01.0.0.1"]),
        ("ipv6", ["::1", "1::", "1:2:3:4:5:6:7:8"], ["1:2", ":::", "1::2::3"]),
        ("uuid", ["01234567-89ab-cdef-0123-456789abcdef"], ["01234567"]),
        ("duration", ["P1Y2M3D", "PT1H", "P2W"], ["P", "1Y", "P1Y2W"]),
        ("uri", ["https://a.example/b?c#d", "urn:a"], ["a", "//a", "http://a b"]),
    ],
)
def test_a_format_is_what_its_standard_says(follows, form: str, right: list[str], wrong: list[str]) -> None:
    assert form in json_schema.FORMATS
    source = json_source({"type": "string", "format": form}, "schema")
    assert [text for text in right if not follows(source, json.dumps(text))] == []
    assert [text for text in wrong if follows(source, json.dumps(text))] == []


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        # A name that is taken does not come again, written in another way.
        ({"properties": {"a": {"type": "integer"}}}, '{"a": 1, "b": "x"}', '{"a": 1, "\\u0061": "x"}'),
        ({"properties": {"a\n": {"type": "integer"}}}, '{"a\\n": 1}', '{"a\\u000a": "x"}'),
        # A list of items is one whatever stands between.
        ({"items": [{"type": "null"}], "allOf": [{}], "additionalItems": False}, "[null]", "[null, 1]"),
        ({"prefixItems": [{"type": "null"}], "allOf": [{}], "items": {"type": "integer"}}, "[null, 1]", "[null, true]"),
        (
            {"patternProperties": {"^a$": {"type": "null"}}, "allOf": [{}], "additionalProperties": False},
            '{"a": null}',
            '{"b": 1}',
        ),
        (
            {"patternProperties": {"^a$": {"type": "null"}}, "additionalProperties": {"type": "integer"}},
            '{"a": null, "b": 1}',
            '{"a\\n": 1}',
        ),
        ({"minimum": 3, "allOf": [{}], "exclusiveMaximum": 4}, "3", "4"),
        # OpenAPI's formats say how a number is stored: that bounds it, or says nothing of it.
        ({"type": "integer", "format": "int32", "minimum": 0}, "2147483647", "2147483648"),
        ({"type": "integer", "format": "int64"}, "-9007199254740992", "9007199254740994"),
        ({"type": "number", "format": "double"}, "1.5", '"1.5"'),
        ({"type": "string", "format": "uri-reference"}, '"https://a.example/b"', '"a b"'),
        ({"type": "string", "format": "uuid4"}, f'"{UUID4}"', f'"{UUID4[:14]}1{UUID4[15:]}"'),
        # What says nothing, and what draft 4 said in its own way.
        ({"type": "object", "propertyNames": {"type": "string"}}, '{"a": 1}', "1"),
        ({"$schema": OLDEST, "type": "integer", "minimum": 2, "exclusiveMinimum": True}, "3", "2"),
        ({"$schema": OLDEST, "type": "integer", "minimum": 2, "exclusiveMinimum": False}, "2", "1"),
        # A limit beyond what is followed is met by a nearer one.
        ({"type": "integer", "maximum": 2**63 - 1}, "9007199254740992", "9007199254740994"),
        ({"type": "string", "maxLength": 65535}, '"a"', "1"),
        # The tag of alternatives is written, needed or not.
        (TAGGED, '{"kind": "cat", "lives": 9}', '{"lives": 9}'),
        # `$ref` names whatever a JSON pointer reaches, and what stands beside it holds as well.
        ({"$ref": "#/$defs/a~1b%25", "minimum": 2, "$defs": {"a/b%": {"type": "integer"}}}, "2", "1"),
        ({"prefixItems": [{"type": "null"}, {"$ref": "#/prefixItems/0"}]}, "[null, null]", "[null, 1]"),
        ({"type": ["object", "null"], "additionalProperties": {"$ref": "#"}}, '{"a": {"b": null}}', '{"a": 1}'),
        ({"$schema": OLD, "$ref": "#/definitions/x", "title": "", "definitions": {"x": {"type": "null"}}}, "null", "1"),
        ({"type": "string", "format": "date", "pattern": "^2"}, '"2024-01-01"', '"1024-01-01"'),
        ({"uniqueItems": False, "x-guidance": {"lenient": True}, "type": "array"}, "[1, 1]", "[1,1]"),
        ({"enum": [1.5, "é\n", None, {"b": [True], "a": 0}]}, '{"b": [true], "a": 0}', '{"a": 0, "b": [true]}'),
        ({"properties": {"$ref": {"type": "null"}, "const": {"type": "null"}}}, '{"$ref": null}', '{"const": 1}'),
        (
            {"required": ["b"], "minProperties": 2, "additionalProperties": {"type": "null"}},
            '{"b": null, "c": null}',
            '{"b": null}',
        ),
    ],
)
def test_a_schema_is_enforced_as_its_draft_has_it(follows, schema: Any, right: str, wrong: str) -> None:
    source = json_source(schema, "schema")
    assert follows(source, right) and not follows(source, wrong)


def test_what_says_nothing_of_values_is_left_out() -> None:
    words = (
        "title",
        "description",
        "default",
        "examples",
        "$comment",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentMediaType",
    )
    schema = {**dict.fromkeys(words, "x"), "x-order": 1, "$defs": {"unused": {"not": 0}}, "type": "null"}
    assert enforceable(schema, "schema") == {"type": "null"}


@pytest.mark.timeout(30)
def test_a_huge_schema_is_refused_before_it_is_gone_through() -> None:
    schema = {"description": "x" * 10**7, "enum": [[i] * 10 for i in range(10**6)]}
    with pytest.raises(InvalidRequest, match="more than"):
        json_source(schema, "schema")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([{"type": "integer"}, {"type": "number"}], False),
        ([{"type": "integer"}, {"type": ["string", "null"]}], True),
        ([{"const": "a"}, {"enum": ["b", "c"]}, {"type": "null"}], True),
        ([{"const": "a"}, {"enum": ["a", "c"]}], False),
        ([{"const": 1}, {"const": True}], True),
        ([{"const": 1}, {"const": 1.0}], False),
        ([{"const": {}}, {"type": "object"}], False),
        ([{"minimum": 3}, {"type": "string"}], False),
        ([{"type": "string", "minLength": 3}, {"type": "string", "maxLength": 2}], False),
        ([{}, False], True),
        ([True, True], False),
        ([of_kind("a"), of_kind("b")], True),
        ([of_kind("a"), of_kind("b") | {"required": []}], True),
        ([of_kind("a") | {"required": []}, of_kind("b") | {"required": []}], False),
        ([of_kind("a"), {"properties": {"kind": {"const": "b"}}}], True),
        (
            [{"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, {"properties": {"kind": {"const": "b"}}}],
            False,
        ),
        ([{"allOf": [{"$ref": "#/$defs/0"}]}, {"type": "string"}], True),
        ([{"$ref": "#/$defs/1"}, {"type": "string"}], False),
    ],
)
def test_alternatives_exclude_each_other_where_it_is_sure(options: Any, told: bool) -> None:
    definitions = {"0": {"type": "integer"}, "1": {"$ref": "#/$defs/1"}}
    assert exclusive(options, definitions, iter(range(WORK))) is told
    assert not exclusive(options, definitions, iter(()))
