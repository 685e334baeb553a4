"""Training data: lines read and checked, and examples put together by their common prefix."""

from __future__ import annotations

import json

import pytest

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.train.data import MAX_GROUP, Example, batches, fingerprint, group, read_lines, tokenize
from tests.toy_base import make_talking_base


@pytest.fixture
def write(tmp_path):
    def lines(*items):
        path = tmp_path / "data.jsonl"
        path.write_text("\n".join(item if isinstance(item, str) else json.dumps(item) for item in items))
        return path

    return lines


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return Base(path, vocab_only=True)


def test_lines_are_read_in_order_and_empty_ones_skipped(write):
    path = write({"prompt": "a", "answer": "1"}, "", {"messages": [{"role": "user", "content": "b"}], "answer": "2"})
    assert [line.answer for line in read_lines(path)] == ["1", "2"]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        {"answer": "x"},
        {"prompt": "a"},
        {"prompt": "a", "answer": " "},
        {"prompt": "a", "messages": [], "answer": "x"},
        {"prompt": "a", "answer": "x", "other": 1},
        {"prompt": 1, "answer": "x"},
    ],
)
def test_a_wrong_line_is_named_by_its_number(write, bad):
    with pytest.raises(TrainingRefused, match=":2: "):
        read_lines(write({"prompt": "a", "answer": "1"}, bad))


def test_a_file_without_examples_or_not_there_is_refused(write, tmp_path):
    with pytest.raises(TrainingRefused, match="no examples"):
        read_lines(write(""))
    with pytest.raises(TrainingRefused, match="nothing"):
        read_lines(tmp_path / "nothing.jsonl")


def test_an_example_is_the_daemons_prompt_and_the_answer_with_its_end(base, write):
    (example,) = tokenize(base, read_lines(write({"prompt": "the rain", "answer": "in"})), None, 100)
    said = [b"".join(base.piece(t, special=True) for t in part) for part in (example.prompt, example.answer)]
    assert said == [b"<|im_start|>user\nthe rain<|im_end|>\n<|im_start|>assistant\n", b"in<|im_end|>"]
    assert example.answer[-1] == base.eos


def test_an_example_over_the_limit_is_refused(base, write):
    with pytest.raises(TrainingRefused, match="example 1"):
        list(tokenize(base, read_lines(write({"prompt": "x" * 100, "answer": "1"})), None, 50))


@pytest.mark.parametrize("offset", [1, 7])
def test_every_group_shares_its_prefix_and_leaves_each_prompt_its_active_part(offset):
    examples = [Example((*range(200), *range(i, 9)), (i,)) for i in range(5)] + [Example((7, 8, 9), (1,))]
    groups = group(examples, offset)
    assert [example for one in groups for example in one.examples] == examples
    assert len(groups) == 2
    for one in groups:
        for example in one.examples:
            assert example.prompt[: len(one.prefix)] == one.prefix
            assert len(one.prefix) <= max(0, len(example.prompt) - offset)


def test_equal_prompts_share_all_but_the_last_token():
    (one,) = group([Example((1, 2, 3), (i,)) for i in range(3)], 1)
    assert one.prefix == (1, 2)


def test_a_group_has_a_largest_size():
    assert [len(one.examples) for one in group([Example((1, 2, 3), (1,))] * (MAX_GROUP + 1), 1)] == [MAX_GROUP, 1]


def test_batches_hold_every_example_once_and_no_more_than_asked_for():
    groups = group([Example((i // 7, 1, 2), (i,) * (1 + i % 5)) for i in range(70)], 1)
    made = batches(groups, 4, 3, seed=1)
    assert sorted(e.answer for b in made for e in b.examples) == sorted(e.answer for g in groups for e in g.examples)
    assert max(len(b.examples) for b in made) <= 4


def test_the_order_of_batches_depends_on_the_seed_alone():
    groups = group([Example((i, 1, 2), (i,)) for i in range(40)], 1)
    assert batches(groups, 4, 8, seed=1) == batches(groups, 4, 8, seed=1)
    assert batches(groups, 4, 8, seed=1) != batches(groups, 4, 8, seed=2)


def test_the_fingerprint_follows_the_contents(write):
    first = fingerprint(write({"prompt": "a", "answer": "1"}))
    assert first != fingerprint(write({"prompt": "a", "answer": "2"}))
