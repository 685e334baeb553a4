"""The base's KV of prompts, computed once: kept in memory, then on disk, least recently used out first."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

log = logging.getLogger(__name__)

ROOM = 512 << 20  # bytes of the disk that are left to others: what can be computed anew must not keep a checkpoint out

Key = tuple[tuple[int, ...], int]  # the prompt's tokens, and the first of them whose KV is meant


class PromptKV:
    """Tensors [layers, keys and values, kv_heads, tokens, head_dim]. Thread-safe."""

    def __init__(
        self, memory: int, folder: Path | None = None, disk: int = 0, dtype: torch.dtype = torch.float16
    ) -> None:
        """Budgets in bytes. What lies in `folder` from an earlier run of the same training is used.

        In f16, as the daemon has it, twice as much finds room as in fp32.
        """
        self._dtype = dtype
        self._memory, self._disk, self._folder = memory, disk if folder else 0, folder
        self._kept: OrderedDict[Key, torch.Tensor] = OrderedDict()
        self._files: OrderedDict[str, int] = OrderedDict()
        self._in_memory = self._on_disk = 0  # bytes
        self._lock = threading.Lock()
        if folder and folder.exists():
            self._files.update((path.name, path.stat().st_size) for path in sorted(folder.glob("*.kv")))
            self._on_disk = sum(self._files.values())

    def get(self, key: Key) -> torch.Tensor | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            return self._read(key) if self._files else None

    def put(self, key: Key, kv: torch.Tensor) -> torch.Tensor:
        """What is kept of it: the first use must not differ from the later ones."""
        kv = kv.to(self._dtype)
        with self._lock:
            if key in self._kept:
                return kv
            self._kept[key] = kv
            self._in_memory += kv.nbytes
            while self._in_memory > self._memory and len(self._kept) > 1:
                oldest, dropped = self._kept.popitem(last=False)
                self._in_memory -= dropped.nbytes
                self._write(oldest, dropped)
        return kv

    def _read(self, key: Key) -> torch.Tensor | None:
        name = _name(key)
        if name not in self._files or self._folder is None:
            return None
        self._files.move_to_end(name)
        try:
            return load_file(self._folder / name)["kv"]
        except (OSError, SafetensorError, KeyError):  # half written when it was killed: computed anew
            self._on_disk -= self._files.pop(name)
            return None

    def _write(self, key: Key, kv: torch.Tensor) -> None:
        name = _name(key)
        if self._folder is None or kv.nbytes > self._disk or name in self._files:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._folder).free < ROOM + kv.nbytes:
                raise OSError(f"less than {ROOM >> 20} MiB are free, which the checkpoints may need")
            save_file({"kv": kv.contiguous()}, self._folder / name)
        except (OSError, SafetensorError) as error:
            log.warning("%s: no more KV is kept on disk: %s", self._folder, error)
            with suppress(OSError):
                (self._folder / name).unlink()
            self._disk = 0
            return
        self._files[name] = kv.nbytes
        self._on_disk += kv.nbytes
        while self._on_disk > self._disk:
            oldest, nbytes = self._files.popitem(last=False)
            self._on_disk -= nbytes
            (self._folder / oldest).unlink(missing_ok=True)


def _name(key: Key) -> str:
    return hashlib.sha256(repr(key).encode()).hexdigest()[:32] + ".kv"
