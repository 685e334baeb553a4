"""`expertd models`: the bases there are, and pulling one."""

from __future__ import annotations

from pathlib import Path

import click

from expertd.config import cache_dir
from expertd.models.catalogue import KNOWN, KnownBase, embedded_file, models_dir, unknown
from expertd.models.download import HubFile, pull


@click.group()
def models() -> None:
    """The base models: what there is, and pulling more."""


@models.command("list")
def list_() -> None:
    """List the known bases and what else was pulled.

    The first column is what `--base` takes.
    """
    folder = models_dir(cache_dir())
    rows = [(base.id, _state(base, folder), f"{base.about}. {base.licence}") for base in KNOWN.values()]
    known = {base.hub.path(folder) for base in KNOWN.values() if base.hub}
    rows += [
        (path.relative_to(folder).as_posix(), "pulled", "")
        for path in sorted(folder.glob("*/*/**/*.gguf"))
        if path not in known
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, state, about in rows:
        click.echo(f"{name:<{widths[0]}}  {state:<{widths[1]}}  {about}".rstrip())


@models.command("pull")
@click.argument("name", metavar="NAME|OWNER/REPO/FILE.gguf")
def pull_(name: str) -> None:
    """Fetch a base from the Hugging Face hub and print its path.

    NAME is one of `expertd models list`; any GGUF file of the hub is given as OWNER/REPO/FILE.gguf.
    A pull that was cut goes on where it stopped. HF_ENDPOINT and HF_TOKEN are honoured.

    \b
        expertd models pull qwen3-0.6b
        expertd serve --base qwen3-0.6b
    """
    click.echo(_pull(name, models_dir(cache_dir())))


def _pull(name: str, folder: Path) -> Path:
    if name not in KNOWN and "/" not in name:
        raise unknown(name)
    hub = KNOWN[name].hub if name in KNOWN else HubFile.parse(name)
    return pull(hub, folder) if hub else embedded_file()


def _state(base: KnownBase, folder: Path) -> str:
    if base.hub is None:
        return "embedded"
    return "pulled" if base.hub.path(folder).is_file() else f"{base.hub.repo}, not pulled"
