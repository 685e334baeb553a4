"""The evaluation callback (`hook.c`): built once, told each batch's plan, asked what it did."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt

from expertd.config import cache_dir
from expertd.errors import EngineFailed, HookUnavailable

SOURCE = Path(__file__).with_name("hook.c")
MAX_POOLS, MAX_BLENDS, MAX_SEEN = 16, 256, 16384  # as in hook.c
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


class _Site(ctypes.Structure):
    _fields_ = (("weight", ctypes.c_void_p), ("channel", ctypes.c_int64))


class _Channels(ctypes.Structure):
    _fields_ = (("factors", ctypes.c_void_p), ("shifts", ctypes.c_void_p), ("inputs", ctypes.c_void_p))


class _Plan(ctypes.Structure):
    _fields_ = (
        ("n_pools", ctypes.c_int32),
        ("n_rows", ctypes.c_int32),
        ("n_outputs", ctypes.c_int32),
        ("n_ubatch", ctypes.c_int32),
        ("is_output", ctypes.c_void_p),
        ("pools", _Pool * MAX_POOLS),
        ("n_sites", ctypes.c_int32),
        ("sites", ctypes.c_void_p),
        ("touched", ctypes.c_void_p),
        ("row_blends", ctypes.c_void_p),
        ("output_blends", ctypes.c_void_p),
        ("blends", _Channels * MAX_BLENDS),
        ("has_inputs", ctypes.c_int32),
        ("gives_inputs_back", ctypes.c_int32),
        ("embeddings", ctypes.c_void_p),
        ("changed", ctypes.c_int64),
        ("strange", ctypes.c_int64),
        ("begun", ctypes.c_int32),
        ("row", ctypes.c_int32),
        ("output", ctypes.c_int32),
        ("rows_here", ctypes.c_int32),
        ("outputs_here", ctypes.c_int32),
        ("kept", ctypes.c_void_p),
        ("kept_bytes", ctypes.c_size_t),
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
    reads_ffn_down: bool  # whether it changes ffn_down, whose input it must then see as it was


@dataclass(frozen=True)
class Channels:
    """What one blend does to a base's modules beside LoRA. Arrays over the channels of all `Sites`, in their order."""

    touched: npt.NDArray[np.uint8]  # [sites]
    factors: Masks  # of each module's output
    shifts: Masks
    inputs: Masks | None  # of ffn_down's input, [layers, n_ff]


class Sites:
    """The modules of a base in memory, by ascending address, and the place of each one's channels."""

    def __init__(self, addresses: Mapping[str, int], widths: Mapping[str, int]) -> None:
        """`addresses` and `widths` (numbers of outputs) are by the weights' names."""
        self.names = sorted(addresses, key=addresses.__getitem__)
        self.index = {name: i for i, name in enumerate(self.names)}
        starts = np.cumsum([0, *(widths[name] for name in self.names)])
        self.n_channels = int(starts[-1])
        self.slices = {
            name: slice(int(a), int(b)) for name, a, b in zip(self.names, starts[:-1], starts[1:], strict=True)
        }
        self.table = (_Site * len(self.names))(*[_Site(addresses[n], self.slices[n].start) for n in self.names])
        self.n_layers_with_inputs = sum(name.endswith(".ffn_down.weight") for name in self.names)


class Hook:
    """One context's plan. Its memory must outlive the context."""

    def __init__(self, n_ubatch: int) -> None:
        """Raises `HookUnavailable` where it cannot be built."""
        self._library = _load()
        self._plan = _Plan(n_ubatch=n_ubatch)
        self._held: object = ()  # arrays that the plan points to
        self._expected = 0  # changes in each ubatch

    @property
    def callback(self) -> tuple[Any, int]:
        """For llama.cpp's `cb_eval` and `cb_eval_user_data`."""
        return self._library.expertd_hook, ctypes.addressof(self._plan)

    def prepare(self, is_output: npt.NDArray[np.uint8], pools: Sequence[PoolMask]) -> None:
        """The plan of the next batch, whose rows' logits are asked for where `is_output`, [rows].

        `channels` and `embeddings` add to it.
        """
        if len(pools) > MAX_POOLS:  # hook.c would read beyond its table
            raise EngineFailed(
                f"a step needs {len(pools)} pools, and {MAX_POOLS} can be attached: ask for fewer experts"
            )
        plan = self._plan
        plan.n_pools, plan.n_rows, plan.n_outputs = len(pools), len(is_output), int(is_output.sum())
        plan.is_output = is_output.ctypes.data
        self.rewind()
        for slot, pool in zip(plan.pools, pools, strict=False):
            slot.ranks, slot.n_tensors, slot.tensors = pool.ranks, len(pool.tensors), pool.tensors.ctypes.data
            slot.rows = None if pool.rows is None else pool.rows.ctypes.data
            slot.outputs = None if pool.outputs is None else pool.outputs.ctypes.data
        plan.n_sites, plan.has_inputs, plan.embeddings = 0, 0, None
        plan.gives_inputs_back = any(pool.reads_ffn_down for pool in pools)
        self._held = [is_output, pools]
        self._expected = sum(len(pool.tensors) for pool in pools if pool.rows is not None)

    def rewind(self) -> None:
        """Let the last batch's plan hold for the next one."""
        plan = self._plan
        plan.changed = plan.strange = plan.begun = plan.row = plan.output = plan.rows_here = plan.outputs_here = 0

    def channels(
        self,
        sites: Sites,
        blends: Sequence[Channels | None],
        index: npt.NDArray[np.int32],
        outputs: npt.NDArray[np.int32],
    ) -> None:
        """Let row i of the batch do `blends[index[i]]`. `outputs` are those of `index` whose logits are asked for."""
        if len(blends) > MAX_BLENDS:
            raise EngineFailed(f"a step has {len(blends)} blends, and {MAX_BLENDS} fit: lower `sequences`")
        plan = self._plan
        some = [blend for blend in blends if blend]
        touched = np.max([blend.touched for blend in some], 0)
        plan.n_sites, plan.sites, plan.touched = len(sites.names), ctypes.addressof(sites.table), touched.ctypes.data
        plan.row_blends, plan.output_blends = index.ctypes.data, outputs.ctypes.data
        for slot, blend in zip(plan.blends, blends, strict=False):
            slot.factors = blend.factors.ctypes.data if blend else None
            slot.shifts = blend.shifts.ctypes.data if blend else None
            slot.inputs = blend.inputs.ctypes.data if blend and blend.inputs is not None else None
        plan.has_inputs = any(blend.inputs is not None for blend in some)
        self._held = [self._held, index, outputs, touched, blends]
        self._expected += int(touched.sum()) + (sites.n_layers_with_inputs if plan.has_inputs else 0)

    def embeddings(self, rows: Sequence[Masks | None]) -> None:
        """Give row i of the batch the embedding `rows[i]`, [n_embd], instead of its token's; None: as it is."""
        pointers = np.array([0 if row is None else row.ctypes.data for row in rows], np.uintp)
        self._plan.embeddings = pointers.ctypes.data
        self._held = [self._held, pointers, rows]
        self._expected += 1

    @property
    def nodes(self) -> tuple[int, int]:
        """Nodes of the graph that the last batch changed, and those that it should have changed."""
        plan = self._plan
        return plan.changed - plan.strange, -(-plan.n_rows // plan.n_ubatch) * self._expected

    def collect(self) -> None:
        """Have the next batch note every weight of a layer that it multiplies with, and the tensors of its cells."""
        self._plan.collecting, self._plan.n_seen = 1, 0

    def collected(self) -> list[Seen]:
        """The tensors that were seen since `collect`."""
        library, plan = self._library, ctypes.byref(self._plan)
        self._plan.collecting = 0
        return [
            Seen(
                library.expertd_seen_name(plan, i).decode(),
                library.expertd_seen_tensor(plan, i),
                library.expertd_seen_data(plan, i) if library.expertd_seen_is_host(plan, i) else None,
                library.expertd_seen_bytes(plan, i),
                library.expertd_seen_type(plan, i),
            )
            for i in range(self._plan.n_seen)
        ]

    def __del__(self) -> None:
        if hasattr(self, "_plan"):
            self._library.expertd_free(ctypes.byref(self._plan))


@dataclass(frozen=True)
class Seen:
    """A tensor of llama.cpp's. `data` is None where it is not in the host's memory."""

    name: str
    address: int
    data: int | None
    nbytes: int
    type: int

    def array(self) -> npt.NDArray[np.floating[Any]]:
        """Its values, flat and writable. Raises `HookUnavailable` where it is quantized or not in the host's memory."""
        dtype = _TYPES.get(self.type)
        if dtype is None or self.data is None:
            raise HookUnavailable(f"{self.name} is not in the host's memory")
        values = np.ctypeslib.as_array((ctypes.c_uint8 * self.nbytes).from_address(self.data))
        return values.view(dtype)


@cache
def _load() -> ctypes.CDLL:
    package = Path(llama_cpp.__file__).parent
    path = _build(package.parent / "include", package / "lib")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise HookUnavailable(
            f"the compiled hook.c cannot be loaded ({error}): delete {path}, and the next start compiles it again"
        ) from error
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
    try:
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            made = Path(folder) / target.name
            _compile(made, headers, libraries)
            made.replace(target)
    except OSError as error:
        raise HookUnavailable(
            f"the compiled hook.c cannot be kept in {target.parent} ({error}): make it a folder with room that you may "
            "write to, or set XDG_CACHE_HOME"
        ) from error
    return target


def _compile(made: Path, headers: Path, libraries: Path) -> None:
    if not (headers / "ggml.h").exists():
        raise HookUnavailable(f"llama.cpp's headers are not at {headers}: build llama-cpp-python from source")
    compiler = _compiler()
    where = (f"-I{headers}", f"-L{libraries}", "-lggml-base", f"-Wl,-rpath,{libraries}")
    command = [*compiler, "-O3", "-shared", "-fPIC", "-o", str(made), str(SOURCE), *where]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise HookUnavailable(
            f"the C compiler {shlex.join(compiler)} cannot be run ({error}): set CC to one that can, or unset it"
        ) from error
    if done.returncode:
        raise HookUnavailable(f"{shlex.join(compiler)} refused hook.c: {done.stderr.strip()[-500:]}")


def _compiler() -> list[str]:
    """$CC, which may bring a wrapper or flags (`ccache gcc`), else what is installed."""
    named = os.environ.get("CC", "")
    try:
        command = shlex.split(named)
    except ValueError as error:
        raise HookUnavailable(f"CC is {named!r}, which no shell can read ({error}): mend or unset it") from error
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not command and not found:
        raise HookUnavailable("there is no C compiler (cc): install one")
    return command or [str(found)]
