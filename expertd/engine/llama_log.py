"""What llama.cpp says: it gives the reasons of what it refuses in its log and nowhere else."""

from __future__ import annotations

import _thread
import ctypes
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from llama_cpp import llama_cpp as llama

log = logging.getLogger(__name__)

T = TypeVar("T")

_said: deque[str] = deque(maxlen=64)
_ERROR, _WARN = 4, 3


def _on_log(level: int, text: bytes, _: Any) -> None:
    try:
        line = text.decode("utf-8", "replace").strip()
        if not line:
            return
        if level == _ERROR:
            _said.append(line)
        log.debug("llama.cpp: %s", line)
    except KeyboardInterrupt:  # ctypes drops what a callback raises, and the Ctrl-C would be lost
        _thread.interrupt_main()


_log_callback = llama.llama_log_callback(_on_log)
llama.llama_log_set(_log_callback, ctypes.c_void_p(0))


def call(function: Callable[..., T], *args: Any) -> T:
    """Call into llama.cpp so that `reason` tells of this call and of none before."""
    _said.clear()
    return function(*args)


def reason() -> str:
    """The most telling error line of the last `call`, without llama.cpp's function names."""
    said = list(_said)  # llama.cpp logs from its own threads too
    lines = [line.split(": ", 1)[-1] for line in said if "failed to load model" not in line.split(": ", 1)[-1]]
    lines = lines or [line.split(": ", 1)[-1] for line in said]
    return lines[0] if lines else "llama.cpp gave no reason"
