"""The embedded base's vocabulary, and grammars compiled for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from expertd.engine.context import Base
from expertd.grammar.compiler import Grammars
from expertd.models.catalogue import embedded_file


@pytest.fixture(scope="session")
def base() -> Iterator[Base]:
    base = Base(embedded_file(), vocab_only=True)
    yield base
    base.close()


@pytest.fixture(scope="session")
def grammars(base: Base) -> Grammars:
    return Grammars(base.vocab, base.ends)
