"""How an expert comes into the experts folder and leaves it, in one step each, so that a daemon sees all or nothing."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from expertd.errors import CannotWrite, InvalidRequest, UnknownModel
from expertd.experts.faults import Faults
from expertd.experts.manifest import FILE, Manifest, parse_manifest
from expertd.experts.package import PICTURE, is_part, is_weights

_BLOCK = 8 << 20  # bytes
_EXCHANGE = 2  # Linux's flag: each of two names gets what the other had
_HERE = -100  # AT_FDCWD


@contextmanager
def staged(experts: Path, name: str, parts: Mapping[str, bytes]) -> Iterator[Path]:
    """The parts as a folder of this name, beside the experts and hidden from a daemon, as long as the block lasts.

    Raises `OSError`.
    """
    experts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=experts) as staging:
        folder = Path(staging) / name
        folder.mkdir()
        with tqdm(total=sum(map(len, parts.values())), unit="B", unit_scale=True, delay=1, disable=None) as bar:
            for part, data in parts.items():
                with (folder / part).open("xb") as file:
                    for start in range(0, len(data), _BLOCK):
                        bar.update(file.write(data[start : start + _BLOCK]))
                    file.flush()
                    os.fsync(file.fileno())
        yield folder


def installed(experts: Path, name: str) -> Manifest | None:
    """The manifest of an expert that is there, as far as it can be read; None: there is none."""
    folder = experts / name
    return parse_manifest(folder, Faults()) if os.path.lexists(folder) else None


def holds(folder: Path, parts: Mapping[str, bytes]) -> bool:
    """Whether an expert's folder has just these parts."""
    try:
        there = {path.name: path for path in folder.iterdir() if is_part(path.name)}
        return there.keys() == parts.keys() and all(there[name].read_bytes() == parts[name] for name in parts)
    except OSError:
        return False


def put(new: Path, experts: Path, *, replace: bool) -> None:
    """Make the staged folder an expert; where it replaces one, that takes its place.

    Raises `CannotWrite` where there is one and it shall not, `InvalidRequest` where that holds more than an expert, and
    `OSError`; the old one is there then.
    """
    target = experts / new.name
    if replace and os.path.lexists(target):
        _check_all_is_the_experts(target)
        exchange(new, target)
        return
    try:
        new.rename(target)
    except OSError as error:
        raise CannotWrite(f"{target} cannot be made: {error.strerror}. Mend it, or remove it first.") from error


def remove(experts: Path, name: str) -> Manifest:
    """Remove an expert, and tell what it was. Raises `UnknownModel`, `InvalidRequest`, `CannotWrite`, `OSError`."""
    manifest, folder = installed(experts, name), experts / name
    if manifest is None:
        files = experts.glob("[a-z]*/*")
        there = ", ".join(sorted({path.parent.name for path in files if path.name == FILE or is_weights(path.name)}))
        raise UnknownModel(f"there is no expert {name!r} in {experts}. There are: {there or 'none'}.")
    _check_all_is_the_experts(folder)
    try:
        with tempfile.TemporaryDirectory(prefix=".removing-", dir=experts) as trash:
            folder.rename(Path(trash) / name)
    except OSError as error:
        raise CannotWrite(
            f"{folder} cannot be removed: {error.strerror}. Mend the permissions of {experts}."
        ) from error
    return manifest


def _check_all_is_the_experts(folder: Path) -> None:
    """A folder that holds more, as where an expert is made, is nobody's to throw away. Raises `InvalidRequest`."""
    if folder.is_symlink():  # nothing but the link would go
        return
    others = sorted(
        path.name for path in folder.iterdir() if path.is_dir() or not (is_part(path.name) or path.name == PICTURE)
    )
    if others:
        raise InvalidRequest(
            f"{folder} holds what is no part of an expert ({', '.join(others[:5])}): move it elsewhere first"
        )


def exchange(new: Path, old: Path) -> None:
    """Put a staged folder in an old one's place at once; where the system cannot, in two steps."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        renameat2 = None
    if renameat2 and renameat2(_HERE, os.fsencode(new), _HERE, os.fsencode(old), _EXCHANGE) == 0:
        return
    aside = new.with_name(f"{new.name}-before")
    old.rename(aside)
    try:
        new.rename(old)
    except BaseException:
        aside.rename(old)  # the staging folder is cleared, and this is the only one
        raise
