"""Training data: lines read and checked, and examples put together by their common prefix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from expertd.engine.base import Base
from expertd.errors import TrainingRefused
from expertd.experts.manifest import FillIn
from expertd.train.data import (
    MAX_GROUP,
    Asking,
    Example,
    Group,
    batches,
    fingerprint,
    group,
    pack,
    read,
    split,
    steps,
)
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


def texts(base, example):
    return [b"".join(base.piece(t, special=True) for t in part).decode() for part in (example.prompt, example.answer)]


def test_lines_are_read_in_order_and_empty_ones_skipped(base, write):
    path = write({"prompt": "a", "answer": "1"}, "", {"messages": [{"role": "user", "content": "b"}], "answer": "2"})
    found = read(path, base, Asking(), 100)
    assert [texts(base, example)[1] for example in found.examples] == ["1<|im_end|>", "2<|im_end|>"]
    assert not found.faults


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
        {"prefix": "a", "answer": "x"},
        {"prefix": "a", "suffix": "b", "answer": "x"},
        {"prompt": "x" * 100, "answer": "1"},
    ],
)
def test_a_wrong_line_is_told_by_its_number_and_the_others_are_read(base, write, bad):
    found = read(write({"prompt": "a", "answer": "1"}, bad, {"prompt": "b", "answer": "2"}), base, Asking(), 60)
    assert [fault.line for fault in found.faults] == [2]
    assert len(found.examples) == 2


def test_bytes_that_are_no_text_are_a_wrong_line(base, tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"prompt": "a", "answer": "1"}\n{"prompt": "\xff", "answer": "1"}\n')
    (fault,) = read(path, base, Asking(), 60).faults
    assert (fault.line, "UTF-8" in fault.reason) == (2, True)


def test_a_byte_order_mark_before_the_first_line_is_no_fault(base, tmp_path):
    (tmp_path / "pairs.jsonl").write_bytes(b'\xef\xbb\xbf{"prompt": "a", "answer": "b"}\r\n')
    found = read(tmp_path / "pairs.jsonl", base, Asking(), 100)
    assert (len(found.examples), found.faults) == (1, [])


def test_what_is_told_of_an_odd_line_can_be_printed_and_is_short(base, tmp_path):
    odd = [
        '{"prompt": "a", "answer": "b", "\\u001b[31m": 1}',
        '{"prompt": "a", "answer": "b", "' + "k" * 9999 + '": 1}',
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(odd))
    reasons = [fault.reason for fault in read(tmp_path / "pairs.jsonl", base, Asking(), 100).faults]
    assert [reason for reason in reasons if not reason.isprintable() or len(reason) > 1000] == []


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full"])
def test_a_file_that_never_ends_is_refused(base, device):
    with pytest.raises(TrainingRefused, match="device"):
        fingerprint(Path(device))
    with pytest.raises(TrainingRefused, match="device"):
        read(Path(device), base, Asking(), 100)


def test_a_file_that_is_not_there_is_refused(base, tmp_path):
    with pytest.raises(TrainingRefused, match="nothing"):
        read(tmp_path / "nothing.jsonl", base, Asking(), 60)


def test_an_example_is_the_daemons_prompt_and_the_answer_with_its_end(base, write):
    (example,) = read(write({"prompt": "the rain", "answer": "in"}), base, Asking(), 100).examples
    assert texts(base, example) == [
        "<|im_start|>user\nthe rain<|im_end|>\n<|im_start|>assistant\n",
        "in<|im_end|>",
    ]
    assert example.answer[-1] == base.eos


def test_the_manifests_system_message_and_template_make_the_prompt(base, write):
    asking = Asking("Be brief.", "Now: {{ text }}")
    (example,) = read(write({"prompt": "the rain", "answer": "in"}), base, asking, 100).examples
    assert texts(base, example)[0].startswith(
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nNow: the rain<"
    )


def test_a_gap_is_told_by_the_manifests_markers(base, write):
    asking = Asking(fim=FillIn(prefix="<|im_start|>", suffix="<|endoftext|>", middle="<|im_end|>"))
    line = {"prefix": "the <|im_end|>", "suffix": "", "answer": "rain"}
    (example,) = read(write(line), base, asking, 100).examples
    assert (example.prompt[0], example.prompt[-2], example.prompt[-1]) == (1, 0, 2)
    assert 2 not in example.prompt[1:-1]  # what stands in the text is no marker
    assert texts(base, example)[1] == "rain<|im_end|>"


@pytest.mark.parametrize(("order", "answer"), [("suffix-first", " rain"), ("prefix-first", "rain")])
def test_an_answer_that_goes_on_from_its_prompt_begins_with_the_space_before_the_gap(base, write, order, answer):
    asking = Asking(fim=FillIn(prefix="<|im_start|>", suffix="<|endoftext|>", middle="<|im_end|>", order=order))
    lines = [{"prefix": "the ", "suffix": "", "answer": "rain"}, {"prefix": "the\n", "suffix": "", "answer": "rain"}]
    spaced, bare = read(write(*lines), base, asking, 100).examples
    assert (texts(base, spaced)[1], texts(base, bare)[1]) == (f"{answer}<|im_end|>", "rain<|im_end|>")


def test_held_out_examples_have_prompts_that_are_not_trained_on():
    examples = [Example((i // 3, 1), (i,)) for i in range(300)]
    trained, held = split(examples, 0.1, 20, seed=1)
    assert len(held) == 18  # of six prompts: a seventh would be over 20
    assert not {e.prompt for e in held} & {e.prompt for e in trained}
    assert len(trained) == 300 - 18
    assert split(examples, 0.1, 20, seed=1) == (trained, held) != split(examples, 0.1, 20, seed=2)


def test_packed_examples_end_as_they_did_within_the_length_and_neighbours_share_what_is_before_them():
    examples = [Example((900 + i, 1, 2), (i,)) for i in range(64)]
    packed = pack(examples, 60, 8, seed=1)
    assert [e.answer for e in packed] == [e.answer for e in examples]
    for before, after in zip(examples, packed, strict=True):
        assert after.prompt[-3:] == before.prompt
        assert len(after.prompt) + len(after.answer) <= 60
    assert max(len(e.prompt) for e in packed) > 40
    assert len({e.prompt[:-3] for e in packed}) <= 8


def test_of_few_prompts_those_that_fit_into_the_share_are_held_out():
    examples = [Example((1,), (i,)) for i in range(90)] + [Example((2,), (i,)) for i in range(10)]
    trained, held = split(examples, 0.1, 256, seed=1)
    assert ({e.prompt for e in trained}, {e.prompt for e in held}) == ({(1,)}, {(2,)})
    assert len(held) == 10
    assert split(examples, 0, 256, seed=1) == (examples, [])


@pytest.mark.parametrize("lines", [[0] * 20, [0, 1] * 20, [0]])
def test_prompts_of_which_none_can_be_held_out_are_refused(lines):
    with pytest.raises(TrainingRefused, match="--held-out-share 0"):
        split([Example((prompt,), (i,)) for i, prompt in enumerate(lines)], 0.05, 256, seed=1)


def test_no_packed_example_has_its_own_answer_or_that_of_its_twin_before_it():
    few = [Example((900 + i,), (i,)) for i in range(8)]
    assert pack(few, 500, 8, seed=1) == few
    examples = [Example((900 + i % 10,), (i % 10,)) for i in range(60)]
    packed = pack(examples, 100, 4, seed=1)
    assert max(len(example.prompt) for example in packed) > 1
    for before, after in zip(examples, packed, strict=True):
        assert before.prompt[0] not in after.prompt[:-1]


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


def test_short_runs_behind_other_prompts_keep_what_each_shares():
    schemas = [tuple(range(1000 * i, 1000 * i + 200)) for i in range(6)]
    examples = [Example((1, *schema, 9000 + i, 2), (i,)) for schema in schemas for i in range(4)]
    groups = group(examples, 1)
    assert [one.prefix for one in groups] == [(1, *schema) for schema in schemas]
    assert [example for one in groups for example in one.examples] == examples


def test_prompts_that_share_little_stand_in_one_group():
    examples = [Example((1, 2, *range(100 * i, 100 * i + 50)), (i,)) for i in range(40)]
    (one,) = group(examples, 1)
    assert one.prefix == (1, 2)


def test_a_group_has_a_largest_size():
    assert [len(one.examples) for one in group([Example((1, 2, 3), (1,))] * (MAX_GROUP + 1), 1)] == [MAX_GROUP, 1]


def test_batches_hold_every_example_once_and_no_more_than_asked_for():
    groups = group([Example((i // 7, 1, 2), (i,) * (1 + i % 5)) for i in range(70)], 1)
    made = batches(groups, 4, seed=1)
    assert sorted(e.answer for b in made for e in b.examples) == sorted(e.answer for g in groups for e in g.examples)
    assert max(len(b.examples) for b in made) <= 4


def test_steps_hold_every_batch_once_and_end_with_the_batch_that_fills_them():
    groups = [Group((i,), (Example((i, 1), (i,) * (1 + i % 7)),) * (1 + i % 5)) for i in range(60)]
    made = steps(groups, 4, 8, 1 << 30, seed=1)
    held = sorted(batch.prefix for step in made for batch in step for _ in batch.examples)
    assert held == sorted(g.prefix for g in groups for _ in g.examples)
    for step in made:
        *before, last = (len(batch.examples) for batch in step)
        assert sum(before) < 8
        assert sum(before) + last >= 8 or len(step) == min(map(len, made))


def test_the_batches_of_a_step_cost_alike():
    groups = [Group((i,), (Example((i, 1), (i,) * (1 + 37 * i % 100)),)) for i in range(100)]
    for step in steps(groups, 4, 4, 1 << 30, seed=1):
        lengths = [len(e.answer) for batch in step for e in batch.examples]
        assert max(lengths) - min(lengths) < 4


def test_windows_of_groups_stay_in_order():
    groups = [Group((i,), (Example((i, 1), (i,)),)) for i in range(64)]
    made = [batch.prefix[0] for step in steps(groups, 4, 4, 16, seed=1) for batch in step]
    assert [i // 16 for i in made] == sorted(i // 16 for i in made)
    assert made != sorted(made)


def test_the_order_of_steps_depends_on_the_seed_alone():
    groups = group([Example((i, 1, 2), (i,)) for i in range(40)], 1)
    assert steps(groups, 4, 8, 8, seed=1) == steps(groups, 4, 8, 8, seed=1)
    assert steps(groups, 4, 8, 8, seed=1) != steps(groups, 4, 8, 8, seed=2)


def test_the_fingerprint_follows_the_contents(write):
    first = fingerprint(write({"prompt": "a", "answer": "1"}))
    assert first != fingerprint(write({"prompt": "a", "answer": "2"}))
