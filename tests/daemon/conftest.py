"""The daemon that most tests ask, and a factory for those that need their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.daemon.process import Daemon, free_port, launch
from tests.fixtures import SMOLLM2, make_peft_folder


def ended_well(daemon: Daemon) -> None:
    """Stop it if it runs: it must end with 0, leave no socket, and have logged no traceback."""
    code = daemon.stop()
    assert "Traceback" not in daemon.log, daemon.log
    if not daemon.killed:
        assert code == 0, daemon.log
        assert not daemon.socket.exists()


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with HTTP and random experts: `alpha` and `gamma` start at the answer, `beta` at the first token."""
    root = tmp_path_factory.mktemp("daemon")
    for seed, (name, activation) in enumerate((("alpha", "answer"), ("beta", "always"), ("gamma", "answer"))):
        manifest = {"description": f"random {name}", "activation": activation}
        make_peft_folder(root / "experts" / name, SMOLLM2, seed=seed, strength=0.2, manifest=manifest)
    running = launch(root, port=free_port(), context=2048)
    try:
        yield running.wait_until_up()
    finally:
        ended_well(running)


@pytest.fixture
def client(daemon: Daemon) -> Iterator[httpx.Client]:
    """A client over the session daemon's Unix socket."""
    with daemon.client() as client:
        yield client


@pytest.fixture
def openai(daemon: Daemon) -> OpenAI:
    """OpenAI's own client of the session daemon, over HTTP."""
    return OpenAI(base_url=f"{daemon.url}/v1", api_key=daemon.token)


@pytest.fixture
def start_daemon(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons with given flags and `env`; all are stopped, and must have ended well."""
    started: list[Daemon] = []

    def start(*, root: Path = tmp_path, **flags: Any) -> Daemon:
        started.append(launch(root, **flags))
        return started[-1].wait_until_up()

    yield start
    for each in started:
        ended_well(each)
