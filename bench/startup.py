"""How long from exec to a served request, with a warm file cache? Several starts; the median."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from tqdm import trange

RESULT = Path(__file__).parent / "results" / "startup.json"
BODY = {"model": "base", "messages": [{"role": "user", "content": "Say hi."}], "max_tokens": 1, "temperature": 0}


def start_once(folder: str) -> float:
    """Seconds until the daemon has answered its first chat request."""
    socket = f"{folder}/e.sock"
    environment = {**os.environ, "EXPERTD_LOG_LEVEL": "error"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "expertd", "serve", "--port", "0", "--socket", socket], env=environment
    )
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=socket), base_url="http://x", timeout=60) as client:
            while True:
                try:
                    client.post("/v1/chat/completions", json=BODY).raise_for_status()
                    return time.perf_counter() - began
                except httpx.TransportError:
                    time.sleep(0.005)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        start_once(folder)
        times = [start_once(folder) for _ in trange(7, desc="starts")]
    print(f"from exec to an answered request: median {statistics.median(times):.2f} s of {len(times)} (bar 1.5 s)")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"median": statistics.median(times), "all": times}) + "\n")


if __name__ == "__main__":
    main()
