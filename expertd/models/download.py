"""Pulling: how a GGUF file comes from the Hugging Face hub into the cache, resumed and checked."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn

from expertd.errors import DownloadFailed, InvalidRequest

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata

_AGAIN = "Run the same command again: it goes on from what arrived."


@dataclass(frozen=True)
class HubFile:
    """A file of a hub repository, written `owner/repo/file.gguf` (the file may lie in folders of the repository)."""

    repo: str
    filename: str

    @classmethod
    def parse(cls, text: str) -> HubFile:
        """Read `owner/repo/file.gguf`. Raises `InvalidRequest` for anything else, `..` and absolute paths included."""
        parts = text.split("/")
        plain = all(part not in ("", ".", "..") and part.isprintable() and "\\" not in part for part in parts)
        if len(parts) < 3 or not plain or not text.endswith(".gguf"):
            raise InvalidRequest(f"{text!r} is not a file on the hub: write it as owner/repo/file.gguf")
        return cls("/".join(parts[:2]), "/".join(parts[2:]))

    def __str__(self) -> str:
        return f"{self.repo}/{self.filename}"

    def path(self, models: Path) -> Path:
        """Where the pulled file lies in the folder `models`."""
        return models / PurePosixPath(self.repo, self.filename)


def pull(file: HubFile, models: Path) -> Path:
    """Fetch `file` into the folder `models`, unless it is there, and give its path. A terminal sees a progress bar.

    The file appears under its name only when its sha256 is the hub's. Raises `DownloadFailed`.
    """
    target = file.path(models)
    if target.is_file():
        return target
    from filelock import FileLock  # here and below: these imports take longer than finding a pulled file

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(target.name + ".lock")):
            if not target.is_file():
                _fetch(file, target)
    except OSError as error:
        raise DownloadFailed(f"{target} cannot be written: {error.strerror or error}. {_AGAIN}") from error
    return target


def _fetch(file: HubFile, target: Path) -> None:
    metadata = _metadata(file)
    sha256, size = metadata.etag, metadata.size
    if sha256 is None or len(sha256) != 64 or size is None:
        raise DownloadFailed(
            f"the hub gives no sha256 for {file}, so it cannot be checked. Download it and use --base PATH."
        )
    # Named by its content, so that what arrived of an older version is never continued with a newer one.
    part = target.with_name(f"{target.name}.{sha256[:12]}.part")
    _transfer(file, metadata.commit_hash, size, part)
    if (got := _sha256(part)) != sha256:
        part.unlink()
        raise DownloadFailed(
            f"{file} arrived damaged and was removed: its sha256 is {got}, the hub's is {sha256}. Pull it again; "
            "if that repeats, something between here and the hub changes it."
        )
    with part.open("rb") as arrived:
        os.fsync(arrived.fileno())
    part.replace(target)


def _metadata(file: HubFile) -> HfFileMetadata:
    from huggingface_hub import errors, get_hf_file_metadata, hf_hub_url

    # The base of all transport errors: of httpx or httpx2, by the library's version.
    http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
    try:
        return get_hf_file_metadata(hf_hub_url(file.repo, file.filename), library_name="expertd")
    except (http_error, OSError, ValueError) as error:
        _refuse(file, error)


def _transfer(file: HubFile, revision: str | None, size: int, part: Path) -> None:
    """Bring `part` to `size` bytes, going on from those that it has."""
    # `hf_hub_download` removes what arrived when it fails; its own `http_get` leaves that to the caller.
    from huggingface_hub import errors, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
    have = part.stat().st_size if part.exists() else 0
    if have > size:
        part.unlink()
        have = 0
    free = shutil.disk_usage(part.parent).free
    if free < size - have:
        raise DownloadFailed(
            f"{file} needs {_mb(size - have)} more in {part.parent}, where {_mb(free)} are free. Make room."
        )
    url = hf_hub_url(file.repo, file.filename, revision=revision)
    try:
        with part.open("ab") as out:
            http_get(
                url,
                out,
                resume_size=have,
                headers=build_hf_headers(library_name="expertd"),
                expected_size=size,
                displayed_filename=part.name.split(".gguf")[0],
            )
    except (http_error, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise DownloadFailed(
                f"no space left in {part.parent} for {file} ({_mb(size)}). Make room. {_AGAIN}"
            ) from error
        _refuse(file, error)


def _refuse(file: HubFile, error: Exception) -> NoReturn:
    from huggingface_hub import errors

    if isinstance(error, errors.RemoteEntryNotFoundError):
        raise DownloadFailed(f"{file.repo} has no file {file.filename}. {_gguf_files(file.repo)}") from error
    refuse(file.repo, str(file), error)


def refuse(repo: str, what: str, error: Exception) -> NoReturn:
    """Say what went wrong with `what` of a repository in our words. Raises `DownloadFailed`."""
    from huggingface_hub import constants, errors

    hub = constants.ENDPOINT
    if isinstance(error, errors.GatedRepoError):
        why = f"{repo} asks for consent: accept its conditions on {hub}/{repo}, then set HF_TOKEN."
    elif isinstance(error, errors.RepositoryNotFoundError):
        why = f"{hub} has no public repository {repo}. Check its name; for a private one set HF_TOKEN."
    elif isinstance(error, errors.RevisionNotFoundError):
        why = f"{what} is not there: {repo} has no such branch, tag or commit."
    elif isinstance(error, errors.HfHubHTTPError):
        why = f"{hub} answered {error.response.status_code} for {what}. Try again later. {_AGAIN}"
    elif isinstance(error, errors.HFValidationError):
        why = f"{repo} cannot be a repository's name: {error}"
    else:
        why = f"{what} could not be fetched from {hub}: {error}. Check the network and HF_ENDPOINT. {_AGAIN}"
    raise DownloadFailed(why) from error


def _gguf_files(repo: str) -> str:
    from huggingface_hub import HfApi, errors

    try:
        names = [name for name in HfApi().list_repo_files(repo) if name.endswith(".gguf")]
    except (errors.HTTPError, OSError, ValueError):  # type: ignore[attr-defined]
        return "Check the name."
    return f"Its GGUF files: {', '.join(names)}." if names else "It has no GGUF file at all."


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
