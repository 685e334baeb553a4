"""`expertd status` and `expertd stop`."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import click
import psutil

from expertd.cli.client import Client
from expertd.config import load_settings
from expertd.errors import ExpertdError

_socket = click.option("--socket", type=click.Path(path_type=Path), help="The daemon's socket.")


@click.command()
@_socket
@click.option("--json", "as_json", is_flag=True, help="As the daemon's /health answers.")
def status(socket: Path | None, as_json: bool) -> None:
    """Show what the daemon is doing. Exit code 69 if none runs."""
    health = Client(load_settings(socket=socket).socket).get("/health")
    if as_json:
        click.echo(json.dumps(health, indent=2))
        return
    engine, base, experts = health["engine"], health["base"], health["experts"]
    click.echo(f"expertd {health['version']}, pid {health['pid']}, up {health['uptime_s']:.0f} s")
    click.echo(f"socket   {health['socket']}")
    click.echo(f"http     {health['http'] or 'off'}")
    click.echo(f"base     {base['name']} ({base['architecture']}, {base['bytes'] / 1e6:.0f} MB)")
    broken = f"; broken: {', '.join(experts['broken'])}" if experts["broken"] else ""
    click.echo(f"experts  {', '.join(experts['served']) or 'none'}{broken}")
    click.echo(
        f"         {experts['resident']} in memory ({experts['resident_bytes'] / 1e6:.0f} MB), of {experts['folder']}"
    )
    reason = f" ({engine['blending_reason']})" if "blending_reason" in engine else ""
    click.echo(
        f"engine   {engine['running']} running, {engine['waiting']} waiting, "
        f"{engine['cells_used']} of {engine['cells']} cells, blending: {engine['blending']}{reason}"
    )


@click.command()
@_socket
@click.option("--wait", default=15.0, show_default=True, help="Seconds to wait for its end.")
def stop(socket: Path | None, wait: float) -> None:
    """Stop the daemon; what runs gets five seconds to finish."""
    pid = Client(load_settings(socket=socket).socket).get("/health")["pid"]
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ExpertdError(_not_ours(pid)) from error
    end = time.monotonic() + wait
    while time.monotonic() < end:
        if not psutil.pid_exists(pid):
            return
        time.sleep(0.05)
    raise ExpertdError(f"the daemon (pid {pid}) still runs after {wait:g} s: kill it with `kill -9 {pid}`")


def _not_ours(pid: int) -> str:
    try:
        owner = psutil.Process(pid).username()
    except psutil.Error:  # hidden from us, or it ended meanwhile
        owner = "another user"
    return f"the daemon (pid {pid}) belongs to {owner}: stop it as that user, or as root"
