"""Drawing the next token of one stream, by llama.cpp's own sampler chain."""

from __future__ import annotations

import ctypes
import secrets

import numpy as np
import numpy.typing as npt
from llama_cpp import llama_cpp as llama

from expertd.engine.context import Base, Context
from expertd.engine.interface import Sampling, TokenLogprob
from expertd.errors import EngineFailed

PENALTY_WINDOW = 8192  # tokens that penalties look back over
NO_HEAT = 1e-4  # below this, dividing by it overflows, and only the likeliest could be drawn anyway
MAX_SEED = 0xFFFFFFFE  # llama.cpp reads 0xFFFFFFFF as "choose one"


class Sampler:
    """The state of one stream: its random numbers depend on its seed alone, never on who shares the batch."""

    def __init__(self, base: Base, sampling: Sampling) -> None:
        self._greedy = sampling.temperature < NO_HEAT and not _changes_logits(sampling)
        self._chain = None if self._greedy else _chain(base, sampling)

    def draw(self, context: Context, index: int) -> int:
        """The next token, from the logits of row `index` of the last batch. Raises `EngineFailed` on NaN."""
        logits = context.logits(index)
        greedy = self._chain is None
        token = int(logits.argmax() if greedy else llama.llama_sampler_sample(self._chain, context.handle, index))
        if not np.isfinite(logits[token]):
            raise EngineFailed("the model's logits are no numbers: its weights or the expert's are broken")
        return token

    def close(self) -> None:
        if self._chain is not None:
            llama.llama_sampler_free(self._chain)
            self._chain = None


def _changes_logits(sampling: Sampling) -> bool:
    return bool(
        sampling.logit_bias or sampling.presence_penalty or sampling.frequency_penalty or sampling.repeat_penalty != 1.0
    )


def _chain(base: Base, sampling: Sampling) -> llama.llama_sampler_p:
    """Bias, penalties over the answer so far, top-k, top-p, min-p, temperature, draw: llama.cpp's order."""
    chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
    links = []
    if sampling.logit_bias:
        biases = (llama.llama_logit_bias * len(sampling.logit_bias))(*sampling.logit_bias)
        links.append(llama.llama_sampler_init_logit_bias(base.n_vocab, len(biases), biases))
    if sampling.repeat_penalty != 1.0 or sampling.frequency_penalty or sampling.presence_penalty:
        links.append(
            llama.llama_sampler_init_penalties(
                base.n_vocab,
                PENALTY_WINDOW,
                sampling.repeat_penalty,
                sampling.frequency_penalty,
                sampling.presence_penalty,
            )
        )
    if sampling.temperature < NO_HEAT:
        links.append(llama.llama_sampler_init_greedy())
    else:
        if sampling.top_k > 0:
            links.append(llama.llama_sampler_init_top_k(sampling.top_k))
        if sampling.top_p < 1:
            links.append(llama.llama_sampler_init_top_p(sampling.top_p, 1))
        if sampling.min_p > 0:
            links.append(llama.llama_sampler_init_min_p(sampling.min_p, 1))
        links.append(llama.llama_sampler_init_temp(sampling.temperature))
        seed = secrets.randbelow(MAX_SEED) if sampling.seed is None else sampling.seed % MAX_SEED
        links.append(llama.llama_sampler_init_dist(ctypes.c_uint32(seed)))
    for link in links:
        llama.llama_sampler_chain_add(chain, link)
    return chain


def token_logprob(logits: npt.NDArray[np.float32], token: int, alternatives: int) -> TokenLogprob:
    """Natural-log probability of `token` under the model itself (before sampling changes), and of the likeliest."""
    shift = float(logits.max())
    normal = shift + float(np.log(np.exp(logits - shift, dtype=np.float32).sum(dtype=np.float64)))
    top: tuple[tuple[int, float], ...] = ()
    if alternatives := min(alternatives, len(logits)):
        best = np.argpartition(logits, -alternatives)[-alternatives:]
        best = best[np.argsort(-logits[best], kind="stable")]
        top = tuple((int(t), float(logits[t]) - normal) for t in best)
    return TokenLogprob(token, float(logits[token]) - normal, top)
