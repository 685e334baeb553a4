"""The experts that are served: the folder as checked objects, re-read where its files changed."""

from __future__ import annotations

import difflib
import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from expertd.errors import ExpertRefused, InvalidRequest, UnknownModel
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.blend import Blend, Part
from expertd.experts.manifest import FILE, Manifest, read_manifest
from expertd.experts.peft_adapter import CONFIG
from expertd.experts.tensors import BaseShape, Weights
from expertd.experts.weights import read_weights

log = logging.getLogger(__name__)

Signature = tuple[tuple[str, int, int, int], ...]

# A folder with such a file, or an empty one, is meant as an expert.
_WEIGHTS = frozenset({".gguf", ".safetensors", ".bin", ".pt", ".pth"})
_BARE = f"no {FILE}: only the shapes were checked against the base, and it is active from the first token"
_UNBOUND = f"{FILE} names no base: only the shapes were checked"


@dataclass(frozen=True, eq=False)
class Entry:
    """One expert folder: served where `error` is None, and then `manifest` and `weights` are there."""

    name: str
    folder: Path
    manifest: Manifest | None = None
    weights: Weights | None = None
    error: str | None = None
    warning: str | None = None


class Store:
    """Thread-safe. Readers see the last complete state and never wait for a scan."""

    def __init__(self, folder: Path, shape: BaseShape, base: BaseTensors | None = None) -> None:
        """`base` is needed by experts that are told relative to the base's weights, such as DoRA."""
        self.folder = folder
        self._shape, self._base = shape, base
        self._entries: dict[str, Entry] = {}  # replaced as a whole, never changed
        self._signatures: dict[str, Signature] = {}
        self._scanning = threading.Lock()

    def scan(self) -> None:
        """Bring all entries up to date with the folder."""
        with self._scanning:
            found = _expert_folders(self.folder)
            self._update(set(found) | set(self._entries))

    def entries(self) -> list[Entry]:
        """All entries by name, the broken ones too."""
        return sorted(self._entries.values(), key=lambda entry: entry.name)

    def get(self, name: str) -> Entry:
        """A served expert. Raises `UnknownModel` that says what is near, or why the expert is broken."""
        entries = self._entries
        entry = entries.get(name)
        if entry and entry.error:
            raise UnknownModel(f"expert {name!r} is broken and not served: {entry.error}", param="model")
        if entry:
            return entry
        served = ["base", *sorted(e.name for e in entries.values() if not e.error)]
        near = difflib.get_close_matches(name, served, n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        more = f" and {len(served) - 20} more" if len(served) > 20 else ""
        raise UnknownModel(f"there is no model {name!r}.{hint} Served: {', '.join(served[:20])}{more}.", param="model")

    def blend(self, parts: list[tuple[str, float]]) -> tuple[Blend, list[Entry]]:
        """The blend of these experts and scales, each times its manifest's scale; no parts: the base.

        Raises `UnknownModel`, and `InvalidRequest` for a soft prompt with a scale.
        """
        entries = [self.get(name) for name, _ in parts]
        made = []
        for entry, (name, scale) in zip(entries, parts, strict=True):
            manifest, weights = entry.manifest, entry.weights
            assert manifest and weights  # `get` hands out no broken entry
            if weights.prompt is not None and scale * manifest.scale != 1:
                raise InvalidRequest(f"expert {name!r} is a soft prompt, which takes no scale", param="model")
            offset = manifest.offset if manifest.activation == "answer" else None
            made.append(Part(name, weights.content_hash, scale * manifest.scale, offset))
        return Blend(tuple(made)), entries

    def _update(self, names: set[str]) -> None:
        """Re-read what changed of `names` and swap the result in. The caller holds the lock."""
        entries, signatures = dict(self._entries), dict(self._signatures)
        for name in sorted(names):
            folder = self.folder / name
            signature = _signature(folder)
            if signature == signatures.get(name):
                continue
            if signature is None:
                entries.pop(name, None)
                signatures.pop(name, None)
                log.info("expert %s is gone", name)
                continue
            entries[name] = _read(folder, self._shape, self._base)
            # Taken before the reading: what changed meanwhile is read again by the next scan.
            signatures[name] = signature
        self._entries, self._signatures = entries, signatures


def _expert_folders(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError as error:
        log.debug("experts folder %s: %s", folder, error.strerror)
        return []


def _signature(folder: Path) -> Signature | None:
    """What changes when a file of the folder does; None where it is no expert's folder."""
    if folder.name.startswith((".", "_")) or not folder.name.isprintable():
        return None  # such a name could not be shown in a list or an answer
    found = []
    try:
        for path in folder.iterdir():
            status = path.lstat()
            found.append((path.name, status.st_mtime_ns, status.st_size, status.st_ino))
    except OSError:
        # It may be going or coming at this moment: the next event says more.
        return None
    weighty = [name for name, *_ in found if name in (FILE, CONFIG) or Path(name).suffix in _WEIGHTS]
    return tuple(sorted(found)) if weighty or not found else None


def _read(folder: Path, shape: BaseShape, base: BaseTensors | None) -> Entry:
    manifest = None
    try:
        if not folder.resolve().is_relative_to(folder.parent.resolve()):
            raise ExpertRefused(f"{folder} is a link out of the experts folder. Copy the folder itself.")
        manifest = read_manifest(folder)
        weights = read_weights(folder, manifest, shape, base)
    except ExpertRefused as error:
        log.warning("expert %s is not served: %s", folder.name, error.message)
        return Entry(folder.name, folder, manifest, error=error.message)
    except Exception as error:  # a stranger's file must not end the daemon, whatever is in it
        log.exception("expert %s cannot be read", folder.name)
        return Entry(folder.name, folder, manifest, error=f"{folder} cannot be read: {error!r}. Please report this.")
    warning = None
    if not manifest.base:
        warning = _UNBOUND if (folder / FILE).exists() else _BARE
    log.info("expert %s is served: %.1f MB", folder.name, weights.nbytes / 1e6)
    return Entry(folder.name, folder, manifest, weights, warning=warning)
