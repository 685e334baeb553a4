"""Drawing against llama.cpp's own chain, seeds, penalties, and the probabilities that are told beside tokens."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from llama_cpp import llama_cpp as llama

from expertd.engine.interface import Sampling
from expertd.engine.sampler import Sampler, token_logprob
from expertd.errors import EngineFailed

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


N_VOCAB = 3000


def some_logits(seed, heat):
    """Peaked like a model's at a low `heat`, nearly flat at a high one."""
    return (np.random.default_rng(seed).standard_normal(N_VOCAB) * 3 / heat).astype(np.float32)


def by_llama(logits, sampling):
    """{token: probability} that llama.cpp's chain of the same cuts in the same order leaves."""
    links = []
    if sampling.top_k:
        links.append(llama.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1:
        links.append(llama.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p:
        links.append(llama.llama_sampler_init_min_p(sampling.min_p, 1))
    links.append(llama.llama_sampler_init_temp(sampling.temperature))
    data = (llama.llama_token_data * N_VOCAB)(*((i, float(logit), 0.0) for i, logit in enumerate(logits)))
    candidates = llama.llama_token_data_array(data, N_VOCAB, -1, False)
    for link in links:
        llama.llama_sampler_apply(link, ctypes.byref(candidates))
        llama.llama_sampler_free(link)
    left = {candidates.data[i].id: candidates.data[i].logit for i in range(candidates.size)}
    weights = np.exp(np.array(list(left.values())) - max(left.values()))
    return dict(zip(left, weights / weights.sum(), strict=True))


class Grid:
    """Evenly spaced instead of random numbers."""

    def __init__(self, n):
        self.numbers = iter((np.arange(n) + 0.5) / n)

    def random(self):
        return next(self.numbers)


@pytest.mark.parametrize("heat", [0.5, 1, 6])
@pytest.mark.parametrize(
    "cuts",
    [
        {},
        {"top_k": 1},
        {"top_k": 40},
        {"top_k": 5000},
        {"top_p": 0.9},
        {"top_p": 0.05},
        {"top_p": 0.999},
        {"min_p": 0.05},
        {"top_k": 50, "top_p": 0.8},
        {"top_p": 0.95, "min_p": 0.1},
        {"top_k": 30, "top_p": 0.9, "min_p": 0.02},
    ],
    ids=str,
)
def test_tokens_are_drawn_with_the_probabilities_that_llama_cpp_gives_them(cuts, heat):
    logits, draws = some_logits(7, heat), 4000
    sampling = Sampling(temperature=0.8, **cuts)
    sampler = Sampler(sampling)
    sampler._random = Grid(draws)
    tokens, counts = np.unique([sampler.draw(logits) for _ in range(draws)], return_counts=True)
    wanted = by_llama(logits, sampling)
    assert set(tokens.tolist()) <= set(wanted)
    for token, share in zip(tokens, counts / draws, strict=True):
        assert abs(share - wanted[token]) <= 1.5 / draws
    likely = {token for token, probability in wanted.items() if probability > 2 / draws}
    assert likely <= set(tokens.tolist())


def test_a_seed_gives_the_same_tokens_and_another_seed_others():
    def draw(seed):
        sampler = Sampler(Sampling(temperature=1.0, seed=seed))
        return [sampler.draw(some_logits(i, 3)) for i in range(20)]

    assert draw(1) == draw(1) != draw(2)
    assert draw(None) != draw(None)


def test_the_likeliest_is_taken_without_heat_after_biases():
    assert Sampler(Sampling(temperature=0)).draw(LOGITS) == 1
    assert Sampler(Sampling(temperature=0, logit_bias=((4, 5.0),))).draw(LOGITS) == 4
    assert Sampler(Sampling(temperature=1e-9, logit_bias=((1, -100.0), (3, -100.0)))).draw(LOGITS) == 0


@pytest.mark.parametrize(
    ("penalty", "tokens"),
    [
        ({"presence_penalty": 2.5}, [1, 3, 0, 1]),
        ({"frequency_penalty": 1.5}, [1, 3, 1, 3]),
        ({"repeat_penalty": 4.0}, [1, 3, 0, 1]),
    ],
)
def test_penalties_are_on_the_tokens_drawn_before(penalty, tokens):
    sampler = Sampler(Sampling(temperature=0, **penalty))
    assert [sampler.draw(LOGITS) for _ in tokens] == tokens
    assert LOGITS[1] == 3.0  # the logits themselves stay


def test_tokens_that_were_forced_are_penalized_as_drawn_ones_are():
    forced, drawn = (Sampler(Sampling(temperature=0, presence_penalty=2.5)) for _ in range(2))
    forced.note([drawn.draw(LOGITS)])
    assert forced.draw(LOGITS) == drawn.draw(LOGITS) == 3


@pytest.mark.parametrize("sampling", [{"temperature": 0}, {"top_p": 0.9}, {"top_k": 3}, {"min_p": 0.1}, {}], ids=str)
@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_refused(sampling, broken):
    logits = LOGITS.copy()
    logits[2] = broken
    with pytest.raises(EngineFailed, match="no numbers"):
        Sampler(Sampling(**sampling)).draw(logits)


@pytest.mark.parametrize("sampling", [{"top_p": 0.9999999}, {"top_k": 5}, {}], ids=str)
def test_a_token_that_is_ruled_out_is_never_drawn(sampling):
    logits = LOGITS.copy()
    logits[[1, 3]] = -np.inf
    sampler = Sampler(Sampling(**sampling))
    sampler._random = Grid(500)
    assert {sampler.draw(logits) for _ in range(500)} == {0, 2, 4}
