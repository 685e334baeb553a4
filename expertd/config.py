"""Settings: what they are, where they come from, and which source wins."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, Field, FiniteFloat, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from expertd.errors import ConfigError

APP = "expertd"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def cache_dir() -> Path:
    """Where bases and converted adapters are kept: what can be made again."""
    return Path(platformdirs.user_cache_dir(APP))


def state_dir() -> Path:
    """Where the token and the log of a daemon started by `ask` are kept."""
    return Path(platformdirs.user_state_dir(APP))


def config_file() -> Path:
    """`$EXPERTD_CONFIG`, else `config.toml` in the user's config folder."""
    if named := os.environ.get("EXPERTD_CONFIG"):
        return Path(named)
    return Path(platformdirs.user_config_dir(APP)) / "config.toml"


def runtime_dir() -> Path:
    """The folder of the socket: `$XDG_RUNTIME_DIR/expertd`, else one in /tmp that only this user can enter."""
    if base := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(base) / APP
    return Path("/tmp") / f"{APP}-{os.getuid()}"


def shipped_experts() -> Path:
    """The experts beside the package in a checkout, else those that were installed with it."""
    checkout = Path(__file__).parent.parent
    if (checkout / "pyproject.toml").exists():
        return checkout / "experts"
    with contextlib.suppress(PackageNotFoundError):
        # Where an installer puts data files is its own affair; it notes it in the list of what it installed.
        for file in files(APP) or ():
            if file.match("share/expertd/experts/*/expert.toml"):
                return Path(str(file.locate())).resolve().parent.parent
    return Path(platformdirs.user_data_dir(APP)) / "experts"


def _usable(path: Path) -> Path:
    """The path with `~` expanded, refused where the system could have no file of that name."""
    try:
        path = path.expanduser()
        path.lstat()
    except RuntimeError as error:  # `~stranger`
        raise ValueError(f"{path}: there is no such user") from error
    except ValueError as error:  # NUL
        raise ValueError(f"{str(path)!r} can be no path: {error}") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ValueError("the path is too long") from error
    return path


OwnPath = Annotated[Path, AfterValidator(_usable)]
Megabytes = Annotated[FiniteFloat, Field(ge=0, le=1e9)]


class Settings(BaseSettings):
    """Sources, strongest first: flags, `EXPERTD_*` variables, the config file, the defaults here."""

    model_config = SettingsConfigDict(env_prefix="EXPERTD_", extra="forbid", validate_default=True)

    socket: OwnPath = Field(
        default_factory=lambda: runtime_dir() / "expertd.sock", description="Unix socket to listen on"
    )
    host: str = Field("127.0.0.1", description="address for HTTP; beyond loopback only with `expose`")
    port: int = Field(4780, ge=0, le=65535, description="port for HTTP; 0: no HTTP")
    expose: bool = Field(False, description="allow `host` to be an address that other machines reach")
    allowed_hosts: list[str] = Field([], description="further `Host` names that HTTP answers to")
    allowed_origins: list[str] = Field([], description="web origins whose pages may call HTTP")
    token_file: OwnPath = Field(default_factory=lambda: state_dir() / "token", description="bearer token of HTTP")

    base: str = Field("smollm2-135m-instruct", description="a base of `expertd models list`, or a path to a GGUF")
    layout: Literal["q4", "q8_0", "shipped"] = Field("q4", description="layout of the embedded base")
    experts: OwnPath = Field(default_factory=shipped_experts, description="folder of the experts")

    experts_mb: Megabytes = Field(512, description="memory for the experts' arrays; 0: no limit")
    pin: list[str] = Field([], description="experts whose arrays stay in memory")

    context: int = Field(8192, ge=256, description="KV cells: tokens of all running requests together")
    kv_k: Literal["auto", "f16", "q8_0", "q4_0"] = Field(
        "auto", description="type of the cells' K; auto: q8_0 where that costs nothing"
    )
    kv_v: Literal["f16", "q8_0", "q4_0"] = Field("f16", description="type of the cells' V")
    kv_unified: Literal["auto", "on", "off"] = Field(
        "auto", description="one range of cells for all requests, or one for each; auto: off where memory allows"
    )
    flash_attention: Literal["auto", "on", "off"] = Field("auto", description="auto: only where V is quantized")
    sequences: int = Field(8, ge=1, le=64, description="requests decoded at once")
    queue: int = Field(64, ge=0, description="requests that may wait; more get a 503")
    batch: int = Field(512, ge=32, le=4096, description="tokens a decoding step at most")
    step_ms: float = Field(
        150,
        ge=1,
        le=60_000,
        description="time of a step that reads a prompt while others wait; may take twice as long where it ends one",
    )
    threads: int = Field(default_factory=lambda: _cores(), ge=1, le=512, description="threads of llama.cpp")
    max_experts: int = Field(10, ge=1, le=100, description="experts that one request may blend")
    route_threshold: FiniteFloat = Field(0.5, ge=0, le=1, description="`auto` takes an expert from this probability on")
    route_reads: bool = Field(True, description="`auto` has the base itself asked about what it is unsure of")
    route_max: int = Field(1, ge=0, le=10, description="experts that `auto` takes at most; 0: none")
    draft: int = Field(
        15, ge=0, le=64, description="tokens that are tried at once where an answer repeats its prompt; 0: none"
    )
    blending: Literal["auto", "plain"] = Field("auto", description="plain: one blend a batch, by llama.cpp alone")
    prefix_cache_mb: Megabytes = Field(512, description="memory for the KV of past prompts; 0: none is reused")
    memory_mb: Megabytes = Field(0, description="memory of the process, saved on from 80%; 0: no budget")
    disk_cache_mb: Megabytes = Field(0, description="disk for the KV that memory has no room for; 0: none")
    max_body_mb: Megabytes = Field(2, gt=0, description="largest request body")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _loopback_unless_exposed(self) -> Settings:
        if self.host not in LOOPBACK and not self.expose:
            raise ValueError(f"host {self.host} is reachable from other machines: set `expose = true` if you mean it")
        return self

    @field_validator("experts")
    @classmethod
    def _a_folder(cls, path: Path) -> Path:
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is no folder")
        return path.absolute()

    @model_validator(mode="after")
    def _a_row_for_each_sequence(self) -> Settings:
        if self.batch < self.sequences:
            raise ValueError(f"batch {self.batch} has no token for each of {self.sequences} sequences: raise `batch`")
        return self

    @model_validator(mode="after")
    def _flash_attention_for_quantized_v(self) -> Settings:
        if self.flash_attention == "off" and self.kv_v != "f16":
            raise ValueError(f"kv_v {self.kv_v} needs flash attention: set flash_attention to auto, or kv_v to f16")
        return self

    @property
    def flash(self) -> bool:
        """Whether attention is llama.cpp's flash attention."""
        return self.flash_attention == "on" or (self.flash_attention == "auto" and self.kv_v != "f16")

    @model_validator(mode="after")
    def _memory_before_disk(self) -> Settings:
        if self.disk_cache_mb and not self.prefix_cache_mb:
            raise ValueError("disk_cache_mb keeps what prefix_cache_mb has no room for, and that is 0: raise it")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config_file())


def _cores() -> int:
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def load_settings(**flags: Any) -> Settings:
    """Settings from all sources; `flags` that are None are not set. Raises `ConfigError` naming setting and fix."""
    given = {name: value for name, value in flags.items() if value is not None}
    if (named := os.environ.get("EXPERTD_CONFIG")) and not Path(named).is_file():
        what = "is a folder: name the file in it" if Path(named).is_dir() else "does not exist"
        raise ConfigError(f"EXPERTD_CONFIG names {named}, which {what}")
    known = {f"EXPERTD_{name.upper()}" for name in Settings.model_fields} | {"EXPERTD_CONFIG"}
    for name in os.environ:
        if name.startswith("EXPERTD_") and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise ConfigError(
                f"{name} is no setting{f': did you mean {near[0]}?' if near else '; config.toml lists them'}"
            )
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()]
        where = f"{config_file()}, EXPERTD_*, flags" if config_file().exists() else "EXPERTD_*, flags"
        raise ConfigError(f"settings ({where}): " + "; ".join(lines)) from error
    except SettingsError as error:
        raise ConfigError(f"an EXPERTD_* variable is wrong: {error}. Lists are JSON: '[\"box.lan\"]'") from error
    except (ValueError, OSError, RecursionError) as error:
        raise ConfigError(f"{config_file()} cannot be read: {error}") from error
