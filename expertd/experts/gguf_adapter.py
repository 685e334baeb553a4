"""LoRA adapters in llama.cpp's GGUF format, read and written."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from expertd.errors import ExpertRefused
from expertd.experts.faults import Faults
from expertd.experts.invocation import MAX_INVOCATION
from expertd.experts.tensors import MODULES, Array, BaseShape, LowRank, Weights, low_rank

_TENSOR = re.compile(rf"(blk\.(0|[1-9]\d{{0,3}})\.({'|'.join(MODULES)})\.weight)\.lora_([ab])")
_TYPES = frozenset({"F32", "F16", "BF16", "Q8_0"})
_MAX_PARTS = 50_000


class _BoundedReader(gguf.GGUFReader):  # type: ignore[misc]
    """gguf's reader reads past the end as empty and follows any count: a lying header would keep it busy for ever."""

    _parts = 0

    def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
        self._parts += 1
        end = int(offset) + np.dtype(dtype).itemsize * int(count)
        if end > len(self.data):
            raise ValueError(f"it ends at byte {len(self.data):,}, and its header speaks of byte {end:,}")
        if self._parts > _MAX_PARTS:
            raise ValueError("its header has more entries than an adapter can need")
        return super()._get(offset, dtype, count, override_order)


def parse_gguf(path: Path, data: bytes, shape: BaseShape) -> Weights:
    """The adapter in `data`, whose rows are in GGUF's order already; `path` is for messages.

    Raises `ExpertRefused` naming file and reason.
    """
    # The reader maps its file. A mapped file that someone cuts short kills the process, so it gets a copy of its own.
    with tempfile.NamedTemporaryFile(suffix=".gguf") as copy:
        try:
            Path(copy.name).write_bytes(data)
        except OSError as error:
            raise ExpertRefused(
                f"{path} cannot be checked: {copy.name} cannot be written: {error.strerror}. Make room there.",
                passing=True,
            ) from error
        try:
            reader = _BoundedReader(copy.name)
            fields = {key: _value(reader, key) for key in ("general.type", "general.architecture", "adapter.type")}
            alpha = float(_value(reader, "adapter.lora.alpha") or 0.0)
            invoked = _value(reader, "adapter.alora.invocation_tokens")
            faults = Faults()
            pairs = _pairs(path, reader, faults)
        except (ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError) as error:
            raise ExpertRefused(f"{path} is no sound GGUF file: {error}. Copy it again.") from error
    faults.add(*_wrong_fields(path, fields, shape))
    invocation = invoked if isinstance(invoked, list) else []
    if invoked is not None and not (
        1 <= len(invocation) <= MAX_INVOCATION and all(type(token) is int and token >= 0 for token in invocation)
    ):
        faults.add(f"{path}: its invocation tokens (aLoRA) are none, or over {MAX_INVOCATION}. Convert it again.")
    modules: dict[str, LowRank] = {}
    for name, pair in pairs.items():
        with faults.collect():
            modules[name] = _module(path, name, pair, alpha, shape)
    faults.check()
    return Weights(modules, invocation=tuple(invocation))


def _value(reader: gguf.GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    return None if field is None else field.contents()


def _wrong_fields(path: Path, fields: dict[str, Any], shape: BaseShape) -> Iterator[str]:
    if fields["general.type"] != "adapter":
        yield f"{path} is a GGUF {fields['general.type']}, no adapter. A base is given with --base."
    if fields["adapter.type"] != "lora":
        yield f"{path} is an adapter of type {fields['adapter.type']!r}. Only lora is supported."
    if fields["general.architecture"] != shape.architecture:
        yield (
            f"{path} is for a {fields['general.architecture']} base, and a {shape.architecture} one is served. "
            "Serve its base, or train anew."
        )


def _pairs(path: Path, reader: gguf.GGUFReader, faults: Faults) -> dict[str, dict[str, Array]]:
    """{tensor name: {"a": ..., "b": ...}} of the sound ones, copied out of the file."""
    pairs: dict[str, dict[str, Array]] = {}
    broken = set()
    for tensor in reader.tensors:
        match = _TENSOR.fullmatch(tensor.name)
        if not match:
            faults.add(f"{path}: tensor {tensor.name[:120]!r} is not supported. Train {', '.join(MODULES)} only.")
            continue
        kind = tensor.tensor_type
        if kind.name not in _TYPES:
            faults.add(f"{path}: {tensor.name} is {kind.name}. Convert the adapter with --outtype f16.")
            broken.add(match[1])
            continue
        plain = kind.name in ("F16", "F32")
        pairs.setdefault(match[1], {})[match[4]] = (
            np.array(tensor.data) if plain else gguf.quants.dequantize(tensor.data, kind)
        )
    if not reader.tensors:
        faults.add(f"{path} holds no tensors. Convert the adapter again.")
    return {name: pair for name, pair in pairs.items() if name not in broken}


def _module(path: Path, name: str, pair: dict[str, Array], alpha: float, shape: BaseShape) -> LowRank:
    _, layer, module, _ = name.split(".")
    if int(layer) >= shape.n_layer:
        raise ExpertRefused(f"{path}: {name} is beyond the base's {shape.n_layer} layers. It belongs to another base.")
    if set(pair) != {"a", "b"}:
        raise ExpertRefused(f"{path}: {name} has lora_{next(iter(pair))} only. Convert the adapter again.")
    # llama.cpp's rule: alpha / rank, and an alpha of 0 means as it is.
    rank = pair["a"].shape[0]
    scaling = alpha / rank if alpha and rank else 1.0
    return low_rank(path, name, pair["a"], pair["b"], scaling, shape.sizes(module))


def write_gguf(weights: Weights, architecture: str, path: Path) -> None:
    """Write the file that llama.cpp loads as an adapter of scale 1. Raises `OSError`."""
    writer = _writer(architecture, path)
    for name, module in weights.modules.items():
        writer.add_tensor(f"{name}.lora_a", module.a)
        writer.add_tensor(f"{name}.lora_b", module.b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_zeros(
    sizes: Mapping[str, tuple[int, int]], rank: int, dtype: np.dtype[Any], architecture: str, path: Path
) -> None:
    """Write an adapter of nothing but zeros, which take no room on the disk. Raises `OSError`.

    `sizes` are (n_in, n_out) of each tensor that it changes.
    """
    writer = _writer(architecture, path)
    length = 0
    for name, (n_in, n_out) in sizes.items():
        for side, shape in (("a", (rank, n_in)), ("b", (n_out, rank))):
            nbytes = shape[0] * shape[1] * dtype.itemsize
            writer.add_tensor_info(f"{name}.lora_{side}", shape, dtype, nbytes)
            length += writer.ggml_pad(nbytes, writer.data_alignment)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as file:
        start = writer.ggml_pad(file.seek(0, 2), writer.data_alignment)
        file.truncate(start + length)


def _writer(architecture: str, path: Path) -> gguf.GGUFWriter:
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 0.0)  # the scaling is in lora_b
    return writer
