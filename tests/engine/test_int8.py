"""An expert in 8 bits through the engine, against its f16 twin and a plain decode of that."""

from __future__ import annotations

import gc

import numpy as np

from expertd.experts.store import Store
from tests.engine.harness import greedy, request, told
from tests.fixtures import ALL, make_int8_folder


def test_an_expert_in_8_bits_gives_to_the_bit_what_its_f16_twin_gives(toy, tmp_path):
    make_int8_folder(tmp_path, "eight", toy.shape, modules=ALL, strength=0.3)
    store = Store(tmp_path, toy.shape)
    store.scan()
    gc.collect()
    (eight,), (twin,) = (store.load([store.get(name)]).result() for name in ("eight", "eight-f16"))
    prompt = toy.prompt(3, 40)
    (tokens, table), (of_twin, table_of_twin) = (told(toy, request(prompt, 12, [(one, 0.8)])) for one in (eight, twin))
    np.testing.assert_array_equal(table, table_of_twin)
    assert tokens == of_twin == greedy(toy.base, prompt, 12, [(twin, 0.8)])
    assert tokens != greedy(toy.base, prompt, 12)
