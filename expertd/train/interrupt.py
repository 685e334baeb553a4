"""Ctrl-C during long work: noted, to be obeyed between steps; or obeyed at once, and not lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_pressed = threading.Event()


@contextmanager
def noted() -> Iterator[threading.Event]:
    """Ctrl-C is noted, and obeyed between steps: within one, the weights are in between too."""
    interrupted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def remembered() -> Iterator[None]:
    """While it lasts, Ctrl-C raises as ever, and `check` raises again what was dropped.

    Python drops the exception where it arrives in a callback of C code or in a destructor.
    """
    before = signal.signal(signal.SIGINT, _note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _pressed.clear()


def check() -> None:
    """Raises `KeyboardInterrupt` where Ctrl-C was pressed and nothing came of it."""
    if _pressed.is_set():
        raise KeyboardInterrupt


def _note(number: int, frame: FrameType | None) -> None:
    _pressed.set()
    raise KeyboardInterrupt
