"""`expertd experts`: what the daemon serves, and what is wrong with a folder."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from expertd.cli.client import Client
from expertd.config import cache_dir, load_settings
from expertd.errors import ExpertRefused, shown
from expertd.models.catalogue import resolve

SHOWN = 10  # faults of one expert: that of a wrong base is told by hundreds of tensors


_ELSEWHERE = {
    **dict.fromkeys(("pack", "verify", "install", "remove"), "packages"),
    "optimize": "optimize",
    "fuse": "fuse",
}


class _Group(click.Group):
    """Imports what only some commands need when one of these runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(f"expertd.cli.{_ELSEWHERE[cmd_name]}"), cmd_name)
        return command


@click.group(cls=_Group)
def experts() -> None:
    """The experts: what is served, what is broken, experts as packages, and smaller ones."""


@experts.command(short_help="Tell all that is wrong with experts' folders.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@click.option("--base", metavar="NAME|PATH", help="The base to hold them against; default: the one that is served.")
@click.option("--layout", type=click.Choice(["q4", "q8_0", "shipped"]), help="Layout of the embedded base.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON, one object for each folder.")
def check(folders: tuple[Path, ...], base: str | None, layout: str | None, as_json: bool) -> None:
    """Tell all that is wrong with experts' folders, without a daemon, and what they would be better with.

    \b
        expertd experts check experts/sql
        expertd experts check experts/*/ --base qwen3-0.6b
        expertd experts check mine --json | jq '.[].faults'

    Exit codes: 0 all can be served; 2 a wrong option; 65 one is broken; 66 a base that cannot be read.
    """
    from expertd.engine.check import Checker  # here: `list` need not wait for llama.cpp

    settings = load_settings(base=base, layout=layout)
    checker = Checker(resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty()))
    reports = [checker.check(folder, {Path(other.absolute()).name for other in folders}) for folder in folders]
    checker.close()
    if as_json:
        told = [
            {"name": r.name, "folder": str(r.folder), "sound": not r.faults, "faults": r.faults, "hints": r.hints}
            for r in reports
        ]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for report in reports:
            click.echo(_told(report))
    if any(report.faults for report in reports):
        sys.exit(ExpertRefused.exit_code)


def _told(report: Any) -> str:
    state = f"broken, {len(report.faults)} fault{'s' * (len(report.faults) > 1)}"
    if not report.faults:
        state = f"sound, version {shown(report.manifest.version)}, {report.weights.kept.nbytes_unused / 1e6:.1f} MB"
    lines = [f"{report.name}: {state}", *(f"  fault: {fault}" for fault in report.faults[:SHOWN])]
    if (more := len(report.faults) - SHOWN) > 0:
        lines.append(f"  and {more} more, which --json tells")
    return "\n".join([*lines, *(f"  hint: {hint}" for hint in report.hints)])


@experts.command("list", short_help="List what is served, and what is broken and why.")
@click.option("--socket", type=click.Path(path_type=Path), help="The daemon's socket.")
@click.option("--json", "as_json", is_flag=True, help="As /v1/models answers.")
def list_(socket: Path | None, as_json: bool) -> None:
    """List the experts of the running daemon, and why the broken ones are not served."""
    models = Client(load_settings(socket=socket).socket).get("/v1/models")
    if as_json:
        click.echo(json.dumps(models, indent=2))
        return
    served = [model for model in models["data"] if model["id"] != "base"]
    rows = [
        (
            m["id"],
            f"{m['kind']}, {m['bytes'] / 1e6:.1f} MB",
            shown("; ".join(filter(None, (m["description"], m.get("warning"))))),
        )
        for m in served
    ]
    names = {model["id"] for model in served}
    rows += [(m["id"], "broken", m["error"]) for m in models["broken"] if m["id"] not in names]
    if not rows:
        click.echo("no experts: put a folder into the experts folder (docs/experts.md), or train one (expertd train)")
        return
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, what, about in rows:
        click.echo(f"{name:<{widths[0]}}  {what:<{widths[1]}}  {about}".rstrip())
