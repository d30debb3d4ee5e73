"""watchdog.toml as it is written: its tables and keys, and what each value may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from watchdog.rules.hours import zones
from watchdog.rules.schema import Mode
from watchdog.rules.shapes import DAYS_SHAPE, DURATION_SHAPE, MODE_SHAPE, TEXT_SHAPE, TIME_OF_DAY_SHAPE, one_text
from watchdog.rules.units import read_duration, read_mode, say_duration
from watchdog.settings_channels import BaseUrl, ChannelTable, PathText, Table
from watchdog.tomlfile import WrongValueError, did_you_mean, quoted
from watchdog.venues.known import CLOSED, CREDENTIALS, VENUES

DEFAULT_STORE: Final = "sqlite:///watchdog.db"
ENV_PREFIX: Final = "WATCHDOG_"

_DAYS = re.compile(r"(\d{1,5})\s*d")
_MOST_DAYS = 3650
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_WALLET_SHAPE = one_text(_ADDRESS.pattern, "The address of an account that is read without a key.")
_PRIVATE_KEY = re.compile(r"(0[xX])?[0-9a-fA-F]{64}")
_OWN_RULES = "ccxt's unified margin figures are not a venue's own, so each is read by rules built for it"
_WHY_WANTED = {
    "passphrase_file": "gives each key a passphrase beside its secret",
    "wallet": "is read by the address of the account, without a key",
}
_POLL_LEAST, _POLL_MOST = 1.0, 10.0  # slower than that a single lost answer would leave an account blind


def _venue(raw: object) -> str:
    if isinstance(raw, str) and raw in VENUES:
        return raw
    works = f"what works: {', '.join(VENUES)}"
    if not isinstance(raw, str):
        raise WrongValueError(f"unknown venue {quoted(raw)}; {works}")
    word = raw.strip().lower()
    if word in CLOSED:
        raise WrongValueError(f"unknown venue {quoted(raw)}: {CLOSED[word]}; {works}")
    meant = [venue for venue in VENUES if word and venue.startswith(word)]
    near = f", did you mean {' or '.join(map(quoted, meant))}?" if meant else did_you_mean(raw, VENUES)
    raise WrongValueError(f"unknown venue {quoted(raw)}{near or f': {_OWN_RULES}; {works}'}")


def _wallet(raw: object) -> str:
    """The address of an account. It is not repeated: somebody may have put a private key here."""
    if isinstance(raw, str) and _ADDRESS.fullmatch(raw.strip()):
        return raw.strip().lower()
    if isinstance(raw, str) and _PRIVATE_KEY.fullmatch(raw.strip()):
        raise WrongValueError(
            "this looks like a private key: take it out of here. The account's address is wanted, 0x and 40 hex digits"
        )
    raise WrongValueError('wallet wants the address of the account: "0x" and 40 hex digits, in quotes')


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


def _wanted_keys(schema: dict[str, Any]) -> None:
    """For editors: which credentials go with which venue."""
    schema["allOf"] = [
        {
            "if": {"required": ["venue"], "properties": {"venue": {"const": venue}}},
            "then": {
                "required": list(entry.needs),
                "properties": {key: False for key in CREDENTIALS if key not in entry.needs},
            },
        }
        for venue, entry in VENUES.items()
    ]


class AccountTable(Table):
    """`[account.NAME]`. Which of the credentials are wanted, the venue says (`known.Entry.needs`)."""

    model_config = ConfigDict(json_schema_extra=_wanted_keys)

    venue: Annotated[str, BeforeValidator(_venue), WithJsonSchema({"enum": list(VENUES)})]
    api_key_file: PathText | None = None
    secret_file: PathText | None = None
    passphrase_file: PathText | None = None
    wallet: Annotated[str, BeforeValidator(_wallet), WithJsonSchema(_WALLET_SHAPE)] | None = None
    base_url: BaseUrl | None = None
    insecure: bool = False
    mode: Annotated[Mode, BeforeValidator(read_mode), WithJsonSchema(MODE_SHAPE)] = Mode.ACT
    poll: Annotated[float, BeforeValidator(_poll), WithJsonSchema(DURATION_SHAPE)] = 10.0
    allow_withdraw_key: bool = False


def credential_problems(accounts: object) -> Iterator[tuple[tuple[str, ...], bool, str]]:
    """What the venue of each account wants and is not there, or is there and not wanted.

    Each as (path, whether the key itself is meant, sentence). Where no venue that works is named, nothing is wanted.
    """
    for name, one in accounts.items() if isinstance(accounts, dict) else ():
        venue = one.get("venue") if isinstance(one, dict) else None
        entry = VENUES.get(venue) if isinstance(venue, str) else None
        if entry is None:
            continue
        for key in CREDENTIALS:
            if key in entry.needs and key not in one:
                why = f": {entry.name} {_WHY_WANTED[key]}" if key in _WHY_WANTED else ""
                yield ("account", name), False, f"{quoted(key)} is missing{why}"
            elif key in one and key not in entry.needs:
                yield ("account", name, key), True, f"{entry.name} wants no {key}, but {' and '.join(entry.needs)}"


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
