"""Prompts' KV of a training: in memory, then on disk, within their bounds."""

from __future__ import annotations

from pathlib import Path

import torch

from expertd.train.prompt_kv import PromptKV


def _kv(number: int) -> torch.Tensor:
    """1,024 bytes in f16."""
    return torch.full((2, 2, 2, 8, 8), float(number))


def _key(number: int) -> tuple[tuple[int, ...], int]:
    return (number, number + 1), 0


def test_what_memory_has_no_room_for_goes_to_disk_and_comes_back(tmp_path: Path) -> None:
    kept = PromptKV(2048, tmp_path / "kv", 1 << 20)
    for number in range(5):
        kept.put(_key(number), _kv(number))
    assert len(list(tmp_path.glob("kv/*.kv"))) == 3
    for number in range(5):
        found = kept.get(_key(number))
        assert found is not None
        assert torch.equal(found, _kv(number).half())


def test_the_disk_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    kept = PromptKV(1024, tmp_path, 3000)
    for number in range(6):
        kept.put(_key(number), _kv(number))
    assert len(list(tmp_path.glob("*.kv"))) == 2
    assert [kept.get(_key(number)) is not None for number in range(6)] == [False] * 3 + [True] * 3


def test_another_run_of_the_training_finds_it(tmp_path: Path) -> None:
    first = PromptKV(1024, tmp_path, 1 << 20)
    for number in range(3):
        first.put(_key(number), _kv(number))
    again = PromptKV(1024, tmp_path, 1 << 20)
    found = again.get(_key(0))
    assert found is not None
    assert torch.equal(found, _kv(0).half())
    assert again.get(_key(2)) is None  # it was in memory


def test_a_file_that_was_cut_short_is_computed_anew(tmp_path: Path) -> None:
    kept = PromptKV(1024, tmp_path, 1 << 20)
    kept.put(_key(0), _kv(0))
    kept.put(_key(1), _kv(1))
    (file,) = tmp_path.glob("*.kv")
    file.write_bytes(file.read_bytes()[:100])
    assert kept.get(_key(0)) is None


def test_a_disk_that_cannot_be_written_to_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "kv").write_text("a file where the folder should be")
    kept = PromptKV(1024, tmp_path / "kv", 1 << 20)
    for number in range(3):
        kept.put(_key(number), _kv(number))
    assert kept.get(_key(0)) is None
    assert kept.get(_key(2)) is not None
