"""The evaluation callback (`hook.c`): built once, told each batch's plan, asked what it did."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from expertd.config import cache_dir
from expertd.errors import HookUnavailable

SOURCE = Path(__file__).with_name("hook.c")
MAX_POOLS, MAX_SEEN = 16, 8192  # as in hook.c
_TYPES: dict[int, type[np.floating[Any]]] = {0: np.float32, 1: np.float16}  # GGML_TYPE_F32, GGML_TYPE_F16

Masks = npt.NDArray[np.float32]


class _Pool(ctypes.Structure):
    _fields_ = (
        ("ranks", ctypes.c_int32),
        ("n_tensors", ctypes.c_int32),
        ("tensors", ctypes.c_void_p),
        ("rows", ctypes.c_void_p),
        ("outputs", ctypes.c_void_p),
    )


class _Plan(ctypes.Structure):
    _fields_ = (
        ("n_pools", ctypes.c_int32),
        ("n_rows", ctypes.c_int32),
        ("n_outputs", ctypes.c_int32),
        ("n_ubatch", ctypes.c_int32),
        ("is_output", ctypes.c_void_p),
        ("pools", _Pool * MAX_POOLS),
        ("masked", ctypes.c_int64),
        ("strange", ctypes.c_int64),
        ("row", ctypes.c_int32),
        ("output", ctypes.c_int32),
        ("rows_here", ctypes.c_int32),
        ("outputs_here", ctypes.c_int32),
        ("first", ctypes.c_void_p),
        ("collecting", ctypes.c_int32),
        ("n_seen", ctypes.c_int32),
        ("seen", ctypes.c_void_p * MAX_SEEN),
    )


@dataclass(frozen=True)
class PoolMask:
    """What the hook does to one attached pool. `tensors`: the addresses of its lora_a, ascending, uint64."""

    tensors: npt.NDArray[np.uint64]
    ranks: int
    rows: Masks | None  # [rows of the batch, ranks]; None: every row uses all of the pool
    outputs: Masks | None  # [rows whose logits are asked for, ranks]


class Hook:
    """One context's plan. Its memory must outlive the context."""

    def __init__(self, n_ubatch: int) -> None:
        """Raises `HookUnavailable` where it cannot be built."""
        self._library = _load()
        self._plan = _Plan(n_ubatch=n_ubatch)
        self._held: object = ()  # arrays that the plan points to
        self._pools: Sequence[PoolMask] = ()

    @property
    def callback(self) -> tuple[Any, int]:
        """For llama.cpp's `cb_eval` and `cb_eval_user_data`."""
        return self._library.expertd_hook, ctypes.addressof(self._plan)

    def prepare(self, pools: Sequence[PoolMask], is_output: npt.NDArray[np.uint8]) -> None:
        """The plan of the next batch, whose rows' logits are asked for where `is_output`, [rows]."""
        plan = self._plan
        plan.n_pools, plan.n_rows, plan.n_outputs = len(pools), len(is_output), int(is_output.sum())
        plan.is_output = is_output.ctypes.data
        plan.masked = plan.strange = plan.row = plan.output = 0
        plan.first = None
        for slot, pool in zip(plan.pools, pools, strict=False):
            slot.ranks, slot.n_tensors, slot.tensors = pool.ranks, len(pool.tensors), pool.tensors.ctypes.data
            slot.rows = None if pool.rows is None else pool.rows.ctypes.data
            slot.outputs = None if pool.outputs is None else pool.outputs.ctypes.data
        self._held, self._pools = is_output, pools

    @property
    def nodes(self) -> tuple[int, int]:
        """Nodes of the graph that the last batch masked, and those that it should have masked."""
        plan = self._plan
        ubatches = -(-plan.n_rows // plan.n_ubatch)
        expected = ubatches * sum(len(pool.tensors) for pool in self._pools if pool.rows is not None)
        return plan.masked - plan.strange, expected

    def collect(self) -> None:
        """Have the next batch note every adapter tensor that it passes."""
        self._plan.collecting, self._plan.n_seen = 1, 0

    def collected(self) -> Iterator[tuple[str, int, npt.NDArray[np.floating[Any]]]]:
        """Name, address and data (flat, writable) of each tensor that was seen since `collect`.

        Raises `HookUnavailable` where one is not in host memory.
        """
        library, plan = self._library, ctypes.byref(self._plan)
        self._plan.collecting = 0
        for i in range(self._plan.n_seen):
            name = library.expertd_seen_name(plan, i).decode()
            dtype = _TYPES.get(library.expertd_seen_type(plan, i))
            if dtype is None or not library.expertd_seen_is_host(plan, i):
                raise HookUnavailable(f"{name} is not in the host's memory")
            size = library.expertd_seen_bytes(plan, i)
            data = (ctypes.c_char * size).from_address(library.expertd_seen_data(plan, i))
            yield name, library.expertd_seen_tensor(plan, i), np.frombuffer(data, dtype)


@cache
def _load() -> ctypes.CDLL:
    package = Path(llama_cpp.__file__).parent
    library = ctypes.CDLL(str(_build(package.parent / "include", package / "lib")))
    for name, result in (
        ("name", ctypes.c_char_p),
        ("is_host", ctypes.c_bool),
        ("tensor", ctypes.c_void_p),
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
        ("type", ctypes.c_int32),
    ):
        function = getattr(library, f"expertd_seen_{name}")
        function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_int32), result
    library.expertd_plan_bytes.restype = ctypes.c_size_t
    if library.expertd_plan_bytes() != ctypes.sizeof(_Plan):
        raise HookUnavailable("hook.c and hook.py describe different structures")
    return library


def _build(headers: Path, libraries: Path) -> Path:
    """Compile `hook.c` against the headers of the installed llama.cpp, once for each version of both."""
    source = SOURCE.read_bytes()
    versions = f"{version('llama-cpp-python')} {platform.machine()} {libraries}".encode()
    target = cache_dir() / f"hook-{hashlib.sha256(source + versions).hexdigest()[:16]}.so"
    if target.exists():
        return target
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise HookUnavailable("there is no C compiler (cc): install one")
    if not (headers / "ggml.h").exists():
        raise HookUnavailable(f"llama.cpp's headers are not at {headers}: build llama-cpp-python from source")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        where = (f"-I{headers}", f"-L{libraries}", "-lggml-base", f"-Wl,-rpath,{libraries}")
        command = [compiler, "-O3", "-shared", "-fPIC", "-o", str(made), str(SOURCE), *where]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HookUnavailable(f"{compiler} refused hook.c: {done.stderr.strip()[-500:]}")
        made.replace(target)
    return target
