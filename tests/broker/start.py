"""Starts, kills, freezes and starts again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

# Debian puts it where only root's PATH looks.
MOSQUITTO: Final = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
KIND: Final[Literal["mosquitto", "amqtt"]] = (
    "mosquitto" if MOSQUITTO is not None and os.environ.get("TEST_BROKER") != "amqtt" else "amqtt"
)
"""Which broker the tests run against. `TEST_BROKER=amqtt` takes the other one although mosquitto is there."""
VERSIONS: Final[tuple[Literal["3.1.1", "5"], ...]] = ("3.1.1", "5") if KIND == "mosquitto" else ("3.1.1",)
"""What it speaks."""
ROOT: Final = Path(__file__).parents[2]
START_S = 20.0
"""A broker that does not listen after this is broken."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may do what. Without any, everybody may do everything."""

    passwords: Mapping[str, str] = field(default_factory=dict)
    """By user."""
    topics: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By user: the topic filters they may write and read. None of a user's: all."""


@dataclass(slots=True)
class Broker:
    """A broker on a port of 127.0.0.1. It keeps nothing over a kill."""

    folder: Path
    port: int = 0
    rights: Rights = field(default_factory=Rights)
    certificate: Path | None = None
    """With it (a PEM file with key and chain) it speaks TLS only."""
    host: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, on the same port as before, and wait until it listens. Raises RuntimeError."""
        wished = self.port
        for _ in range(5):
            self.port = wished or free_port()
            command = self._mosquitto() if KIND == "mosquitto" else self._amqtt()
            with (self.folder / "broker.log").open("ab") as log:
                self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
            if self._listens():
                return
            self.kill()  # somebody took the port meanwhile
        raise RuntimeError(f"{KIND} does not start: {(self.folder / 'broker.log').read_text()[-2000:]}")

    def kill(self) -> None:
        """End at once, as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def wait(self) -> None:
        """Wait until it ends by itself."""
        assert self.process is not None
        self.process.wait()

    def freeze(self) -> None:
        """Stand still: connections stay, and are even taken, but nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        assert self.process is not None
        end = time.monotonic() + START_S
        while self.process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection((self.host, self.port), timeout=1.0).close()
            except OSError:
                time.sleep(0.01)
            else:
                return True
        return False

    def _mosquitto(self) -> list[str]:
        assert MOSQUITTO is not None
        lines = [f"listener {self.port} {self.host}", "persistence false", "set_tcp_nodelay true", "log_type error"]
        if os.geteuid() == 0:
            lines.append("user root")  # it would give up the right to read the files below
        if self.certificate is not None:
            lines += [f"certfile {self.certificate}", f"keyfile {self.certificate}"]
        if not self.rights.passwords:
            lines.append("allow_anonymous true")
        else:
            users = self.folder / "passwords"
            users.write_text("".join(f"{user}:{word}\n" for user, word in self.rights.passwords.items()))
            users.chmod(0o600)
            subprocess.run([_tool("mosquitto_passwd"), "-U", str(users)], check=True)
            lines += ["allow_anonymous false", f"password_file {users}"]
        if self.rights.topics:
            acl = self.folder / "acl"
            acl.write_text("".join(self._mosquitto_rights(user) for user in self.rights.passwords))
            acl.chmod(0o600)
            lines.append(f"acl_file {acl}")
        file = self.folder / "mosquitto.conf"
        file.write_text("\n".join([*lines, ""]))
        return [MOSQUITTO, "-c", str(file)]

    def _mosquitto_rights(self, user: str) -> str:
        return f"user {user}\n" + "".join(f"topic readwrite {name}\n" for name in self.rights.topics.get(user, "#"))

    def _amqtt(self) -> list[str]:
        settings = {
            "bind": f"{self.host}:{self.port}",
            "certificate": None if self.certificate is None else str(self.certificate),
            "passwords": dict(self.rights.passwords),
            "topics": {user: list(self.rights.topics.get(user, "#")) for user in self.rights.passwords}
            if self.rights.topics
            else {},
            "folder": str(self.folder),
        }
        file = self.folder / "amqtt.json"
        file.write_text(json.dumps(settings))
        return [sys.executable, "-m", "tests.broker.in_python", str(file)]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _tool(name: str) -> str:
    assert MOSQUITTO is not None
    return shutil.which(name) or str(Path(MOSQUITTO).parents[1] / "bin" / name)
