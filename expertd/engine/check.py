"""An expert's folder held against a base, without serving either: all that is wrong with it, and what is missing."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from expertd.engine.base import Base
from expertd.engine.fill_in import fill_in
from expertd.errors import InvalidRequest
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.faults import Faults
from expertd.experts.files import check_folder
from expertd.experts.manifest import FILE, AnswerGrammar, Manifest, parse_manifest
from expertd.experts.tensors import Weights
from expertd.experts.weights import read_weights
from expertd.grammar.compiler import Grammars, Source, json_source

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """`faults` keep an expert from being served; `hints` are what it would be better with."""

    name: str
    folder: Path
    manifest: Manifest | None
    weights: Weights | None  # where it is sound
    faults: tuple[str, ...]
    hints: tuple[str, ...]


class Checker:
    """Checks folders against one base, of which only the vocabulary is loaded."""

    def __init__(self, base_file: Path) -> None:
        """Raises `BaseRefused`."""
        self._base = Base(base_file, vocab_only=True)
        self.shape = self._base.shape
        self._tensors = BaseTensors(base_file)

    def check(self, folder: Path, beside: Collection[str] = ()) -> Report:
        """`beside` are names of experts that it will stand next to, with those in the folder that it is in."""
        folder = Path(os.path.normpath(folder.absolute()))  # links are not to be followed
        faults, weights = Faults(), None
        with faults.collect():
            check_folder(folder)
        if not folder.is_dir():
            return Report(folder.name, folder, None, None, tuple(faults.found), ())
        manifest = parse_manifest(folder, faults)
        readable = not faults.found
        try:
            with faults.collect():
                weights = read_weights(folder, manifest, self.shape, self._tensors)
        except Exception as error:  # a stranger's file, whatever is in it
            log.debug("%s", folder, exc_info=True)
            faults.add(f"{folder} cannot be read: {error!r}. Please report this.")
        faults.add(*(f"{folder / FILE}: {fault}" for fault in self._wrong_for_requests(manifest)))
        # What a broken manifest lacks is told once it can be read.
        hints = tuple(self._hints(folder, manifest, weights, beside)) if readable else ()
        return Report(folder.name, folder, manifest, weights, tuple(faults.found), hints)

    def close(self) -> None:
        self._base.close()

    @cached_property
    def _grammars(self) -> Grammars:
        return Grammars(self._base)

    def _wrong_for_requests(self, manifest: Manifest) -> Iterator[str]:
        """What a daemon would tell at the first request."""
        if manifest.fim:
            try:
                fill_in(self._base, manifest.fim, "", "")
            except InvalidRequest as error:
                yield error.message
        source = _source(manifest.grammar) if manifest.grammar else None
        if source:
            try:
                self._grammars.compile(source)
            except InvalidRequest as error:
                yield f"{error.message}. Mend the grammar."

    def _hints(
        self, folder: Path, manifest: Manifest, weights: Weights | None, beside: Collection[str]
    ) -> Iterator[str]:
        if folder.name.startswith((".", "_")):
            yield "its name begins with . or _, so a daemon leaves the folder alone"
        if not (folder / FILE).exists():
            yield f"there is no {FILE}: it is active from the first token, and only its shapes are checked"
            return
        if not manifest.base:
            yield f"{FILE} has no [base]: only the shapes are checked, and another base of this size would take it"
        if not manifest.sha256:
            yield f"{FILE} has no sha256: a half-copied or exchanged file goes unnoticed where its shapes are right"
        for field in ("description", "licence"):
            if not getattr(manifest, field):
                yield f"{FILE} has no {field}"
        if not manifest.routing.examples:
            yield f"{FILE} has no routing.examples: requests that name no expert will not find it"
        near = {path.name for path in folder.parent.iterdir() if path.is_dir()} | set(beside)
        for name in sorted({*manifest.requires} - near):
            yield f"it requires {name!r}, which is not beside it: no request for it is answered without"
        for name in sorted({*manifest.conflicts} - near):
            yield f"it conflicts with {name!r}, which is not beside it"
        if weights and weights.invocation and max(weights.invocation) >= self._base.n_vocab:
            yield f"it waits for token {max(weights.invocation)}, which this base has not: it is never active"


def _source(grammar: AnswerGrammar) -> Source | None:
    """What of it can be compiled without a request."""
    if grammar.json_schema is not None:
        return json_source(grammar.json_schema, "grammar.json_schema")
    if grammar.regex is not None:
        return Source("regex", grammar.regex, "grammar.regex")
    if grammar.lark is not None:
        return Source("lark", grammar.lark, "grammar.lark")
    return Source("gbnf", grammar.gbnf, "grammar.gbnf") if grammar.gbnf is not None else None
