"""The checkpoint of a training: on the disk whole, and read again by the same training alone."""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from expertd.errors import TrainingRefused
from expertd.train.recipe import Identity

FILE = "checkpoint.pt"


@dataclass(frozen=True)
class Checkpoint:
    """All that a training goes on from."""

    identity: Identity
    bf16: bool
    adapter: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    state: dict[str, Any]  # what grows over the steps


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Written beside and renamed, so that a kill or a full disk leaves the last good one. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}.new"
    try:
        with new.open("wb") as file:
            torch.save(checkpoint.__dict__, file)
            file.flush()
            os.fsync(file.fileno())  # a rename may reach the disk before what was written
        new.replace(folder / FILE)
    except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
        new.unlink(missing_ok=True)
        raise error if isinstance(error, OSError) else OSError(str(error)) from error


def read(folder: Path, identity: Identity) -> Checkpoint | None:
    """The last one, if any. Raises `TrainingRefused`: it is another training's, or cannot be read."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:  # which it is; torch looks at no part's checksum
            if archive.testzip():
                raise ValueError("a part is not what was written")
        # Whatever device it was written on: who takes the tensors puts them where they belong.
        found = Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # what torch raises for a file that is cut short or foreign is told nowhere
        raise TrainingRefused(
            f"{path} cannot be read: it was cut short, changed, or is another program's. Give --restart to begin anew."
        ) from error
    keys = found.identity.keys() | identity.keys()
    if changed := sorted(key for key in keys if found.identity.get(key) != identity.get(key)):
        raise TrainingRefused(
            f"{path} belongs to a training with other {', '.join(changed)}. "
            "Give another --out, or --restart to begin anew."
        )
    return found


def remove(folder: Path) -> None:
    """All that a training left there; the folder stays, which may be locked."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
