"""KV of prompts in a folder: what memory had no room for, and what it held when the daemon ended.

A file is named by its content's identity, so two daemons may share the folder: whatever one writes, the other finds.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import queue
import struct
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from expertd.engine.identity import Identity, from_portable, portable
from expertd.engine.radix_tree import RadixTree
from expertd.errors import ConfigError

log = logging.getLogger(__name__)

State = npt.NDArray[np.uint8]

# Magic, the fingerprint, bytes of the portable identity and of the state that follow, and the state's digest.
HEAD = struct.Struct("<8s16sIQ16s")
MAGIC = b"expertd1"
PENDING = 4  # states that wait to be written: they are in no one's budget
SETTLED = 100_000_000  # nanoseconds
FLUSH = 2.0  # seconds that a stopping daemon writes


@dataclass(frozen=True, eq=False)
class Stored:
    """An entry on disk. `size`: bytes of its state."""

    identity: Identity
    path: Path
    offset: int
    size: int
    digest: bytes


@dataclass(frozen=True)
class _Job:
    name: str
    identity: bytes  # portable
    state: State
    used: float


class DiskCache:
    """Entries under a byte budget, by the files' mtime the least recently used out first.

    One thread writes; everything else belongs to the decoding thread. Files are private to the user, as prompts are.
    """

    def __init__(self, folder: Path, budget: int, fingerprint: bytes) -> None:
        """`budget` in bytes, for the whole folder.

        `fingerprint`, 16 bytes, says what a state depends on beside its identity; files of another one are not looked
        at, but count. Raises `ConfigError` where the folder cannot be had.
        """
        self._folder, self._budget, self._fingerprint = folder, budget, fingerprint
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise ConfigError(f"disk_cache_mb: {folder} cannot be used: {error.strerror}. Or set it to 0.") from error
        self._tree: RadixTree[Stored] = RadixTree()
        self._stored: dict[str, Stored] = {}  # by file name
        self._changed = 0  # the folder's mtime when it was listed, nanoseconds
        self._jobs: queue.Queue[_Job | None] = queue.Queue(PENDING)
        self._writer = threading.Thread(target=self._write_all, name="disk-cache", daemon=True)
        self._writer.start()

    # ---- the decoding thread's side

    def find(self, identity: Identity) -> tuple[Stored | None, int]:
        """The entry with the longest common prefix and its length; (None, 0) if none."""
        try:
            self._refresh()
        except OSError as error:
            log.warning("the prefix cache's folder %s cannot be listed: %s", self._folder, error.strerror)
        return self._tree.find(identity)

    def read(self, stored: Stored) -> State | None:
        """Its state; None, and the file is dropped, where it is not what was written."""
        try:
            with stored.path.open("rb") as file:
                file.seek(stored.offset)
                state = np.fromfile(file, np.uint8, stored.size)
            if _digest(state.data) != stored.digest:
                raise ValueError("its contents have changed")
            os.utime(stored.path)
        except (OSError, ValueError) as error:
            self._forget(stored)
            self._drop(stored.path, error)
            return None
        return state

    def write(self, identity: Identity, state: State, used: float) -> None:
        """Have an entry written that was last used at `used`, in seconds since the epoch. Dropped where many wait."""
        with contextlib.suppress(queue.Full):
            if job := self._job(identity, state, used):
                self._jobs.put_nowait(job)

    def close(self, entries: Iterable[tuple[Identity, State, float]]) -> None:
        """Write these too, as far as `FLUSH` allows, and end."""
        end = time.monotonic() + FLUSH
        with contextlib.suppress(queue.Full):
            for entry in entries:
                if job := self._job(*entry):
                    self._jobs.put(job, timeout=max(0.0, end - time.monotonic()))
        with contextlib.suppress(queue.Full):
            self._jobs.put(None, timeout=max(0.0, end - time.monotonic()))
        self._writer.join(max(0.0, end - time.monotonic()))

    def _job(self, identity: Identity, state: State, used: float) -> _Job | None:
        """None where the disk has it already, or nobody could tell its blend any more."""
        data = portable(identity)
        if data is None or state.nbytes > self._budget or self.find(identity)[1] == len(identity):
            return None
        # The state's digest is the writer's to make: it takes milliseconds.
        return _Job(self._name(data), data, state, used)

    def _name(self, identity: bytes) -> str:
        return f"{self._fingerprint.hex()}-{_digest(self._fingerprint + identity).hex()}.kv"

    def _refresh(self) -> None:
        """Learn what has come into the folder and what has gone, by us or by another daemon."""
        changed = self._folder.stat().st_mtime_ns
        if changed == self._changed:
            return
        # One that is so young may change again within the clock's tick.
        self._changed = changed if time.time_ns() - changed > SETTLED else 0
        names = {path.name for path in self._folder.glob(f"{self._fingerprint.hex()}-*.kv")}
        for name in self._stored.keys() - names:
            self._forget(self._stored[name])
        for name in names - self._stored.keys():
            path = self._folder / name
            try:
                self._learn(self._look_at(path))
            except (OSError, ValueError) as error:
                self._drop(path, error)

    def _look_at(self, path: Path) -> Stored:
        """A file without its state. Raises `ValueError` for what `_write` cannot have made, `OSError`."""
        if not path.is_file():  # to open a pipe takes for ever
            raise ValueError("it is no file")
        with path.open("rb") as file:
            head = file.read(HEAD.size)
            if len(head) < HEAD.size:
                raise ValueError("it is too short")
            magic, fingerprint, length, size, digest = HEAD.unpack(head)
            if magic != MAGIC or fingerprint != self._fingerprint:
                raise ValueError("it is no KV of this base")
            if os.fstat(file.fileno()).st_size != HEAD.size + length + size:
                raise ValueError("it is not as long as it says")
            data = file.read(length)
        if self._name(data) != path.name:
            raise ValueError("its name is not that of its contents")
        return Stored(from_portable(data), path, HEAD.size + length, size, digest)

    def _learn(self, stored: Stored) -> None:
        """Of two entries that begin alike to the end of the shorter, the longer is enough."""
        if self._tree.find(stored.identity)[1] == len(stored.identity):
            stored.path.unlink(missing_ok=True)
            return
        self._stored[stored.path.name] = stored
        if shorter := self._tree.insert(stored.identity, stored):
            del self._stored[shorter.path.name]
            shorter.path.unlink(missing_ok=True)

    def _forget(self, stored: Stored) -> None:
        del self._stored[stored.path.name]
        self._tree.remove(stored.identity)

    def _drop(self, path: Path, error: Exception) -> None:
        if isinstance(error, FileNotFoundError):
            return  # it made room, here or in another daemon
        log.warning("the prefix cache's file %s is dropped: %s", path.name, error)
        with contextlib.suppress(OSError):
            path.unlink()

    # ---- the writer's side

    def _write_all(self) -> None:
        while job := self._jobs.get():
            try:
                self._write(job)
            except OSError as error:
                log.warning("the prefix cache's folder %s takes no file: %s", self._folder, error.strerror)

    def _write(self, job: _Job) -> None:
        head = HEAD.pack(MAGIC, self._fingerprint, len(job.identity), job.state.nbytes, _digest(job.state.data))
        if not self._make_room(len(head) + len(job.identity) + job.state.nbytes, job.used):
            return
        # Private to the user from its first byte on. A torn file, after a power cut, is found out by its digest.
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as file:
            part = Path(file.name)
            try:
                for piece in (head, job.identity, job.state.data):
                    file.write(piece)
                file.flush()
                os.utime(part, (job.used, job.used))
                part.replace(self._folder / job.name)
            except BaseException:
                part.unlink(missing_ok=True)
                raise

    def _make_room(self, size: int, used: float) -> bool:
        """Delete what was used before `used`, until there is room. False: what is left was used later."""
        files = []
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.suffix in (".kv", ".part"):  # one of a killed daemon ages like the others
                    status = path.stat()
                    files.append((status.st_mtime, status.st_size, path))
        over = sum(bytes_ for _, bytes_, _ in files) + size - self._budget
        for mtime, bytes_, path in sorted(files):
            if over <= 0 or mtime > used:
                break
            path.unlink(missing_ok=True)
            over -= bytes_
        return over <= 0


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
