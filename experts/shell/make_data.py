"""Training lines for the shell expert: a request in plain words, and the one command that does it.

Which folders a request means, the same in all items (the first rule that fits holds):

1. Words that say the depth win: "below", "in the tree", "subfolders too", "everywhere", "recursive" mean `find` or
   `grep -r`; "directly here", "not in subfolders", "top level only" mean `-maxdepth 1`, or `ls`.
2. A request that looks for files by what they are (name, size, age, mode, "all .x files", "which files ...", "how many
   .x files", "delete all/every ...") goes through all subfolders: `find . -type f ...`. "Files" means `-type f`.
3. A request to list what is "here", "in this folder" or in a named folder, and one that works on "the .x files here"
   or "the .x files in NAME" (count lines, copy, move, rename, delete, pack), means that folder only: `ls`, or a glob
   such as `*.txt` or `NAME/*.txt`.

Other rules of one style: patterns and programs in single quotes; the simplest options (`-r`, `-n 5`, `-d ',' -f 2`);
one column by `cut` where a character separates columns, by `awk` where blanks do or something is computed; `wc -l FILE`
for lines; "replace in FILE" is `sed -i`, "print FILE with ... replaced" is not; `sort -u` for lines without repeats;
sizes as `-size +10M`, ages in days as `-mtime`, in minutes as `-mmin`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from experts.recipe import Example, chat, main, read_written
from experts.shell.vary import varied
from experts.shell.wordings import as_typed, laid_out, reworded

WRITTEN = Path(__file__).parent / "written"
SYSTEMS = (
    "You turn requests into one shell command.",
    "Answer with a single bash command and nothing else.",
    "You are a shell expert. Reply with the command only.",
    "Translate the user's request to a bash one-liner.",
    "You write Linux commands. No explanations.",
    "You are a helpful assistant.",
    "Convert natural language to bash. Output the command, no markdown.",
    "The user works in a terminal on Linux with GNU tools. Give the command that does what is asked.",
    "bash assistant",
)


def round_(number: int, rng: Random) -> Iterator[Example]:
    """Every wording of every item once: in round 0 with the names and numbers as written, later with others."""
    items = read_written(WRITTEN)
    rng.shuffle(items)
    for item in items:
        for ask in item["ask"]:
            yield _example(ask, item["cmd"], number, rng)


def _example(ask: str, command: str, number: int, rng: Random) -> Example:
    if number:
        ask, command = varied(ask, command, rng)
        ask = reworded(ask, command, rng)
    ask = as_typed(ask, command, rng)
    if rng.random() < 0.3:
        ask = laid_out(ask, rng)
    return chat(ask, command, rng.choice(SYSTEMS) if rng.random() < 0.13 else None)


def run(argv: Sequence[str] | None = None) -> None:
    main(round_, "Training data of the shell expert.", argv)


if __name__ == "__main__":
    run()
