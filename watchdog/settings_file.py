"""watchdog.toml as it is written: its tables and keys, and what each value may be."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from watchdog.rules.hours import zones
from watchdog.rules.schema import Mode
from watchdog.rules.shapes import DAYS_SHAPE, DURATION_SHAPE, MODE_SHAPE, TEXT_SHAPE, TIME_OF_DAY_SHAPE
from watchdog.rules.units import read_duration, read_mode, say_duration
from watchdog.settings_channels import BaseUrl, ChannelTable, PathText, Table
from watchdog.tomlfile import WrongValueError, did_you_mean, quoted
from watchdog.venues.known import PLANNED_VENUES, VENUES

DEFAULT_STORE: Final = "sqlite:///watchdog.db"
ENV_PREFIX: Final = "WATCHDOG_"

_DAYS = re.compile(r"(\d{1,5})\s*d")
_MOST_DAYS = 3650
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_POLL_LEAST, _POLL_MOST = 1.0, 10.0  # slower than that a single lost answer would leave an account blind


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


def _days(raw: object) -> int:
    days = _DAYS.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if days is None:
        raise WrongValueError(f'keep wants a number of days such as "90d", not {quoted(raw)}')
    if not 1 <= int(days[1]) <= _MOST_DAYS:
        raise WrongValueError(f"keep must lie within 1d and {_MOST_DAYS}d, not {quoted(raw)}")
    return int(days[1])


def _time_of_day(raw: object) -> time | str:
    if raw == "off":
        return "off"
    parts = _CLOCK.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if parts is None:
        raise WrongValueError(f'at wants a time of day such as "08:00", or "off", not {quoted(raw)}')
    return time(int(parts[1]), int(parts[2]))


def _zone(raw: object) -> ZoneInfo:
    if isinstance(raw, str) and raw in zones():
        return ZoneInfo(raw)
    near, more = did_you_mean(raw, zones()) if isinstance(raw, str) else "", ': one such as "Europe/Berlin" or "UTC"'
    raise WrongValueError(f"unknown time zone {quoted(raw)}{near or more}")


class AccountTable(Table):
    """`[account.NAME]`."""

    venue: Annotated[str, BeforeValidator(_venue), WithJsonSchema({"enum": list(VENUES)})]
    api_key_file: PathText
    secret_file: PathText
    base_url: BaseUrl | None = None
    mode: Annotated[Mode, BeforeValidator(read_mode), WithJsonSchema(MODE_SHAPE)] = Mode.ACT
    poll: Annotated[float, BeforeValidator(_poll), WithJsonSchema(DURATION_SHAPE)] = 10.0
    allow_withdraw_key: bool = False


class StoreTable(Table):
    """`[store]`."""

    url: Annotated[str, BeforeValidator(_store_url)] = DEFAULT_STORE
    keep: Annotated[int, BeforeValidator(_days), WithJsonSchema(DAYS_SHAPE)] = 90


class DigestTable(Table):
    """`[digest]`."""

    at: Annotated[time | Literal["off"], BeforeValidator(_time_of_day), WithJsonSchema(TIME_OF_DAY_SHAPE)] = time(8)
    zone: Annotated[ZoneInfo | None, BeforeValidator(_zone), WithJsonSchema(TEXT_SHAPE)] = None


class Written(BaseSettings):
    """The file as it is written, with the environment over it."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", hide_input_in_errors=True
    )

    account: dict[str, AccountTable] = Field(default_factory=dict)
    channel: dict[str, ChannelTable] = Field(default_factory=dict)
    store: StoreTable = Field(default_factory=StoreTable)
    digest: DigestTable = Field(default_factory=DigestTable)
    rules: PathText | None = None
    state_dir: PathText | None = None
    socket: PathText | None = None

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
