"""How fast experts answer, measured on a daemon of one's own that is gone afterwards."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from expertd.cli.client import START_SECONDS, Client
from expertd.errors import DaemonUnreachable

ROUNDS = 7  # of which the first is not counted
TOKENS = 48
PROMPT = "A list of what should be looked at before a long journey by car:"


def speeds(experts: Path, names: Sequence[str], base: Path, ends: Sequence[int]) -> dict[str, float]:
    """Tokens a second of these experts, asked in turn on one stream: medians. `ends` are tokens that end an answer.

    Raises `DaemonUnreachable` where the daemon does not start.
    """
    found: dict[str, list[float]] = {name: [] for name in names}
    with _daemon(experts, base) as client:
        for number in tqdm(range(ROUNDS), desc="speed", unit="round", leave=False, delay=1):
            for name in names if number % 2 else reversed(names):
                if (speed := _speed(client, name, ends)) and number:
                    found[name].append(speed)
    return {name: round(statistics.median(each), 1) if each else 0.0 for name, each in found.items()}


def _speed(client: Client, name: str, ends: Sequence[int]) -> float:
    body = {
        "model": name,
        "prompt": PROMPT,
        "max_tokens": TOKENS,
        "temperature": 0,
        "logit_bias": {str(token): -100 for token in ends},
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    told = [chunk["timings"] for chunk in client.stream("/v1/completions", body) if chunk.get("timings")]
    return float(told[-1]["tokens_per_second"]) if told else 0.0


@contextmanager
def _daemon(experts: Path, base: Path) -> Iterator[Client]:
    with tempfile.TemporaryDirectory(prefix="expertd-") as folder:
        socket = Path(folder) / "d.sock"  # short: a socket's path has 107 characters at most
        command = [sys.executable, "-m", "expertd", "serve", "--socket", str(socket), "--port", "0"]
        command += ["--experts", str(experts), "--base", str(base), "--context", "1024"]
        with (Path(folder) / "log").open("wb") as log:
            # Without prompt lookup, which would measure how often an answer repeats itself.
            process = subprocess.Popen(
                command, env={**os.environ, "EXPERTD_DRAFT": "0"}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            yield _when_up(process, Client(socket), Path(folder) / "log")
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _when_up(process: subprocess.Popen[bytes], client: Client, log: Path) -> Client:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            client.get("/health", timeout=1)
            return client
        except DaemonUnreachable:
            time.sleep(0.05)
    said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    raise DaemonUnreachable(f"the daemon that should measure speed did not start: {said[-1]}")
