"""Several LoRAs made one: their sum, exactly or to a lower rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from expertd.engine.base import Base
from expertd.errors import ExpertRefused, TrainingRefused
from expertd.experts.files import check_folder
from expertd.experts.manifest import Manifest, read_manifest
from expertd.experts.tensors import MAX_RANK, BaseShape
from expertd.train.folder import binding, check_name
from expertd.train.lora import Pairs, as_stored, cut, joined, read_lora, spectrum


@dataclass(frozen=True)
class Part:
    """One of the experts, with the scale that it has in the blend."""

    folder: Path
    scale: float = 1.0

    @property
    def told(self) -> str:
        return self.folder.name if self.scale == 1 else f"{self.folder.name}:{self.scale:g}"


@dataclass(frozen=True)
class Fused:
    """`exact` is the parts' sum, `pairs` what is written: the same, or of a lower rank."""

    manifest: Manifest
    shape: BaseShape
    parts: Mapping[str, tuple[Manifest, Pairs]]  # by name
    exact: Pairs
    pairs: Pairs


def fuse(base_file: Path, parts: Sequence[Part], name: str, rank: int | None) -> Fused:
    """One expert called `name` that is the blend of `parts`; its layers have `rank` at most.

    Raises `ExpertRefused`, and `TrainingRefused` that names those that cannot be one.
    """
    check_name(name)
    base = Base(base_file, vocab_only=True)
    shape, base_name = base.shape, base.meta("general.name") or base_file.stem
    base.close()
    for part in parts:
        check_folder(part.folder)  # a manifest is made for any name
    manifests = [read_manifest(part.folder) for part in parts]
    _check(manifests)
    read = {part.folder.name: read_lora(part.folder, shape, base_file)[:2] for part in parts}
    scales = [part.scale * manifest.scale for part, manifest in zip(parts, manifests, strict=True)]
    exact = joined((pairs, scale) for (_, pairs), scale in zip(read.values(), scales, strict=True))
    pairs = exact
    if rank:
        factors = {path: spectrum(pair) for path, pair in exact.items()}
        pairs = cut(factors, {path: min(rank, len(values)) for path, (_, values, _) in factors.items()})
    elif (most := max(len(a) for a, _ in exact.values())) > MAX_RANK:
        raise TrainingRefused(f"together they have rank {most}, and {MAX_RANK} is served: give a --rank")
    manifest = _manifest(manifests, parts, name).model_copy(update={"base": binding(base_name, shape)})
    return Fused(manifest, shape, read, exact, pairs)


def losses(fused: Fused, base_file: Path, name: str, held_out: Path, threads: int) -> dict[str, float]:
    """The loss on an expert's held-out examples: of it alone, of the exact sum, and of what is written."""
    from expertd.train.score import Scorer  # here: to join matrices needs no torch

    manifest, own = fused.parts[name]
    told: dict[str, float] = {}
    # Each as it is asked: the system message and the template of the fused one may be another expert's.
    for asked, versions in (
        (manifest, {"alone": own}),
        (fused.manifest, {"exact": fused.exact, "written": as_stored(fused.pairs, False)}),
    ):
        scorer = Scorer(base_file, next(iter(versions.values())), asked, held_out, threads)
        try:
            told |= {version: scorer.score(pairs, f"{name}: {version}").loss for version, pairs in versions.items()}
        finally:
            scorer.close()
    return told


def _check(manifests: Sequence[Manifest]) -> None:
    """Raises `TrainingRefused` for experts that no fused one can stand for, `ExpertRefused` for those that conflict."""
    names = [manifest.name for manifest in manifests]
    if len(set(names)) != len(names):
        raise TrainingRefused(f"{' and '.join(names)}: name each once, with the sum of the scales")
    for manifest in manifests:
        if lacking := [name for name in manifest.requires if name not in names]:
            raise ExpertRefused(
                f"{manifest.name} requires {', '.join(lacking)}, as its manifest says: fuse it as well."
            )
    for one, other in combinations(manifests, 2):
        if other.name in one.conflicts or one.name in other.conflicts:
            raise ExpertRefused(f"{one.name} and {other.name} conflict, as their manifests say: no blend has both.")
        if _active(one) != _active(other):
            raise TrainingRefused(
                f"{one.name} is active from {_active(one)} on, and {other.name} from {_active(other)}: one expert "
                "cannot be both. Ask for them as a blend."
            )


def _active(manifest: Manifest) -> str:
    return "the first token" if manifest.activation == "always" else f"{manifest.offset} before the prompt's end"


def _manifest(manifests: Sequence[Manifest], parts: Sequence[Part], name: str) -> Manifest:
    """As a blend of them is asked: by the first that says something."""
    told = [part.told for part in parts]
    fields: dict[str, Any] = {
        "name": name,
        "version": "1",
        "description": f"{' and '.join(told)} in one",
        "licence": ", ".join(dict.fromkeys(m.licence for m in manifests if m.licence)),
        "kind": "lora",
        "activation": manifests[0].activation,
        "offset": manifests[0].offset,
        "conflicts": tuple(dict.fromkeys(other for m in manifests for other in m.conflicts if other != name)),
        "training": {"fused": told},
    }
    for field in ("system", "template", "fim", "grammar"):
        fields[field] = next((value for m in manifests if (value := getattr(m, field)) is not None), None)
    return Manifest(**fields, sampling=manifests[0].sampling)
