"""Which keywords of JSON Schema are enforced, by the official suite: `python -m tests.grammar.keywords --docs`."""

from __future__ import annotations

import argparse
from collections import Counter

from bench.between_markers import put
from expertd.engine.base import Base
from expertd.errors import InvalidRequest
from expertd.grammar.compiler import Grammar, Grammars, json_source
from expertd.grammar.json_schema import ENFORCED, FORMATS, REFUSED
from expertd.models.catalogue import embedded_file
from tests.grammar.suite import VERSION, Case, cases

DOCUMENT, MARKER = "docs/structured.md", "keywords"
FILES = {"$ref": ("ref", "refRemote", "defs", "definitions", "anchor", "infinite-loop-detection")}


def compiled(grammars: Grammars, case: Case) -> Grammar | None:
    """None: the schema is refused, and its author is told where and why."""
    try:
        return grammars.compile(json_source(case.schema, "schema"))
    except InvalidRequest as refused:
        assert refused.message.startswith("schema") and len(refused.message) > 30, refused.message
        return None


def table(grammars: Grammars) -> str:
    """For the documents."""
    whole, taken = Counter[str](), Counter[str]()
    for case in cases():
        whole[case.keyword] += 1
        taken[case.keyword] += compiled(grammars, case) is not None
    lines = ["| keyword | of the suite's schemas for it |", "|---|---|"]
    for keyword in sorted(ENFORCED, key=str.lower):
        files = FILES.get(keyword, (keyword,))
        lines.append(f"| `{keyword}` | {sum(taken[file] for file in files)} of {sum(whole[file] for file in files)} |")
    return "\n".join(
        [
            f"Of the {whole.total()} schemas of the official suite's required tests (draft 7 and 2020-12, as",
            f"jsonschema {VERSION} carries them), {taken.total()} are enforced, and the others refused.",
            "",
            *lines,
            "",
            f"Formats: {_named(FORMATS)}.",
            "",
            f"Refused wherever they stand: {_named(sorted(REFUSED, key=str.lower))}.",
        ]
    )


def _named(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help=f"write the table into {DOCUMENT}")
    docs = parser.parse_args().docs
    base = Base(embedded_file(), vocab_only=True)
    text = table(Grammars(base))
    base.close()
    if docs:
        put(DOCUMENT, MARKER, text)
    else:
        print(text)


if __name__ == "__main__":
    main()
