"""The names in a Cypher query: what each word of it is, and the query written anew with other names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from expertd.grammar.cypher import KEYWORDS

_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|\s+|.", re.S)
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
    """The canonical name of each variable: its label's first letter, or `p2` for the second of it; or `r`, `r2`."""
    new: dict[str, str] = {}
    edges = iter(("r", "r2"))
    for name, (kind, of) in owners(query).items():
        if kind == "type":
            new[name] = next(edges)
            continue
        word = re.sub(r"[^a-z0-9_]", "", labels.get(of, of).lower()).lstrip("_0123456789")
        wanted = (word[0], f"{word[0]}2", f"{word[0]}1", word)
        new[name] = next(w for w in wanted if w not in _TAKEN and w.upper() not in KEYWORDS and w not in new.values())
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
