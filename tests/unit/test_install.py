"""How an expert's folder takes its place and leaves it, and which folders may."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from expertd.errors import InvalidRequest, UnknownModel
from expertd.experts.install import put, remove, staged
from expertd.experts.manifest import read_manifest
from tests.fixtures import make_peft_folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def experts(tmp_path: Path) -> Path:
    make_peft_folder(tmp_path / "experts" / "toy", manifest={"version": "1"})
    return tmp_path / "experts"


@pytest.fixture
def newer(tmp_path: Path) -> dict[str, bytes]:
    """The parts of another version."""
    return contents(make_peft_folder(tmp_path / "made" / "toy", seed=1, manifest={"version": "2"}))


def test_a_replaced_expert_is_gone_and_the_new_one_in_its_place(experts: Path, newer: dict[str, bytes]) -> None:
    with staged(experts, "toy", newer) as new:
        put(new, experts, replace=True)
    assert contents(experts / "toy") == newer
    assert [path.name for path in experts.iterdir()] == ["toy"]


def test_an_expert_stays_where_its_replacement_cannot_take_its_place(experts: Path, newer: dict[str, bytes]) -> None:
    before = contents(experts / "toy")
    with pytest.raises(FileNotFoundError), staged(experts, "toy", newer) as new:
        shutil.rmtree(new)  # whoever did it: no way of renaming works now
        put(new, experts, replace=True)
    assert contents(experts / "toy") == before
    assert [path.name for path in experts.iterdir()] == ["toy"]


def test_a_removed_expert_is_told_and_gone(experts: Path) -> None:
    assert remove(experts, "toy").version == "1"
    assert list(experts.iterdir()) == []
    with pytest.raises(UnknownModel, match="no expert 'toy'"):
        remove(experts, "toy")


def test_experts_alone_are_named_where_there_is_none_of_a_name(experts: Path) -> None:
    make_peft_folder(experts / "bare")
    (experts / "untrained").mkdir()
    (experts / "untrained" / "recipe.toml").touch()
    (experts / "build.py").touch()
    with pytest.raises(UnknownModel, match=r"There are: bare, toy\."):
        remove(experts, "tou")


@pytest.mark.parametrize("name", ["train.jsonl", "heldout/", "training.png/", "adapter_model.bin"])
def test_a_folder_that_holds_more_than_an_expert_stays(experts: Path, newer: dict[str, bytes], name: str) -> None:
    more = experts / "toy" / name
    more.mkdir() if name.endswith("/") else more.write_text("")
    with pytest.raises(InvalidRequest, match=more.name):
        remove(experts, "toy")
    with pytest.raises(InvalidRequest, match=more.name), staged(experts, "toy", newer) as new:
        put(new, experts, replace=True)
    assert more.exists()
    assert read_manifest(experts / "toy").version == "1"
