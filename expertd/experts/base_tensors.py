"""The base's own weights, for experts that are told relative to them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import gguf
import numpy as np

from expertd.experts.tensors import Array


class BaseTensors:
    """Tensors of a GGUF file, read and dequantized when asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> Array | None:
        """A tensor in f32, [n_out, n_in] for a weight; None where the file has none of this name."""
        tensor = self._tensors.get(name)
        if tensor is None:
            return None
        values: Array = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return values.astype(np.float32, copy=False)

    @cached_property
    def _tensors(self) -> dict[str, gguf.ReaderTensor]:
        return {tensor.name: tensor for tensor in gguf.GGUFReader(self._path).tensors}
