"""What users teach the router: examples in a file of theirs, beside what the experts' manifests say."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

from expertd.errors import InvalidRequest
from expertd.router.asked import Asked, ends
from expertd.router.examples import BASE, Example

log = logging.getLogger(__name__)

MOST = 2000  # lines that are kept; the oldest go


class Taught:
    """A JSONL of {"prompt", "expert", "is_for"}. Thread-safe; `expert` may be `base`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def examples(self) -> list[Example]:
        """Those that can be read; of several about one text and expert, the last."""
        return list(self._read().values())

    def add(self, asked: Asked, expert: str, *, is_for: bool) -> int:
        """Keep that a text is for this expert, or is not; how many are kept now. Raises `InvalidRequest`, `OSError`."""
        if asked.is_empty:
            raise InvalidRequest("there is no text to learn from", param="prompt")
        if expert == BASE and not is_for:
            raise InvalidRequest("say which expert it is for: that it is not the base's teaches nothing", param="good")
        with self._lock:
            known = self._read()
            example = Example(Asked(asked.text), expert, is_for)
            if is_for:  # a text is for one expert alone
                known = {key: each for key, each in known.items() if key[0] != example.digest or not each.is_for}
            known.pop((example.digest, expert), None)
            known[example.digest, expert] = example
            kept = list(known.values())[-MOST:]
            self._write(kept)
        return len(kept)

    def _read(self) -> dict[tuple[str, str], Example]:
        try:
            rows = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError:
            return {}
        except OSError as error:
            log.warning("what the router was taught cannot be read: %s", error)
            return {}
        found: dict[tuple[str, str], Example] = {}
        for number, row in enumerate(rows, 1):
            if not row:
                continue
            try:
                told = json.loads(row)
                text, expert, is_for = (told[key] for key in ("prompt", "expert", "is_for"))
                if not (isinstance(text, str) and isinstance(expert, str)):
                    raise TypeError("no texts")
            except (ValueError, KeyError, TypeError, RecursionError):
                log.warning("%s:%d is no line that was taught, and is left out", self.path, number)
                continue
            example = Example(Asked(ends(text)), expert, bool(is_for))
            found.pop((example.digest, expert), None)  # the later in the order, the more recent
            found[example.digest, expert] = example
        return found

    def _write(self, examples: list[Example]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"prompt": each.asked.text, "expert": each.expert, "is_for": each.is_for} for each in examples]
        partial = self.path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            os.chmod(partial, 0o600)  # noqa: PTH101  they are people's own prompts
            file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        partial.replace(self.path)
