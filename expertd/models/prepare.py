"""The layouts of the embedded base: how a GGUF file is converted, once, into one that llama.cpp runs fast."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from expertd.errors import BaseRefused

_TENSOR = re.compile(rb"\[\s*(\d+)/\s*(\d+)\]")


@dataclass(frozen=True)
class Recipe:
    """Types in llama.cpp's own names: of all tensors, of the embedding, and of tensors whose name has a pattern."""

    ftype: str
    embedding: str | None = None
    overrides: tuple[tuple[str, str], ...] = ()


# Measured by bench/base_layouts.py: q4 is as fast as plain Q4_0 and better than Q4_K_M at its size.
# K-quants are exact enough for ffn_down, whose rows are long; attention is small, so 8 bits cost little there.
LAYOUTS: dict[str, Recipe | None] = {
    "q4": Recipe("IQ4_NL", embedding="Q8_0", overrides=(("ffn_down", "Q4_K"), ("attn_", "Q8_0"))),
    "q8_0": Recipe("Q8_0"),
    "shipped": None,
}


def prepared(source: Path, name: str, layout: str, models: Path, *, progress: bool) -> Path:
    """The file of `source` in `layout`, made in the folder `models` if it is not there. Raises `BaseRefused`."""
    if layout not in LAYOUTS:
        raise BaseRefused(f"there is no layout {layout!r}. Layouts: {', '.join(LAYOUTS)}.")
    recipe = LAYOUTS[layout]
    if recipe is None:
        return source
    # The source is known by name and size: reading it to hash it would cost every start more than it protects.
    key = hashlib.sha256(f"{source.name} {source.stat().st_size} {recipe}".encode()).hexdigest()[:8]
    target = models / f"{name}-{layout}-{key}.gguf"
    if not target.is_file():
        try:
            convert(source, target, recipe, progress=progress)
        except OSError as error:
            raise BaseRefused(
                f'{target} cannot be written: {error.strerror or error}. Set `layout = "shipped"`.'
            ) from error
    return target


def convert(source: Path, target: Path, recipe: Recipe, *, progress: bool) -> None:
    """Write `source` to `target` as `recipe` says; it appears when complete. Raises `BaseRefused`, `OSError`."""
    from filelock import FileLock  # here: a start that finds the file ready must not pay for it

    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_name(target.name + ".lock")):
        if target.is_file():
            return
        # Leftovers of a killed run. Its child may still write to its own: names differ, and it never renames.
        for left in target.parent.glob(f"{target.name}.*.part"):
            left.unlink()
        if (free := shutil.disk_usage(target.parent).free) < 2 * source.stat().st_size:
            raise BaseRefused(
                f"{target.parent} has {free / 1e6:.0f} MB free: too little to prepare {source.name}. Make room."
            )
        if not progress:  # a pipe's reader shall know what it waits for
            print(f"preparing the base {source.name}, once", file=sys.stderr)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            _run_child(source, part, recipe, progress=progress)
            with part.open("rb") as made:
                os.fsync(made.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _run_child(source: Path, part: Path, recipe: Recipe, *, progress: bool) -> None:
    """Convert in a child: its log becomes the progress bar, and a crash of llama.cpp ends only the child."""
    from tqdm import tqdm

    overrides = [word for pair in recipe.overrides for word in pair]
    command = [
        sys.executable,
        "-m",
        __spec__.name,
        str(source),
        str(part),
        recipe.ftype,
        recipe.embedding or "",
        *overrides,
    ]
    said: deque[str] = deque(maxlen=3)
    with (
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child,
        tqdm(desc=f"preparing {source.stem}, once", unit=" tensors", disable=None if progress else True) as bar,
    ):
        assert child.stdout
        for line in child.stdout:
            if tensor := _TENSOR.match(line):
                bar.total = int(tensor[2])
                bar.update(int(tensor[1]) - bar.n)
            else:
                said.append(line.decode("utf-8", "replace").strip())
    if child.returncode != 0:
        raise BaseRefused(
            f'{source} could not be converted (exit {child.returncode}): {" / ".join(said)}. Set `layout = "shipped"`.'
        )


def _quantize(source: str, target: str, recipe: Recipe) -> int:
    """Run llama.cpp's conversion in this process, its log on stdout; gives llama.cpp's result, 0 if all went well."""
    from llama_cpp import llama_cpp as llama

    def log(_: int, text: bytes, __: object) -> None:
        try:
            os.write(sys.stdout.fileno(), text)
        except BrokenPipeError:  # the parent is gone, and nobody will rename what we write
            os._exit(1)

    callback = llama.llama_log_callback(log)
    llama.llama_log_set(callback, None)
    params = llama.llama_model_quantize_default_params()
    params.allow_requantize = True
    params.ftype = getattr(llama, f"LLAMA_FTYPE_MOSTLY_{recipe.ftype}")
    if recipe.embedding:
        # The embedding is the output matrix too where a base ties them, as SmolLM2 does.
        params.token_embedding_type = params.output_tensor_type = getattr(llama, f"GGML_TYPE_{recipe.embedding}")
    overrides = (llama.llama_model_tensor_override * (len(recipe.overrides) + 1))()  # the last one is zero: the end
    for entry, (pattern, kind) in zip(overrides, recipe.overrides, strict=False):
        entry.pattern, entry.type = pattern.encode(), getattr(llama, f"GGML_TYPE_{kind}")
    params.tt_overrides = ctypes.cast(overrides, type(params.tt_overrides))
    return int(llama.llama_model_quantize(source.encode(), target.encode(), ctypes.byref(params)))


if __name__ == "__main__":
    source, target, ftype, embedding, *words = sys.argv[1:]
    pairs = tuple(zip(words[::2], words[1::2], strict=True))
    sys.exit(_quantize(source, target, Recipe(ftype, embedding or None, pairs)))
