"""Drawing the next token of one stream: llama.cpp's order of cuts, in numpy.

llama.cpp's own chain sorts or scans all candidates in each link: over 49,000 tokens 2.3 ms for top-p, where this takes
less than 0.1 ms. The tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from expertd.engine.interface import Sampling, TokenLogprob
from expertd.errors import EngineFailed, InvalidRequest
from expertd.grammar.constraint import Constraint

NO_HEAT = 1e-4  # below this, dividing by it overflows, and only the likeliest could be drawn anyway
DEEPEST = 90.0  # a logit so far below the highest has no weight in f32
MAX_SEED = 1 << 64
BLOCK = 256  # tokens whose weights are summed at once

Logits = npt.NDArray[np.float32]
Ids = npt.NDArray[np.intp]


NO_NUMBERS = "the model's logits are no numbers: its weights or the expert's are broken"


class Sampler:
    """The state of one stream: its random numbers depend on its seed alone, never on who shares the batch."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._random = np.random.default_rng(None if sampling.seed is None else sampling.seed % MAX_SEED)
        self._biased = np.array([token for token, _ in sampling.logit_bias], np.intp)
        self._biases = np.array([bias for _, bias in sampling.logit_bias], np.float32)
        self._counts: dict[int, int] = {}  # tokens drawn so far
        self._penalizes = bool(
            sampling.presence_penalty or sampling.frequency_penalty or sampling.repeat_penalty != 1.0
        )

    def draw(self, logits: Logits, constraint: Constraint | None = None, room: int = 1 << 30) -> int:
        """The next token, from the logits of all, [n_vocab]; the `constraint` has gone on with it.

        `room`: how many tokens the answer may still have, with this one: a JSON document is closed within it.

        What the constraint refuses is drawn anew among what it allows: so it is asked for a mask by refusals alone,
        and the probabilities are those of drawing under the mask at once. Raises `EngineFailed` on NaN,
        `InvalidRequest` where the constraint lets nothing through.
        """
        if not has_numbers(logits):
            raise EngineFailed(NO_NUMBERS)
        if constraint and (ending := constraint.ending()) is not None:
            return ending
        if len(self._biased) or self._counts:
            logits = self._adjusted(logits)
        token = self._draw(logits)
        if constraint and not constraint.take(token):
            token = self._draw(np.where(constraint.allowed(), logits, -np.inf))
            if not constraint.take(token):
                raise InvalidRequest(
                    "the answer cannot go on by its grammar: no token may come next. Ask for another one"
                )
        if constraint:
            token = constraint.within(token, room)
        self.note([token])
        return token

    def note(self, tokens: Sequence[int]) -> None:
        """These are of the answer, and so are penalized from now on."""
        if self._penalizes:
            for token in tokens:
                self._counts[token] = self._counts.get(token, 0) + 1

    def _draw(self, logits: Logits) -> int:
        return int(logits.argmax()) if self._sampling.temperature < NO_HEAT else self._draw_by_heat(logits)

    def _adjusted(self, logits: Logits) -> Logits:
        """A copy with biases and with penalties on the answer so far."""
        logits = logits.copy()
        logits[self._biased] += self._biases
        if self._counts:
            n = len(self._counts)
            ids, counts = np.fromiter(self._counts, np.intp, n), np.fromiter(self._counts.values(), np.float32, n)
            some, penalty = logits[ids], self._sampling.repeat_penalty
            some = np.where(some > 0, some / penalty, some * penalty)
            logits[ids] = some - counts * self._sampling.frequency_penalty - self._sampling.presence_penalty
        return logits

    def _draw_by_heat(self, logits: Logits) -> int:
        """Top-k, top-p, min-p, then temperature: the cuts see the model's own probabilities."""
        sampling, ids = self._sampling, None
        relative = logits - logits.max()
        if sampling.top_k > 0 or sampling.top_p < 1:
            ids = _likeliest(relative, sampling.top_k, sampling.top_p)
        elif sampling.min_p > 0:
            ids = np.flatnonzero(relative >= np.log(sampling.min_p))
        if ids is None:
            return _pick(relative / sampling.temperature, self._random.random())
        kept = relative[ids]
        if sampling.min_p > 0:
            inside = kept >= np.log(sampling.min_p)
            ids, kept = ids[inside], kept[inside]
        return int(ids[_pick(kept / sampling.temperature, self._random.random())])


def has_numbers(logits: Logits) -> bool:
    """False where one is NaN, or the highest infinite."""
    return bool(np.isfinite(logits.max()))


def _likeliest(relative: Logits, top_k: int, top_p: float) -> Ids:
    """The tokens that top-k and then top-p leave, likeliest first. `relative` are logits minus the highest.

    Few tokens carry nearly all the probability: only those near the top are sorted, and more if these are too few.
    """
    top_k = min(top_k, len(relative)) or len(relative)
    total = float(np.exp(relative).sum(dtype=np.float64)) if top_k == len(relative) else 0.0
    depth = 4.0  # below the highest logit
    while True:
        ids = np.flatnonzero(relative >= -depth)
        if depth > DEEPEST or len(ids) >= top_k:
            break
        if total and np.exp(relative[ids]).sum(dtype=np.float64) >= top_p * total:
            break
        depth *= 1.25
    if len(ids) > top_k:
        ids = ids[np.argpartition(relative[ids], -top_k)[-top_k:]]
    ids = ids[np.argsort(-relative[ids])]
    if top_p < 1:
        cumulated = np.exp(relative[ids]).cumsum(dtype=np.float64)
        # The token that reaches top_p is the last one that stays.
        ids = ids[: int(np.searchsorted(cumulated, top_p * (total or cumulated[-1]))) + 1]
    return ids


def _pick(relative: Logits, uniform: float) -> int:
    """An index drawn by the softmax of `relative`, whose highest is 0, with `uniform` from [0, 1)."""
    weights = np.exp(relative, dtype=np.float32)
    # In two steps, blocks first: one sum over everything, token by token, takes as long as all the rest.
    sums = np.add.reduceat(weights, np.arange(0, len(weights), BLOCK), dtype=np.float64).cumsum()
    target = uniform * sums[-1]
    block = min(int(np.searchsorted(sums, target, side="right")), len(sums) - 1)
    within = weights[block * BLOCK : (block + 1) * BLOCK].cumsum(dtype=np.float64) + (sums[block - 1] if block else 0.0)
    at = int(np.searchsorted(within, target, side="right"))
    # Rounding may leave the target beyond the last sum: then the last token that has any weight.
    return block * BLOCK + (at if at < len(within) else int(np.flatnonzero(np.diff(within, prepend=-1.0))[-1]))


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
