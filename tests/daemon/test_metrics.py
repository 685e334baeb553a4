"""`/metrics`, scraped as Prometheus does it, and the `timings` of answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.daemon.process import ENDLESS, NO_END, Daemon

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
DOCS = Path(__file__).parents[2] / "docs/metrics.md"
STAGES = ("reception", "queue", "paging", "prefill", "decode", "postprocess")
ROUTES = {"/health", "/metrics", "/v1/models", "/v1/models/{id}", CHAT, COMPLETIONS, "none"}


class Scrape:
    """The samples of one scrape."""

    def __init__(self, client: httpx.Client) -> None:
        answer = client.get("/metrics")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        self.families = {family.name: family for family in text_string_to_metric_families(answer.text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels."""
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())

    def labels(self, name: str) -> list[dict[str, str]]:
        return [sample.labels for sample in self.samples if sample.name == name]


def grown(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    return after(name, **labels) - before(name, **labels)


def complete(client: httpx.Client, **body: Any) -> dict[str, Any]:
    given = {"prompt": "Once", "temperature": 0, "max_tokens": 6, "logit_bias": NO_END, **body}
    return client.post(COMPLETIONS, json=given).raise_for_status().json()


def test_counts_follow_from_the_requests_made(daemon: Daemon, client: httpx.Client) -> None:
    daemon.wait_for_running(0)
    before = Scrape(client)
    prompt = "A prompt that no other test has. " * 10
    answers = [complete(client, prompt=prompt), complete(client, prompt=prompt, n=2)]
    assert client.post(COMPLETIONS, json={"model": "nobody", "prompt": "x"}).status_code == 404
    after = Scrape(client)
    assert grown(before, after, "expertd_requests_total", route=COMPLETIONS, outcome="ok") == 2
    assert grown(before, after, "expertd_requests_total", route=COMPLETIONS, outcome="refused") == 1
    assert grown(before, after, "expertd_requests_total", route="/metrics", outcome="ok") == 1
    length = answers[0]["usage"]["prompt_tokens"]
    assert grown(before, after, "expertd_prompt_tokens_total") == 3 * length
    assert grown(before, after, "expertd_completion_tokens_total") == 18
    assert grown(before, after, "expertd_prefix_asked_tokens_total") == 3 * (length - 1)
    reused = {
        tier: grown(before, after, "expertd_prefix_reused_tokens_total", tier=tier) for tier in ("cells", "memory")
    }
    assert sum(reused.values()) == 2 * (length - 1)
    assert reused["memory"] >= length - 1
    assert grown(before, after, "expertd_time_to_first_token_seconds_count") == 3
    assert grown(before, after, "expertd_inter_token_seconds_count") <= 15  # a piece of text may hold several tokens
    assert grown(before, after, "expertd_steps_total") >= 12


def test_streams_are_timed_as_whole_answers_are(client: httpx.Client) -> None:
    before = Scrape(client)
    body = {"prompt": "1, 2, 3, 4,", "temperature": 0, "max_tokens": 6, "logit_bias": NO_END, "stream": True}
    with client.stream("POST", COMPLETIONS, json=body) as response:
        events = [json.loads(line[6:]) for line in response.iter_lines() if line and line != "data: [DONE]"]
    after = Scrape(client)
    pieces = sum(bool(event["choices"][0]["text"]) for event in events)
    assert grown(before, after, "expertd_time_to_first_token_seconds_count") == 1
    assert grown(before, after, "expertd_inter_token_seconds_count") == pieces - 1
    assert grown(before, after, "expertd_inter_token_seconds_sum") > 0


def test_gauges_tell_what_runs_and_who_went_away_is_counted(daemon: Daemon, client: httpx.Client) -> None:
    daemon.wait_for_running(0)
    before = Scrape(client)
    with daemon.client() as other, other.stream("POST", COMPLETIONS, json={**ENDLESS, "model": "alpha"}) as response:
        lines = response.iter_lines()  # kept: without its iterator the response closes
        next(lines)
        during = Scrape(client)
        assert during("expertd_sequences_running") == 1
        assert during("expertd_kv_cells") == 2048
        assert 0 < during("expertd_kv_cells_used") <= 2048
        full = client.post(COMPLETIONS, json={"prompt": ["x"] * 12, "n": 6, "max_tokens": 1})
        assert full.status_code == 503
        assert next(lines) is not None
    daemon.wait_for_running(0)
    after = Scrape(client)
    assert grown(before, after, "expertd_requests_total", route=COMPLETIONS, outcome="cancelled") == 1
    assert grown(before, after, "expertd_requests_total", route=COMPLETIONS, outcome="overloaded") == 1
    assert after("expertd_sequences_running") == after("expertd_kv_cells_used") == 0
    assert after("expertd_prefix_cache_bytes") > 0
    assert after("process_resident_memory_bytes") > 50e6


def test_the_way_of_blending_is_told_with_what_paging_took(daemon: Daemon, client: httpx.Client) -> None:
    complete(client, model="alpha")
    scrape, engine = Scrape(client), daemon.health()["engine"]
    (told,) = scrape.labels("expertd_blending_info")
    assert told == {"way": engine["blending"], "reason": engine.get("blending_reason", "")}
    assert scrape("expertd_pages_in_total") >= 1
    assert scrape("expertd_page_in_seconds_total") > 0


def test_without_a_token_there_are_no_metrics(daemon: Daemon, client: httpx.Client) -> None:
    before = Scrape(client)
    assert daemon.http().get("/metrics").status_code == 401
    assert daemon.http(Authorization=f"Bearer {daemon.token}").get("/metrics").status_code == 200
    assert grown(before, Scrape(client), "expertd_requests_total", route="/metrics", outcome="refused") == 1


def test_nothing_that_a_client_sends_becomes_a_label(client: httpx.Client) -> None:
    for path in ("/v1/models/some-name", "/nowhere/some-name", "/health?some-name"):
        client.get(path, headers={"user-agent": "some-name"})
    client.request("SOME-NAME", "/health")
    client.post(COMPLETIONS, json={"model": "some-name", "prompt": "some-name"})
    scrape = Scrape(client)
    assert {labels["route"] for labels in scrape.labels("expertd_requests_total")} <= ROUTES
    assert not any("some-name" in value.lower() for sample in scrape.samples for value in sample.labels.values())


def test_the_docs_list_every_metric_and_no_other(client: httpx.Client) -> None:
    rows = [line.split("|")[1] for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    listed = {name.removesuffix("_total").removesuffix("_info") for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == {name.removesuffix("_info") for name in Scrape(client).families}


@pytest.mark.parametrize("stream", [False, True])
def test_the_stages_of_an_answer_add_up_to_its_time(client: httpx.Client, stream: bool) -> None:
    body = {"model": "gamma", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5, "n": 2}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    answer = client.post(CHAT, json=body).raise_for_status()
    last = json.loads(answer.text.split("data: ")[-2]) if stream else answer.json()
    timings = last["timings"]
    stages = [timings[f"{stage}_ms"] for stage in STAGES]
    assert sum(stages) == pytest.approx(timings["total_ms"], abs=0.01)
    assert all(took >= 0 for took in stages)
    assert all(timings[f"{stage}_ms"] > 0 for stage in ("reception", "prefill", "decode", "postprocess"))


def test_beyond_the_memory_budget_requests_run_one_by_one_and_nothing_is_kept(
    start_daemon: Callable[..., Daemon],
) -> None:
    daemon = start_daemon(env={"EXPERTD_MEMORY_MB": "10"})
    with daemon.client() as client, daemon.client() as other:
        with other.stream("POST", COMPLETIONS, json={**ENDLESS, "n": 2}) as response:
            lines = response.iter_lines()
            next(lines)
            scrape = Scrape(client)
            assert (scrape("expertd_sequences_running"), scrape("expertd_sequences_waiting")) == (1, 1)
        daemon.wait_for_running(0)
        assert complete(client, n=3)["usage"]["completion_tokens"] == 18
        assert Scrape(client)("expertd_prefix_cache_bytes") == 0
    assert "memory is short" in daemon.log
