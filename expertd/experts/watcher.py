"""Watches the experts folder, so that the store follows what happens to it."""

from __future__ import annotations

import logging
import threading
import time

from expertd.experts.store import Signatures, Store

log = logging.getLogger(__name__)

# The system could tell of changes by itself. But that takes watches, which run out, and a record of which folder is
# which, and the library for it lost that, and ended, where two folders change places.
LOOK = 0.5
SHARE = 1 / 20  # of a core that looking may take: thousands of experts are looked at less often
SETTLE = 0.3
# Someone who writes without a pause (a slow copy) must not hold up the others.
LONGEST = 1.0


class Watcher:
    """Looks at the folder every `LOOK` seconds, and has the store scan it once a change has settled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="experts-watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; no scan is running when it returns."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        took = 0.0
        while not self._stopping.wait(max(LOOK, took / SHARE)):
            try:
                began = time.thread_time()  # not how long it waited for others
                seen = self._store.look()
                took = time.thread_time() - began
                if seen is None or (not self._store.knows(seen) and self._settled(seen)):
                    self._store.scan()  # where a part cannot be looked at, it tells why
            except Exception:
                log.exception("watching %s failed; going on", self._store.folder)

    def _settled(self, seen: Signatures | None) -> bool:
        """Wait until what was seen stays as it is for `SETTLE` seconds, `LONGEST` at most. False: told to stop."""
        began = time.monotonic()
        while time.monotonic() - began < LONGEST:
            if self._stopping.wait(SETTLE):
                return False
            before, seen = seen, self._store.look()
            if seen == before:
                break
        return True
