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
from collections.abc import Sequence
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
from expertd.experts.tensors import MODULES

SOURCE = Path(__file__).with_name("hook.c")
MAX_SEEN = 1024  # as in hook.c
NATIVE = (("-march=native",), ("-mcpu=native",), ())  # which of them a compiler takes depends on the processor
LOW_RANK, CHANNELS = 1, 2  # what a batch does to a module, as in hook.c
N_KINDS = len(MODULES)
MAX_MODULES = 256 * N_KINDS  # as in hook.c

Floats = npt.NDArray[np.float32]

# What an expert adds to W of each module, by the module's number: layer * N_KINDS + place in `MODULES`.
TABLE = np.dtype([("a", np.uintp), ("b", np.uintp), ("rank", np.int32), ("halves", np.int32)], align=True)


class _Part(ctypes.Structure):
    _fields_ = (("modules", ctypes.c_void_p), ("scale", ctypes.c_float))


class _Blend(ctypes.Structure):
    _fields_ = (
        ("parts", ctypes.c_void_p),
        ("n_parts", ctypes.c_int64),
        ("factors", ctypes.c_void_p),
        ("shifts", ctypes.c_void_p),
        ("inputs", ctypes.c_void_p),
    )


class _Site(ctypes.Structure):
    _fields_ = (("plan", ctypes.c_void_p), ("module", ctypes.c_int32), ("adds", ctypes.c_bool))


class _Plan(ctypes.Structure):
    _fields_ = (
        ("n_layer", ctypes.c_int32),
        ("n_in", ctypes.c_int32 * N_KINDS),
        ("n_out", ctypes.c_int32 * N_KINDS),
        ("n_rows", ctypes.c_int32),
        ("n_outputs", ctypes.c_int32),
        ("n_ubatch", ctypes.c_int32),
        ("is_output", ctypes.c_void_p),
        ("blends", ctypes.c_void_p),
        ("row_blends", ctypes.c_void_p),
        ("output_blends", ctypes.c_void_p),
        ("does", ctypes.c_void_p),
        ("h", ctypes.c_void_p),
        ("width", ctypes.c_int64),
        ("has_inputs", ctypes.c_int32),
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
        ("sites", _Site * (2 * MAX_MODULES)),
    )


@dataclass(frozen=True)
class Channels:
    """What a blend does beside LoRA. Arrays over the channels (outputs) of all modules, by the modules' numbers."""

    factors: Floats  # of W x
    shifts: Floats
    inputs: Floats | None  # of ffn_down's input, [layers, n_ff]


class HookBlend:
    """A blend as hook.c reads it. It holds the tables and the channels, but not the arrays that a table points to."""

    def __init__(
        self, parts: Sequence[tuple[npt.NDArray[Any], float]], channels: Channels | None, does: npt.NDArray[np.uint8]
    ) -> None:
        """`parts`: tables of `TABLE`, [modules], with their scales. `does`: bits of each module, [modules]."""
        self._held = (parts, channels)
        self._parts = (_Part * len(parts))(*[_Part(table.ctypes.data, scale) for table, scale in parts])
        self.does = does
        self.width = max(1, int(np.sum([table["rank"] for table, _ in parts], 0).max())) if parts else 1
        self.has_inputs = channels is not None and channels.inputs is not None
        self.struct = _Blend(ctypes.addressof(self._parts), len(parts))
        if channels:
            self.struct.factors, self.struct.shifts = channels.factors.ctypes.data, channels.shifts.ctypes.data
            self.struct.inputs = None if channels.inputs is None else channels.inputs.ctypes.data


class Hook:
    """One context's plan. Its memory must outlive the context."""

    def __init__(self, n_ubatch: int) -> None:
        """Raises `HookUnavailable` where it cannot be built."""
        self._library = _load()
        self._plan = _Plan(n_ubatch=n_ubatch)
        self._held: object = ()  # arrays that the plan points to
        self._h = np.zeros(n_ubatch, np.float32)
        self._expected = 0  # changes in each ubatch

    @property
    def callback(self) -> tuple[Any, int]:
        """For llama.cpp's `cb_eval` and `cb_eval_user_data`."""
        return self._library.expertd_hook, ctypes.addressof(self._plan)

    def describe(self, n_layer: int, sizes: Sequence[tuple[int, int]]) -> None:
        """Tell of the base: (n_in, n_out) of each of `MODULES`."""
        self._plan.n_layer = n_layer
        self._plan.n_in[:], self._plan.n_out[:] = ([*side] for side in zip(*sizes, strict=True))

    def prepare(
        self,
        is_output: npt.NDArray[np.uint8],
        blends: Sequence[HookBlend] = (),
        index: npt.NDArray[np.int32] | None = None,
    ) -> None:
        """The plan of the next batch: row i runs under `blends[index[i]]`; its logits are asked for where `is_output`.

        `embeddings` adds to it.
        """
        plan = self._plan
        self.rewind()
        plan.n_rows, plan.n_outputs = len(is_output), int(is_output.sum())
        plan.is_output, plan.does, plan.has_inputs, plan.embeddings = is_output.ctypes.data, None, 0, None
        self._held, self._expected = [is_output], 0
        if index is None or not any(blend.does.any() or blend.has_inputs for blend in blends):
            return
        does = np.bitwise_or.reduce([blend.does for blend in blends])
        structs = (_Blend * len(blends))(*[blend.struct for blend in blends])
        outputs = index[is_output.astype(bool)]
        width = max(blend.width for blend in blends)
        if self._h.size < plan.n_ubatch * width:
            self._h = np.zeros(plan.n_ubatch * width, np.float32)
        plan.h, plan.width = self._h.ctypes.data, width
        plan.blends, plan.does = ctypes.addressof(structs), does.ctypes.data
        plan.row_blends, plan.output_blends = index.ctypes.data, outputs.ctypes.data
        plan.has_inputs = any(blend.has_inputs for blend in blends)
        self._held = [is_output, blends, structs, index, outputs, does]
        self._expected = int((does & LOW_RANK > 0).sum() + (does > 0).sum()) + plan.n_layer * plan.has_inputs

    def rewind(self) -> None:
        """Let the last batch's plan hold for the next one."""
        plan = self._plan
        plan.changed = plan.strange = plan.begun = plan.row = plan.output = plan.rows_here = plan.outputs_here = 0

    def embeddings(self, rows: Sequence[Floats | None]) -> None:
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
        """Have the next batch note the tensors of the cells that it writes to."""
        self._plan.collecting, self._plan.n_seen = 1, 0

    def collected(self) -> list[Seen]:
        """The tensors that were seen since `collect`."""
        library, plan = self._library, ctypes.byref(self._plan)
        self._plan.collecting = 0
        return [
            Seen(
                library.expertd_seen_name(plan, i).decode(),
                library.expertd_seen_data(plan, i) if library.expertd_seen_is_host(plan, i) else None,
                library.expertd_seen_bytes(plan, i),
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
    data: int | None
    nbytes: int


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
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_size_t),
    ):
        function = getattr(library, f"expertd_seen_{name}")
        function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_int32), result
    library.expertd_plan_bytes.restype = ctypes.c_size_t
    if library.expertd_plan_bytes() != ctypes.sizeof(_Plan):
        raise HookUnavailable("hook.c and hook.py describe different structures")
    return library


def _build(headers: Path, libraries: Path) -> Path:
    """Compile `hook.c` against the headers of the installed llama.cpp, once for each version of both and processor."""
    source = SOURCE.read_bytes()
    versions = f"{version('llama-cpp-python')} {platform.machine()} {_processor()} {libraries}".encode()
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


def _processor() -> str:
    """What the compiler may make use of: a cache folder may be shared with another machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _compile(made: Path, headers: Path, libraries: Path) -> None:
    if not (headers / "ggml-cpu.h").exists():
        raise HookUnavailable(f"llama.cpp's headers are not at {headers}: build llama-cpp-python from source")
    compiler = _compiler()
    where = (f"-I{headers}", f"-L{libraries}", "-lggml-cpu", "-lggml-base", f"-Wl,-rpath,{libraries}")
    refusal = ""
    for native in NATIVE:
        flags = ("-O3", *native, "-fopenmp-simd", "-shared", "-fPIC")
        command = [*compiler, *flags, "-o", str(made), str(SOURCE), *where]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise HookUnavailable(
                f"the C compiler {shlex.join(compiler)} cannot be run ({error}): set CC to one that can, or unset it"
            ) from error
        if not done.returncode:
            return
        refusal = done.stderr.strip()[-500:]
    raise HookUnavailable(f"{shlex.join(compiler)} refused hook.c: {refusal}")


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
