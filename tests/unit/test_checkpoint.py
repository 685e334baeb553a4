"""Checkpoints of a training: whose they are, and what is said of those that are no good."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from expertd.errors import TrainingRefused
from expertd.train.checkpoint import FILE, Checkpoint, read, write


def made(**identity: str) -> Checkpoint:
    return Checkpoint({**identity}, False, {"a": torch.ones(3)}, {}, {"step": 3})


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read(tmp_path / "work", {}) is None
    write(tmp_path / "work", made(data="1"))
    found = read(tmp_path / "work", {"data": "1"})
    assert found
    assert (found.state, found.adapter["a"].tolist()) == ({"step": 3}, [1, 1, 1])
    assert [path.name for path in (tmp_path / "work").iterdir()] == [FILE]


@pytest.mark.parametrize("kept", [0, 10, 500])
def test_one_that_was_cut_short_is_refused_with_the_remedy(tmp_path: Path, kept: int) -> None:
    write(tmp_path, made())
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes()[:kept])
    with pytest.raises(TrainingRefused, match="--restart"):
        read(tmp_path, {})


def test_one_with_a_flipped_bit_is_refused_with_the_remedy(tmp_path: Path) -> None:
    write(tmp_path, made())
    data = bytearray((tmp_path / FILE).read_bytes())
    data[data.index(torch.ones(3).numpy().tobytes())] ^= 1
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(TrainingRefused, match="--restart"):
        read(tmp_path, {})


def test_what_is_no_checkpoint_is_refused_with_the_remedy(tmp_path: Path) -> None:
    torch.save({"weights": torch.ones(3)}, tmp_path / FILE)
    with pytest.raises(TrainingRefused, match="--restart"):
        read(tmp_path, {})


@pytest.mark.parametrize(
    ("old", "new"), [({"data": "1", "template": "x"}, {"data": "1"}), ({"data": "1"}, {"data": "1", "template": "x"})]
)
def test_what_only_one_of_two_trainings_has_is_named(tmp_path: Path, old: dict[str, str], new: dict[str, str]) -> None:
    write(tmp_path, made(**old))
    with pytest.raises(TrainingRefused, match="with other template"):
        read(tmp_path, {**new})
