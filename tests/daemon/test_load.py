"""What happens when there is too much to do, and when clients go away."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.daemon.process import NO_END, Daemon

PATH = "/v1/completions"
ENDLESS = {"prompt": "Once", "max_tokens": 900, "logit_bias": NO_END}
SOON = 1.0  # seconds: a decoding step, a poll and a busy machine


def test_a_full_queue_answers_503_with_retry_after_and_empties_again(start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(env={"EXPERTD_SEQUENCES": "1", "EXPERTD_QUEUE": "1"})
    short = {"prompt": "Hi", "max_tokens": 2, "n": 2}
    with daemon.client() as one, daemon.client() as two, daemon.client() as three:
        with one.stream("POST", PATH, json={**ENDLESS, "stream": True}) as running:
            pieces = running.iter_raw()
            next(pieces)
            with pytest.raises(httpx.ReadTimeout):
                two.post(PATH, json=ENDLESS, timeout=0.3)
            daemon.wait_for_running(1)  # who waited and went away no longer waits
            answer = three.post(PATH, json=short)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["error"]["type"] == "overloaded_error"
            daemon.wait_for_running(1)  # nor was half of it queued
            assert next(pieces)
        daemon.wait_for_running(0)
        assert three.post(PATH, json=short).status_code == 200


def test_a_stream_whose_client_goes_away_frees_its_sequence(daemon: Daemon) -> None:
    daemon.wait_for_running(0)
    with daemon.client() as client, client.stream("POST", PATH, json={**ENDLESS, "n": 2, "stream": True}) as response:
        pieces = response.iter_raw()  # kept: without its iterator the response closes
        next(pieces)
        daemon.wait_for_running(2)
    assert daemon.wait_for_running(0) < SOON


def test_a_client_that_waits_for_a_whole_answer_and_goes_away_frees_its_sequence(daemon: Daemon) -> None:
    daemon.wait_for_running(0)
    with daemon.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post(PATH, json=ENDLESS, timeout=1)
    assert daemon.wait_for_running(0) < SOON


def test_eight_streams_run_at_once_and_a_ninth_waits(daemon: Daemon) -> None:
    daemon.wait_for_running(0)
    with (
        daemon.client() as client,
        client.stream("POST", PATH, json={**ENDLESS, "n": 9, "stream": True, "max_tokens": 200}) as response,
    ):
        pieces = response.iter_raw()
        next(pieces)
        engine = daemon.health()["engine"]
        assert (engine["running"], engine["waiting"]) == (8, 1)
        assert next(pieces)
    daemon.wait_for_running(0)


@pytest.mark.parametrize("model", ["base", "alpha"])
def test_a_stream_goes_on_while_a_long_prompt_is_read(daemon: Daemon, model: str) -> None:
    """The prompt takes four chunks at least, and the stream has its turn between any two."""
    with daemon.client() as client, client.stream("POST", PATH, json={**ENDLESS, "model": model, "stream": True}) as on:
        lines = on.iter_lines()
        next(lines)
        asked = {"prompt": f"{model} " * 1000, "max_tokens": 1}
        with ThreadPoolExecutor() as pool, daemon.client() as other:
            answer = pool.submit(other.post, PATH, json=asked)
            arrived = 0
            while not answer.done():
                arrived += next(lines).startswith("data: {")
        assert answer.result().status_code == 200
        assert arrived >= 4
