"""Which tokens may come next, by llguidance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher


def mask(matcher: LLMatcher) -> npt.NDArray[np.bool_]:
    """For each token whether it may come next, in whole bytes: [n_vocab or a few more]."""
    bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
    return np.unpackbits(bits, bitorder="little").view(np.bool_)
