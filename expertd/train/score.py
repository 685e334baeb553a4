"""Loss and exact answers of versions of one LoRA on examples that it was not trained on."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from tqdm import tqdm

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.experts.manifest import Manifest
from expertd.train import data
from expertd.train.answer_only import Prompts, answer_loss, marks
from expertd.train.interrupt import check
from expertd.train.lora import Pairs
from expertd.train.prompt_kv import PromptKV
from expertd.train.recipe import Recipe
from expertd.train.trainee import load
from expertd.train.trainer import HeldOut, fields_of, held_out_of

EXAMPLES = 128
TOKENS = 2048  # of an example, at most
_BATCH = 16

Result = TypeVar("Result")


class Scorer:
    """The base with a LoRA whose matrices are set anew for each look; the prompts' KV is computed once."""

    def __init__(self, base_file: Path, pairs: Pairs, manifest: Manifest, held_out: Path, threads: int) -> None:
        """`pairs` are the widest that will be scored, each at the manifest's scale. Raises `TrainingRefused`."""
        # A classic expert sees the whole prompt.
        self._offset = manifest.offset if manifest.activation == "answer" else TOKENS
        groups = data.group(_examples(base_file, manifest, held_out), self._offset)
        self._batches = data.batches(groups, _BATCH, 1)
        self._rank = max(len(a) for a, _ in pairs.values())
        modules = tuple(sorted({path.rsplit(".", 1)[1] for path in pairs}))
        # With an alpha of the rank, the scaling is 1: that of the adapter is in its B.
        self._scale = np.float32(manifest.scale)
        recipe = Recipe(rank=self._rank, alpha=self._rank, modules=modules)
        self._model = load(base_file, recipe, "cpu", ())
        self._prompts = Prompts(PromptKV(2 << 30), self._offset, keep_rests=True)
        torch.set_num_threads(1)  # as in a training
        self._threads = ThreadPoolExecutor(threads)

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def score(self, pairs: Pairs, doing: str) -> HeldOut:
        """`doing` is what the progress bar says."""
        self._set(pairs)
        found = self._of_all(lambda batch: marks(self._model, self._prompts, batch), doing)
        return held_out_of(fields_of(self._batches, found))

    def costs(self, pairs: Pairs, doing: str) -> dict[str, float]:
        """What the removal of each layer would cost, to the first order: gradient x weight of its B (Molchanov et al.
        2019, arXiv:1906.10771), squared and summed over the batches, since at a trained optimum their sum is zero.
        """
        self._set(pairs)
        named = [(name, p) for name, p in self._model.peft.named_parameters() if p.requires_grad and "lora_B" in name]

        def one(batch: data.Group) -> list[float]:
            loss = answer_loss(self._model, self._prompts, batch)
            gradients = torch.autograd.grad(loss, [p for _, p in named])
            return [float((g * p.detach()).sum()) ** 2 for g, (_, p) in zip(gradients, named, strict=True)]

        sums = np.sum(self._of_all(one, doing), axis=0)
        found = {_path(name): float(cost) for (name, _), cost in zip(named, sums, strict=True)}
        return {path: found[path] for path in pairs}

    def _of_all(self, work: Callable[[data.Group], Result], doing: str) -> list[Result]:
        check()
        results = self._threads.map(work, self._batches)
        return list(tqdm(results, desc=doing, total=len(self._batches), unit="batch", leave=False, delay=1))

    def _set(self, pairs: Pairs) -> None:
        """Into the widest matrices, the rest zero."""
        with torch.no_grad():
            for name, parameter in self._model.peft.named_parameters():
                if not parameter.requires_grad:
                    continue
                parameter.zero_()
                a, b = pairs.get(_path(name), (None, None))
                if a is not None and "lora_A" in name:
                    parameter[: len(a)] = torch.from_numpy(a)
                elif b is not None and "lora_B" in name:
                    parameter[:, : b.shape[1]] = torch.from_numpy(np.ascontiguousarray(b * self._scale))


def _path(name: str) -> str:
    return name.removeprefix("base_model.model.").split(".lora_")[0]


def _examples(base_file: Path, manifest: Manifest, path: Path) -> Sequence[data.Example]:
    """At most `EXAMPLES` of the file, drawn by a seed, in the file's order."""
    base = Base(base_file, vocab_only=True)
    try:
        asking: Any = data.Asking(manifest.system, manifest.template, manifest.fim)
        found = data.read(path, base, asking, TOKENS)
    finally:
        base.close()
    if found.faults:
        fault = found.faults[0]
        more = f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else ""
        raise TrainingRefused(f"{path}:{fault.line}: {fault.reason}{more}. Mend or leave out what cannot be scored on.")
    if not found.examples:
        raise TrainingRefused(f"{path} holds no examples: one JSON object a line, with `prompt` and `answer`")
    taken = random.Random(1).sample(range(len(found.examples)), min(EXAMPLES, len(found.examples)))
    return [found.examples[i] for i in sorted(taken)]
