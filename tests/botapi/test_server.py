"""The Bot API server of the tests: what people see of it, and that it refuses what Telegram refuses."""

from __future__ import annotations

import asyncio

import aiohttp

from tests.botapi import BotApi, World


async def call(session: aiohttp.ClientSession, server: BotApi, method: str, **given: object) -> tuple[int, object]:
    """Ask as a bot does: status, and the result or the description."""
    async with session.post(f"{server.url}/bot1:a/{method}", json=given) as answer:
        said = await answer.json()
        return answer.status, said.get("result", said.get("description"))


async def test_it_refuses_what_telegram_refuses() -> None:
    """Wrong token, unknown chat, empty, too long, bad markup, too much in a button, an edit that changes nothing."""
    async with BotApi(World((7,))) as server, aiohttp.ClientSession() as http:
        for given, says in (
            ({"chat_id": 8, "text": "x"}, "chat not found"),
            ({"chat_id": 7, "text": " "}, "message text is empty"),
            ({"chat_id": 7, "text": "x" * 4097}, "message is too long"),
            ({"chat_id": 7, "text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
            ({"chat_id": 7, "text": "<x>y</x>", "parse_mode": "HTML"}, "can't parse entities"),
            (
                {
                    "chat_id": 7,
                    "text": "x",
                    "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]},
                },
                "BUTTON_DATA_INVALID",
            ),
        ):
            status, said = await call(http, server, "sendMessage", **given)
            assert (status, says in str(said)) == (400, True)
        await call(http, server, "sendMessage", chat_id=7, text="x")
        same = await call(http, server, "editMessageText", chat_id=7, message_id=1, text="x")
        assert "message is not modified" in str(same[1])
        gone = await call(http, server, "editMessageText", chat_id=7, message_id=9, text="x")
        assert "message to edit not found" in str(gone[1])
        server.token = "2:b"  # noqa: S105 - of no bot
        assert (await call(http, server, "getMe"))[0] == 401


async def test_a_second_poll_throws_the_first_out() -> None:
    """409 to the one that waited; what is said then reaches the other."""
    async with BotApi(World((7,))) as server, aiohttp.ClientSession() as http:
        first = asyncio.create_task(call(http, server, "getUpdates", timeout=20))
        await server.polling.wait()
        second = asyncio.create_task(call(http, server, "getUpdates", timeout=20))
        assert (await first)[0] == 409
        await server.write(7, "/status")
        status, updates = await second
        assert (status, "/status" in str(updates)) == (200, True)


async def test_its_people_can_be_played_over_http() -> None:
    """Write, tap, order a fault, and read what a chat has seen."""
    async with BotApi(World(doors_open=True)) as server, aiohttp.ClientSession() as http:
        keyboard = {"inline_keyboard": [[{"text": "Ack", "callback_data": "ack - a 0"}]]}
        await call(http, server, "sendMessage", chat_id=7, text="WARN · a", reply_markup=keyboard)
        await http.post(f"{server.url}/write", json={"chat": 7, "text": "/status"})
        tapped = asyncio.create_task(http.post(f"{server.url}/press", json={"chat": 7, "label": "Ack"}))
        while "tap" not in str(updates := (await call(http, server, "getUpdates", timeout=1))[1]):
            pass
        assert "/status" in str(updates)
        tap = next(iter(server.world.taps))
        await call(http, server, "answerCallbackQuery", callback_query_id=tap, text="done")
        assert (await (await tapped).json())["toast"] == "done"
        assert (await call(http, server, "answerCallbackQuery", callback_query_id=tap))[0] == 400
        await http.post(f"{server.url}/fault", json={"kind": "403", "method": "sendMessage"})
        assert (await call(http, server, "sendMessage", chat_id=7, text="b"))[0] == 403
        await call(http, server, "editMessageText", chat_id=7, message_id=1, text="WARN · b")
        shown = await (await http.get(f"{server.url}/transcript", params={"chat": "7"})).text()
        for line in ("bot, SOUND", "   WARN · a", "edited 1 times", "     WARN · b", "Ann", "   /status"):
            assert line in shown
