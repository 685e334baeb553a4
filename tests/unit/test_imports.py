"""Which module may import which: one way down, and heavy libraries only where they are owned."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "expertd"
# Each may import itself and what stands in its row.
BELOW = {
    "errors": set(),
    "config": {"errors"},
    "models": {"config", "errors"},
    "experts": {"models", "config", "errors"},
    "grammar": {"errors"},
    "engine": {"grammar", "experts", "models", "config", "errors"},
    "router": {"experts", "config", "errors"},
    "telemetry": {"config", "errors"},
    "api": {"grammar", "router", "engine", "experts", "models", "telemetry", "config", "errors"},
    "train": {"engine", "experts", "models", "config", "errors"},
    "listeners": {"config", "errors"},
    "daemon": {"grammar", "api", "router", "engine", "experts", "models", "telemetry", "listeners", "config", "errors"},
    "cli": {"daemon", "train", "api", "router", "engine", "experts", "models", "listeners", "config", "errors"},
    "__main__": {"cli"},
    "__init__": set(),
}
OWNERS = {
    "llama_cpp": {"engine/base.py", "engine/context.py", "engine/hook.py", "engine/llama_log.py", "models/prepare.py"},
    "llguidance": {"grammar/"},
    "torch": {"train/"},
    "peft": {"train/"},
    "transformers": {"train/"},
    "tokenizers": {"router/table.py"},
}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imports(file: Path, *, top_only: bool = False) -> set[str]:
    """The dotted names that a file imports, inside functions too unless `top_only`."""
    tree = ast.parse((PACKAGE / file).read_text())
    names = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno} imports relatively"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def layer(dotted: str) -> str:
    return dotted.split(".")[1] if "." in dotted else "__init__"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_imports_point_down(file):
    own = file.parts[0].removesuffix(".py")
    ours = {layer(name) for name in imports(file) if name.split(".")[0] == "expertd"}
    ours -= {own, "__init__", "__version__"}
    assert ours <= BELOW[own], f"expertd/{file} imports {sorted(ours - BELOW[own])}, which is not below it"


@pytest.mark.parametrize("library", OWNERS)
def test_a_heavy_library_is_imported_only_by_its_owners(library):
    users = {file.as_posix() for file in FILES if library in {name.split(".")[0] for name in imports(file)}}
    strangers = {user for user in users if not any(user.startswith(owner) for owner in OWNERS[library])}
    assert not strangers


def test_no_module_imports_itself_around_a_corner():
    def dotted(file: Path) -> str:
        return ".".join(["expertd", *file.with_suffix("").parts]).removesuffix(".__init__")

    known = {dotted(file) for file in FILES}
    graph = {dotted(file): imports(file, top_only=True) & known - {dotted(file)} for file in FILES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path, module])
        if module not in done:
            for imported in graph[module]:
                visit(imported, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("module", ["expertd.daemon", "expertd.cli"])
def test_the_daemon_and_the_command_line_start_without_the_extras(module):
    extras = {"torch", "sentence_transformers", "transformers", "peft"}
    code = f"import sys, {module}; print(*({extras} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
