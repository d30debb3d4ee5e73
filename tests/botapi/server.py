"""The server: Telegram's methods over HTTP, and a few addresses for the people on the other end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web

from tests.botapi.faults import Fault, Faults
from tests.botapi.world import BOT, Keyboard, NoError, World


class BotApi:
    """A Bot API server on loopback. `async with` it; `url` is what `base_url` wants.

    `token` None: any token is taken. Everything it holds is in `world`, everything that goes wrong in `faults`.
    """

    def __init__(self, world: World, token: str | None = None, port: int = 0) -> None:
        self.world = world
        self.token = token
        self.faults = Faults()
        self.asked: list[str] = []
        """The methods asked for, in order."""
        self.polling = asyncio.Event()
        """A poll is waiting for somebody to speak."""
        self._port = port
        self._news = asyncio.Condition()
        self._poll: asyncio.Future[None] | None = None
        self._rival = False
        self._runner: web.AppRunner | None = None
        self._ending = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        """Serve; at the same port as before."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/transcript", self._transcript)
        app.router.add_post("/write", self._write)
        app.router.add_post("/press", self._press)
        app.router.add_post("/fault", self._fault)
        self._ending = asyncio.Event()
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Refuse connections, and cut the ones there are."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self._ending.set()
            await runner.cleanup()

    def rival(self, *, there: bool) -> None:
        """Another program polls with the same token: each poll throws the other out."""
        self._rival = there
        if there and self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def write(self, chat: int, text: str, user: int | None = None, name: str = "Ann", ago: float = 0.0) -> None:
        """A person writes."""
        self.world.write(chat, text, user, name, ago)
        await self._spread()

    async def press(self, chat: int, label: str, user: int | None = None, name: str = "Ann", message: int = 0) -> str:
        """A person taps a button; the tap's id, under which `world.toasts` has the answer."""
        tap = self.world.press(chat, label, user, name, message)
        await self._spread()
        return tap

    async def _spread(self) -> None:
        async with self._news:
            self._news.notify_all()

    # ── the people's addresses ────────────────────────────────────────────────────────────────────────────────────

    async def _transcript(self, request: web.Request) -> web.Response:
        wanted = request.query.get("chat")
        chats = [chat for number, chat in sorted(self.world.chats.items()) if wanted in (None, str(number))]
        parts = [f"══ chat {chat.id} ══\n{chat.transcript()}" for chat in chats]
        return web.Response(text="\n".join(parts))

    async def _write(self, request: web.Request) -> web.Response:
        said = await request.json()
        await self.write(said["chat"], said["text"], said.get("user"))
        return web.json_response({"ok": True})

    async def _press(self, request: web.Request) -> web.Response:
        said = await request.json()
        try:
            tap = await self.press(said["chat"], said["label"], said.get("user"))
        except (KeyError, StopIteration):
            return web.json_response({"ok": False, "says": "no such button"}, status=404)
        for _ in range(100):
            if tap in self.world.toasts:
                break
            await asyncio.sleep(0.1)
        return web.json_response({"ok": True, "toast": self.world.toasts.get(tap)})

    async def _fault(self, request: web.Request) -> web.Response:
        said = await request.json()
        if said:
            self.faults.add(Fault(**said))
        else:
            self.faults.clear()
        return web.json_response({"ok": True})

    # ── the bot's ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given = await _parameters(request)
        self.asked.append(method)
        chat = int(given["chat_id"]) if "chat_id" in given else None
        fault = self.faults.meet(method, chat, str(given.get("text", "")))
        if self.token is not None and request.match_info["token"] != self.token:
            return _no(401, "Unauthorized")
        if fault is not None and (answer := await self._go_wrong(fault, request)) is not None:
            return answer
        try:
            result = await self._answer(method, given)
        except NoError as error:
            return _no(error.code, error.says, error.parameters)
        if fault is not None and fault.kind == "lose":
            return _cut(request)
        return web.json_response({"ok": True, "result": result})

    async def _go_wrong(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        """The answer of a request that runs into a fault; None: it goes on all the same."""
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault.kind in ("slow", "lose"):
            return None
        if fault.kind == "hang":
            await self._ending.wait()
        if fault.kind in ("hang", "drop"):
            return _cut(request)
        if fault.kind == "html":
            page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        if fault.kind == "429":
            wait = int(fault.seconds)
            return _no(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait})
        code, says = {
            "403": (403, "Forbidden: bot was blocked by the user"),
            "401": (401, "Unauthorized"),
            "500": (500, "Internal Server Error"),
            "markup": (400, "Bad Request: can't parse entities: Unsupported start tag"),
            "refuse": (400, fault.says),
        }[fault.kind]
        return _no(code, says)

    async def _answer(self, method: str, given: dict[str, Any]) -> object:
        methods: dict[str, Callable[[dict[str, Any]], object]] = {
            "getMe": lambda _: BOT,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message,
            "answerCallbackQuery": self._answer_tap,
            "setMyCommands": self._set_commands,
            "deleteWebhook": lambda _: True,
            "sendChatAction": lambda _: True,
        }
        if method == "getUpdates":
            return await self._get_updates(given)
        if method not in methods:
            raise NoError(404, "Not Found")
        return methods[method](given)

    def _send_message(self, given: dict[str, Any]) -> object:
        chat = self.world.chat(int(given["chat_id"]))
        quiet = given.get("disable_notification") in (True, "true", "True")
        preview = given.get("link_preview_options", {}).get("is_disabled") is not True
        return self.world.send(
            chat, given["text"], html=_html(given), sound=not quiet, preview=preview, keyboard=_keyboard(given)
        )

    def _edit_message(self, given: dict[str, Any]) -> object:
        chat = self.world.chat(int(given["chat_id"]))
        return self.world.edit(
            chat, int(given["message_id"]), given["text"], html=_html(given), keyboard=_keyboard(given)
        )

    def _answer_tap(self, given: dict[str, Any]) -> object:
        self.world.toast(given["callback_query_id"], given.get("text", ""))
        return True

    def _set_commands(self, given: dict[str, Any]) -> object:
        self.world.commands = given["commands"]
        return True

    async def _get_updates(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """A long poll: one at a time, a later one throws the earlier out."""
        terminated = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        thrown = self._poll = asyncio.get_running_loop().create_future()
        if self._rival:
            raise NoError(409, terminated)
        offset, wait = int(given.get("offset", 0)), float(given.get("timeout", 0))
        if (found := self.world.heard(offset)) or wait <= 0:
            thrown.set_result(None)
            return found
        news = asyncio.create_task(self._await_news(offset))
        ending = asyncio.create_task(self._ending.wait())
        self.polling.set()
        try:
            await asyncio.wait({news, ending, thrown}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.polling.clear()
            for task in (news, ending):
                task.cancel()
            await asyncio.gather(news, ending, return_exceptions=True)
        if thrown.done():
            raise NoError(409, terminated)
        thrown.set_result(None)
        return self.world.heard(offset)

    async def _await_news(self, offset: int) -> None:
        async with self._news:
            await self._news.wait_for(lambda: bool(self.world.heard(offset)))


async def _parameters(request: web.Request) -> dict[str, Any]:
    """As a form or as JSON; what is JSON within a form is read."""
    if request.content_type == "application/json":
        return dict(await request.json())
    given: dict[str, Any] = {**request.query, **(await request.post())}
    for name in ("reply_markup", "link_preview_options", "commands", "allowed_updates"):
        if name in given:
            given[name] = json.loads(given[name])
    return given


def _html(given: dict[str, Any]) -> bool:
    return str(given.get("parse_mode", "")).upper() == "HTML"


def _keyboard(given: dict[str, Any]) -> Keyboard:
    rows: Keyboard = given.get("reply_markup", {}).get("inline_keyboard", [])
    return rows


def _no(code: int, says: str, parameters: dict[str, int] | None = None) -> web.Response:
    more = {"parameters": parameters} if parameters else {}
    return web.json_response({"ok": False, "error_code": code, "description": says, **more}, status=code)


def _cut(request: web.Request) -> web.StreamResponse:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
