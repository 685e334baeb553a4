"""Makes the shipped experts on any base: data, training, scores and package of each (`make experts BASE=...`).

python -m experts.build                                          all ten on the embedded base, into experts/
python -m experts.build --base qwen3-0.6b --out ~/qwen-experts   on another base, elsewhere
python -m experts.build regex shell --no-score                   two of them

One that is stopped goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from expertd.config import cache_dir, load_settings
from expertd.engine.base import Base
from expertd.engine.fill_in import fill_in
from expertd.errors import InvalidRequest
from expertd.experts.manifest import FILE, FillIn, Manifest, read_manifest, write_manifest
from expertd.experts.peft_adapter import TENSORS
from expertd.models.catalogue import resolve
from expertd.train.folder import next_version, publish
from experts.recipe import HERE, RECIPE, read_recipe

DONE = "done"  # a file beside what was made of an expert, as long as others are not
# The first of which a base has all three: its own, or spare ones that an expert can learn.
MARKERS = (
    FillIn(prefix="<|fim_prefix|>", suffix="<|fim_suffix|>", middle="<|fim_middle|>"),
    FillIn(prefix="<fim_prefix>", suffix="<fim_suffix>", middle="<fim_middle>"),
    FillIn(prefix="<jupyter_code>", suffix="<file_sep>", middle="<jupyter_script>"),
    FillIn(prefix="<|quad_start|>", suffix="<|quad_end|>", middle="<|box_start|>"),
    FillIn(prefix="<|im_start|>", suffix="<|endoftext|>", middle="<|im_end|>"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="experts; default: all that have a recipe")
    parser.add_argument("--base", help="the base to train on; default: the embedded one")
    parser.add_argument("--out", type=Path, default=HERE, help="folder of the experts; default: this one")
    parser.add_argument("--examples", type=int, help="at most so many of each, for a trial")
    parser.add_argument("--items", type=int, help="score on so many held-out items, for a trial")
    parser.add_argument("--no-score", action="store_true")
    parser.add_argument("--dist", type=Path, help="pack each into this folder")
    arguments = parser.parse_args()
    base = ["--base", arguments.base] if arguments.base else []
    markers = _markers(arguments.base)
    # Hidden, so that what a daemon serves from there is untouched until the new one is whole and scored.
    building = arguments.out / ".building"
    for name in arguments.names or sorted(path.parent.name for path in HERE.glob(f"*/{RECIPE}")):
        work = building / name
        folder = work / name
        if (work / DONE).exists():  # by a run that was stopped later
            continue
        if not (folder / TENSORS).exists():
            _train(name, folder, arguments.out / name, arguments.examples, markers, base)
        if not arguments.no_score:
            items = ["--items", str(arguments.items)] if arguments.items else []
            _run("-m", "experts.scoring", name, "--experts", str(work), "--write", *base, *items)
        if arguments.dist:
            arguments.dist.mkdir(parents=True, exist_ok=True)
            _run("-m", "expertd", "experts", "pack", str(folder), "-o", str(arguments.dist), *base)
        publish(folder, arguments.out / name)
        (work / DONE).touch()
    shutil.rmtree(building)


def _train(
    name: str, folder: Path, served: Path, examples: int | None, markers: FillIn | None, base: Sequence[str]
) -> None:
    """Make the data, and the expert in `folder`: the next version of what is `served`, if anything is."""
    recipe, data = read_recipe(name), folder.parent / "data.jsonl"
    _prepare(folder, recipe["expert"], markers, served)
    if examples and "examples" in recipe["data"]:
        recipe["data"]["examples"] = examples
    _run("-m", f"experts.{name}.make_data", "--out", str(data), *_flags(recipe["data"]))
    if examples:
        _cut(data, examples)
    _run("-m", "expertd", "train", str(data), "--out", str(folder), *_flags(recipe["train"]), *base)


def _cut(data: Path, lines: int) -> None:
    with data.open(encoding="utf-8") as file:
        kept = list(itertools.islice(file, lines))
    data.write_text("".join(kept), encoding="utf-8")


def _prepare(folder: Path, told: dict[str, Any], markers: FillIn | None, served: Path) -> None:
    """The recipe's part of the manifest, in a folder to be trained into."""
    version = next_version(read_manifest(served).version) if (served / FILE).exists() else "1"
    manifest = Manifest.model_validate({"name": folder.name, "version": version, **told})
    if manifest.fim and not markers:
        raise SystemExit(
            f"{folder.name}: the base has no control tokens that could tell a gap: see MARKERS in {__file__}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if manifest.fim and markers:
        told_of = manifest.fim.model_dump(include={"order"})
        manifest = manifest.model_copy(update={"fim": markers.model_copy(update=told_of)})
    write_manifest(folder, manifest)


def _markers(base: str | None) -> FillIn | None:
    settings = load_settings(base=base)
    loaded = Base(resolve(settings.base, settings.layout, cache_dir(), sys.stderr.isatty()), vocab_only=True)
    try:
        return next((markers for markers in MARKERS if _has(loaded, markers)), None)
    finally:
        loaded.close()


def _has(base: Base, markers: FillIn) -> bool:
    try:
        fill_in(base, markers, "", "")
    except InvalidRequest:
        return False
    return True


def _flags(table: dict[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield from (f"--{key.replace('_', '-')}", str(value))


def _run(*command: str) -> None:
    print("$", *command, flush=True)
    if code := subprocess.run([sys.executable, *command]).returncode:
        raise SystemExit(code)


if __name__ == "__main__":
    main()
