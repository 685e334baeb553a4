"""Scheduler: who gets rows in the next batch. No llama.cpp context is needed for that."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from expertd.engine.base import Base
from expertd.engine.counters import Counters, Paging
from expertd.engine.interface import Request, Sampling
from expertd.engine.scheduler import Limits, Scheduler
from expertd.engine.sequence import Sequence
from expertd.errors import EngineFailed
from expertd.experts.blend import BASE, Blend, Part
from tests.toy_base import make_talking_base

A = Blend((Part("a", "a" * 64, 1.0, 1),))
B = Blend((Part("b", "b" * 64, 1.0, 1),))
BROKEN = Blend((Part("x", "x" * 64, 1.0, 1),))


class AllAtOnce:
    """A way that lets all blends share a batch, as the mixed one does; it counts who holds what."""

    name = "all at once"

    def __init__(self):
        self.held, self.paging = [], Paging()

    def retain(self, blend, weights):
        if blend == BROKEN:
            raise EngineFailed("it cannot be loaded")
        self.held.append(blend)

    def release(self, blend):
        self.held.remove(blend)

    def choose(self, wanted, following):
        return [*wanted, *following]

    def apply(self, rows, outputs): ...

    def check(self): ...

    def close(self): ...


class OneAtATime(AllAtOnce):
    """The first that is wanted."""

    def choose(self, wanted, following):
        return tuple(wanted)[:1]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "toy.gguf"
    make_talking_base(path)
    return Base(path, vocab_only=True)


@pytest.fixture
def make(base):
    def sequence(length, blend=BASE, *, first=10, max_tokens=1000, created=None):
        prompt = tuple(range(first, first + length))
        return Sequence(Request(prompt, max_tokens, blend, sampling=Sampling(temperature=0)), base, None, created)

    return sequence


class Bench:
    """A scheduler, and what it asked of the cells."""

    def __init__(self, way=AllAtOnce, unified=True, **limits):
        self.unified = unified
        self.blending, self.owned, self.no_memory = way(), {}, False
        given = {"cells": 256, "batch": 64, "step_seconds": 0.0, "sequences": 4, "cache_bytes": 1000, **limits}
        self.limits, self.counters = Limits(**given), Counters()
        self.scheduler = Scheduler(self.limits, self.blending, self, self.counters)

    def copy_sequence(self, source, target, end):
        assert self.owned.get(source, 0) >= end
        self.owned[target] = end
        return not self.no_memory

    def remove_sequence(self, seq_id, start):
        assert self.owned.get(seq_id, 0) >= start
        self.owned[seq_id] = start

    def zero(self, seq_id):
        assert not self.owned.get(seq_id)
        return False

    def sequence_bytes(self, seq_id):
        return self.owned[seq_id]

    def save_sequence(self, seq_id):
        if self.no_memory:
            raise MemoryError
        return np.ones(self.owned[seq_id], np.uint8)

    def restore_sequence(self, seq_id, state):
        assert sum(self.owned.values()) + len(state) <= self.limits.cells
        self.owned[seq_id] = len(state)
        return True

    def step(self):
        """Schedule, and do what a worker does: compute, and draw a token where a slice ends."""
        slices = self.scheduler.schedule()
        assert (sum(s.count for s in slices) if self.unified else len(slices)) <= self.limits.batch
        for part in slices:
            part.sequence.computed += part.count
            self.owned[part.sequence.seq_id] = part.sequence.computed
            if not part.sequence.pending:
                part.sequence.tokens.append(5)
        return [(s.sequence, s.count) for s in slices]

    def rest(self):
        """What is left when all has ended: no blend held, no cell owned, every id free."""
        free = sorted(self.scheduler._free_ids) == list(range(self.limits.sequences))
        return free and self.blending.held == [] and not any(self.owned.values())


def test_a_prompt_alone_is_computed_in_whole_batches(make):
    bench, seq = Bench(), make(100)
    bench.scheduler.add(seq)
    assert bench.step() == [(seq, 64)]
    assert bench.step() == [(seq, 36)]
    assert bench.step() == [(seq, 1)]


def test_while_others_decode_a_prompt_comes_in_chunks(make):
    bench, old, new = Bench(), make(5), make(100, first=150)
    bench.scheduler.add(old)
    bench.step()
    bench.scheduler.add(new)
    assert bench.step() == [(old, 1), (new, 16)]


def test_what_was_forced_comes_at_once_alone_and_in_chunks_while_others_decode(make):
    bench, old, forced = Bench(), make(5), make(6)
    bench.scheduler.add(forced)
    bench.step()
    forced.tokens += [7] * 40
    assert bench.step() == [(forced, 41)]
    bench.scheduler.add(old)
    bench.step()
    forced.tokens += [7] * 40
    assert dict(bench.step()) == {forced: 17, old: 1}
    assert dict(bench.step()) == {forced: 17, old: 1}


def test_a_prompt_that_ends_within_twice_a_steps_time_is_not_cut(make):
    bench, old, new = Bench(), make(5), make(33, first=150)
    bench.scheduler.add(old)
    bench.step()
    bench.scheduler.add(new)
    assert bench.step() == [(old, 1), (new, 33)]


@pytest.mark.parametrize(("unified", "first"), [(True, 24), (False, 60)])
def test_prompts_that_are_batches_of_their_own_share_no_limit(make, unified, first):
    bench, seqs = Bench(unified=unified), [make(40), make(60, first=150)]
    for seq in seqs:
        bench.scheduler.add(seq)
    assert bench.step() == [(seqs[0], 40), (seqs[1], first)]


def running_ids(bench):
    return sorted(seq.seq_id for seq in bench.scheduler.running)


def test_where_cells_are_not_unified_those_that_run_move_together(make):
    bench, seqs = Bench(unified=False, sequences=6), [make(5 + i, first=50 * i) for i in range(6)]
    for seq in seqs:
        bench.scheduler.add(seq)
    bench.step()
    by_id = sorted(seqs, key=lambda seq: seq.seq_id)
    bench.scheduler.finish(by_id[1], keep=False)
    bench.scheduler.finish(by_id[4], keep=False)
    before = {seq: seq.seq_id for seq in bench.scheduler.running}
    assert len(bench.step()) == 4
    ids = running_ids(bench)
    assert ids == list(range(ids[0], ids[0] + 4))
    moved = [seq for seq in before if seq.seq_id != before[seq]]
    assert len(moved) == 1
    assert moved[0].computed == min(by_id[0].computed, by_id[5].computed)  # the shorter one of the two at the ends
    for seq in seqs:
        bench.scheduler.finish(seq, keep=False)
    assert bench.rest()


def test_one_that_cannot_be_moved_stays_where_it_is(make):
    bench, seqs = Bench(unified=False, sequences=3), [make(5, first=50 * i) for i in range(3)]
    for seq in seqs:
        bench.scheduler.add(seq)
    bench.step()
    bench.scheduler.finish(min(seqs, key=lambda seq: abs(seq.seq_id - 1)), keep=False)
    bench.no_memory = True
    assert len(bench.step()) == 2
    assert running_ids(bench) == [0, 2]


def test_all_blends_share_a_batch_where_the_way_allows_it(make):
    bench, seqs = Bench(), [make(5, blend, first=50 * i) for i, blend in enumerate((BASE, A, B))]
    for seq in seqs:
        bench.scheduler.add(seq)
    assert bench.step() == [(seq, 5) for seq in seqs]
    assert bench.step() == [(seq, 1) for seq in seqs]


def test_a_slice_ends_where_the_blend_changes_unless_both_may_run(make):
    bench, seq = Bench(OneAtATime), make(10, A)
    bench.scheduler.add(seq)
    assert bench.step() == [(seq, 9)]
    assert bench.step() == [(seq, 1)]


def test_no_more_run_than_allowed_and_the_others_follow_in_order(make):
    bench, seqs = Bench(sequences=2), [make(5, first=50 * i) for i in range(4)]
    for seq in seqs:
        bench.scheduler.add(seq)
    bench.step()
    assert bench.scheduler.running == seqs[:2]
    bench.scheduler.finish(seqs[0], keep=True)
    bench.step()
    assert bench.scheduler.running == [seqs[1], seqs[2]]


def test_short_work_is_admitted_ahead_of_long(make):
    bench = Bench(sequences=1)
    running, long, short = (make(5, max_tokens=n, created=0.0) for n in (500, 500, 10))
    for seq in (running, long):
        bench.scheduler.add(seq)
    bench.step()
    bench.scheduler.add(short)
    bench.scheduler.finish(running, keep=False)
    bench.step()
    assert bench.scheduler.running == [short]
    assert bench.scheduler.waiting == [long]


def test_a_short_prompt_is_computed_ahead_of_a_long_one_that_has_begun(make):
    bench, long, short = Bench(), make(200, created=0.0), make(20, first=300, max_tokens=10, created=0.0)
    bench.scheduler.add(long)
    bench.step()
    bench.scheduler.add(short)
    assert bench.step() == [(short, 20), (long, 44)]


def test_a_short_prompt_still_waits_for_its_like_that_has_begun(make):
    bench, long, short = Bench(cells=512), make(200, created=0.0), make(120, max_tokens=10, created=0.0)
    bench.scheduler.add(long)
    bench.step()
    bench.scheduler.add(short)
    assert bench.step() == [(long, 64)]
    bench.step()
    assert short.cached == 119


def test_a_prompt_that_is_cached_is_short(make):
    bench = Bench(sequences=1, cells=512)
    first, other, again = make(100, created=0.0), make(80, first=300, created=0.0), make(110, created=0.0)
    bench.scheduler.add(first)
    bench.step()
    bench.step()
    bench.scheduler.finish(first, keep=True)
    bench.scheduler.add(other)
    bench.scheduler.add(again)
    bench.step()
    assert bench.scheduler.running == [again]


@pytest.mark.parametrize(
    ("most", "wait"), [(200, 0.2), (400, 0.4), (8000, 0.5)]
)  # an endless answer counts as a long one
def test_under_an_endless_stream_of_short_ones_a_long_one_gets_its_turn(make, most, wait):
    """Twenty short ones a second come, and as many are served."""
    bench, long, now = Bench(sequences=1), make(5, first=50, max_tokens=most, created=0.0), 0.0
    bench.scheduler.add(long)
    bench.scheduler.add(make(5, max_tokens=10, created=0.0))
    while bench.scheduler.waiting[0] is not long or bench.scheduler.running:
        bench.step()
        now += 0.05
        assert now < 10
        bench.scheduler.add(make(5, max_tokens=10, created=now))
        bench.scheduler.finish(bench.scheduler.running[0], keep=False)
    assert now == pytest.approx(wait, abs=0.1)
    bench.step()
    assert bench.scheduler.running == [long]


def test_a_prompt_like_a_kept_one_starts_behind_it(make):
    bench, first, second = Bench(), make(20), make(30)
    bench.scheduler.add(first)
    bench.step()
    bench.scheduler.finish(first, keep=True)
    bench.scheduler.add(second)
    assert bench.step() == [(second, 10)]
    assert second.cached == 20


def test_a_prompt_like_a_running_one_starts_behind_it(make):
    bench, first, second = Bench(), make(20), make(20)
    bench.scheduler.add(first)
    bench.step()
    bench.scheduler.add(second)
    bench.step()
    assert second.cached == 19  # the last one's logits are needed


def test_another_blend_takes_over_the_bases_part_only(make):
    bench, first, second = Bench(), make(20, A), make(20, B)
    bench.scheduler.add(first)
    bench.step()
    bench.scheduler.finish(first, keep=True)
    bench.scheduler.add(second)
    bench.step()
    assert second.cached == 19


def test_an_ended_sequence_leaves_its_cells_and_can_be_gone_on_from(make):
    bench, first = Bench(cells=256), make(150)
    bench.scheduler.add(first)
    for _ in range(4):
        bench.step()
    bench.scheduler.finish(first, keep=True)
    assert bench.rest()
    other, second = make(90, first=500), make(200)
    for seq in (other, second):
        bench.scheduler.add(seq)
        bench.step()
    assert second not in bench.scheduler.running  # no room yet for both
    bench.scheduler.finish(other, keep=False)
    bench.step()
    assert second.cached == 150


@pytest.mark.parametrize(("running", "cached"), [(30, 49), (45, 0)])  # the 60 are put back whole before they are cut
def test_a_cached_prefix_that_finds_no_room_is_computed_instead(make, running, cached):
    bench, long, other, again = Bench(cells=100), make(60), make(running, first=500), make(50)
    bench.scheduler.add(long)
    bench.step()
    bench.scheduler.finish(long, keep=True)
    bench.scheduler.add(other)
    bench.step()
    bench.scheduler.add(again)
    bench.step()
    assert again.cached == cached
    assert again.computed > cached


@pytest.mark.parametrize(("common", "cached"), [(2, 0), (10, 10)])
def test_a_long_entry_is_not_put_back_for_a_few_tokens_in_common(make, common, cached):
    bench, long = Bench(cells=2000, batch=1000, cache_bytes=2000), make(600)
    bench.scheduler.add(long)
    bench.step()
    bench.scheduler.finish(long, keep=True)
    seq = make(common)
    seq.tokens += [7] * 30
    bench.scheduler.add(seq)
    bench.step()
    assert seq.cached == cached


def test_kv_that_cannot_be_saved_is_let_go_of(make):
    bench, seq = Bench(), make(20)
    bench.no_memory = True
    bench.scheduler.add(seq)
    bench.step()
    bench.scheduler.finish(seq, keep=True)
    assert bench.rest()
    assert len(bench.scheduler.cache) == 0


def test_the_last_to_be_due_gives_way_and_comes_back_when_there_is_room(make):
    bench, old, young = Bench(cells=100), make(40), make(40, first=500)
    bench.scheduler.add(old)
    bench.scheduler.add(young)
    while young in bench.scheduler.running or not young.tokens[40:]:
        bench.step()
    assert bench.scheduler.running == [old]
    assert bench.scheduler.waiting == [young]
    bench.step()  # and does not come in and go out for ever
    assert bench.scheduler.running == [old]
    done = len(young.tokens)
    bench.scheduler.finish(old, keep=False)
    assert bench.step() == [(young, 1)]  # from where it was, out of the cache
    assert len(young.tokens) == done + 1


def test_a_waiting_request_that_finds_no_room_is_not_begun(make):
    bench, old, new = Bench(cells=100), make(60), make(60, first=500)
    bench.scheduler.add(old)
    bench.scheduler.add(new)
    bench.step()
    assert bench.scheduler.running == [old]


def test_a_blend_that_cannot_be_had_is_handed_back_and_the_next_is_served(make):
    bench, bad, good = Bench(), make(5, BROKEN), make(5)
    bench.scheduler.add(bad)
    bench.scheduler.add(good)
    assert bench.step() == [(good, 5)]
    assert [(seq, str(error)) for seq, error in bench.scheduler.refused] == [(bad, "it cannot be loaded")]
    bench.scheduler.finish(good, keep=False)
    assert bench.rest()


def test_a_waiting_request_can_be_cancelled(make):
    bench, seqs = Bench(sequences=1), [make(5), make(5)]
    for seq in seqs:
        bench.scheduler.add(seq)
    bench.step()
    bench.scheduler.finish(seqs[1], keep=True)
    bench.scheduler.finish(seqs[0], keep=True)
    bench.scheduler.finish(seqs[0], keep=True)  # twice does no harm
    assert not bench.scheduler.has_work
    assert bench.rest()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("unified", [True, False])
@pytest.mark.parametrize("way", [AllAtOnce, OneAtATime])
def test_whatever_happens_no_id_is_lost_and_the_cells_are_never_overdrawn(make, way, unified, seed):
    rng = random.Random(seed)
    bench, seqs = Bench(way, unified, cells=120, sequences=3, cache_bytes=rng.choice([0, 100, 1000])), []
    for _ in range(120):
        if rng.random() < 0.3:
            seqs.append(make(rng.randint(1, 100), rng.choice([BASE, A, B, BROKEN]), first=rng.choice([10, 60])))
            bench.scheduler.add(seqs[-1])
        if seqs and rng.random() < 0.1:
            bench.scheduler.finish(rng.choice(seqs), keep=True)
        bench.step()
        assert bench.scheduler.cells_used <= 120
        for seq in [s for s in bench.scheduler.running if s.generated >= 12 or len(s.tokens) >= 120]:
            bench.scheduler.finish(seq, keep=True)
    for seq in seqs:
        bench.scheduler.finish(seq, keep=False)
    assert bench.rest()


def test_equal_prompts_that_come_together_are_computed_once(make):
    bench, seqs = Bench(cells=512), [make(100, blend) for blend in (BASE, BASE, A)]
    for seq in seqs:
        bench.scheduler.add(seq)
    first = seqs[0]
    assert [bench.step(), bench.step()] == [[(first, 64)], [(first, 36)]]
    bench.step()
    assert [seq.cached for seq in seqs] == [0, 99, 99]


def test_a_prompt_does_not_wait_for_one_whose_blend_has_no_turn(make):
    """The first has come to its own blend's rows, and the base's rows that the second begins with are chosen."""

    class BaseFirst(AllAtOnce):
        def choose(self, wanted, following):
            return [BASE] if BASE in wanted else wanted

    far = Blend((replace(A.parts[0], offset=40),))  # active over the last 40 prompt tokens
    bench, seqs = Bench(BaseFirst, batch=60, cells=512), [make(100, far), make(100, far)]
    bench.scheduler.add(seqs[0])
    assert bench.step() == [(seqs[0], 60)]
    bench.scheduler.add(seqs[1])
    bench.step()  # takes over the first's 60 tokens, after which both want the same
    assert seqs[1].cached == 60
    assert bench.step() == [(seqs[0], 40), (seqs[1], 20)]


def test_tokens_reused_are_counted_by_where_they_came_from(make):
    bench, seqs = Bench(), [make(20), make(30), make(25)]
    bench.scheduler.add(seqs[0])
    bench.step()
    bench.scheduler.finish(seqs[0], keep=True)
    for seq in seqs[1:]:
        bench.scheduler.add(seq)
        bench.step()
    assert bench.counters.asked_tokens == 19 + 29 + 24
    assert bench.counters.reused_from_memory == 20
    assert bench.counters.reused_from_cells == 24


def test_a_preempted_sequence_asks_for_its_tokens_once(make):
    bench, old, young = Bench(cells=100), make(40), make(40, first=500)
    bench.scheduler.add(old)
    bench.scheduler.add(young)
    while young in bench.scheduler.running or not young.tokens[40:]:
        bench.step()
    bench.scheduler.finish(old, keep=False)
    bench.step()
    assert young.computed > 40
    assert (bench.counters.preemptions, bench.counters.asked_tokens) == (1, 78)
    assert bench.counters.reused_from_memory == 0


def test_short_of_memory_the_cache_shrinks_first_and_nothing_waits(make):
    bench, old, new = Bench(), make(20), make(20, first=100)
    bench.scheduler.add(old)
    bench.step()
    bench.scheduler.finish(old, keep=True)
    bench.scheduler.add(make(20, first=50))
    bench.step()
    bench.scheduler.save_memory(20)
    assert len(bench.scheduler.cache) == 0
    bench.scheduler.add(new)
    bench.step()
    assert new in bench.scheduler.running


def test_where_the_cache_is_not_enough_requests_run_alone_and_keep_nothing(make):
    bench, seqs = Bench(), [make(20, first=50 * i) for i in range(3)]
    bench.scheduler.save_memory(1)
    for seq in seqs:
        bench.scheduler.add(seq)
    bench.step()
    assert bench.scheduler.running == seqs[:1]
    bench.scheduler.finish(seqs[0], keep=True)
    assert len(bench.scheduler.cache) == 0
    bench.step()
    assert bench.scheduler.running == seqs[1:2]
    bench.scheduler.save_memory(0)
    bench.step()
    assert bench.scheduler.running == seqs[1:]


def test_of_an_activated_experts_answer_the_bases_part_is_kept(make):
    bench, seq = Bench(), make(20, A)
    bench.scheduler.add(seq)
    for _ in range(3):
        bench.step()
    bench.scheduler.finish(seq, keep=True)
    assert bench.scheduler.cache.used == 19
    assert bench.rest()


def test_work_in_the_background_is_done_in_small_steps_and_kept(make):
    bench, seq = Bench(batch=256), make(140)
    bench.scheduler.add_background(seq)
    assert not bench.scheduler.has_work
    bench.scheduler.begin_background()
    assert [bench.step() for _ in range(3)] == [[(seq, 64)], [(seq, 64)], [(seq, 12)]]
    assert bench.scheduler.serving == 0
    bench.scheduler.finish(seq, keep=True)
    assert (bench.scheduler.serving, bench.scheduler.has_work, bench.scheduler.cache.used) == (0, False, 140)
    assert bench.rest()


def test_work_in_the_background_gives_way_with_what_it_has_done(make):
    bench, seq, client = Bench(batch=256, sequences=1), make(140), make(100)
    bench.scheduler.add_background(seq)
    bench.scheduler.begin_background()
    bench.step()
    bench.scheduler.add(client)
    assert bench.step() == [(client, 36)]  # behind the 64
    assert (bench.scheduler.running, bench.scheduler.serving) == ([client], 1)
    assert not bench.scheduler.waiting
    bench.scheduler.finish(client, keep=False)
    assert bench.rest()


def test_the_background_forgets_its_oldest_and_is_idle_without_a_cache(make):
    bench = Bench()
    seqs = [make(5, first=20 * i) for i in range(9)]
    for seq in seqs:
        bench.scheduler.add_background(seq)
    assert list(bench.scheduler.background) == seqs[1:]
    bench = Bench(cache_bytes=0)
    bench.scheduler.add_background(seqs[0])
    assert not bench.scheduler.background


def test_an_identity_grows_with_its_sequence(make):
    seq, other = make(20, A), make(20, A)
    start = seq.identity()
    assert len(start) == 20
    for token in (5, 6, 7):
        seq.tokens.append(token)
        other.tokens.append(token)
        grown = seq.identity()
    assert (grown[:20] == start).all()
    assert (grown == other.identity()).all()
    number = int(start[19] >> 32)
    assert (grown >> 32).tolist() == [0] * 19 + [number] * 4
    assert number
