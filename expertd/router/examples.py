"""What the router learns from: texts and the expert that each is for, as lines of JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from expertd.router.asked import Asked, ends, in_conversation

BASE = "base"  # the label of what is for no expert


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str


class Line(BaseModel):
    """`prompt`, `messages`, or `prefix` and `suffix` of a gap; `expert`, null for the base; and what else was asked.

    `kind` says what is hard about it, for those who measure.
    """

    model_config = ConfigDict(extra="forbid")
    expert: str | None
    prompt: str | None = None
    messages: list[Message] | None = None
    prefix: str | None = None
    suffix: str | None = None
    response_format: dict[str, object] | None = None
    kind: str = ""

    @model_validator(mode="after")
    def _one_text(self) -> Line:
        if sum(given is not None for given in (self.prompt, self.messages, self.prefix)) != 1:
            raise ValueError("give one of `prompt`, `messages`, and `prefix` with `suffix`")
        return self

    @property
    def label(self) -> str:
        return self.expert or BASE

    @property
    def asked(self) -> Asked:
        form = str((self.response_format or {}).get("type", ""))
        if self.messages is not None:
            return in_conversation([(each.role, each.content) for each in self.messages], form=form)
        if self.prompt is not None:
            return Asked(ends(self.prompt), form=form)
        return Asked(ends(self.prefix or ""), has_gap=True, is_raw=True)


@dataclass(frozen=True)
class Example:
    """A request that is for `expert`, or, where `is_for` is false, one that looks so and is not."""

    asked: Asked
    expert: str
    is_for: bool = True

    @property
    def digest(self) -> str:
        return text_digest(self.asked.text)


def text_digest(text: str) -> str:
    """Tells texts apart, whatever blanks stand around them."""
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:16]


def read_lines(path: Path) -> list[Line]:
    """Raises `OSError`, and `ValueError` that names the line and its fault."""
    return list(_lines(path.read_text(encoding="utf-8").split("\n"), str(path)))


def _lines(rows: Iterable[str], where: str) -> Iterator[Line]:
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        try:
            yield Line.model_validate_json(row)
        except ValidationError as error:
            told = error.errors(include_url=False)[0]
            field = ".".join(map(str, told["loc"]))
            raise ValueError(f"{where}:{number}: {field + ': ' if field else ''}{told['msg']}") from error
