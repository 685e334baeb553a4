"""Experts that others put on the Hugging Face hub: the few files of a repository that make one."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expertd.errors import DownloadFailed, InvalidRequest
from expertd.experts.package import is_part, is_weights, most_bytes
from expertd.experts.tensors import BaseShape
from expertd.models.download import refuse

if TYPE_CHECKING:
    from huggingface_hub import RepoFile

PREFIX = "hub:"
_SOURCE = re.compile(r"hub:([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?:@([\w./-]{1,200}))?", re.ASCII)


@dataclass(frozen=True)
class HubExpert:
    """A repository with an adapter in it, written `hub:owner/repo` or `hub:owner/repo@revision`."""

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubExpert:
        """Raises `InvalidRequest` for anything else."""
        match = _SOURCE.fullmatch(text)
        if not match or ".." in text:
            raise InvalidRequest(
                f"{text[:200]!r} is no repository: write it as hub:owner/repo or hub:owner/repo@revision"
            )
        return cls(match[1], match[2])

    def __str__(self) -> str:
        return f"{PREFIX}{self.repo}@{self.revision}" if self.revision else f"{PREFIX}{self.repo}"

    def fetch(self, folder: Path, shape: BaseShape) -> str:
        """Bring the expert's files into `folder`; gives the commit that they are of. A terminal sees a progress bar.

        Files that no expert has are not fetched, and none that is larger than an expert of this base can be.
        Raises `DownloadFailed`.
        """
        from huggingface_hub import HfApi, RepoFile, errors, snapshot_download

        http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
        api = HfApi(library_name="expertd")
        try:
            commit = api.model_info(self.repo, revision=self.revision).sha or ""
            tree = api.list_repo_tree(self.repo, revision=commit)
            files = [file for file in tree if isinstance(file, RepoFile) and is_part(file.path)]
            self._check(files, shape)
            names = [file.path for file in files]
            snapshot_download(
                self.repo, revision=commit, local_dir=folder, allow_patterns=names, library_name="expertd"
            )
        except (http_error, OSError, ValueError) as error:
            refuse(self.repo, str(self), error)
        for file in files:
            arrived = folder / file.path
            if not arrived.is_file():
                raise DownloadFailed(f"{self}: {file.path} did not arrive. Run the same command again.")
            if file.lfs and hashlib.sha256(arrived.read_bytes()).hexdigest() != file.lfs.sha256:
                raise DownloadFailed(f"{self}: {file.path} arrived damaged: its sha256 is not the hub's. Try again.")
        return commit

    def _check(self, files: list[RepoFile], shape: BaseShape) -> None:
        if not any(is_weights(file.path) for file in files):
            raise DownloadFailed(f"{self} holds no adapter: no adapter_model.safetensors and no GGUF file.")
        for file in files:
            if file.size > most_bytes(file.path, shape):
                raise DownloadFailed(
                    f"{self}: {file.path} has {file.size:,} bytes, and an expert of this base has "
                    f"{most_bytes(file.path, shape):,} there at most. It is for another base."
                )
