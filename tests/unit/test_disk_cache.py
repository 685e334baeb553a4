"""DiskCache: what is in the folder, what may be believed of it, and how much there may be."""

from __future__ import annotations

import logging
import os
import stat
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expertd.engine import disk_cache
from expertd.engine.disk_cache import DiskCache
from expertd.engine.identity import BlendNumbers, from_portable, portable
from expertd.engine.prefix_cache import PrefixCache
from expertd.errors import ConfigError

BASE_FILE, OTHER_FILE = b"b" * 16, b"o" * 16
A, B = "a" * 64, "b" * 64


def ids(*tokens):
    return np.array(tokens, np.int64)


def state(number, size=1000):
    return np.full(size, number, np.uint8)


def write(folder, *entries, budget=10**6, fingerprint=BASE_FILE):
    """What a daemon leaves: entries are an identity, a number, and when it was used, later or earlier than now."""
    now = time.time()
    cache = DiskCache(folder, budget, fingerprint)
    cache.close((ids(*identity), state(number), now + ago) for identity, number, ago in entries)
    assert not cache._writer.is_alive()


def read(folder, *tokens, fingerprint=BASE_FILE):
    """The number in the state that another daemon finds, and the length in common."""
    cache = DiskCache(folder, 10**6, fingerprint)
    stored, length = cache.find(ids(*tokens))
    found = cache.read(stored) if stored else None
    cache.close(())
    assert found is None or len(found) == 1000
    return (None if found is None else int(found[0])), length


def files(folder):
    return sorted(folder.iterdir())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "prefixes"


# ---- identities out of their process


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.sampled_from([None, A, B])), min_size=1, max_size=40))
def test_an_identity_is_the_same_in_a_process_that_numbers_blends_otherwise(tokens):
    ours, theirs = BlendNumbers(), BlendNumbers()
    theirs.number("c" * 64)

    def identity(numbers):
        return ids(*(token | (numbers.number(blend) << 32 if blend else 0) for token, blend in tokens))

    there = from_portable(portable(identity(ours), ours), theirs)
    assert there.tolist() == identity(theirs).tolist()


def test_a_forgotten_blend_gets_a_new_number_and_cannot_be_told():
    numbers = BlendNumbers(most=2)
    old = numbers.number(A)
    assert [numbers.number(key) for key in (B, A, "c" * 64)] == [2, old, 3]  # B was asked for longest ago
    assert portable(ids(7 | (2 << 32)), numbers) is None
    assert numbers.number(B) == 4


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_bytes_that_are_no_identity_are_refused_or_read_whole(data):
    try:
        identity = from_portable(data)
    except ValueError:
        return
    assert portable(identity)[-4 * len(identity) :] == data[-4 * len(identity) :]


# ---- files


def test_what_a_daemon_leaves_the_next_one_finds(folder):
    write(folder, ((1, 2, 3), 7, 0), ((1, 5), 8, 0))
    assert read(folder, 1, 2, 9) == (7, 2)
    assert read(folder, 1, 5, 6) == (8, 2)
    assert read(folder, 4) == (None, 0)


def test_two_daemons_that_run_find_what_the_other_writes(folder):
    ours = DiskCache(folder, 10**6, BASE_FILE)
    assert ours.find(ids(1, 2)) == (None, 0)
    write(folder, ((1, 2, 3), 7, 0))
    stored, length = ours.find(ids(1, 2))
    assert (length, int(ours.read(stored)[0])) == (2, 7)
    for file in files(folder):
        file.unlink()
    assert ours.find(ids(1, 2)) == (None, 0)
    ours.close(())


def test_files_are_private(folder):
    folder.mkdir(mode=0o755)
    write(folder, ((1, 2, 3), 7, 0))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in files(folder)] == [0o600]


def test_files_of_another_base_are_not_looked_at(folder, caplog):
    write(folder, ((1, 2, 3), 7, 0))
    assert read(folder, 1, 2, 3, fingerprint=OTHER_FILE) == (None, 0)
    assert read(folder, 1, 2, 3) == (7, 3)
    assert not caplog.records


def flip(at):
    def damage(file):
        data = bytearray(file.read_bytes())
        data[at] ^= 1
        file.write_bytes(data)

    return damage


def rename_from_another_base(file):
    data, name = file.read_bytes(), file.name
    file.unlink()
    (file.parent / name).write_bytes(data.replace(BASE_FILE, OTHER_FILE))


@pytest.mark.parametrize(
    "damage",
    [
        *(pytest.param(flip(at), id=f"byte {at}") for at in (0, 10, 25, 30, 40, 60, 90, 100, -1000, -1)),
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:-1]), id="a byte short"),
        pytest.param(lambda file: file.write_bytes(file.read_bytes() + b"x"), id="a byte long"),
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:20]), id="without its head"),
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
        pytest.param(rename_from_another_base, id="of another base"),
    ],
)
def test_a_damaged_file_is_dropped_and_reported_and_others_are_found(folder, damage, caplog):
    write(folder, ((1, 2, 3), 7, 0))
    damage(files(folder)[0])
    write(folder, ((8, 9), 4, 0))
    with caplog.at_level(logging.WARNING):
        assert read(folder, 1, 2, 3)[0] is None
    assert [record.getMessage().count("is dropped") for record in caplog.records] == [1]
    assert read(folder, 8, 9) == (4, 2)
    assert len(files(folder)) == 1


def test_of_two_that_begin_alike_to_the_end_of_the_shorter_the_longer_is_kept(folder):
    write(folder, ((1, 2, 3), 7, 0), ((1, 2), 8, 0))
    write(folder, ((1, 2, 3, 4), 9, 0))
    assert read(folder, 1, 2) == (9, 2)
    assert len(files(folder)) == 1


def test_over_budget_what_was_used_longest_ago_is_deleted(folder):
    write(folder, ((1,), 1, -30), ((2,), 2, -10), ((3,), 3, -20))
    one = files(folder)[0].stat().st_size
    write(folder, ((4,), 4, -5), ((5,), 5, -40), budget=3 * one)
    assert [read(folder, token)[0] for token in range(1, 6)] == [None, 2, 3, 4, None]
    assert sum(file.stat().st_size for file in files(folder)) <= 3 * one


def test_to_be_read_is_to_be_used(folder):
    write(folder, ((1,), 1, -30), ((2,), 2, -10))
    read(folder, 1)
    write(folder, ((3,), 3, 0), budget=2 * files(folder)[0].stat().st_size)
    assert [read(folder, token)[0] for token in (1, 2, 3)] == [1, None, 3]


def test_what_a_killed_daemon_left_half_written_ages_like_the_rest(folder):
    write(folder, ((1,), 1, 0))
    one = files(folder)[0].stat().st_size
    left = folder / "tmpabc.part"
    left.write_bytes(bytes(one))
    os.utime(left, (1, 1))
    (folder / "notes.txt").write_bytes(bytes(10 * one))  # not ours
    write(folder, ((2,), 2, 0), budget=2 * one)
    assert not left.exists()
    assert (folder / "notes.txt").exists()
    assert [read(folder, token)[0] for token in (1, 2)] == [1, 2]


def test_a_folder_that_takes_no_file_is_reported(folder, caplog):
    cache = DiskCache(folder, 10**6, BASE_FILE)
    folder.rmdir()
    folder.write_text("")
    cache.close([(ids(1, 2), state(1), time.time())])
    assert "takes no file" in caplog.text


def test_a_folder_that_cannot_be_made_stops_the_start(folder):
    folder.write_text("")
    with pytest.raises(ConfigError, match="disk_cache_mb"):
        DiskCache(folder, 10**6, BASE_FILE)


def test_a_stopping_daemon_writes_for_a_while_only(folder, monkeypatch):
    monkeypatch.setattr(disk_cache, "FLUSH", 0.2)
    cache = DiskCache(folder, 10**6, BASE_FILE)
    write_one = cache._write
    monkeypatch.setattr(cache, "_write", lambda job: (time.sleep(0.05), write_one(job)))
    started = time.monotonic()
    cache.close((ids(i), state(i), time.time() - i) for i in range(100))
    assert time.monotonic() - started < 2
    assert read(folder, 0) == (0, 1)


# ---- both tiers


def keep(cache, identity, number):
    cache.keep(ids(*identity), 1000, lambda: state(number))


def test_what_leaves_memory_comes_back_from_disk(folder):
    cache = PrefixCache(2000, DiskCache(folder, 10**6, BASE_FILE))
    for token in range(1, 5):
        keep(cache, (token, 9), token)
    end = time.monotonic() + 10
    while len(list(folder.glob("*.kv"))) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert cache.find(ids(1, 9)) == (None, 0)
    stored, length = cache.find_on_disk(ids(1, 9, 5))
    assert (length, int(cache.load(stored).state[0])) == (2, 1)
    assert cache.find(ids(1, 9))[1] == 2
    assert cache.find_on_disk(ids(1, 9)) == (None, 0)  # memory has as much
    assert (cache.used, len(cache)) == (2000, 2)
    cache.close()
    assert [read(folder, token, 9) for token in range(1, 5)] == [(token, 2) for token in range(1, 5)]


def test_what_is_over_the_budget_of_memory_is_not_loaded(folder):
    write(folder, ((1, 2, 3), 7, 0))
    cache = PrefixCache(500, DiskCache(folder, 10**6, BASE_FILE))
    assert cache.load(cache.find_on_disk(ids(1, 2))[0]) is None
    assert len(cache) == 0
    cache.close()
