"""Experts in 8 bits: what their files must be, that they equal their f16 twins, and what memory keeps of them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from expertd.errors import ExpertRefused
from expertd.experts.int8_adapter import INT8, quantize, write_int8
from expertd.experts.manifest import read_manifest
from expertd.experts.package import index_of, read_package, read_parts, write_package
from expertd.experts.residents import Residents
from expertd.experts.store import Store
from expertd.experts.weights import read_weights
from tests.fixtures import ALL, TINY, make_int8_folder, make_peft_folder

QUERY = "base_model.model.model.layers.0.self_attn.q_proj.lora_A"


def refusal(folder: Path) -> str:
    with pytest.raises(ExpertRefused) as caught:
        read_weights(folder, read_manifest(folder), TINY)
    return "\n".join(caught.value.faults)


def test_an_expert_in_8_bits_is_the_same_as_one_of_the_f16_values_that_they_stand_for(tmp_path: Path) -> None:
    eight, twin = make_int8_folder(tmp_path, "eight", TINY, modules=ALL, alpha=12)
    first, second = (read_weights(folder, read_manifest(folder), TINY) for folder in (eight, twin))
    for name, module in second.modules.items():
        np.testing.assert_array_equal(first.modules[name].a, module.a)
        np.testing.assert_array_equal(first.modules[name].b, module.b)
    assert first.content_hash == second.content_hash
    assert {module.a.dtype for module in first.modules.values()} == {np.dtype(np.float16)}


def test_each_rank_is_within_half_a_step_of_what_it_was() -> None:
    matrix = np.random.default_rng(0).standard_normal((5, 200)).astype(np.float16)
    matrix[3] = 0
    eight = quantize(matrix)
    steps = np.abs(matrix).max(axis=1, keepdims=True) / 127
    error = np.abs(eight.values * eight.scales[:, None] - matrix)
    assert (error <= steps * 0.5001).all()
    assert not eight.halves()[3].any()


def changed(folder: Path, **tensors: Any) -> None:
    """Replace tensors of the file by name, or take them out where they are None."""
    found = {**load_file(folder / INT8), **{f"{QUERY}.{name}": tensor for name, tensor in tensors.items()}}
    save_file({name: tensor for name, tensor in found.items() if tensor is not None}, folder / INT8)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"scale": None}, "no scales"),
        ({"scale": np.ones(4, np.float16)}, "no scales in F32"),
        ({"scale": np.ones(3, np.float32)}, "one for each rank"),
        ({"scale": np.array([1, np.nan, 1, 1], np.float32)}, "NaN"),
        ({"scale": np.array([1, np.inf, 1, 1], np.float32)}, "NaN or infinite"),
        ({"scale": np.array([1e30, 1, 1, 1], np.float32)}, "infinite"),
        ({"weight": None}, "lora_A.scale"),
        ({"weight": np.ones((4, 32), np.float32)}, "must be a matrix of I8"),
        ({"weight": np.ones((4, 8, 4), np.int8)}, "must be a matrix of I8"),
        ({"weight": np.ones((4, 40), np.int8)}, "belongs to another base"),
        ({"weight": np.ones((5, 32), np.int8), "scale": np.ones(5, np.float32)}, "has rank 5"),
        ({"other": np.ones(4, np.float32)}, "not supported"),
    ],
)
def test_what_is_wrong_in_the_file_is_refused_by_name(tmp_path: Path, tensors: dict[str, Any], said: str) -> None:
    eight, _ = make_int8_folder(tmp_path, "eight", TINY)
    changed(eight, **tensors)
    found = refusal(eight)
    assert said in found
    assert str(eight) in found


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    eight, _ = make_int8_folder(tmp_path, "eight", TINY)
    data = (eight / INT8).read_bytes()
    (eight / INT8).write_bytes(data[: len(data) // 2])
    assert INT8 in refusal(eight)


@pytest.mark.parametrize(
    ("config", "said"), [({"use_dora": True}, "only LoRA"), ({"r": 3}, "says 3"), ({"bias": "all"}, "biases")]
)
def test_a_config_that_does_not_go_with_it_is_refused(tmp_path: Path, config: dict[str, Any], said: str) -> None:
    eight, _ = make_int8_folder(tmp_path, "eight", TINY, config=config)
    assert said in refusal(eight)


def test_a_package_holds_it_as_it_is(tmp_path: Path) -> None:
    eight, _ = make_int8_folder(tmp_path, "eight", TINY)
    parts = read_parts(eight, TINY)
    write_package(index_of(read_manifest(eight), parts), parts, tmp_path / "eight.expert")
    assert read_package(tmp_path / "eight.expert", TINY)[1][INT8] == (eight / INT8).read_bytes()


def test_a_folder_holds_the_weights_once(tmp_path: Path) -> None:
    eight, twin = make_int8_folder(tmp_path, "eight", TINY)
    (twin / INT8).write_bytes((eight / INT8).read_bytes())
    assert "one of them" in refusal(twin)


def test_memory_keeps_8_bits_and_f16_only_while_it_is_used(tmp_path: Path) -> None:
    _, twin = make_int8_folder(tmp_path, "eight", TINY)
    f16 = read_weights(twin, read_manifest(twin), TINY)
    store = Store(tmp_path, TINY, residents=Residents())
    (twin / "adapter_model.safetensors").unlink()
    store.scan()
    entry = store.get("eight")
    gc.collect()
    kept = store.residents.nbytes
    assert kept == entry.nbytes < 0.75 * f16.nbytes
    assert store.resident([entry]) is None  # not as it is applied
    used = store.load([entry]).result()
    assert store.resident([entry]) == used
    assert store.residents.nbytes == kept + f16.nbytes
    for name, module in f16.modules.items():
        np.testing.assert_array_equal(used[0].modules[name].b, module.b)
    assert not used[0].modules[name].b.flags.writeable
    del used
    gc.collect()
    assert store.residents.nbytes == kept


def test_what_is_made_f16_counts_towards_the_budget(tmp_path: Path) -> None:
    make_int8_folder(tmp_path, "eight", TINY)
    make_peft_folder(tmp_path / "other", TINY, seed=5, manifest={})
    residents = Residents()
    store = Store(tmp_path, TINY, residents=residents)
    store.scan()
    entry, other = store.get("eight"), store.get("other")
    gc.collect()
    residents._budget = entry.nbytes + other.nbytes
    used = store.load([entry]).result()
    assert residents.get(other.content_hash) is None
    assert residents.drops == 1
    assert used[0].content_hash == entry.content_hash


def test_what_is_not_in_memory_is_read_again(tmp_path: Path) -> None:
    make_int8_folder(tmp_path, "eight", TINY)
    store = Store(tmp_path, TINY)
    store.scan()
    entry = store.get("eight")
    store.residents.shrink(1 << 30)
    gc.collect()
    assert store.residents.count == 0
    (weights,) = store.load([entry]).result()
    assert weights.content_hash == entry.content_hash


def test_writing_and_reading_gives_the_same_numbers(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    a, b = quantize(random.standard_normal((3, 32))), quantize(random.standard_normal((3, 16)))
    write_int8({"model.layers.0.self_attn.q_proj": (a, b)}, tmp_path)
    found = load_file(tmp_path / INT8)
    np.testing.assert_array_equal(found[f"{QUERY}.weight"], a.values)
    np.testing.assert_array_equal(found[f"{QUERY.replace('lora_A', 'lora_B')}.weight"], b.values.T)
