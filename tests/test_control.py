"""The control socket, on real sockets, asked by the command line's own helper and by others."""

from __future__ import annotations

import asyncio
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from watchdog import control
from watchdog.control import CommandBody, ControlError, ControlServer, Handlers, ask
from watchdog.domain.effects import Reply
from watchdog.domain.verbs import Verb


def names(folder: Path) -> list[str]:
    """What lies in a directory."""
    return [path.name for path in folder.iterdir()]


def replace(path: Path, text: str) -> None:
    """Put a plain file where something else was."""
    path.unlink()
    path.write_text(text)


def mode(path: Path) -> int:
    """Who may do what with it."""
    return stat.S_IMODE(path.stat().st_mode)


def read(path: Path) -> str:
    """What a file says."""
    return path.read_text()


class Daemon:
    """What stands behind the socket."""

    def __init__(self) -> None:
        self.heard: list[CommandBody] = []
        self.answer: Callable[[], Awaitable[object]] = self.fine

    async def fine(self) -> object:
        """An answer with money in it."""
        return {"equity": Decimal("41210.10"), "accounts": ["main"]}

    async def status(self) -> object:
        """Whatever the test set."""
        return await self.answer()

    async def plan(self) -> object:
        """A plan."""
        return [{"symbol": "BTC/USDT:USDT", "trigger": Decimal(112196)}]

    async def why(self, subject: str) -> str:
        """Words."""
        return f"why {subject}"

    async def snapshot(self, account: str) -> object:
        """The text of a file."""
        return {"ok": True, "snapshots": {account: "{}"}}

    def handlers(self) -> Handlers:
        """All of them."""
        return Handlers(self.status, self.plan, self.why, self.snapshot, self.command)

    async def command(self, body: CommandBody) -> Reply:
        """Take down what was asked; an ack of nothing is refused."""
        self.heard.append(body)
        return Reply("1", f"{body.verb} {body.subject}", ok=body.subject != "")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory with a short name: a unix socket's path ends at 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="wd") as name:
        yield Path(name)


@pytest.fixture
def daemon() -> Daemon:
    """What stands behind the socket."""
    return Daemon()


@pytest.fixture
async def path(folder: Path, daemon: Daemon) -> AsyncIterator[Path]:
    """The path of a served socket."""
    path = folder / "run" / "control.sock"
    async with ControlServer(path, daemon.handlers()):
        yield path


async def test_status_and_plan_are_answered(path: Path) -> None:
    """What the daemon says comes back as JSON, money as text to the last digit."""
    assert await ask(path, "GET", "/status") == {"equity": "41210.10", "accounts": ["main"]}
    assert await ask(path, "GET", "/plan") == [{"symbol": "BTC/USDT:USDT", "trigger": "112196"}]


async def test_a_snapshot_is_asked_of_one_account(path: Path) -> None:
    """Whose is said; what comes is the text of a file."""
    assert await ask(path, "GET", "/snapshot?account=main") == {"ok": True, "snapshots": {"main": "{}"}}


async def test_a_command_is_carried_and_answered(path: Path, daemon: Daemon) -> None:
    """Verb, account, subject and seconds arrive; a refusal by the daemon is an answer, not an error."""
    body = {"verb": "disarm", "account": "main", "subject": "room", "seconds": 7200}
    assert await ask(path, "POST", "/command", body) == {"ok": True, "text": "disarm room"}
    assert await ask(path, "POST", "/command", {"verb": "ack"}) == {"ok": False, "text": "ack "}
    assert daemon.heard == [
        CommandBody(verb=Verb.DISARM, account="main", subject="room", seconds=7200.0),
        CommandBody(verb=Verb.ACK),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "verb: Field required"),
        ({"verb": "sell"}, "verb: Input should be 'ack', 'silence', 'unsilence', 'confirm', 'disarm' or 'arm'"),
        ({"verb": "ack", "acount": "main"}, "acount: Extra inputs are not permitted"),
        ({"verb": "ack", "account": 7}, "account: Input should be a valid string"),
        ({"verb": "disarm", "seconds": -1}, "seconds: Input should be greater than or equal to 0"),
        ({"verb": "disarm", "seconds": float("inf")}, "seconds: Input should be a finite number"),
        ({"verb": "disarm", "seconds": float("nan")}, "seconds: Input should be"),
        ({"verb": "disarm", "seconds": "7200"}, "seconds: Input should be a valid number"),
        ({"verb": "disarm", "seconds": True}, "seconds: Input should be a valid number"),
        (None, "Invalid JSON"),
    ],
)
async def test_what_is_no_command_never_reaches_the_daemon(
    path: Path, daemon: Daemon, body: dict[str, object] | None, said: str
) -> None:
    """A wrong word, key or number is refused with what is wrong about it."""
    with pytest.raises(ControlError) as caught:
        await ask(path, "POST", "/command", body)
    assert said in str(caught.value)
    assert daemon.heard == []


@pytest.mark.parametrize(("method", "route"), [("GET", "/nowhere"), ("POST", "/status"), ("GET", "/command")])
async def test_other_routes_are_refused_in_a_sentence(path: Path, method: str, route: str) -> None:
    """A newer command line that asks for what this daemon doesn't know gets a sentence."""
    with pytest.raises(ControlError, match=r"^[^\n]+$"):
        await ask(path, method, route)  # type: ignore[arg-type]  # any method will do here


async def test_a_huge_body_is_refused(path: Path, daemon: Daemon) -> None:
    """Nobody fills the daemon's memory through the socket."""
    with pytest.raises(ControlError):
        await ask(path, "POST", "/command", {"verb": "ack", "subject": "x" * 100_000})
    assert daemon.heard == []


async def test_a_handler_that_breaks_hurts_nobody(path: Path, daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    """The asker gets a sentence without the cause, the log gets the cause, and the next question is answered."""

    async def break_off() -> object:
        raise LookupError("inside")

    daemon.answer = break_off
    with pytest.raises(ControlError, match="its log says why") as caught:
        await ask(path, "GET", "/status")
    assert "inside" not in str(caught.value)
    assert "inside" in caplog.text
    daemon.answer = daemon.fine
    assert await ask(path, "GET", "/status")


@pytest.mark.parametrize("value", [float("nan"), object()])
async def test_what_is_not_fit_for_json_is_a_clean_error(path: Path, daemon: Daemon, value: object) -> None:
    """An answer that JSON can't carry is refused whole, not sent in part."""

    async def odd() -> object:
        return {"ratio": value}

    daemon.answer = odd
    with pytest.raises(ControlError, match="could not answer status"):
        await ask(path, "GET", "/status")


async def test_a_handler_that_hangs_is_given_up(path: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question the daemon doesn't get to is answered with that, within the bound."""
    monkeypatch.setattr(control, "ANSWER_BOUND_S", 0.02)

    async def hang() -> object:
        return await asyncio.Event().wait()

    daemon.answer = hang
    with pytest.raises(ControlError, match="too busy to answer status"):
        await ask(path, "GET", "/status")


async def test_only_its_owner_may_open_it(path: Path) -> None:
    """The socket is 0600, its directory 0700."""
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)


async def test_the_socket_file_goes_with_the_server(folder: Path, daemon: Daemon) -> None:
    """A stop removes the file; a file somebody else has put in its place is left alone."""
    path = folder / "control.sock"
    handlers = daemon.handlers()
    async with ControlServer(path, handlers):
        assert names(folder) == ["control.sock"]
    assert names(folder) == []
    async with ControlServer(path, handlers):
        replace(path, "somebody else's")
    assert read(path) == "somebody else's"


async def test_a_dead_daemons_socket_is_replaced(folder: Path, daemon: Daemon) -> None:
    """The file a killed daemon left behind is no obstacle."""
    path = folder / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()
    with pytest.raises(ControlError, match="is it running"):
        await ask(path, "GET", "/status")
    async with ControlServer(path, daemon.handlers()):
        assert await ask(path, "GET", "/status")


async def test_a_living_daemons_socket_is_not_taken(path: Path, daemon: Daemon) -> None:
    """The second daemon is refused, and the first answers on."""
    with pytest.raises(ControlError, match=f"another watchdog answers on {path}"):
        await ControlServer(path, daemon.handlers()).start()
    assert await ask(path, "GET", "/status")


async def test_a_busy_daemons_socket_is_not_taken(
    folder: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that is too slow to take a connection is alive all the same."""
    monkeypatch.setattr(control, "PROBE_BOUND_S", 0.02)
    path = folder / "control.sock"
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))
        with pytest.raises(ControlError, match="another watchdog answers"):
            await ControlServer(path, daemon.handlers()).start()


async def test_a_file_that_is_no_socket_is_left_alone(folder: Path, daemon: Daemon) -> None:
    """A wrong path in the settings deletes nothing."""
    path = folder / "rules.toml"
    path.write_text("[protection]")
    with pytest.raises(ControlError, match="is not a socket"):
        await ControlServer(path, daemon.handlers()).start()
    assert path.read_text() == "[protection]"


@pytest.mark.parametrize(
    ("name", "said"), [("x" * 120, "AF_UNIX path too long"), ("\0", "null"), ("file/control.sock", "File exists")]
)
async def test_a_path_that_can_not_be_used_is_said(folder: Path, daemon: Daemon, name: str, said: str) -> None:
    """Too long, impossible, beneath a file: one sentence each, for the server and for the asker."""
    (folder / "file").touch()
    with pytest.raises(ControlError, match=said):
        await ControlServer(folder / name, daemon.handlers()).start()
    with pytest.raises(ControlError):
        await ask(folder / name, "GET", "/status")


async def test_asking_nobody_is_a_sentence(folder: Path) -> None:
    """No file there: is it running?"""
    path = folder / "control.sock"
    with pytest.raises(ControlError, match=rf"^no daemon answers on {path}: is it running\?$"):
        await ask(path, "GET", "/status")


async def test_asking_without_leave_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user is told whose socket it is to ask."""

    async def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_unix_connection", refuse)
    with pytest.raises(ControlError, match=r"no permission to use .*: run this as the user"):
        await ask(folder / "control.sock", "GET", "/status")


@pytest.mark.parametrize("said", [b"", b"220 mail ready\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"])
async def test_asking_a_stranger_is_a_sentence(folder: Path, said: bytes) -> None:
    """What answers on the path and is not the daemon is called that."""
    path = folder / "control.sock"

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(greet, path):
        with pytest.raises(ControlError, match="is not the watchdog's daemon"):
            await ask(path, "GET", "/status")


async def test_asking_a_hung_daemon_ends(folder: Path) -> None:
    """A daemon that takes the connection and says nothing is called hung, within the bound."""
    path = folder / "control.sock"
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        with pytest.raises(ControlError, match=r"gave no answer in 0\.05 s: it may be hung"):
            await ask(path, "GET", "/status", bound=0.05)


async def test_the_socket_speaks_plain_http(path: Path) -> None:
    """Any tool can ask: `curl --unix-socket`; the answer is typed as JSON, a refusal has its status."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
        async with session.get("http://x/status") as answer:
            assert (answer.status, answer.content_type) == (200, "application/json")
        async with session.post("http://x/command", data=b"{") as answer:
            assert answer.status == 400
            assert (await answer.json())["ok"] is False
