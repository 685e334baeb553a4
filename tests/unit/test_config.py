"""Settings: which source wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from expertd.api.auth import read_or_make_token
from expertd.config import load_settings, runtime_dir
from expertd.errors import ConfigError


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """An empty config file, and no other source."""
    import os

    for name in [name for name in os.environ if name.startswith("EXPERTD_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "config.toml"
    path.write_text("")
    monkeypatch.setenv("EXPERTD_CONFIG", str(path))
    return path


def test_without_any_source_the_defaults_hold():
    settings = load_settings()
    assert (settings.port, settings.host, settings.layout) == (4780, "127.0.0.1", "q4")


def test_a_flag_beats_a_variable_and_a_variable_beats_the_file(file, monkeypatch):
    file.write_text("port = 1\nqueue = 1\ncontext = 1024\n")
    monkeypatch.setenv("EXPERTD_PORT", "2")
    monkeypatch.setenv("EXPERTD_QUEUE", "2")
    settings = load_settings(port=3)
    assert (settings.port, settings.queue, settings.context) == (3, 2, 1024)


def test_a_flag_that_was_not_given_leaves_the_other_sources(file):
    file.write_text("port = 1\n")
    assert load_settings(port=None).port == 1


def test_lists_come_from_the_file_and_from_variables_as_json(file, monkeypatch):
    file.write_text('allowed_hosts = ["a.example"]\n')
    monkeypatch.setenv("EXPERTD_ALLOWED_ORIGINS", '["https://b.example"]')
    settings = load_settings()
    assert (settings.allowed_hosts, settings.allowed_origins) == (["a.example"], ["https://b.example"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 70000", "port"),
        ("port = 'x'", "port"),
        ("prot = 1", "prot"),
        ("queue = -1", "queue"),
        ("max_body_mb = nan", "max_body_mb"),
        ("layout = 'q2'", "layout"),
        ("prefix_cache_mb = 0\ndisk_cache_mb = 1", "disk_cache_mb"),
        ("port = ", "config.toml"),
        ("batch = 32\nsequences = 33", "batch"),
        ("host = '0.0.0.0'", "expose"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(file, text, said):
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_settings()


@pytest.mark.parametrize("name", ["experts_mb", "memory_mb", "prefix_cache_mb", "disk_cache_mb", "max_body_mb"])
@pytest.mark.parametrize("value", ["inf", "nan", "1e308", "-1"])
def test_a_size_that_no_machine_has_is_refused_by_its_name(file, name, value):
    file.write_text(f"{name} = {value}")
    with pytest.raises(ConfigError, match=name):
        load_settings()


@pytest.mark.parametrize("name", ["socket", "token_file", "experts"])
@pytest.mark.parametrize("path", ["a\\u0000b", "\\u0000", "~\\u0000", "x" * 5000])
def test_what_can_be_no_path_is_refused_by_its_name(file, name, path):
    file.write_text(f'{name} = "{path}"')
    with pytest.raises(ConfigError, match=f": {name}: .*path"):
        load_settings()


def test_a_variable_that_is_no_json_is_refused_by_its_name(monkeypatch):
    monkeypatch.setenv("EXPERTD_ALLOWED_HOSTS", "[")
    with pytest.raises(ConfigError, match="allowed_hosts"):
        load_settings()


def test_a_config_file_that_is_not_utf8_is_refused(file):
    file.write_bytes(b"base = '\xff'")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        load_settings()


def test_a_named_config_file_must_exist(monkeypatch):
    monkeypatch.setenv("EXPERTD_CONFIG", "/nowhere/config.toml")
    with pytest.raises(ConfigError, match="/nowhere"):
        load_settings()


def test_a_named_config_file_that_is_a_folder_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPERTD_CONFIG", str(tmp_path))
    with pytest.raises(ConfigError, match="is a folder"):
        load_settings()


def test_another_address_than_loopback_needs_an_explicit_word():
    assert load_settings(host="0.0.0.0", expose=True).host == "0.0.0.0"


def test_the_socket_is_in_the_runtime_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_dir() == tmp_path / "expertd"
    assert load_settings().socket == tmp_path / "expertd" / "expertd.sock"


def test_a_variable_that_is_no_setting_is_named_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPERTD_TREADS", "3")
    with pytest.raises(ConfigError, match=r"EXPERTD_TREADS.*EXPERTD_THREADS"):
        load_settings()


def test_experts_that_are_no_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="no folder"):
        load_settings(experts=tmp_path / "file")


def test_a_path_may_begin_with_the_home_folder(file, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    file.write_text('token_file = "~/tok"\nexperts = "~/x"\nsocket = "~/run/e.sock"\n')
    settings = load_settings()
    assert (settings.token_file, settings.experts) == (tmp_path / "tok", tmp_path / "x")
    assert settings.socket == tmp_path / "run/e.sock"
    assert load_settings(experts=Path("~")).experts == tmp_path


def test_the_home_folder_of_a_user_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match=r"token_file.*no such user"):
        load_settings(token_file="~nobody-of-this-name/tok")


def test_a_token_file_that_is_a_folder_is_refused_and_keeps_its_mode(tmp_path):
    (tmp_path / "home").mkdir(mode=0o755)
    with pytest.raises(ConfigError, match=r"token_file names the folder"):
        read_or_make_token(tmp_path / "home")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o755
