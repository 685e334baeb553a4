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
from transformers import Cache, DynamicCache

from expertd.train.attention import NAME, Layers, row_cache
from expertd.train.data import Example, Group


class Trainee:
    """A base with a fresh adapter, and the same base without: two sets of modules over one set of weights.

    So the prompt's pass never turns the adapter off, and several threads may run batches at once.
    """

    def __init__(self, base: Any, config: LoraConfig) -> None:
        base.set_attn_implementation(NAME)
        shared = {id(t): t for t in itertools.chain(base.parameters(), base.buffers())}
        self.trunk = copy.deepcopy(base.model, shared)  # of the plain base, from embeddings to the last norm
        self.peft: PeftModel = get_peft_model(base, config)
        self.adapted_trunk = self.peft.get_base_model().model
        self.lm_head = self.peft.get_base_model().lm_head
        self.parameters = [p for p in self.peft.parameters() if p.requires_grad]

    def matrices(self, side: str) -> list[torch.Tensor]:
        """The adapter's `A` (down) or `B` (up) matrices."""
        return [p for name, p in self.peft.named_parameters() if p.requires_grad and f"lora_{side}." in name]


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
        ids, cache = torch.tensor([prefix], device=device), DynamicCache()
        with torch.no_grad():
            self._trunk(input_ids=ids, cache=cache, use_cache=True)
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


def answer_loss(model: Trainee, kept: PrefixKV, batch: Group, offset: int) -> torch.Tensor:
    """Sum of the cross-entropy over the answers' tokens of one batch that shares a prefix.

    The rows are [prefix | rest of the prompt, left-padded | last `offset` prompt tokens and answer, right-padded]: the
    first two are the base's own and run without gradients, the expert is active in the third.
    A sliding window counts the padding in: with rests of unlike length, rows longer than the window see that much less.
    """
    prefix = kept.get(batch.prefix)
    cache, mask, lengths = _run_rests(model.trunk, prefix, batch, offset)
    ids, inside, asked = _answers(batch.examples, offset, mask.device)
    positions = lengths[:, None] + torch.arange(ids.shape[1], device=mask.device)
    hidden = model.adapted_trunk(
        input_ids=ids,
        attention_mask=torch.cat([mask, inside], 1),
        position_ids=positions,
        cache=cache,
        use_cache=True,
        prefix=prefix,
    ).last_hidden_state
    wanted = asked[:, 1:]  # row i predicts token i + 1
    logits = model.lm_head(hidden[:, :-1][wanted])
    return torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][wanted], reduction="sum")


def _run_rests(trunk: Any, shared: Layers, batch: Group, offset: int) -> tuple[Cache, torch.Tensor, torch.Tensor]:
    """The base's KV of each row between prefix and active part, the mask [rows, width] and the rows' lengths."""
    prefix, device = len(batch.prefix), shared[0][0].device
    rests = [example.prompt[prefix : example.active(offset)] for example in batch.examples]
    rows, width = len(rests), max(map(len, rests))
    cache = row_cache(shared)
    mask = torch.ones(rows, prefix + width, dtype=torch.long, device=device)
    lengths = torch.tensor([prefix + len(rest) for rest in rests], device=device)
    if width:
        ids = torch.zeros(rows, width, dtype=torch.long, device=device)
        for i, rest in enumerate(rests):
            mask[i, prefix : prefix + width - len(rest)] = 0
            ids[i, width - len(rest) :] = torch.tensor(rest)
        positions = (mask.cumsum(1) - 1)[:, prefix:].clamp(min=0)
        with torch.no_grad():
            trunk(
                input_ids=ids, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True, prefix=shared
            )
    return cache, mask, lengths


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
