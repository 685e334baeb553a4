"""What decides a training's result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from expertd.errors import TrainingRefused
from expertd.train.data import Asking, fingerprint

Kind = Literal["lora", "dora", "ia3", "prompt"]
Identity = dict[str, JsonValue]

MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
IA3_MODULES = ("k_proj", "v_proj", "down_proj")  # Liu et al. 2022, arXiv:2205.05638
# What a kind has not, and so cannot decide its result.
UNUSED: Mapping[Kind, tuple[str, ...]] = {
    "lora": ("virtual_tokens",),
    "dora": ("virtual_tokens",),
    "ia3": ("rank", "alpha", "virtual_tokens"),
    "prompt": ("rank", "alpha", "modules"),
}
RATES: Mapping[Kind, float] = {"lora": 1e-3, "dora": 1e-3, "ia3": 1e-2, "prompt": 1e-2}


@dataclass(frozen=True)
class Recipe:
    """What decides the result, beside the data: written into checkpoints, and compared on resume.

    Raises `TrainingRefused` where the batch cannot be cut into micro-batches.
    """

    kind: Kind = "lora"
    rank: int = 8
    alpha: int = 16
    modules: tuple[str, ...] = MODULES
    virtual_tokens: int = 32  # of a soft prompt
    learning_rate: float = 1e-3  # of A; B's is `trainee.B_RATIO` times as high
    batch: int = 32
    micro_batch: int = 16
    epochs: int = 1
    seed: int = 1
    max_tokens: int = 2048
    offset: int = 1  # tokens of the prompt's end in which the expert is active
    asking: Asking = field(default_factory=Asking)
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    evaluations: int = 8  # looks at the held-out examples
    patience: int = 3  # looks without a better loss after which it stops; 0: never
    positions: int = 0  # distance from a shared prefix to what follows, up to which it grows over the steps
    pack: int = 0  # tokens up to which other examples stand before each; 0: none do
    start: str | None = None  # sha256 of the weights that the training goes on from

    def __post_init__(self) -> None:
        if self.batch % self.micro_batch:
            raise TrainingRefused(f"the batch of {self.batch} is no multiple of the micro-batch of {self.micro_batch}")


def identify(base_file: Path, data_file: Path, held_out: Path | None, recipe: Recipe) -> Identity:
    """What decides a training's result: a checkpoint of another is not resumed. Raises `TrainingRefused`."""
    files = {"data": fingerprint(data_file), "base": fingerprint(base_file)}
    if held_out:
        files["heldout"] = fingerprint(held_out)
    settings = {key: value for key, value in asdict(recipe).items() if key not in UNUSED[recipe.kind]} | {
        "asking": None
    }
    settings |= {f"asking_{key}": value for key, value in recipe.asking.told().items()}
    return {**files, **json.loads(json.dumps(settings))}


def digest(identity: Identity) -> str:
    """Equal for trainings that decide on the same in everything."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
