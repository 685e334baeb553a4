"""What the handlers share, and the way from a model name to a request of the engine."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from expertd.api.reader import LONGEST, PATIENCE, Reader, to_read
from expertd.api.schema import Common, Message, TextFormat
from expertd.api.structured import asked_by, asked_of
from expertd.api.together import Together
from expertd.config import Settings
from expertd.engine.base import Base
from expertd.engine.chat_template import ChatTemplate
from expertd.engine.interface import Engine, Request, Sampling
from expertd.errors import ContextOverflow, ExpertdError, InvalidRequest, UnknownModel
from expertd.experts.blend import Blend, parse_model
from expertd.experts.invocation import invoked_at
from expertd.experts.manifest import FillIn
from expertd.experts.store import Entry, Store
from expertd.experts.tensors import Weights
from expertd.grammar.compiler import Grammar, Grammars, Source
from expertd.router.asked import Asked
from expertd.router.chunks import Cut
from expertd.router.reading import Reading
from expertd.router.router import Decision, Router, Wishes

log = logging.getLogger(__name__)

# Where neither the request nor an expert's manifest says: llama-server's values, which suit small models.
DEFAULTS = {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05}

MAX_BYTES_A_TOKEN = 32  # no text has so few tokens for its bytes, but for runs of blanks


@dataclass(frozen=True)
class Choice:
    """The experts that a request got, and why. `named` are the scales as the request gave them.

    `weights` are there once it is loaded.
    """

    blend: Blend
    entries: Sequence[Entry]
    reason: str
    named: Sequence[tuple[str, float]] = ()
    weights: tuple[Weights, ...] = ()
    cut: Cut | None = None  # what is left of a message that was too long

    @property
    def experts(self) -> str:
        """`sql`, `sql:0.8+json:0.2` or `base`: what `model` would have to say to get the same again."""
        parts = [name if scale == 1 else f"{name}:{scale!r}" for name, scale in self.named]
        return "+".join(parts) or "base"

    @property
    def headers(self) -> dict[str, str]:
        told = {"x-expertd-experts": self.experts, "x-expertd-route": self.reason}
        if self.cut:
            told["x-expertd-context"] = f"{self.cut.tokens} of {self.cut.of_tokens} tokens"
        return told

    def on(self, prompt: Sequence[int]) -> tuple[Blend, tuple[Weights, ...]]:
        """The blend and its weights for this prompt: an expert that waits for tokens is part of it where they occur."""
        if not any(entry.invocation for entry in self.entries):
            return self.blend, self.weights
        parts, weights = [], []
        for part, entry, arrays in zip(self.blend.parts, self.entries, self.weights, strict=True):
            offset = invoked_at(entry.invocation, prompt) if entry.invocation else part.offset
            if offset is not None or not entry.invocation:
                parts.append(replace(part, offset=offset))
                weights.append(arrays)
        return Blend(tuple(parts)), tuple(weights)

    def active_in(self, blends: Iterable[Blend]) -> Choice:
        """Without the experts that are in none of these blends."""
        active = {part.name for blend in blends for part in blend.parts}
        return replace(self, named=[(name, scale) for name, scale in self.named if name in active])

    @property
    def system(self) -> str | None:
        """The system message that the experts were trained with, where they name one."""
        return next((e.manifest.system for e in self.entries if e.manifest and e.manifest.system), None)

    @property
    def template(self) -> str | None:
        """How the first expert that says so is asked."""
        return next((e.manifest.template for e in self.entries if e.manifest and e.manifest.template), None)

    @property
    def fim(self) -> FillIn | None:
        """How the first expert that fills gaps is told of one."""
        return next((e.manifest.fim for e in self.entries if e.manifest and e.manifest.fim), None)

    def grammar(self, body: Common) -> Source | None:
        """What the first expert that names one has answers follow."""
        named = (entry.manifest for entry in self.entries if entry.manifest)
        return next((asked_by(m.grammar, m.name, body) for m in named if m.grammar), None)

    @property
    def sampling(self) -> dict[str, Any]:
        """What the first expert's manifest says of sampling, for what a request leaves open."""
        manifest = next((entry.manifest for entry in self.entries if entry.manifest), None)
        return manifest.sampling.model_dump(exclude_none=True) if manifest else {}


@dataclass(frozen=True)
class Service:
    """The parts of the running daemon."""

    settings: Settings
    base: Base
    template: ChatTemplate
    store: Store
    grammars: Grammars
    engine: Engine
    router: Router
    reader: Reader | None
    http_url: str | None
    started: float = field(default_factory=time.time)
    together: Together = field(default_factory=Together)
    # A few of its own: what takes long to compile holds up no prompt that is to be tokenized.
    _compiling: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "grammar"))

    async def route(self, asked: Asked, wishes: Wishes, messages: Sequence[Message] = ()) -> Decision:
        """The router's decision. Where it is unsure, the base is asked about these `messages`, if it has room now."""
        began = time.perf_counter()
        decision = self.router.route(asked, wishes)
        if not decision.is_unsure:
            return decision
        if reading := await self._read(messages):
            decision = self.router.route(asked, wishes, reading)
        return replace(decision, ms=round((time.perf_counter() - began) * 1e3, 3))

    async def _read(self, messages: Sequence[Message]) -> Reading | None:
        if self.reader is None or not messages or not self._can_read() or (shown := to_read(messages)) is None:
            return None
        try:
            prompt = await asyncio.to_thread(self.template.encode, shown)
            if len(prompt) > LONGEST:
                return None
            return await asyncio.wait_for(self.reader.read(self.engine, prompt), PATIENCE)
        except asyncio.TimeoutError:
            return None
        except ExpertdError as error:  # the request itself will be told of what is wrong
            log.debug("the router's question to the base failed: %s", error.message)
            return None

    def _can_read(self) -> bool:
        """Whether a prompt can be read now at little cost: a sequence is free, nobody else waits for other adapters,
        and what is computed stays.
        """
        status = self.engine.status()
        is_free = status.running + status.waiting < self.settings.sequences
        disturbs = status.blending == "plain" and status.running
        return is_free and not disturbs and self.settings.prefix_cache_mb > 0

    async def choose(self, body: Common, asked: Asked, messages: Sequence[Message] = ()) -> Choice:
        """The experts that `model` names, or for "auto" those that the router finds.

        Raises `UnknownModel` or `InvalidRequest`.
        """
        if body.model != "auto":
            if body.experts:
                raise InvalidRequest(
                    "`experts` goes with the model `auto` alone: leave one of them out", param="experts"
                )
            named = parse_model(body.model, self.settings.max_experts)
            return self._choice(named, "named")
        decision = await self.route(asked, body.wishes, messages)
        routed = [(name, scale) for name, scale, _ in decision.experts]
        try:
            return self._choice(routed, decision.reason)
        except UnknownModel:  # it went while it was being chosen
            return self._choice((), f"{decision.reason}, which is gone")
        except InvalidRequest:
            if body.experts and body.experts.include:
                raise
            return self._choice((), f"{decision.reason}, which cannot be had")

    def _choice(self, named: Sequence[tuple[str, float]], reason: str) -> Choice:
        blend, entries = self.store.blend(list(named))
        return Choice(blend, entries, reason, named)

    async def load(self, choice: Choice) -> Choice:
        """With its experts' arrays: from now on they stay in memory until the request ends, so it waits for none.

        Raises `Overloaded` where the files are no longer what was chosen.
        """
        weights = self.store.resident(choice.entries)
        if weights is None:
            weights = await asyncio.wrap_future(self.store.load(choice.entries))
        self.together.note(entry.name for entry in choice.entries)
        return replace(choice, weights=weights)

    async def grammar(self, body: Common, choice: Choice) -> Grammar | None:
        """What the answer must follow: by the request, else by the first expert that has something to say.

        Raises `InvalidRequest`.
        """
        return await asyncio.get_running_loop().run_in_executor(self._compiling, self._grammar, body, choice)

    def _grammar(self, body: Common, choice: Choice) -> Grammar | None:
        if asked := asked_of(body):
            return self.grammars.compile(asked)
        if isinstance(body.response_format, TextFormat):  # any text, whatever the expert says
            return None
        wished = choice.grammar(body)
        try:
            return self.grammars.compile(wished) if wished else None
        except InvalidRequest:
            if wished and wished.kind.startswith("sql"):  # tables that happen to stand in a prompt, in whatever form
                return None
            raise

    def check(self, texts: Iterable[str], param: str) -> None:
        """Refuse text that cannot fit by its size alone, before time goes into its tokens. Raises `ContextOverflow`."""
        size = sum(len(text.encode("utf-8", "replace")) for text in texts)
        if size > MAX_BYTES_A_TOKEN * self.settings.context:
            raise ContextOverflow(
                f"{size} bytes are more than {self.settings.context} tokens hold: shorten them, raise the setting"
                ' `context`, or send `"context": {}` with a chat to have its last message cut to what matters',
                param=param,
            )

    def check_room(self, count: int) -> None:
        """Refuse so many choices before experts are read and prompts tokenized for them.

        Raises `InvalidRequest` where the queue can never hold them, `Overloaded` where it cannot now.
        """
        most = self.settings.sequences + self.settings.queue
        if count > most:
            raise InvalidRequest(f"{count} choices are more than the {most} that this daemon takes at once", param="n")
        self.engine.check_room(count)

    def request(
        self,
        body: Common,
        choice: Choice,
        prompt: Sequence[int],
        *,
        limit: int | None,
        logprobs: int | None,
        grammar: Grammar | None,
        index: int = 0,
        prompt_logprobs: bool = False,
        opens: str = "",
    ) -> Request:
        """The engine's request for choice number `index` of a body. The `choice` must be loaded."""
        blend, weights = choice.on(prompt)
        room = max(0, self.settings.context - len(prompt))
        limit = choice.sampling.get("max_tokens") if limit is None else limit
        return Request(
            prompt=tuple(prompt),
            max_tokens=room if limit is None else min(limit, room),
            blend=blend,
            weights=weights,
            sampling=self._sampling(body, choice, index),
            stop=body.stops,
            logprobs=logprobs,
            prompt_logprobs=prompt_logprobs,
            grammar=grammar,
            opens=opens,
        )

    def _sampling(self, body: Common, choice: Choice, index: int) -> Sampling:
        # An expert that names a temperature means it without the base's cuts.
        fallback = choice.sampling or DEFAULTS

        def pick(name: str) -> float:
            asked = getattr(body, name)
            return asked if asked is not None else fallback.get(name, getattr(Sampling, name))  # type: ignore[no-any-return]

        return Sampling(
            temperature=pick("temperature"),
            top_p=pick("top_p"),
            top_k=int(pick("top_k")),
            min_p=pick("min_p"),
            presence_penalty=body.presence_penalty,
            frequency_penalty=body.frequency_penalty,
            repeat_penalty=body.repeat_penalty,
            logit_bias=self._biases(body.logit_bias),
            seed=None if body.seed is None else body.seed + index,
        )

    def _biases(self, given: dict[str, float]) -> tuple[tuple[int, float], ...]:
        biases = []
        for text, value in given.items():
            if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) >= self.base.n_vocab:
                raise InvalidRequest(
                    f"logit_bias: {text[:40]!r} is no token id of this base (0 to {self.base.n_vocab - 1})",
                    param="logit_bias",
                )
            biases.append((int(text), value))
        return tuple(biases)


SERVICE = web.AppKey("service", Service)
