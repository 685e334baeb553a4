"""The carrier: an adapter of zeros, whose nodes in llama.cpp's graphs the hook puts to use."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

from expertd.engine.base import Base
from expertd.engine.context import Adapter
from expertd.errors import EngineFailed
from expertd.experts.gguf_adapter import write_zeros


def load_carrier(base: Base, modules: Collection[str]) -> Adapter:
    """For some of `MODULES` in every layer; of one rank, the narrowest that there is. Raises `EngineFailed`."""
    sizes = {
        f"blk.{layer}.{module}.weight": base.shape.sizes(module)
        for layer in range(base.shape.n_layer)
        for module in modules
    }
    try:
        with tempfile.NamedTemporaryFile(prefix="expertd-", suffix=".gguf") as file:
            write_zeros(sizes, 1, np.dtype(np.float16), base.architecture, Path(file.name))
            return Adapter(base, Path(file.name))
    except OSError as error:
        raise EngineFailed(
            f"a file cannot be written to {tempfile.gettempdir()}: {error.strerror}. Make room."
        ) from error
