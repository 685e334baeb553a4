"""An expert as one file: a zip of its parts as they are, with an index that binds them by size and sha256."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from expertd.errors import ExpertRefused
from expertd.experts.files import read_file
from expertd.experts.int8_adapter import INT8
from expertd.experts.manifest import FILE, FileName, Manifest, Name, Sha256
from expertd.experts.peft_adapter import CONFIG, TENSORS
from expertd.experts.tensors import BaseShape
from expertd.experts.weights import weight_files

INDEX = "index.json"
SUFFIX = ".expert"
VERSION = r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$"
TEXTS = frozenset(
    f"{name}{suffix}" for name in ("README", "LICENSE", "LICENCE", "NOTICE") for suffix in ("", ".md", ".txt")
)
PICTURE = "training.png"  # of the loss, which `train` leaves beside the parts
_GGUF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\.gguf")
_SMALL = 1 << 20  # bytes of all parts but the weights
_MOST = len(TEXTS) + 4  # parts: the index, the manifest, and the weights in two files at most
_LONGEST = 46 + 206  # bytes of an entry in the directory, its name with them
_NEVER_CHANGES = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can tell
_END = struct.Struct("<4sHHHHIIH")  # a zip's last record


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Part(_Frozen):
    size: NonNegativeInt
    sha256: Sha256


class Index(_Frozen):
    """What a package holds. Its hash is the content's: whatever changes in a part changes it."""

    format: Literal[1] = 1
    name: Name
    version: Annotated[str, Field(pattern=VERSION)]
    files: dict[FileName, Part]

    @property
    def data(self) -> bytes:
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":")).encode()

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.content_hash[:12]}{SUFFIX}"


def is_part(name: str) -> bool:
    """Whether an expert may have a file of this name. None of them is a path."""
    return name in TEXTS | {FILE, CONFIG, TENSORS, INT8} or _GGUF.fullmatch(name) is not None


def is_weights(name: str) -> bool:
    """Whether the part of this name holds the arrays."""
    return name in (TENSORS, INT8) or name.endswith(".gguf")


def most_bytes(name: str, shape: BaseShape) -> int:
    """What a part of an expert for this base can have."""
    return shape.max_file_bytes if is_weights(name) else _SMALL


def read_parts(folder: Path, shape: BaseShape) -> dict[str, bytes]:
    """The files of an expert's folder that make the expert, and no others. Raises `ExpertRefused`, `OSError`."""
    there = {path.name for path in folder.iterdir()}
    names = sorted({*weight_files(folder), *(there & (TEXTS | {FILE}))})
    if odd := [name for name in names if not is_part(name)]:
        raise ExpertRefused(
            f"{folder / odd[0]}: no package takes a file of this name. Rename it: 200 letters, digits, . _ - at most."
        )
    return {name: read_file(folder, name, most_bytes(name, shape)) for name in names}


def index_of(manifest: Manifest, parts: Mapping[str, bytes]) -> Index:
    """Raises `ExpertRefused` where a package could not be named, or would lack what its manifest lists."""
    if lacking := sorted(set(manifest.sha256) - set(parts)):
        raise ExpertRefused(f"{FILE}: sha256 lists {', '.join(lacking)}, which no package takes. Leave it out.")
    if not re.fullmatch(VERSION, manifest.version):
        raise ExpertRefused(
            f"{FILE}: version {manifest.version[:80]!r} cannot stand in a file's name: 64 of a-z, 0-9, . _ + - at most."
        )
    files = {name: Part(size=len(data), sha256=hashlib.sha256(data).hexdigest()) for name, data in parts.items()}
    return Index(name=manifest.name, version=manifest.version, files=files)


def write_package(index: Index, parts: Mapping[str, bytes], path: Path) -> None:
    """The same bytes for the same parts, whenever and wherever; beside and renamed. Raises `OSError`."""
    new = path.with_name(f".{path.name}.new")
    try:
        with zipfile.ZipFile(new, "w", zipfile.ZIP_STORED) as archive:
            for name, data in [(INDEX, index.data), *sorted(parts.items())]:
                info = zipfile.ZipInfo(name, _NEVER_CHANGES)
                info.create_system = 3  # Unix, on every system
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(info, data)
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read_package(path: Path, shape: BaseShape) -> tuple[Index, dict[str, bytes]]:
    """The index of a stranger's file and the parts that it lists, each of the size and sha256 that it says.

    Raises `ExpertRefused` for anything that `write_package` would not have written, before it takes up memory.
    """
    data = _read(path, shape)
    try:
        count = _check_end(path, data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            faults = [fault for info in archive.infolist() for fault in _wrong_entry(info, shape)]
            names = [info.filename for info in archive.infolist()]
            faults += [f"{name!r} is there twice" for name, times in sorted(Counter(names).items()) if times > 1]
            if len(names) != count:
                faults.append(f"it has {len(names)} parts, and its end says {count}")
            if sum(info.file_size for info in archive.infolist()) > len(data):
                faults.append("its parts overlap")
            if faults:
                raise ExpertRefused(*(f"{path}: {fault}. Do not install it." for fault in faults))
            if INDEX not in names:
                raise ExpertRefused(f"{path} has no {INDEX}, so it is no expert's package. Make one with pack.")
            parts = {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, KeyError, OSError, struct.error) as error:
        raise ExpertRefused(f"{path} is no sound package: {error}. Fetch it again.") from error
    index = _parse_index(path, parts.pop(INDEX))
    if faults := [*_wrong_parts(index, parts), *_wrong_name(path, index)]:
        raise ExpertRefused(*(f"{path}: {fault}. Fetch it again." for fault in faults))
    return index, parts


def _read(path: Path, shape: BaseShape) -> bytes:
    limit = shape.max_file_bytes + _MOST * _SMALL
    try:
        if not path.is_file():
            raise ExpertRefused(f"{path} is no file. Give a package, an expert's folder, or hub:owner/repo.")
        if (size := path.stat().st_size) > limit:
            raise ExpertRefused(f"{path} has {size:,} bytes, and no expert of this base has over {limit:,}.")
        return path.read_bytes()
    except OSError as error:
        raise ExpertRefused(f"{path} cannot be read: {error.strerror}. Mend its permissions.") from error


def _check_end(path: Path, data: bytes) -> int:
    """How many entries the end says there are. zipfile would read on, whatever that is, to the directory's end."""
    plain = data[:4] == b"PK\x03\x04" and len(data) > 2 * _END.size and data[-42:-38] != b"PK\x06\x07"
    count: int
    mark, *zeros, here, count, size, start, comment = _END.unpack(data[-_END.size :] if plain else bytes(_END.size))
    odd = any(zeros) or comment or here != count or start + size + _END.size != len(data)
    if mark != b"PK\x05\x06" or odd or count > _MOST or size > count * _LONGEST:
        raise ExpertRefused(f"{path} is no package as `expertd experts pack` writes them. Fetch it again.")
    return count


def _wrong_entry(info: zipfile.ZipInfo, shape: BaseShape) -> Iterator[str]:
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    shown = repr(name[:120])
    if name != INDEX and not is_part(name):
        yield f"{shown} is no file that an expert may have"
    if kind not in (0, stat.S_IFREG):
        yield f"{shown} is a link, a folder or a device"
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits or info.file_size != info.compress_size:
        yield f"{shown} is compressed or encrypted, and a package holds its parts as they are"
    if info.file_size > most_bytes(name, shape):
        yield f"{shown} has {info.file_size:,} bytes, and {most_bytes(name, shape):,} are the most"


def _parse_index(path: Path, data: bytes) -> Index:
    try:
        index = Index.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or INDEX
        raise ExpertRefused(f"{path}: {INDEX}: {where}: {first['msg']}. Fetch it again.") from error
    if index.data != data:  # else one content could have many hashes
        raise ExpertRefused(f"{path}: {INDEX} is not written as `pack` writes it. Fetch it again.")
    return index


def _wrong_parts(index: Index, parts: Mapping[str, bytes]) -> Iterator[str]:
    for name in sorted({*index.files} ^ {*parts}):
        yield f"{name!r} is {'there, and not in the index' if name in parts else 'in the index, and not there'}"
    for name, data in parts.items():
        part = index.files.get(name)
        if part and (part.size, part.sha256) != (len(data), hashlib.sha256(data).hexdigest()):
            yield f"{name!r} is not what the index says (sha256 differs)"


def _wrong_name(path: Path, index: Index) -> Iterator[str]:
    """A file may be called as one likes; but what its name says of its content must be so."""
    told = path.name.removesuffix(SUFFIX).rpartition("-")[2]
    hexadecimal = len(told) == 12 and all(character in "0123456789abcdef" for character in told)
    if path.name.endswith(SUFFIX) and hexadecimal and told != index.content_hash[:12]:
        yield f"its name says content {told}, and it is {index.content_hash[:12]}: it is another one"
