"""Which experts can be one, and what their fused expert is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from expertd.engine.check import Checker
from expertd.errors import ExpertRefused, TrainingRefused
from expertd.experts.tensors import BaseShape
from expertd.train.folder import write_expert
from expertd.train.fuse import Part, fuse, losses
from expertd.train.lora import read_lora
from tests.fixtures import ALL, make_peft_folder
from tests.toy_base import make_talking_base


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, BaseShape]:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return path, Checker(path).shape


def folders(root: Path, shape: BaseShape, first: dict[str, Any], second: dict[str, Any]) -> tuple[Part, Part]:
    one = make_peft_folder(root / "one", shape, seed=1, modules=ALL, manifest=first)
    two = make_peft_folder(root / "two", shape, seed=2, rank=3, manifest=second)
    return Part(one), Part(two, 0.5)


def test_a_fused_expert_is_the_sum_of_its_parts_and_asked_as_their_blend(
    base: tuple[Path, BaseShape], tmp_path: Path
) -> None:
    file, shape = base
    parts = folders(tmp_path, shape, {"scale": 2.0, "licence": "MIT"}, {"system": "Be short.", "licence": "MIT"})
    fused = fuse(file, parts, "both", None)
    assert (fused.manifest.system, fused.manifest.licence) == ("Be short.", "MIT")
    assert fused.manifest.description == "one and two:0.5 in one"
    write_expert(tmp_path / "both", fused.manifest, fused.pairs, fused.shape, int8=False)
    one, two, both = (read_lora(tmp_path / name, shape, file)[1] for name in ("one", "two", "both"))
    for path, (a, b) in both.items():
        wanted = 2 * one[path][1] @ one[path][0]
        if path in two:
            wanted = wanted + 0.5 * two[path][1] @ two[path][0]
        np.testing.assert_allclose(b @ a, wanted, atol=1e-4)
    assert {len(a) for a, _ in both.values()} == {4, 7}
    narrow = fuse(file, parts, "both", 5).pairs
    assert {len(a) for a, _ in narrow.values()} == {4, 5}


def test_what_a_lower_rank_loses_is_told_for_each_expert(base: tuple[Path, BaseShape], tmp_path: Path) -> None:
    parts = folders(tmp_path, base[1], {}, {})
    held_out = tmp_path / "heldout.jsonl"
    held_out.write_text('{"prompt": "lights are red", "answer": "stop"}')
    whole, narrow = (losses(fuse(base[0], parts, "both", rank), base[0], "one", held_out, 1) for rank in (None, 1))
    assert whole["exact"] == narrow["exact"] == pytest.approx(whole["written"], abs=1e-3)
    assert len({*narrow.values()}) == 3


@pytest.mark.parametrize(("system", "alike"), [(None, True), ("Be short.", False)])
def test_losses_are_of_what_is_served_with_its_scale_and_its_system_message(
    base: tuple[Path, BaseShape], tmp_path: Path, system: str | None, alike: bool
) -> None:
    one, two = folders(tmp_path, base[1], {"scale": 0.5}, {"system": system} if system else {})
    held_out = tmp_path / "heldout.jsonl"
    held_out.write_text('{"prompt": "lights are red", "answer": "stop"}')
    told = losses(fuse(base[0], (one, Part(two.folder, 0.0)), "both", None), base[0], "one", held_out, 1)
    assert (abs(told["alone"] - told["exact"]) < 1e-5) == alike


def test_what_a_part_conflicts_with_the_fused_one_does_too(base: tuple[Path, BaseShape], tmp_path: Path) -> None:
    parts = folders(tmp_path, base[1], {"conflicts": ("three", "both")}, {"conflicts": ("four", "three")})
    assert fuse(base[0], parts, "both", None).manifest.conflicts == ("three", "four")


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"activation": "always"}, {}, "the first token"),
        ({"offset": 4}, {"offset": 2}, "4 before"),
        ({"conflicts": ("two",)}, {}, "conflict"),
        ({}, {"requires": ("three",)}, "three"),
    ],
)
def test_those_that_cannot_be_one_are_named(
    base: tuple[Path, BaseShape], tmp_path: Path, first: dict[str, Any], second: dict[str, Any], said: str
) -> None:
    parts = folders(tmp_path, base[1], first, second)
    with pytest.raises((ExpertRefused, TrainingRefused)) as caught:
        fuse(base[0], parts, "both", None)
    assert said in caught.value.message
    assert "one" in caught.value.message or "two" in caught.value.message


def test_too_many_ranks_and_wrong_names_are_refused(base: tuple[Path, BaseShape], tmp_path: Path) -> None:
    wide = [make_peft_folder(tmp_path / name, base[1], rank=150, manifest={}) for name in ("one", "two")]
    with pytest.raises(TrainingRefused, match="--rank"):
        fuse(base[0], [Part(folder) for folder in wide], "both", None)
    with pytest.raises(TrainingRefused, match="once"):
        fuse(base[0], [Part(wide[0])] * 2, "both", None)
    with pytest.raises(ExpertRefused, match=r"gone is no folder"):
        fuse(base[0], [Part(wide[0]), Part(tmp_path / "gone")], "both", 8)
    with pytest.raises(TrainingRefused, match="--out"):
        fuse(base[0], [Part(folder) for folder in wide], "Both", 8)
