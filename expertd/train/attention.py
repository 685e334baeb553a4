"""Attention over a prompt prefix that all rows of a batch share, never expanded to the rows, and over the rows' own."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, Cache, DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import eager_mask

NAME = "expertd_shared_prefix"  # for `set_attn_implementation`
Layers = list[tuple[torch.Tensor, torch.Tensor]]


class RowLayer(DynamicLayer):  # type: ignore[misc]
    """The rows' own keys and values of one layer. Its lengths count the prefix, so masks and positions fit."""

    def __init__(self, prefix: int) -> None:
        super().__init__()
        self._prefix = prefix

    def get_seq_length(self) -> int:
        return self._prefix + int(super().get_seq_length())


def row_cache(prefix: Layers) -> Cache:
    """An empty cache of what follows `prefix`, to be given to a model together with `prefix`."""
    return Cache(layers=[RowLayer(keys.shape[2]) for keys, _ in prefix])


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float,
    prefix: Layers | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """One layer's attention: [rows, heads, queries, head_dim] to [rows, queries, heads, head_dim].

    `key` and `value` are [rows, kv_heads, own tokens, head_dim], `prefix` has one row and takes no gradients, and
    `attention_mask` is added to the scores, [rows, 1, queries, prefix and own tokens].
    """
    if prefix is None:
        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return output, None
    prefix_key, prefix_value = (t[0].to(query.dtype) for t in prefix[module.layer_idx])
    (rows, heads, queries, dim), (kv_heads, shared), own = query.shape, prefix_key.shape[:2], key.shape[2]
    group = heads // kv_heads
    each = group * queries
    # Autocast would bring the softmax up to fp32, a third of the time; its sums are taken in fp32 anyway.
    with torch.autocast(query.device.type, enabled=False):
        q = query.unflatten(1, (kv_heads, group)).transpose(0, 1).reshape(kv_heads, rows, each, dim) * scaling
        k, v = (t.to(query.dtype).transpose(0, 1) for t in (key, value))
        scores = q @ k.transpose(2, 3)
        mask = attention_mask.to(scores.dtype)
        scores = (scores.view(kv_heads, rows, group, queries, own) + mask[..., shared:]).view(scores.shape)
        # All rows' queries at once: one matrix product for each kv head.
        before = (q.reshape(kv_heads, -1, dim) @ prefix_key.transpose(1, 2)).view(kv_heads, rows, each, shared)
        if kwargs.get("sliding_window"):
            before = (before.view(kv_heads, rows, group, queries, shared) + mask[..., :shared]).view(before.shape)
        on_prefix, on_own = torch.cat([before, scores], -1).softmax(-1).split([shared, own], -1)
        output = (on_prefix.reshape(kv_heads, rows * each, shared) @ prefix_value).view(q.shape) + on_own @ v
    return output.view(kv_heads, rows, group, queries, dim).permute(1, 3, 0, 2, 4).flatten(2, 3), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, eager_mask)
