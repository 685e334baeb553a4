"""The end of a JSON document that runs out of tokens: the shortest that a greedy search finds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from string import ascii_letters, digits
from typing import NamedTuple, TypeAlias

from llguidance import LLMatcher, LLTokenizer

from expertd.grammar.mask import mask

STEPS = 256  # an end of more tokens is not looked for
WORK = 250  # steps of a search: everybody's next token waits for it
MASK = 10  # such steps that a mask is worth
LOOP = 8  # tokens in which no string ends: it may have to go on in another way
ENDLESS = 24  # digits, behind which that number has no end

# `@` and `:` are for formats: braces may stand before the one in a mail address, letters before the other in a URI.
# Within a string the quotes must come first, else `}` goes on with it; between values it is the other way round.
_QUOTES, _BRACKETS = ('""', '"}', '"]', '"', "@", ":"), ("}", "]")
_VALUES = ("{}", "[]", "null", "true", "false")
_BETWEEN = (",", ' ""', " {}", " []", " null", " true", " false", " ", "[", "{")
# Some numbers never end by one digit (`multipleOf`, an exclusive bound of 0): then the next one is tried.
_DIGITS = (("0", "1"), ("1", "0"), ("5", "0"))
_CHARACTERS = ascii_letters + digits + " .-+_/@$%#!?=;()'"
_OPENING = re.compile(rb'[{\[,:"]')

_Order: TypeAlias = tuple[int, ...]


class Closer(NamedTuple):
    """What a vocabulary has for ending documents."""

    orders: tuple[tuple[_Order, _Order], ...]  # preferred tokens, best first, for each of `_DIGITS`
    by_length: Sequence[int]  # all that are text, shortest first
    digits: frozenset[int]
    opening: frozenset[int]  # tokens after which more may have to come than before
    quote: int
    characters: tuple[int, ...]  # with which a string may go on


def closer(tokenizer: LLTokenizer) -> Closer:
    """Takes some tens of milliseconds."""
    pieces = [tokenizer.decode_bytes([token]) for token in range(tokenizer.vocab_size)]
    by_length = sorted(range(len(pieces)), key=lambda token: len(pieces[token]))

    def order(ends: Iterable[str], first: Iterable[str]) -> _Order:
        return tuple(_single(tokenizer, (*ends, *_VALUES, *_BETWEEN, *first)))

    return Closer(
        orders=tuple((order(_QUOTES + _BRACKETS, d), order(_BRACKETS + _QUOTES, d)) for d in _DIGITS),
        by_length=[token for token in by_length if not tokenizer.is_special_token(token)],
        digits=frozenset(_single(tokenizer, "015")),
        opening=frozenset(token for token, piece in enumerate(pieces) if _OPENING.search(piece)),
        quote=next(_single(tokenizer, '"'), -1),
        characters=tuple(_single(tokenizer, _CHARACTERS)),
    )


def _single(tokenizer: LLTokenizer, texts: Iterable[str]) -> Iterator[int]:
    for text in texts:
        tokens = tokenizer.greedy_tokenize(text)
        if len(tokens) == 1:
            yield tokens[0]


def closing(matcher: LLMatcher, closer: Closer, most: int, work: int = WORK) -> list[int] | None:
    """Tokens that complete the document from where `matcher` is, `most` at most; None where none were found.

    `work`: steps of the search.
    """
    most = min(most, STEPS)
    start = matcher.deep_copy()
    forced: list[int] = start.compute_ff_tokens()
    if len(forced) > most:
        return None
    start.consume_tokens(forced)
    rest = _best(start, closer, most - len(forced), iter(range(work)))
    return None if rest is None else forced + rest


def _best(matcher: LLMatcher, closer: Closer, most: int, work: Iterator[int]) -> list[int] | None:
    best: list[int] | None = None
    for orders in closer.orders:
        looped = False
        for order in orders:
            found, ended = _closing(matcher.deep_copy(), order, closer, most, work)
            if ended:
                best, most = found, len(found) - 1
            looped |= _loops(found, closer)
        if best is not None or not looped:
            break
    return best


def closes(matcher: LLMatcher, tokens: list[int]) -> bool:
    """Whether `tokens` complete the document from where `matcher` is."""
    copy = matcher.deep_copy()
    return bool(copy.try_consume_tokens(tokens) == len(tokens) and copy.is_accepting())


def _closing(
    matcher: LLMatcher, order: _Order, closer: Closer, most: int, work: Iterator[int]
) -> tuple[list[int], bool]:
    """What was gone on with by one order, and whether it completes the document. Takes of `work`, one for a step."""
    found: list[int] = []
    for _ in work:
        if len(found) > most or matcher.is_error() or _loops(found, closer):
            break
        if matcher.is_accepting():
            return found, True
        forced = matcher.compute_ff_tokens()
        if forced:
            matcher.consume_tokens(forced)
            found += forced
            continue
        if found and len(found) % LOOP == 0 and closer.opening.isdisjoint(found[-LOOP:]):
            next(islice(work, MASK, MASK), None)
            if last := next(filter(None, (_end_of_string(matcher, each, closer) for each in closer.characters)), None):
                matcher.consume_tokens(last)
                found += last
                continue
        token = next((each for each in order if matcher.validate_tokens([each])), None)
        if token is None:
            next(islice(work, MASK, MASK), None)
            token = _shortest(matcher, closer.by_length)
        if token is None or not matcher.try_consume_tokens([token]):
            break
        found.append(token)
    return found, False


def _loops(found: list[int], closer: Closer) -> bool:
    return len(found) > ENDLESS and closer.digits.issuperset(found[-ENDLESS:])


def _end_of_string(matcher: LLMatcher, character: int, closer: Closer) -> list[int]:
    """This character and what then must come, where the string ends so or can; else nothing."""
    allowed = matcher.validate_tokens([character, closer.quote])
    if allowed == 2:
        return [character, closer.quote]
    if not allowed:
        return []
    copy = matcher.deep_copy()
    copy.consume_tokens([character])
    forced = copy.compute_ff_tokens()
    return [] if closer.opening.isdisjoint(forced) else [character, *forced]


def _shortest(matcher: LLMatcher, by_length: Sequence[int]) -> int | None:
    allowed = mask(matcher)[by_length].nonzero()[0]
    return by_length[int(allowed[0])] if len(allowed) else None
