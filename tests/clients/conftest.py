"""The clients' tests ask the same daemon as the daemon's own."""

from tests.daemon.conftest import daemon

__all__ = ["daemon"]
