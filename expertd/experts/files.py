"""Reads the files of one expert folder, and nothing outside it."""

from __future__ import annotations

from pathlib import Path

from expertd.errors import ExpertRefused


def check_folder(folder: Path) -> None:
    """Raises `ExpertRefused`: there is none, or it is a link out of the folder that it stands in."""
    try:
        if not folder.resolve().is_relative_to(folder.parent.resolve()):
            raise ExpertRefused(f"{folder} is a link out of the experts folder. Copy the folder itself.")
        if not folder.is_dir():
            raise ExpertRefused(f"{folder} is no folder. An expert is a folder with its files.")
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        raise unreadable(folder, error, "Mend the folder.") from error


def read_file(folder: Path, name: str, limit: int) -> bytes:
    """The bytes of `folder/name`, at most `limit` of them.

    Raises `ExpertRefused`: the file is missing, unreadable, too large, no regular file, or a link out of the folder.
    """
    path = folder / name
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            raise ExpertRefused(f"{path} is a link to a file outside its folder. Copy the file itself into the folder.")
        # A pipe or a device would block the reader for ever.
        if not path.is_file():
            raise ExpertRefused(f"{path} is no regular file. Put a plain file there.")
        size = path.stat().st_size
        if size > limit:
            raise ExpertRefused(f"{path} has {size:,} bytes, and at most {limit:,} make sense here. Check what it is.")
        return path.read_bytes()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, before Python 3.13
        raise unreadable(path, error, "Finish the copy, or mend the folder.") from error


def unreadable(path: Path, error: OSError | RuntimeError, remedy: str) -> ExpertRefused:
    """It passes unless the folder's files tell why: one that comes, or may be read at last, is a change of them."""
    lasting = isinstance(error, (FileNotFoundError, NotADirectoryError, PermissionError, RuntimeError))
    reason = getattr(error, "strerror", None) or error
    return ExpertRefused(f"{path} cannot be read: {reason}. {remedy}", passing=not lasting)
