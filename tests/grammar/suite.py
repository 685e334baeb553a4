"""The official JSON-Schema-Test-Suite, as the source package of `jsonschema` carries it."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock
from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.protocols import Validator

from expertd.config import cache_dir

VERSION = "4.26.0"
DRAFTS: dict[str, type[Validator]] = {"draft7": Draft7Validator, "draft2020-12": Draft202012Validator}


class Case(NamedTuple):
    """A schema of the suite, and its instances, each with whether it is valid."""

    draft: str
    keyword: str  # the suite's file
    name: str
    schema: Any
    instances: list[tuple[Any, bool]]

    @property
    def id(self) -> str:
        return f"{self.draft}-{self.keyword}-{self.name}"


def folder() -> Path:
    """Where the suite is: in the user's cache, fetched from the package index at the first call."""
    kept = cache_dir() / f"json-schema-suite-{VERSION}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=kept.parent) as work:
                _fetch(Path(work))
                (Path(work) / f"jsonschema-{VERSION}" / "json").rename(kept)
    return kept


def _fetch(work: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "jsonschema"]
    subprocess.run([*pip, "--dest", str(work), f"jsonschema=={VERSION}"], check=True)
    with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
        archive.extractall(work, filter="data")


def cases() -> Iterator[Case]:
    """Every schema of the required parts of draft 7 and of draft 2020-12."""
    for draft in DRAFTS:
        for file in sorted((folder() / "tests" / draft).glob("*.json")):
            for group in json.loads(file.read_text()):
                instances = [(test["data"], test["valid"]) for test in group["tests"]]
                yield Case(draft, file.stem, group["description"], _of(draft, group["schema"]), instances)


def _of(draft: str, schema: Any) -> Any:
    """The suite's schemas of draft 7 do not say of which draft they are."""
    if isinstance(schema, dict):
        return {"$schema": DRAFTS[draft].META_SCHEMA["$schema"], **schema}
    return schema


def is_valid(document: str, schema: Any, draft: str = "draft2020-12") -> bool:
    """Whether a text is a valid document, formats included."""
    validator = DRAFTS[draft]
    value = json.loads(document, parse_float=_finite)
    return validator(schema, format_checker=validator.FORMAT_CHECKER).is_valid(value)


def _finite(digits: str) -> float:
    """1e999 is a number in JSON, and none that `jsonschema` can divide."""
    return max(-sys.float_info.max, min(float(digits), sys.float_info.max))
