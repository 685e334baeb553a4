"""A finished expert folder out of one training: progress, PEFT files, picture, manifest with what was measured."""

from __future__ import annotations

import shutil
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
from tqdm import tqdm

from expertd.engine.base import Base
from expertd.errors import TrainingRefused, TrainingStopped
from expertd.experts.manifest import FILE, BaseBinding, Manifest, Sampling, read_manifest, write_manifest
from expertd.experts.package import PICTURE
from expertd.train import curve
from expertd.train.data import Asking, Example, Fault, Found, fingerprint, read, split
from expertd.train.trainee import FILES, WEIGHTS
from expertd.train.trainer import Identity, Machine, Progress, Recipe, Trained, Training, identify

FEW_STEPS = 20
SHOWN_FAULTS = 10
MOST_HELD_OUT = 256  # where they are split off: looks at them take time


@dataclass(frozen=True)
class Job:
    """Where a training reads and writes, and what it may use."""

    base_file: Path
    data: Path
    out: Path
    description: str
    machine: Machine
    checkpoint_seconds: float
    held_out: Path | None = None
    held_out_share: float = 0.0  # of the data, where there is no file of its own
    skip_faults: bool = False
    start: Path | None = None  # folder of an expert whose weights the training begins with


def train(job: Job, recipe: Recipe, restart: bool) -> None:
    """Train and write `job.out`. The checkpoint is removed at the end.

    Raises `TrainingRefused`, `TrainingStopped`, `ExpertRefused`.
    """
    manifest = _manifest(job, recipe)
    asking = Asking(manifest.system, manifest.template, manifest.fim)
    start = fingerprint(job.start / WEIGHTS) if job.start else None
    recipe = replace(recipe, asking=asking, start=start)
    # Hidden from the daemon's watcher until it is whole.
    work = job.out.parent / f".{job.out.name}.training"
    if restart:
        shutil.rmtree(work, ignore_errors=True)
    identity = identify(job.base_file, job.data, job.held_out, recipe)
    identity["heldout_share"] = job.held_out_share
    facts = _facts(job, identity)
    if not (restart or work.exists()) and facts.items() <= manifest.training.items():
        raise TrainingRefused(f"{job.out} is the result of just this training. Give --restart to do it again.")
    examples, held_out, told = _examples(job, recipe)
    training = Training(job.base_file, examples, held_out, work, recipe, identity, job.machine, job.start, tuple(told))
    if training.steps < FEW_STEPS:
        click.echo(
            f"only {training.steps} steps: that teaches little. Give more --epochs, or a smaller --batch.", err=True
        )
    trained = _run(job, training)
    training.save()
    changes = {
        "training": {**facts, **_result(trained)},
        "sha256": {name: fingerprint(work / name) for name in FILES},
    }
    try:
        curve.draw(work / PICTURE, job.out.name, training.curve, training.held_out_curve)
        _publish(job.out, work, manifest.model_copy(update=changes))
    except OSError as error:
        raise TrainingStopped(
            f"{job.out} cannot be written: {error.strerror}. Make room, and give the command again."
        ) from error
    click.echo(_told(job, trained))


def _examples(job: Job, recipe: Recipe) -> tuple[list[Example], list[Example], list[int]]:
    """What is trained on, what is held out, and the description's tokens."""
    base = Base(job.base_file, vocab_only=True)
    try:
        examples = _sound(job.data, read(job.data, base, recipe.asking, recipe.max_tokens), job.skip_faults)
        told = base.tokenize(job.description)
        if job.held_out:
            found = read(job.held_out, base, recipe.asking, recipe.max_tokens)
            return examples, _sound(job.held_out, found, job.skip_faults), told
        return *split(examples, job.held_out_share, MOST_HELD_OUT, recipe.seed), told
    finally:
        base.close()


def _sound(path: Path, found: Found, skip: bool) -> list[Example]:
    """The examples; what is wrong is listed, and refused unless `skip`."""
    listed = "".join(f"\n  {path}:{fault.line}: {fault.reason}" for fault in found.faults[:SHOWN_FAULTS])
    if len(found.faults) > SHOWN_FAULTS:
        listed += f"\n  and {len(found.faults) - SHOWN_FAULTS} more"
    counted = _counted(found.faults, len(found.examples))
    if found.faults and not skip:
        raise TrainingRefused(f"{path}: {counted}. Mend them, or give --bad-lines skip.{listed}")
    if found.faults:
        click.echo(f"{path}: {counted}: left out.{listed}", err=True)
    if not found.examples:
        raise TrainingRefused(f"{path} holds no examples: one JSON object a line, with `prompt` and `answer`")
    return found.examples


def _counted(faults: Sequence[Fault], good: int) -> str:
    kinds = Counter(
        "too long" if "over the limit" in f.reason else "with an empty answer" if "is empty" in f.reason else "broken"
        for f in faults
    )
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return f"{len(faults)} of {good + len(faults)} lines cannot be trained on ({told})"


def _run(job: Job, training: Training) -> Trained:
    """Train under a progress bar, the picture drawn anew with each look at the held-out examples."""
    with tqdm(total=training.steps, unit="step", desc=job.out.name) as bar, _interruptible() as interrupted:

        def show(progress: Progress) -> bool:
            bar.n = progress.step
            held_out = "" if progress.held_out is None else f", held out {progress.held_out:.4f}"
            bar.set_postfix_str(
                f"loss {progress.loss:.4f}{held_out}, {progress.examples_per_second:.1f} examples/s", refresh=True
            )
            return not interrupted.is_set()

        trained = training.run(show, job.checkpoint_seconds)
    if trained is None:
        click.echo("stopped; the same command goes on from here", err=True)
        raise KeyboardInterrupt
    if trained.steps < training.steps:
        click.echo(f"stopped at step {trained.steps}: the held-out loss became no better", err=True)
    return trained


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Ctrl-C is noted, and obeyed between steps: within one, the weights are in between too."""
    interrupted = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _publish(out: Path, work: Path, manifest: Manifest) -> None:
    """Each file moved into place whole, the manifest with their hashes last."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (*FILES, PICTURE):
        (work / name).replace(out / name)
    write_manifest(out, manifest)
    shutil.rmtree(work)


def _manifest(job: Job, recipe: Recipe) -> Manifest:
    """A new manifest, or the one that is there with what a training decides: routing and prose stay the author's.

    Made before the training: a name or a file that is wrong is told at once.
    """
    base = Base(job.base_file, vocab_only=True)
    binding = BaseBinding(name=base.meta("general.name") or job.base_file.stem, **asdict(base.shape))
    base.close()
    decided = {"kind": recipe.kind, "base": binding, "activation": "answer", "offset": recipe.offset}
    if (job.out / FILE).exists():
        manifest = read_manifest(job.out)
        return manifest.model_copy(update={**decided, "description": job.description or manifest.description})
    try:
        return Manifest.model_validate(
            {
                "name": job.out.name,
                "version": "1",
                "description": job.description,
                "licence": "",
                "sampling": Sampling(temperature=0),
                **decided,
            }
        )
    except ValueError as error:
        raise TrainingRefused(
            f"{job.out.name!r} cannot be an expert's name: 1 to 32 of a-z, 0-9 and -, a letter first. Change --out."
        ) from error


def _facts(job: Job, identity: Identity) -> Identity:
    """What the manifest says of how it was trained: enough to repeat it."""
    # The modules are in the adapter's own file, the prompt's making elsewhere in the manifest.
    told = {
        key: value
        for key, value in identity.items()
        if key != "modules" and not key.startswith("asking") and value not in (None, 0, 0.0)
    }
    return {"base_file": job.base_file.name, **told}


def _result(trained: Trained) -> Identity:
    made: Identity = {
        "steps": trained.steps,
        "examples": trained.examples,
        "loss": round(trained.loss, 5),
        "examples_per_second": round(trained.examples_per_second, 2),
        "bf16": trained.bf16,
    }
    if trained.held_out and trained.before:
        made["held_out"] = {**asdict(trained.held_out), "before": asdict(trained.before)}
    return made


def _told(job: Job, trained: Trained) -> str:
    """The last line: what came out, on what it was not trained on."""
    if not (trained.held_out and trained.before):
        return f"{job.out}: loss {trained.loss:.4f}"
    after, before = trained.held_out, trained.before
    return (
        f"{job.out}: on {after.examples} held-out examples loss {before.loss:.3f} -> {after.loss:.3f}, "
        f"word for word right {before.exact:.0%} -> {after.exact:.0%}"
    )
