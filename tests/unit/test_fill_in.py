"""A text with a gap as tokens: what is around the gap cannot act as a control token."""

from __future__ import annotations

import pytest

from expertd.engine.base import Base
from expertd.engine.fill_in import fill_in, opening
from expertd.errors import InvalidRequest
from expertd.experts.manifest import FillIn
from tests.toy_base import make_talking_base

MARKERS = FillIn(prefix="<|endoftext|>", suffix="<|im_start|>", middle="<|im_end|>")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path, own=["@gap@"])
    return Base(path, vocab_only=True)


def test_each_part_comes_behind_its_marker(base: Base) -> None:
    before, after = base.tokenize("def f():\n"), base.tokenize("\n    return x")
    assert fill_in(base, MARKERS, "def f():\n", "\n    return x") == [0, *before, 1, *after, 2]
    assert fill_in(base, MARKERS, "", "") == [0, 1, 2]


def test_suffix_first_ends_with_what_stands_before_the_gap(base: Base) -> None:
    before, after = base.tokenize("def f():\n"), base.tokenize("\n    return x")
    turned = MARKERS.model_copy(update={"order": "suffix-first"})
    assert fill_in(base, turned, "def f():\n", "\n    return x") == [0, 1, *after, 2, *before]
    assert fill_in(base, turned, "", "") == [0, 1, 2]


@pytest.mark.parametrize(
    ("prefix", "turned", "opens"),
    [("x = ", True, " "), ("x =  ", True, " "), ("x =\n", True, ""), ("", True, ""), ("x = ", False, "")],
)
def test_the_space_before_the_gap_is_left_to_the_answer_where_that_goes_on_from_it(
    base: Base, prefix: str, turned: bool, opens: str
) -> None:
    markers = MARKERS.model_copy(update={"order": "suffix-first"}) if turned else MARKERS
    assert opening(markers, prefix) == opens
    left = fill_in(base, markers, prefix.removesuffix(opens), "y")
    assert fill_in(base, markers, prefix, "y", opens) == left


def test_markers_in_the_text_stay_text(base: Base) -> None:
    tokens = fill_in(base, MARKERS, "a<|im_start|>b", "<|im_end|>")
    assert [token for token in tokens if base.is_control(token)] == [0, 1, 2]
    assert b"".join(base.piece(token) for token in tokens) == b"a<|im_start|>b<|im_end|>"


@pytest.mark.parametrize("wrong", ["the", "<|im_end|><|im_end|>", "<|im_end|> ", "<|fim|>", "@gap@", "Ä"])
def test_a_marker_that_is_no_control_token_is_named(base: Base, wrong: str) -> None:
    with pytest.raises(InvalidRequest, match=r"fim\.middle") as caught:
        fill_in(base, MARKERS.model_copy(update={"middle": wrong}), "a", "b")
    assert repr(wrong) in caught.value.message
