"""Where experts begin in a sequence, and where the rows of their soft prompts stand."""

from __future__ import annotations

import numpy as np

from expertd.engine.interface import Request
from expertd.engine.layout import lay_out
from expertd.experts.blend import BASE, Blend, Part
from expertd.experts.tensors import Weights

PROMPT = tuple(range(10, 20))
ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)


def part(name, offset):
    return Part(name, name * 8, 1.0, offset)


def made(*parts, soft=()):
    weights = tuple(Weights({}, prompt=ROWS if one.name in soft else None) for one in parts)
    return lay_out(Request(PROMPT, 4, Blend(parts), weights))


def test_the_base_is_one_segment():
    layout = lay_out(Request(PROMPT, 4))
    assert (layout.tokens, layout.starts, layout.blends, layout.shared) == (PROMPT, (0,), (BASE,), None)


def test_each_expert_begins_at_its_own_offset():
    a, b, c = part("a", 3), part("b", None), part("c", 3)
    layout = made(a, b, c)
    assert layout.starts == (0, 7)
    assert layout.blends == (Blend((b,)), Blend((a, b, c)))
    assert layout.shared == 7
    assert layout.blend_at(6) == Blend((b,))
    assert layout.blend_at(7) == layout.blend_at(500) == Blend((a, b, c))


def test_an_offset_beyond_the_prompt_begins_with_it():
    layout = made(part("a", 99))
    assert (layout.starts, layout.shared) == ((0,), 0)


def test_a_soft_prompt_stands_before_the_tokens_that_its_expert_sees():
    a, p = part("a", 4), part("p", 2)
    layout = made(a, p, soft={"p"})
    assert layout.tokens[:8] == PROMPT[:8]
    assert layout.tokens[11:] == PROMPT[8:]
    assert layout.starts == (0, 6, 8)
    assert [layout.virtual[8 + i].tolist() for i in range(3)] == ROWS.tolist()
    assert [layout.index_in_request(at) for at in (7, 8, 10, 11, 12)] == [7, None, None, 8, 9]


def test_a_run_ends_before_the_first_blend_that_is_not_chosen():
    a, b = part("a", 6), part("b", 2)
    layout = made(a, b)
    base, one, both = layout.blends
    assert layout.run_under({base}, 0, 10) == 4
    assert layout.run_under({base}, 3, 10) == 1
    assert layout.run_under({base, one}, 0, 10) == 8
    assert layout.run_under({base, one}, 0, 5) == 5
    assert layout.run_under({base, one, both}, 0, 10) == 10
    assert layout.run_under({both}, 0, 10) == 0
    assert layout.run_under({both}, 9, 1) == 1


def test_soft_prompts_stand_in_the_same_order_however_the_blend_is_named():
    a, b = part("a", 4), part("b", 4)
    one, other = (
        lay_out(Request(PROMPT, 4, Blend(parts), tuple(Weights({}, prompt=ROWS + ord(p.name)) for p in parts)))
        for parts in ((a, b), (b, a))
    )
    assert one.blends[-1].key == other.blends[-1].key
    assert [row.tolist() for row in one.virtual.values()] == [row.tolist() for row in other.virtual.values()]
