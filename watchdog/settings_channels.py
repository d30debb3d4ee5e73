"""`[channel.NAME]` as it is written: a table per type, its keys, and what each value may be."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, ModelWrapValidatorHandler, WithJsonSchema, WrapValidator

from watchdog.domain.effects import Level
from watchdog.rules.schema import LEVELS
from watchdog.rules.shapes import DURATION_SHAPE, MIN_LEVEL_SHAPE, list_of
from watchdog.rules.units import read_duration, say_duration
from watchdog.tomlfile import WrongValueError, did_you_mean, quoted, suggest

TELEGRAM_URL: Final = "https://api.telegram.org"
PLAIN_PORT, TLS_PORT = 1883, 8883
"""MQTT's, as registered with IANA."""

_MIN_LEVELS: Final = {"info": Level.INFO, **LEVELS}
_KEEPALIVE_LEAST, _KEEPALIVE_MOST = 4.0, 120.0  # a dead broker is noticed after twice that at most
_BEYOND_IDS = 2**52
"""Telegram's ids have at most 52 significant bits."""
_LONGEST_TOPIC = 200
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{1,200}")


def read_text_value(raw: object) -> str:
    """A path. Raises WrongValueError."""
    if isinstance(raw, str) and raw.strip() and raw.isprintable():
        return raw
    raise WrongValueError("a path is wanted: text in quotes, on one line, not empty")


def read_base_url(raw: object) -> str:
    """Scheme, host, port, perhaps a path; without a slash at its end. Raises WrongValueError."""
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


def bot_token(text: str) -> bool:
    """Whether a text has the shape of a bot's token."""
    return _TOKEN.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether what is sent to a host stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def in_clear(base_url: str) -> bool:
    """Whether what is sent to an address can be read on the way."""
    parts = urlsplit(base_url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def unknown_key(kind: object, key: str) -> str:
    """What is said of a key that a channel of this type does not have."""
    own = TABLES[kind].model_fields if isinstance(kind, str) and kind in TABLES else {}
    others = [name for name, table in TABLES.items() if name != kind and key in table.model_fields]
    if others:
        of = " or ".join(quoted(name) for name in others)
        return f"unknown key {quoted(key)}: it is one of a channel of type {of}"
    return f"unknown key {quoted(key)}{did_you_mean(key, own)}"


def _min_level(raw: object) -> Level:
    if isinstance(raw, str) and raw in _MIN_LEVELS:
        return _MIN_LEVELS[raw]
    raise WrongValueError(f"unknown level {quoted(raw)}{suggest(raw, _MIN_LEVELS)}")


def _format(raw: object) -> str:
    if raw in ("text", "json"):
        return str(raw)
    raise WrongValueError(f"unknown format {quoted(raw)}{suggest(raw, ('text', 'json'))}")


def _type(raw: object) -> str:
    if isinstance(raw, str) and raw in TABLES:
        return raw
    raise WrongValueError(f"unknown channel type {quoted(raw)}{suggest(raw, TABLES)}")


def _ids(raw: object, what: str, *, groups: bool) -> list[int]:
    if not isinstance(raw, list):
        more = "; a group's begins with -" if groups else ""
        raise WrongValueError(f"{what} must be a list of numbers such as [123456789]{more}")
    for one in raw:
        if not isinstance(one, int) or isinstance(one, bool):
            raise WrongValueError(f"{what} holds numbers such as 123456789, not {quoted(one)}")
        if abs(one) >= _BEYOND_IDS or one == 0 or (one < 0 and not groups):
            raise WrongValueError(f"{what}: {quoted(one)} is no id of Telegram's")
        if raw.count(one) > 1:
            raise WrongValueError(f"{what} names {one} twice")
    return raw


def _chats(raw: object) -> list[int]:
    chats = _ids(raw, "chats", groups=True)
    if not chats:
        raise WrongValueError("chats is empty: nobody would hear")
    return chats


def _users(raw: object) -> list[int]:
    return _ids(raw, "users", groups=False)


def _host(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise WrongValueError('host must be a name or an address in quotes, such as "127.0.0.1"')
    try:
        return str(ipaddress.ip_address(raw))
    except ValueError:
        pass
    if "://" in raw or "/" in raw or "@" in raw or "[" in raw:
        raise WrongValueError(
            'host is a name or an address only, such as "broker.lan": port, user and tls are own keys'
        )
    if ":" in raw:
        raise WrongValueError("host is a name or an address only: write the port as port = 1883")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,253}", raw):
        raise WrongValueError(f"host: {quoted(raw)} is no name of a machine")
    return raw


def _port(raw: object) -> int:
    if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,5}", raw):  # from the environment
        raw = int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 < raw < 65536:  # noqa: PLR2004 - the last port is 65535
        return raw
    raise WrongValueError("port must be a whole number within 1 and 65535")


def _topic(raw: object) -> str:
    if not isinstance(raw, str) or not raw.isprintable():
        raise WrongValueError('topic must be text in quotes, such as "watchdog"')
    topic = raw.removesuffix("/")
    if not topic or any(part == "" for part in topic.split("/")):
        raise WrongValueError('topic must be words parted by single slashes, such as "home/watchdog"')
    if "+" in topic or "#" in topic or topic.startswith("$"):
        raise WrongValueError("topic can't hold + or #, nor begin with $: they mean something else in MQTT")
    if len(topic.encode()) > _LONGEST_TOPIC:
        raise WrongValueError(f"topic is longer than {_LONGEST_TOPIC} bytes")
    return topic


def _client_id(raw: object) -> str:
    if isinstance(raw, str) and re.fullmatch(r"[A-Za-z0-9_.:-]{1,128}", raw):
        return raw
    raise WrongValueError("client_id must be 1 to 128 of a-z, A-Z, 0-9, - _ . and :, in quotes")


def _username(raw: object) -> str:
    if isinstance(raw, str) and raw and raw.isprintable():
        return raw
    raise WrongValueError("username must be text in quotes, not empty")


def _version(raw: object) -> str:
    if raw in ("5", "3.1.1"):
        return str(raw)
    if raw == 5 and not isinstance(raw, bool):  # noqa: PLR2004 - MQTT 5
        return "5"
    raise WrongValueError(f'unknown version of MQTT {quoted(raw)}: "5" or "3.1.1", in quotes')


def _keepalive(raw: object) -> int:
    seconds = read_duration(raw)
    if not _KEEPALIVE_LEAST <= seconds <= _KEEPALIVE_MOST:
        bounds = f"within {say_duration(_KEEPALIVE_LEAST)} and {say_duration(_KEEPALIVE_MOST)}"
        raise WrongValueError(f"keepalive must lie {bounds}, not {quoted(raw)}")
    return int(seconds)


PathText = Annotated[str, BeforeValidator(read_text_value)]
BaseUrl = Annotated[str, BeforeValidator(read_base_url)]


class Table(BaseModel):
    """A table of the file: no key is let through unknown, no value is repeated in an error."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _Channel(Table):
    """What every `[channel.NAME]` has."""

    min_level: Annotated[Level, BeforeValidator(_min_level), WithJsonSchema(MIN_LEVEL_SHAPE)] = Level.INFO


class ConsoleTable(_Channel):
    """`type = "console"`."""

    type: Literal["console"]
    format: Annotated[Literal["text", "json"], BeforeValidator(_format)] = "text"


class TelegramTable(_Channel):
    """`type = "telegram"`."""

    type: Literal["telegram"]
    token_file: PathText
    chats: Annotated[list[int], BeforeValidator(_chats), WithJsonSchema(list_of({"type": "integer"}))]
    users: Annotated[list[int], BeforeValidator(_users), WithJsonSchema(list_of({"type": "integer"}, least=0))] = []
    base_url: BaseUrl = TELEGRAM_URL
    insecure: bool = False


class MqttTable(_Channel):
    """`type = "mqtt"`."""

    type: Literal["mqtt"]
    host: Annotated[str, BeforeValidator(_host)] = "127.0.0.1"
    port: Annotated[int, BeforeValidator(_port), WithJsonSchema({"type": "integer"})] | None = None
    topic: Annotated[str, BeforeValidator(_topic)] = "watchdog"
    client_id: Annotated[str, BeforeValidator(_client_id)] | None = None
    username: Annotated[str, BeforeValidator(_username)] | None = None
    password_file: PathText | None = None
    tls: bool = False
    ca_file: PathText | None = None
    insecure: bool = False
    version: Annotated[
        Literal["3.1.1", "5"], BeforeValidator(_version), WithJsonSchema({"enum": ["3.1.1", "5", 5]})
    ] = "5"
    keepalive: Annotated[int, BeforeValidator(_keepalive), WithJsonSchema(DURATION_SHAPE)] = 15


TABLES: Final[dict[str, type[_Channel]]] = {"console": ConsoleTable, "telegram": TelegramTable, "mqtt": MqttTable}
"""The channel types that work."""


class _Typed(BaseModel):
    """Any channel's table, of which only the type is looked at."""

    model_config = ConfigDict(hide_input_in_errors=True)

    type: Annotated[str, BeforeValidator(_type)]


def _of_its_type(raw: object, _: ModelWrapValidatorHandler[_Channel]) -> _Channel:
    """The table of the type it names; what is wrong in it is told of that type's keys alone."""
    return TABLES[_Typed.model_validate(raw).type].model_validate(raw)


ChannelTable = Annotated[ConsoleTable | TelegramTable | MqttTable, WrapValidator(_of_its_type)]
