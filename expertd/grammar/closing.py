"""The end of a JSON document that runs out of tokens: the shortest that a greedy search finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from llguidance import LLMatcher, LLTokenizer

STEPS = 200  # an end of more tokens is not looked for
WORK = 500  # steps of a search: everybody's next token waits for it
MASK = 10  # such steps that a mask is worth

# `@` and `:` are for formats: braces may stand before the one in a mail address, letters before the other in a URI.
# Within a string the quotes must come first, else `}` goes on with it; between values it is the other way round.
_QUOTES, _BRACKETS = ('""', '"}', '"]', '"', "@", ":"), ("}", "]")
_VALUES = ("{}", "[]", "null", "true", "false")
_BETWEEN = (",", ' ""', " {}", " []", " null", " true", " false", " ", "[", "{")
# Some numbers never end by one digit (`multipleOf`, an exclusive bound of 0): then the next order is tried.
_DIGITS = (("0", "1"), ("1", "0"), ("5", "0"))
_ORDERS = [
    (*ends, *_VALUES, *_BETWEEN, *digits) for digits in _DIGITS for ends in (_QUOTES + _BRACKETS, _BRACKETS + _QUOTES)
]


class Closer(NamedTuple):
    """What a vocabulary has for ending documents."""

    orders: tuple[tuple[int, ...], ...]  # preferred tokens, best first
    by_length: Sequence[int]  # all that are text, shortest first


def closer(tokenizer: LLTokenizer) -> Closer:
    """Takes some tens of milliseconds."""
    lengths = np.array([len(tokenizer.decode_bytes([token])) for token in range(tokenizer.vocab_size)])
    by_length = [int(token) for token in np.argsort(lengths, kind="stable") if not tokenizer.is_special_token(token)]
    orders = tuple(tuple(_single(tokenizer, texts)) for texts in _ORDERS)
    return Closer(orders, by_length)


def _single(tokenizer: LLTokenizer, texts: Iterable[str]) -> Iterable[int]:
    for text in texts:
        tokens = tokenizer.greedy_tokenize(text)
        if len(tokens) == 1:
            yield tokens[0]


def closing(matcher: LLMatcher, closer: Closer, most: int) -> list[int] | None:
    """Tokens that complete the document from where `matcher` is, `most` at most; None where none were found."""
    most = min(most, STEPS)
    start = matcher.deep_copy()
    forced = start.compute_ff_tokens()
    if len(forced) > most:
        return None
    start.consume_tokens(forced)
    rest = _best(start, closer, most - len(forced))
    return None if rest is None else forced + rest


def _best(matcher: LLMatcher, closer: Closer, most: int) -> list[int] | None:
    best: list[int] | None = None
    work = iter(range(WORK))
    for i, order in enumerate(closer.orders):
        if best is not None and i == 2:  # digits are no matter: it ended with the first ones
            return best
        found = _closing(matcher.deep_copy(), order, closer.by_length, most, work)
        if found is not None:
            best, most = found, len(found) - 1
    return best


def closes(matcher: LLMatcher, tokens: list[int]) -> bool:
    """Whether `tokens` complete the document from where `matcher` is."""
    copy = matcher.deep_copy()
    return bool(copy.try_consume_tokens(tokens) == len(tokens) and copy.is_accepting())


def _closing(
    matcher: LLMatcher, order: Sequence[int], by_length: Sequence[int], most: int, work: Iterator[int]
) -> list[int] | None:
    """By one order. Takes of `work`, one for a step."""
    found: list[int] = []
    for _ in work:
        if len(found) > most or matcher.is_error():
            return None
        if matcher.is_accepting():
            return found
        forced = matcher.compute_ff_tokens()
        if forced:
            matcher.consume_tokens(forced)
            found += forced
            continue
        token = next((token for token in order if matcher.try_consume_tokens([token])), None)
        if token is None:
            next(islice(work, MASK, MASK), None)
            token = _shortest(matcher, by_length)
            if token is None or not matcher.try_consume_tokens([token]):
                return None
        found.append(token)
    return None


def _shortest(matcher: LLMatcher, by_length: Sequence[int]) -> int | None:
    mask = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")
    allowed = mask[by_length].nonzero()[0]
    return by_length[int(allowed[0])] if len(allowed) else None
