"""Runs shell commands in a jail and tells what they printed and left behind.

Only for `sandbox.py`, which starts it in new namespaces.

It reads [folder, [[tree, command], ...]] from its input and writes [[printed, tree], ...]. Everything it uses is
imported before the root changes: behind it there is no Python any more.
"""

# What is done here are system calls, and they go by their names.
# ruff: noqa: PTH101, PTH102, PTH103, PTH108, PTH112, PTH114, PTH115, PTH118, PTH120, PTH123, PTH211

from __future__ import annotations

import bz2  # noqa: F401  # tarfile asks for these later, when they are out of reach
import ctypes
import gzip
import hashlib
import json
import lzma  # noqa: F401
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import time
import zipfile
from contextlib import suppress
from datetime import date
from io import BytesIO
from typing import Any

NOBODY = 65534
HOME = "/home/user"
SECONDS = 6
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": HOME, "LC_ALL": "C.UTF-8", "TZ": "UTC", "USER": "user"}
LIBC = ctypes.CDLL(None, use_errno=True)
DAY = 86_400
PACKED = {b"BZ": "bzip2", b"\x1f\x8b": "gzip", b"\xfd7": "xz"}
EPOCH = 719_163  # 1970-01-01 as an ordinal
LONG_AGO = "2024-03-01"  # when a file was changed that says nothing about it


def _mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    if LIBC.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}: {os.strerror(ctypes.get_errno())}")


def _bind(path: str, root: str) -> None:
    """The machine's own file or folder, read-only."""
    target = root + path
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        open(target, "w").close()
    _mount(path, target, flags=BIND | RECURSIVE)
    kept = os.statvfs(path).f_flag & (NO_SUID | NO_DEV | NO_EXEC)  # an unprivileged remount may not take them away
    device = 0 if path.startswith("/dev/") else NO_DEV
    _mount("none", target, flags=BIND | REMOUNT | READ_ONLY | NO_SUID | kept | device)


def enter(root: str) -> None:
    """Change to a root of nothing but the system's programs, read-only, and an empty home in memory."""
    _mount("none", "/", flags=RECURSIVE | PRIVATE)
    _mount("tmpfs", root, "tmpfs", NO_SUID, "size=64m,nr_inodes=8192,mode=755")
    for name in ("proc", "etc", "dev", "tmp", "home"):
        os.mkdir(f"{root}/{name}")
    os.mkdir(root + HOME)
    paths = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "etc/alternatives", "etc/ld.so.cache")
    for path in (*paths, "dev/null", "dev/zero", "dev/urandom"):
        if os.path.lexists(f"/{path}"):
            _bind(f"/{path}", root)
    for link, target in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(f"/proc/self/{target}", f"{root}/dev/{link}")
    for name, rest in (("passwd", f":{{0}}::{HOME}:/bin/bash"), ("group", ":")):
        with open(f"{root}/etc/{name}", "w") as file:  # whichever of the two it will be
            file.writelines(f"user:x:{uid}{rest.format(uid)}\n" for uid in (0, NOBODY))
    _mount("proc", f"{root}/proc", "proc", NO_SUID | NO_DEV | NO_EXEC)
    os.chmod(f"{root}/tmp", 0o1777)
    os.chroot(root)
    os.chdir("/")


def drop(as_root: bool) -> None:
    """Give up every privilege for good: real root becomes nobody, a namespace's root keeps no capability."""
    if as_root:
        os.chown(HOME, NOBODY, NOBODY)
    no_new_privileges, secure_bits, no_root_locked = 38, 28, 0b11
    if LIBC.prctl(secure_bits, no_root_locked, 0, 0, 0) or LIBC.prctl(no_new_privileges, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if as_root:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if LIBC.capset(header, none):
        raise OSError(ctypes.get_errno(), "capset")


def limit(as_root: bool) -> None:
    # Nobody's processes are counted for themselves; a person's are counted with all others of theirs on the machine.
    processes = 64 if as_root else 4096
    for what, most in (
        (resource.RLIMIT_CPU, 5),
        (resource.RLIMIT_FSIZE, 10 << 20),
        (resource.RLIMIT_AS, 1 << 30),
        (resource.RLIMIT_NPROC, processes),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def build(tree: dict[str, Any]) -> None:
    """Make the files: {path: text}, or {path: {text, size, mode, days, date, dir, link}}."""
    os.umask(0o022)
    folders = {}
    for path, told in tree.items():
        entry = {"text": told} if isinstance(told, str) else told
        os.makedirs(path if entry.get("dir") else os.path.dirname(path) or ".", exist_ok=True)
        if entry.get("dir"):
            folders[path] = entry
        elif "link" in entry:
            os.symlink(entry["link"], path)
        else:
            with open(path, "wb") as file:
                file.write(entry["text"].encode() if "text" in entry else b"x" * entry.get("size", 0))
            _stamp(path, entry)
    for folder, _, _ in os.walk(".", topdown=False):
        _stamp(folder, folders.get(folder[2:], {}))


def _stamp(path: str, entry: dict[str, Any]) -> None:
    when = (date.fromisoformat(entry.get("date", LONG_AGO)).toordinal() - EPOCH) * DAY + DAY / 2
    if "days" in entry:  # ago, and a few minutes, so that no whole day is just over
        when = time.time() - entry["days"] * DAY - 300
    os.utime(path, (when, when))
    if "mode" in entry:
        os.chmod(path, int(entry["mode"], 8))


def run(command: str, as_root: bool) -> str:
    """What it prints. It ends after some seconds, and whatever it started with it."""
    with open("/tmp/.stdout", "w+b") as out:
        process = subprocess.Popen(
            ["/bin/bash", "--norc", "--noprofile", "-c", command],
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
            env=ENV, cwd=HOME, preexec_fn=lambda: limit(as_root),
        )  # fmt: skip
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS)
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # all that this process namespace has, but for this process, which is its first
        process.wait()
        out.seek(0)
        return out.read(1 << 20).decode("utf-8", "replace")


def clear() -> None:
    for entry in os.scandir("."):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def look() -> dict[str, list[str]]:
    """Every path with its type, mode and content."""
    found = {}
    for folder, folders, files in os.walk("."):
        for name in folders + files:
            path = os.path.join(folder, name)
            found[path[2:]] = _told(path)
    return found


def _told(path: str) -> list[str]:
    state = os.lstat(path)
    mode = oct(stat.S_IMODE(state.st_mode))
    if stat.S_ISLNK(state.st_mode):
        return ["link", os.readlink(path).removeprefix("./").rstrip("/")]
    if stat.S_ISDIR(state.st_mode):
        return ["folder", mode]
    if not stat.S_ISREG(state.st_mode):
        return ["other", mode]
    try:
        with open(path, "rb") as file:
            return ["file", mode, content(file.read(), path)]
    except PermissionError:
        return ["file", mode, f"{state.st_size} bytes"]


def content(data: bytes, path: str = "") -> str:
    """A hash of a file; of an archive, one of what is in it, whose order and times do not matter."""
    try:
        if data[:2] == b"PK":
            archive = zipfile.ZipFile(BytesIO(data))
            return "zip " + _members({i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()})
        if ".tar" in path or path.endswith((".tgz", ".tbz2", ".txz")):
            with tarfile.open(fileobj=BytesIO(data)) as tar:
                members = {m.name: file.read() for m in tar if m.isfile() and (file := tar.extractfile(m))}
            return f"tar {PACKED.get(data[:2], '')} {_members(members)}"
        if data[:2] == b"\x1f\x8b":
            return "gzip " + hashlib.sha256(gzip.decompress(data)).hexdigest()
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, ValueError, RuntimeError, NotImplementedError):
        pass
    return hashlib.sha256(data.rstrip()).hexdigest() if data else "nothing"


def _members(members: dict[str, bytes]) -> str:
    """By name; folders have none of their own, since some ways of packing write them and others do not."""
    return json.dumps(sorted((n.removeprefix("./"), hashlib.sha256(data).hexdigest()) for n, data in members.items()))


def main() -> None:
    folder, jobs = json.load(sys.stdin)
    with open("/proc/self/uid_map") as file:
        as_root = file.read().split() == ["0", "0", "4294967295"]
    "".encode("cp437")  # the codec of zip files
    enter(folder)
    drop(as_root)
    os.chdir(HOME)
    told = []
    for tree, command in jobs:
        build(tree)
        told.append([run(command, as_root), look()])
        clear()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
