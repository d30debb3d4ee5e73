"""What systemd is told, on a real datagram socket."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from watchdog import systemd


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """The socket systemd would listen on, in both kinds, and the environment that names it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@watchdog-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1) if request.param == "abstract" else name)
        listener.settimeout(5)
        yield listener, {"NOTIFY_SOCKET": name}


def test_each_word_is_one_datagram(manager: tuple[socket.socket, dict[str, str]]) -> None:
    """Ready, status, alive, stopping and more time are said in systemd's own words."""
    listener, environ = manager
    said = [
        (systemd.ready("watching 2 accounts", environ), "READY=1\nSTATUS=watching 2 accounts"),
        (systemd.ready(environ=environ), "READY=1"),
        (systemd.status("main: 2 positions", environ), "STATUS=main: 2 positions"),
        (systemd.alive(environ), "WATCHDOG=1"),
        (systemd.stopping("asked to", environ), "STOPPING=1\nSTATUS=asked to"),
        (systemd.extend_timeout(2.5, environ), "EXTEND_TIMEOUT_USEC=2500000"),
    ]
    for sent, expected in said:
        assert sent
        assert listener.recv(4096).decode() == expected


def test_a_reload_carries_its_time(manager: tuple[socket.socket, dict[str, str]]) -> None:
    """RELOADING comes with the monotonic time in microseconds, in one datagram."""
    listener, environ = manager
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert systemd.reloading(environ)
    first, second = listener.recv(4096).decode().splitlines()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert first == "RELOADING=1"
    assert before <= int(second.removeprefix("MONOTONIC_USEC=")) <= after


def test_a_status_forges_no_assignment(manager: tuple[socket.socket, dict[str, str]]) -> None:
    """A line break in a status, which may hold a venue's words, begins no new assignment."""
    listener, environ = manager
    systemd.status("blind\nMAINPID=1", environ)
    assert listener.recv(4096).decode() == "STATUS=blind MAINPID=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nowhere/notify", "relative"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    """Outside systemd, or with a socket that is gone, every call is quiet and says it did nothing."""
    environ = {"NOTIFY_SOCKET": address} if address else {}
    assert not systemd.ready(environ=environ)
    assert not systemd.alive(environ)


def test_a_manager_that_does_not_read_holds_nobody_up(manager: tuple[socket.socket, dict[str, str]]) -> None:
    """A full socket is given up on within the bound."""
    _, environ = manager
    began = time.monotonic()
    while systemd.alive(environ):
        pass
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
    ],
)
def test_the_interval_is_systemds_own(environ: dict[str, str], seconds: float | None) -> None:
    """The watchdog's interval is in seconds, and only for the process it is meant for."""
    assert systemd.watchdog_interval(environ) == seconds
