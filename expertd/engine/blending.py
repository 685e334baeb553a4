"""How the rows of a batch get their blends: the interface that the scheduler and the worker see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from expertd.engine.counters import Paging
from expertd.experts.blend import Blend
from expertd.experts.tensors import Array, Weights


class Blending(Protocol):
    """One way to apply blends. All calls come from the decoding thread."""

    name: str
    reason: str  # why not a better way, for people; "" where there is none
    paging: Paging

    def retain(self, blend: Blend, weights: Sequence[Weights]) -> None:
        """A sequence with this blend is about to run. `weights` are those of `blend.parts`, in their order."""

    def release(self, blend: Blend) -> None:
        """A sequence with this blend has ended."""

    def choose(self, wanted: Collection[Blend], following: Collection[Blend]) -> Collection[Blend]:
        """Which blends may share the next batch.

        Those `wanted` have rows to compute now, one of them at least is chosen; those `following` have rows that come
        after such rows in the same sequence.
        """

    def apply(
        self, rows: Sequence[Blend], outputs: npt.NDArray[np.uint8], embeddings: Sequence[Array | None] | None = None
    ) -> None:
        """Make the next decode run row i under `rows[i]`; its logits are asked for where `outputs[i]`.

        Where there are `embeddings`, row i has `embeddings[i]`, [n_embd], instead of its token's own unless it is None.
        """

    def check(self) -> int:
        """After that decode: how many nodes of the graph were changed.

        Raises `HookMissed` where some row did not run under its blend.
        """

    def close(self) -> None: ...
