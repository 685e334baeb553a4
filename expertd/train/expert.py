"""A finished expert folder out of one training: progress, PEFT files, manifest with their hashes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
from tqdm import tqdm

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.experts.manifest import FILE, BaseBinding, Manifest, Sampling, read_manifest, write_manifest
from expertd.train.data import fingerprint
from expertd.train.trainer import WEIGHTS, Identity, Progress, Recipe, Trained, Training, identify

FEW_STEPS = 20
FILES = ("adapter_config.json", WEIGHTS)


@dataclass(frozen=True)
class Job:
    """Where a training reads and writes, and what it may use. Nothing here changes the result."""

    base_file: Path
    data: Path
    out: Path
    description: str
    threads: int
    kv_budget: int  # bytes
    checkpoint_seconds: float
    start: Path | None = None  # folder of an expert whose weights the training begins with


def train(job: Job, recipe: Recipe, restart: bool) -> None:
    """Train and write `job.out`. The checkpoint is removed at the end. Raises `TrainingRefused`, `ExpertRefused`."""
    manifest = _manifest(job, recipe.offset)
    recipe = replace(recipe, system=manifest.system, start=fingerprint(job.start / WEIGHTS) if job.start else None)
    # Hidden from the daemon's watcher until it is whole.
    work = job.out.parent / f".{job.out.name}.training"
    checkpoint = work / "checkpoint.pt"
    if restart:
        checkpoint.unlink(missing_ok=True)
    identity = identify(job.base_file, job.data, recipe)
    facts = _facts(job, identity)
    if not restart and not checkpoint.exists() and facts.items() <= manifest.training.items():
        raise TrainingRefused(f"{job.out} is the result of just this training. Give --restart to do it again.")
    training = Training(job.base_file, job.data, work, recipe, identity, job.threads, job.kv_budget, job.start)
    if training.steps < FEW_STEPS:
        click.echo(
            f"only {training.steps} steps: that teaches little. Give more --epochs, or a smaller --batch.", err=True
        )
    with tqdm(total=training.steps, unit="step", desc=job.out.name) as bar, _interruptible() as interrupted:

        def show(progress: Progress) -> bool:
            bar.n = progress.step
            bar.set_postfix_str(
                f"loss {progress.loss:.4f}, {progress.examples_per_second:.1f} examples/s", refresh=True
            )
            return not interrupted.is_set()

        trained = training.run(show, job.checkpoint_seconds)
    if trained is None:
        click.echo("stopped; the same command goes on from here", err=True)
        raise KeyboardInterrupt
    changes = {
        "training": {**facts, **_result(trained)},
        "sha256": {name: fingerprint(work / name) for name in FILES},
    }
    _publish(job.out, work, manifest.model_copy(update=changes))


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
    for name in FILES:
        (work / name).replace(out / name)
    write_manifest(out, manifest)
    for path in work.iterdir():
        path.unlink()
    work.rmdir()


def _manifest(job: Job, offset: int) -> Manifest:
    """A new manifest, or the one that is there with what a training decides: routing and prose stay the author's.

    Made before the training: a name or a file that is wrong is told at once.
    """
    base = Base(job.base_file, vocab_only=True)
    binding = BaseBinding(name=base.meta("general.name") or job.base_file.stem, **asdict(base.shape))
    base.close()
    decided = {"kind": "lora", "base": binding, "activation": "answer", "offset": offset}
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
    # The modules are in the adapter's own file, the system message elsewhere in the manifest.
    told = {key: value for key, value in identity.items() if key not in ("modules", "system") and value is not None}
    return {"base_file": job.base_file.name, **told}


def _result(trained: Trained) -> Identity:
    return {
        "steps": trained.steps,
        "examples": trained.examples,
        "loss": round(trained.loss, 5),
        "examples_per_second": round(trained.examples_per_second, 2),
    }
