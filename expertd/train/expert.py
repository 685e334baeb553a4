"""A finished expert folder out of one training: progress, PEFT files, manifest with their hashes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import JsonValue
from tqdm import tqdm

from expertd.engine.context import Base
from expertd.errors import TrainingRefused
from expertd.experts.manifest import FILE, BaseBinding, Manifest, Sampling, read_manifest, write_manifest
from expertd.train.data import fingerprint
from expertd.train.trainer import Progress, Recipe, Trained, Training

FILES = ("adapter_config.json", "adapter_model.safetensors")


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


def train(job: Job, recipe: Recipe, restart: bool) -> None:
    """Train and write `job.out`. The checkpoint is removed at the end. Raises `TrainingRefused`, `ExpertRefused`."""
    manifest = _manifest(job)
    recipe = replace(recipe, system=manifest.system)
    # Hidden from the daemon's watcher until it is whole.
    work = job.out.parent / f".{job.out.name}.training"
    checkpoint = work / "checkpoint.pt"
    if restart:
        checkpoint.unlink(missing_ok=True)
    training = Training(job.base_file, job.data, work, recipe, job.threads, job.kv_budget)
    with tqdm(total=training.steps, unit="step", desc=job.out.name) as bar:

        def show(progress: Progress) -> None:
            bar.n = progress.step
            bar.set_postfix_str(
                f"loss {progress.loss:.4f}, {progress.examples_per_second:.1f} examples/s", refresh=True
            )

        trained = training.run(show, job.checkpoint_seconds)
    changes = {"training": _facts(job, recipe, trained), "sha256": {name: fingerprint(work / name) for name in FILES}}
    _publish(job.out, work, manifest.model_copy(update=changes))


def _publish(out: Path, work: Path, manifest: Manifest) -> None:
    """Each file moved into place whole, the manifest with their hashes last."""
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (work / name).replace(out / name)
    write_manifest(out, manifest)
    for path in work.iterdir():
        path.unlink()
    work.rmdir()


def _manifest(job: Job) -> Manifest:
    """A new manifest, or the one that is there with what a training decides: routing and prose stay the author's.

    Made before the training: a name or a file that is wrong is told at once.
    """
    base = Base(job.base_file, vocab_only=True)
    binding = BaseBinding(name=base.meta("general.name") or job.base_file.stem, **asdict(base.shape))
    base.close()
    decided = {"kind": "lora", "base": binding, "activation": "answer", "offset": 1}
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
        raise TrainingRefused(f"{job.out.name} cannot be an expert's name: {error}") from error


def _facts(job: Job, recipe: Recipe, trained: Trained) -> dict[str, JsonValue]:
    """What the manifest says of the training: enough to repeat it."""
    return {
        "data": fingerprint(job.data),
        "base_file": job.base_file.name,
        "base": fingerprint(job.base_file),
        "seed": recipe.seed,
        "steps": trained.steps,
        "examples": trained.examples,
        "loss": round(trained.loss, 5),
        "examples_per_second": round(trained.examples_per_second, 2),
        "rank": recipe.rank,
        "alpha": recipe.alpha,
        "learning_rate": recipe.learning_rate,
        "batch": recipe.batch,
        "micro_batch": recipe.micro_batch,
        "max_tokens": recipe.max_tokens,
        "bf16": recipe.bf16,
        "epochs": recipe.epochs,
    }
