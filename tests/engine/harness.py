"""The engine on a toy base, and the plain llama.cpp decode that its answers are held against."""

from __future__ import annotations

import asyncio
import copy
import ctypes
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import peft
import torch
from llama_cpp import llama_cpp as llama

from expertd.engine import empty_cells
from expertd.engine.base import Base
from expertd.engine.blending import Blending
from expertd.engine.context import Context
from expertd.engine.disk_cache import DiskCache
from expertd.engine.hook import Hook
from expertd.engine.interface import Done, Piece, Request, Sampling, Timings, TokenLogprob
from expertd.engine.mixed import MixedBlending
from expertd.engine.plain import PlainBlending
from expertd.engine.scheduler import Limits
from expertd.engine.worker import Stream, Worker
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.blend import BASE, Blend, Part
from expertd.experts.gguf_adapter import write_gguf
from expertd.experts.manifest import Manifest
from expertd.experts.tensors import MODULES, BaseShape, LowRank, Weights, freeze
from expertd.experts.weights import read_weights

WAY: list[Callable[[Base, Context], Blending]] = [PlainBlending]  # how this test's engines apply blends
GREEDY = Sampling(temperature=0)
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
KINDS = {
    "lora": peft.LoraConfig(r=4, lora_alpha=8, target_modules=ALL),
    "rslora": peft.LoraConfig(r=4, lora_alpha=8, target_modules=ALL, use_rslora=True),
    "patterns": peft.LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=ALL,
        rank_pattern={"q_proj": 2, r"layers\.1\.mlp\.up_proj": 6},
        alpha_pattern={"^model.layers.0.self_attn.v_proj": 3, "down_proj": 16},
    ),
    "attention": peft.LoraConfig(r=16, lora_alpha=16, target_modules=["q_proj", "v_proj"]),
    "dora": peft.LoraConfig(r=4, lora_alpha=8, target_modules=ALL, use_dora=True),
    "ia3": peft.IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"]),
    "ia3-all": peft.IA3Config(target_modules=ALL, feedforward_modules=["down_proj"]),
    "prompt": peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=5),
}


@dataclass(frozen=True)
class Toy:
    """The toy base, its shape, and the same weights in torch."""

    base: Base
    shape: BaseShape
    torch: object

    def prompt(self, seed: int, length: int) -> tuple[int, ...]:
        """Random tokens that are no control tokens."""
        return tuple(np.random.default_rng(seed).integers(3, self.base.n_vocab, length).tolist())


@dataclass
class Answer:
    """All that came out of a stream."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    text: str = ""
    finish_reason: str = ""
    timings: Timings | None = None
    prompt_logprobs: tuple[TokenLogprob, ...] = ()


def random_weights(
    shape: BaseShape, seed: int, *, strength: float = 0.3, rank: int = 4, modules: Sequence[str] = MODULES
) -> Weights:
    """A LoRA strong enough to change answers."""
    random = np.random.default_rng(1000 + seed)

    def normal(*size: int) -> np.ndarray:
        return (random.standard_normal(size) * strength).astype(np.float32)

    tensors = {}
    for layer in range(shape.n_layer):
        for module in modules:
            n_in, n_out = shape.sizes(module)
            tensors[f"blk.{layer}.{module}.weight"] = LowRank(normal(rank, n_in), normal(n_out, rank))
    return freeze(Weights(tensors), activation="answer", offset=1)


def peft_expert(toy: Toy, config: peft.PeftConfig, folder: Path, *, seed: int = 5) -> tuple[peft.PeftModel, Weights]:
    """A random adapter that changes answers, in torch and as the daemon reads what PEFT saved of it in `folder`."""
    torch.manual_seed(seed)
    model = peft.get_peft_model(copy.deepcopy(toy.torch), copy.deepcopy(config)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_magnitude" in name or "ia3_l" in name:
                parameter.mul_(1 + 0.5 * torch.randn_like(parameter))
            elif "lora_" in name or "prompt" in name:
                parameter.normal_(std=0.2)
    model.save_pretrained(folder)
    return model, read_weights(folder, Manifest(name="toy"), toy.shape, BaseTensors(toy.base.path))


Experts = Sequence[tuple[Weights, float]]


def request(
    prompt: Sequence[int], length: int, experts: Experts = (), *, offset: int | None = 1, **more: object
) -> Request:
    """A greedy request that tells its tokens; `experts` are weights with scales."""
    parts = tuple(Part(f"e{i}", weights.content_hash, scale, offset) for i, (weights, scale) in enumerate(experts))
    fields = {"sampling": GREEDY, "logprobs": 0, **more}
    return Request(
        prompt=tuple(prompt),
        max_tokens=length,
        blend=Blend(parts) if parts else BASE,
        weights=tuple(weights for weights, _ in experts),
        **fields,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def engine(
    base: Base,
    *,
    cells: int = 1024,
    claimed: int | None = None,
    sequences: int = 8,
    cache_bytes: int = 1 << 26,
    batch: int = 256,
    step_seconds: float = 0.1,
    queue: int = 64,
    draft: int = 15,
    flash: bool = False,
    unified: bool = False,
    ubatch: int | None = None,
    blending: Callable[[Base, Context], Blending] | None = None,
    hooked: bool = False,
    folder: Path | None = None,
) -> AsyncIterator[Worker]:
    """A worker of its own context.

    `claimed`: the cells that the scheduler believes in; `blending`: else `WAY`'s; `folder`: of the disk tier.
    """
    blending = blending or WAY[0]
    hook = Hook(ubatch or batch) if hooked or blending is MixedBlending else None
    sizes = {"n_cells": cells, "n_seq": sequences, "n_batch": batch, "n_ubatch": ubatch}
    context = Context(base, **sizes, n_threads=1, flash=flash, unified=unified, hook=hook)
    empty_cells.give_back(context)
    limits = Limits(claimed or context.n_cells, batch, step_seconds, sequences, cache_bytes, draft=draft)
    disk = DiskCache(folder, 1 << 26, context.fingerprint()) if folder else None
    worker = Worker(base, context, blending(base, context), limits, queue, disk)
    try:
        yield worker
    finally:
        await worker.stop(0)
        context.close()


async def collect(stream: Stream, *, at_most: int | None = None, prompt_logprobs: bool = False) -> Answer:
    """Everything that the stream says; with `at_most`, the first pieces, and then it is cancelled."""
    answer, pieces = Answer(), 0
    async for event in stream:
        if isinstance(event, Piece) and prompt_logprobs:
            answer.prompt_logprobs, prompt_logprobs = event.logprobs, False
        elif isinstance(event, Piece):
            answer.text += event.text
            answer.logprobs += event.logprobs
            answer.tokens += [logprob.token for logprob in event.logprobs]
            pieces += 1
            if at_most is not None and pieces >= at_most:
                stream.cancel()
                return answer
        elif isinstance(event, Done):
            answer.finish_reason, answer.timings = event.finish_reason, event.timings
    return answer


async def ask(worker: Worker, *requests: Request) -> list[Answer]:
    """All requests at once."""
    streams = [(worker.submit(one), one.prompt_logprobs) for one in requests]
    return list(await asyncio.gather(*(collect(stream, prompt_logprobs=told) for stream, told in streams)))


async def background_done(worker: Worker) -> None:
    """Wait until all is done that nobody waits for."""
    resting = 0  # looks at it: what begins is for a moment neither waiting nor running
    for _ in range(1000):
        scheduler = worker._scheduler
        resting = 0 if scheduler.background or scheduler.has_work else resting + 1
        if resting == 2:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the engine did not come to an end with its work in the background")


async def idle(worker: Worker) -> None:
    """Wait until nothing runs."""
    for _ in range(500):
        if worker.status().running == worker.status().waiting == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the engine did not come to rest")


def greedy(
    base: Base,
    prompt: Sequence[int],
    length: int,
    experts: Experts = (),
    *,
    offset: int | None = 1,
    offsets: Sequence[int | None] = (),
) -> list[int]:
    """A plain decode of one sequence in a context of its own, by llama.cpp's functions and nothing of ours.

    The experts are set when `offset` tokens of the prompt are left, or each when its own of `offsets` are; None: before
    the first.
    """
    params = llama.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_threads, params.n_threads_batch = 1024, 512, 512, 1, 1
    params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
    context = llama.llama_init_from_model(base.model, params)
    adapters = _adapters(base, [weights for weights, _ in experts])
    begins = [0 if one is None else len(prompt) - one for one in offsets or [offset] * max(1, len(adapters))]
    start = 0
    try:
        for at in sorted(set(begins)):
            if at > start:
                _decode(context, prompt[start:at])
            start = at
            active = [i for i in range(len(adapters)) if begins[i] <= at]
            if active:
                handles = (llama.llama_adapter_lora_p_ctypes * len(active))(*[adapters[i] for i in active])
                scales = (ctypes.c_float * len(active))(*[experts[i][1] for i in active])
                assert llama.llama_set_adapters_lora(context, handles, len(active), scales) == 0
        tokens: list[int] = []
        fed = list(prompt[start:])
        while len(tokens) < length:
            _decode(context, fed)
            logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(context, -1), (base.n_vocab,))
            token = int(logits.argmax())
            if llama.llama_vocab_is_eog(base.vocab, token):
                break
            tokens.append(token)
            fed = [token]
        return tokens
    finally:
        llama.llama_free(context)
        for adapter in adapters:
            llama.llama_adapter_lora_free(adapter)


def _adapters(base: Base, weights: Sequence[Weights]) -> list[int]:
    handles = []
    with tempfile.TemporaryDirectory() as folder:
        for i, one in enumerate(weights):
            path = Path(folder) / f"{i}.gguf"
            write_gguf(one, base.architecture, path)
            handles.append(llama.llama_adapter_lora_init(base.model, str(path).encode()))
            assert handles[-1]
    return handles


def _decode(context: int, tokens: Sequence[int]) -> None:
    array = (llama.llama_token * len(tokens))(*tokens)
    assert llama.llama_decode(context, llama.llama_batch_get_one(array, len(tokens))) == 0


def told(toy: Toy, one: Request) -> tuple[list[int], np.ndarray]:
    """The engine's tokens, and the log-probabilities of the whole vocabulary before each, [tokens, n_vocab]."""

    async def run() -> Answer:
        async with engine(toy.base) as worker:
            return (await ask(worker, replace(one, logprobs=toy.base.n_vocab)))[0]

    answer = asyncio.run(run())
    table = np.full((len(answer.tokens), toy.base.n_vocab), np.nan)
    for row, logprob in zip(table, answer.logprobs, strict=True):
        for token, value in logprob.top:
            row[token] = value
    return answer.tokens, table


def differs(logits: torch.Tensor, logprobs: np.ndarray) -> float:
    """How far apart torch's logits and the engine's log-probabilities are."""
    return float(np.abs(torch.log_softmax(logits, -1).numpy() - logprobs).max())
