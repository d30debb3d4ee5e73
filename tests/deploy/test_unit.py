"""The systemd unit: its promises read from its text on any machine, and by systemd's own tools where they are."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from watchdog.cli.common import EX_CONFIG
from watchdog.service import CYCLE_GRACE

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "position-watchdog.service"
PROGRAM = "/opt/position-watchdog/bin/watchdog"


def read_unit(text: str) -> dict[str, dict[str, list[str]]]:
    """The sections of a unit: each key with its values in order. AssertionError for what is no line of a unit."""
    sections: dict[str, dict[str, list[str]]] = {}
    keys: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if header := re.fullmatch(r"\[(\w+)\]", line):
            keys = sections.setdefault(header[1], {})
            continue
        key, equals, value = line.partition("=")
        assert equals, line
        assert re.fullmatch(r"[A-Z]\w+", key), line
        keys.setdefault(key, []).append(value)
    return sections


def service() -> Mapping[str, list[str]]:
    """The [Service] section."""
    return read_unit(UNIT.read_text(encoding="utf-8"))["Service"]


def only(key: str) -> str:
    """The one value of a key of [Service]."""
    (value,) = service()[key]
    return value


def test_whatever_ends_it_it_comes_back_but_not_from_a_mistake_in_a_file() -> None:
    """Restarted for ever, except after exit code 78, which is the program's own for bad configuration."""
    assert only("Restart") == "always"
    assert only("RestartPreventExitStatus") == str(EX_CONFIG)
    assert read_unit(UNIT.read_text(encoding="utf-8"))["Unit"]["StartLimitIntervalSec"] == ["0"]


def test_it_waits_as_long_as_the_program_may_take() -> None:
    """Ready after the imports; a stop counts what the program gives its orders, channels and database."""
    assert only("Type") == "notify"
    assert only("NotifyAccess") == "main"
    assert int(only("TimeoutStartSec")) >= 120
    orders, messages, channels, database, handshake = 3, 5, 5, 5, 5
    assert int(only("TimeoutStopSec")) > orders + messages + channels + database + handshake
    assert 10 <= int(only("WatchdogSec")) <= CYCLE_GRACE


def test_nothing_in_it_cancels_or_closes_anything() -> None:
    """A reload is a SIGHUP; there is no command on stopping, so stops that rest stay."""
    assert only("ExecReload") == '/bin/sh -c "kill -HUP ${MAINPID}"'
    assert only("ExecStart").split()[:2] == [PROGRAM, "run"]
    assert not {"ExecStop", "ExecStopPost", "ExecStartPre", "KillSignal", "KillMode"} & set(service())


def test_keys_come_as_credentials_and_nothing_is_written_elsewhere() -> None:
    """A user of its own, two directories of its own, keys that only root can read, no core with them in it."""
    assert only("DynamicUser") == "yes"
    assert only("StateDirectory") == only("RuntimeDirectory") == "position-watchdog"
    assert only("StateDirectoryMode") == only("RuntimeDirectoryMode") == "0700"
    assert only("ProtectSystem") == "strict"
    assert only("LimitCORE") == "0"
    assert all(re.fullmatch(r"[\w.]+:/etc/position-watchdog/[\w.]+", one) for one in service()["LoadCredential"])
    assert not {"ReadWritePaths", "BindPaths", "EnvironmentFile", "User"} & set(service())


def test_every_line_has_its_reason() -> None:
    """Each line stands under a comment, with nothing but lines of the same kind in between."""
    explained = False
    for line in UNIT.read_text(encoding="utf-8").partition("[Service]")[2].partition("[Install]")[0].splitlines()[2:]:
        if not line:
            explained = False
        elif line.startswith("#"):
            explained = not line.startswith("# --")
        else:
            assert explained, f"no word on {line}"


def test_systemd_understands_it_and_calls_it_safe(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, exposure is at most 1.5; where systemd is not, the text alone."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        hardened = [
            *("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "PrivateUsers", "PrivateMounts", "ProtectHome"),
            *("ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups"),
            *("ProtectClock", "ProtectHostname", "RestrictRealtime", "RestrictNamespaces", "RestrictSUIDSGID"),
            *("LockPersonality", "MemoryDenyWriteExecute", "RemoveIPC"),
        ]
        assert [only(key) for key in hardened] == ["yes"] * len(hardened)
        return
    program = tmp_path / "watchdog"  # verify wants the file of ExecStart to be there
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace(PROGRAM, str(program)))
    verified = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr, verified.stdout) == (0, "", "")
    command = [analyze, "security", "--offline=true", "--threshold=15", "--no-pager", str(UNIT)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_the_installer_is_a_shell_script_that_stops_at_the_first_mistake(tmp_path: Path) -> None:
    """It parses, refuses to run as anybody but root before it touches anything, and never starts the service."""
    script = DEPLOY / "install.sh"
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/bin/sh\n")
    assert "set -eu" in text
    for name in ("rules.schema.json", "watchdog.schema.json"):  # what `#:schema` in the files beside them names
        assert f'"$here/config/{name}"' in text
        assert (DEPLOY.parent / "config" / name).is_file()
    assert subprocess.run(["sh", "-n", script], capture_output=True, check=False).returncode == 0
    commands = [line for line in text.splitlines() if not line.lstrip().startswith(("#", "echo"))]
    assert not any(re.search(r"\b(rm|mv|start|restart|enable)\b", line) for line in commands)
    fake = tmp_path / "id"
    fake.write_text("#!/bin/sh\necho 1000\n")
    fake.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    ran = subprocess.run(["sh", script], capture_output=True, text=True, check=False, env={"PATH": path})
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "install.sh: run me as root\n")
