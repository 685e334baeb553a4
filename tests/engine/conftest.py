"""The toy base of the engine's tests, made once a session."""

from __future__ import annotations

import pytest

from expertd.engine.context import Base
from tests.engine.harness import Toy, random_weights
from tests.toy_base import make_talking_base


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    model, shape = make_talking_base(path)
    return Toy(Base(path), shape, model)


@pytest.fixture(scope="session")
def experts(toy):
    """Four experts that change answers."""
    return [random_weights(toy.shape, seed) for seed in range(4)]
