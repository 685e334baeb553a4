"""Makes the LoRA with which the base itself tells whom a prompt is for, asked where the router is unsure.

python -m experts.reader          its data, its training (an hour on two cores), and `weigh`
python -m experts.reader weigh    after the classifier was fitted again: how much the opinion of each counts
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from expertd.api.reader import FOLDER, LIKELY, WEIGHTS
from expertd.config import cache_dir, load_settings
from expertd.engine.base import Base
from expertd.engine.chat_template import ChatTemplate
from expertd.models.catalogue import resolve
from expertd.router import table
from expertd.router.classifier import Array, fit, softmax
from expertd.router.examples import Line
from expertd.router.features import Features
from expertd.router.reading import Reading, word
from expertd.train import data
from expertd.train.expert import MOST_HELD_OUT
from experts.routing import training_lines
from experts.scoring import daemon

TOKENS, SHARE, SEED = 768, 0.04, 1  # of the longest prompt; held out; of the split
FLAGS = {
    "kind": "lora",
    "rank": 16,
    "alpha": 32,
    "epochs": 3,
    "batch": 32,
    "micro-batch": 16,
    "learning-rate": 1e-3,
    "max-tokens": TOKENS,
    "bad-lines": "skip",  # those that are longer
    "offset": 5,  # the tokens between a message and its answer: there is something to think with
    "held-out-share": SHARE,
    "evaluations": 6,
    "patience": 0,
    "seed": SEED,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("all", "weigh"), default="all")
    lines = readable()
    with tempfile.TemporaryDirectory() as folder:
        if parser.parse_args().what == "all":
            make(lines, Path(folder))
    weigh(lines)


def readable() -> list[Line]:
    """Those that the base alone can tell: it sees no asked-for form."""
    lines = [line for line in training_lines() if line.response_format is None]
    random.Random(SEED).shuffle(lines)
    return lines


def body(line: Line) -> dict[str, Any]:
    """As a line of training data has it."""
    if line.messages is None:
        return {"prompt": line.prompt, "answer": word(line.label)}
    return {"messages": [message.model_dump() for message in line.messages], "answer": word(line.label)}


def make(lines: list[Line], work: Path) -> None:
    """Train it, and put it in 8 bits into the package."""
    written, held_out, trained = work / "data.jsonl", work / "held-out.jsonl", work / "reader"
    written.write_text("".join(json.dumps(body(line)) + "\n" for line in lines), encoding="utf-8")
    held_out.write_text("".join(json.dumps(body(line)) + "\n" for line in left_out(lines)), encoding="utf-8")
    flags = [text for name, value in FLAGS.items() for text in (f"--{name}", str(value))]
    _run("train", str(written), "--out", str(trained), *flags)
    small = ("--method", "int8", "--lose", "0.05", "--out", str(FOLDER))
    _run("experts", "optimize", str(trained), "--held-out", str(held_out), *small)


def left_out(lines: list[Line]) -> list[Line]:
    """Those that the training holds out."""
    base = _vocabulary()
    template, asking = ChatTemplate(base), data.Asking()
    examples = [data.tokenize(base, template, data.Line.model_validate(body(line)), asking) for line in lines]
    base.close()
    short = [e for e in examples if len(e.prompt) + len(e.answer) <= TOKENS]
    _, held = data.split(short, SHARE, MOST_HELD_OUT, SEED)
    prompts = {example.prompt for example in held}
    return [line for line, example in zip(lines, examples, strict=True) if example.prompt in prompts]


def weigh(lines: list[Line]) -> None:
    """Fit the weights of the two opinions to the lines that neither was fitted to."""
    features = Features(table.Table())
    names = sorted({line.label for line in lines})
    labels = np.array([names.index(line.label) for line in lines])
    vectors = np.stack([features.of(line.asked) for line in tqdm(lines, desc="vectors")])
    classifier, scores = fit(vectors, labels, names)
    classified = softmax(classifier.slope * scores + classifier.bias)
    held = [lines.index(line) for line in left_out(lines)]
    read = readings([lines[i] for i in held], names)
    truth = labels[held]
    best = min(
        ((a, b) for a in np.arange(0, 1.51, 0.05) for b in np.arange(0, 1.51, 0.05)),
        key=lambda weights: _surprise(names, classified[held], read, truth, *weights),
    )
    weights = {"classifier": round(float(best[0]), 2), "reading": round(float(best[1]), 2), "labels": names}
    for name, (a, b) in {"classifier": (1, 0), "reading": (0, 1), "both": best}.items():
        joined = _joined(names, classified[held], read, a, b)
        print(f"{name}: {(joined.argmax(1) == truth).mean():.3f} of {len(held)} are told right")
    (FOLDER / WEIGHTS).write_text(json.dumps(weights) + "\n", encoding="utf-8")


def readings(lines: list[Line], names: list[str]) -> Array:
    """What the shipped reader says, [lines, names]."""
    found = np.zeros((len(lines), len(names)), np.float32)
    base = _vocabulary()
    column_of = {base.piece(base.tokenize(word(name))[0]).decode(): i for i, name in enumerate(names)}
    base.close()
    with daemon(FOLDER.parent, route_reads=False) as client:
        for row, line in enumerate(tqdm(lines, desc="read")):
            messages = body(line).get("messages") or [{"role": "user", "content": line.prompt}]
            asked = {"model": FOLDER.name, "messages": messages, "max_tokens": 1, "temperature": 0}
            asked |= {"logprobs": True, "top_logprobs": LIKELY}
            answer = client.post("/v1/chat/completions", json=asked).raise_for_status().json()
            for token in answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
                if token["token"] in column_of:
                    found[row, column_of[token["token"]]] = np.exp(token["logprob"])
    return found


def _vocabulary() -> Base:
    settings = load_settings()
    return Base(resolve(settings.base, settings.layout, cache_dir(), True), vocab_only=True)


def _joined(names: list[str], classified: Array, read: Array, a: float, b: float) -> Array:
    rows = [
        Reading(dict(zip(names, said, strict=True)), a, b).joined(dict(zip(names, known, strict=True)))
        for said, known in zip(read, classified, strict=True)
    ]
    return np.array([[row[name] for name in names] for row in rows], np.float32)


def _surprise(names: list[str], classified: Array, read: Array, truth: Any, a: float, b: float) -> float:
    joined = _joined(names, classified, read, a, b)
    return float(-np.log(np.maximum(joined[np.arange(len(truth)), truth], 1e-9)).mean())


def _run(*command: str) -> None:
    subprocess.run([sys.executable, "-m", "expertd", *command], check=True)


if __name__ == "__main__":
    main()
