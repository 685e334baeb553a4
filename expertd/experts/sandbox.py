"""The sandbox that strangers' Jinja templates run in: a base's chat template, and an expert's template of a message."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import NoReturn

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from expertd.errors import ContextOverflow, ExpertRefused, InvalidRequest

MAX_TEMPLATE = 16 << 10  # characters of an expert's template
MAX_MESSAGE = 8 << 20  # characters of what it makes

# What is left cannot run for long or make much of little: no loops, no arithmetic, no methods, no variables of its own.
_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Test, nodes.Filter, nodes.Getitem, nodes.Slice,
    nodes.Call,
)  # fmt: skip
_FILTERS = frozenset({"lower", "trim", "upper"})
_TESTS = frozenset({"defined", "none"})
_NAMES = frozenset({"text", "schema", "raise_exception"})


class Refusal(jinja2.TemplateError):
    """What a template raises by itself, with a message for whoever asked."""


def _raise(message: str) -> NoReturn:
    raise Refusal(message)


SANDBOX = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
SANDBOX.globals.update(raise_exception=_raise, strftime_now=lambda f: datetime.now().strftime(f))
SANDBOX.filters["tojson"] = lambda x, indent=None: json.dumps(x, ensure_ascii=False, indent=indent)


@lru_cache(maxsize=256)
def message_template(source: str) -> jinja2.Template:
    """An expert's template, compiled. Raises `ValueError` for what is none, and for what may not be in one."""
    if len(source) > MAX_TEMPLATE:
        raise ValueError(f"it has {len(source):,} characters, and {MAX_TEMPLATE:,} are the most")
    try:
        tree = SANDBOX.parse(source)
        _check(tree)
        return SANDBOX.from_string(source)
    except (jinja2.TemplateError, RecursionError, SyntaxError, MemoryError) as error:
        raise ValueError(f"it is no Jinja template: {error}") from error


def _check(tree: nodes.Template) -> None:
    for node in [tree, *tree.find_all(nodes.Node)]:
        line = f"line {node.lineno}"
        if not isinstance(node, _NODES):
            raise ValueError(f"{line}: {type(node).__name__.lower()} has no place here: `if`, slices and filters have")
        if isinstance(node, nodes.Name) and node.name not in _NAMES:
            raise ValueError(f"{line}: there is no {node.name!r}: a message is made of `text` and `schema`")
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise ValueError(f"{line}: filter {node.name!r} has no place here, only {', '.join(sorted(_FILTERS))}")
        if isinstance(node, nodes.Test) and node.name not in _TESTS:
            raise ValueError(f"{line}: test {node.name!r} has no place here, only {', '.join(sorted(_TESTS))}")
        if isinstance(node, nodes.Call) and not (
            isinstance(node.node, nodes.Name) and node.node.name == "raise_exception"
        ):
            raise ValueError(f"{line}: only raise_exception can be called here")


def render_message(source: str, text: str, schema: str | None = None) -> str:
    """The user's message that an expert's template makes of `text` and a JSON schema as text, where there is one.

    Raises `InvalidRequest` with what the template says by `raise_exception`, `ContextOverflow` where it makes too much
    of the text, `ExpertRefused` where the template fails by itself, and `ValueError` where it is none.
    """
    made: list[str] = []
    size = 0
    try:
        for part in message_template(source).generate(text=text, schema=schema):
            size += len(part)
            if size > MAX_MESSAGE:
                raise ContextOverflow(f"the expert's template makes over {MAX_MESSAGE:,} characters of this message")
            made.append(part)
    except Refusal as error:
        raise InvalidRequest(f"the expert's template refuses this message: {error}", param="messages") from error
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise ExpertRefused(f"the expert's template fails on this message: {error}. Mend it in expert.toml.") from error
    return "".join(made)
