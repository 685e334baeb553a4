"""What the experts' data scripts share: hand-written items read, wordings varied, the training file written."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
RECIPE = "recipe.toml"

# One line of a training file: `messages` or `prompt` (or `prefix` and `suffix`), and `answer`.
Example = dict[str, Any]
# The examples of one round over all items; rounds differ by their number and the seed.
Round = Callable[[int, Random], Iterator[Example]]

_NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def read_recipe(name: str) -> dict[str, Any]:
    """How an expert is made: `expert`, its manifest's prose; `data` and `train`, the flags of its two commands."""
    return tomllib.loads((HERE / name / RECIPE).read_text(encoding="utf-8"))


def read_written(folder: Path) -> list[dict[str, Any]]:
    """Every line of the folder's `*.jsonl`, each an object; `source` is the file it stands in.

    Raises `SystemExit` that names file and line where one is no object.
    """
    items = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                items.append({**json.loads(line), "source": path.stem})
            except (ValueError, TypeError) as error:
                raise SystemExit(f"{path}:{number}: {error}") from error
    return items


def typos(text: str, rng: Random, *, share: float = 0.15, keep: str = r"[^a-z ]|\d") -> str:
    """In this share of texts one or two words are mistyped, as fingers do it.

    Only words of four lower-case letters and more are touched, and none that `keep` is found in.
    """
    if rng.random() >= share:
        return text
    words = text.split(" ")
    able = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha() and not re.search(keep, word)]
    for i in rng.sample(able, min(len(able), rng.choice([1, 1, 2]))):
        words[i] = _mistyped(words[i], rng)
    return " ".join(words)


def _mistyped(word: str, rng: Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    way = rng.randrange(4)
    if way == 0:  # swapped
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if way == 1:  # left out
        return word[:at] + word[at + 1 :]
    if way == 2:  # twice
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice(_NEAR.get(word[at], word[at])) + word[at + 1 :]


def roughened(text: str, rng: Random) -> str:
    """A wording as people leave it: now and then without its capital, its full stop, or its question mark."""
    if rng.random() < 0.2:
        text = text[:1].lower() + text[1:]
    if rng.random() < 0.25:
        text = text.rstrip(".?! ")
    return text


def chat(prompt: str, answer: str, system: str | None = None) -> Example:
    """One example of a chat with one question."""
    messages = [{"role": "system", "content": system}] if system else []
    return {"messages": [*messages, {"role": "user", "content": prompt}], "answer": answer}


def main(round_: Round, about: str, argv: Sequence[str] | None = None, block: int = 1) -> None:
    """The command line of a data script: rounds are written until there are enough examples, none of them twice.

    `block` neighbours belong together, as questions about one schema do.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--out", type=Path, required=True, help="the JSONL to write")
    parser.add_argument("--examples", type=int, default=20000, help="how many, at most")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    written, counts = write(args.out, round_, args.examples, args.seed, block)
    print(f"{args.out}: {written} examples, {counts['twice']} drawn again and left out")


def write(out: Path, round_: Round, most: int, seed: int, block: int = 1) -> tuple[int, Counter[str]]:
    """Write at most so many examples. A round that brings nothing new is the last.

    Of a round with more than there is room for, blocks are taken from all over it.
    """
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    with out.open("w", encoding="utf-8", newline="\n") as file, tqdm(total=most, unit="example") as bar:
        number = 0
        while len(seen) < most:
            new: dict[str, None] = {}
            for example in round_(number, Random(f"{seed}:{number}")):
                line = json.dumps(example, ensure_ascii=False)
                known = line in seen or line in new
                counts["twice"] += known
                if not known:
                    new[line] = None
            taken = _spread(list(new), most - len(seen), block)
            seen.update(taken)
            file.writelines(line + "\n" for line in taken)
            bar.update(len(taken))
            if not taken:
                break
            number += 1
    return len(seen), counts


def _spread(lines: list[str], room: int, block: int) -> list[str]:
    """At most `room` lines, in order: blocks of neighbours at even distances."""
    if len(lines) <= room:
        return lines
    count = -(-room // block)
    starts = [i * len(lines) // count for i in range(count)]
    return [line for start in starts for line in lines[start : start + block]][:room]
