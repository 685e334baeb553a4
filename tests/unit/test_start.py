"""From which experts a training can go on, and what is said of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from expertd.engine.check import Checker
from expertd.errors import ExpertRefused, TrainingRefused
from expertd.experts.manifest import BaseBinding, Manifest
from expertd.experts.tensors import BaseShape
from expertd.train.recipe import Recipe
from expertd.train.start import check_start
from tests.fixtures import ALL, make_int8_folder, make_peft_folder
from tests.toy_base import make_talking_base

RECIPE = Recipe(rank=4, alpha=8, offset=2)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BaseShape]:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return path, Checker(path).shape


def refused(base: tuple[Path, BaseShape], folder: Path, recipe: Recipe = RECIPE, **manifest: Any) -> str:
    with pytest.raises((TrainingRefused, ExpertRefused)) as caught:
        check_start(folder, base[0], recipe, Manifest(name="out", **manifest))
    return caught.value.message


def test_what_the_recipe_says_too_is_a_start(base: tuple[Path, BaseShape], tmp_path: Path) -> None:
    told = {"offset": 2, "system": "Be short.", "scale": 0.5}
    folder = make_peft_folder(tmp_path / "start", base[1], modules=ALL, manifest=told)
    check_start(folder, base[0], RECIPE, Manifest(name="out", system="Be short.", scale=0.5))
    bare = make_peft_folder(tmp_path / "bare", base[1], modules=ALL)
    check_start(bare, base[0], RECIPE, Manifest(name="out"))
    # rsLoRA's alpha of 4 over the root of 4 is an alpha of 8 over 4.
    stable = make_peft_folder(tmp_path / "stable", base[1], modules=ALL, alpha=4, config={"use_rslora": True})
    check_start(stable, base[0], RECIPE, Manifest(name="out"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"alpha": 4}, "give --alpha 4, not 8"),
        ({"config": {"use_rslora": True}}, "give --alpha 16, not 8"),
        ({"rank": 2, "alpha": 8}, "give --rank 2, not 4"),
        ({"modules": ("q_proj", "o_proj")}, "give --modules q_proj,o_proj, not q_proj,k_proj"),
        ({"manifest": {"offset": 32}}, "give --offset 32, not 2"),
        ({"alpha": 0.5}, "an alpha of 0.5"),
        ({"config": {"alpha_pattern": {"q_proj": 2}}}, "alphas from 2 to 8"),
        ({"manifest": {"offset": 2, "system": "Be short."}}, "its `system` is another"),
        ({"manifest": {"offset": 2, "template": "{{ text }}"}}, "its `template` is another"),
        ({"manifest": {"offset": 2, "scale": 0.5}}, "its `scale` is another"),
    ],
)
def test_what_contradicts_is_told_with_what_mends_it(
    base: tuple[Path, BaseShape], tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    folder = make_peft_folder(tmp_path / "start", base[1], **{"modules": ALL, **options})
    assert said in refused(base, folder)


def test_all_that_contradicts_is_told_at_once(base: tuple[Path, BaseShape], tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "start", base[1], alpha=4, modules=ALL, manifest={"offset": 3, "system": "x"})
    said = refused(base, folder, Recipe(kind="dora", rank=4, alpha=8), system="y")
    for part in ("--kind lora", "--alpha 4", "--offset 3", "`system`"):
        assert part in said


def test_experts_of_another_base_or_in_another_form_are_no_start(base: tuple[Path, BaseShape], tmp_path: Path) -> None:
    other = BaseBinding(name="other", architecture="llama", n_embd=4096)
    folder = make_peft_folder(tmp_path / "start", base[1], modules=ALL, manifest={"base": other, "offset": 2})
    assert "n_embd 4096" in refused(base, folder)
    small, _ = make_int8_folder(tmp_path, "small", base[1], modules=ALL)
    assert "adapter_int8.safetensors is no start" in refused(base, small)
