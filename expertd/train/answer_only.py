"""Running only the answers forward and back, over the base's own KV of the prompts (design decision 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import Cache, DynamicCache

from expertd.train.attention import Layers, row_cache
from expertd.train.data import Example, Group
from expertd.train.prompt_kv import PromptKV
from expertd.train.trainee import Trainee

TOKENS = 512  # of prompts at once on a CPU: attention over more of them leaves its cache
ROWS = 64  # of logits at once: 12 MB of SmolLM2's, which a processor's cache holds


@dataclass(frozen=True)
class Prompts:
    """How the prompts of a training are run, and where their KV is kept.

    A prefix is run alone, so its KV is always the same. Rests are run with those of their batch that are not kept:
    one in a thousand of a rest's f16 numbers has another last bit where it was run beside others.
    """

    kept: PromptKV
    offset: int  # tokens of a prompt's end that are the expert's
    keep_rests: bool = False  # what follows a shared prefix, too: worth it where it comes again


@dataclass(frozen=True)
class Marks:
    """How a batch would be answered: summed cross-entropy, tokens, and answers that are right to the token."""

    loss: float
    tokens: int
    exact: int


def answer_loss(model: Trainee, prompts: Prompts, batch: Group, gap: int = 0) -> torch.Tensor:
    """Sum of the cross-entropy over the answers' tokens of one batch that shares a prefix.

    The rows are [prefix | rest of the prompt, left-padded | last `offset` prompt tokens and answer, right-padded]: the
    first two are the base's own and run without gradients, the expert is active in the third; a soft prompt stands at
    its beginning. What follows the prefix is `gap` positions further away than it stands.
    A sliding window counts the padding in: with rests of unlike length, rows longer than the window see that much less.
    """
    hidden, wanted, _ = _answer_states(model, prompts, batch, gap)
    loss: torch.Tensor = _HeadLoss.apply(hidden, model.lm_head.weight, wanted, model.logit_cap)
    return loss


def marks(model: Trainee, prompts: Prompts, batch: Group) -> Marks:
    """What `answer_loss` sums, and how many answers greedy decoding would give word for word."""
    with torch.no_grad():
        hidden, wanted, rows = _answer_states(model, prompts, batch, 0)
        loss, right = 0.0, torch.ones(len(batch.examples), dtype=torch.bool, device=wanted.device)
        for start in range(0, len(hidden), ROWS):
            part = slice(start, start + ROWS)
            logits = _logits(hidden[part], model.lm_head.weight, model.logit_cap)
            loss += torch.nn.functional.cross_entropy(logits, wanted[part], reduction="sum").item()
            right[rows[part][logits.argmax(-1) != wanted[part]]] = False
    return Marks(loss, len(wanted), int(right.sum()))


def _answer_states(
    model: Trainee, prompts: Prompts, batch: Group, gap: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The last hidden states [tokens, n_embd] that predict the answers' tokens, these tokens, and their rows."""
    prefix = _prefix(model, prompts.kept, batch.prefix)
    cache, mask, lengths = _run_rests(model, prompts, prefix, batch, gap)
    ids, inside, asked = _answers(batch.examples, prompts.offset, mask.device)
    embedded, soft = None, 0
    if model.soft is not None:
        soft = len(model.soft)
        rows = model.adapted_trunk.embed_tokens(ids)
        embedded = torch.cat([model.soft.to(rows.dtype).expand(len(ids), -1, -1), rows], 1)
        inside = torch.nn.functional.pad(inside, (soft, 0), value=1)
    positions = gap + lengths[:, None] + torch.arange(inside.shape[1], device=mask.device)
    hidden = model.adapted_trunk(
        input_ids=None if soft else ids,
        inputs_embeds=embedded,
        attention_mask=torch.cat([mask, inside], 1),
        position_ids=positions,
        cache=cache,
        use_cache=True,
        prefix=prefix,
    ).last_hidden_state[:, soft:]
    wanted = asked[:, 1:]  # row i predicts token i + 1
    return hidden[:, :-1][wanted], ids[:, 1:][wanted], wanted.nonzero()[:, 0]


def _prefix(model: Trainee, kept: PromptKV, tokens: tuple[int, ...]) -> Layers:
    """Keys and values per layer, each [1, kv_heads, len(tokens), head_dim]."""
    kv = kept.get((tokens, 0))
    if kv is None:
        cache = DynamicCache()
        with torch.no_grad():
            # Of no tokens, as where the expert sees all of a prompt: one is computed, and none of it taken.
            ids = torch.tensor([tokens or (0,)], device=_device(model))
            model.trunk(input_ids=ids, cache=cache, use_cache=True)
        layers = [torch.cat([layer.keys, layer.values])[:, :, : len(tokens)] for layer in cache.layers]
        kv = kept.put((tokens, 0), torch.stack(layers))
    return [(keys[None], values[None]) for keys, values in kv.to(_device(model), model.lm_head.weight.dtype)]


def _device(model: Trainee) -> torch.device:
    device: torch.device = model.lm_head.weight.device
    return device


def _run_rests(
    model: Trainee, prompts: Prompts, shared: Layers, batch: Group, gap: int
) -> tuple[Cache, torch.Tensor, torch.Tensor]:
    """The base's KV of each row between prefix and active part, the mask [rows, width] and the rows' lengths."""
    prefix, device = len(batch.prefix), shared[0][0].device
    rests = [example.prompt[prefix : example.active(prompts.offset)] for example in batch.examples]
    mask, lengths = _padding(prefix, rests, device)
    cache = row_cache(shared)
    if mask.shape[1] == prefix:
        return cache, mask, lengths
    keys = [(example.prompt[: example.active(prompts.offset)], prefix) for example in batch.examples]
    found = [prompts.kept.get(key) for key in keys] if prompts.keep_rests and not gap else [None] * len(keys)
    missing = [i for i, kv in enumerate(found) if kv is None]
    at_once = TOKENS if device.type == "cpu" else sum(map(len, rests)) * len(rests)
    for part in _alike(missing, [len(rest) for rest in rests], at_once):
        fresh = _computed(model, shared, prefix, [rests[i] for i in part], gap)
        if len(part) == len(keys) and not prompts.keep_rests:
            return fresh, mask, lengths
        for row, i in enumerate(part):
            kv = _row(fresh, row, len(rests[i])) if rests[i] else _nothing(shared)
            found[i] = prompts.kept.put(keys[i], kv) if prompts.keep_rests and not gap else kv
    _fill(cache, [kv for kv in found if kv is not None], mask.shape[1] - prefix, shared[0][0])
    return cache, mask, lengths


def _alike(rows: Sequence[int], lengths: Sequence[int], at_once: int) -> Iterator[list[int]]:
    """Rows of like length together, so that little is padded, up to so many tokens at once."""
    part: list[int] = []
    for row in sorted(rows, key=lambda row: -lengths[row]):
        if part and (len(part) + 1) * lengths[part[0]] > at_once:
            yield sorted(part)
            part = []
        part.append(row)
    if part:
        yield sorted(part)


def _padding(prefix: int, rests: Sequence[Sequence[int]], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """The mask of prefix and left-padded rests, [rows, width], and the rows' lengths."""
    width = max(map(len, rests))
    mask = torch.ones(len(rests), prefix + width, dtype=torch.long, device=device)
    for i, rest in enumerate(rests):
        mask[i, prefix : prefix + width - len(rest)] = 0
    return mask, torch.tensor([prefix + len(rest) for rest in rests], device=device)


def _computed(model: Trainee, shared: Layers, prefix: int, rests: Sequence[Sequence[int]], gap: int) -> Cache:
    """The rests' own KV, left-padded, `gap` positions behind the prefix."""
    device = shared[0][0].device
    cache, (mask, _) = row_cache(shared), _padding(prefix, rests, device)
    if (width := mask.shape[1] - prefix) == 0:
        return cache
    ids = torch.zeros(len(rests), width, dtype=torch.long, device=device)
    for i, rest in enumerate(rests):
        if rest:
            ids[i, width - len(rest) :] = torch.tensor(rest)
    positions = (mask.cumsum(1) - 1)[:, prefix:].clamp(min=0) + gap
    with torch.no_grad():
        model.trunk(
            input_ids=ids, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True, prefix=shared
        )
    return cache


def _row(cache: Cache, row: int, length: int) -> torch.Tensor:
    """One row's own KV, [layers, keys and values, kv_heads, tokens, head_dim]."""
    layers = [(layer.keys, layer.values) for layer in cache.layers]
    start = layers[0][0].shape[2] - length
    return torch.stack([torch.stack([keys[row, :, start:], values[row, :, start:]]) for keys, values in layers])


def _nothing(shared: Layers) -> torch.Tensor:
    """The KV of no tokens."""
    return torch.stack([torch.cat([keys[:, :, :0], values[:, :, :0]]) for keys, values in shared])


def _fill(cache: Cache, rows: Sequence[torch.Tensor], width: int, like: torch.Tensor) -> None:
    """The rows' KV into an empty cache, left-padded, with the type and device of `like`."""
    layers, sides, heads, _, dim = rows[0].shape
    all_rows = like.new_zeros(layers, sides, len(rows), heads, width, dim)
    for i, kv in enumerate(rows):
        all_rows[:, :, i, :, width - kv.shape[3] :] = kv
    for index, (keys, values) in enumerate(all_rows):
        cache.update(keys, values, index)


def _answers(
    examples: Sequence[Example], offset: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Active part of the prompt and answer of each row, right-padded; what is no padding; what is the answer's."""
    rows = [(example.prompt[example.active(offset) :], example.answer) for example in examples]
    width = max(len(prompt) + len(answer) for prompt, answer in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long, device=device)
    inside = torch.zeros_like(ids)
    asked = torch.zeros_like(ids, dtype=torch.bool)
    for i, (prompt, answer) in enumerate(rows):
        end = len(prompt) + len(answer)
        ids[i, :end] = torch.tensor((*prompt, *answer))
        inside[i, :end] = 1
        asked[i, len(prompt) : end] = True
    return ids, inside, asked


def _logits(hidden: torch.Tensor, head: torch.Tensor, cap: float | None) -> torch.Tensor:
    logits = (hidden @ head.to(hidden.dtype).T).float()
    return logits.div_(cap).tanh_().mul_(cap) if cap else logits


class _HeadLoss(torch.autograd.Function):  # type: ignore[misc]
    """Summed cross-entropy of a frozen head. Few logits exist at a time, and its gradient is computed with it."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: torch.Tensor, wanted: torch.Tensor, cap: float | None) -> Any:
        gradient = torch.empty_like(hidden)
        loss = torch.zeros((), device=hidden.device)
        for start in range(0, len(hidden), ROWS):
            part = slice(start, start + ROWS)
            logits = _logits(hidden[part], head, cap)
            slope = 1 - (logits / cap).square_() if cap else None
            log_sum = logits.logsumexp(-1, keepdim=True)
            loss += (log_sum - logits.gather(1, wanted[part, None])).sum()
            changes = logits.sub_(log_sum).exp_()
            changes.scatter_add_(1, wanted[part, None], changes.new_full((len(changes), 1), -1.0))
            if slope is not None:
                changes *= slope
            gradient[part] = changes.to(hidden.dtype) @ head.to(hidden.dtype)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * grads[0].to(gradient.dtype), None, None, None
