"""A package is what `pack` writes, and nothing else: what a stranger may put into one instead is refused."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from expertd.errors import ExpertRefused
from expertd.experts.manifest import read_manifest
from expertd.experts.package import TEXTS, Index, index_of, is_part, read_package, read_parts, write_package
from tests.fixtures import TINY, make_peft_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = make_peft_folder(tmp_path / "sql", manifest={"version": "1.2"})
    (folder / "README.md").write_text("What it is for.")
    (folder / "make_data.py").write_text("not part of it")
    (folder / "heldout").mkdir()
    return folder


def made(folder: Path, target: Path) -> Index:
    parts = read_parts(folder, TINY)
    index = index_of(read_manifest(folder), parts)
    write_package(index, parts, target)
    return index


@pytest.fixture
def package(folder: Path, tmp_path: Path) -> Path:
    made(folder, tmp_path / "x.expert")
    return tmp_path / "x.expert"


def test_what_is_packed_comes_out_again_and_nothing_more(folder: Path, package: Path) -> None:
    index, parts = read_package(package, TINY)
    assert (index.name, index.version) == ("sql", "1.2")
    assert sorted(parts) == ["README.md", "adapter_config.json", "adapter_model.safetensors", "expert.toml"]
    assert all(data == (folder / name).read_bytes() for name, data in parts.items())
    assert index.file_name == f"sql-1.2-{index.content_hash[:12]}.expert"


def test_the_same_content_makes_the_same_bytes_and_any_change_another_hash(folder: Path, tmp_path: Path) -> None:
    first = made(folder, tmp_path / "first")
    os.utime(folder / "expert.toml", (1, 1))
    (folder / "README.md").chmod(0o600)
    assert made(folder, tmp_path / "second") == first
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    (folder / "README.md").write_text("What it is for!")
    assert made(folder, tmp_path / "third").content_hash != first.content_hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second", "sql", "third"]


@pytest.mark.parametrize("version", ["", "1/2", "../x", "1 2", "v" * 80, "-1", "1\n"])
def test_a_version_that_no_file_name_can_have_is_refused(folder: Path, version: str) -> None:
    manifest = read_manifest(folder).model_copy(update={"version": version})
    with pytest.raises(ExpertRefused, match="version"):
        index_of(manifest, {"expert.toml": b""})


def test_a_manifest_that_lists_what_no_package_takes_is_refused(folder: Path) -> None:
    manifest = read_manifest(folder).model_copy(update={"sha256": {"train.jsonl": "0" * 64}})
    with pytest.raises(ExpertRefused, match=r"train\.jsonl"):
        index_of(manifest, {"expert.toml": b""})


def test_a_file_whose_name_no_package_can_have_is_named(tmp_path: Path) -> None:
    (tmp_path / "my adapter.gguf").write_bytes(b"GGUF")
    with pytest.raises(ExpertRefused, match=r"my adapter\.gguf: no package takes a file of this name\. Rename it"):
        read_parts(tmp_path, TINY)


def test_whatever_can_be_packed_can_be_read(folder: Path, tmp_path: Path) -> None:
    for name in TEXTS:
        (folder / name).write_text(name)
    index = made(folder, tmp_path / "all.expert")
    assert index.files.keys() > TEXTS
    assert read_package(tmp_path / "all.expert", TINY)[0] == index


def test_a_link_out_of_the_folder_is_not_packed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(ExpertRefused, match="link"):
        read_parts(folder, TINY)


@pytest.mark.parametrize(
    "name",
    [
        "../README",
        "/etc/README",
        "a/README.md",
        "a\\x.gguf/..",
        "../x.gguf",
        "/x.gguf",
        "a\\x.gguf",
        ".gguf",
        "run.py",
        ".gguf.py",
        "INDEX",
    ],
)
def test_a_path_is_no_part_of_an_expert(name: str) -> None:
    assert not is_part(name)


def refusal(path: Path) -> str:
    with pytest.raises(ExpertRefused) as caught:
        read_package(path, TINY)
    return " | ".join(caught.value.faults)


# --- archives that somebody else wrote


Change = Callable[[dict[str, bytes], list[zipfile.ZipInfo]], None]


def rewritten(package: Path, change: Change) -> Path:
    """The package with its entries changed; each is written under what its `ZipInfo` says."""
    with zipfile.ZipFile(package) as archive:
        infos, data = archive.infolist(), {info.filename: archive.read(info) for info in archive.infolist()}
    change(data, infos)
    target = package.with_name("changed.expert")
    with zipfile.ZipFile(target, "w") as archive:
        for info in infos:
            archive.writestr(info, data[info.filename], info.compress_type)
    return target


def entry(name: str, *, mode: int = stat.S_IFREG | 0o644, compress: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr, info.compress_type = mode << 16, compress
    return info


def adding(name: str, content: bytes = b"x", **how: int) -> Change:
    def change(data: dict[str, bytes], infos: list[zipfile.ZipInfo]) -> None:
        data[name] = content
        infos.append(entry(name, **how))

    return change


def replacing(name: str, content: bytes, **how: int) -> Change:
    def change(data: dict[str, bytes], infos: list[zipfile.ZipInfo]) -> None:
        data[name] = content
        infos[:] = [entry(name, **how) if info.filename == name else info for info in infos]

    return change


def dropping(name: str) -> Change:
    def change(data: dict[str, bytes], infos: list[zipfile.ZipInfo]) -> None:
        infos[:] = [info for info in infos if info.filename != name]

    return change


def reindexed(**fields: object) -> Change:
    def change(data: dict[str, bytes], infos: list[zipfile.ZipInfo]) -> None:
        table = {**json.loads(data["index.json"]), **fields}
        data["index.json"] = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()

    return change


def twice(data: dict[str, bytes], infos: list[zipfile.ZipInfo]) -> None:
    infos.append(entry("README.md"))


def respelled(data: dict[str, bytes], infos: list[zipfile.ZipInfo]) -> None:
    data["index.json"] = json.dumps(json.loads(data["index.json"]), indent=1).encode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (adding("../evil.gguf"), "no file that an expert may have"),
        (adding("/etc/cron.d/evil"), "no file that an expert may have"),
        (adding("..\\evil.gguf\\"), "no file that an expert may have"),
        (adding("sub/README.md"), "no file that an expert may have"),
        (adding("run.py"), "no file that an expert may have"),
        (adding("adapter_model.bin"), "no file that an expert may have"),
        (adding("LICENSE"), "there, and not in the index"),
        (adding("a.gguf"), "there, and not in the index"),
        (replacing("README.md", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "link"),
        (replacing("README.md", b"", mode=stat.S_IFIFO | 0o644), "device"),
        (dropping("adapter_model.safetensors"), "in the index, and not there"),
        (dropping("index.json"), "no index.json"),
        (replacing("README.md", b"What it is foR."), "sha256 differs"),
        (replacing("README.md", b"What it is for. More."), "sha256 differs"),
        (replacing("README.md", b"x" * (2 << 20)), "bytes"),
        (replacing("README.md", b"x" * (1 << 19), compress=zipfile.ZIP_DEFLATED), "compressed"),
        (replacing("README.md", b"x" * (1 << 19), compress=zipfile.ZIP_BZIP2), "compressed"),
        (replacing("README.md", b"x" * (1 << 19), compress=zipfile.ZIP_LZMA), "compressed"),
        (respelled, "not written as"),
        (reindexed(format=2), "format"),
        (reindexed(name="../sql"), "name"),
        (reindexed(name="base"), "name"),
        (reindexed(version="../../x"), "version"),
        (reindexed(more=1), "more"),
        (reindexed(files={"../x": {"size": 1, "sha256": "0" * 64}}), "files"),
        (reindexed(files={}), "not in the index"),
    ],
)
def test_what_pack_would_not_write_is_refused(package: Path, change: Change, said: str) -> None:
    assert said in refusal(rewritten(package, change))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_second_file_of_one_name_is_refused(package: Path) -> None:
    assert "twice" in refusal(rewritten(package, twice))


def patched(package: Path, change: Callable[[bytearray], None]) -> Path:
    data = bytearray(package.read_bytes())
    change(data)
    target = package.with_name("patched.expert")
    target.write_bytes(data)
    return target


def lying(field: int, value: int, form: str) -> Callable[[bytearray], None]:
    """Every central entry says this in the field at this offset."""

    def change(data: bytearray) -> None:
        at = -1
        while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
            struct.pack_into(form, data, at + field, value)

    return change


def end_says(field: int, value: int, form: str) -> Callable[[bytearray], None]:
    return lambda data: struct.pack_into(form, data, len(data) - 22 + field, value)


def cut(data: bytearray) -> None:
    del data[len(data) // 2 :]


def flipped(data: bytearray) -> None:
    data[2000] ^= 1


@pytest.mark.parametrize(
    "change",
    [
        cut,
        flipped,
        lambda data: data.clear(),
        lambda data: data.extend(b"trailing"),
        lambda data: data.__setitem__(slice(0, 0), b"#!/bin/sh\n"),
        lambda data: data.__setitem__(slice(0, 0), b"PK\x03\x04" * 100),
        lying(24, 1 << 30, "<I"),  # a size that is not the stored one
        lying(20, 1 << 30, "<I"),
        lying(42, 0, "<I"),  # all overlap at the first one's place
        lying(8, 1, "<H"),  # encrypted
        lying(10, 99, "<H"),  # a method that there is not
        end_says(8, 60_000, "<H"),
        end_says(10, 60_000, "<H"),
        end_says(12, 1 << 31, "<I"),
        end_says(16, 7, "<I"),
        end_says(20, 5, "<H"),
    ],
)
def test_a_damaged_or_lying_archive_is_refused(package: Path, change: Callable[[bytearray], None]) -> None:
    assert str(package.parent) in refusal(patched(package, change))


def test_millions_of_entries_are_refused_before_they_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(70_000):  # more than fit the old record, so zip64's is there
            archive.writestr(f"{i}", b"")
    (tmp_path / "many.expert").write_bytes(buffer.getvalue())
    assert "no package as" in refusal(tmp_path / "many.expert")


@pytest.mark.parametrize(("entries", "said"), [(3000, "no package as"), (9, "its end says 5")])
def test_an_end_that_tells_of_fewer_entries_is_refused(tmp_path: Path, entries: int, said: str) -> None:
    """Python's zipfile reads all that the directory has."""
    with zipfile.ZipFile(tmp_path / "many.expert", "w") as archive:
        for i in range(entries):
            archive.writestr(f"{i}.gguf", b"")
    lying = patched(tmp_path / "many.expert", end_says(8, 0x00050005, "<I"))
    assert len(zipfile.ZipFile(lying).infolist()) == entries
    assert said in refusal(lying)


def test_a_file_larger_than_any_expert_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.expert").open("wb") as file:
        file.truncate(1 << 40)
    assert "bytes" in refusal(tmp_path / "huge.expert")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: None])
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "odd.expert")
    assert "no file" in refusal(tmp_path / "odd.expert")


def test_a_file_whose_name_says_another_content_is_refused(package: Path) -> None:
    index, _ = read_package(package, TINY)
    right, wrong = (package.with_name(f"sql-1.2-{told}.expert") for told in (index.content_hash[:12], "0123456789ab"))
    right.write_bytes(package.read_bytes())
    wrong.write_bytes(package.read_bytes())
    assert read_package(right, TINY)[0] == index
    assert "another one" in refusal(wrong)
