"""What expert.toml may say, and what a refusal tells."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from expertd.errors import ExpertRefused
from expertd.experts.manifest import BaseBinding, FillIn, Manifest, Routing, Sampling, read_manifest, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sql"
    folder.mkdir()
    return folder


def test_what_is_written_is_read_back(folder: Path) -> None:
    manifest = Manifest(
        name="sql",
        version="1.2",
        description="Questions to SQL",
        licence="Apache-2.0",
        base=BaseBinding(name="smollm2", architecture="llama", n_layer=30),
        offset=2,
        scale=-0.5,
        system='Say "SQL"\nonly.',
        template="{{ schema }}\n{{ text }}",
        fim=FillIn(prefix="<a>", suffix="<b>", middle="<c>"),
        pinned=True,
        requires=("english",),
        conflicts=("json", "xml"),
        sampling=Sampling(top_p=0.9, max_tokens=200),
        routing=Routing(keywords=("select", "join"), file_types=("sql",)),
        training={"seed": 1, "scores": {"base": 0.1, "expert": [0.6, 0.7]}, "data": "train.jsonl"},
        sha256={"adapter_model.safetensors": "0" * 64},
    )
    write_manifest(folder, manifest)
    assert read_manifest(folder) == manifest
    assert [path.name for path in folder.iterdir()] == ["expert.toml"]


def test_the_shortest_manifest_is_a_name(folder: Path) -> None:
    (folder / "expert.toml").write_text('format = 1\nname = "sql"\n')
    manifest = read_manifest(folder)
    assert (manifest.kind, manifest.activation, manifest.offset, manifest.scale) == ("lora", "answer", 1, 1.0)
    assert manifest.sampling.temperature == 0


def test_a_bare_folder_is_active_from_the_first_token(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert (manifest.name, manifest.activation) == ("sql", "always")


@pytest.mark.parametrize("name", ["My Adapter", "Sql", "base", "auto", "a" * 33])
def test_a_bare_folder_whose_name_no_request_can_spell_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(ExpertRefused, match="name"):
        read_manifest(tmp_path / name)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("scale = 5", "scale"),
        ("scale = nan", "scale"),
        ("scale = inf", "scale"),
        ('scale = "1"', "scale"),
        ("offset = 0", "offset"),
        ("offset = true", "offset"),
        ('kind = "full"', "kind"),
        ('activation = "sometimes"', "activation"),
        ("colour = 1", "colour"),
        ("routing = {keywords = [1]}", "routing.keywords"),
        ('requires = "json"', "requires"),
        ('requires = ["base"]', "requires.0"),
        ("conflicts = [1]", "conflicts.0"),
        ('conflicts = ["json", "No Name"]', "conflicts.1"),
        ("template = 3", "template"),
        ("template = '{% if %}'", "template"),
        ("template = '{{ txt }}'", "'txt'"),
        ('fim = {prefix = "a", suffix = "b"}', "fim.middle"),
        ('fim = {prefix = "a", suffix = "b", middle = ""}', "fim.middle"),
        ('pinned = "yes"', "pinned"),
        ("sampling = {temperature = -1}", "sampling.temperature"),
        ("sampling = {top_k = -1}", "sampling.top_k"),
        ("training = {score = nan}", "training"),
        ("training = {day = 2026-01-01}", "training"),
        ('base = {name = "x"}', "base.architecture"),
        ('sha256 = {"../../x" = "' + "0" * 64 + '"}', "sha256"),
        ('sha256 = {"x" = "abc"}', "sha256"),
        ("format = 2", "format 2"),
        ("this is no TOML", "line 2"),
        ("a = " + "[" * 5000, "expert.toml"),
        ("training." + "a." * 100_000 + "b = 1", "nested too deeply"),
        ("training = {" + "'a' . " * 100_000 + "b = 1}", "nested too deeply"),
        ("offset = " + "9" * 5000, "5000 digits"),
    ],
)
def test_a_wrong_field_is_named(folder: Path, line: str, said: str) -> None:
    (folder / "expert.toml").write_text(f'name = "sql"\n{line}\n')
    with pytest.raises(ExpertRefused) as caught:
        read_manifest(folder)
    assert said in caught.value.message
    assert str(folder / "expert.toml") in caught.value.message


def test_a_name_that_is_not_the_folders_is_refused(folder: Path) -> None:
    (folder / "expert.toml").write_text('name = "json"\n')
    with pytest.raises(ExpertRefused, match="same name"):
        read_manifest(folder)


def test_a_file_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / "expert.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ExpertRefused, match="UTF-8"):
        read_manifest(folder)


def test_a_link_out_of_the_folder_is_refused(folder: Path) -> None:
    (folder.parent / "secret.toml").write_text('name = "sql"\n')
    (folder / "expert.toml").symlink_to(folder.parent / "secret.toml")
    with pytest.raises(ExpertRefused, match="link"):
        read_manifest(folder)


def test_a_link_to_nothing_is_refused_and_not_taken_for_a_bare_folder(folder: Path) -> None:
    (folder / "expert.toml").symlink_to(folder / "gone.toml")
    with pytest.raises(ExpertRefused, match="cannot be read"):
        read_manifest(folder)


def test_the_page_about_experts_names_every_field() -> None:
    page = (Path(__file__).parents[2] / "docs" / "experts.md").read_text()
    for model in (Manifest, BaseBinding, FillIn, Sampling, Routing):
        assert [field for field in model.model_fields if f"`{field}`" not in page] == []


@pytest.mark.parametrize("fields", [{"name": "base"}, {"name": "sql\n"}, {"name": "sql", "format": 2}])
def test_a_manifest_that_breaks_the_rules_cannot_be_made(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Manifest(**fields)
