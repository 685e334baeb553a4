"""Random JSON schemas: what people write, and how it contradicts and repeats itself."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

NAMES = ("a", "b", "id", "total amount", "é\n", "$ref")
PATTERNS = (
    "^a+$",
    r"^[A-Z]{2}-\d+$",
    "b",
    "^(x|yz)*$",
    "^.{2,5}$",
    r"\s",
    r"^\w+@\w+\.de$",
    "(a|aa)+c",
    "^(?!a)b",
)
FORMATS = ("date", "time", "date-time", "email", "uuid", "ipv4", "ipv6", "hostname", "uri", "duration")
BOUNDS = (-1000, -3.25, -1, 0, 0.5, 1, 2, 3.14, 7, 100, 99.999, 1e15, 2**53)
VALUES = (
    None,
    True,
    False,
    0,
    1,
    -7,
    2.5,
    1e-7,
    12345678901,
    "",
    "a",
    'q"\\',
    "é\n",
    [],
    [1, [None]],
    {},
    {"a": 1, "é": [0.5]},
)
Schemas = st.SearchStrategy[Any]


def _with(needed: dict[str, Any], **optional: Schemas) -> Schemas:
    """Schemas with these keywords; a value that is no strategy stands for itself."""
    strategies = {k: v if isinstance(v, st.SearchStrategy) else st.just(v) for k, v in needed.items()}
    return st.fixed_dictionaries(strategies, optional=optional)


def _plain() -> Schemas:
    """Schemas with none within."""
    text, few, bound = st.just("t"), st.integers(0, 9), st.sampled_from(BOUNDS)
    return st.one_of(
        _with({"type": st.sampled_from(["null", "boolean", ["string", "null"], "object", "array"])}, title=text),
        _with({"type": "string"}, minLength=few, maxLength=few, pattern=st.sampled_from(PATTERNS)),
        _with({"format": st.sampled_from(FORMATS)}, type=st.just("string"), maxLength=st.integers(0, 40)),
        _with(
            {"type": st.sampled_from(["integer", "number", ["integer", "null"]])},
            minimum=bound,
            exclusiveMinimum=bound,
            maximum=bound,
            multipleOf=st.sampled_from([1, 3, 5, 10, 0.5, 0.25, 2.0]),
        ),
        _with({"enum": st.lists(st.sampled_from(VALUES), min_size=1, max_size=6)}, description=text),
        _with({"const": st.sampled_from(VALUES)}, default=text),
        _with({"$ref": st.sampled_from(["#/$defs/x", "#/$defs/y", "#"])}, title=text),
    )


def _around(inner: Schemas) -> Schemas:
    """Schemas with others within."""
    few, names, most = st.lists(inner, min_size=1, max_size=3), st.sampled_from(NAMES), st.integers(0, 5)
    properties = st.dictionaries(names, inner, min_size=1, max_size=4)
    patterns = st.dictionaries(st.sampled_from(["^x", "^[0-9]+$", "a$"]), inner, min_size=1, max_size=2)
    required, others = st.lists(names, max_size=3, unique=True), st.booleans() | inner
    counts = {"minProperties": st.integers(0, 2), "maxProperties": most}
    return st.one_of(
        _with({"type": "object", "properties": properties}, required=required, additionalProperties=others),
        _with(
            {"type": "object", "properties": properties, "required": required},
            additionalProperties=others,
            **counts,
        ),
        _with({"type": "object"}, patternProperties=patterns, additionalProperties=others, **counts),
        _with({"type": "array", "items": inner}, minItems=most, maxItems=most, uniqueItems=st.just(False)),
        _with({"prefixItems": few}, items=others, minItems=most, type=st.just("array")),
        *(_with({name: few}, title=st.just("t")) for name in ("anyOf", "allOf", "oneOf")),
        _with({"anyOf": few, "properties": properties}, additionalProperties=others, required=required),
    )


def schemas() -> Schemas:
    """With two definitions that they may refer to."""
    plain = _plain()
    any_depth = st.recursive(plain, _around, max_leaves=12)
    return st.builds(lambda schema, x, y: {**schema, "$defs": {"x": x, "y": y}}, _around(any_depth), any_depth, plain)


def drawn(n: int) -> list[Any]:
    """The same ones each time."""
    found: list[Any] = []

    @settings(
        derandomize=True,
        max_examples=n,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(schemas())
    def draw(schema: Any) -> None:
        found.append(schema)

    draw()
    return found
