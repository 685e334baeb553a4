"""Puts what was measured into the documents."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent


def put(document: str, marker: str, text: str) -> None:
    """Put `text` between the markers of a document, named from the project's folder."""
    path, start, end = ROOT / document, f"<!-- {marker} -->", f"<!-- /{marker} -->"
    before, found, rest = path.read_text().partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"{document} has no {start} ... {end}")
    path.write_text(f"{before}{start}\n{text}\n{end}{after}")
