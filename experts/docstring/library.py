"""The standard library's docstrings put into the style that is taught: one imperative sentence, or `Whether ...`."""

from __future__ import annotations

import ast
import re

from experts.docstring.source import Function

_VERBS = frozenset(
    """
    accept add allocate append apply assert assign attach begin bind build calculate call cancel capture change
    check clean clear close collect combine compare compile compute configure connect construct convert copy count
    create cut decode decrease decrypt delete detach determine disable discard display divide download draw drop
    dump emit enable encode encrypt ensure escape estimate evaluate execute exit expand expect extend extract fetch
    fill filter find finish flatten flush format generate get give handle hash import increase indent initialize insert
    install invoke iterate join jump keep kill list load lock log look make map mark match merge modify move
    multiply normalize notify open pack parse pause place poll pop prepare print process produce push put quote
    raise read rebuild receive record redirect reduce register reload release remove rename render reopen repeat
    replace report request reset resolve restart restore resume retrieve return reverse rotate round run save scan
    schedule search seek select send serialize set shut show shutdown simulate sleep sort split start stop store
    strip submit subtract swap switch sync take terminate test transform translate truncate try turn undo unlock
    unpack unquote unregister update validate verify wait walk wrap write yield
    """.split()  # noqa: SIM905
)
_TRUTH = re.compile(
    r"(?:Return|Check|Test|Determine|See|Tell|Say|Indicate)s?(?: a)?(?: (?:True|true|bool|boolean|flag|1))?(?: value)?"
    r"(?: indicating)? (?:iff?|whether|when)(?: or not)? (?P<what>.+)"
)
_ODD = re.compile(r"[`<>|\\{}*=]|->|--|\.\.\.|::|\w\.\w|\bXXX\b|\bTODO\b|\bSee\b|\be\.g|\bi\.e|: ")


def summary(node: Function) -> str | None:
    """A function's docstring as one sentence in the taught style, or None if it cannot be."""
    doc = ast.get_docstring(node) or ""
    first = " ".join(re.split(r"\n\s*\n", doc.strip())[0].split())
    first = re.split(r"(?<=[a-z)\"'])\.\s+(?=[A-Z])", first)[0].rstrip(".") if first else ""
    if not 14 <= len(first) <= 100 or _ODD.search(first):
        return None
    if _trivial(node):
        return None
    if match := _TRUTH.fullmatch(first):
        what = re.split(r",? (?:and|or|else|False|otherwise)? ?(?:False|false|0)\b|, otherwise|; ", match["what"])[0]
        return f"Whether {what.rstrip(',; ')}."
    verb, _, rest = first.partition(" ")
    verb = _imperative(verb.lower())
    if verb is None or not rest:
        return None
    if verb in ("get", "retrieve", "give"):
        verb = "return"
    return f"{verb.capitalize()} {rest}."


def _imperative(verb: str) -> str | None:
    """A verb as a command, or None if it is no verb that is known."""
    for form in (verb, verb.removesuffix("s"), verb.removesuffix("es"), verb.removesuffix("ies") + "y"):
        if form in _VERBS:
            return form
    return None


def _trivial(node: Function) -> bool:
    """Whether a body has nothing that its docstring could be told from."""
    body = node.body[1:]
    return not body or (len(body) == 1 and isinstance(body[0], (ast.Pass, ast.Raise)))
