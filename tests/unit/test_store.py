"""What the experts folder serves, and how it follows what happens to the files."""

import asyncio
import os
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gguf
import numpy as np
import pytest

from expertd.api.service import Choice, Service
from expertd.errors import ExpertRefused, InvalidRequest, Overloaded, UnknownModel
from expertd.experts.base_tensors import BaseTensors
from expertd.experts.blend import BASE
from expertd.experts.manifest import Manifest
from expertd.experts.residents import Residents
from expertd.experts.store import Store
from expertd.experts.tensors import Array, Weights
from expertd.experts.watcher import Watcher
from expertd.experts.weights import read_weights
from tests.fixtures import TINY, make_peft_folder, peft_tensors

BOUND = {"name": "toy", "architecture": "llama", "n_embd": 32, "n_layer": 2}


@pytest.fixture
def experts(tmp_path: Path) -> Path:
    folder = tmp_path / "experts"
    folder.mkdir()
    return folder


def scanned(folder: Path) -> Store:
    store = Store(folder, TINY)
    store.scan()
    return store


def served(store: Store) -> list[str]:
    return [entry.name for entry in store.entries() if entry.served]


@contextmanager
def no_file_may_be_opened() -> Iterator[None]:
    """Whatever opens one gets EMFILE."""
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- one scan


def test_experts_stay_while_the_process_has_too_many_open_files(
    experts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_peft_folder(experts / "good", manifest={})
    store = scanned(experts)
    with no_file_may_be_opened():
        assert not store.scan()
        assert not store.scan()
    assert served(store) == ["good"]
    assert [r.message for r in caplog.records if "too many open files" in r.message.lower()] == [
        f"{experts} cannot be looked at (Too many open files): what it had stays"
    ]
    assert store.scan()


def test_what_came_and_went_while_no_file_could_be_opened_is_seen_afterwards(
    experts: Path, watch: Callable[[Path], Store]
) -> None:
    make_peft_folder(experts / "old", manifest={})
    made = make_peft_folder(experts.parent / "new", manifest={})
    store = watch(experts)
    assert within(5, lambda: served(store) == ["old"])
    with no_file_may_be_opened():
        (experts / "old").rename(experts.parent / "away")
        made.rename(experts / "new")
        time.sleep(2)
        assert served(store) == ["old"]
    assert within(5, lambda: served(store) == ["new"])


def test_every_kind_of_expert_folder_is_found_and_nothing_else(experts: Path) -> None:
    make_peft_folder(experts / "whole", manifest={"base": BOUND})
    make_peft_folder(experts / "unbound", manifest={})
    make_peft_folder(experts / "bare")
    make_peft_folder(experts / ".hidden")
    make_peft_folder(experts / "_draft")
    (experts / "data").mkdir()
    (experts / "data" / "pairs.jsonl").write_text("{}")
    (experts / "README.md").write_text("not an expert")
    store = scanned(experts)
    warnings = {entry.name: entry.warning for entry in store.entries()}
    assert list(warnings) == ["bare", "unbound", "whole"] == served(store)
    assert warnings["whole"] is None
    assert "names no base" in (warnings["unbound"] or "")
    assert "first token" in (warnings["bare"] or "")


@pytest.mark.parametrize("name", ["", "adapter_model.bin", "weights.safetensors"])
def test_a_folder_that_was_meant_as_an_expert_is_reported(experts: Path, name: str) -> None:
    (experts / "meant").mkdir()
    if name:
        (experts / "meant" / name).write_bytes(b"x")
    (entry,) = scanned(experts).entries()
    assert "meant" in (entry.error or "")


def test_a_broken_expert_is_reported_and_the_others_are_served(experts: Path) -> None:
    make_peft_folder(experts / "good", manifest={})
    (make_peft_folder(experts / "bad", manifest={}) / "adapter_model.safetensors").write_bytes(b"no")
    store = scanned(experts)
    assert served(store) == ["good"]
    with pytest.raises(UnknownModel, match=r"broken.*adapter_model.safetensors"):
        store.get("bad")


def test_what_is_told_of_odd_files_can_be_printed_and_sent_and_is_short(experts: Path) -> None:
    (experts / "file").mkdir()
    (experts / "file" / os.fsdecode(b"\xff\x1b[31m\n.gguf")).write_bytes(b"no")
    make_peft_folder(experts / "half", config={"target_modules": ["\ud800\x1b[31m"]})
    make_peft_folder(experts / "long", config={"bias": "x" * 100_000})
    (make_peft_folder(experts / "key") / "expert.toml").write_text('name = "key"\n"\\u001b[31m\\u0000" = 1\n')
    told = {entry.name: entry.error or "" for entry in scanned(experts).entries()}
    assert [name for name, error in told.items() if not error.isprintable() or len(error) > 1000] == []
    assert told["file"].startswith(f"{experts / 'file'}/\\udcff\\x1b[31m .gguf is no sound GGUF file")
    assert "\\ud800\\x1b[31m are not supported" in told["half"]
    assert told["long"].endswith("biases are not served. Train with bias = none.")


def test_an_unknown_name_says_what_is_near_and_what_is_served(experts: Path) -> None:
    make_peft_folder(experts / "sql", manifest={})
    with pytest.raises(UnknownModel) as caught:
        scanned(experts).get("sqll")
    assert "Did you mean sql?" in caught.value.message
    assert "Served: base, sql." in caught.value.message


def test_a_folder_that_is_not_there_serves_nothing(tmp_path: Path) -> None:
    assert scanned(tmp_path / "gone").entries() == []


def test_a_link_out_of_the_experts_folder_is_reported(experts: Path, tmp_path: Path) -> None:
    (experts / "sql").symlink_to(make_peft_folder(tmp_path / "sql"))
    assert "link out of the experts folder" in (scanned(experts).entries()[0].error or "")


def test_a_folder_whose_name_is_no_text_is_left_alone(experts: Path) -> None:
    odd = experts / os.fsdecode(b"\xff\xfe")
    odd.mkdir()
    (odd / "expert.toml").write_text('name = "x"\n')
    make_peft_folder(experts / "sql")
    assert [entry.name for entry in scanned(experts).entries()] == ["sql"]


# --- changes


def test_a_change_of_who_may_read_a_file_is_a_change(experts: Path) -> None:
    folder = make_peft_folder(experts / "sql")
    store = scanned(experts)
    assert store.knows(store.look() or {})
    (folder / "adapter_config.json").chmod(0o600)
    assert not store.knows(store.look() or {})


def test_an_expert_is_tried_again_while_what_is_wrong_is_no_matter_of_its_files(
    experts: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Here it is the base's own file, which a DoRA is told relative to."""
    sizes = {f"base_model.model.model.layers.{layer}.self_attn.q_proj": TINY.n_embd for layer in range(TINY.n_layer)}
    magnitudes = {f"{name}.lora_magnitude_vector": np.ones(size, np.float16) for name, size in sizes.items()}
    tensors = {**peft_tensors(TINY, modules=("q_proj",)), **magnitudes}
    make_peft_folder(experts / "dora", modules=("q_proj",), config={"use_dora": True}, tensors=tensors)
    make_peft_folder(experts / "broken", config={"r": 3})
    store = Store(experts, TINY, BaseTensors(tmp_path / "base.gguf"))
    assert store.scan() and store.scan()
    assert "base.gguf" in (store.entries()[1].error or "")
    assert len([record for record in caplog.records if "is not served" in record.message]) == 2
    writer = gguf.GGUFWriter(tmp_path / "base.gguf", "llama")
    for layer in range(TINY.n_layer):
        writer.add_tensor(f"blk.{layer}.attn_q.weight", np.ones((TINY.n_embd, TINY.n_embd), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert not store.knows(store.look() or {})
    broken, _ = store.entries()
    store.scan()
    assert served(store) == ["dora"]
    assert store.entries()[0] is broken  # that is in its files
    assert store.knows(store.look() or {})


def test_a_file_that_cannot_be_opened_for_a_moment_is_no_fault_of_the_file(experts: Path) -> None:
    folder = make_peft_folder(experts / "sql")
    with no_file_may_be_opened(), pytest.raises(ExpertRefused, match="Too many open files") as caught:
        read_weights(folder, Manifest(name="sql"), TINY)
    assert caught.value.passing
    (folder / "adapter_config.json").unlink()
    with pytest.raises(ExpertRefused, match="No such file") as caught:
        read_weights(folder, Manifest(name="sql"), TINY)
    assert not caught.value.passing


def test_only_what_changed_is_read_again(experts: Path) -> None:
    make_peft_folder(experts / "one")
    make_peft_folder(experts / "two")
    store = scanned(experts)
    one, two = store.get("one"), store.get("two")
    make_peft_folder(experts / "two", seed=1)
    store.scan()
    assert store.get("one") is one
    assert store.get("two").content_hash != two.content_hash


def test_an_expert_whose_files_break_is_served_as_it_was_until_it_is_mended(
    crowded: Store, experts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = crowded
    before = store.get("two")
    assert store.resident([before])
    for broken in ("{", "[", "{}"):
        (experts / "two" / "adapter_config.json").write_text(broken)
        store.scan()
        now = store.get("two")
        assert "adapter_config.json" in (now.error or "")
        assert (now.content_hash, now.manifest) == (before.content_hash, before.manifest)
        store.load([store.get("one")]).result()  # memory has room for one of them
        assert store.resident([now])
    assert sum("is served as it was before" in record.message for record in caplog.records) == 3
    make_peft_folder(experts / "two", seed=9)
    store.scan()
    after = store.get("two")
    assert (after.error, after.held) == (None, None)
    assert after.content_hash != before.content_hash
    del now
    assert store.residents.get(before.content_hash) is None


def test_an_expert_that_is_broken_at_the_start_or_removed_is_not_served(experts: Path) -> None:
    folder = make_peft_folder(experts / "sql")
    (folder / "adapter_config.json").write_text("{")
    store = scanned(experts)
    assert served(store) == []
    make_peft_folder(folder)
    store.scan()
    (folder / "adapter_config.json").write_text("{")
    store.scan()
    assert served(store) == ["sql"]
    shutil.rmtree(folder)
    store.scan()
    assert store.entries() == []
    assert store.residents.count == 0


def test_a_broken_manifest_harms_no_expert_that_memory_has_dropped(crowded: Store, experts: Path) -> None:
    """Its weights can still be read; those of another, which are cut short, cannot."""
    first, second = crowded.get("one"), crowded.get("three")
    assert crowded.resident([first]) is crowded.resident([second]) is None
    (experts / "one" / "expert.toml").write_text("scale = ")
    (experts / "three" / "adapter_model.safetensors").write_bytes(b"")
    crowded.scan()
    assert served(crowded) == ["one", "two"]
    assert crowded.get("one").content_hash == first.content_hash
    assert crowded.resident([crowded.get("one")])
    with pytest.raises(UnknownModel, match="broken"):
        crowded.get("three")


def test_a_removed_expert_is_gone(experts: Path) -> None:
    make_peft_folder(experts / "one")
    make_peft_folder(experts / "two")
    store = scanned(experts)
    shutil.rmtree(experts / "one")
    store.scan()
    assert served(store) == ["two"]


def test_readers_see_whole_states_while_scans_go_on(experts: Path) -> None:
    make_peft_folder(experts / "sql")
    store, stop, wrong = scanned(experts), threading.Event(), []

    def look() -> None:
        while not stop.is_set():
            blend, entries = store.blend([("sql", 1.0)])
            if blend.parts[0].content_hash != entries[0].content_hash:
                wrong.append(blend)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for seed in range(20):
        make_peft_folder(experts / ".new", seed=seed)
        (experts / ".new" / "adapter_model.safetensors").replace(experts / "sql" / "adapter_model.safetensors")
        store.scan()
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


# --- blends


def test_a_blend_multiplies_the_scales_and_carries_the_content(experts: Path) -> None:
    make_peft_folder(experts / "sql", manifest={"scale": 0.5})
    make_peft_folder(experts / "json", seed=1, manifest={})
    store = scanned(experts)
    blend, entries = store.blend([("sql", 0.8), ("json", 0.2)])
    assert [(part.name, part.scale) for part in blend.parts] == [("sql", 0.4), ("json", 0.2)]
    assert [entry.name for entry in entries] == ["sql", "json"]
    assert {part.offset for part in blend.parts} == {1}
    assert store.blend([]) == (BASE, [])


def test_each_expert_of_a_blend_becomes_active_where_it_does_alone(experts: Path) -> None:
    make_peft_folder(experts / "answer", manifest={})
    make_peft_folder(experts / "early", manifest={"offset": 3})
    make_peft_folder(experts / "bare")
    make_peft_folder(experts / "always", manifest={"activation": "always"})
    blend, _ = scanned(experts).blend([("answer", 1), ("early", 1), ("bare", 1), ("always", 1)])
    assert [part.offset for part in blend.parts] == [1, 3, None, None]


def test_a_replaced_expert_makes_another_key_and_a_renamed_one_does_not(experts: Path) -> None:
    make_peft_folder(experts / "sql", manifest={})
    store = scanned(experts)
    first = store.blend([("sql", 1)])[0].key
    make_peft_folder(experts / "sql", seed=1, manifest={})
    make_peft_folder(experts / "same", manifest={})
    store.scan()
    assert store.blend([("sql", 1)])[0].key != first
    assert store.blend([("same", 1)])[0].key == first


@pytest.fixture
def choosy(experts: Path) -> Store:
    make_peft_folder(experts / "terse", manifest={"conflicts": ["chatty", "terse", "nowhere"]})
    make_peft_folder(experts / "chatty", seed=1, manifest={})
    make_peft_folder(experts / "dialect", seed=2, manifest={"requires": ["sql", "nowhere-2"]})
    make_peft_folder(experts / "accent", seed=3, manifest={"requires": ["sql"]})
    make_peft_folder(experts / "sql", seed=4, manifest={})
    return scanned(experts)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("terse chatty", "'terse' conflicts with 'chatty': ask for one of them"),
        ("sql chatty terse", "'terse' conflicts with 'chatty': ask for one of them"),
        ("accent", "'accent' requires 'sql': ask for `accent+sql`"),
        ("terse accent", "'accent' requires 'sql': ask for `terse+accent+sql`"),
        ("dialect sql", "'dialect' requires 'nowhere-2': ask for"),
    ],
)
def test_experts_that_do_not_go_together_are_refused(choosy: Store, names: str, said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        choosy.blend([(name, 1.0) for name in names.split()])
    assert said in caught.value.message


@pytest.mark.parametrize("names", ["terse", "chatty", "sql", "accent sql", "sql accent terse"])
def test_experts_that_go_together_are_blended(choosy: Store, names: str) -> None:
    blend, _ = choosy.blend([(name, 1.0) for name in names.split()])
    assert [part.name for part in blend.parts] == names.split()


# --- what memory holds


def arrays(weights: Weights) -> list[Array]:
    return [array for _, module in sorted(weights.modules.items()) for array in (module.a, module.b)]


@pytest.fixture
def crowded(experts: Path) -> Store:
    """Three experts, and room for one."""
    for seed, name in enumerate(("one", "three", "two")):
        make_peft_folder(experts / name, seed=seed)
    (size,) = {entry.nbytes for entry in scanned(experts).entries()}
    store = Store(experts, TINY, residents=Residents(size))
    store.scan()
    return store


def test_what_was_dropped_is_read_again_when_asked_for_and_is_the_same(crowded: Store, experts: Path) -> None:
    assert served(crowded) == ["one", "three", "two"]
    assert (crowded.residents.count, crowded.residents.drops) == (1, 2)
    entry = crowded.get("one")
    assert crowded.resident([entry]) is None
    (weights,) = crowded.load([entry]).result()
    (kept,) = scanned(experts).load([entry]).result()
    assert weights.content_hash == entry.content_hash
    for array, other in zip(arrays(weights), arrays(kept), strict=True):
        assert np.array_equal(array, other) and not array.flags.writeable
    assert crowded.resident([entry]) == (weights,)
    assert crowded.resident([crowded.get("two")]) is None


def test_experts_of_one_blend_are_there_together_though_memory_has_room_for_one(crowded: Store) -> None:
    entries = [crowded.get(name) for name in ("two", "one", "three")]
    weights = crowded.load(entries).result()
    assert [one.content_hash for one in weights] == [entry.content_hash for entry in entries]
    assert crowded.resident(entries) == weights
    del weights
    assert crowded.residents.count == 1


def test_a_pinned_expert_stays_and_its_replacement_too(experts: Path) -> None:
    for seed, name in enumerate(("one", "three", "two")):
        make_peft_folder(experts / name, seed=seed)
    store = Store(experts, TINY, residents=Residents(1), pinned=["one", "not-there"])
    store.scan()
    assert store.resident([store.get("one")])
    for seed in (10, 11):
        make_peft_folder(experts / "one", seed=seed)
        store.scan()
    store.load([store.get("two")]).result()
    assert store.resident([store.get("one")])
    assert store.residents.nbytes == store.get("one").nbytes


def test_a_removed_expert_leaves_memory(experts: Path) -> None:
    make_peft_folder(experts / "one")
    make_peft_folder(experts / "two", seed=1)
    make_peft_folder(experts / "twin", seed=1)
    store = scanned(experts)
    assert store.residents.count == 2
    shutil.rmtree(experts / "one")
    shutil.rmtree(experts / "two")
    store.scan()
    assert store.residents.count == 1
    assert store.resident([store.get("twin")])


def test_a_manifest_pins_its_expert_until_it_says_otherwise(experts: Path) -> None:
    for seed, name in enumerate(("one", "two")):
        make_peft_folder(experts / name, seed=seed, manifest={"pinned": name == "one"})
    store = Store(experts, TINY, residents=Residents(1))
    store.scan()
    assert store.resident([store.get("one")])
    assert not store.resident([store.get("two")])
    make_peft_folder(experts / "one", seed=0, manifest={"pinned": False, "description": "as large as the other"})
    store.scan()
    store.load([store.get("two")]).result()
    assert not store.resident([store.get("one")])


@pytest.mark.parametrize("pinned", [[], ["one"]])
def test_an_expert_removed_while_it_is_read_serves_that_request_and_leaves_memory(
    experts: Path, tmp_path: Path, pinned: list[str]
) -> None:
    folder = make_peft_folder(experts / "one")
    store = Store(experts, TINY, pinned=pinned)
    store.scan()
    entry = store.get("one")
    folder.rename(tmp_path / "away")
    store.scan()
    (tmp_path / "away").rename(folder)  # its files are read to the end, as open ones would be
    loaded = store.load([entry]).result()
    assert loaded[0].content_hash == entry.content_hash
    del loaded
    store.load([]).result()  # by now the reader has let go of them too
    assert store.residents.count == 0


def test_files_that_are_others_now_are_never_taken_for_what_was_asked(crowded: Store, experts: Path) -> None:
    entry, file = crowded.get("one"), experts / "one" / "adapter_model.safetensors"
    other = make_peft_folder(experts / ".other", seed=9) / file.name
    file.write_bytes(other.read_bytes())
    crowded._signatures = crowded.look() or {}  # as where a system's clock is coarse
    crowded.scan()
    assert crowded.get("one") is entry
    with pytest.raises(Overloaded, match="replaced"):
        crowded.load([entry]).result()
    now = crowded.get("one")
    assert now.content_hash != entry.content_hash
    (weights,) = crowded.load([now]).result()
    assert weights.content_hash == now.content_hash


def test_files_that_cannot_be_read_for_a_moment_are_served_again(crowded: Store, experts: Path) -> None:
    entry, file = crowded.get("one"), experts / "one" / "adapter_model.safetensors"
    file.rename(file.with_suffix(".away"))
    with pytest.raises(Overloaded, match="cannot be read"):
        crowded.load([entry]).result()
    file.with_suffix(".away").rename(file)
    (weights,) = crowded.load([entry]).result()
    assert weights.content_hash == entry.content_hash


def test_while_one_expert_is_read_nobody_else_waits(crowded: Store) -> None:
    """The event loop goes on, and what memory has is had at once."""
    service = Service(None, None, None, crowded, None, None, None, None, None)  # type: ignore[arg-type]
    reading = threading.Event()
    crowded._reader.submit(reading.wait)
    there, dropped = (Choice(*crowded.blend([(name, 1.0)]), "named") for name in ("two", "one"))

    async def run() -> list[Choice]:
        slow = asyncio.create_task(service.load(dropped))
        await asyncio.sleep(0.05)
        at_once = await asyncio.wait_for(service.load(there), 1)
        assert not slow.done()
        reading.set()
        return [at_once, await slow]

    fuse = threading.Timer(10, reading.set)  # else a failure would never end
    fuse.start()
    try:
        made = asyncio.run(run())
    finally:
        fuse.cancel()
        reading.set()
    for choice, loaded in zip((there, dropped), made, strict=True):
        assert [weights.content_hash for weights in loaded.weights] == [choice.entries[0].content_hash]


# --- watching


@pytest.fixture
def watch() -> Iterator[Callable[[Path], Store]]:
    watchers = []

    def start(folder: Path) -> Store:
        store = Store(folder, TINY)
        watchers.append(Watcher(store))
        watchers[-1].start()
        return store

    yield start
    for watcher in watchers:
        watcher.stop()


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_dropped_expert_is_served_within_two_seconds_and_a_removed_one_is_gone(
    experts: Path, tmp_path: Path, watch: Callable[[Path], Store]
) -> None:
    store = watch(experts)
    source = make_peft_folder(tmp_path / "sql", manifest={})
    time.sleep(1)
    shutil.copytree(source, experts / "sql")
    assert within(2, lambda: served(store) == ["sql"])
    (tmp_path / "moved").mkdir()
    shutil.move(experts / "sql", tmp_path / "moved")
    assert within(2, lambda: store.entries() == [])
    shutil.move(tmp_path / "moved" / "sql", experts)
    assert within(2, lambda: served(store) == ["sql"])
    (experts / "sql" / "expert.toml").write_text("[")
    assert within(2, lambda: store.get("sql").error is not None)
    assert served(store) == ["sql"]


def test_a_half_copied_expert_is_broken_until_it_is_complete(
    experts: Path, tmp_path: Path, watch: Callable[[Path], Store]
) -> None:
    store = watch(experts)
    source = make_peft_folder(tmp_path / "sql", manifest={})
    data = (source / "adapter_model.safetensors").read_bytes()
    shutil.copytree(source, experts / "sql", ignore=shutil.ignore_patterns("*.safetensors"))
    with (experts / "sql" / "adapter_model.safetensors").open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        assert within(2, lambda: bool(store.entries()) and store.entries()[0].error is not None)
        file.write(data[len(data) // 2 :])
    assert within(2, lambda: served(store) == ["sql"])


def test_a_missing_folder_is_watched_once_it_comes_and_again_when_it_comes_back(
    experts: Path, watch: Callable[[Path], Store]
) -> None:
    experts.rmdir()
    store = watch(experts)
    time.sleep(0.7)
    for wait in (0.0, 1.2):
        make_peft_folder(experts / "sql")
        assert within(2.5, lambda: served(store) == ["sql"])
        shutil.rmtree(experts)
        # At once the second time: the new folder may have the inode of the old one.
        time.sleep(wait)
    assert within(2.5, lambda: store.entries() == [])


def test_a_folder_replaced_at_once_is_still_watched(experts: Path, watch: Callable[[Path], Store]) -> None:
    store = watch(experts)
    make_peft_folder(experts / "one")
    assert within(2, lambda: served(store) == ["one"])
    shutil.rmtree(experts)
    experts.mkdir()
    time.sleep(1.5)
    make_peft_folder(experts / "two")
    assert within(2, lambda: served(store) == ["two"])


def test_someone_who_writes_without_a_pause_does_not_hold_up_the_others(
    experts: Path, watch: Callable[[Path], Store]
) -> None:
    store = watch(experts)
    (experts / "_training").mkdir()
    stop = threading.Event()

    def write() -> None:
        with (experts / "_training" / "log").open("w") as file:
            while not stop.wait(0.05):
                file.write("step\n")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    make_peft_folder(experts / "sql")
    in_time = within(2, lambda: served(store) == ["sql"])
    stop.set()
    writer.join()
    assert in_time


def test_a_quiet_folder_is_not_scanned(
    experts: Path, watch: Callable[[Path], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_peft_folder(experts / "sql")
    store = watch(experts)
    assert within(2, lambda: served(store) == ["sql"])
    time.sleep(1)
    scans, scan = [], store.scan
    monkeypatch.setattr(store, "scan", lambda: (scans.append(1), scan()))
    time.sleep(1.5)
    assert not scans


def test_reading_the_weights_of_an_expert_is_no_change(experts: Path) -> None:
    make_peft_folder(experts / "sql")
    store = scanned(experts)
    entry = store.get("sql")
    assert entry.manifest
    again = read_weights(entry.folder, entry.manifest, TINY)
    store.scan()
    assert store.get("sql") is entry
    (weights,) = store.resident([entry]) or ()
    assert np.array_equal(again.modules["blk.0.attn_q.weight"].a, weights.modules["blk.0.attn_q.weight"].a)
