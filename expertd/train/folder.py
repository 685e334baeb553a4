"""New expert folders: whole where they are to be, or not there at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from expertd.errors import CannotWrite, TrainingRefused
from expertd.experts.install import exchange, put
from expertd.experts.manifest import RESERVED, BaseBinding, Manifest, Name, write_manifest
from expertd.experts.tensors import BaseShape
from expertd.experts.weights import read_weights
from expertd.train.data import fingerprint
from expertd.train.lora import Pairs, write_lora


@contextmanager
def workplace(out: Path) -> Iterator[Path]:
    """A folder beside `out` for what becomes of it, hidden from a daemon; it is gone at the end, whatever happens.

    Raises `CannotWrite`, also where `out` is there already.
    """
    if out.exists():
        raise CannotWrite(f"{out} is there already: give another --out, or remove it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as work:
            yield Path(work)
    except OSError as error:
        raise CannotWrite(
            f"{out} cannot be written: {error.strerror or error}. Make room, or give another --out."
        ) from error


def write_expert(folder: Path, manifest: Manifest, pairs: Pairs, shape: BaseShape, *, int8: bool) -> None:
    """A whole expert with its hashes, which is then read as a daemon would. Raises `OSError`, `ExpertRefused`."""
    files = write_lora(pairs, folder, shape, manifest.base.name if manifest.base else "", int8=int8)
    hashes = {name: fingerprint(folder / name) for name in files}
    manifest = manifest.model_copy(update={"sha256": hashes})
    write_manifest(folder, manifest)
    read_weights(folder, manifest, shape)


def publish(made: Path, out: Path) -> None:
    """Give a whole folder, made beside `out` and named like it, the place of `out`, in one step.

    What else lies in `out` is its owner's, and in the new one too. Raises `OSError`, `CannotWrite`.
    """
    for path in made.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if not out.exists():
        put(made, out.parent, replace=False)
        return
    shutil.copymode(out, made)
    for path in out.iterdir():
        if (made / path.name).exists():
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, made / path.name, symlinks=True, copy_function=_link)
        else:
            _link(path, made / path.name)
    exchange(made, out)


def _link(path: Path | str, to: Path | str) -> None:
    """The same file by another name; where the file system has no such thing, or not for this file, a copy."""
    try:
        os.link(path, to, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, to, follow_symlinks=False)


def named(manifest: Manifest, name: str, changes: Mapping[str, Any]) -> Manifest:
    """The manifest with another name, and `changes`. Raises `TrainingRefused` for what is no name."""
    check_name(name)
    return manifest.model_copy(update={**changes, "name": name})


def check_name(name: str) -> None:
    """Raises `TrainingRefused` for what is no expert's name."""
    try:
        TypeAdapter(Name).validate_python(name)
    except ValueError as error:
        raise TrainingRefused(
            f"{name!r} cannot be an expert's name: 1 to 32 of a-z, 0-9 and -, a letter first, and none of "
            f"{', '.join(sorted(RESERVED))}. Change --out."
        ) from error


def binding(name: str, shape: BaseShape) -> BaseBinding:
    return BaseBinding(name=name, **asdict(shape))


def next_version(version: str) -> str:
    """One up in its last number: "1.9" becomes "1.10"."""
    match = re.search(r"\d+(?=\D*$)", version)
    return f"{version[: match.start()]}{int(match[0]) + 1}{version[match.end() :]}" if match else f"{version}.1"
