"""Which experts are asked for together: what tells that they are worth fusing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

MOST = 256  # blends that are remembered: those that were asked for last


class Together:
    """Counts requests by the experts that they blend, whatever the scales."""

    def __init__(self) -> None:
        self._requests: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def note(self, names: Iterable[str]) -> None:
        """A request for these experts. One alone is no blend."""
        blend = tuple(sorted(names))
        if len(blend) > 1:
            self._requests[blend] = self._requests.pop(blend, 0) + 1
            while len(self._requests) > MOST:
                self._requests.popitem(last=False)

    def counts(self) -> list[tuple[tuple[str, ...], int]]:
        """Blends and their requests, the most frequent first."""
        return sorted(self._requests.items(), key=lambda item: (-item[1], item[0]))
