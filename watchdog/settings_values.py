"""watchdog.toml understood: what the other parts are given of it. No repr shows a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, tzinfo
from pathlib import Path
from typing import ClassVar, Final, Literal, TypeAlias

from pydantic import SecretStr

from watchdog.domain.effects import Level
from watchdog.rules.schema import Mode

NO_SECRET: Final = SecretStr("")


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account, with its keys read. A repr shows them as stars; what its venue wants none of is empty."""

    name: str
    venue: str
    """ccxt's id."""
    api_key: SecretStr
    secret: SecretStr
    base_url: str | None
    """Replaces scheme and host of the venue's addresses; None: the venue itself. No slash at its end."""
    mode: Mode
    """A cap over what the rules file allows; ACT is none, WATCH where `only_watched` says why."""
    poll: float
    """Seconds between full reads."""
    allow_withdraw_key: bool
    """True: its owner has put in writing that a key that can withdraw is accepted."""
    passphrase: SecretStr = NO_SECRET
    wallet: SecretStr = NO_SECRET
    """The address of an account that is read without a key."""
    only_watched: str = ""
    """Why no order goes there whatever the rules say; empty where orders can be sent."""

    def secrets(self) -> tuple[str, ...]:
        """What may stand in no message and no file."""
        every = (self.api_key, self.secret, self.passphrase, self.wallet)
        return tuple(one.get_secret_value() for one in every if one)


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """A channel that writes to standard output."""

    type: ClassVar = "console"
    name: str
    min_level: Level
    """It hears messages of this level and above."""
    format: Literal["text", "json"]


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """A Telegram bot. A repr shows the token as stars."""

    type: ClassVar = "telegram"
    name: str
    min_level: Level
    token: SecretStr
    chats: tuple[int, ...]
    """Who hears: chat ids, each with an outbox of its own."""
    users: tuple[int, ...]
    """Who may speak: user ids. Empty: in a private chat of `chats` its owner, in a group nobody."""
    base_url: str
    """Of the Bot API, without `/bot<token>` and without a slash at its end."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """An MQTT broker."""

    type: ClassVar = "mqtt"
    name: str
    min_level: Level
    host: str
    port: int
    topic: str
    """What every topic begins with, without a slash at its end."""
    client_id: str
    username: str | None
    password: SecretStr | None
    tls: bool
    ca_file: Path | None
    """None: the machine's own authorities."""
    version: Literal["3.1.1", "5"]
    keepalive: int
    """Seconds."""


ChannelSettings: TypeAlias = ConsoleSettings | TelegramSettings | MqttSettings


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the journal and all remembered state lie."""

    url: str
    """SQLAlchemy's; the path in it is absolute."""
    keep: int = 90
    """Days for which the journal and delivered messages are kept."""


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """The word of each day: all is well, or what is not."""

    at: time | None = time(8)
    """Time of day; None: there is none."""
    zone: tzinfo | None = None
    """None: the machine's own."""


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
    digest: DigestSettings = DigestSettings()
