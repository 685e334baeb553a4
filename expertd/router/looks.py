"""What a text looks like: whether it has a diff's lines, a table's definition, a query, and such."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

_PATTERNS = [
    re.compile(pattern, re.M)
    for pattern in (
        r"^[+-][^+-]",  # a diff
        r"^@@ |^diff --git|^index [0-9a-f]{7}",
        r"(?i)create table",
        r"\(\w*:\w+",  # a node of a graph, and what joins two
        r"\]-?>|<-\[|-\[:",
        r"^[ \t]*(?:async )?def \w+\(",
        r"^[ \t]*class \w+",
        r'"""',
        r"[\w.]{1,64}@[\w-]+\.\w",  # an address, a telephone number
        r"\+?\d[\d ()-]{7,20}\d",
        r"^\{|\}$",  # JSON and its schema
        r'"type"\s*:\s*"',
        r"\b\w{1,64}\(\w{1,64}(?:, ?\w{1,64})+\)",  # a table as name(column, column)
        r"```",
        r"\?[ \t\n]{0,9}\Z",
        r"\?",
        r"(?i)^(?:select|match) ",
        r"\*\.\w+|/\w+/\w+|\.\w{1,4}\b",  # files
        r"\|",
        r"[\\^$\[\]+*]",
        r"^[ \t]*\w+:",
        r"[^\x00-\x7f]",
        r'"[^"\n]{20}',  # a quoted text
    )
]
WIDTH = len(_PATTERNS) + 2


def embed(text: str) -> npt.NDArray[np.float32]:
    """[WIDTH]: each 0 or 1, and then how long the text is and of how many lines, each about 1 at most."""
    found = [float(bool(pattern.search(text))) for pattern in _PATTERNS]
    return np.array([*found, (min(len(text), 3000) / 3000) ** 0.5, np.log1p(text.count("\n")) / 4], np.float32)
