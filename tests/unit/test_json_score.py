"""What share of a JSON answer is right when the expert and its base are scored."""

import json

import jsonschema
import pytest

from expertd.experts.sandbox import render_message
from expertd.grammar.json_schema import enforceable
from experts.json.score import BARS, grade, items, leaves
from experts.recipe import read_recipe
from experts.scoring import Item

ITEMS = items()
WANTED = {"name": "Ana Silva", "age": 31, "tags": ["a", "b"], "home": {"city": None, "own": True}}
ITEM = Item({}, (), WANTED)


def _schema(item: Item) -> object:
    return item.body["response_format"]["json_schema"]["schema"]


def test_every_reference_is_right() -> None:
    assert [item.about for item in ITEMS if grade(item, json.dumps(item.wanted)) != 1] == []


def test_every_reference_follows_its_schema_in_its_order() -> None:
    for item in ITEMS:
        schema = _schema(item)
        jsonschema.Draft202012Validator.check_schema(schema)
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.validate(item.wanted, schema, format_checker=checker)
        assert [name for name in schema["properties"] if name in item.wanted] == list(item.wanted)


def test_every_schema_is_one_that_answers_can_be_held_to() -> None:
    for item in ITEMS:
        assert enforceable(_schema(item), "response_format")


def test_the_items_are_many_and_distinct() -> None:
    assert len(ITEMS) >= 60
    assert len({item.about for item in ITEMS}) == len(ITEMS)
    assert len({json.dumps(_schema(item)) for item in ITEMS}) >= 40
    assert {len(item.base_bodies) for item in ITEMS} == {5}
    assert set(BARS) <= {"all"} | {item.group for item in ITEMS}


def test_every_prompt_has_the_schema_once() -> None:
    """With the manifest's template, whether the client put it there or not."""
    template = read_recipe("json")["expert"]["template"]
    for item in ITEMS:
        schema = json.dumps(_schema(item))
        asked = render_message(template, item.body["messages"][-1]["content"], schema)
        assert asked.count('"properties"') == schema.count('"properties"'), item.about
        assert all(body["messages"][-1]["content"].count('"properties"') >= 1 for body in item.base_bodies)


@pytest.mark.parametrize(
    "wrap", ["{}", "  {}\n", "```json\n{}\n```", "Here it is:\n```\n{}\n```\nDone {ok}", "Sure: {}."]
)
def test_it_is_seen_through(wrap: str) -> None:
    assert grade(ITEM, wrap.replace("{}", json.dumps(WANTED, indent=1))) == 1


@pytest.mark.parametrize(
    ("change", "share"),
    [
        ({"name": " ana  SILVA "}, 1),
        ({"age": 31.0}, 1),
        ({"name": "Ana"}, 5 / 6),
        ({"age": "31"}, 5 / 6),
        ({"age": 10**400}, 5 / 6),
        ({"age": True}, 5 / 6),
        ({"tags": ["b", "a"]}, 4 / 6),
        ({"tags": ["a"]}, 5 / 6),
        ({"tags": ["a", "b", "c"]}, 6 / 7),
        ({"tags": []}, 4 / 7),
        ({"home": {"city": "null", "own": True}}, 5 / 6),
        ({"home": {"city": None, "own": 1}}, 5 / 6),
        ({"home": {"own": True}}, 5 / 6),
        ({"more": 1}, 6 / 7),
    ],
)
def test_each_leaf_counts(change: dict[str, object], share: float) -> None:
    assert grade(ITEM, json.dumps({**WANTED, **change})) == pytest.approx(share)


@pytest.mark.parametrize(
    "answer", ["", "I do not know.", "{", '{"name": "Ana Silva"', "[" * 100_000, "{}", "null", "```"]
)
def test_what_is_no_answer_is_worth_nothing(answer: str) -> None:
    assert grade(ITEM, answer) == 0


def test_an_answer_with_all_that_comes_to_mind_is_not_right() -> None:
    assert grade(ITEM, json.dumps({**WANTED, **{f"x{i}": i for i in range(94)}})) == pytest.approx(0.06)


def test_an_empty_list_is_a_leaf() -> None:
    assert leaves({"a": []}) == leaves({"a": []}) != leaves({"a": {}})
