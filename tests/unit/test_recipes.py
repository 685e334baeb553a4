"""The recipes of the shipped experts, and the manifests that were made of them."""

from __future__ import annotations

import pytest

from expertd.experts.manifest import Manifest, read_manifest
from experts.recipe import HERE, RECIPE, read_recipe
from experts.scoring import names, scorer

ALL = sorted(path.parent.name for path in HERE.glob(f"*/{RECIPE}"))


def test_there_are_ten() -> None:
    assert len(ALL) == 10


@pytest.mark.parametrize("name", ALL)
def test_a_recipe_tells_a_router_what_the_expert_is_for_and_what_not(name: str) -> None:
    manifest = Manifest.model_validate({"name": name, **read_recipe(name)["expert"]})
    assert manifest.description
    assert manifest.licence == "Apache-2.0"
    assert min(len(manifest.routing.examples), len(manifest.routing.negative_examples)) >= 8


@pytest.mark.parametrize("name", names())
def test_a_trained_experts_manifest_says_what_its_recipe_does(name: str) -> None:
    manifest = read_manifest(HERE / name)
    told = Manifest.model_validate({"name": name, **read_recipe(name)["expert"]})
    for field in read_recipe(name)["expert"]:
        assert getattr(manifest, field) == getattr(told, field), field


@pytest.mark.parametrize("name", ALL)
def test_a_held_out_set_has_thirty_distinct_items_and_five_ways_of_asking_the_base(name: str) -> None:
    items = scorer(name).items()
    assert len({str(item.body) for item in items}) == len(items) >= 30
    assert {len(item.base_bodies) for item in items} == {5}
