"""The engine: llama.cpp behind a scheduler. Importing it settles how its threads wait for each other."""

import os
from pathlib import Path


def _rounds() -> int:
    """That a thread spins at a barrier before it sleeps.

    Threads of llama.cpp meet at a thousand barriers a token. GNU OpenMP lets them spin there for milliseconds, so
    beside another busy program each waits for one that has no core. Too few rounds, and they sleep between decodes too:
    that cost a quarter of the speed on an Intel machine, and nothing on an AMD one (docs/engine.md).
    """
    try:
        return 3_000 if "AuthenticAMD" in Path("/proc/cpuinfo").read_text() else 20_000
    except OSError:  # no Linux
        return 20_000


os.environ.setdefault("GOMP_SPINCOUNT", str(_rounds()))  # read when the library is loaded
