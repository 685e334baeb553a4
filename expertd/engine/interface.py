"""What an engine is to the rest of the daemon: requests in, events out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from expertd.engine.counters import Counters
from expertd.experts.blend import BASE, Blend
from expertd.experts.tensors import Weights
from expertd.grammar.compiler import Grammar

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn. `temperature` 0 is greedy; a `top_k` of 0 and a `top_p` of 1 cut nothing."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repeat_penalty: float = 1.0
    logit_bias: tuple[tuple[int, float], ...] = ()
    seed: int | None = None


@dataclass(frozen=True)
class Request:
    """One stream to decode. `weights` are those of the blend's parts, in their order."""

    prompt: tuple[int, ...]
    max_tokens: int
    blend: Blend = BASE
    weights: tuple[Weights, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    logprobs: int | None = None  # alternatives reported for each token; 0: the drawn one alone
    prompt_logprobs: bool = False
    grammar: Grammar | None = None  # that the answer must follow
    opens: str = ""  # how the answer may begin that the client has already: it is not told again
    is_last: bool = False  # no next turn begins with its answer

    @property
    def n_virtual(self) -> int:
        """Virtual tokens of the blend's soft prompts."""
        return sum(len(weights.prompt) for weights in self.weights if weights.prompt is not None)


@dataclass(frozen=True)
class TokenLogprob:
    """A token with its natural-log probability and the likeliest alternatives. The first prompt token has none."""

    token: int
    logprob: float | None
    top: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Piece:
    """Text that is final, and the tokens that made it (logprobs only where asked for).

    The first piece of a request with `prompt_logprobs` has no text and the prompt's tokens from the second on.
    """

    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True)
class Timings:
    """Where the time of a request went, in milliseconds, and how many tokens each stage took."""

    queue_ms: float
    paging_ms: float  # experts brought in before the first token, whoever asked for them: a batch waits for all
    prefill_ms: float
    decode_ms: float
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int

    @property
    def total_ms(self) -> float:
        return self.queue_ms + self.paging_ms + self.prefill_ms + self.decode_ms


@dataclass(frozen=True)
class Done:
    """The last event of a stream that went well."""

    finish_reason: FinishReason
    timings: Timings


class Generation(Protocol):
    """A submitted request: pieces, then one `Done`; an `ExpertdError` is raised where it fails."""

    def __aiter__(self) -> AsyncIterator[Piece | Done]: ...

    def cancel(self) -> None:
        """Stop within one decoding step. Harmless when already done."""


@dataclass(frozen=True)
class Status:
    """What runs and is held after the last step."""

    running: int
    waiting: int
    cells: int
    cells_used: int
    cache_bytes: int  # of the prefix cache
    blending: str
    blending_reason: str  # why not a better way; "" where there is none


class Engine(Protocol):
    """Decodes many streams at once."""

    def check_room(self, count: int) -> None:
        """Raises `Overloaded` where `count` requests cannot all be queued now."""

    def submit(self, request: Request) -> Generation:
        """Queue a request. Raises `Overloaded`, or `ContextOverflow` where the prompt cannot fit even alone."""

    def status(self) -> Status: ...

    def counters(self) -> Counters:
        """A copy of what was counted since the start."""
