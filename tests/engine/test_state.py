"""KV saved to memory and put back, on a real context."""

from __future__ import annotations

import ctypes
import shutil

import numpy as np
import pytest

from expertd.engine import context as context_module
from expertd.engine import empty_cells
from expertd.engine.base import Base
from expertd.engine.context import Context, Row
from expertd.engine.hook import Hook


@pytest.fixture(params=[True, False], ids=["unified", "apart"])
def context(toy, request):
    hook = Hook(256)
    context = Context(toy.base, n_cells=256, n_seq=3, n_batch=256, n_threads=1, unified=request.param, hook=hook)
    empty_cells.give_back(context)
    yield context
    context.close()


def fill(context, tokens, seq_id, start=0):
    context.decode([Row(t, start + i, seq_id, i == len(tokens) - 1) for i, t in enumerate(tokens)])
    return context.logits(len(tokens) - 1).copy()


def test_what_is_put_back_goes_on_as_if_it_had_never_left(toy, context):
    prompt = toy.prompt(1, 40)
    fill(context, prompt, 0)
    state = context.save_sequence(0)
    assert state.nbytes == context.sequence_bytes(0)
    want = fill(context, [5], 0, 40)
    context.remove_sequence(0)
    assert context.restore_sequence(1, state)
    assert (fill(context, [5], 1, 40) == want).all()


def test_what_is_put_back_and_cut_goes_on_as_the_shorter_one(toy, context):
    prompt = toy.prompt(1, 40)
    fill(context, prompt, 0)
    state = context.save_sequence(0)
    context.remove_sequence(0)
    fill(context, prompt[:25], 0)
    want = fill(context, [5], 0, 25)
    assert context.restore_sequence(1, state)
    context.remove_sequence(1, 25)
    assert np.abs(fill(context, [5], 1, 25) - want).max() < 1e-5


def test_a_copy_goes_on_as_its_source_does_and_leaves_it_as_it_is(toy, context):
    prompt = toy.prompt(1, 40)
    fill(context, prompt, 0)
    assert context.copy_sequence(0, 2, 40)
    assert context.copy_sequence(0, 1, 25)
    want = fill(context, [5], 0, 40)
    assert (fill(context, [5], 2, 40) == want).all()
    context.remove_sequence(0)
    assert np.abs(fill(context, prompt[25:], 1, 25) - fill(context, prompt, 0)).max() < 1e-5


@pytest.mark.parametrize("held", [8, 1000])
def test_cells_given_back_are_zero_and_the_neighbours_as_they_were(toy, context, monkeypatch, held):
    monkeypatch.setattr(context_module, "HELD", held)
    prompts = [toy.prompt(seed, 60) for seed in range(3)]
    for seq_id, prompt in enumerate(prompts):
        fill(context, prompt, seq_id)
    before = [context.save_sequence(seq_id) for seq_id in (0, 2)]
    context.remove_sequence(1)
    if held > 60:
        assert context.zero(1) == context.can_zero
    assert not context.zero(1)  # there is nothing any more
    assert all((context.save_sequence(s) == state).all() for s, state in zip((0, 2), before, strict=True))
    if context.can_zero:
        assert not any(stream_bytes(context, 1))
        assert all(any(stream_bytes(context, seq_id)) for seq_id in (0, 2))


def stream_bytes(context, seq_id):
    """Of K and V of each layer."""
    for start, size in context.pages._tensors:
        size //= context.n_seq
        yield from ctypes.string_at(start + seq_id * size, size)


def test_a_fingerprint_tells_contexts_apart_whose_kv_differs(toy, tmp_path):
    copy = tmp_path / "copy.gguf"
    shutil.copyfile(toy.base.path, copy)

    def fingerprint(base, **more):
        context = Context(base, **{"n_cells": 256, "n_seq": 3, "n_batch": 256, "n_threads": 1, **more})
        try:
            return context.fingerprint()
        finally:
            context.close()

    assert fingerprint(toy.base) == fingerprint(toy.base, n_seq=1, n_batch=64)
    others = [
        fingerprint(toy.base, flash=False),
        fingerprint(toy.base, unified=False),
        fingerprint(toy.base, n_cells=512),
        fingerprint(Base(copy)),
    ]
    assert len({fingerprint(toy.base), *others}) == 5


def test_cells_scattered_among_others_are_enough(toy, context):
    for i in range(4):  # one sequence in every other stretch of 40 cells
        fill(context, toy.prompt(i, 40), 0, 40 * i)
        fill(context, toy.prompt(i, 20), 1, 20 * i)
    state = context.save_sequence(0)
    context.remove_sequence(0)
    assert context.restore_sequence(2, state)


@pytest.mark.parametrize("context", [True], indirect=True)
def test_too_few_cells_are_refused_and_nobody_is_harmed(toy, context):
    fill(context, toy.prompt(1, 150), 0)
    state = context.save_sequence(0)
    assert not context.restore_sequence(1, state)
    assert context.sequence_bytes(1) < state.nbytes / 10
    assert (context.save_sequence(0) == state).all()
