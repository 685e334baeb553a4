"""`expertd experts`: what the daemon serves."""

from __future__ import annotations

import json
from pathlib import Path

import click

from expertd.cli.client import Client
from expertd.config import load_settings


@click.group()
def experts() -> None:
    """The experts: what is served and what is broken."""


@experts.command("list")
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
            "; ".join(filter(None, (m["description"], m.get("warning")))),
        )
        for m in served
    ]
    rows += [(m["id"], "broken", m["error"]) for m in models["broken"]]
    if not rows:
        click.echo("no experts: put a folder into the experts folder (docs/experts.md), or train one (expertd train)")
        return
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, what, about in rows:
        click.echo(f"{name:<{widths[0]}}  {what:<{widths[1]}}  {about}".rstrip())
