"""The probabilities that are told beside tokens, and seeds. Drawing itself is tested through the engine."""

from __future__ import annotations

import numpy as np
import pytest

from expertd.engine.sampler import token_logprob

LOGITS = np.array([1.0, 3.0, -2.0, 3.0, 0.5], np.float32)


def test_logprobs_are_the_natural_log_of_the_softmax():
    wanted = np.log(np.exp(LOGITS) / np.exp(LOGITS).sum())
    told = [token_logprob(LOGITS, token, 0).logprob for token in range(5)]
    assert told == pytest.approx(wanted, abs=1e-6)


def test_alternatives_come_likeliest_first():
    top = token_logprob(LOGITS, 2, 3).top
    assert {top[0][0], top[1][0]} == {1, 3}
    assert top[2][0] == 0
    assert top[0][1] == top[1][1] > top[2][1]


def test_no_alternatives_are_told_where_none_are_asked_for():
    assert token_logprob(LOGITS, 2, 0).top == ()


def test_more_alternatives_than_tokens_are_all_of_them():
    assert len(token_logprob(LOGITS, 0, 20).top) == 5


def test_huge_logits_do_not_overflow():
    told = token_logprob(np.array([1e4, 0.0], np.float32), 0, 2)
    assert told.logprob == 0
    assert told.top[1] == (1, pytest.approx(-1e4))
