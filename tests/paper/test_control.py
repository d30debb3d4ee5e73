"""The control paths below `/paper/`, and market time that runs by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paper.support import AVAX, BTC, D, Raw, an_exchange, hold, raw_at, serving, until
from watchdog.paper.scenario import CRASH, load_scenario
from watchdog.paper.values import MarginMode


async def control(raw: Raw, path: str, /, **body: Any) -> tuple[int, Any]:
    """Status and answer of a control call."""
    async with raw.session.post(raw.server.url + path, json=body) as answer:
        return answer.status, await answer.json()


async def state(raw: Raw) -> Any:
    """Everything."""
    return (await raw.send("GET", "/paper/state")).body


async def test_advance_moves_the_market() -> None:
    """So many seconds on; where it stands, and when the tape ends it says so and stops."""
    scenario = load_scenario(CRASH)
    async with serving(scenario.exchange(), tape=scenario.tape) as server, raw_at(server) as raw:
        start = scenario.tape.start_ms
        assert await control(raw, "/paper/advance", seconds=90) == (
            200,
            {"time_ms": start + 90_000, "marks": {}, "account_frames": 0, "done": False},
        )
        status, answer = await control(raw, "/paper/advance", seconds=99_999)
        assert (status, answer["done"]) == (200, True)
        assert answer["time_ms"] == start + (len(scenario.tape) - 1) * 1_000
        seen = await state(raw)
        assert [row["symbol"] for row in seen["liquidations"]] == [AVAX, BTC]
        assert seen["outcome"][AVAX].items() >= {"liquidated": True, "exit_price": "21.3930", "open": False}.items()
        assert seen["positions"] == []


async def test_the_state_tells_everything() -> None:
    """Wallet, positions with their ratio and liquidation price, conditional orders."""
    exchange = an_exchange()
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    async with serving(exchange) as server, raw_at(server) as raw:
        seen = await state(raw)
        assert seen["wallet"] == {"USDT": "50000"}
        row = seen["positions"][0]
        assert (row["symbol"], row["mode"], row["ratio"]) == (AVAX, "isolated", "0.025")
        assert D(row["liquidation_price"]) == D(16_000) / D(995)
        assert seen["prices"][AVAX] == {"mark": "20", "last": "20"}


async def test_the_hand_over_http() -> None:
    """Trade, close, deposit, margin, modes, and a price by hand."""
    async with serving() as server, raw_at(server) as raw:
        account = server.exchange.account
        await control(raw, "/paper/trade", symbol=AVAX, amount="-100", leverage=5, mode="isolated")
        assert (account.position(AVAX).amount, account.position(AVAX).leverage) == (D(-100), 5)
        await control(raw, "/paper/trade", action="margin", symbol=AVAX, amount=100)
        assert account.position(AVAX).isolated_wallet > D(499)
        await control(raw, "/paper/trade", action="move", symbol=AVAX, amount="21.5")
        assert account.mark(AVAX) == D("21.5")
        await control(raw, "/paper/trade", action="close", symbol=AVAX)
        assert account.position(AVAX).amount == 0
        before = account.wallets["USDT"]
        await control(raw, "/paper/trade", action="deposit", amount="12.5")
        assert account.wallets["USDT"] == before + D("12.5")
        await control(raw, "/paper/trade", action="modes", hedge=True)
        assert server.exchange.hedge is True


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/paper/advance", {"seconds": -1}, "seconds: "),
        ("/paper/advance", {"minutes": 1}, "minutes: "),
        ("/paper/fault", {"kind": "earthquake"}, "kind"),
        ("/paper/trade", {"symbol": "NOPEUSDT", "amount": 1}, "UNKNOWN_SYMBOL"),
        ("/paper/trade", {"action": "close", "symbol": BTC}, "NO_POSITION"),
        ("/paper/trade", {"action": "move", "symbol": BTC, "amount": 0}, "amount: "),
    ],
)
async def test_a_wrong_body_is_400_in_words(path: str, body: dict[str, Any], said: str) -> None:
    """What is wrong, never a traceback."""
    async with serving() as server, raw_at(server) as raw:
        status, answer = await control(raw, path, **body)
        assert status == 400
        assert said in answer["error"]


async def test_trouble_over_http() -> None:
    """Requests, the key and the weight limit."""
    async with serving() as server, raw_at(server) as raw:
        assert await control(raw, "/paper/fault", kind="before", path="/fapi/*", status=502) == (200, {"ok": True})
        assert (await raw.send("GET", "/fapi/v1/ping")).status == 502
        assert (await state(raw))["faults_taken"] == [["GET", "/fapi/v1/ping", "before"]]
        await control(raw, "/paper/fault", kind="key", withdraw=True, weight_limit=0)
        assert server.api_key.withdraw is True
        assert server.face.weight_limit is None
        await control(raw, "/paper/fault", kind="empty")
        await control(raw, "/paper/fault", kind="clear")
        assert (await raw.send("GET", "/fapi/v1/ping")).text == "{}"


async def test_trouble_of_sockets_over_http() -> None:
    """An expired listen key, and the account's sockets cut while the market's stay."""
    async with serving() as server, raw_at(server) as raw:
        key = (await raw.send("POST", "/fapi/v1/listenKey", server.api_key.key)).body["listenKey"]
        ours = await raw.session.ws_connect(f"{server.url}/private/ws?listenKey={key}")
        markets = await raw.session.ws_connect(f"{server.url}/market/ws/0")
        await until(lambda: len(server.hub.sockets) == 2)
        await control(raw, "/paper/fault", kind="expire")
        assert (await ours.receive_json())["e"] == "listenKeyExpired"
        await control(raw, "/paper/fault", kind="cut", sockets="private")
        await ours.receive()
        assert ours.closed
        await control(raw, "/paper/fault", kind="bad_json", sockets="market")
        assert (await markets.receive()).data == '{"e": "oops'


async def test_market_time_that_runs_by_itself() -> None:
    """With a speed the market moves alone, and goes on, prices standing, when the tape has ended."""
    scenario = load_scenario(CRASH)
    short = type(scenario.tape)(scenario.tape.start_ms, scenario.tape.rows[:5])
    async with serving(scenario.exchange(), tape=short, speed=1_000.0) as server:
        await until(lambda: server.exchange.time_ms >= short.start_ms + 10_000)
        assert server.done
        assert server.exchange.account.prices == dict(short.rows[-1])
