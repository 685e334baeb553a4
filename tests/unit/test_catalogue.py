"""The bases: which file a `base` setting means, and the layouts of the embedded one."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gguf
import numpy as np
import pytest

from expertd.errors import BaseRefused, InvalidRequest
from expertd.models.catalogue import KNOWN, embedded_file, models_dir, resolve
from expertd.models.download import HubFile
from expertd.models.prepare import prepared

WIDTH = 256


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A llama GGUF of one layer with random weights in f32."""
    path = tmp_path / "toy.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(4)
    writer.add_layer_norm_rms_eps(1e-5)
    random = np.random.default_rng(7)
    matrices = [
        f"blk.0.{name}" for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_gate", "ffn_down")
    ]
    for name in ["token_embd", *matrices]:
        writer.add_tensor(f"{name}.weight", random.standard_normal((WIDTH, WIDTH), np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def types(path: Path) -> dict[str, str]:
    return {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(path).tensors}


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.touch()
    assert resolve(str(file), "q4", tmp_path / "cache", False) == file


def test_a_path_may_begin_with_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.gguf").touch()
    assert resolve("~/mine.gguf", "q4", tmp_path / "cache", False) == tmp_path / "mine.gguf"
    with pytest.raises(BaseRefused, match="no such user"):
        resolve("~nobody-of-this-name/mine.gguf", "q4", tmp_path / "cache", False)


@pytest.mark.parametrize("base", ["/" + "x" * 5000, "a\0b.gguf"])
def test_what_can_be_no_path_is_refused(tmp_path: Path, base: str) -> None:
    with pytest.raises(BaseRefused, match="Check --base"):
        resolve(base, "q4", tmp_path, False)


def test_a_missing_path_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BaseRefused, match=r"nowhere\.gguf is not a file"):
        resolve(str(tmp_path / "nowhere.gguf"), "q4", tmp_path, False)


def test_an_unknown_id_is_refused_with_the_ids_there_are(tmp_path: Path) -> None:
    with pytest.raises(BaseRefused, match=r"smollm2-135m-instruct, qwen3-0\.6b"):
        resolve("smollm3", "q4", tmp_path, False)


def test_a_base_that_is_not_pulled_is_refused_with_the_command_that_pulls_it(tmp_path: Path) -> None:
    with pytest.raises(BaseRefused, match=r"`expertd models pull qwen3-0\.6b`"):
        resolve("qwen3-0.6b", "q4", tmp_path, False)
    with pytest.raises(BaseRefused, match=r"`expertd models pull someone/repo/x\.gguf`"):
        resolve("someone/repo/x.gguf", "q4", tmp_path, False)


def test_a_pulled_file_is_named_by_its_id_or_by_its_place_on_the_hub(tmp_path: Path) -> None:
    hub = KNOWN["qwen3-0.6b"].hub
    assert hub
    file = hub.path(models_dir(tmp_path))
    file.parent.mkdir(parents=True)
    file.touch()
    assert resolve("qwen3-0.6b", "q4", tmp_path, False) == file
    assert resolve("Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf", "q4", tmp_path, False) == file


@pytest.mark.parametrize(
    "name", ["a/b.gguf", "a/../c.gguf", "/a/b/c.gguf", "a//c.gguf", "a/b/c.bin", "a/b/c\\d.gguf", "a/b/\0.gguf"]
)
def test_a_name_that_could_leave_the_cache_is_no_hub_file(name: str) -> None:
    with pytest.raises(InvalidRequest):
        HubFile.parse(name)


def test_the_shipped_layout_is_the_packages_own_file(tmp_path: Path) -> None:
    assert resolve("smollm2-135m-instruct", "shipped", tmp_path, False) == embedded_file()
    assert not list(tmp_path.iterdir())


def test_the_q4_layout_keeps_attention_and_embedding_at_8_bits(toy: Path, tmp_path: Path) -> None:
    made = types(prepared(toy, "toy", "q4", tmp_path / "models", progress=False))
    assert {made[f"blk.0.{name}.weight"] for name in ("attn_q", "attn_k", "attn_v", "attn_output")} == {"Q8_0"}
    assert made["token_embd.weight"] == "Q8_0"
    assert {made["blk.0.ffn_up.weight"], made["blk.0.ffn_gate.weight"]} == {"IQ4_NL"}
    assert made["blk.0.ffn_down.weight"] == "Q4_K"
    assert made["output_norm.weight"] == "F32"


def test_a_prepared_file_is_made_once_and_found_without_llama_cpp(toy: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    first = prepared(toy, "toy", "q8_0", models, progress=False)
    made = first.stat()
    script = (
        "import sys; from pathlib import Path; from expertd.models.prepare import prepared\n"
        f"print(prepared(Path({str(toy)!r}), 'toy', 'q8_0', Path({str(models)!r}), progress=False))\n"
        "assert not {'llama_cpp', 'huggingface_hub', 'tqdm'} & set(sys.modules)"
    )
    again = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert Path(again.strip()) == first
    assert first.stat().st_mtime_ns == made.st_mtime_ns and first.stat().st_ino == made.st_ino


def test_another_source_of_the_same_name_is_prepared_anew(toy: Path, tmp_path: Path) -> None:
    first = prepared(toy, "toy", "q8_0", tmp_path / "models", progress=False)
    with toy.open("ab") as file:
        file.write(b"\0" * 32)
    assert prepared(toy, "toy", "q8_0", tmp_path / "models", progress=False) != first


def test_processes_that_prepare_at_once_end_with_one_sound_file(toy: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    script = (
        "from pathlib import Path; from expertd.models.prepare import prepared\n"
        f"print(prepared(Path({str(toy)!r}), 'toy', 'q4', Path({str(models)!r}), progress=False))"
    )
    with ThreadPoolExecutor(3) as pool:
        runs = [
            pool.submit(subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True)
            for _ in range(3)
        ]
    files = {run.result().stdout.strip() for run in runs}
    assert len(files) == 1 and {run.result().returncode for run in runs} == {0}
    assert len(types(Path(files.pop()))) == 11
    assert len(list(models.glob("*.gguf"))) == 1 and not list(models.glob("*.part"))


def test_what_a_killed_conversion_left_is_removed_and_not_used(toy: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    made = prepared(toy, "toy", "q8_0", models, progress=False)
    left = models / f"{made.name}.12345.part"
    made.rename(left)
    left.write_bytes(b"GGUF")
    assert prepared(toy, "toy", "q8_0", models, progress=False).stat().st_size > 4
    assert not left.exists()


def test_a_source_that_cannot_be_converted_is_refused_with_its_name_and_the_reason(toy: Path, tmp_path: Path) -> None:
    toy.write_bytes(toy.read_bytes()[:5000])
    with pytest.raises(BaseRefused, match=r"toy\.gguf could not be converted.*not within the file.*shipped"):
        prepared(toy, "toy", "q4", tmp_path / "models", progress=False)
    assert not list((tmp_path / "models").glob("*.gguf")) and not list((tmp_path / "models").glob("*.part"))


def test_an_unknown_layout_is_refused_with_the_layouts_there_are(toy: Path, tmp_path: Path) -> None:
    with pytest.raises(BaseRefused, match="q4, q8_0, shipped"):
        prepared(toy, "toy", "q3", tmp_path, progress=False)
