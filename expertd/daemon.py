"""The running daemon: its parts put together, and its way from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import sdnotify
from aiohttp import web

from expertd.api.app import make_app
from expertd.api.auth import read_or_make_token
from expertd.api.reader import load_reader
from expertd.api.service import Service
from expertd.config import Settings, cache_dir, state_dir
from expertd.engine import empty_cells
from expertd.engine.base import Base
from expertd.engine.chat_template import ChatTemplate
from expertd.engine.context import Context, KvType, cell_bytes
from expertd.engine.disk_cache import DiskCache
from expertd.engine.hook import Hook
from expertd.engine.memory import machine_memory
from expertd.engine.pace import TILE
from expertd.engine.scheduler import Limits
from expertd.engine.ways import open_blending, open_hook, why_plain
from expertd.engine.worker import Worker
from expertd.errors import BaseRefused, EngineFailed
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.residents import Residents
from expertd.experts.store import Store
from expertd.experts.watcher import Watcher
from expertd.grammar.compiler import Grammars
from expertd.listeners import BACKLOG, Listeners
from expertd.models.catalogue import resolve
from expertd.router.policy import Policy
from expertd.router.router import Router
from expertd.router.taught import Taught

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
SHARE_FOR_CELLS = 1 / 8  # of the memory, that the cells may take if every request has a range of its own
UBATCH = 256  # tokens that llama.cpp computes at once: without flash attention more take longer, and more memory
QUIET_START = 2.0  # seconds after the start until what only grammars need is made
GRACE = 5.0  # seconds that running requests get when the daemon is told to stop


async def serve(settings: Settings) -> None:
    """Listen, load, answer, until SIGTERM or SIGINT. Raises what stops a start."""
    _allow_open_files()
    with contextlib.ExitStack() as stack:
        listeners = Listeners(settings)
        stack.callback(listeners.close)
        _end_at_once_on_signals(listeners)
        token = read_or_make_token(settings.token_file) if listeners.http else None
        path = resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty())
        base = _speaking(Base(path))
        if settings.context > base.n_ctx_train:
            log.warning(
                "context %d is over what the base was trained for: using %d", settings.context, base.n_ctx_train
            )
            settings = settings.model_copy(update={"context": base.n_ctx_train})
        kv = _kv(settings, base)
        hook = open_hook(_ubatch(settings)) if settings.blending == "auto" else None
        unified = _unified(settings, base, hook, kv)
        # It takes half a second, most of it for zeros in memory: meanwhile the rest is done.
        context = stack.enter_context(ThreadPoolExecutor(1)).submit(_context, settings, base, hook, unified, kv)
        residents = Residents(int(settings.experts_mb * 1e6))
        tensors = BaseTensors(path)
        store = Store(settings.experts, base.shape, tensors, residents, settings.pin)
        store.scan()
        router = _router(settings, store)
        stack.callback(router.close)
        reader = load_reader(base, tensors, router.labels) if settings.route_reads else None
        watcher = Watcher(store)
        watcher.start()
        stack.callback(watcher.stop)
        template = ChatTemplate(base)
        grammars = Grammars(base)
        reason = "`blending` is set so"
        if settings.blending == "auto":
            reason = why_plain(base, flash=settings.flash, unified=unified, kv=kv)
        worker = _worker(settings, base, context.result(), reason, residents)
        service = Service(settings, base, template, store, grammars, worker, router, reader, listeners.http_url)
        runner = web.AppRunner(
            make_app(service, token), handler_cancellation=True, access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        stop = _stop_on_signals(listeners)
        for listener in (*listeners.unix, *listeners.http):
            await web.SockSite(runner, listener, backlog=BACKLOG).start()
        _report(service, settings)
        asyncio.get_running_loop().call_later(
            QUIET_START, threading.Thread(target=grammars.warm, name="grammars", daemon=True).start
        )
        await _either(stop, worker.died)
        sdnotify.SystemdNotifier().notify("STOPPING=1")
        log.info("stopping")
        for site in list(runner.sites):
            await site.stop()
        await worker.stop(GRACE)
        await runner.cleanup()
        if worker.died.is_set():
            raise EngineFailed("the engine has died; the log above says why")


def _router(settings: Settings, store: Store) -> Router:
    policy = Policy(settings.route_threshold, most=settings.route_max)
    router = Router(store, Taught(state_dir() / "taught.jsonl"), cache_dir() / "router", policy)
    router.refresh()
    return router


def _allow_open_files() -> None:
    """As many as the system lets us: each connection is one, and the usual 1024 are soon in use."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS takes no infinite number
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _end_at_once_on_signals(listeners: Listeners) -> None:
    """While the base is being loaded the loop stands still, and nobody's request would be lost."""

    def on_signal(number: int, _: object) -> None:
        # An exception would be lost where the signal comes within one of llama.cpp's calls back to us.
        listeners.close()
        os._exit(0 if number == signal.SIGTERM else 130)

    for number in _SIGNALS:
        signal.signal(number, on_signal)


def _stop_on_signals(listeners: Listeners) -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():  # asked twice: somebody is in a hurry
            listeners.close()
            os._exit(130)
        stop.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal)
    return stop


def _speaking(base: Base) -> Base:
    # llama.cpp aborts the process at the first text that it shall tokenize without a vocabulary.
    if base.meta("tokenizer.ggml.model") in (None, "none"):
        raise BaseRefused(f"{base.path} has no tokenizer, so it can take no text. Give a GGUF that has one.")
    return base


def _ubatch(settings: Settings) -> int:
    return settings.batch if settings.flash else min(settings.batch, UBATCH)


def _context(settings: Settings, base: Base, hook: Hook | None, unified: bool, kv: tuple[KvType, KvType]) -> Context:
    return Context(
        base,
        n_cells=settings.context,
        n_seq=settings.sequences,
        n_batch=settings.batch,
        n_ubatch=_ubatch(settings),
        n_threads=settings.threads,
        flash=settings.flash,
        unified=unified,
        kv=kv,
        hook=hook,
    )


def _kv(settings: Settings, base: Base) -> tuple[KvType, KvType]:
    """The types of K and V. Without flash attention, 8 bits of K are faster than 16; they come in blocks of 32."""
    if settings.kv_k != "auto":
        return settings.kv_k, settings.kv_v
    return "f16" if settings.flash or base.shape.head_dim % 32 else "q8_0", settings.kv_v


def _unified(settings: Settings, base: Base, hook: Hook | None, kv: tuple[KvType, KvType]) -> bool:
    if settings.kv_unified != "auto":
        return settings.kv_unified == "on"
    # Without a hook nobody finds the empty cells' memory to give it back.
    if hook is None or not base.cuttable:
        return True
    most = (settings.memory_mb * 1e6 or machine_memory()) * SHARE_FOR_CELLS
    return settings.sequences * settings.context * cell_bytes(base.shape, kv) > most


def _worker(settings: Settings, base: Base, context: Context, reason: str, residents: Residents) -> Worker:
    if reason:
        log.warning("experts are served one after another: %s", reason)
    empty_cells.give_back(context)
    limits = Limits(
        cells=min(settings.context, context.n_cells),  # llama.cpp rounds up
        batch=settings.batch,
        step_seconds=settings.step_ms / 1e3,
        tile=TILE if settings.flash else 1,
        sequences=settings.sequences,
        cache_bytes=int(settings.prefix_cache_mb * 1e6) if base.cuttable else 0,
        draft=settings.draft if base.cuttable else 0,
        memory_bytes=int(settings.memory_mb * 1e6),
    )
    disk = None
    if settings.disk_cache_mb and limits.cache_bytes:
        disk = DiskCache(cache_dir() / "prefixes", int(settings.disk_cache_mb * 1e6), context.fingerprint())
    blending = open_blending(base, context, reason)
    return Worker(base, context, blending, limits, settings.queue, disk, residents.shrink)


def _report(service: Service, settings: Settings) -> None:
    entries = service.store.entries()
    served = ", ".join(entry.name for entry in entries if entry.served) or "none"
    if not service.store.folder.is_dir():
        log.warning("there is no experts folder %s: make it, or give another with --experts", service.store.folder)
    log.info("base %s; experts: %s", service.base.path.stem, served)
    for entry in entries:
        if entry.error:
            log.warning("expert %s is not served: %s", entry.name, entry.error)
    for name in sorted(set(settings.pin) - {entry.name for entry in entries}):
        log.warning("there is no expert %s, which `pin` names: it is pinned once it comes", name)
    log.info("listening on %s%s", settings.socket, f" and {service.http_url}" if service.http_url else "")
    sdnotify.SystemdNotifier().notify("READY=1")
