"""`expertd experts pack`, `verify`, `install` and `remove`: experts as files that people hand on."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from expertd.cli.client import Client
from expertd.config import Settings, cache_dir, load_settings
from expertd.engine.check import Checker, Report
from expertd.errors import CannotWrite, DaemonUnreachable, ExpertRefused
from expertd.experts import install as installing
from expertd.experts.faults import Faults
from expertd.experts.hub import PREFIX, HubExpert
from expertd.experts.manifest import FILE, is_name, parse_manifest, read_name
from expertd.experts.package import Index, index_of, read_package, read_parts, write_package
from expertd.models.catalogue import resolve

_base = click.option("--base", metavar="NAME|PATH", help="The base to check against; default: the one that is served.")
_layout = click.option("--layout", type=click.Choice(["q4", "q8_0", "shipped"]), help="Layout of the embedded base.")
_experts = click.option(
    "--experts", type=click.Path(path_type=Path), metavar="DIR", help="The experts folder; default: the daemon's."
)


@click.command(short_help="Make one file of an expert.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; default: its name, here.")
@_base
@_layout
def pack(folder: Path, out: Path | None, base: str | None, layout: str | None) -> None:
    """Make one file of an expert: NAME-VERSION-HASH.expert, always the same for the same content.

    The expert is checked first. What is no part of it (training data, scripts) stays out.

    \b
        expertd experts pack experts/sql
        expertd experts pack experts/sql -o /tmp/

    Exit codes: 0 packed; 2 a wrong option; 65 it is broken; 66 a base that cannot be read; 73 it cannot be written.
    """
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is no folder")
    if out and out.exists() and not (out.is_dir() or out.is_file()):
        raise click.UsageError(f"-o {out} is no file that could be replaced")  # a device, say
    with _checker(base, layout) as checker, _telling(folder):
        name, parts, _ = _read(str(folder), checker)
        report = _checked(checker, name, parts, str(folder), beside=folder.absolute().parent)
        assert report.manifest
        index = index_of(report.manifest, parts)
        target = out / index.file_name if out and out.is_dir() else out or Path(index.file_name)
        with _writing(target):
            write_package(index, parts, target)
    _hint(report)
    click.echo(target)


@click.command(short_help="Check such a file.")
@click.argument("file", type=click.Path(path_type=Path))
@_base
@_layout
def verify(file: Path, base: str | None, layout: str | None) -> None:
    """Check a package without installing it: its index, its parts, and the expert against the base.

    \b
        expertd experts verify sql-1-0123456789ab.expert

    Exit codes: 0 sound; 65 it is not; 66 a base that cannot be read; 73 no room for its parts while they are checked.
    """
    with _checker(base, layout) as checker, _telling(file):
        index, parts = read_package(file, checker.shape)
        report = _checked(checker, index.name, parts, str(file), index)
    _hint(report)
    click.echo(f"{index.name} {index.version} is sound: {len(index.files)} files, content {index.content_hash}")


@click.command(short_help="Put an expert into the experts folder, checked.")
@click.argument("source", metavar="FILE|FOLDER|hub:OWNER/REPO[@REVISION]")
@click.option("--replace", is_flag=True, help="Replace the expert of this name that is there.")
@_experts
@_base
@_layout
def install(source: str, replace: bool, experts: Path | None, base: str | None, layout: str | None) -> None:
    """Put an expert into the experts folder, checked, in one step: a running daemon serves it within 2 seconds.

    SOURCE is a package, an expert's folder, or a repository of the Hugging Face hub (HF_ENDPOINT and HF_TOKEN are
    honoured). Only an expert's own files are taken.

    \b
        expertd experts install sql-1-0123456789ab.expert
        expertd experts install hub:someone/sql-lora@v2 --replace
        expertd experts install ./mine --experts ~/experts

    Exit codes: 0 installed, or there already with the same content; 2 a wrong source; 65 it is broken; 66 a base that
    cannot be read; 69 the hub has it not; 73 another is there, or the folder cannot be written.
    """
    settings = load_settings(experts=experts)
    target = settings.experts
    with _checker(base, layout) as checker, _telling(source):
        name, parts, index = _read(source, checker)
        report = _checked(checker, name, parts, source, index, beside=target)
        with _writing(target):
            told = _put(report, parts, target, replace)
    _hint(report)
    click.echo(told)
    _hint_at_served(settings)


@click.command(short_help="Remove an expert from the folder.")
@click.argument("name")
@_experts
def remove(name: str, experts: Path | None) -> None:
    """Remove an expert from the experts folder; a running daemon stops serving it, and what runs goes on.

    A folder that holds more than an expert's own files is left alone.

    \b
        expertd experts remove sql

    Exit codes: 0 removed; 2 its folder holds more; 4 there is none of this name; 65 it cannot be read; 73 the folder
    cannot be written.
    """
    settings = load_settings(experts=experts)
    folder = settings.experts
    if not is_name(name):
        raise click.UsageError(f"{name!r} is no expert's name")
    with _telling(folder / name):
        manifest = installing.remove(folder, name)
    click.echo(f"removed {name} {manifest.version} from {folder}")
    _hint_at_served(settings)


def _read(source: str, checker: Checker) -> tuple[str, Mapping[str, bytes], Index | None]:
    """The name of an expert, its parts, and the index of its package where it is in one."""
    if source.startswith(PREFIX):
        hub = HubExpert.parse(source)
        with tempfile.TemporaryDirectory() as scratch, _told_of(source, Path(scratch)):
            commit = hub.fetch(Path(scratch), checker.shape)
            click.echo(f"{hub.repo} at {commit[:12]}", err=True)
            return _named(Path(scratch), hub.repo.rpartition("/")[2]), read_parts(Path(scratch), checker.shape), None
    path = Path(source)
    if path.is_dir():
        return _named(path, path.resolve().name), read_parts(path, checker.shape), None
    index, parts = read_package(path, checker.shape)
    return index.name, parts, index


def _named(folder: Path, called: str) -> str:
    """The name by its manifest; else what it is called, as a name can be spelled."""
    if name := read_name(folder):
        return name
    if (folder / FILE).exists():
        faults = Faults()
        parse_manifest(folder, faults)  # which says why it has no name
        faults.check()
    name = re.sub(r"[^a-z0-9]+", "-", called.lower()).strip("-")
    if not is_name(name):
        raise ExpertRefused(
            f"{called}: no name can be made of it. Give it an {FILE} with a name: a-z, 0-9 and -, a letter first, "
            "32 characters at most."
        )
    return name


def _checked(
    checker: Checker,
    name: str,
    parts: Mapping[str, bytes],
    source: str,
    index: Index | None = None,
    beside: Path | None = None,
) -> Report:
    """The report of a sound expert of these parts, which will stand in the folder `beside`.

    They are checked as files apart from wherever they came from. Raises `ExpertRefused`, in words of their `source`.
    """
    near = {path.name for path in beside.iterdir()} if beside and beside.is_dir() else set()
    with (
        _writing(Path(tempfile.gettempdir())),
        tempfile.TemporaryDirectory() as scratch,
        installing.staged(Path(scratch), name, parts) as folder,
    ):
        report = checker.check(folder, near)
    with _told_of(source, report.folder):
        if report.faults:
            raise ExpertRefused(*report.faults)
    assert report.manifest
    version = report.manifest.version
    if index and version != index.version:
        raise ExpertRefused(
            f"{source}: {FILE} says version {version[:80]!r}, and its index {index.version!r}. Fetch it again."
        )
    return report


def _put(report: Report, parts: Mapping[str, bytes], experts: Path, replace: bool) -> str:
    """Install what was checked, and tell what became of what."""
    name, manifest = report.name, report.manifest
    assert manifest
    before = installing.installed(experts, name)
    if before and installing.holds(experts / name, parts):
        return f"{name} {manifest.version} is in {experts} already, with the same content"
    if before and not replace:
        raise CannotWrite(
            f"{experts / name} is there already, version {before.version}, and this is {manifest.version}: "
            "give --replace to replace it"
        )
    with installing.staged(experts, name, parts) as folder:
        installing.put(folder, experts, replace=replace)
    if before:
        return f"replaced {name} {before.version} by {manifest.version} in {experts}"
    return f"installed {name} {manifest.version} into {experts}"


@contextmanager
def _checker(base: str | None, layout: str | None) -> Iterator[Checker]:
    settings = load_settings(base=base, layout=layout)
    checker = Checker(resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty()))
    try:
        yield checker
    finally:
        checker.close()


@contextmanager
def _told_of(source: str, folder: Path) -> Iterator[None]:
    """Refusals are told of the source, not of the folder that its files are in for a moment."""
    try:
        yield
    except ExpertRefused as error:
        raise ExpertRefused(*(fault.replace(str(folder), source) for fault in error.faults)) from error


@contextmanager
def _telling(source: Path | str) -> Iterator[None]:
    """All that is wrong is told here, where there may be no folder to check; what the source is read with, too."""
    try:
        yield
    except OSError as error:
        remedy = "Give a path that is there." if isinstance(error, FileNotFoundError) else "Mend its permissions."
        raise ExpertRefused(
            f"{error.filename or source} cannot be read: {error.strerror or error}. {remedy}"
        ) from error
    except ExpertRefused as error:
        *others, last = error.faults
        for fault in others:
            click.echo(f"expertd: {fault}", err=True)
        raise ExpertRefused(last) from error


@contextmanager
def _writing(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWrite(f"{error.filename or where} cannot be written: {error.strerror or error}") from error


def _hint_at_served(settings: Settings) -> None:
    """Say so where a daemon runs that serves another folder than what was changed."""
    try:
        served = Client(settings.socket).get("/health", timeout=1)["experts"]["folder"]
    except DaemonUnreachable:
        return
    if Path(served).resolve() != settings.experts.resolve():
        click.echo(f"hint: the daemon that runs serves {served}, not {settings.experts}", err=True)


def _hint(report: Any) -> None:
    for hint in report.hints:
        click.echo(f"hint: {hint}", err=True)
