"""What systemd is told: ready, alive, reloading, stopping (sd_notify(3)). All of it does nothing outside systemd."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

BOUND_S = 0.2
"""systemd takes a datagram at once; a socket that is full is not waited for longer."""


def notify(*assignments: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send assignments (`READY=1`) in one datagram. False when not under systemd, or when it could not be sent."""
    address = environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in {"/", "@"}:
        return False
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    data = "\n".join(" ".join(assignment.splitlines()) for assignment in assignments)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.settimeout(BOUND_S)
            link.sendto(data.encode("utf-8", "replace"), address)
    except OSError:
        return False
    return True


def ready(status: str = "", environ: Mapping[str, str] = os.environ) -> bool:
    """Started, or reloaded."""
    return notify("READY=1", *_status(status), environ=environ)


def status(text: str, environ: Mapping[str, str] = os.environ) -> bool:
    """One line for `systemctl status`."""
    return notify(f"STATUS={text}", environ=environ)


def alive(environ: Mapping[str, str] = os.environ) -> bool:
    """Feed the watchdog. Only a completed, fresh cycle may."""
    return notify("WATCHDOG=1", environ=environ)


def reloading(environ: Mapping[str, str] = os.environ) -> bool:
    """The configuration is being read again; `ready` must follow."""
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    return notify("RELOADING=1", f"MONOTONIC_USEC={now}", environ=environ)


def stopping(text: str = "", environ: Mapping[str, str] = os.environ) -> bool:
    """On the way out."""
    return notify("STOPPING=1", *_status(text), environ=environ)


def extend_timeout(seconds: float, environ: Mapping[str, str] = os.environ) -> bool:
    """Ask for so many more seconds, from now, for the start or the stop under way."""
    return notify(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}", environ=environ)


def watchdog_interval(environ: Mapping[str, str] = os.environ) -> float | None:
    """Seconds within which systemd wants `alive` (feed it at half of that); None when it doesn't watch this process."""
    owner = environ.get("WATCHDOG_PID", "")
    if owner and owner != str(os.getpid()):
        return None
    text = environ.get("WATCHDOG_USEC", "")
    if not text.isdecimal() or int(text) == 0:
        return None
    return int(text) / 1_000_000


def _status(text: str) -> tuple[str, ...]:
    return (f"STATUS={text}",) if text else ()
