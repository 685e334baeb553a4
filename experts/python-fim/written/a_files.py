"""Reading, writing and finding files."""

import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


def read_lines(path: Path, encoding: str = "utf-8") -> list[str]:
    """Read the lines of a text file, without their line ends."""
    with path.open(encoding=encoding) as file:
        return [line.rstrip("\n") for line in file]


def write_atomic(path: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new text, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """Return the hex digest of a file's content."""
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while chunk := file.read(65536):
            digest.update(chunk)
    return digest.hexdigest()


def find_duplicates(folder: Path) -> list[list[Path]]:
    """Return groups of files under the folder that have the same content."""
    by_size: dict[int, list[Path]] = defaultdict(list)
    for path in folder.rglob("*"):
        if path.is_file():
            by_size[path.stat().st_size].append(path)
    groups: dict[str, list[Path]] = defaultdict(list)
    for paths in by_size.values():
        if len(paths) > 1:
            for path in paths:
                groups[file_hash(path)].append(path)
    return [sorted(paths) for paths in groups.values() if len(paths) > 1]


def folder_size(folder: Path) -> int:
    """Return the size of all files under the folder, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def human_size(size: float) -> str:
    """Format a number of bytes with a fitting unit."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"


def newest_file(folder: Path, pattern: str = "*") -> Path | None:
    """Return the file in the folder that was changed last, or None."""
    files = [path for path in folder.glob(pattern) if path.is_file()]
    return max(files, key=lambda path: path.stat().st_mtime, default=None)


def largest_files(folder: Path, count: int = 10) -> list[tuple[int, Path]]:
    """Return the largest files under the folder with their sizes."""
    sizes = [(path.stat().st_size, path) for path in folder.rglob("*") if path.is_file()]
    sizes.sort(reverse=True)
    return sizes[:count]


def unique_path(path: Path) -> Path:
    """Return the path, or one with a number added if it is taken."""
    candidate = path
    number = 1
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return candidate


def backup(path: Path, suffix: str = ".bak") -> Path:
    """Copy a file beside itself and return the copy's path."""
    target = path.with_name(path.name + suffix)
    shutil.copy2(path, target)
    return target


def tail(path: Path, count: int = 10) -> list[str]:
    """Return the last lines of a text file."""
    lines: list[str] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            lines.append(line.rstrip("\n"))
            if len(lines) > count:
                lines.pop(0)
    return lines


def remove_empty_folders(root: Path) -> int:
    """Remove the empty folders below root and return how many there were."""
    removed = 0
    for folder in sorted(root.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            removed += 1
    return removed


def sort_by_extension(folder: Path) -> None:
    """Move the files of a folder into subfolders named after their extensions."""
    for path in list(folder.iterdir()):
        if not path.is_file():
            continue
        target = folder / (path.suffix.lstrip(".").lower() or "other")
        target.mkdir(exist_ok=True)
        path.rename(target / path.name)


def grep(folder: Path, word: str, pattern: str = "*.txt") -> Iterator[tuple[Path, int, str]]:
    """Yield path, line number and line for every line that has the word."""
    for path in sorted(folder.rglob(pattern)):
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                if word in line:
                    yield path, number, line.rstrip()


def same_content(left: Path, right: Path) -> bool:
    """Whether two files have the same content."""
    if left.stat().st_size != right.stat().st_size:
        return False
    return left.read_bytes() == right.read_bytes()


def safe_join(root: Path, name: str) -> Path:
    """Join a name to the root folder and refuse to leave it."""
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise PermissionError(f"outside of {root}: {name}")
    return path
