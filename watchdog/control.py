"""The control socket: a unix socket only the daemon's user can open, for status, plan, ack, disarm and arm."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from watchdog.domain.effects import Reply
from watchdog.domain.verbs import Verb

BODY_BYTES = 64 * 1024
ANSWER_BOUND_S = 8.0
"""How long a handler may take. Machine time; shorter than ASK_BOUND_S, so that the asker gets the reason."""
ASK_BOUND_S = 10.0
SHUTDOWN_BOUND_S = 1.0
PROBE_BOUND_S = 1.0

_log = logging.getLogger(__name__)


class ControlError(Exception):
    """The socket can't be served, or the daemon can't be asked: one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who answers. What `status` and `plan` return must be fit for JSON; Decimals go as strings."""

    status: Callable[[], Awaitable[object]]
    plan: Callable[[], Awaitable[object]]
    why: Callable[[str], Awaitable[str]]
    snapshot: Callable[[str], Awaitable[object]]
    command: Callable[[CommandBody], Awaitable[Reply]]


class CommandBody(BaseModel):
    """A person's command as it comes over the socket."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    verb: Verb = Field(strict=False)
    account: str = ""
    subject: str = ""
    seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    by: str = ""


class ControlServer:
    """Serves the control socket; an async context manager."""

    def __init__(self, path: Path, handlers: Handlers) -> None:
        self._path = path
        self._handlers = handlers
        self._runner: web.AppRunner | None = None
        self._identity = (0, 0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen. Replaces the socket file of a daemon that is gone.

        Raises ControlError when a living daemon holds it, when something else lies there, or when it can't be made.
        """
        app = web.Application(client_max_size=BODY_BYTES)
        app.router.add_get("/status", self._status)
        app.router.add_get("/plan", self._plan)
        app.router.add_get("/why", self._why)
        app.router.add_get("/snapshot", self._snapshot)
        app.router.add_post("/command", self._command)
        listener = await asyncio.get_running_loop().run_in_executor(None, self._bind)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_BOUND_S)
        try:
            await self._runner.setup()
            await web.SockSite(self._runner, listener).start()
        except BaseException:
            listener.close()
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop listening and remove the socket file, if it is still ours."""
        if self._runner is None:
            return
        with contextlib.suppress(OSError):
            at = self._path.lstat()
            if (at.st_dev, at.st_ino) == self._identity:
                self._path.unlink()
        await self._runner.cleanup()
        self._runner = None

    def _bind(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._clear_way()
            listener.bind(str(self._path))
            self._path.chmod(0o600)  # nobody can have come in before: it does not listen yet
            at = self._path.lstat()
            self._identity = (at.st_dev, at.st_ino)
        except ControlError:
            listener.close()
            raise
        except (OSError, ValueError) as error:  # ValueError: a character no path may have
            listener.close()
            # a path too long for a unix socket is an OSError without a number
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            raise ControlError(f"the control socket {self._path} can't be made: {reason}") from None
        return listener

    def _clear_way(self) -> None:
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise ControlError(
                f"{self._path} is not a socket: move it away, or name another path for the control socket"
            )
        if _alive(self._path):
            raise ControlError(
                f"another watchdog answers on {self._path}: stop it, or name another path for this one's"
            )
        self._path.unlink()

    async def _status(self, _: web.Request) -> web.Response:
        return await _answer("status", self._handlers.status())

    async def _plan(self, _: web.Request) -> web.Response:
        return await _answer("plan", self._handlers.plan())

    async def _why(self, request: web.Request) -> web.Response:
        async def said() -> dict[str, object]:
            return {"ok": True, "text": await self._handlers.why(request.query.get("subject", ""))}

        return await _answer("why", said())

    async def _snapshot(self, request: web.Request) -> web.Response:
        return await _answer("snapshot", self._handlers.snapshot(request.query.get("account", "")))

    async def _command(self, request: web.Request) -> web.Response:
        try:
            body = CommandBody.model_validate_json(await request.read())
        except ValidationError as error:
            return _no(400, _in_words(error))

        async def reply() -> dict[str, object]:
            said = await self._handlers.command(body)
            return {"ok": said.ok, "text": said.text}

        return await _answer(body.verb, reply())


async def _answer(what: str, asked: Awaitable[object]) -> web.Response:
    try:
        async with asyncio.timeout(ANSWER_BOUND_S):
            return web.json_response(await asked, dumps=_dumps)
    except TimeoutError:
        _log.warning("control socket: %s was not answered in %g s", what, ANSWER_BOUND_S)
        return _no(503, f"the daemon is too busy to answer {what}")
    except Exception:  # noqa: BLE001  # the asker gets a sentence, the log the cause; the daemon goes on
        _log.exception("control socket: %s failed", what)
        return _no(500, f"the daemon could not answer {what}: its log says why")


def _no(status: int, text: str) -> web.Response:
    return web.json_response({"ok": False, "text": text}, status=status)


def _dumps(value: object) -> str:
    return json.dumps(value, default=_plain, allow_nan=False)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not fit for JSON")


def _in_words(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part) for part in problem["loc"])
        problems.append(f"{where}: {problem['msg']}" if where else problem["msg"])
    return "not a command: " + "; ".join(problems)


def _alive(path: Path) -> bool:
    """Whether somebody listens on a socket file. One that is only slow to take us counts as alive."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_BOUND_S)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except (TimeoutError, BlockingIOError):
            return True
    return True


async def ask(
    path: Path,
    method: Literal["GET", "POST"],
    route: str,
    body: Mapping[str, object] | None = None,
    bound: float = ASK_BOUND_S,
) -> object:
    """Ask the daemon: `GET /status`, `GET /plan`, `GET /snapshot`, `POST /command`. Returns what it answers.

    A command the daemon refuses comes back as `{"ok": false, "text": …}`. Raises ControlError, one clear sentence, when
    nobody answers or the question was not understood.
    """
    try:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(path)), timeout=aiohttp.ClientTimeout(total=bound)
            ) as session,
            session.request(method, f"http://watchdog{route}", json=body) as response,
        ):
            answer: object = await response.json()
    except aiohttp.ClientConnectorError as error:
        raise ControlError(_unreachable(path, error.os_error)) from None
    except TimeoutError:
        raise ControlError(f"the daemon on {path} gave no answer in {bound:g} s: it may be hung") from None
    except (aiohttp.ClientError, ValueError, OSError):
        raise ControlError(f"what answers on {path} is not the watchdog's daemon, or it broke off") from None
    if response.status >= 400:  # noqa: PLR2004  # HTTP: from here on it is a refusal
        text = answer.get("text") if isinstance(answer, dict) else None
        raise ControlError(str(text or f"the daemon on {path} refused: HTTP {response.status}"))
    return answer


def _unreachable(path: Path, error: OSError) -> str:
    if error.errno in {errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR, errno.ENOTSOCK}:
        return f"no daemon answers on {path}: is it running?"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"no permission to use {path}: run this as the user the daemon runs as"
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"the daemon can't be reached on {path}: {reason}"
