"""Where else the demo's night is played: a Telegram Bot API and an MQTT broker, by address."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

MADE_UP_TOKEN = "1:demo"  # noqa: S105  (no secret: a Bot API of one's own takes any)
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Broker:
    """An MQTT broker's address."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to a person besides the terminal."""

    telegram: str | None = None
    """The address of a Bot API."""
    token_file: Path | None = None
    """None: a made-up token."""
    chat: int = 1
    mqtt: Broker | None = None

    def token(self) -> str:
        """Of the bot. Raises OSError when its file can't be read."""
        return MADE_UP_TOKEN if self.token_file is None else self.token_file.read_text(encoding="utf-8").strip()

    def tables(self) -> Iterator[str]:
        """Their tables in watchdog.toml; the token lies beside it in `telegram.token`."""
        if self.telegram is not None:
            yield (
                f'[channel.phone]\ntype = "telegram"\ntoken_file = "telegram.token"\nchats = [{self.chat}]\n'
                f'base_url = "{self.telegram}"\n'
            )
        if self.mqtt is not None:
            tls = "tls = true\n" if self.mqtt.tls else ""
            yield f'[channel.house]\ntype = "mqtt"\nhost = "{self.mqtt.host}"\nport = {self.mqtt.port}\n{tls}'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--telegram URL` with its token and chat, `--mqtt URL`."""
    parser.add_argument(
        "--telegram", type=_bot_api, metavar="URL", help="play it in Telegram too: a Bot API (https://api.telegram.org)"
    )
    parser.add_argument("--telegram-token", type=Path, metavar="FILE", help="a file with the bot's token")
    parser.add_argument("--telegram-chat", type=int, default=1, metavar="ID", help="the chat that hears (1)")
    parser.add_argument("--mqtt", type=_broker, metavar="URL", help="and over MQTT: mqtt://HOST[:PORT], mqtts://…")


def ways(args: argparse.Namespace) -> Ways:
    """What the arguments name."""
    return Ways(args.telegram, args.telegram_token, args.telegram_chat, args.mqtt)


def _bot_api(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or '"' in text or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text!r} is no address: http://HOST:PORT or https://HOST is wanted")
    return text.rstrip("/")


def _broker(text: str) -> Broker:
    wanted = argparse.ArgumentTypeError(f"{text!r} is no broker: mqtt://HOST[:PORT] or mqtts://HOST[:PORT] is wanted")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wanted from None
    if parts.scheme not in _PORTS or not parts.hostname or '"' in text or parts.username or parts.path.strip("/"):
        raise wanted
    return Broker(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "mqtts")
