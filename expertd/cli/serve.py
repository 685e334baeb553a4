"""`expertd serve`: the daemon in the foreground."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from expertd.config import load_settings


@click.command()
@click.option("--socket", type=click.Path(path_type=Path), help="Unix socket to listen on.")
@click.option("--port", type=int, help="Port of HTTP on localhost; 0: no HTTP.")
@click.option("--experts", type=click.Path(path_type=Path), help="Folder of the experts; it is watched.")
@click.option("--base", help="A base of `expertd models list`, or a path to a GGUF.")
@click.option("--layout", type=click.Choice(["q4", "q8_0", "shipped"]), help="Layout of the embedded base.")
@click.option("--context", type=int, help="Tokens of all running requests together.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
def serve(
    socket: Path | None,
    port: int | None,
    experts: Path | None,
    base: str | None,
    layout: str | None,
    context: int | None,
    log_level: str | None,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C.

    Flags win over EXPERTD_* variables, these over the config file (see config.toml for all settings).

    \b
        expertd serve
        expertd serve --port 0 --socket /tmp/e.sock
        expertd serve --base qwen3-0.6b --experts ~/my-experts
    """
    settings = load_settings(
        socket=socket, port=port, experts=experts, base=base, layout=layout, context=context, log_level=log_level
    )
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("gguf").setLevel(logging.WARNING)  # each pool is a file that it tells of at length
    # Read when numpy is loaded. Its threads would spin beside llama.cpp's, for products that take microseconds.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imported late: a wrong flag is told at once.
    import uvloop

    from expertd.daemon import serve as run

    uvloop.run(run(settings))
