"""A prompt that the router is unsure of, read by the base itself with a LoRA that answers with an expert's name.

The prompt is the base's own KV, which the answer needs anyway: what it costs is a step over the few tokens at its end.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
MAX_CHARACTERS = 4000  # of a conversation that is read: where it is for nobody after all, a second's work at most
LIKELY = 20  # tokens whose probabilities are looked at


@dataclass(frozen=True)
class Reader:
    """`labels` by the first token of the word with which the LoRA says each."""

    blend: Blend
    weights: Weights
    labels: Mapping[int, str]
    of_classifier: float
    of_reading: float

    async def read(self, engine: Engine, prompt: Sequence[int]) -> Reading:
        """Raises `ExpertdError` where the engine cannot take it."""
        sampling = Sampling(temperature=0.0)
        generation = engine.submit(Request(tuple(prompt), 1, self.blend, (self.weights,), sampling, logprobs=LIKELY))
        shares = dict.fromkeys(self.labels.values(), 0.0)
        try:
            async for event in generation:
                if isinstance(event, Piece) and event.logprobs:
                    shares |= {self.labels[t]: math.exp(p) for t, p in event.logprobs[0].top if t in self.labels}
        finally:
            generation.cancel()
        return Reading(shares, self.of_classifier, self.of_reading)


def to_read(messages: Sequence[Message]) -> list[dict[str, Any]] | None:
    """What the base is shown of a conversation: all of it, so that the answer's prompt begins with the same tokens.

    None where it is too long by its size alone, or has calls of tools, which templates tell in different ways.
    """
    if any(message.role == "tool" or message.tool_calls for message in messages):
        return None
    if sum(len(message.text) for message in messages) > MAX_CHARACTERS:
        return None
    return [{"role": message.role, "content": message.text} for message in messages]


def load_reader(base: Base, tensors: BaseTensors, labels: Sequence[str]) -> Reader | None:
    """The shipped one, None where it was not trained on this base, for the classifier's `labels`.

    Raises `OSError` where the installation is not whole.
    """
    manifest = read_manifest(FOLDER)
    told = json.loads((FOLDER / WEIGHTS).read_text(encoding="utf-8"))
    try:
        weights = read_weights(FOLDER, manifest, base.shape, tensors)
    except ExpertRefused as error:
        log.info("the router asks no base: %s", error.message)
        return None
    part = Part(manifest.name, weights.content_hash, manifest.scale, manifest.offset)
    first = {base.tokenize(word(label))[0]: label for label in labels}
    return Reader(Blend((part,)), weights, first, told["classifier"], told["reading"])
