"""New expert folders out of matrices: whole where they are to be, or not there at all."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from expertd.errors import CannotWrite, TrainingRefused
from expertd.experts.manifest import BaseBinding, Manifest, write_manifest
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


def named(manifest: Manifest, name: str, changes: Mapping[str, Any]) -> Manifest:
    """The manifest with another name, and `changes`. Raises `TrainingRefused` for what is no name."""
    try:
        return Manifest.model_validate({**manifest.model_dump(exclude_unset=True), **changes, "name": name})
    except ValueError as error:
        raise TrainingRefused(
            f"{name!r} cannot be an expert's name: 1 to 32 of a-z, 0-9 and -, a letter first. Change --out."
        ) from error


def binding(name: str, shape: BaseShape) -> BaseBinding:
    return BaseBinding(name=name, **asdict(shape))


def next_version(version: str) -> str:
    """One up in its last number: "1.9" becomes "1.10"."""
    match = re.search(r"\d+(?=\D*$)", version)
    return f"{version[: match.start()]}{int(match[0]) + 1}{version[match.end() :]}" if match else f"{version}.1"
