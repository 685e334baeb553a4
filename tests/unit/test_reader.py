"""The LoRA that the router asks: shipped whole, for its own base alone."""

from __future__ import annotations

from pathlib import Path

from expertd.api.reader import load_reader
from expertd.config import cache_dir
from expertd.engine.base import Base
from expertd.experts.base_tensors import BaseTensors
from expertd.models.catalogue import resolve
from expertd.router import shipped
from expertd.router.examples import BASE
from tests.toy_base import make_talking_base

LABELS = shipped.read().classifier.labels


def test_it_says_each_label_with_a_token_of_its_own() -> None:
    path = resolve("smollm2-135m-instruct", "q4", cache_dir(), False)
    base = Base(path, vocab_only=True)
    reader = load_reader(base, BaseTensors(path), LABELS)
    base.close()
    assert reader
    assert sorted(reader.labels.values()) == sorted(LABELS)
    assert BASE in LABELS


def test_another_base_is_asked_nothing(tmp_path: Path) -> None:
    make_talking_base(tmp_path / "toy.gguf")
    base = Base(tmp_path / "toy.gguf", vocab_only=True)
    assert load_reader(base, BaseTensors(tmp_path / "toy.gguf"), LABELS) is None
    base.close()
