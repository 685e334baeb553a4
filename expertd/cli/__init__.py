"""The command line: one module a command, and errors as messages with exit codes."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Any

import click

from expertd import __version__
from expertd.errors import ExpertdError

# Modules are imported when their command runs: `ask` must not wait for what only `serve` needs.
_COMMANDS = {
    "ask": "Ask a question, with what is piped in as context.",
    "env": "Print what OpenAI clients need in their environment.",
    "experts": "The experts: what is served, what is broken; packages of them.",
    "models": "The base models: what there is, and pulling more.",
    "route": "Show which experts a text would get, and why; teach the router.",
    "serve": "Run the daemon.",
    "status": "Show what the daemon is doing.",
    "stop": "Stop the daemon.",
    "train": "Train an expert from a JSONL of prompts and answers.",
}
_MODULES = {"stop": "status"}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = import_module(f"expertd.cli.{_MODULES.get(name, name)}")
        command: click.Command = getattr(module, name)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            if close := get_close_matches(args[0], _COMMANDS, 1):
                raise click.UsageError(f"no command {args[0]!r}: did you mean {close[0]!r}?") from error
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(130)  # as a shell counts it, where click would exit with 1

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="expertd")
def group() -> None:
    """One small language model in memory, many experts beside it, the right one switched on per request.

    \b
        expertd serve                                         run the daemon here
        cat schema.sql | expertd ask -e sql "customers older than 30"
        eval "$(expertd env)"                                 for any OpenAI client
    """


def end_on_sigterm() -> None:
    """SIGTERM ends the process as an exception does, so that half-made folders and daemons of its own go with it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def main() -> None:
    """The `expertd` command. Our own errors end it with their message and exit code, never with a traceback."""
    end_on_sigterm()
    try:
        group(prog_name="expertd")
    except ExpertdError as error:
        click.echo(f"expertd: {error.message}", err=True)
        sys.exit(error.exit_code)
