"""The toy base of the engine's tests, made once a session."""

from __future__ import annotations

import pytest
import torch
from llama_cpp import llama_cpp as llama

from expertd.engine.base import Base
from expertd.engine.mixed import MixedBlending
from expertd.engine.plain import PlainBlending
from tests.engine.harness import WAY, Toy, random_weights
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


WAYS = {"plain": PlainBlending, "mixed": MixedBlending}


def pytest_generate_tests(metafunc):
    """Each test runs with each way of applying blends, or with the one that it is marked with."""
    marker = metafunc.definition.get_closest_marker("way")
    metafunc.parametrize("way", marker.args if marker else WAYS, indirect=True)


@pytest.fixture(autouse=True)
def way(request):
    before, WAY[0] = WAY[0], WAYS[request.param]
    yield
    WAY[0] = before


@pytest.fixture
def f32_kv(monkeypatch):
    """KV in f32: in f16, as it is served, rounding alone moves these probabilities by 0.02."""
    made = llama.llama_context_default_params

    def f32():
        params = made()
        params.type_k = params.type_v = 0
        return params

    monkeypatch.setattr(llama, "llama_context_default_params", f32)
    torch.set_num_threads(1)  # waiting for a second thread takes longer than the work
