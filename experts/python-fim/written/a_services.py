"""Service classes: repositories, caches, pipelines, permissions, imports, exports."""

from __future__ import annotations

import csv
import json
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)


class NotFoundError(LookupError):
    """There is no such thing."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} not found: {key}")
        self.kind = kind
        self.key = key


class Role(str, Enum):
    """What a user may do."""

    READER = "reader"
    EDITOR = "editor"
    ADMIN = "admin"


RIGHTS = {
    Role.READER: {"read"},
    Role.EDITOR: {"read", "write"},
    Role.ADMIN: {"read", "write", "delete"},
}


@dataclass
class Document:
    """A text with its versions."""

    title: str
    body: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: datetime = field(default_factory=datetime.now)
    versions: list[str] = field(default_factory=list)

    def update(self, body: str) -> None:
        """Replace the body and keep the old one as a version."""
        if body == self.body:
            return
        self.versions.append(self.body)
        self.body = body

    def revert(self) -> None:
        """Go back to the version before."""
        if not self.versions:
            raise ValueError("there is no older version")
        self.body = self.versions.pop()

    @property
    def word_count(self) -> int:
        """Return the number of words in the body."""
        return len(self.body.split())

    def matches(self, query: str) -> bool:
        """Whether title or body has the query, ignoring case."""
        query = query.lower()
        return query in self.title.lower() or query in self.body.lower()


class DocumentRepository:
    """Documents in memory, by their ids."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    def add(self, document: Document) -> Document:
        """Store a new document."""
        if document.id in self._documents:
            raise ValueError(f"duplicate id: {document.id}")
        self._documents[document.id] = document
        return document

    def get(self, document_id: str) -> Document:
        """Return a document by its id."""
        try:
            return self._documents[document_id]
        except KeyError:
            raise NotFoundError("document", document_id) from None

    def remove(self, document_id: str) -> None:
        """Remove a document."""
        if self._documents.pop(document_id, None) is None:
            raise NotFoundError("document", document_id)

    def search(self, query: str, limit: int = 10) -> list[Document]:
        """Return the newest documents that match a query."""
        found = [document for document in self._documents.values() if document.matches(query)]
        found.sort(key=lambda document: document.created, reverse=True)
        return found[:limit]

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())


@dataclass(frozen=True)
class User:
    """Somebody with a role."""

    name: str
    role: Role = Role.READER

    def can(self, action: str) -> bool:
        """Whether the user may do something."""
        return action in RIGHTS[self.role]


class DocumentService:
    """What users can do with documents."""

    def __init__(self, repository: DocumentRepository, clock: Callable[[], float] = time.time) -> None:
        self.repository = repository
        self.clock = clock
        self.audit: list[tuple[float, str, str]] = []

    def _check(self, user: User, action: str) -> None:
        if not user.can(action):
            logger.warning("%s may not %s", user.name, action)
            raise PermissionError(f"{user.name} may not {action}")
        self.audit.append((self.clock(), user.name, action))

    def create(self, user: User, title: str, body: str = "") -> Document:
        """Create a document for a user who may write."""
        self._check(user, "write")
        title = title.strip()
        if not title:
            raise ValueError("a title is needed")
        return self.repository.add(Document(title, body))

    def edit(self, user: User, document_id: str, body: str) -> Document:
        """Change the body of a document for a user who may write."""
        self._check(user, "write")
        document = self.repository.get(document_id)
        document.update(body)
        return document

    def delete(self, user: User, document_id: str) -> None:
        """Delete a document for a user who may delete."""
        self._check(user, "delete")
        self.repository.remove(document_id)

    def activity(self, name: str) -> dict[str, int]:
        """Count the actions of a user by kind."""
        counts: dict[str, int] = defaultdict(int)
        for _, user, action in self.audit:
            if user == name:
                counts[action] += 1
        return dict(counts)


class Pipeline:
    """Steps that items go through one after the other."""

    def __init__(self, *steps: Callable[[Any], Any]) -> None:
        self.steps = list(steps)
        self.errors: list[tuple[Any, Exception]] = []

    def then(self, step: Callable[[Any], Any]) -> Pipeline:
        """Add a step and return the pipeline."""
        self.steps.append(step)
        return self

    def process(self, item: Any) -> Any:
        """Return what the steps make of an item, None if one of them drops it."""
        for step in self.steps:
            item = step(item)
            if item is None:
                return None
        return item

    def run(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the processed items; those that fail are kept with their errors."""
        for item in items:
            try:
                result = self.process(item)
            except Exception as error:
                logger.debug("dropped %r: %s", item, error)
                self.errors.append((item, error))
                continue
            if result is not None:
                yield result


class ReadThroughCache:
    """Values that are loaded when they are first asked for."""

    def __init__(self, load: Callable[[str], Any], ttl: timedelta = timedelta(minutes=5)) -> None:
        self.load = load
        self.ttl = ttl
        self.hits = 0
        self.misses = 0
        self._values: dict[str, tuple[datetime, Any]] = {}

    def get(self, key: str, now: datetime | None = None) -> Any:
        """Return a value, loaded if it is missing or too old."""
        now = now or datetime.now()
        stored = self._values.get(key)
        if stored is not None and now - stored[0] < self.ttl:
            self.hits += 1
            return stored[1]
        self.misses += 1
        value = self.load(key)
        self._values[key] = (now, value)
        return value

    def forget(self, key: str) -> None:
        """Drop a value if it is stored."""
        self._values.pop(key, None)

    @property
    def hit_rate(self) -> float:
        """Return the share of requests that were served from the cache."""
        total = self.hits + self.misses
        return self.hits / total if total else 0.0


class Importer:
    """Reads people from files of several formats."""

    REQUIRED = ("name", "email")

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def load(self, path: Path) -> list[dict[str, str]]:
        """Read a file by its extension."""
        readers = {".csv": self._read_csv, ".json": self._read_json}
        reader = readers.get(path.suffix.lower())
        if reader is None:
            raise ValueError(f"unknown format: {path.suffix}")
        return [row for row in reader(path) if self._is_complete(row)]

    def _read_csv(self, path: Path) -> Iterator[dict[str, str]]:
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)

    def _read_json(self, path: Path) -> Iterator[dict[str, str]]:
        data = json.loads(path.read_text(encoding="utf-8"))
        yield from data["people"] if isinstance(data, dict) else data

    def _is_complete(self, row: dict[str, str]) -> bool:
        missing = [name for name in self.REQUIRED if not row.get(name)]
        if missing:
            self.skipped.append(f"{row}: no {', '.join(missing)}")
        return not missing


class Exporter:
    """Writes documents to a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(self, document: Document) -> Path:
        """Write a document as JSON and return the file's path."""
        path = self.folder / f"{document.id}.json"
        data = asdict(document)
        data["created"] = document.created.isoformat()
        path.write_text(json.dumps(data, indent=2), encoding="utf-8")
        return path

    def write_all(self, documents: Iterable[Document]) -> int:
        """Write documents and return how many there were."""
        count = 0
        for document in documents:
            self.write(document)
            count += 1
        logger.info("wrote %d documents to %s", count, self.folder)
        return count

    def read(self, document_id: str) -> Document:
        """Read a document that was written."""
        path = self.folder / f"{document_id}.json"
        if not path.exists():
            raise NotFoundError("document", document_id)
        data = json.loads(path.read_text(encoding="utf-8"))
        data["created"] = datetime.fromisoformat(data["created"])
        return Document(**data)


class Quota:
    """How much each user may use."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used: dict[str, int] = defaultdict(int)

    def use(self, user: str, amount: int = 1) -> None:
        """Count what a user uses, or refuse if it would be too much."""
        if self._used[user] + amount > self.limit:
            raise PermissionError(f"{user} has only {self.left(user)} left")
        self._used[user] += amount

    def left(self, user: str) -> int:
        """Return how much a user may still use."""
        return self.limit - self._used[user]

    def reset(self) -> None:
        """Forget what was used."""
        self._used.clear()


class Subject:
    """Something whose changes others are told of."""

    def __init__(self) -> None:
        self._observers: list[Callable[[str, Any], None]] = []
        self._state: dict[str, Any] = {}

    def attach(self, observer: Callable[[str, Any], None]) -> Callable[[], None]:
        """Tell an observer of changes until the returned function is called."""
        self._observers.append(observer)

        def detach() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return detach

    def set(self, name: str, value: Any) -> None:
        """Set a value and tell the observers if it has changed."""
        if self._state.get(name) == value:
            return
        self._state[name] = value
        for observer in list(self._observers):
            observer(name, value)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value."""
        return self._state.get(name, default)
