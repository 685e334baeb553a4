"""The embedded base's vocabulary, and grammars compiled for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from expertd.engine.base import Base
from expertd.grammar.compiler import Grammars, Source
from expertd.models.catalogue import embedded_file


@pytest.fixture(scope="session")
def base() -> Iterator[Base]:
    base = Base(embedded_file(), vocab_only=True)
    yield base
    base.close()


@pytest.fixture(scope="session")
def grammars(base: Base) -> Grammars:
    return Grammars(base)


@pytest.fixture
def follows(base: Base, grammars: Grammars) -> Callable[[Source, str], bool]:
    """Whether a text is a whole answer by a grammar."""

    def follows(source: Source, text: str) -> bool:
        constraint = grammars.compile(source).start()
        return all(constraint.take(token) for token in base.tokenize(text)) and constraint.take(base.eos)

    return follows
