"""Running only the answers forward and back, over the base's own KV of the prompts (design decision 5)."""

from __future__ import annotations

import copy
import itertools
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import DynamicCache

from expertd.train.data import Example, Group

Layers = list[tuple[torch.Tensor, torch.Tensor]]


class Trainee:
    """A base with a fresh adapter, and the same base without: two sets of modules over one set of weights.

    So the prompt's pass never turns the adapter off, and several threads may run batches at once.
    """

    def __init__(self, base: Any, config: LoraConfig) -> None:
        shared = {id(t): t for t in itertools.chain(base.parameters(), base.buffers())}
        self.trunk = copy.deepcopy(base.model, shared)  # of the plain base, from embeddings to the last norm
        self.peft: PeftModel = get_peft_model(base, config)
        self.adapted_trunk = self.peft.get_base_model().model
        self.lm_head = self.peft.get_base_model().lm_head
        self.parameters = [p for p in self.peft.parameters() if p.requires_grad]


class PrefixKV:
    """The base's KV of prompt prefixes, kept over epochs, least recently used out first. Thread-safe."""

    def __init__(self, trunk: Any, budget_bytes: int) -> None:
        self._trunk, self._budget = trunk, budget_bytes
        self._kept: OrderedDict[tuple[int, ...], Layers] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, prefix: tuple[int, ...]) -> Layers:
        """Keys and values per layer, each [1, kv_heads, len(prefix), head_dim]."""
        with self._lock:
            if prefix in self._kept:
                self._kept.move_to_end(prefix)
                return self._kept[prefix]
        device = next(self._trunk.parameters()).device
        ids = torch.tensor([prefix], device=device)
        cache = run_base(self._trunk, ids, torch.ones_like(ids), None, DynamicCache())
        layers = [(layer.keys, layer.values) for layer in cache.layers]
        with self._lock:
            if prefix not in self._kept:
                self._kept[prefix] = layers
                self._bytes += _size(layers)
            while self._bytes > self._budget and len(self._kept) > 1:
                self._bytes -= _size(self._kept.popitem(last=False)[1])
        return layers


def _size(layers: Layers) -> int:
    return sum(k.nbytes + v.nbytes for k, v in layers)


def run_base(
    trunk: Any, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor | None, cache: DynamicCache
) -> DynamicCache:
    """`cache` grown by the base's KV of `ids`, [rows, tokens], without gradients."""
    with torch.no_grad():
        trunk(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True)
    return cache


def answer_loss(model: Trainee, kept: PrefixKV, batch: Group) -> torch.Tensor:
    """Sum of the cross-entropy over the answers' tokens of one batch that shares a prefix.

    The rows are [prefix | rest of the prompt, left-padded | last prompt token and answer, right-padded]: the first two
    are the base's own and run without gradients, the expert is active from the last prompt token on.
    """
    cache, mask, lengths = _prompt_cache(model.trunk, kept, batch)
    ids, inside = _answers(batch.examples, mask.device)
    positions = lengths[:, None] + torch.arange(ids.shape[1], device=mask.device)
    hidden = model.adapted_trunk(
        input_ids=ids,
        attention_mask=torch.cat([mask, inside], 1),
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    wanted = inside[:, 1:].bool()  # row i predicts token i + 1
    logits = model.lm_head(hidden[:, :-1][wanted])
    return torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][wanted], reduction="sum")


def _prompt_cache(trunk: Any, kept: PrefixKV, batch: Group) -> tuple[DynamicCache, torch.Tensor, torch.Tensor]:
    """The base's KV of all but the last prompt token of each row, its mask [rows, width] and the rows' lengths."""
    prefix, rows = len(batch.prefix), len(batch.examples)
    cache = DynamicCache()
    for i, (keys, values) in enumerate(kept.get(batch.prefix)):
        cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), i)
    device = cache.layers[0].keys.device
    rests = [example.prompt[prefix:-1] for example in batch.examples]
    width = max(map(len, rests))
    mask = torch.ones(rows, prefix + width, dtype=torch.long, device=device)
    lengths = torch.tensor([prefix + len(rest) for rest in rests], device=device)
    if width:
        ids = torch.zeros(rows, width, dtype=torch.long, device=device)
        for i, rest in enumerate(rests):
            mask[i, prefix : prefix + width - len(rest)] = 0
            ids[i, width - len(rest) :] = torch.tensor(rest)
        positions = (mask.cumsum(1) - 1)[:, prefix:].clamp(min=0)
        run_base(trunk, ids, mask, positions, cache)
    return cache, mask, lengths


def _answers(examples: Sequence[Example], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Last prompt token and answer of each row, right-padded, and the mask of what is no padding."""
    rows = [(example.prompt[-1], *example.answer) for example in examples]
    width = max(map(len, rows))
    ids = torch.zeros(len(rows), width, dtype=torch.long, device=device)
    inside = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        inside[i, : len(row)] = 1
    return ids, inside
