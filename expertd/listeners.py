"""The sockets that the daemon listens on: its own Unix socket, localhost HTTP, or what systemd hands over."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
from pathlib import Path

from expertd.config import Settings, runtime_dir
from expertd.errors import AlreadyRunning, ConfigError

_FIRST_FD = 3  # of systemd's activated sockets: sd_listen_fds(3)
BACKLOG = 4096  # connections that wait while the loop is busy, as many as Linux allows by default; more are refused
_MAX_PATH = 107  # bytes of a Unix socket's path on Linux


class Listeners:
    """Open sockets, and the lock that keeps a second daemon off the same Unix socket."""

    def __init__(self, settings: Settings) -> None:
        """Raises `AlreadyRunning`, or `ConfigError` where an address cannot be had."""
        self._made: Path | None = None
        self._lock: int | None = None
        self.unix: list[socket.socket] = []
        self.http: list[socket.socket] = []
        for activated in _activated():
            (self.unix if activated.family == socket.AF_UNIX else self.http).append(activated)
        try:
            if self.unix:
                self._lock = _lock(Path(self.unix[0].getsockname()))
            else:
                _check(settings.socket)
                self._lock = _lock(settings.socket)
                self.unix.append(_bind_unix(settings.socket))
                self._made = settings.socket
            if not self.http and settings.port:
                self.http.append(_bind_http(settings.host, settings.port))
        except BaseException:
            self.close()
            raise

    @property
    def http_url(self) -> str | None:
        """Where clients of this machine find HTTP, or None."""
        if not self.http:
            return None
        host, port = self.http[0].getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def close(self) -> None:
        """Close all, and leave no socket file of ours behind; one that systemd handed over is still listened on."""
        if self._made is not None:
            with contextlib.suppress(FileNotFoundError):
                self._made.unlink()
            self._made = None
        for open_socket in (*self.unix, *self.http):
            open_socket.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _activated() -> list[socket.socket]:
    """The sockets of systemd's socket activation, where this process is the one that they are meant for."""
    count = int(os.environ.get("LISTEN_FDS", "0")) if os.environ.get("LISTEN_PID") == str(os.getpid()) else 0
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)  # not for our children
    handed_over = [socket.socket(fileno=fd) for fd in range(_FIRST_FD, _FIRST_FD + count)]
    for each in handed_over:
        each.set_inheritable(False)
    return handed_over


def _check(path: Path) -> None:
    """Refuse what can be no socket's path, before a lock is left beside it."""
    if len(os.fsencode(path)) > _MAX_PATH:
        raise ConfigError(f"the socket's path has over {_MAX_PATH} bytes: give a shorter --socket PATH ({path})")
    try:
        taken = path.exists() and not path.is_socket()
    except OSError as error:
        raise ConfigError(f"cannot listen on {path}: {error.strerror}. Give --socket PATH.") from error
    if taken:
        what = "a folder: give --socket FILE" if path.is_dir() else "no socket: remove it, or give --socket PATH"
        raise ConfigError(f"{path} is there and is {what}")


def _lock(path: Path) -> int:
    """Hold `path`.lock for the life of the process: the kernel lets go of it however we end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.parent == runtime_dir():
            _own_folder(path.parent)
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(
            f"the socket's folder {path.parent} cannot be used: {error.strerror}. Give --socket PATH."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise AlreadyRunning(f"an expertd (pid {holder}) already listens on {path}: `expertd status`") from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a daemon, which may be starting or stopping, holds the lock of this socket."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _own_folder(folder: Path) -> None:
    """The default folder must be ours alone, since /tmp is everybody's."""
    status = folder.lstat()
    if status.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
        raise ConfigError(f"{folder} belongs to somebody else: remove it, or give --socket PATH")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def _bind_unix(path: Path) -> socket.socket:
    if _somebody_listens(path):
        raise AlreadyRunning(
            f"systemd or another program listens on {path}: see `expertd status`, or give --socket PATH"
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)  # so that the file is 0600 from its first moment
    try:
        path.unlink(missing_ok=True)  # stale
        listener.bind(os.fspath(path))
    except OSError as error:
        listener.close()
        raise ConfigError(f"cannot listen on {path}: {error.strerror}. Give --socket PATH.") from error
    finally:
        os.umask(mask)
    listener.listen(BACKLOG)
    return listener


def _somebody_listens(path: Path) -> bool:
    """Systemd holds no lock on the socket whose first request it waits for, so only a connection tells."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except BlockingIOError:
            return True  # its queue is full
        except OSError:
            return False
    return True


def _bind_http(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        why = "another program listens there" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise ConfigError(
            f"no HTTP on {host}:{port}: {why}. Set another `port` (serve --port N, EXPERTD_PORT=N), or 0 for none."
        ) from error
    return listener
