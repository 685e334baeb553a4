"""Watches the experts folder, so that the store follows what happens to it."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from expertd.experts.store import Store

log = logging.getLogger(__name__)

SETTLE = 0.3
# Someone who writes without a pause (a training, a log) must not hold up the others.
LONGEST = 1.0
# How soon a folder that was away is found again.
LOOK = 0.5
_CHANGES = frozenset({"created", "modified", "moved", "deleted", "closed"})
_ENDS = frozenset({"moved", "deleted"})


class Watcher(FileSystemEventHandler):
    """Scans the store once a change has settled.

    A folder that is missing, or replaced by another of its name, is looked for every `LOOK` seconds; where the system
    has no watches left, or a scan could not look at all of it, the store is scanned as often.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._changed = threading.Event()
        self._observer: BaseObserver | None = None
        self._watch: ObservedWatch | None = None
        self._lost = threading.Event()  # a new folder may get the inode of the one deleted just before
        self._watched: tuple[int, int] | None = None  # device and inode of what is watched
        self._thread = threading.Thread(target=self._run, name="experts-watcher", daemon=True)

    def start(self) -> None:
        # watchdog calls it an error that its thread is told to stop.
        logging.getLogger("watchdog.observers.inotify").setLevel(logging.CRITICAL)
        self._observer = Observer()
        self._observer.start()
        self._thread.start()

    def stop(self) -> None:
        """End both threads; no scan is running when it returns."""
        self._stopping.set()
        self._changed.set()
        self._thread.join()
        if self._observer:
            self._observer.stop()
            self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        # Reading a file is an event too: our own would never end.
        if event.event_type in _CHANGES:
            if event.event_type in _ENDS and event.src_path == str(self._store.folder):
                self._lost.set()
            self._changed.set()

    def _run(self) -> None:
        complete = True
        while not self._stopping.is_set():
            try:
                if self._follow():
                    self._changed.set()
                if self._changed.wait(LOOK) or self._watch is None or not complete:
                    self._settle()
                    complete = self._store.scan()
            except Exception:
                complete = False
                log.exception("watching %s failed; going on", self._store.folder)
                self._stopping.wait(LOOK)

    def _settle(self) -> None:
        """Wait until nothing has happened for `SETTLE` seconds, `LONGEST` at most."""
        began = time.monotonic()
        while self._changed.is_set() and time.monotonic() - began < LONGEST:
            self._changed.clear()
            if self._stopping.wait(SETTLE):
                return
        self._changed.clear()

    def _follow(self) -> bool:
        """Watch the folder that is there now; whether that is another one than before."""
        now = _identity(self._store.folder)
        if now == self._watched and not self._lost.is_set():
            return False
        self._lost.clear()
        assert self._observer
        old, self._watch, self._watched = self._watch, None, now
        if old:
            self._observer.unschedule(old)
        if now:
            try:
                self._watch = self._observer.schedule(self, str(self._store.folder), recursive=True)
            except OSError as error:
                log.warning("cannot watch %s (%s): looking every %s s instead", self._store.folder, error, LOOK)
        return True


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
