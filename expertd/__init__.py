"""expertd: one small model in memory, many experts beside it, the right one switched on per request."""

__version__ = "0.1.0"
