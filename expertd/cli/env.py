"""`expertd env`: the environment of OpenAI clients."""

from __future__ import annotations

import shlex

import click

from expertd.api.auth import read_or_make_token
from expertd.cli.client import Client
from expertd.config import load_settings
from expertd.errors import ConfigError, DaemonUnreachable


@click.command()
def env() -> None:
    """Print OPENAI_BASE_URL and OPENAI_API_KEY for a shell.

    \b
        eval "$(expertd env)"
    """
    settings = load_settings()
    try:
        url = Client(settings.socket).get("/health")["http"]
    except DaemonUnreachable:
        url = f"http://{settings.host}:{settings.port}" if settings.port else None
        click.echo("# no daemon runs yet: start it with `expertd serve`", err=True)
    if url is None:
        raise ConfigError("HTTP is off (port 0): set `port`, or point the client at the socket")
    click.echo(f"export OPENAI_BASE_URL={shlex.quote(url + '/v1')}")
    click.echo(f"export OPENAI_API_KEY={shlex.quote(read_or_make_token(settings.token_file))}")
