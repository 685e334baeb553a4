"""A base file that cannot be served ends the start with the file's name, the reason and exit code 66."""

from __future__ import annotations

import subprocess
from pathlib import Path

import gguf
import numpy as np
import pytest

from expertd.errors import BaseRefused
from expertd.models.catalogue import embedded_file
from tests.daemon.process import arguments, own_environment


def refusal(tmp_path: Path, base: Path | str) -> str:
    """What a start with this base says last, without a traceback and soon."""
    command = arguments({"socket": tmp_path / "d.sock", "port": 0, "experts": tmp_path, "base": base})
    done = subprocess.run(command, env=own_environment(tmp_path), capture_output=True, timeout=60)
    said = done.stderr.decode()
    assert done.returncode == BaseRefused.exit_code, (done.returncode, said)
    assert "Traceback" not in said
    assert not (tmp_path / "d.sock").exists()
    last = said.strip().splitlines()[-1]
    assert last.startswith("expertd: ")
    return last


def written(
    path: Path, architecture: str, *, kind: str | None = None, tensors: dict[str, tuple[int, ...]] | None = None
) -> Path:
    """A GGUF that is sound as a file."""
    writer = gguf.GGUFWriter(path, architecture)
    if kind:
        writer.add_type(kind)
    writer.add_context_length(128)
    writer.add_embedding_length(64)
    writer.add_block_count(1)
    writer.add_head_count(4)
    writer.add_feed_forward_length(64)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("none")
    writer.add_vocab_size(16)
    for name, shape in (tensors or {}).items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize("kept", [3, 100, 5000, 0.3, 0.99])
def test_a_truncated_base_is_refused(tmp_path: Path, kept: float) -> None:
    whole = embedded_file().read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole[: int(kept * len(whole)) if kept < 1 else int(kept)])
    assert str(path) in refusal(tmp_path, path)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "other.gguf", "no-such-arch", tensors={"token_embd.weight": (16, 64)})
    said = refusal(tmp_path, path)
    assert str(path) in said
    assert "no-such-arch" in said


def test_a_vision_projector_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "mmproj.gguf", "clip", tensors={"v.blk.0.attn_q.weight": (64, 64)})
    assert str(path) in refusal(tmp_path, path)


def test_an_encoder_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "bert.gguf", "bert", tensors={"token_embd.weight": (16, 64)})
    assert str(path) in refusal(tmp_path, path)


def test_an_adapter_is_refused(tmp_path: Path) -> None:
    tensors = {"blk.0.attn_q.weight.lora_a": (4, 64), "blk.0.attn_q.weight.lora_b": (64, 4)}
    path = written(tmp_path / "lora.gguf", "llama", kind="adapter", tensors=tensors)
    assert str(path) in refusal(tmp_path, path)


def test_a_base_whose_tensors_are_missing_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "hollow.gguf", "llama", tensors={"token_embd.weight": (16, 64)})
    assert str(path) in refusal(tmp_path, path)


def test_a_base_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    tensors = {"token_embd.weight": (16, 64), "output_norm.weight": (64,)}
    for name, shape in {
        "attn_norm": (64,), "attn_q": (64, 64), "attn_k": (64, 64), "attn_v": (64, 64), "attn_output": (64, 64),
        "ffn_norm": (64,), "ffn_gate": (64, 64), "ffn_up": (64, 64), "ffn_down": (64, 64),
    }.items():  # fmt: skip
        tensors[f"blk.0.{name}.weight"] = shape
    path = written(tmp_path / "mute.gguf", "llama", tensors=tensors)
    said = refusal(tmp_path, path)
    assert str(path) in said
    assert "tokenizer" in said


def test_text_under_a_ggufs_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.gguf"
    path.write_text("not a model\n" * 100)
    assert "not a GGUF" in refusal(tmp_path, path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.gguf"
    path.touch()
    assert str(path) in refusal(tmp_path, path)


def test_a_header_of_nonsense_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nonsense.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 4096)
    assert str(path) in refusal(tmp_path, path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.gguf").mkdir()
    assert "folder.gguf" in refusal(tmp_path, tmp_path / "folder.gguf")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "gone.gguf" in refusal(tmp_path, tmp_path / "gone.gguf")


def test_an_unknown_name_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    assert "smollm2-135m-instruct" in refusal(tmp_path, "gpt-9")
