"""Settings, logging and plugins of an application."""

from __future__ import annotations

import importlib
import json
import logging
import logging.handlers
import os
from collections import ChainMap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

log = logging.getLogger("app")


@dataclass(frozen=True)
class Settings:
    """What the application can be told."""

    host: str = "127.0.0.1"
    port: int = 8080
    debug: bool = False
    workers: int = 4
    data_dir: Path = Path("data")
    allowed_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise ValueError(f"port out of range: {self.port}")
        if self.workers < 1:
            raise ValueError("at least one worker is needed")

    @classmethod
    def from_env(cls, prefix: str = "APP_") -> Settings:
        """Return the settings with values from environment variables."""
        values: dict[str, Any] = {}
        for item in fields(cls):
            text = os.environ.get(prefix + item.name.upper())
            if text is not None:
                values[item.name] = convert(text, type(item.default))
        return cls(**values)

    @classmethod
    def from_file(cls, path: Path) -> Settings:
        """Read the settings from a JSON file, unknown keys refused."""
        data = json.loads(path.read_text(encoding="utf-8"))
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ValueError(f"{path}: unknown settings: {', '.join(unknown)}")
        return cls(**data)

    @property
    def url(self) -> str:
        """Return the address that the server listens on."""
        return f"http://{self.host}:{self.port}/"

    def with_debug(self) -> Settings:
        """Return a copy of the settings for debugging."""
        return replace(self, debug=True, workers=1)

    def to_json(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(asdict(self), default=str, indent=2)


def convert(text: str, kind: type) -> Any:
    """Convert the text of a variable to the kind of its setting."""
    if kind is bool:
        return text.lower() in ("1", "true", "yes")
    if kind is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return kind(text)


def layered(*layers: dict[str, Any] | None) -> ChainMap[str, Any]:
    """Return settings in which earlier layers win over later ones."""
    return ChainMap(*(layer for layer in layers if layer))


def find_upwards(name: str, start: Path) -> Path | None:
    """Return the file of that name in the folder or the nearest one above it."""
    for folder in (start, *start.parents):
        candidate = folder / name
        if candidate.is_file():
            return candidate
    return None


def config_dir(app: str) -> Path:
    """Return the folder for the user's settings of an application."""
    base = os.environ.get("XDG_CONFIG_HOME")
    root = Path(base) if base else Path.home() / ".config"
    return root / app


def configure_logging(path: Path, level: str = "INFO", keep: int = 5) -> None:
    """Log to a file that is rotated at one megabyte."""
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=1_000_000, backupCount=keep)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)


class JsonFormatter(logging.Formatter):
    """Formats log records as lines of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        data = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            data["error"] = self.formatException(record.exc_info)
        return json.dumps(data)


class SecretFilter(logging.Filter):
    """Keeps secrets out of the log."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self.secrets = [secret for secret in secrets if secret]

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the secrets in a record's message by asterisks."""
        message = record.getMessage()
        for secret in self.secrets:
            message = message.replace(secret, "***")
        record.msg, record.args = message, ()
        return True


class Plugin:
    """The base of all plugins; subclasses register themselves."""

    registry: ClassVar[dict[str, type[Plugin]]] = {}
    name = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name in Plugin.registry:
            raise TypeError(f"plugin {cls.name!r} exists already")
        Plugin.registry[cls.name] = cls

    def start(self) -> None:
        """Start the plugin."""
        raise NotImplementedError


def create_plugin(name: str) -> Plugin:
    """Return a new plugin by its name."""
    try:
        return Plugin.registry[name]()
    except KeyError:
        known = ", ".join(sorted(Plugin.registry)) or "none"
        raise LookupError(f"unknown plugin {name!r}; known: {known}") from None


def load_object(path: str) -> Any:
    """Import the object at a path such as "package.module:name"."""
    module_name, _, attribute = path.partition(":")
    module = importlib.import_module(module_name)
    return getattr(module, attribute) if attribute else module


@dataclass
class Feature:
    """A feature that can be switched on for some users."""

    name: str
    enabled: bool = False
    percent: int = 100
    users: set[str] = field(default_factory=set)

    def is_on(self, user: str) -> bool:
        """Whether the feature is on for a user."""
        if not self.enabled:
            return False
        if user in self.users:
            return True
        return sum(user.encode()) % 100 < self.percent


class Registry:
    """Functions by name."""

    def __init__(self) -> None:
        self._functions: dict[str, Callable[..., Any]] = {}

    def register(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that registers a function under a name."""

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            self._functions[name] = function
            return function

        return decorate

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call the function of a name."""
        if name not in self._functions:
            raise LookupError(f"nothing registered as {name!r}")
        return self._functions[name](*args, **kwargs)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._functions))
