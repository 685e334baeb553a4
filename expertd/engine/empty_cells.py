"""Memory for the cells that are used, of all that llama.cpp allocates when a context is made."""

from __future__ import annotations

import ctypes
import logging
import mmap
import sys
from collections.abc import Sequence

from expertd.engine.context import Context, Row

log = logging.getLogger(__name__)

# Linux's numbers. Elsewhere MADV_DONTNEED may leave the pages as they are.
_DONTNEED, _NOHUGEPAGE = 4, 15


class CellPages:
    """Writes zeros to cells that nobody uses, by handing their pages back to the kernel: each comes again, zeroed."""

    def __init__(self, tensors: Sequence[tuple[int, int]], n_streams: int) -> None:
        """`tensors`: address and size in bytes of each layer's K and V, where the streams lie one behind another."""
        self._tensors, self._n_streams = tensors, n_streams

    def drop(self, seq_id: int) -> int:
        """Of a sequence that has cells of its own, and none in use. Returns the bytes given back."""
        sizes = [(start, size // self._n_streams) for start, size in self._tensors]
        return sum(_drop(start + seq_id * size, size) for start, size in sizes)

    def drop_all(self) -> int:
        return sum(_drop(start, size) for start, size in self._tensors)


def give_back(context: Context) -> int:
    """Drop the pages of a new context's cells, and have it drop those of long sequences when they go.

    llama.cpp writes zeros into all cells, so that all take memory from the start. Bytes given back; 0 where it is not
    Linux, there is no hook to find the cells by, or they are not in the host's memory.
    """
    if sys.platform != "linux" or context.hook is None:
        return 0
    context.hook.collect()
    with context.one_thread():
        context.decode([Row(0, 0, 0, False)])
    cells = {seen.data: seen.nbytes for seen in context.hook.collected() if seen.name.startswith("cache_")}
    context.remove_sequence(0)
    context.pages = CellPages(
        [(start, size) for start, size in cells.items() if start is not None], 1 if context.unified else context.n_seq
    )
    given = context.pages.drop_all()
    log.debug("%.0f MB of empty cells given back", given / 1e6)
    return given


def _drop(start: int, size: int) -> int:
    """Drop the pages that lie wholly in the range, and write zeros to the rest of it."""
    end, first = start + size, -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    length = end // mmap.PAGESIZE * mmap.PAGESIZE - first
    if length <= 0 or not _give_back(first, length):
        ctypes.memset(start, 0, size)
        return 0
    ctypes.memset(start, 0, first - start)
    ctypes.memset(first + length, 0, end - first - length)
    return length


def _give_back(start: int, size: int) -> bool:
    libc, address, length = ctypes.CDLL(None), ctypes.c_void_p(start), ctypes.c_size_t(size)
    # A huge page would bring 2 MB of empty cells back for a token.
    libc.madvise(address, length, _NOHUGEPAGE)
    return int(libc.madvise(address, length, _DONTNEED)) == 0
