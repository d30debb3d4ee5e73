"""`[channel.NAME]` of every type: what is understood of it, and that its secrets stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.broken_settings import ACCOUNT, CONSOLE, HOUSE, PHONE
from tests.test_settings import TOKEN, home, key_file, load, refused
from watchdog.domain.effects import Level
from watchdog.settings import MqttSettings, TelegramSettings

__all__ = ["home"]  # a fixture

PASSWORD = "correct horse, päron"  # noqa: S105 - of nothing


def test_a_telegram_channel_needs_a_token_and_chats_only(home: Path) -> None:
    """The rest has defaults: everything is heard, in a private chat its owner speaks, at Telegram's own address."""
    phone = load(home, ACCOUNT + PHONE).channels["phone"]
    assert isinstance(phone, TelegramSettings)
    assert (phone.name, phone.type, phone.min_level, phone.chats, phone.users, phone.base_url) == (
        "phone",
        "telegram",
        Level.INFO,
        (123456789,),
        (),
        "https://api.telegram.org",
    )
    assert phone.token.get_secret_value() == TOKEN


def test_everything_of_a_telegram_channel_can_be_set(home: Path) -> None:
    """Groups, users, level, an address of one's own; http to another machine if its owner says so."""
    more = 'users = [5, 6]\nmin_level = "critical"\nbase_url = "http://bot.lan:8081/"\ninsecure = true\n'
    phone = load(home, ACCOUNT + PHONE.replace("[123456789]", "[-1001234567890, 7]") + more).channels["phone"]
    assert isinstance(phone, TelegramSettings)
    assert (phone.chats, phone.users, phone.min_level, phone.base_url) == (
        (-1001234567890, 7),
        (5, 6),
        Level.CRITICAL,
        "http://bot.lan:8081",
    )


def test_an_mqtt_channel_needs_nothing_but_its_type(home: Path) -> None:
    """A broker on this machine, as mosquitto comes; a client id that stays the same between runs."""
    house = load(home, ACCOUNT + '[channel.house]\ntype = "mqtt"\n').channels["house"]
    assert house == MqttSettings(
        name="house",
        min_level=Level.INFO,
        host="127.0.0.1",
        port=1883,
        topic="watchdog",
        client_id="position-watchdog-house",
        username=None,
        password=None,
        tls=False,
        ca_file=None,
        version="5",
        keepalive=15,
    )


def test_everything_of_an_mqtt_channel_can_be_set(home: Path) -> None:
    """TLS moves the port; a password may have blanks and any letters; a port of one's own holds."""
    key_file(home / "mqtt.password", f"{PASSWORD}\n")
    more = (
        'topic = "home/watchdog/"\nclient_id = "dog"\nusername = "ann"\npassword_file = "mqtt.password"\ntls = true\n'
        'version = "3.1.1"\nkeepalive = "1m"\nmin_level = "warn"\n'
    )
    house = load(home, ACCOUNT + HOUSE + more).channels["house"]
    assert isinstance(house, MqttSettings)
    assert house.password is not None
    assert house.password.get_secret_value() == PASSWORD
    assert (house.host, house.port, house.topic, house.client_id, house.username, house.tls) == (
        "broker.lan",
        8883,
        "home/watchdog",
        "dog",
        "ann",
        True,
    )
    assert (house.version, house.keepalive, house.min_level) == ("3.1.1", 60, Level.WARN)
    with_port = load(home, ACCOUNT + HOUSE + "tls = true\nport = 443\nversion = 5\n").channels["house"]
    assert isinstance(with_port, MqttSettings)
    assert (with_port.port, with_port.version) == (443, "5")


@pytest.mark.parametrize("where", ['host = "127.0.0.1"', 'host = "localhost"', 'host = "::1"', "insecure = true"])
def test_a_password_in_clear_needs_a_reason(home: Path, where: str) -> None:
    """On this machine, or where its owner has written that nobody else is on the network."""
    kept = HOUSE if "host" not in where else HOUSE.replace('host = "broker.lan"\n', "")
    more = f'{where}\nusername = "ann"\npassword_file = "main.secret"\n'
    assert load(home, ACCOUNT + kept + more).channels["house"].name == "house"


def test_channels_can_come_from_the_environment(home: Path) -> None:
    """Lists and numbers too, written as JSON."""
    environ = {
        "WATCHDOG_CHANNEL__PHONE__TYPE": "telegram",
        "WATCHDOG_CHANNEL__PHONE__TOKEN_FILE": "phone.token",
        "WATCHDOG_CHANNEL__PHONE__CHATS": "[7, -8]",
        "WATCHDOG_CHANNEL__HOUSE__TYPE": "mqtt",
        "WATCHDOG_CHANNEL__HOUSE__PORT": "1884",
        "WATCHDOG_CHANNEL__HOUSE__VERSION": "5",
        "WATCHDOG_CHANNEL__HOUSE__TLS": "true",
    }
    loaded = load(home, ACCOUNT, environ)
    phone, house = loaded.channels["phone"], loaded.channels["house"]
    assert isinstance(phone, TelegramSettings)
    assert isinstance(house, MqttSettings)
    assert (phone.chats, house.port, house.version, house.tls) == ((7, -8), 1884, "5", True)
    del environ["WATCHDOG_CHANNEL__PHONE__CHATS"]
    assert refused(home, ACCOUNT, environ | {"WATCHDOG_CHANNEL__PHONE__CHATS": "ann"}) == [
        'WATCHDOG_CHANNEL__PHONE__CHATS: "chats" is missing',
        'WATCHDOG_CHANNEL__PHONE__CHATS: this can\'t be read: a list is written as "[1, 2]"',
    ]


def test_tokens_and_passwords_are_in_no_words(home: Path) -> None:
    """Neither repr nor str of the settings shows them; a token others may read is refused unread."""
    key_file(home / "mqtt.password", PASSWORD)
    loaded = load(
        home, ACCOUNT + CONSOLE + PHONE + HOUSE + 'insecure = true\nusername = "u"\npassword_file = "mqtt.password"\n'
    )
    for shown in (repr(loaded), str(loaded), *map(str, loaded.channels.values())):
        assert TOKEN not in shown
        assert PASSWORD not in shown
    key_file(home / "phone.token", TOKEN, 0o644)
    assert refused(home, ACCOUNT + PHONE) == [
        'watchdog.toml:7:14: the file "phone.token" may be read by others (mode 0644): chmod 600 it'
    ]
