"""How the hook is compiled, and what a machine that cannot do so is told."""

from collections.abc import Callable, Iterator
from pathlib import Path

import llama_cpp
import pytest

from expertd.engine import hook
from expertd.engine.hook import Hook
from expertd.engine.ways import open_hook
from expertd.errors import HookUnavailable


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's cache folder in which nothing was compiled yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    hook._load.cache_clear()
    yield tmp_path
    hook._load.cache_clear()


def build() -> Path:
    package = Path(llama_cpp.__file__).parent
    return hook._build(package.parent / "include", package / "lib")


@pytest.mark.parametrize("compiler", ["", " ", "cc -O1", "'cc' -DNAME='b c'"])
def test_the_compiler_may_have_flags(cache: Path, monkeypatch: pytest.MonkeyPatch, compiler: str) -> None:
    monkeypatch.setenv("CC", compiler)
    made = build()
    assert made.is_relative_to(cache)
    assert list(made.parent.iterdir()) == [made]
    assert Hook(64).nodes == (0, 0)


def test_what_is_compiled_once_needs_no_compiler(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build()
    monkeypatch.setenv("CC", "/nowhere")
    assert build() == made


def no_such_compiler(cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CC", "/nowhere -O1")
    return r"/nowhere -O1 cannot be run .*set CC"


def a_compiler_that_fails(cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CC", "cc --no-such-flag")
    return "cc --no-such-flag refused hook.c: .*no-such-flag"


def an_open_quote(cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CC", "cc '-O1")
    return "CC is .*unset"


def a_cache_that_is_no_folder(cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (cache / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "file"))
    return f"kept in {cache}/file/.*XDG_CACHE_HOME"


def a_library_that_is_none(cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    made = build()
    made.write_bytes(b"no")
    return f"cannot be loaded .*delete {made}"


@pytest.mark.parametrize(
    "fault",
    [
        no_such_compiler,
        a_compiler_that_fails,
        an_open_quote,
        a_cache_that_is_no_folder,
        a_library_that_is_none,
    ],
)
def test_where_it_cannot_be_made_the_plain_way_serves_and_the_reason_is_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Path, pytest.MonkeyPatch], str]
) -> None:
    said = fault(cache, monkeypatch)
    with pytest.raises(HookUnavailable, match=f"(?s){said}"):
        Hook(64)
    assert open_hook(64) is None
