"""From the `[channel.NAME]` tables to what the channels are made of: secrets read, twins and open lines found."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from pydantic import SecretStr

from watchdog.settings_channels import (
    PLAIN_PORT,
    TLS_PORT,
    ConsoleTable,
    MqttTable,
    TelegramTable,
    bot_token,
    in_clear,
    is_loopback,
)
from watchdog.settings_values import ChannelSettings, ConsoleSettings, MqttSettings, TelegramSettings
from watchdog.tomlfile import KeyPath, quoted

Table: TypeAlias = ConsoleTable | TelegramTable | MqttTable


class Problems(Protocol):
    """Notes what is wrong, where its value came from."""

    def __call__(self, path: KeyPath, text: str, *, key: bool = False) -> None:
        """One problem."""
        ...


class Secrets(Protocol):
    """Reads a secret's file; None and a problem where it can't."""

    def __call__(self, path: KeyPath, written: str, *, password: bool = False) -> SecretStr | None:
        """One secret."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelMaker:
    """Makes the channels' settings."""

    folder: Path
    """Of the settings file."""
    problem: Problems
    secret: Secrets

    def made(self, tables: Mapping[str, Table]) -> Iterator[tuple[str, ChannelSettings]]:
        """Each channel by name; of one whose secret cannot be read there is only the problem."""
        taken: dict[object, str] = {}
        for name, channel in tables.items():
            made: ChannelSettings | None
            match channel:
                case ConsoleTable():
                    made = ConsoleSettings(name=name, min_level=channel.min_level, format=channel.format)
                case TelegramTable():
                    made = self._telegram(name, channel, taken)
                case MqttTable():
                    made = self._mqtt(name, channel, taken)
            if made is not None:
                yield name, made

    def _telegram(self, name: str, channel: TelegramTable, taken: dict[object, str]) -> TelegramSettings | None:
        path = ("channel", name, "token_file")
        if in_clear(channel.base_url) and not channel.insecure:
            self.problem(
                (*path[:2], "base_url"),
                "the token would cross the network for all to read: use https, "
                "or write insecure = true if nobody else is on that network",
            )
        token = self.secret(path, channel.token_file)
        if token is None:
            return None
        if not bot_token(token.get_secret_value()):
            self.problem(path, "holds no bot's token: BotFather gives one such as 123456789:AbC-dEf…")
        twin = taken.setdefault(token.get_secret_value(), name)
        if twin != name:
            self.problem(
                path,
                f"the same bot as channel {quoted(twin)}: they would take each other's messages; "
                "name all chats in one channel",
            )
        return TelegramSettings(
            name=name,
            min_level=channel.min_level,
            token=token,
            chats=tuple(channel.chats),
            users=tuple(channel.users),
            base_url=channel.base_url,
        )

    def _mqtt(self, name: str, channel: MqttTable, taken: dict[object, str]) -> MqttSettings | None:
        path = ("channel", name)
        password = None
        if channel.password_file is not None:
            if channel.username is None:
                self.problem((*path, "password_file"), "a password goes with a name: username is missing")
            if not channel.tls and not channel.insecure and not is_loopback(channel.host):
                self.problem(
                    (*path, "password_file"),
                    "the password would cross the network for all to read: write tls = true, "
                    "or insecure = true if nobody else is on that network",
                )
            password = self.secret((*path, "password_file"), channel.password_file, password=True)
        port = channel.port or (TLS_PORT if channel.tls else PLAIN_PORT)
        client_id = channel.client_id or f"position-watchdog-{name}"
        twin = taken.setdefault((channel.host, port, client_id), name)
        if twin != name:
            self.problem(
                (*path, "client_id"),
                f"the same as of channel {quoted(twin)} at the same broker: each would throw the other out",
            )
        return MqttSettings(
            name=name,
            min_level=channel.min_level,
            host=channel.host,
            port=port,
            topic=channel.topic,
            client_id=client_id,
            username=channel.username,
            password=password,
            tls=channel.tls,
            ca_file=self._authority(path, channel),
            version=channel.version,
            keepalive=channel.keepalive,
        )

    def _authority(self, path: KeyPath, channel: MqttTable) -> Path | None:
        """The file of certificates that a broker's is checked against."""
        if channel.ca_file is None:
            return None
        path = (*path, "ca_file")
        if not channel.tls:
            self.problem(path, "is of use with tls only: write tls = true")
        file = self.folder / channel.ca_file
        shown = quoted(str(file), longest=4096)
        if file.exists() and not file.is_file():  # reading a pipe would wait for ever
            self.problem(path, f"the file {shown} is no plain file")
            return file
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        except ssl.SSLError:
            self.problem(path, f"the file {shown} holds no certificate (PEM is wanted)")
        except OSError as error:
            self.problem(path, f"the file {shown} cannot be read: {error.strerror or 'no reason given'}")
        return file
