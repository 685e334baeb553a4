"""Matrices of a LoRA read, cut, joined and written: against PEFT, the SVD's own promise, and what the daemon reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.numpy import load_file

from expertd.errors import TrainingRefused
from expertd.experts.gguf_adapter import write_gguf
from expertd.experts.manifest import read_manifest
from expertd.experts.weights import read_weights
from expertd.train.folder import next_version
from expertd.train.lora import cut, joined, nbytes, read_lora, spectrum, write_lora
from tests.fixtures import ALL, TINY, make_int8_folder, make_peft_folder
from tests.toy_base import make_model

NOWHERE = Path("no-base.gguf")


def deltas(pairs):
    return {path: b @ a for path, (a, b) in pairs.items()}


@pytest.fixture
def folder(tmp_path):
    return make_peft_folder(tmp_path / "toy", modules=ALL, alpha=12, strength=0.3, manifest={})


def test_whatever_file_holds_a_lora_its_matrices_are_pefts(folder, tmp_path):
    _, pairs, _ = read_lora(folder, TINY, NOWHERE)
    tensors = load_file(folder / "adapter_model.safetensors")
    assert len(pairs) == len(tensors) / 2
    for path, (a, b) in pairs.items():
        np.testing.assert_array_equal(a, tensors[f"base_model.model.{path}.lora_A.weight"])
        wanted = tensors[f"base_model.model.{path}.lora_B.weight"].astype(np.float32) * 3
        np.testing.assert_allclose(b, wanted, rtol=1e-3)
    (tmp_path / "gguf").mkdir()
    weights = read_weights(folder, read_manifest(folder), TINY)
    write_gguf(weights, "llama", tmp_path / "gguf" / "x.gguf")
    for path, delta in deltas(read_lora(tmp_path / "gguf", TINY, NOWHERE)[1]).items():
        np.testing.assert_array_equal(delta, deltas(pairs)[path])
    eight, twin = make_int8_folder(tmp_path, "eight", TINY)
    _, found, int8 = read_lora(eight, TINY, NOWHERE)
    _, wanted, f16 = read_lora(twin, TINY, NOWHERE)
    assert (int8, f16) == (True, False)
    for path, delta in deltas(found).items():
        np.testing.assert_array_equal(delta, deltas(wanted)[path])


def test_what_is_no_lora_is_refused(tmp_path):
    folder = make_int8_folder(tmp_path, "waits", TINY, config={"alora_invocation_tokens": [5]})[0]
    with pytest.raises(TrainingRefused, match="aLoRA"):
        read_lora(folder, TINY, NOWHERE)


def test_a_cut_to_a_rank_is_the_nearest_there_is(folder):
    _, pairs, _ = read_lora(folder, TINY, NOWHERE)
    factors = {path: spectrum(pair) for path, pair in pairs.items()}
    whole = cut(factors, dict.fromkeys(factors, 4))
    for path, delta in deltas(pairs).items():
        np.testing.assert_allclose(deltas(whole)[path], delta, atol=1e-4)
        part = deltas(cut({path: factors[path]}, {path: 2}))[path]
        values = np.linalg.svd(delta, compute_uv=False)
        assert np.linalg.norm(delta - part, 2) == pytest.approx(values[2], rel=1e-3)
    first, *others = factors
    assert list(cut(factors, {first: 0, **dict.fromkeys(others, 1)})) == others


def test_joined_matrices_are_the_sum_of_their_parts(tmp_path):
    one = read_lora(make_peft_folder(tmp_path / "one", seed=1, modules=ALL, manifest={}), TINY, NOWHERE)[1]
    two = read_lora(make_peft_folder(tmp_path / "two", seed=2, rank=3, manifest={}), TINY, NOWHERE)[1]
    both = joined([(one, 0.5), (two, -2.0)])
    assert {len(a) for a, _ in both.values()} == {4, 7}
    for path, delta in deltas(both).items():
        wanted = 0.5 * deltas(one)[path] + (-2 * deltas(two)[path] if path in two else 0)
        np.testing.assert_allclose(delta, wanted, atol=1e-6)


def test_what_is_written_is_read_alike_by_peft_and_by_the_daemon(tmp_path):
    """With layers that have other ranks than most, and some that have none."""
    model, shape = make_model("llama")
    _, pairs, _ = read_lora(make_peft_folder(tmp_path / "toy", shape, modules=ALL, manifest={}), shape, NOWHERE)
    ranks = {path: i % 4 for i, path in enumerate(pairs)}
    made = cut({path: spectrum(pair) for path, pair in pairs.items()}, ranks)
    write_lora(made, tmp_path / "cut", shape, "toy", int8=False)
    found = read_lora(tmp_path / "cut", shape, NOWHERE)[1]
    assert {path: len(a) for path, (a, _) in found.items()} == {path: rank for path, rank in ranks.items() if rank}
    peft = PeftModel.from_pretrained(model, str(tmp_path / "cut"))
    layers = {n.removeprefix("base_model.model."): m for n, m in peft.named_modules() if hasattr(m, "get_delta_weight")}
    assert set(layers) == set(made)
    for path, delta in deltas(made).items():
        np.testing.assert_allclose(deltas(found)[path], delta, atol=2e-5)
        of_peft = layers[path].get_delta_weight("default").detach().to(torch.float32).numpy()
        np.testing.assert_allclose(of_peft, delta, atol=2e-5)


def test_sizes_are_those_of_the_files(folder, tmp_path):
    _, pairs, _ = read_lora(folder, TINY, NOWHERE)
    for int8 in (False, True):
        name = write_lora(pairs, tmp_path / str(int8), TINY, "toy", int8=int8)[1]
        tensors = load_file(tmp_path / str(int8) / name)
        assert nbytes(pairs, int8) == sum(tensor.nbytes for tensor in tensors.values())
        config = json.loads((tmp_path / str(int8) / "adapter_config.json").read_text())
        assert (config["r"], config["rank_pattern"], len(config["target_modules"])) == (4, {}, 7)


@pytest.mark.parametrize(
    ("version", "following"), [("1", "2"), ("1.9", "1.10"), ("0.3-beta", "0.4-beta"), ("", ".1"), ("first", "first.1")]
)
def test_a_version_goes_up_in_its_last_number(version, following):
    assert next_version(version) == following
