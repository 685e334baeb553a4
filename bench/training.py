"""Examples a second of `expertd train` and of PEFT with the transformers Trainer: same data, recipe, machine.

Both train LoRA with the same rank, modules, batches, learning rates ("LoRA+") and schedule, loss on the answers alone,
from the same base; the Trainer in bf16 where the processor has it, with examples of like length together. Loss is a
token's, on the same held-out examples.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import get_peft_model
from peft.optimizers import create_loraplus_optimizer
from transformers import AutoModelForCausalLM, GgufConfig, Trainer, TrainingArguments

from bench.between_markers import ROOT
from expertd.config import cache_dir, load_settings
from expertd.engine.base import Base
from expertd.models.catalogue import resolve
from expertd.train import data
from expertd.train.machine import Machine
from expertd.train.precision import has_fast_bf16
from expertd.train.recipe import Recipe
from expertd.train.trainee import B_RATIO, adapter_config
from expertd.train.trainer import Training

BAR = 4.0
HELD_OUT = 64
Examples = list[data.Example]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+", help="JSONL files; each is measured by itself")
    parser.add_argument("--examples", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--offset", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    arguments = parser.parse_args()
    settings = load_settings()
    base_file = resolve(settings.base, settings.layout, cache_dir(), True)
    recipe = Recipe(
        epochs=arguments.epochs,
        offset=arguments.offset,
        learning_rate=arguments.learning_rate,
        precision="auto",
        patience=0,
        evaluations=1,
    )
    found = {}
    for path in arguments.data:
        trained, held_out = _examples(base_file, path, arguments.examples)
        ours = _ours(base_file, trained, held_out, recipe, settings.threads)
        theirs = _theirs(base_file, trained, held_out, recipe)
        lengths = [sum(len(part) for part in parts) / len(trained) for parts in zip(*map(_parts, trained), strict=True)]
        found[path.stem] = {"expertd": ours, "trainer": theirs, "ratio": ours[0] / theirs[0], "tokens": lengths}
        print(
            f"{path.stem}: prompts of {lengths[0]:.0f} and answers of {lengths[1]:.0f} tokens, {recipe.epochs} epochs: "
            f"{ours[0]:.2f} examples/s at loss {ours[1]:.3f}, Trainer {theirs[0]:.2f} at {theirs[1]:.3f}: "
            f"ratio {ours[0] / theirs[0]:.1f}, bar {BAR:g}; loss {ours[1] / theirs[1] - 1:+.1%}"
        )
    path = ROOT / "bench" / "results" / "training.json"
    path.write_text(json.dumps({"bar": BAR, "files": found}, indent=1) + "\n")


def _parts(example: data.Example) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return example.prompt, example.answer


def _examples(base_file: Path, path: Path, count: int) -> tuple[Examples, Examples]:
    base = Base(base_file, vocab_only=True)
    found = data.read(path, base, data.Asking(), 1024).examples
    base.close()
    if len(found) < count + HELD_OUT:
        raise SystemExit(f"{path} has {len(found)} examples: {count} to train on and {HELD_OUT} held out are needed")
    return found[:count], found[-HELD_OUT:]


def _ours(base_file: Path, trained: Examples, held_out: Examples, recipe: Recipe, threads: int) -> tuple[float, float]:
    """Examples a second of the training alone, and the held-out loss a token."""
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(threads=threads)
        training = Training(base_file, trained, held_out, Path(folder), recipe, {}, machine)
        timed: list[float] = []

        def note(progress: Any) -> bool:
            timed.append(progress.examples_per_second)
            return True

        done = training.run(note, checkpoint_seconds=1e9)
        assert done
        assert done.held_out
        return timed[-1], done.held_out.loss


def _theirs(base_file: Path, trained: Examples, held_out: Examples, recipe: Recipe) -> tuple[float, float]:
    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(recipe.seed)
    base = AutoModelForCausalLM.from_pretrained(
        str(base_file.parent),
        gguf_file=base_file.name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
        local_files_only=True,
    )
    config = adapter_config("lora", recipe.rank, recipe.alpha, recipe.modules, 0)
    model = get_peft_model(base, config)
    optimizer = create_loraplus_optimizer(
        model, torch.optim.AdamW, lr=recipe.learning_rate, loraplus_lr_ratio=B_RATIO, betas=(0.9, 0.99)
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=recipe.micro_batch,
            gradient_accumulation_steps=recipe.batch // recipe.micro_batch,
            num_train_epochs=recipe.epochs,
            lr_scheduler_type="cosine",
            warmup_steps=0.03,
            train_sampling_strategy="group_by_length",
            bf16=has_fast_bf16(),
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=False,
        )
        trainer = Trainer(
            model,
            arguments,
            train_dataset=[_labelled(e) for e in trained],
            data_collator=_collated,
            optimizers=(optimizer, None),
        )
        began = time.monotonic()
        trainer.train()
        speed = recipe.epochs * len(trained) / (time.monotonic() - began)
    return speed, _loss(model, held_out)


def _labelled(example: data.Example) -> dict[str, Any]:
    ids = [*example.prompt, *example.answer]
    return {"input_ids": ids, "labels": [-100] * len(example.prompt) + list(example.answer), "length": len(ids)}


def _collated(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Right-padded."""
    width = max(len(row["input_ids"]) for row in rows)

    def padded(key: str, fill: int) -> list[list[int]]:
        return [list(row[key]) + [fill] * (width - len(row[key])) for row in rows]

    mask = [[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in rows]
    made = {"input_ids": padded("input_ids", 0), "labels": padded("labels", -100), "attention_mask": mask}
    return {key: torch.tensor(value) for key, value in made.items()}


@torch.no_grad()
def _loss(model: Any, examples: Examples) -> float:
    """Cross-entropy a token of the answers, the adapter on every token, as it was trained."""
    total = 0.0
    for example in examples:
        row = _labelled(example)
        logits = model(input_ids=torch.tensor([row["input_ids"]])).logits[0, len(example.prompt) - 1 : -1]
        total += torch.nn.functional.cross_entropy(logits, torch.tensor(example.answer), reduction="sum").item()
    return total / sum(len(e.answer) for e in examples)


if __name__ == "__main__":
    main()
