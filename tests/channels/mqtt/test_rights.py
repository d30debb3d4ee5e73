"""Passwords, rights and certificates: what is refused is said in words, and no secret is among them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import trustme

from tests.broker import KIND, VERSIONS, Broker, Rights
from tests.channels.mqtt.support import Witness, opened, position, settings, shown, until
from tests.messages import message
from watchdog.channels.base import ChannelError
from watchdog.channels.mqtt import MqttChannel
from watchdog.settings import MqttSettings

PASSWORD = "open-sesame-4711"  # noqa: S105  (it opens only what these tests start)
OURS = ("watchdog", PASSWORD)
RIGHTS = Rights(
    passwords={"watchdog": PASSWORD, "deaf": PASSWORD, "mute": PASSWORD, "stranger": PASSWORD, "house": PASSWORD},
    topics={
        "watchdog": ("watchdog/#",),
        "deaf": ("watchdog/self", "watchdog/availability", "watchdog/account/#"),
        "mute": ("watchdog/self", "watchdog/availability", "watchdog/alert"),
        "stranger": ("elsewhere/#",),
        "house": ("#",),
    },
)
"""deaf may not write alerts, mute may not write states, stranger may nothing; house is the witness."""
HOUSE = ("house", PASSWORD)


@pytest.fixture(scope="session", params=[KIND])
def strict_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One that asks for a password, and lets each user do a little."""
    with Broker(tmp_path_factory.mktemp("strict"), rights=RIGHTS) as running:
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come back soon is not heard."""
    monkeypatch.setattr("watchdog.channels.mqtt.connection.HEARD_S", 1.0)


async def refusal(given: MqttSettings) -> str:
    """What `open` says when it fails."""
    channel = MqttChannel(given)
    try:
        with pytest.raises(ChannelError) as caught:
            await channel.open()
        return caught.value.reason
    finally:
        await channel.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_right_password_lets_us_in(strict_broker: Broker, version: Literal["3.1.1", "5"]) -> None:
    """With rights on its own topics alone, everything works."""
    async with (
        Witness(strict_broker, "watchdog", HOUSE) as witness,
        opened(settings(strict_broker, user=OURS, version=version)) as channel,
    ):
        channel.show(shown(position()))
        await channel.send(message("m1"))
        await witness.until(lambda one: one.alerts and "account/main" in one.states and one.availability == "online")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("user", [("watchdog", "wrong-4712"), ("nobody", PASSWORD), None])
async def test_a_wrong_password_is_said_and_not_shown(
    strict_broker: Broker,
    version: Literal["3.1.1", "5"],
    user: tuple[str, str] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reason names the cause; neither it, nor the log, nor a repr holds the password."""
    caplog.set_level(logging.DEBUG)
    given = settings(strict_broker, user=user, version=version)
    reason = await refusal(given)
    assert "wrong user name or password" in reason
    for word in (PASSWORD, "wrong-4712"):
        assert word not in reason + caplog.text + repr(given) + repr(MqttChannel(given))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("version", VERSIONS)
async def test_an_alert_that_the_rights_swallow_is_not_confirmed(
    strict_broker: Broker, version: Literal["3.1.1", "5"]
) -> None:
    """The broker confirms it and gives it to nobody: `send` fails, and says what to look at."""
    given = settings(strict_broker, user=("deaf", PASSWORD), version=version, client_id="deaf")
    reason = ""
    async with Witness(strict_broker, "watchdog", HOUSE) as witness:
        try:
            async with opened(given) as channel:
                with pytest.raises(ChannelError) as caught:
                    await channel.send(message("m1"))
                reason = caught.value.reason
        except ChannelError as error:  # a broker that refuses the subscription says it at once
            reason = error.reason
        assert "ACL" in reason
        assert "watchdog/alert" in reason
        assert witness.alerts == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("version", VERSIONS)
async def test_without_any_rights_it_does_not_open(strict_broker: Broker, version: Literal["3.1.1", "5"]) -> None:
    """A channel that nobody would hear does not pretend to work."""
    reason = await refusal(settings(strict_broker, user=("stranger", PASSWORD), version=version))
    assert "ACL" in reason


@pytest.mark.usefixtures("impatient")
async def test_states_that_the_rights_swallow_are_told_in_the_log(
    strict_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """Alerts go on; that no state is to be seen is said."""
    given = settings(strict_broker, user=("mute", PASSWORD), client_id="mute")
    async with Witness(strict_broker, "watchdog", HOUSE) as witness, opened(given) as channel:
        channel.show(shown(position()))
        await channel.send(message("m1"))
        await witness.until(lambda one: one.alerts)
        await until(lambda: "the states of the accounts" in caplog.text)
        await channel.send(message("m2"))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs."""
    return trustme.CA()


@pytest.fixture(params=[KIND])
def tls_broker(tmp_path: Path, authority: trustme.CA) -> Iterator[Broker]:
    """One that speaks TLS, with a certificate of 127.0.0.1."""
    certificate = tmp_path / "broker.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    with Broker(tmp_path, certificate=certificate) as running:
        yield running


async def test_tls_with_its_authority_works(tls_broker: Broker, tmp_path: Path, authority: trustme.CA) -> None:
    """`ca_file` names who signs."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    async with opened(settings(tls_broker, ca_file=file)) as channel:
        await channel.send(message("m1"))


async def test_a_certificate_nobody_vouches_for_is_refused(tls_broker: Broker, tmp_path: Path) -> None:
    """Neither the machine's own authorities nor another's do; the reason says that it is the certificate."""
    file = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(file))
    given = settings(tls_broker, ca_file=file)
    for one in (given, replace(given, ca_file=None)):
        assert "the certificate of 127.0.0.1:" in await refusal(one)


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path, authority: trustme.CA) -> None:
    """One for another host is not good enough, whoever signed it."""
    certificate, file = tmp_path / "broker.pem", tmp_path / "ca.pem"
    authority.issue_cert("broker.example").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(file))
    with Broker(tmp_path, certificate=certificate) as broker:
        assert "is not accepted" in await refusal(settings(broker, ca_file=file))


async def test_tls_and_no_tls_do_not_go_together(
    tls_broker: Broker, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain words to a TLS port, TLS to a plain one, a `ca_file` that is none: each in words."""
    monkeypatch.setattr("watchdog.channels.mqtt.client.CONNECT_S", 0.5)
    assert "is it perhaps a TLS port?" in await refusal(replace(settings(tls_broker), tls=False))
    assert "a TLS port?" in await refusal(replace(settings(broker), tls=True))
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    assert "ca_file can't be used" in await refusal(settings(tls_broker, ca_file=nonsense))
    assert "No such file" in await refusal(settings(tls_broker, ca_file=tmp_path / "missing.pem"))


async def test_a_name_nobody_knows_is_said(broker: Broker) -> None:
    """With the name, to find the slip of the pen."""
    assert "the name broker.invalid is not known" in await refusal(replace(settings(broker), host="broker.invalid"))
