"""The experts that are served: the folder as checked objects, re-read where its files changed."""

from __future__ import annotations

import difflib
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from expertd.errors import ExpertRefused, InvalidRequest, Overloaded, UnknownModel
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.blend import Blend, Part
from expertd.experts.files import check_folder
from expertd.experts.manifest import FILE, Manifest, read_manifest
from expertd.experts.peft_adapter import CONFIG
from expertd.experts.residents import Residents
from expertd.experts.tensors import BaseShape, Kept, Weights
from expertd.experts.weights import read_weights

log = logging.getLogger(__name__)

Signature = tuple[tuple[str, int, int, int, int], ...]
Signatures = dict[str, Signature]

# A folder with such a file, or an empty one, is meant as an expert.
_WEIGHTS = frozenset({".gguf", ".safetensors", ".bin", ".pt", ".pth"})
_BARE = f"no {FILE}: only the shapes were checked against the base, and it is active from the first token"
_UNBOUND = f"{FILE} names no base: only the shapes were checked"


@dataclass(frozen=True, eq=False)
class Entry:
    """One expert folder. `error` is what is wrong with its files now; where it is served, all before that is there.

    What is here of its weights is what was read and checked; the arrays are the `Residents`'.
    """

    name: str
    folder: Path
    manifest: Manifest | None = None
    content_hash: str = ""
    nbytes: int = 0  # of the arrays that are kept while nobody uses it
    is_soft_prompt: bool = False
    invocation: tuple[int, ...] = ()  # the tokens that it waits for (aLoRA)
    error: str | None = None
    passing: bool = False  # the error may be over though no file of the folder changes
    warning: str | None = None
    held: Kept | None = None  # of the last sound files: they are served while those that are there now are broken

    @property
    def served(self) -> bool:
        return self.error is None or self.held is not None


class Store:
    """Thread-safe. Readers see the last complete state and never wait for a scan."""

    def __init__(
        self,
        folder: Path,
        shape: BaseShape,
        base: BaseTensors | None = None,
        residents: Residents | None = None,
        pinned: Collection[str] = (),
    ) -> None:
        """`base` is needed by experts that are told relative to the base's weights, such as DoRA.

        The arrays of those whose names are `pinned` stay in memory, and of those whose manifests say so.
        """
        self.folder = folder
        self.residents = residents or Residents()
        self._shape, self._base, self._pinned = shape, base, frozenset(pinned)
        # One thread: what several requests miss is read once, and they leave asyncio's threads to others.
        self._reader = ThreadPoolExecutor(1, "experts-reader")
        self._entries: dict[str, Entry] = {}  # replaced as a whole, never changed
        self._signatures: Signatures = {}
        self._unseen: frozenset[Path] = frozenset()  # what the last scan could not look at
        self._scanning = threading.Lock()
        self._on_change: list[Callable[[], object]] = []

    def on_change(self, call: Callable[[], object]) -> None:
        """Have it called after each change of the entries, from the thread that saw it: it must not wait."""
        self._on_change.append(call)

    def scan(self) -> bool:
        """Bring all entries up to date with the folder. False: a part could not be looked at, and stays as it was."""
        with self._scanning:
            try:
                found = _expert_folders(self.folder)
            except OSError as error:
                self._note_unseen({self.folder: error})
            else:
                self._note_unseen(self._update(set(found) | set(self._entries)))
            return not self._unseen

    def look(self) -> Signatures | None:
        """What is different where a file of an expert is; None: a part cannot be looked at."""
        try:
            found = {name: _signature(self.folder / name) for name in _expert_folders(self.folder)}
        except OSError:
            return None
        return {name: signature for name, signature in found.items() if signature is not None}

    def knows(self, seen: Signatures) -> bool:
        """Whether that is what the last scan saw."""
        return seen == self._signatures

    def entries(self) -> list[Entry]:
        """All entries by name, the broken ones too."""
        return sorted(self._entries.values(), key=lambda entry: entry.name)

    def get(self, name: str) -> Entry:
        """A served expert. Raises `UnknownModel` that says what is near, or why the expert is broken."""
        entries = self._entries
        entry = entries.get(name)
        if entry and not entry.served:
            raise UnknownModel(f"expert {name!r} is broken and not served: {entry.error}", param="model")
        if entry:
            return entry
        served = ["base", *sorted(e.name for e in entries.values() if e.served)]
        near = difflib.get_close_matches(name, served, n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        more = f" and {len(served) - 20} more" if len(served) > 20 else ""
        raise UnknownModel(
            f"there is no model {name!r} in {self.folder}.{hint} Served: {', '.join(served[:20])}{more}.", param="model"
        )

    def blend(self, parts: list[tuple[str, float]]) -> tuple[Blend, list[Entry]]:
        """The blend of these experts and scales, each times its manifest's scale; no parts: the base.

        Raises `UnknownModel`, and `InvalidRequest` for a soft prompt with a scale, or experts whose manifests say that
        they do not go together, or not without another.
        """
        entries = [self.get(name) for name, _ in parts]
        _check_together(entries)
        made = []
        for entry, (name, scale) in zip(entries, parts, strict=True):
            manifest = entry.manifest
            assert manifest  # `get` hands out no broken entry
            if entry.is_soft_prompt and scale * manifest.scale != 1:
                raise InvalidRequest(f"expert {name!r} is a soft prompt, which takes no scale", param="model")
            offset = manifest.offset if manifest.activation == "answer" else None
            made.append(Part(name, entry.content_hash, scale * manifest.scale, offset))
        return Blend(tuple(made)), entries

    def resident(self, entries: Sequence[Entry]) -> tuple[Weights, ...] | None:
        """The arrays of these experts, in their order, if memory has all of them as they are applied."""
        kept = [self.residents.get(entry.content_hash) for entry in entries]
        found = [each.ready if each else None for each in kept]
        return tuple(weights for weights in found if weights) if all(found) else None

    def load(self, entries: Sequence[Entry]) -> Future[tuple[Weights, ...]]:
        """The same, with those read that memory has dropped, and those made f16 that it has in 8 bits.

        It fails with `Overloaded` where the files are no longer those that were checked.
        """
        return self._reader.submit(lambda: tuple(self._load(entry) for entry in entries))

    def _load(self, entry: Entry) -> Weights:
        if kept := self.residents.get(entry.content_hash):
            weights = kept.arrays()
            self.residents.get(entry.content_hash)  # makes room for what has come
            return weights
        assert entry.manifest  # only a served entry is chosen
        try:
            weights = read_weights(entry.folder, entry.manifest, self._shape, self._base)
        except ExpertRefused as error:  # the watcher will say that it is broken, unless this passes
            raise Overloaded(f"expert {entry.name!r} cannot be read at this moment: {error.message}") from error
        if weights.content_hash == entry.content_hash:
            weights = self.residents.add(weights.kept, pinned=self._is_pinned(entry.manifest)).arrays()
            # Looked up after the adding: a scan that swaps its result in later lets go of it by itself.
            if all(other.content_hash != weights.content_hash for other in self._entries.values()):
                with self._scanning:  # what a scan has added and not yet swapped in must stay
                    self._let_go()
            return weights
        with self._scanning:
            self._signatures = {name: known for name, known in self._signatures.items() if name != entry.name}
            self._update({entry.name})  # now, since files may keep their sizes and times
        raise Overloaded(f"expert {entry.name!r} was replaced a moment ago: ask again")

    def _update(self, names: set[str]) -> dict[Path, OSError]:
        """Re-read what changed of `names`, swap the result in, and give what could not be looked at.

        The caller holds the lock.
        """
        entries, signatures = dict(self._entries), dict(self._signatures)
        unseen = {}
        for name in sorted(names):
            folder = self.folder / name
            try:
                signature = _signature(folder)
            except OSError as error:
                unseen[folder] = error
                continue
            if signature is None:
                if entries.pop(name, None):
                    log.info("expert %s is gone", name)
                signatures.pop(name, None)
                continue
            if signature == signatures.get(name):
                continue
            entries[name] = self._read(folder, entries.get(name))
            # Taken before the reading: what changed meanwhile is read again by the next scan.
            signatures[name] = signature
            if entries[name].passing:
                del signatures[name]  # so it is read again, too
        changed = _told(entries) != _told(self._entries)
        self._entries, self._signatures = entries, signatures
        self._let_go()
        if changed:
            for call in self._on_change:
                call()
        return unseen

    def _note_unseen(self, unseen: dict[Path, OSError]) -> None:
        for path in sorted(unseen.keys() - self._unseen):  # once, however often it is tried again
            log.warning("%s cannot be looked at (%s): what it had stays", path, unseen[path].strerror)
        self._unseen = frozenset(unseen)

    def _let_go(self) -> None:
        """Of the arrays that no expert has any more. The caller holds the lock."""
        entries = self._entries.values()
        self.residents.keep_only(
            {entry.content_hash for entry in entries},
            {entry.content_hash for entry in entries if entry.manifest and self._is_pinned(entry.manifest)},
        )

    def _is_pinned(self, manifest: Manifest) -> bool:
        return manifest.pinned or manifest.name in self._pinned

    def _read(self, folder: Path, before: Entry | None) -> Entry:
        manifest = None
        try:
            check_folder(folder)
            manifest = read_manifest(folder)
            weights = read_weights(folder, manifest, self._shape, self._base)
        except ExpertRefused as error:
            broken = Entry(folder.name, folder, manifest, error=error.message, passing=error.passing)
            return self._broken(broken, before)
        except OSError as error:  # of the base's file, since those of the folder are refused
            message = f"{folder} cannot be read, for the base cannot: {error}. Mend the base's file."
            return self._broken(Entry(folder.name, folder, manifest, error=message, passing=True), before)
        except Exception as error:  # a stranger's file must not end the daemon, whatever is in it
            log.exception("expert %s cannot be read", folder.name)
            message = f"{folder} cannot be read: {error!r}. Please report this."
            return self._broken(Entry(folder.name, folder, manifest, error=message), before)
        warning = None
        if not manifest.base:
            warning = _UNBOUND if (folder / FILE).exists() else _BARE
        log.info("expert %s is served: %.1f MB", folder.name, weights.kept.nbytes_unused / 1e6)
        self.residents.add(weights.kept, pinned=self._is_pinned(manifest))
        return Entry(
            folder.name,
            folder,
            manifest,
            weights.content_hash,
            weights.kept.nbytes_unused,
            weights.prompt is not None,
            weights.invocation,
            warning=warning,
        )

    def _broken(self, now: Entry, before: Entry | None) -> Entry:
        """What stands for a folder whose files are broken `now`: what was served `before`, as long as it can be."""
        held = self._hold(before) if before and before.served else None
        again = before and before.error == now.error  # it may be tried often
        level = logging.DEBUG if again else logging.WARNING
        if before and held:
            log.log(level, "expert %s is served as it was before, since its files are broken: %s", now.name, now.error)
            return replace(before, error=now.error, passing=now.passing, held=held)
        log.log(level, "expert %s is not served: %s", now.name, now.error)
        return now

    def _hold(self, entry: Entry) -> Kept | None:
        """Its arrays, which nobody can read from its files any more; where memory has none, those may still have."""
        if weights := self.residents.get(entry.content_hash):
            return weights
        assert entry.manifest  # it is served
        try:
            weights = read_weights(entry.folder, entry.manifest, self._shape, self._base)
        except Exception:  # they are broken, in whatever way
            return None
        return self.residents.add(weights.kept) if weights.content_hash == entry.content_hash else None


def _told(entries: dict[str, Entry]) -> dict[str, object]:
    """What others can see of them: a broken one that is tried again and again is the same."""
    return {name: (entry.content_hash, entry.error, entry.manifest) for name, entry in entries.items()}


def _check_together(entries: Sequence[Entry]) -> None:
    names = [entry.name for entry in entries]
    for entry in entries:
        assert entry.manifest  # `get` hands out no broken entry
        for other in entry.manifest.conflicts:
            if other in names and other != entry.name:
                message = f"expert {entry.name!r} conflicts with {other!r}: ask for one of them"
                raise InvalidRequest(message, param="model")
        for other in entry.manifest.requires:
            if other not in names:
                message = f"expert {entry.name!r} requires {other!r}: ask for `{'+'.join([*names, other])}`"
                raise InvalidRequest(message, param="model")


def _expert_folders(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError) as error:
        log.debug("experts folder %s: %s", folder, error.strerror)
        return []


def _signature(folder: Path) -> Signature | None:
    """What changes when a file of the folder does; None where it is no expert's folder.

    Raises `OSError` where that cannot be told, as when the process has too many open files.
    """
    if folder.name.startswith((".", "_")) or not folder.name.isprintable():
        return None  # such a name could not be shown in a list or an answer
    found = []
    try:
        for path in folder.iterdir():
            status = path.lstat()
            # The time of change too: who may read a file shows in nothing else.
            found.append((path.name, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino))
    except (FileNotFoundError, NotADirectoryError):
        # It may be going or coming at this moment: the next look says more.
        return None
    weighty = [name for name, *_ in found if name in (FILE, CONFIG) or Path(name).suffix in _WEIGHTS]
    return tuple(sorted(found)) if weighty or not found else None
