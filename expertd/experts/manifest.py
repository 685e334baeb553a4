"""The manifest of an expert: `expert.toml` read, checked and written."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from expertd.errors import ExpertRefused
from expertd.experts.faults import Faults
from expertd.experts.files import read_file
from expertd.experts.sandbox import message_template

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

FILE = "expert.toml"
NAME = r"^[a-z][a-z0-9-]{0,31}$"
RESERVED = frozenset({"base", "auto"})
MAX_SCALE = 4.0
_MAX_BYTES = 1 << 20
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
# Python's parser takes the square of a dotted key's parts: hours for one that fills the file.
_LONG_KEY = re.compile(rf"(?<![\w.-])(?:{_PART}[ \t]*\.[ \t]*){{100}}", re.ASCII)


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"{name!r} is taken by expertd itself")
    return name


def _compiles(template: str) -> str:
    message_template(template)
    return template


Name = Annotated[str, Field(pattern=NAME), AfterValidator(_not_reserved)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class BaseBinding(_Table):
    """The base that an expert was trained on. What is given must be true of the base served; the name is for people."""

    name: str
    architecture: str
    n_embd: int | None = None
    n_layer: int | None = None
    n_head: int | None = None
    n_head_kv: int | None = None
    n_ff: int | None = None
    head_dim: int | None = None
    tokenizer: str | None = None


class Sampling(_Table):
    """Used where a request names none."""

    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=0)
    max_tokens: int | None = Field(default=None, ge=1)


class AnswerGrammar(_Table):
    """What answers must follow where a request says nothing of it: one of these."""

    json_schema: dict[str, JsonValue] | None = None
    regex: str | None = None
    lark: str | None = None
    gbnf: str | None = None
    sql: Literal["sqlite", "postgres"] | None = Field(default=None, description="one query over the prompt's own DDL")

    @model_validator(mode="after")
    def _one(self) -> AnswerGrammar:
        given = self.model_dump(exclude_none=True)
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(type(self).model_fields)}, and no other")
        return self


class FillIn(_Table):
    """The control tokens of the base, by their text, that stand before the parts of a text with a gap."""

    prefix: str = Field(min_length=1)
    suffix: str = Field(min_length=1)
    middle: str = Field(min_length=1)
    order: Literal["prefix-first", "suffix-first"] = Field(
        default="prefix-first",
        description="suffix-first: the text before the gap stands behind `middle`, its last space left to the answer",
    )


class Routing(_Table):
    """What tells the router that a request is for this expert."""

    model_config = ConfigDict(strict=False)  # TOML has lists, and these are tuples

    keywords: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    negative_examples: tuple[str, ...] = ()
    file_types: tuple[str, ...] = ()


class Manifest(_Table):
    """An expert as `expert.toml` describes it. `name` is what requests call it, and the name of its folder."""

    format: Literal[1] = 1
    name: Name
    version: str = "0"
    description: str = ""
    licence: str = ""
    kind: Literal["lora", "dora", "ia3", "prompt"] = "lora"
    activation: Literal["answer", "always"] = "answer"
    offset: int = Field(
        default=1, ge=1, le=1 << 20, description="tokens of the prompt's end at which the expert is active already"
    )
    scale: float = Field(default=1.0, ge=-MAX_SCALE, le=MAX_SCALE)
    system: str | None = Field(default=None, description="system message where the request has none")
    template: Annotated[str, AfterValidator(_compiles)] | None = Field(
        default=None, description="Jinja: a chat's last user message, out of its `text` and the answer's JSON `schema`"
    )
    fim: FillIn | None = Field(default=None, description="how a gap is told to it, where it fills in the middle")
    pinned: bool = Field(default=False, description="its arrays stay in memory")
    # TOML has lists, and these are tuples.
    requires: tuple[Name, ...] = Field(default=(), strict=False, description="experts that a blend with it must have")
    conflicts: tuple[Name, ...] = Field(default=(), strict=False, description="experts that no blend with it may have")
    base: BaseBinding | None = None
    sampling: Sampling = Sampling()
    grammar: AnswerGrammar | None = None
    routing: Routing = Routing()
    training: dict[str, JsonValue] = {}
    sha256: dict[FileName, Sha256] = {}

    @field_validator("training")
    @classmethod
    def _fits_json(cls, training: dict[str, JsonValue]) -> dict[str, JsonValue]:
        json.dumps(training, allow_nan=False)  # it is shown in answers of the API
        return training


def read_manifest(folder: Path) -> Manifest:
    """The manifest of `folder`; one derived from its name where there is no `expert.toml`.

    Raises `ExpertRefused` naming the file, the line or field, the reason and the remedy.
    """
    faults = Faults()
    manifest = parse_manifest(folder, faults)
    faults.check()
    return manifest


def parse_manifest(folder: Path, faults: Faults) -> Manifest:
    """The same without what is wrong with it, which goes into `faults`. For looking at the rest of a folder."""
    path = folder / FILE
    if folder.name in RESERVED:
        faults.add(f"{folder}: {folder.name!r} is taken by expertd itself. Rename the folder.")
    # Whoever trained a bare adapter ran it on every token: "answer" would be another model than theirs.
    table: dict[str, Any] = {"name": folder.name, "activation": "always"}
    if os.path.lexists(path):
        with faults.collect():
            table = _read_table(folder)
            if isinstance(table.get("name"), str) and table["name"] != folder.name:
                faults.add(
                    f"{path}: name is {table['name']!r}, and the folder is {folder.name!r}. Give both the same name."
                )
    while True:
        try:
            return Manifest.model_validate(table)
        except ValidationError as error:
            for fault in error.errors():
                field = ".".join(map(str, fault["loc"]))
                reason = fault["msg"].removeprefix("Value error, ")
                faults.add(f"{path}: {field}: {reason}. docs/experts.md lists the fields.")
                table.pop(str(fault["loc"][0]), None)
            table.setdefault("name", "unnamed")


def is_name(text: str) -> bool:
    """Whether an expert could be called so. All of it must match: "$" lets a newline through."""
    return re.fullmatch(NAME.strip("^$"), text) is not None


def read_name(folder: Path) -> str | None:
    """The name in the manifest of a folder that may be called otherwise; None where there is none, or no name."""
    try:
        name = _read_table(folder).get("name")
    except ExpertRefused:
        return None
    return name if isinstance(name, str) and is_name(name) else None


def _read_table(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    try:
        text = read_file(folder, FILE, _MAX_BYTES).decode()
        if _LONG_KEY.search(text):
            raise RecursionError
        table: dict[str, Any] = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ExpertRefused(f"{path}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ExpertRefused(f"{path} is not TOML: {error}. Mend that line.") from error
    except RecursionError as error:
        raise ExpertRefused(f"{path} is nested too deeply. Flatten it.") from error
    except ValueError as error:  # an integer of thousands of digits
        raise ExpertRefused(f"{path} cannot be read: {error}. Mend that number.") from error
    if isinstance(table.get("format"), int) and table["format"] != 1:
        raise ExpertRefused(f"{path}: format {table['format']} is not known here, only 1. Update expertd.")
    return table


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `folder/expert.toml`, beside and renamed, so that no reader sees half of it. Raises `OSError`."""
    table = manifest.model_dump(mode="json", exclude_none=True)
    new = folder / f".{FILE}.new"
    new.write_text(tomli_w.dumps(table), encoding="utf-8")
    new.replace(folder / FILE)
