"""Memory for the cells that are used, of all that llama.cpp allocates when a context is made."""

from __future__ import annotations

import ctypes
import logging
import mmap
import sys

from expertd.engine.context import Context, Row

log = logging.getLogger(__name__)

# Linux's numbers. Elsewhere MADV_DONTNEED may leave the pages as they are.
_DONTNEED, _NOHUGEPAGE = 4, 15


def give_back(context: Context) -> int:
    """Hand the pages of a new context's cells back to the kernel; each comes again, zeroed, when it is written to.

    llama.cpp writes zeros into all cells, so that all take memory from the start. Bytes given back; 0 where it is not
    Linux, there is no hook to find the cells by, or they are not in the host's memory.
    """
    if sys.platform != "linux" or context.hook is None:
        return 0
    context.hook.collect()
    with context.one_thread():
        context.decode([Row(0, 0, 0, False)])
    cells = [seen for seen in context.hook.collected() if seen.name.startswith("cache_")]
    context.remove_sequence(0)
    given = sum(_drop(seen.data, seen.nbytes) for seen in cells if seen.data is not None)
    log.debug("%.0f MB of empty cells given back", given / 1e6)
    return given


def _drop(start: int, size: int) -> int:
    """Drop the pages that lie wholly in the range."""
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (start + size) // mmap.PAGESIZE * mmap.PAGESIZE - first
    if length <= 0:
        return 0
    libc = ctypes.CDLL(None)
    # A huge page would bring 2 MB of empty cells back for a token.
    libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), _NOHUGEPAGE)
    return 0 if libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), _DONTNEED) else length
