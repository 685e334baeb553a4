"""A finished expert folder out of one training: progress, PEFT files, picture, manifest with what was measured."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
from tqdm import tqdm

from expertd.engine.base import Base
from expertd.errors import CannotWrite, ExpertRefused, TrainingRefused, TrainingStopped, shown
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.int8_adapter import INT8
from expertd.experts.manifest import FILE, Manifest, Sampling, read_manifest, write_manifest
from expertd.experts.package import PICTURE
from expertd.experts.peft_adapter import TENSORS
from expertd.experts.tensors import BaseShape
from expertd.experts.weights import read_weights
from expertd.train import checkpoint, curve
from expertd.train.checkpoint import FILE as CHECKPOINT
from expertd.train.data import Asking, Example, Found, fingerprint, read, split
from expertd.train.folder import binding, check_name, next_version, publish
from expertd.train.interrupt import noted
from expertd.train.machine import Machine
from expertd.train.recipe import Identity, Recipe, digest, identify
from expertd.train.start import check_start
from expertd.train.trainee import FILES
from expertd.train.trainer import Progress, Trained, Training

FEW_STEPS = 20
FEW_HELD_OUT = 20
LEAST_ANSWER = 64  # tokens that a new expert may always answer with
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

    Raises `TrainingRefused`, `TrainingStopped`, `ExpertRefused`, `CannotWrite`.
    """
    _check_room(job.out)
    if shown(job.description) != job.description:
        raise TrainingRefused("--description: give one line of text, of at most 1,000 characters")
    manifest = _manifest(job, recipe)
    recipe = replace(recipe, asking=_asking(manifest))
    if job.start:
        check_start(job.start, job.base_file, recipe, manifest)
        recipe = replace(recipe, start=fingerprint(job.start / TENSORS))
    # Hidden from the daemon's watcher until it is whole; on the same disk, also where --out is a link.
    out = job.out.resolve()
    work = out.parent / f".{out.name}.training"
    identity = identify(job.base_file, job.data, job.held_out, recipe)
    identity["heldout_share"] = job.held_out_share
    if recipe.kind == "prompt":  # which begins as the description's tokens
        identity["description"] = manifest.description
    done = manifest.training.get("recipe") == digest(identity)
    if done and not restart and not (work / CHECKPOINT).exists():
        raise TrainingRefused(f"{job.out} is the result of just this training. Give --restart to do it again.")
    examples, held_out, told = _examples(job, recipe, manifest.description)
    with _alone(work, job.out):
        if restart:
            checkpoint.remove(work)
        training = Training(
            job.base_file, examples, held_out, work, recipe, identity, job.machine, job.start, tuple(told)
        )
        _warn_of_few(training.steps, len(held_out))
        trained = _run(job, training)
        _check_better(job, trained)
        _publish(job, training, trained, work / out.name, _told_of(job, recipe, identity, examples))
        shutil.rmtree(work, ignore_errors=True)
    click.echo(_told(job, trained))


def _told_of(job: Job, recipe: Recipe, identity: Identity, examples: Sequence[Example]) -> Manifest:
    """The manifest of what was trained: with what its author wrote meanwhile, and how it was made.

    Raises `TrainingRefused` where that asks for another training.
    """
    manifest = _manifest(job, recipe)
    if _asking(manifest) != recipe.asking:
        raise TrainingRefused(
            f"{job.out / FILE}: `system`, `template` or `fim` was changed while the expert was trained. Put back what "
            "was there and give the command again, which is at its end; or give --restart."
        )
    sampling = manifest.sampling
    if sampling.max_tokens is None and not manifest.training:
        # One that is asked for what it never learned may find no end.
        longest = max(len(example.answer) for example in examples)
        sampling = sampling.model_copy(update={"max_tokens": max(LEAST_ANSWER, 2 * longest)})
    return manifest.model_copy(update={"sampling": sampling, "training": _facts(job, identity)})


def _asking(manifest: Manifest) -> Asking:
    return Asking(manifest.system, manifest.template, manifest.fim)


@contextmanager
def _alone(work: Path, out: Path) -> Iterator[None]:
    """In the folder of a training, which is made where it is not, while no other process has it.

    Raises `CannotWrite`, and `TrainingRefused` where another has.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)  # before the work, not after a minute of it
        folder = os.open(work, os.O_RDONLY)
    except OSError as error:
        raise CannotWrite(
            f"{work} cannot be made: {error.strerror}. Give another --out, or mend its folder."
        ) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(folder)
        raise TrainingRefused(
            f"{out} is being trained by another process: wait for it, or give another --out"
        ) from error
    try:
        yield
    finally:
        os.close(folder)


def _check_better(job: Job, trained: Trained) -> None:
    """Raises `TrainingRefused` where nothing was learned that helps on what is held out."""
    if trained.held_out and trained.before and trained.held_out.loss >= trained.before.loss:
        raise TrainingRefused(
            f"{job.out} is as it was: the held-out loss was never lower than at the start, {trained.before.loss:.4f}. "
            "Give a lower --learning-rate, or more data like what is held out, and --restart; with --held-out-share 0 "
            "the last weights are taken, whatever they are."
        )


def _publish(job: Job, training: Training, trained: Trained, made: Path, manifest: Manifest) -> None:
    """What was trained, whole and checked, in the place of `job.out`. Raises `TrainingRefused`, `TrainingStopped`."""
    try:
        shutil.rmtree(made, ignore_errors=True)  # of an earlier run that came no further
        training.save(made)
        hashes = {name: fingerprint(made / name) for name in FILES}
        changes = {"training": {**manifest.training, **_result(trained)}, "sha256": hashes}
        curve.draw(made / PICTURE, job.out.name, training.curve, training.held_out_curve)
        write_manifest(made, manifest.model_copy(update=changes))
        _check_made(job, made)
        publish(made, job.out.resolve())
    except OSError as error:
        raise TrainingStopped(
            f"{job.out} cannot be written: {error.strerror or error}. Make room, and give the command again."
        ) from error


def _check_made(job: Job, made: Path) -> None:
    """Raises `TrainingRefused` for what a daemon would refuse: it takes nobody's place."""
    try:
        manifest = read_manifest(made)
        assert manifest.base  # a training binds it
        shape = BaseShape(**manifest.base.model_dump(exclude={"name"}))
        read_weights(made, manifest, shape, BaseTensors(job.base_file))
    except ExpertRefused as error:
        raise TrainingRefused(
            f"{job.out} is as it was, for what was trained cannot be served: {error.faults[0]} "
            "Where numbers are NaN: give a lower --learning-rate, and --restart."
        ) from error


def _check_room(out: Path) -> None:
    """Raises `TrainingRefused` where what is trained would make no expert with what is there."""
    if out.exists() and not out.is_dir():
        raise TrainingRefused(f"{out} is no folder. Give another --out.")
    names = sorted(path.name for path in out.iterdir()) if out.exists() else []
    others = [name for name in names if name == INT8 or (name.endswith(".gguf") and not name.startswith("."))]
    if others:
        raise TrainingRefused(
            f"{out} holds {others[0]}, and an expert has one set of weights. Give another --out, or move it elsewhere."
        )


def _examples(job: Job, recipe: Recipe, description: str) -> tuple[list[Example], list[Example], list[int]]:
    """What is trained on, what is held out, and the description's tokens."""
    base = Base(job.base_file, vocab_only=True)
    try:
        _check_context(base, recipe)
        # Whatever --max-tokens says, no request can be longer than the context.
        limit = min(recipe.max_tokens, base.number("context_length") or recipe.max_tokens)
        examples = _sound(job.data, read(job.data, base, recipe.asking, limit), job.skip_faults)
        told = base.tokenize(description)
        if job.held_out:
            found = read(job.held_out, base, recipe.asking, limit)
            held_out = _sound(job.held_out, found, job.skip_faults)
            _warn_of_known(examples, held_out)
            return examples, held_out, told
        return *split(examples, job.held_out_share, MOST_HELD_OUT, recipe.seed), told
    finally:
        base.close()


def _warn_of_known(examples: Sequence[Example], held_out: Sequence[Example]) -> None:
    trained = {example.prompt for example in examples}
    if known := sum(example.prompt in trained for example in held_out):
        click.echo(
            f"{known} of {len(held_out)} held-out prompts are trained on too: the score will be better than it should",
            err=True,
        )


def _warn_of_few(steps: int, held_out: int) -> None:
    if steps < FEW_STEPS:
        click.echo(f"only {steps} steps: that teaches little. Give more --epochs, or a smaller --batch.", err=True)
    if 0 < held_out < FEW_HELD_OUT:
        click.echo(
            f"only {held_out} examples are held out: what is scored on them says little. "
            "Give --held-out FILE, or a larger --held-out-share.",
            err=True,
        )


def _check_context(base: Base, recipe: Recipe) -> None:
    context = base.number("context_length")
    for flag, tokens in (("--pack", recipe.pack), ("--positions", recipe.positions)):
        if tokens > context > 0:
            raise TrainingRefused(f"{flag} {tokens} is beyond the base's context of {context} tokens. Give less.")


def _sound(path: Path, found: Found, skip: bool) -> list[Example]:
    """The examples; what is wrong is listed, and refused unless `skip`."""
    listed = "".join(f"\n  {path}:{fault.line}: {fault.reason}" for fault in found.faults[:SHOWN_FAULTS])
    if len(found.faults) > SHOWN_FAULTS:
        listed += f"\n  and {len(found.faults) - SHOWN_FAULTS} more"
    kinds = Counter(fault.kind for fault in found.faults)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    lines = len(found.examples) + len(found.faults)
    counted = f"{len(found.faults)} of {lines} lines cannot be trained on ({told})"
    if found.faults and not skip:
        raise TrainingRefused(f"{path}: {counted}. Mend them, or give --bad-lines skip.{listed}")
    if found.faults:
        click.echo(f"{path}: {counted}: left out.{listed}", err=True)
    if not found.examples:
        raise TrainingRefused(f"{path} holds no examples: one JSON object a line, with `prompt` and `answer`")
    return found.examples


def _run(job: Job, training: Training) -> Trained:
    """Train under a progress bar."""
    bar = tqdm(total=training.steps, initial=training.done, unit="step", desc=job.out.name)
    with bar, noted() as interrupted:

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


def _manifest(job: Job, recipe: Recipe) -> Manifest:
    """A new manifest, or the one that is there, or that of the start, with what a training decides.

    Routing and prose stay the author's.

    Made before the training: a name or a file that is wrong is told at once.
    """
    base = Base(job.base_file, vocab_only=True)
    bound = binding(base.meta("general.name") or job.base_file.stem, base.shape)
    base.close()
    decided = {"kind": recipe.kind, "base": bound, "activation": "answer", "offset": recipe.offset}
    origin = job.out if (job.out / FILE).exists() else job.start
    if origin != job.out:
        check_name(job.out.name)
    if origin:
        manifest = read_manifest(origin)
        if manifest.scale != 1:
            raise TrainingRefused(
                f"{origin / FILE} has a scale of {manifest.scale:g}, and an expert is trained and scored at 1. "
                "Leave it out, and set it afterwards."
            )
        if manifest.training or origin != job.out:  # not just prose, which waits for its weights
            decided["version"] = next_version(manifest.version)
        decided |= {"name": job.out.name, "description": job.description or manifest.description}
        return manifest.model_copy(update=decided)
    about = {"name": job.out.name, "version": "1", "description": job.description, "licence": ""}
    return Manifest.model_validate({**about, "sampling": Sampling(temperature=0), **decided})


def _facts(job: Job, identity: Identity) -> Identity:
    """What the manifest says of how it was trained: enough to repeat it."""
    # The modules are in the adapter's own file, the prompt's making elsewhere in the manifest.
    told = {
        key: value
        for key, value in identity.items()
        if key not in ("modules", "description") and not key.startswith("asking") and value not in (None, 0, 0.0)
    }
    return {"base_file": job.base_file.name, **told, "recipe": digest(identity)}


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
