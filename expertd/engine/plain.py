"""The plain way: adapters loaded as files, one blend a batch, groups of sequences in turn."""

from __future__ import annotations

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from expertd.engine.base import Base
from expertd.engine.context import Adapter, Context
from expertd.engine.counters import Paging
from expertd.errors import EngineFailed, InvalidRequest
from expertd.experts.blend import Blend
from expertd.experts.gguf_adapter import write_gguf
from expertd.experts.tensors import Array, Weights

QUANTUM = 8  # steps of one blend before the next one's turn: a change of adapters costs about two steps
ROWS_A_STEP = 8  # rows beyond the first that take as long as one step more
MAX_IDLE = 16  # adapters kept loaded that no running sequence uses


class PlainBlending:
    """Applies one blend to the whole context, and changes it between batches."""

    name = "plain"

    def __init__(self, base: Base, context: Context, reason: str = "", paging: Paging | None = None) -> None:
        """`paging` is counted on; default: from nothing."""
        self.reason, self.paging = reason, paging or Paging()
        self._base, self._context = base, context
        self._loaded: dict[str, Adapter] = {}  # by content hash, least recently retained first
        self._users: Counter[str] = Counter()
        self._current: Blend | None = None
        self._applied: Blend | None = None  # what the context is set to
        self._steps = 0
        self._served: dict[Blend, int] = {}  # when each blend that has rows had its last step
        self._clock = 0

    def retain(self, blend: Blend, weights: Sequence[Weights]) -> None:
        for part, weight in zip(blend.parts, weights, strict=True):
            if not weight.is_lora:
                why = f" ({self.reason})" if self.reason else ""
                raise InvalidRequest(
                    f"expert {part.name!r} is no LoRA, and nothing else can be served the plain way{why}", param="model"
                )
            adapter = self._loaded.pop(part.content_hash, None) or self._load(weight)
            self._loaded[part.content_hash] = adapter
        # Counted when all are there: of a blend that is refused, nobody would let go.
        self._users.update(part.content_hash for part in blend.parts)

    def release(self, blend: Blend) -> None:
        self._users.subtract(part.content_hash for part in blend.parts)
        idle = [key for key in self._loaded if self._users[key] <= 0]
        for key in idle[: max(0, len(idle) - MAX_IDLE)]:
            self._unload(key)

    def choose(self, wanted: Collection[Blend], following: Collection[Blend]) -> Collection[Blend]:
        """The current blend for about QUANTUM steps' time while it has rows, then the one that waited longest."""
        self._clock += 1
        # A blend that comes anew is behind those that wait: else short requests could starve long ones.
        self._served = {blend: self._served.get(blend, self._clock) for blend in wanted}
        if self._current not in wanted or (self._steps >= QUANTUM and len(wanted) > 1):
            others = [blend for blend in wanted if blend != self._current]
            self._current = min(others, key=self._served.__getitem__)
            self._steps = 0
        assert self._current is not None
        self._served[self._current] = self._clock
        return (self._current,)

    def apply(
        self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8], embeddings: Sequence[Array | None] | None = None
    ) -> None:
        (blend,) = set(rows)
        self._steps += 1 + (len(rows) - 1) // ROWS_A_STEP
        if blend == self._applied:
            return
        # Two names may stand for one content, and llama.cpp takes an adapter once.
        scales: defaultdict[str, float] = defaultdict(float)
        for part in blend.parts:
            scales[part.content_hash] += part.scale
        self._context.set_adapters([(self._loaded[key], scale) for key, scale in scales.items()])
        self._applied = blend

    def check(self) -> int:
        """Nothing to check: llama.cpp itself applies what is set."""
        return 0

    def close(self) -> None:
        self._context.set_adapters([])
        for key in list(self._loaded):
            self._unload(key)

    def _load(self, weights: Weights) -> Adapter:
        start = time.perf_counter()
        try:
            with tempfile.NamedTemporaryFile(prefix="expertd-", suffix=".gguf") as file:
                write_gguf(weights, self._base.architecture, Path(file.name))
                adapter = Adapter(self._base, Path(file.name))
        except OSError as error:
            raise EngineFailed(
                f"an adapter cannot be written to {tempfile.gettempdir()}: {error.strerror}. Make room."
            ) from error
        self.paging.pages_in += 1
        self.paging.seconds_in += time.perf_counter() - start
        return adapter

    def _unload(self, key: str) -> None:
        start = time.perf_counter()
        # llama.cpp compares adapters by address: one that is freed while set could be taken for a later one.
        self._context.set_adapters([])
        self._applied = None
        self._loaded.pop(key).close()
        del self._users[key]
        self.paging.pages_out += 1
        self.paging.seconds_out += time.perf_counter() - start
