"""Whether a training computes in bf16."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from expertd.train.answer_only import Prompts, answer_loss
from expertd.train.data import Group
from expertd.train.prompt_kv import PromptKV
from expertd.train.trainee import Trainee

AGREEMENT = 0.01  # of the losses in bf16 and fp32, for bf16 to be taken
_KV_MEMORY = 1 << 30  # bytes


def choose_bf16(
    asked: Literal["auto", "fp32", "bf16"], model: Trainee, some: Sequence[Group], offset: int, device: str
) -> bool:
    """Whether bf16 is asked for; or fast here, and its loss on some examples agrees with fp32's."""
    if asked != "auto":
        return asked == "bf16"
    fast = has_fast_bf16() if device == "cpu" else torch.cuda.is_bf16_supported()
    if not fast:
        return False
    exact, rough = (_loss(model, some, offset, device, bf16) for bf16 in (False, True))
    return abs(rough - exact) <= AGREEMENT * exact


def has_fast_bf16() -> bool:
    """Whether the processor multiplies bf16 itself; elsewhere fp32 is faster."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(device: str, bf16: bool) -> Any:
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bf16)


def _loss(model: Trainee, some: Sequence[Group], offset: int, device: str, bf16: bool) -> float:
    # The prompts' KV of a trial is no training's: it is neither kept nor on the disk.
    prompts = Prompts(PromptKV(_KV_MEMORY), offset)
    with torch.no_grad(), autocast(device, bf16):
        return float(sum(answer_loss(model, prompts, batch).item() for batch in some))
