"""Run the written commands that have a setup, each in a temporary folder of its own, and report those that do nothing.

    python -m experts.shell.check_written [--show]

A setup says what is in the folder: `files` (path: content), `dirs`, `links` (path: target), and for paths that it made
`days` (age), `sizes` (as `truncate -s` takes them) and `modes` (octal).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experts.recipe import read_written

WRITTEN = Path(__file__).parent / "written"
# What a command shows of a folder: every path with its kind, mode, size, time and target.
Snapshot = dict[str, tuple[Any, ...]]


def build(folder: Path, setup: dict[str, Any]) -> None:
    """Make what the setup describes in an empty folder."""
    for name in setup.get("dirs", ()):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, content in setup.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    for name, target in setup.get("links", {}).items():
        (folder / name).symlink_to(target)
    for name, size in setup.get("sizes", {}).items():
        subprocess.run(["truncate", "-s", size, name], cwd=folder, check=True)
    for name, mode in setup.get("modes", {}).items():
        (folder / name).chmod(int(mode, 8))
    for name, days in setup.get("days", {}).items():
        when = time.time() - 86400 * days
        os.utime(folder / name, (when, when))
    # Commands in a pipeline that prepares the folder (archives, checksums), for what no text can hold.
    if "before" in setup:
        subprocess.run(["bash", "-c", setup["before"]], cwd=folder, check=True, capture_output=True)


def snapshot(folder: Path) -> Snapshot:
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        target = str(path.readlink()) if path.is_symlink() else ""
        found[str(path.relative_to(folder))] = (stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ino, target)
    return found


def ran(command: str, setup: dict[str, Any]) -> tuple[int, str, str, bool]:
    """Exit status, output, errors, and whether the folder changed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        build(folder, setup)
        before = snapshot(folder)
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
        )
        changed = snapshot(folder) != before
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), changed


def faults(item: dict[str, Any], show: bool) -> Iterator[str]:
    """What is wrong with one item; `show` prints what its command gave."""
    try:
        code, out, errors, changed = ran(item["cmd"], item["setup"])
    except (subprocess.SubprocessError, OSError) as error:
        yield f"cannot be run: {error}"
        return
    if show:
        print(f"$ {item['cmd']}\n{out}{errors}{'(changed)' if changed else ''}")
    if code > 1:
        yield f"exit status {code}"
    if errors.strip():
        yield errors.strip().splitlines()[0]
    if not out.strip() and not changed:
        yield "no output and nothing changed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print every command with its output")
    args = parser.parse_args()
    items = read_written(WRITTEN)
    run = [item for item in items if "setup" in item]
    wrong = 0
    for item in run:
        for fault in faults(item, args.show):
            wrong += 1
            print(f"{item['source']}: {item['cmd']}: {fault}")
    print(f"{len(items)} items, {len(run)} run, {wrong} faults")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
