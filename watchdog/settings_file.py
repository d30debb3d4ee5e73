"""watchdog.toml as it is written: its tables and keys, and what each value may be."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from watchdog.domain.effects import Level
from watchdog.rules.schema import LEVELS, Mode
from watchdog.rules.units import read_duration, read_mode, say_duration
from watchdog.tomlfile import WrongValueError, did_you_mean, quoted, suggest
from watchdog.venues.known import PLANNED_VENUES, VENUES

CHANNEL_TYPES: Final = ("console",)
"""The channel types that work."""
PLANNED_CHANNEL_TYPES: Final = ("telegram", "mqtt")
DEFAULT_STORE: Final = "sqlite:///watchdog.db"
ENV_PREFIX: Final = "WATCHDOG_"

_POLL_LEAST, _POLL_MOST = 1.0, 10.0  # slower than that a single lost answer would leave an account blind
_MIN_LEVELS: Final = {"info": Level.INFO, **LEVELS}


def _base_url(raw: object) -> str:
    if not isinstance(raw, str):
        raise WrongValueError("base_url must be text in quotes")
    wanted = 'base_url must be an address such as "http://127.0.0.1:8081"'
    try:
        parts = urlsplit(raw.strip())
        port = parts.port
    except ValueError:
        raise WrongValueError(wanted) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not raw.isprintable() or " " in raw:
        raise WrongValueError(wanted)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise WrongValueError("base_url holds scheme, host and port only: no user, password, ? or #")
    return raw.strip().rstrip("/")


def _venue(raw: object) -> str:
    if isinstance(raw, str) and raw in VENUES:
        return raw
    works = f"what works now: {', '.join(VENUES)}"
    if isinstance(raw, str) and raw in PLANNED_VENUES:
        raise WrongValueError(f"not yet: venue {quoted(raw)} is planned and not built; {works}")
    near = did_you_mean(raw, VENUES) if isinstance(raw, str) else ""
    raise WrongValueError(f"unknown venue {quoted(raw)}{near or f'; {works}'}")


def _poll(raw: object) -> float:
    seconds = read_duration(raw)
    if not _POLL_LEAST <= seconds <= _POLL_MOST:
        bounds = f"within {say_duration(_POLL_LEAST)} and {say_duration(_POLL_MOST)}"
        raise WrongValueError(f"poll must lie {bounds}, not {quoted(raw)}")
    return seconds


def _min_level(raw: object) -> Level:
    if isinstance(raw, str) and raw in _MIN_LEVELS:
        return _MIN_LEVELS[raw]
    raise WrongValueError(f"unknown level {quoted(raw)}{suggest(raw, _MIN_LEVELS)}")


def _format(raw: object) -> str:
    if raw in ("text", "json"):
        return str(raw)
    raise WrongValueError(f"unknown format {quoted(raw)}{suggest(raw, ('text', 'json'))}")


def _type(raw: object) -> str:
    if isinstance(raw, str) and raw in CHANNEL_TYPES:
        return raw
    if isinstance(raw, str) and raw in PLANNED_CHANNEL_TYPES:
        raise WrongValueError(f'not yet: channel type {quoted(raw)} is planned and not built, use "console"')
    raise WrongValueError(f"unknown channel type {quoted(raw)}{suggest(raw, CHANNEL_TYPES)}")


def _store_url(raw: object) -> str:
    """A SQLite file. The address is not repeated: another database's could hold a password."""
    if not isinstance(raw, str):
        raise WrongValueError("url must be text in quotes")
    if not raw.startswith("sqlite:"):
        raise WrongValueError('not yet: only SQLite files are built, such as "sqlite:///watchdog.db"')
    path = raw.removeprefix("sqlite:///")
    if path == raw or not path.strip("/ ") or "?" in path or not path.isprintable() or path.startswith(":memory:"):
        raise WrongValueError('a SQLite file is wanted, such as "sqlite:///watchdog.db" (all must outlive a restart)')
    return raw


def _text(raw: object) -> str:
    if isinstance(raw, str) and raw.strip() and raw.isprintable():
        return raw
    raise WrongValueError("a path is wanted: text in quotes, on one line, not empty")


_PathText = Annotated[str, BeforeValidator(_text)]


class Table(BaseModel):
    """A table of the file: no key is let through unknown, no value is repeated in an error."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class AccountTable(Table):
    """`[account.NAME]`."""

    venue: Annotated[str, BeforeValidator(_venue)]
    api_key_file: _PathText
    secret_file: _PathText
    base_url: Annotated[str, BeforeValidator(_base_url)] | None = None
    mode: Annotated[Mode, BeforeValidator(read_mode)] = Mode.ACT
    poll: Annotated[float, BeforeValidator(_poll)] = 10.0
    allow_withdraw_key: bool = False


class ChannelTable(Table):
    """`[channel.NAME]`."""

    type: Annotated[Literal["console"], BeforeValidator(_type)]
    min_level: Annotated[Level, BeforeValidator(_min_level)] = Level.INFO
    format: Annotated[Literal["text", "json"], BeforeValidator(_format)] = "text"


class StoreTable(Table):
    """`[store]`."""

    url: Annotated[str, BeforeValidator(_store_url)] = DEFAULT_STORE


class Written(BaseSettings):
    """The file as it is written, with the environment over it."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", hide_input_in_errors=True
    )

    account: dict[str, AccountTable] = Field(default_factory=dict)
    channel: dict[str, ChannelTable] = Field(default_factory=dict)
    store: StoreTable = Field(default_factory=StoreTable)
    rules: _PathText | None = None
    state_dir: _PathText | None = None
    socket: _PathText | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the environment is passed in, not reached for
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - secrets are files named by the accounts
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in: the loader has merged file and environment."""
        return (init_settings,)
