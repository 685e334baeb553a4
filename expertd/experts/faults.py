"""Everything that is wrong with an expert, so that it is told at once and not one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from expertd.errors import ExpertRefused, shown

MOST = 1000  # a hostile file must not make a message for each of a million tensors


class Faults:
    """Collects refusals, where what comes after them can be looked at all the same."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._passing = False

    def add(self, *faults: str) -> None:
        if len(self.found) < MOST:
            self.found += [fault for fault in map(shown, faults) if fault not in self.found]

    @contextmanager
    def collect(self) -> Iterator[None]:
        """What is refused in the block is noted, and no more."""
        try:
            yield
        except ExpertRefused as error:
            self.add(*error.faults)
            self._passing |= error.passing

    def check(self) -> None:
        """Raises `ExpertRefused` with all that was found, if anything was."""
        if self.found:
            raise ExpertRefused(*self.found, passing=self._passing)
