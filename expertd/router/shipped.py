"""What comes with expertd: the classifier fitted to thousands of prompts for the shipped experts, and some of these."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from expertd.router.classifier import Classifier
from expertd.router.neighbours import Crowd, FewShot, Projection

FILE = Path(__file__).parent / "shipped.npz"


@dataclass(frozen=True)
class Shipped:
    """`digests` are those of the shipped manifests' examples, by expert: by them their experts are known again."""

    classifier: Classifier
    projection: Projection
    few_shot: FewShot
    crowd: Crowd
    digests: Mapping[str, frozenset[str]]
    digest: str = ""  # of the whole file


def read() -> Shipped:
    """Raises `OSError` where the installation is not whole."""
    data = FILE.read_bytes()
    with np.load(io.BytesIO(data)) as file:
        told = json.loads(str(file["told"]))
        wide = {name: file[name].astype(np.float32) for name in file.files if name != "told"}
    return Shipped(
        Classifier(tuple(told["labels"]), wide["weights"], told["slope"], wide["bias"]),
        Projection(told["meaning"], wide["mean"], wide["directions"]),
        FewShot(wide["few_mean"], wide["few_spread"], wide["few_weights"]),
        Crowd(wide["crowd"], np.array(told["crowd"])),
        {name: frozenset(digests) for name, digests in told["digests"].items()},
        hashlib.sha256(data).hexdigest(),
    )


def write(made: Shipped) -> None:
    """What `read` gives, into the package, in 16 bits."""
    told = {
        "labels": made.classifier.labels,
        "slope": made.classifier.slope,
        "meaning": made.projection.meaning,
        "crowd": made.crowd.labels.tolist(),
        "digests": {name: sorted(digests) for name, digests in made.digests.items()},
    }
    few = made.few_shot
    np.savez(
        FILE,
        weights=made.classifier.weights.astype(np.float16),
        bias=made.classifier.bias,
        directions=made.projection.directions.astype(np.float16),
        mean=made.projection.mean.astype(np.float16),
        crowd=made.crowd.vectors.astype(np.float16),
        few_mean=few.mean,
        few_spread=few.spread,
        few_weights=few.weights,
        told=json.dumps(told),
    )
