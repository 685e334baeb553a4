"""What a model name may be, and when two blends are one."""

import pytest

from expertd.errors import InvalidRequest, UnknownModel
from expertd.experts.blend import BASE, Blend, Part, parse_model


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("base", []),
        ("auto", []),
        ("sql", [("sql", 1.0)]),
        ("sql+english", [("sql", 1.0), ("english", 1.0)]),
        ("sql:0.8+json:0.2", [("sql", 0.8), ("json", 0.2)]),
        ("sql:-1+json:4", [("sql", -1.0), ("json", 4.0)]),
        ("sql:0", [("sql", 0.0)]),
        ("+".join(f"e{i}" for i in range(10)), [(f"e{i}", 1.0) for i in range(10)]),
    ],
)
def test_a_model_name_spells_experts_and_scales(name: str, parts: list[tuple[str, float]]) -> None:
    assert parse_model(name, 10) == parts


@pytest.mark.parametrize(
    "name",
    [
        "", "+", "sql+", "+sql", ":1", "sql:", "sql:x", "sql:nan", "sql:inf", "sql:-inf", "sql:1e999", "sql:4.01",
        "sql:1:2", "sql+sql", "sql:0.5+json+sql:0.5", "base+sql", "sql+auto", "base:0.5",
        "+".join(f"e{i}" for i in range(11)),
    ],
)  # fmt: skip
def test_a_misspelt_blend_is_an_invalid_request(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_model(name, 10)
    assert caught.value.param == "model"


@pytest.mark.parametrize(
    "name", ["../sql", "/etc/passwd", "SQL", "gpt-4.1", "sql\n", "sql ", "ß", "\x00", "-sql", "a" * 33, "a" * 100_000]
)
def test_what_cannot_be_a_name_is_an_unknown_model(name: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        parse_model(name, 10)
    assert len(caught.value.message) < 400


def test_the_key_depends_on_content_and_scale_and_on_nothing_else() -> None:
    sql, json = Part("sql", "aa", 0.8), Part("json", "bb", 0.2)
    blend = Blend((sql, json))
    assert blend.key == Blend((json, sql)).key
    assert blend.key == Blend((Part("renamed", "aa", 0.8), json)).key
    assert blend.key != Blend((Part("sql", "aa", 0.7), json)).key
    assert blend.key != Blend((Part("sql", "cc", 0.8), json)).key
    assert blend.key != Blend((Part("sql", "aa", 0.2), Part("json", "bb", 0.8))).key
    assert blend.key != Blend((sql,)).key != BASE.key


def test_a_blend_is_hashable_and_stays_as_it_is() -> None:
    blend = Blend((Part("sql", "aa", 1.0),))
    assert {blend: 1}[Blend((Part("sql", "aa", 1.0),))] == 1
    with pytest.raises(AttributeError):
        blend.parts = ()  # type: ignore[misc]
