"""The names in a Cypher query: what each word of it is, and the query written anew with other names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from expertd.grammar.cypher import KEYWORDS

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|\s+|.", re.S)
_MOST = 4  # names that the grammar lets nodes of a label have
# What no variable may be called: the grammar keeps `r` and `r2` for relationships, and the others for columns.
_TAKEN = {"r", "r2", "name", "names", "value", "values", "result", "titles", "list", "count", "total", "average"}


@dataclass
class Names:
    """New names for those of a schema; what is not here keeps its name."""

    labels: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    # By the old name of the label or type and the property's old name.
    properties: Mapping[tuple[str, str], str] = field(default_factory=dict)


def tokens(query: str) -> list[str]:
    """Texts in quotes, words, white space and single marks: all of the query."""
    return _TOKEN.findall(query)


def owners(query: str) -> dict[str, tuple[str, str]]:
    """What each variable stands for: ("label", "Person") or ("type", "ACTED_IN"), in the order of the query."""
    bare = re.sub(r"'(?:[^'\\]|\\.)*'", "''", query)
    found = re.findall(r"([(\[])(\w+):(\w+)", bare)
    return {name: ("label" if mark == "(" else "type", of) for mark, name, of in found}


def roles(query: str) -> list[tuple[str, str, str]]:
    """Each token with what it is, and for a property whose: ("born", "property", "Person")."""
    parts, known = tokens(query), owners(query)
    out: list[tuple[str, str, str]] = []
    brackets: list[str] = []
    owner = ""
    for i, part in enumerate(parts):
        before, after = parts[i - 1] if i else "", parts[i + 1] if i + 1 < len(parts) else ""
        role, whose = "", ""
        if part in "([{":
            brackets.append(part if part != "{" or (brackets and owner) else "block")
        elif part in ")]}":
            brackets.pop()
            owner = "" if part != "}" else owner
        elif re.match(r"\w", part):
            inside = brackets[-1] if brackets else ""
            if inside == "{" and after == ":":
                role, whose = "property", owner
            elif before in (":", "|") and inside in ("(", "["):
                role = "label" if inside == "(" else "type"
                owner = part
            elif before == "." and parts[i - 2] in known:
                role, whose = "property", known[parts[i - 2]][1]
            elif part in known and after != "(":
                role = "variable"
        out.append((part, role, whose))
    return out


def variables(query: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The canonical name of each variable: its label's first letter, or `p2` for the second of it; or `r`, `r2`.

    Raises `ValueError` where a label's names are all taken.
    """
    new: dict[str, str] = {}
    edges = iter(("r", "r2"))
    for name, (kind, of) in owners(query).items():
        if kind == "type":
            new[name] = next(edges)
            continue
        written = labels.get(of, of)
        word = re.sub(r"[^a-z0-9_]", "", written.lower()).lstrip("_0123456789")
        first, initials = word[0], "".join(re.findall(r"[A-Z]", written)).lower()
        wanted = (first, f"{first}2", f"{first}1", word, f"{first}3", initials, f"{word}2", f"{word}1")
        usable = [w for w in dict.fromkeys(wanted) if w and w not in _TAKEN and w.upper() not in KEYWORDS][:_MOST]
        free = [w for w in usable if w not in new.values()]
        if not free:
            raise ValueError(f"no name is left for a node of {written}")
        new[name] = free[0]
    return new


def renamed(query: str, names: Names) -> str:
    """The query with new names, and the variables that go with them."""
    new = variables(query, names.labels)
    out = []
    for part, role, whose in roles(query):
        if role == "label":
            part = names.labels.get(part, part)
        elif role == "type":
            part = names.types.get(part, part)
        elif role == "property":
            part = names.properties.get((whose, part), part)
        elif role == "variable":
            part = new[part]
        out.append(part)
    return "".join(out)
