"""Plugin systems: finding, loading, ordering and calling extensions."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Protocol, runtime_checkable

logger = logging.getLogger(__name__)


@runtime_checkable
class Exporter(Protocol):
    """What can write a report in some format."""

    name: str

    def export(self, rows: list[dict[str, Any]]) -> str:
        """Return the rows as a text."""
        ...


class PluginError(Exception):
    """A plugin that cannot be loaded or used."""


class PluginBase:
    """Base of plugins; subclasses register themselves."""

    registry: ClassVar[dict[str, type[PluginBase]]] = {}
    name: ClassVar[str] = ""
    requires: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        name = cls.name or cls.__name__.lower()
        if name in cls.registry:
            raise PluginError(f"there are two plugins called {name}")
        cls.registry[name] = cls

    def activate(self, context: dict[str, Any]) -> None:
        """Start the plugin."""

    def deactivate(self) -> None:
        """Stop the plugin and free what it holds."""


class Hooks:
    """Functions that plugins want to be called at certain points."""

    def __init__(self) -> None:
        self._functions: dict[str, list[tuple[int, Callable[..., Any]]]] = defaultdict(list)

    def add(self, point: str, function: Callable[..., Any], priority: int = 50) -> None:
        """Add a function; those with a lower priority are called first."""
        self._functions[point].append((priority, function))
        self._functions[point].sort(key=lambda pair: pair[0])

    def on(self, point: str, priority: int = 50) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator that adds a function to a point."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.add(point, function, priority)
            return function

        return register

    def call(self, point: str, *args: Any) -> list[Any]:
        """Call all functions of a point and return their results; one that fails is left out."""
        results = []
        for _, function in self._functions[point]:
            try:
                results.append(function(*args))
            except Exception:
                logger.exception("%s failed in %s", function.__name__, point)
        return results

    def filter(self, point: str, value: Any) -> Any:
        """Pass a value through all functions of a point, one after the other."""
        for _, function in self._functions[point]:
            value = function(value)
        return value


class Manager:
    """Starts plugins in the right order and stops them again."""

    def __init__(self, context: dict[str, Any] | None = None) -> None:
        self.context = context or {}
        self.active: dict[str, PluginBase] = {}

    def start(self, name: str) -> PluginBase:
        """Start a plugin after those it requires."""
        if name in self.active:
            return self.active[name]
        try:
            kind = PluginBase.registry[name]
        except KeyError:
            raise PluginError(f"unknown plugin: {name}") from None
        for required in kind.requires:
            self.start(required)
        plugin = kind()
        plugin.activate(self.context)
        self.active[name] = plugin
        return plugin

    def stop_all(self) -> None:
        """Stop all plugins, the one that started last first."""
        while self.active:
            name, plugin = self.active.popitem()
            try:
                plugin.deactivate()
            except Exception:
                logger.exception("could not stop %s", name)


def load_order(requires: dict[str, list[str]]) -> list[str]:
    """Return plugins in an order in which each comes after what it requires.

    >>> load_order({"web": ["db"], "db": [], "mail": ["db"]})
    ['db', 'web', 'mail']
    """
    order: list[str] = []
    visiting: set[str] = set()

    def visit(name: str) -> None:
        if name in order:
            return
        if name in visiting:
            raise PluginError(f"{name} requires itself")
        visiting.add(name)
        for required in requires[name]:
            visit(required)
        visiting.remove(name)
        order.append(name)

    for name in requires:
        visit(name)
    return order


def load_file(path: Path) -> ModuleType:
    """Import a Python file as a module of its own."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_folder(folder: Path) -> list[ModuleType]:
    """Import all Python files of a folder; those that fail are logged."""
    modules = []
    for path in sorted(folder.glob("*.py")):
        if path.name.startswith("_"):
            continue
        try:
            modules.append(load_file(path))
        except Exception as error:
            logger.warning("%s was not loaded: %s", path.name, error)
    return modules


def submodules(package: ModuleType) -> Iterator[ModuleType]:
    """Yield the imported modules of a package."""
    for info in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"{package.__name__}.{info.name}")


def classes_in(module: ModuleType, base: type) -> list[type]:
    """Return the classes of a module that derive from a base."""
    found = []
    for _, value in inspect.getmembers(module, inspect.isclass):
        if issubclass(value, base) and value is not base and value.__module__ == module.__name__:
            found.append(value)
    return found


def call_with_known(function: Callable[..., Any], **values: Any) -> Any:
    """Call a function with those of the values that it has parameters for."""
    names = inspect.signature(function).parameters
    return function(**{name: value for name, value in values.items() if name in names})


class CsvExporter:
    """Writes rows separated by commas."""

    name = "csv"

    def export(self, rows: list[dict[str, Any]]) -> str:
        """Return the rows with a header line."""
        if not rows:
            return ""
        lines = [",".join(rows[0])]
        for row in rows:
            lines.append(",".join(str(value) for value in row.values()))
        return "\n".join(lines)


class MarkdownExporter:
    """Writes rows as a table."""

    name = "markdown"

    def export(self, rows: list[dict[str, Any]]) -> str:
        """Return the rows as a Markdown table."""
        if not rows:
            return ""
        header = list(rows[0])
        lines = ["| " + " | ".join(header) + " |"]
        lines.append("|" + " --- |" * len(header))
        for row in rows:
            cells = [str(row[name]) for name in header]
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)


def pick_exporter(exporters: list[Exporter], name: str) -> Exporter:
    """Return the exporter of a name, or fail with the names there are."""
    for exporter in exporters:
        if exporter.name == name:
            return exporter
    known = ", ".join(sorted(exporter.name for exporter in exporters))
    raise PluginError(f"no exporter {name}; there are {known}")
