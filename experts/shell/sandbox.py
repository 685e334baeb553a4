"""Runs a command that nobody has read on a folder made for it, so that the machine comes to no harm.

What protects whom from what a small model may answer (`find / -delete`, a fork bomb, an upload):

1. `guard.refused` reads the command before anything runs: no paths outside of the folder, and none of the programs
   that stop, install or fetch things. The grader asks it first; this module alone does not.
2. The kernel: the command runs in namespaces of its own (mounts, processes, network, IPC; made with `unshare`), in a
   root that holds the system's programs, read-only, and an empty home in memory. The machine's other files are not
   there, there is no network, and no process but its own. It has no privileges: root becomes `nobody`, and anybody
   else has a namespace's root without its capabilities.
3. Limits: 5 s of the processor, 6 s in all, files of 10 MB, 64 MB in all, 1 GB of memory, 64 processes (4,096 where
   it is not run by root, since a person's others count too); then all of it is gone.

Where the kernel gives no such namespaces only the first line is left, and nothing is run at all: `run` raises `NoJail`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

JAIL = Path(__file__).with_name("jail.py")
SECONDS = 30  # for all of a jail; its command has 6, and the machine may be busy
MARK = "jail-probe"


class NoJail(RuntimeError):
    """This machine has no way to hold a command."""


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and the folder after it: by path its type, mode and content."""

    stdout: str
    tree: dict[str, list[str]]


def run(tree: dict[str, Any], command: str) -> Outcome | None:
    """The command on a fresh copy of the tree, in a jail of its own; None where it brought it down. Raises `NoJail`."""
    outcomes = run_all([(tree, command)])
    return outcomes[0] if outcomes else None


def run_all(jobs: Sequence[tuple[dict[str, Any], str]]) -> list[Outcome] | None:
    """Commands that somebody has read, one after the other in one jail, which is quicker."""
    if why := _no_jail():
        raise NoJail(f"no command is run here: {why}. It takes Linux with user namespaces (or root), unshare and bash.")
    return _run(jobs)


def available() -> bool:
    return not _no_jail()


def _run(jobs: Sequence[tuple[dict[str, Any], str]]) -> list[Outcome] | None:
    namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
    if os.geteuid():
        namespaces += ["--user", "--map-root-user"]
    with tempfile.TemporaryDirectory(prefix="jail-") as folder:
        try:
            done = subprocess.run(
                ["unshare", *namespaces, sys.executable, "-I", "-S", str(JAIL)],
                input=json.dumps([folder, jobs]),
                capture_output=True,
                text=True,
                timeout=SECONDS + len(jobs),
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
            )
            return [Outcome(*told) for told in json.loads(done.stdout)] if done.returncode == 0 else None
        except (subprocess.TimeoutExpired, ValueError):
            return None


@lru_cache(maxsize=1)
def _no_jail() -> str:
    """Why commands cannot be held here, found by trying to get out; empty where they can."""
    outside = Path(__file__).resolve()
    # Each of these must fail: to see this file, to write to the system, to make a namespace, to find a way out.
    tries = f"cat '{outside}' || touch /usr/{MARK} || unshare -U true || ls /sys/class"
    tries += " || grep -v '^ *lo:' /proc/net/dev | grep ':'"
    try:
        outcomes = _run(
            [({"a": MARK}, f"if {tries}; then echo out; else cat a; echo; grep CapEff /proc/self/status; fi")]
        )
    except OSError as error:
        return str(error)
    if outcomes is None:
        return "namespaces cannot be made"
    printed = outcomes[0].stdout
    return "" if printed.split() == [MARK, "CapEff:", "0" * 16] else f"the jail leaks: {printed!r}"
