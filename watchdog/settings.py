"""watchdog.toml and the environment: where things are and who we are.

Everything wrong is said at once, as file:line:column or by the name of the environment variable. Secrets are read from
files only, and never repeated in a message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError

from watchdog.rules.schema import Mode
from watchdog.secret_files import read_secret
from watchdog.settings_channels import in_clear, unknown_key
from watchdog.settings_channels_made import ChannelMaker
from watchdog.settings_file import ENV_PREFIX, Written, credential_problems
from watchdog.settings_values import (
    NO_SECRET,
    AccountSettings,
    ChannelSettings,
    ConsoleSettings,
    DigestSettings,
    MqttSettings,
    Settings,
    StoreSettings,
    TelegramSettings,
)
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
from watchdog.venues.known import VENUES

_SYSTEMD = ("WATCHDOG_USEC", "WATCHDOG_PID")
"""systemd's own, for its watchdog: no settings of ours."""
_CHOSEN = frozenset({"password_file", "passphrase_file"})
"""Secrets a person has thought of: blanks and letters of any language may be in them."""
_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_LONGEST_SOCKET = 107
"""Bytes of a unix socket's path (sun_path, without its closing NUL)."""


__all__ = [
    "AccountSettings",
    "ChannelSettings",
    "ConsoleSettings",
    "DigestSettings",
    "MqttSettings",
    "Settings",
    "StoreSettings",
    "TelegramSettings",
    "account_names",
    "load_settings",
]


def load_settings(path: Path, environ: Mapping[str, str]) -> Settings:
    """Read watchdog.toml, with `WATCHDOG_…` variables over it, and the key files it names.

    Raises FileError with every problem found. No secret is in it, nor in any repr of the result.
    """
    return _Loader(path, environ).load()


def account_names(path: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """The accounts a settings file names, whatever else is wrong with it. Raises FileError when it can't be read."""
    return _names(path, environ, "account")


def channel_names(path: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """The channels a settings file names, whatever else is wrong with it. Raises FileError when it can't be read."""
    return _names(path, environ, "channel")


def _names(path: Path, environ: Mapping[str, str], table: str) -> frozenset[str]:
    named = _Loader(path, environ).merged().get(table)
    return frozenset(named) if isinstance(named, dict) else frozenset()


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
        for path, key, text in credential_problems(values.get("account")):
            self._problem(path, text, key=key)
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
        values: dict[str, Any] = {}
        for name, value in ours.items():  # one by one, so that the one it can't take is known
            source.env_vars = {name: value}
            try:
                values = _merge(values, source())
            except SettingsError:
                path = tuple(name.removeprefix(ENV_PREFIX.lower()).split("__"))
                variable = self._variables[path]
                wanted = f"a table: write {variable}__NAME__KEY=value, or JSON"
                if len(path) > 1:
                    wanted = 'this can\'t be read: a list is written as "[1, 2]"'
                self._found.append(Problem(variable, 0, 0, wanted))
        return values

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
        for path, key, text in problems:
            if key and path[0] == "channel":
                kind = values["channel"][path[1]].get("type")
                self._problem(path, unknown_key(kind, str(path[2])), key=True)
            elif not (len(path) == 2 and text.endswith("must be a table")):  # noqa: PLR2004 - said by _check_names
                self._problem(path, text, key=key)
        return None

    def _check_files(self, values: dict[str, Any]) -> None:
        """The files named by a file that is wrong elsewhere, so that all is said at once."""
        for table, key in (
            ("account", "api_key_file"),
            ("account", "secret_file"),
            ("account", "passphrase_file"),
            ("channel", "token_file"),
            ("channel", "password_file"),
        ):
            for name, one in values[table].items() if isinstance(values.get(table), dict) else ():
                written = one.get(key) if isinstance(one, dict) else None
                if isinstance(written, str) and written.strip() and written.isprintable():
                    self._secret((table, name, key), written, password=key in _CHOSEN)

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
            channels=dict(ChannelMaker(self._folder, self._problem, self._secret).made(written.channel)),
            store=StoreSettings(url=f"sqlite:///{state_dir / database}", keep=written.store.keep),
            rules=rules,
            state_dir=state_dir,
            socket=socket,
            digest=DigestSettings(None if written.digest.at == "off" else written.digest.at, written.digest.zone),
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
        taken: dict[tuple[str, str | None, str], str] = {}
        for name, account in written.account.items():
            path = ("account", name)
            secrets = {
                key: self._secret((*path, key), file, password=key in _CHOSEN)
                for key in ("api_key_file", "secret_file", "passphrase_file")
                if (file := getattr(account, key)) is not None
            }
            if None in secrets.values():
                continue
            api_key, secret, passphrase = (
                secrets.get(key) or NO_SECRET for key in ("api_key_file", "secret_file", "passphrase_file")
            )
            if api_key and api_key == secret:
                self._problem((*path, "secret_file"), "holds the same as api_key_file: one is the wrong file")
            wallet = account.wallet or ""
            if account.base_url is not None and in_clear(account.base_url) and not account.insecure:
                self._problem(
                    (*path, "base_url"),
                    f"the {'wallet' if wallet else 'API key'} would cross the network for all to read: use https, "
                    "or write insecure = true if nobody else is on that network",
                )
            identity = (account.venue, account.base_url, wallet or api_key.get_secret_value())
            twin = taken.setdefault(identity, name)
            if twin != name:
                what, key = ("key", "api_key_file") if api_key else ("wallet", "wallet")
                self._problem((*path, key), f"the same {what} as account {quoted(twin)}: both would place stops for it")
            entry = VENUES[account.venue]
            yield (
                name,
                AccountSettings(
                    name=name,
                    venue=account.venue,
                    api_key=api_key,
                    secret=secret,
                    passphrase=passphrase,
                    wallet=SecretStr(wallet),
                    base_url=account.base_url,
                    mode=account.mode if entry.orders else Mode.WATCH,
                    poll=account.poll,
                    allow_withdraw_key=account.allow_withdraw_key,
                    only_watched="" if entry.orders else f"no stop can be placed on {entry.name} yet",
                ),
            )

    def _secret(self, path: KeyPath, written: str, *, password: bool = False) -> SecretStr | None:
        try:
            return read_secret(written, self._folder, self._environ.get("CREDENTIALS_DIRECTORY"), password=password)
        except WrongValueError as error:
            self._problem(path, str(error))
            return None


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
