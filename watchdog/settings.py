"""watchdog.toml and the environment: where things are and who we are.

Everything wrong is said at once, as file:line:column or by the name of the environment variable. Secrets are read from
files only, and never repeated in a message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from watchdog.domain.effects import Level
from watchdog.rules.schema import Mode
from watchdog.secret_files import read_secret
from watchdog.settings_file import ENV_PREFIX, Written
from watchdog.tomlfile import (
    FileError,
    KeyPath,
    Problem,
    TomlDocument,
    WrongValueError,
    did_you_mean,
    model_problems,
    parse_toml,
    quoted,
    read_text,
)

_SYSTEMD = ("WATCHDOG_USEC", "WATCHDOG_PID")
"""systemd's own, for its watchdog: no settings of ours."""
_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_LONGEST_SOCKET = 107
"""Bytes of a unix socket's path (sun_path, without its closing NUL)."""


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account, with its keys read. A repr shows the keys as stars."""

    name: str
    venue: str
    """ccxt's id."""
    api_key: SecretStr
    secret: SecretStr
    base_url: str | None
    """Replaces scheme and host of the venue's addresses; None: the venue itself. No slash at its end."""
    mode: Mode
    """A cap over what the rules file allows; ACT is none."""
    poll: float
    """Seconds between full reads."""
    allow_withdraw_key: bool
    """True: its owner has put in writing that a key that can withdraw is accepted."""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel."""

    name: str
    type: Literal["console"]
    min_level: Level
    """It hears messages of this level and above."""
    format: Literal["text", "json"]


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the journal and all remembered state lie."""

    url: str
    """SQLAlchemy's; the path in it is absolute."""


@dataclass(frozen=True, slots=True)
class Settings:
    """watchdog.toml understood, with every path absolute."""

    file: Path
    accounts: Mapping[str, AccountSettings]
    channels: Mapping[str, ChannelSettings]
    store: StoreSettings
    rules: Path
    state_dir: Path
    socket: Path


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read watchdog.toml, with `WATCHDOG_…` variables over it, and the key files it names.

    Raises FileError with every problem found. No secret is in it, nor in any repr of the result.
    """
    return _Loader(path, environ).load()


def account_names(path: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """The accounts a settings file names, whatever else is wrong with it. Raises FileError when it can't be read."""
    loader = _Loader(path, environ)
    accounts = loader.merged().get("account")
    return frozenset(accounts) if isinstance(accounts, dict) else frozenset()


class _Loader:
    """Reads one settings file, gathering problems."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self._path = path
        self._folder = path.absolute().parent
        self._environ = environ
        self._found: list[Problem] = []
        self._document: TomlDocument | None = None
        self._variables: dict[KeyPath, str] = {}
        """Which variable a value came from."""

    def merged(self) -> dict[str, Any]:
        """The file's values with the environment's over them."""
        self._document = parse_toml(read_text(self._path), str(self._path))
        return _merge(self._document.values, self._environment())

    def load(self) -> Settings:
        values = self.merged()
        if not values.get("account"):
            self._problem(("account",), "no account: at least one [account.NAME] is wanted")
        if not values.get("channel"):
            self._problem(("channel",), 'no channel: nobody would hear; [channel.console] with type = "console" is one')
        self._check_names(values)
        written = self._validate(values)
        if written is None:
            self._check_files(values)
            raise FileError(self._found)
        settings = self._resolve(written)
        if self._found:
            raise FileError(self._found)
        return settings

    def _environment(self) -> dict[str, Any]:
        """The `WATCHDOG_…` variables as nested values."""
        fields = Written.model_fields
        ours = {}
        for name in sorted(self._environ):
            if not name.startswith(ENV_PREFIX) or name in _SYSTEMD:
                continue
            path: tuple[str, ...] = tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))
            if path[0] in fields:
                ours[name.lower()] = self._environ[name]
                self._variables[path] = name
            else:
                near = did_you_mean(path[0], [field.upper() for field in fields], ENV_PREFIX)
                self._found.append(Problem(name, 0, 0, f"no such setting{near}"))
        source = EnvSettingsSource(Written, case_sensitive=False)
        source.env_vars = ours
        try:
            return source()
        except SettingsError:
            for variable, name in self._variables.items():
                if len(variable) == 1:
                    self._found.append(Problem(name, 0, 0, f"a table: write {name}__NAME__KEY=value, or JSON"))
            return {}

    def _problem(self, path: KeyPath, text: str, *, key: bool = False) -> None:
        """Note a problem where its value came from: the file, or a variable."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._variables:
                self._found.append(Problem(self._variables[path[:length]], 0, 0, text))
                return
        if self._document is None:
            return
        written = path in self._document.positions.keys
        maker = next((name for made, name in self._variables.items() if made[: len(path)] == path), None)
        if maker is not None and not written:  # a table that only variables made
            self._found.append(Problem(maker, 0, 0, text))
        else:
            place = self._document.key_problem if key else self._document.value_problem
            self._found.append(place(path, text))

    def _check_names(self, values: dict[str, Any]) -> None:
        for table in ("account", "channel"):
            named = values.get(table)
            if isinstance(named, list):
                self._problem((table,), f"write [{table}.NAME], in single brackets")
                values[table] = {}
            for name, value in named.items() if isinstance(named, dict) else ():
                if not isinstance(value, dict):
                    self._problem((table, name), f"write [{table}.NAME]: {quoted(name)} must be a table")
                elif not _NAME.fullmatch(name):
                    self._problem(
                        (table, name), f"{quoted(name)} is no name: 1 to 32 of a-z, 0-9, - and _ are wanted", key=True
                    )

    def _validate(self, values: dict[str, Any]) -> Written | None:
        try:
            return Written(**values)
        except ValidationError as error:
            problems = list(model_problems(error, Written))
        planned = {path[:2] for path, _, text in problems if path[-1:] == ("type",) and text.startswith("not yet")}
        for path, key, text in problems:
            unknown_of_planned = key and path[:2] in planned
            no_table = len(path) == 2 and text.endswith("must be a table")  # noqa: PLR2004 - said by _check_names
            if not unknown_of_planned and not no_table:
                self._problem(path, text, key=key)
        return None

    def _check_files(self, values: dict[str, Any]) -> None:
        """The files named by a file that is wrong elsewhere, so that all is said at once."""
        for name, account in values["account"].items() if isinstance(values.get("account"), dict) else ():
            for key in ("api_key_file", "secret_file"):
                written = account.get(key) if isinstance(account, dict) else None
                if isinstance(written, str) and written.strip() and written.isprintable():
                    self._secret(("account", name, key), written)

    def _resolve(self, written: Written) -> Settings:
        state_dir = self._state_dir(written)
        socket = self._socket(written, state_dir)
        rules = self._folder / (written.rules or "rules.toml")
        if written.rules is not None and not rules.is_file():
            self._problem(("rules",), f"the rules file {quoted(str(rules), longest=4096)} does not exist")
        database = written.store.url.removeprefix("sqlite:///")
        return Settings(
            file=self._path,
            accounts=dict(self._accounts(written)),
            channels={
                name: ChannelSettings(name=name, type=channel.type, min_level=channel.min_level, format=channel.format)
                for name, channel in written.channel.items()
            },
            store=StoreSettings(url=f"sqlite:///{state_dir / database}"),
            rules=rules,
            state_dir=state_dir,
            socket=socket,
        )

    def _state_dir(self, written: Written) -> Path:
        given = self._environ.get("STATE_DIRECTORY", "").split(":")[0]  # systemd parts several by colons
        if given:
            return Path(given).absolute()
        if written.state_dir is not None:
            return self._folder / written.state_dir
        home = Path(self._environ.get("HOME") or Path.home())
        return Path(self._environ.get("XDG_STATE_HOME") or home / ".local" / "state") / "position-watchdog"

    def _socket(self, written: Written, state_dir: Path) -> Path:
        runtime = self._environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
        socket = (Path(runtime).absolute() if runtime else state_dir) / "watchdog.sock"
        if written.socket is not None:
            socket = self._folder / written.socket
        if len(os.fsencode(socket)) > _LONGEST_SOCKET:
            self._problem(
                ("socket",), f"the socket's path is longer than {_LONGEST_SOCKET} bytes: set socket to a shorter one"
            )
        return socket

    def _accounts(self, written: Written) -> Iterator[tuple[str, AccountSettings]]:
        keys: dict[tuple[str, str | None, str], str] = {}
        for name, account in written.account.items():
            api_key = self._secret(("account", name, "api_key_file"), account.api_key_file)
            secret = self._secret(("account", name, "secret_file"), account.secret_file)
            if api_key is None or secret is None:
                continue
            if api_key.get_secret_value() == secret.get_secret_value():
                self._problem(("account", name, "secret_file"), "holds the same as api_key_file: one is the wrong file")
            identity = (account.venue, account.base_url, api_key.get_secret_value())
            if identity in keys:
                twin = quoted(keys[identity])
                self._problem(
                    ("account", name, "api_key_file"), f"the same key as account {twin}: both would place stops for it"
                )
            keys[identity] = name
            yield (
                name,
                AccountSettings(
                    name=name,
                    venue=account.venue,
                    api_key=api_key,
                    secret=secret,
                    base_url=account.base_url,
                    mode=account.mode,
                    poll=account.poll,
                    allow_withdraw_key=account.allow_withdraw_key,
                ),
            )

    def _secret(self, path: KeyPath, written: str) -> SecretStr | None:
        try:
            return read_secret(written, self._folder, self._environ.get("CREDENTIALS_DIRECTORY"))
        except WrongValueError as error:
            self._problem(path, str(error))
            return None


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
