"""`GET /metrics`: what the daemon did and holds, as Prometheus reads it. No label's value comes from a client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import prometheus_client
import psutil
from aiohttp import web
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from expertd.api.errors import Handler
from expertd.engine.counters import Counters
from expertd.engine.interface import Done, Engine, Piece, Status
from expertd.experts.residents import Residents

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
TTFT_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60)
GAP_SECONDS = (0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 5)
CLIENT_GONE = 499  # no answer has this status: it stands for one that nobody waited for

routes = web.RouteTableDef()
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """What is counted where requests and answers pass, beside what the engine counts."""

    def __init__(self, engine: Engine, residents: Residents) -> None:
        self.registry = registry = prometheus_client.CollectorRegistry()
        self.requests = prometheus_client.Counter(
            "expertd_requests", "HTTP requests that ended", ["route", "outcome"], registry=registry
        )
        self.first_text = prometheus_client.Histogram(
            "expertd_time_to_first_token_seconds",
            "From a request's arrival to the first text of each choice",
            buckets=TTFT_SECONDS,
            registry=registry,
        )
        self.gap = prometheus_client.Histogram(
            "expertd_inter_token_seconds",
            "Between two pieces of text of a choice, mostly a token each",
            buckets=GAP_SECONDS,
            registry=registry,
        )
        registry.register(_Collector(engine, residents))


METRICS = web.AppKey("metrics", Metrics)


class Latency:
    """Observes when the text of one answer's choices is given out."""

    def __init__(self, metrics: Metrics, received: float) -> None:
        """`received` is when the request came, by `time.monotonic()`."""
        self._metrics, self._received = metrics, received
        self._last: dict[int, float] = {}  # by choice

    def note(self, index: int, event: Piece | Done) -> None:
        """On the hot path: about a microsecond."""
        if isinstance(event, Done) or not event.text:
            return
        now, last = time.monotonic(), self._last.get(index)
        self._last[index] = now
        if last is None:
            self._metrics.first_text.observe(now - self._received)
        else:
            self._metrics.gap.observe(now - last)


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Counts every request, by what came of it. Where no answer is left to send, its client went away."""
    status = CLIENT_GONE
    try:
        response = await handler(request)
        status = request.get("status", response.status)
        return response
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "none"
        request.app[METRICS].requests.labels(route, _outcome(status)).inc()


def _outcome(status: int) -> str:
    named = {CLIENT_GONE: "cancelled", 503: "overloaded"}
    return named.get(status) or ("ok" if status < 400 else "refused" if status < 500 else "failed")


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    text = prometheus_client.generate_latest(request.app[METRICS].registry)
    return web.Response(body=text, headers={"Content-Type": FORMAT})


class _Collector(Collector):
    def __init__(self, engine: Engine, residents: Residents) -> None:
        self._engine, self._residents = engine, residents
        self._process = psutil.Process()

    def collect(self) -> Iterable[Metric]:
        """All that is not counted here, from one look at each of its owners."""
        status = self._engine.status()
        yield from _gauges(status)
        yield from _counters(self._engine.counters())
        yield from _experts(self._residents)
        yield InfoMetricFamily(
            "expertd_blending",
            "The way in which experts are applied, and why no better one serves",
            {"way": status.blending, "reason": status.blending_reason},
        )
        tasks = len(asyncio.all_tasks())
        yield GaugeMetricFamily("expertd_tasks", "asyncio tasks: the daemon's own and those of connections", tasks)
        resident = self._process.memory_info().rss
        yield GaugeMetricFamily("process_resident_memory_bytes", "Resident memory of the process", resident)


def _gauges(status: Status) -> Iterable[Metric]:
    for name, meaning, value in (
        ("sequences_running", "Choices being computed", status.running),
        ("sequences_waiting", "Choices in the queue", status.waiting),
        ("kv_cells", "KV cells: tokens that all running choices hold at most", status.cells),
        ("kv_cells_used", "KV cells in use; a shared one counts for each choice", status.cells_used),
        ("prefix_cache_bytes", "Memory that holds the KV of past prompts", status.cache_bytes),
    ):
        yield GaugeMetricFamily(f"expertd_{name}", meaning, value)


def _experts(residents: Residents) -> Iterable[Metric]:
    yield GaugeMetricFamily("expertd_experts_resident", "Experts whose arrays are in memory", residents.count)
    yield GaugeMetricFamily("expertd_experts_resident_bytes", "Memory that these arrays take", residents.nbytes)
    yield CounterMetricFamily("expertd_experts_dropped", "Experts let go for want of room", residents.drops)


def _counters(counted: Counters) -> Iterable[Metric]:
    paging = counted.paging
    for name, meaning, value in (
        ("steps", "Batches decoded", counted.steps),
        ("prompt_tokens", "Prompt tokens of choices that came to their first token", counted.prompt_tokens),
        ("completion_tokens", "Tokens of answers", counted.completion_tokens),
        ("forced_tokens", "Of these, not drawn, since a grammar let nothing else come", counted.forced_tokens),
        ("refused_draws", "Draws that a grammar did not allow, and that were drawn again", counted.refused_draws),
        ("draft_steps", "Batches with a draft", counted.draft_steps),
        ("drafted_tokens", "Tokens of these drafts", counted.drafted_tokens),
        ("accepted_tokens", "Of these, what the model drew as well: tokens that took no step", counted.accepted_tokens),
        ("prefix_asked_tokens", "Prompt tokens looked up for reuse", counted.asked_tokens),
        ("prefix_cache_evictions", "Prompts that the prefix cache forgot for want of room", counted.evictions),
        ("preemptions", "Choices that had to make room for others", counted.preemptions),
        ("hook_nodes", "Nodes of the graph that the hook changed", counted.changed_nodes),
        ("pages_in", "Experts paged in", paging.pages_in),
        ("pages_out", "Experts paged out", paging.pages_out),
        ("page_in_seconds", "Time to page experts in", paging.seconds_in),
        ("page_out_seconds", "Time to page experts out", paging.seconds_out),
    ):
        yield CounterMetricFamily(f"expertd_{name}", meaning, value)
    reused = CounterMetricFamily("expertd_prefix_reused_tokens", "Of these, not computed again", labels=["tier"])
    reused.add_metric(["cells"], counted.reused_from_cells)
    reused.add_metric(["memory"], counted.reused_from_memory)
    reused.add_metric(["disk"], counted.reused_from_disk)
    yield reused
