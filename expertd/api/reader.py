"""A prompt that the router is unsure of, read by the base itself with a LoRA that answers with an expert's name.

The prompt's KV is the base's own, which the answers of activated experts and of the base need anyway: beside them it
costs a step over the few tokens at the prompt's end.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from expertd import router
from expertd.api.schema import Message
from expertd.engine.base import Base
from expertd.engine.interface import Engine, Piece, Request, Sampling
from expertd.errors import ExpertRefused
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.blend import Blend, Part
from expertd.experts.manifest import read_manifest
from expertd.experts.tensors import Weights
from expertd.experts.weights import read_weights
from expertd.router.reading import Reading, word

log = logging.getLogger(__name__)

FOLDER = Path(router.__file__).parent / "static" / "reader"
WEIGHTS = "reading.json"  # beside it: the weights of the classifier's opinion and of this one
LONGEST, MAX_CHARACTERS = 1000, 4000  # tokens of a prompt that is read, and characters that are made tokens for it
PATIENCE = 3.0  # seconds that a request waits for it: where streams fill the KV, it may be long in coming
LIKELY = 20  # tokens whose probabilities are looked at


@dataclass(frozen=True)
class Reader:
    """`labels` by the first token of the word with which the LoRA says each."""

    blend: Blend
    weights: Weights
    labels: Mapping[int, str]
    of_classifier: float
    of_reading: float

    async def read(self, engine: Engine, prompt: Sequence[int]) -> Reading | None:
        """None where its answer is none of the labels. Raises `ExpertdError` where the engine cannot take it."""
        sampling = Sampling(temperature=0.0)
        asked = Request(tuple(prompt), 1, self.blend, (self.weights,), sampling, logprobs=LIKELY, is_last=True)
        generation = engine.submit(asked)
        shares = dict.fromkeys(self.labels.values(), 0.0)
        try:
            async for event in generation:
                if isinstance(event, Piece) and event.logprobs:
                    shares |= {self.labels[t]: math.exp(p) for t, p in event.logprobs[0].top if t in self.labels}
        finally:
            generation.cancel()
        return Reading(shares, self.of_classifier, self.of_reading) if sum(shares.values()) > 0.5 else None


def to_read(messages: Sequence[Message]) -> list[dict[str, Any]] | None:
    """What the base is shown of a conversation: all of it, so that the answer's prompt begins with the same tokens.

    None where it is too long, or has calls of tools, which templates tell in different ways.
    """
    if sum(len(message.text) for message in messages) > MAX_CHARACTERS:
        return None
    if any(message.role == "tool" or message.tool_calls for message in messages):
        return None
    return [{"role": message.role, "content": message.text} for message in messages]


def load_reader(base: Base, tensors: BaseTensors, labels: Sequence[str]) -> Reader | None:
    """The shipped one, for the classifier's `labels`; None where it was trained on another base or other labels.

    Raises `OSError` where the installation is not whole.
    """
    manifest = read_manifest(FOLDER)
    told = json.loads((FOLDER / WEIGHTS).read_text(encoding="utf-8"))
    if sorted(told["labels"]) != sorted(labels):
        log.warning("the router asks no base: the classifier was fitted to other experts than %s", FOLDER)
        return None
    try:
        weights = read_weights(FOLDER, manifest, base.shape, tensors)
    except ExpertRefused as error:
        log.info("the router asks no base: %s", error.message)
        return None
    part = Part(manifest.name, weights.content_hash, manifest.scale, manifest.offset)
    first = {base.tokenize(word(label))[0]: label for label in labels}
    return Reader(Blend((part,)), replace(weights, quantized=None), first, told["classifier"], told["reading"])
