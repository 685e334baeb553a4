"""A context beside the one that serves, which shows where llama.cpp has weights in memory."""

from __future__ import annotations

from expertd.engine.context import Adapter, Base, Context
from expertd.engine.hook import Hook, Seen


class Scratch:
    """Kept, since to make a context takes longer than to look: it holds 9 MB for the embedded base."""

    def __init__(self, base: Base) -> None:
        self._hook = Hook(1)
        self._context = Context(base, n_cells=32, n_seq=1, n_batch=1, n_threads=1, hook=self._hook)

    def weights(self, adapter: Adapter | None = None) -> list[Seen]:
        """The layers' weights, and an adapter's. Where llama.cpp cuts its graphs in pieces, only the first's.

        Raises `EngineFailed`.
        """
        # llama.cpp compares adapters by address, and this one's may be another's later.
        self._context.set_adapters([(adapter, 1.0)] if adapter else [])
        try:
            self._hook.collect()
            self._context.trace()
            return self._hook.collected()
        finally:
            self._context.set_adapters([])

    def close(self) -> None:
        self._context.close()
