"""Where an expert that waits for tokens begins in a prompt: just where PEFT's aLoRA does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig
from peft.tuners.lora.variants import calculate_alora_offsets

from expertd.api.service import Choice
from expertd.errors import ExpertRefused
from expertd.experts.gguf_adapter import parse_gguf
from expertd.experts.invocation import invoked_at
from expertd.experts.store import Store
from expertd.experts.tensors import Weights
from tests.fixtures import TINY, make_peft_folder

TOKENS = st.lists(st.integers(0, 2), min_size=1)


@given(TOKENS.map(lambda tokens: tokens[:4]), TOKENS)
def test_it_is_where_peft_finds_it(invocation: list[int], prompt: list[int]) -> None:
    config = {"default": LoraConfig(task_type="CAUSAL_LM", alora_invocation_tokens=invocation)}
    (offset,) = calculate_alora_offsets(config, "default", torch.tensor([prompt]))
    assert invoked_at(invocation, prompt) == offset


@pytest.fixture
def store(tmp_path: Path) -> Store:
    for name, invocation in (("one", [7, 8]), ("two", [8, 9]), ("plain", None)):
        folder = tmp_path / "experts" / name
        make_peft_folder(folder, seed=len(name), config={"alora_invocation_tokens": invocation}, manifest={})
    store = Store(tmp_path / "experts", TINY)
    store.scan()
    return store


@pytest.mark.parametrize(
    ("prompt", "offsets", "told"),
    [
        ([7, 8, 9, 1], {"one": 4, "two": 3, "plain": 1}, "one:0.5+two+plain"),
        ([1, 8, 9, 8, 9], {"two": 2, "plain": 1}, "two+plain"),
        ([1, 2], {"plain": 1}, "plain"),
    ],
)
def test_in_a_blend_each_begins_at_its_own_tokens_and_others_stay(
    store: Store, prompt: list[int], offsets: dict[str, int], told: str
) -> None:
    named = [("one", 0.5), ("two", 1.0), ("plain", 1.0)]
    blend, entries = store.blend(named)
    choice = Choice(blend, entries, "named", named, store.load(entries).result())
    active, weights = choice.on(prompt)
    assert {part.name: part.offset for part in active.parts} == offsets
    assert [one.content_hash for one in weights] == [part.content_hash for part in active.parts]
    assert choice.active_in([active]).experts == told


def test_what_it_waits_for_is_part_of_what_it_is(tmp_path: Path) -> None:
    for number, invocation in enumerate(([7, 8], [7, 9], None)):
        make_peft_folder(tmp_path / "experts" / f"e{number}", config={"alora_invocation_tokens": invocation})
    store = Store(tmp_path / "experts", TINY)
    store.scan()
    hashes = {entry.content_hash for entry in store.entries()}
    assert [entry.invocation for entry in store.entries()] == [(7, 8), (7, 9), ()]
    assert len(hashes) == 3


def read_gguf(path: Path, invocation: Any) -> Weights:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4)
    writer.add_array("adapter.alora.invocation_tokens", invocation)
    writer.add_tensor("blk.0.attn_q.weight.lora_a", np.ones((4, 32), np.float32))
    writer.add_tensor("blk.0.attn_q.weight.lora_b", np.ones((32, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return parse_gguf(path, path.read_bytes(), TINY)


def test_a_gguf_waits_for_its_tokens_too(tmp_path: Path) -> None:
    assert read_gguf(tmp_path / "a.gguf", [5, 6, 5]).invocation == (5, 6, 5)


@pytest.mark.parametrize("invocation", [["a"], [-1], [1] * 300, [1.5]])
def test_a_gguf_that_waits_for_no_tokens_is_refused(tmp_path: Path, invocation: Any) -> None:
    with pytest.raises(ExpertRefused, match="invocation tokens"):
        read_gguf(tmp_path / "a.gguf", invocation)
