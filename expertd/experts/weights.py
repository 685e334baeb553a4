"""The weights of an expert folder: which files they are in, bound to the base and checked before use."""

from __future__ import annotations

import hashlib
from pathlib import Path

from expertd.errors import ExpertRefused
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.faults import Faults
from expertd.experts.files import read_file, unreadable
from expertd.experts.gguf_adapter import parse_gguf
from expertd.experts.int8_adapter import INT8, parse_int8
from expertd.experts.manifest import FILE, BaseBinding, Manifest
from expertd.experts.peft_adapter import CONFIG, TENSORS, parse_peft
from expertd.experts.tensors import BaseShape, Weights, freeze

_MAX_CONFIG = 1 << 20
_PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".ckpt"})


def read_weights(folder: Path, manifest: Manifest, shape: BaseShape, base: BaseTensors | None = None) -> Weights:
    """The checked weights of `folder`, for a base of this shape: a PEFT adapter, one in 8 bits, or a GGUF LoRA.

    Some kinds need the tensors of the `base`. Raises `ExpertRefused` naming the file, the reason and the remedy.
    """
    faults = Faults()
    if manifest.base:
        faults.add(*_wrong_base(folder / FILE, manifest.base, shape))
    names: list[str] = []
    with faults.collect():
        names = weight_files(folder)
    if manifest.sha256 and (unlisted := [name for name in names if name not in manifest.sha256]):
        faults.add(f"{folder / FILE}: sha256 does not list {', '.join(unlisted)}. List it, or leave sha256 out.")
    data: dict[str, bytes] = {}
    for name in dict.fromkeys([*names, *manifest.sha256]):
        with faults.collect():
            data[name] = _read(folder, name, manifest, shape, faults)
    weights = Weights({})
    if names and all(name in data for name in names):
        with faults.collect():
            kind, weights = _parse(folder, names, data, shape, base, faults)
            # A bare folder's manifest says nothing of its kind.
            if "kind" in manifest.model_fields_set and manifest.kind != kind:
                faults.add(f"{folder / FILE}: kind is {manifest.kind!r}, and {names[-1]} is {kind!r}. Mend the kind.")
    faults.check()
    return freeze(weights, activation=manifest.activation, offset=manifest.offset)


def _parse(
    folder: Path, names: list[str], data: dict[str, bytes], shape: BaseShape, base: BaseTensors | None, faults: Faults
) -> tuple[str, Weights]:
    if INT8 in names:
        return parse_int8(folder, data[CONFIG], data[INT8], shape, faults)
    if names[0] == CONFIG:
        return parse_peft(folder, data[CONFIG], data[TENSORS], shape, base, faults)
    weights = Weights({})
    with faults.collect():
        weights = parse_gguf(folder / names[0], data[names[0]], shape)
    return "lora", weights


def _wrong_base(path: Path, base: BaseBinding, shape: BaseShape) -> list[str]:
    return [
        f"{path}: the expert is for {base.name} ({field} {wanted}), and the base served has {field} {served}. "
        "Serve its base with --base, or train anew."
        for field, wanted in base.model_dump(exclude={"name"}, exclude_none=True).items()
        if (served := getattr(shape, field)) != wanted
    ]


def weight_files(folder: Path) -> list[str]:
    """The names of the files that hold the weights. Raises `ExpertRefused` where there are none, or of two experts."""
    try:
        files = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        remedy = "Give a folder that is there." if isinstance(error, FileNotFoundError) else "Mend its permissions."
        raise unreadable(folder, error, remedy) from error
    ggufs = [name for name in files if name.endswith(".gguf")]
    ours = [name for name in (TENSORS, INT8) if name in files]
    if len(both := [*ours, *ggufs[:1]]) > 1 and ours:
        raise ExpertRefused(f"{folder} holds {both[0]} and {both[1]}, and an expert is one of them. Remove the other.")
    if ours:
        return [CONFIG, *ours]
    if len(ggufs) == 1:
        return ggufs
    if ggufs:
        raise ExpertRefused(f"{folder} holds {len(ggufs)} GGUF files, and an expert is one. Make a folder for each.")
    if pickles := [name for name in files if Path(name).suffix in _PICKLES]:
        raise ExpertRefused(
            f"{folder / pickles[0]} is a pickle, which can run code and is never opened. Save the adapter as {TENSORS}."
        )
    raise ExpertRefused(f"{folder} holds no {TENSORS} and no GGUF file. Copy the weights into it.")


def _read(folder: Path, name: str, manifest: Manifest, shape: BaseShape, faults: Faults) -> bytes:
    # What was hashed is what is parsed: the bytes are read once.
    data = read_file(folder, name, _MAX_CONFIG if name == CONFIG else shape.max_file_bytes)
    wanted = manifest.sha256.get(name)
    if wanted and hashlib.sha256(data).hexdigest() != wanted:
        faults.add(
            f"{folder / name} is not the file that {FILE} was written for (sha256 differs). "
            "Finish the copy, or fetch the expert again."
        )
    return data
