"""An unmodified ccxt.pro binanceusdm with keys runs on the paper venue: only scheme and host of its urls differ."""

from __future__ import annotations

import asyncio
from typing import Any

import ccxt
import pytest

from tests.paper.support import AVAX, BTC, D, an_exchange, ccxt_at, hold, serving, until
from watchdog.paper.exchange import Exchange
from watchdog.paper.orders import AlgoStatus
from watchdog.paper.scenario import CRASH, load_scenario
from watchdog.paper.values import MarginMode

BTC_CCXT = "BTC/USDT:USDT"
AVAX_CCXT = "AVAX/USDT:USDT"
STOP: dict[str, Any] = {"reduceOnly": True, "workingType": "MARK_PRICE", "clientOrderId": "0" * 31 + "1"}


def two_longs() -> Exchange:
    """BTC cross at 10x and AVAX isolated at 5x."""
    exchange = an_exchange()
    hold(exchange, BTC, "0.1", 10, MarginMode.CROSS)
    hold(exchange, AVAX, "1000", 5, MarginMode.ISOLATED)
    return exchange


async def a_stop(client: Any, price: str = "95000", **params: object) -> Any:
    """A sell stop of a tenth of a bitcoin through ccxt."""
    return await client.create_order(BTC_CCXT, "market", "sell", 0.1, None, {"stopLossPrice": price, **STOP, **params})


async def test_markets_positions_balance_and_tiers() -> None:
    """What ccxt reads is what the account holds; filters and tiers arrive."""
    async with serving(two_longs()) as server, ccxt_at(server) as client:
        await client.load_markets()
        market = client.market(AVAX_CCXT)
        assert (market["precision"]["price"], market["precision"]["amount"]) == (0.001, 1.0)
        assert market["limits"]["cost"]["min"] == 5.0
        rows = {row["symbol"]: row for row in await client.fetch_positions()}
        assert rows[BTC_CCXT]["contracts"] == 0.1
        assert (rows[AVAX_CCXT]["marginMode"], rows[AVAX_CCXT]["collateral"]) == ("isolated", 4_000.0)
        assert rows[AVAX_CCXT]["liquidationPrice"] == pytest.approx(16_000 / 995)
        balance = await client.fetch_balance()
        assert balance["USDT"]["total"] == 50_000.0
        tiers = await client.fetch_leverage_tiers()
        assert tiers[BTC_CCXT][1]["info"]["cum"] == 300.0
        assert await client.fetch_position_mode(BTC_CCXT) == {
            "info": {"dualSidePosition": False},
            "hedged": False,
        }


async def test_a_stop_is_placed_listed_found_and_cancelled() -> None:
    """Through ccxt's own calls, by client id; a second one with the id is −4116, an unknown one −2013."""
    async with serving(two_longs()) as server, ccxt_at(server) as client:
        placed = await a_stop(client)
        assert (placed["status"], placed["triggerPrice"], placed["reduceOnly"]) == ("open", 95_000.0, True)
        by_id = {"trigger": True, "clientOrderId": STOP["clientOrderId"]}
        assert (await client.fetch_order("", BTC_CCXT, by_id))["id"] == placed["id"]
        listed = await client.fetch_open_orders(BTC_CCXT, params={"trigger": True})
        assert [row["clientOrderId"] for row in listed] == [STOP["clientOrderId"]]
        with pytest.raises(ccxt.ExchangeError, match="-4116"):
            await a_stop(client)
        await client.cancel_order("", BTC_CCXT, by_id)
        assert await client.fetch_open_orders(BTC_CCXT, params={"trigger": True}) == []
        assert (await client.fetch_order("", BTC_CCXT, by_id))["status"] == "canceled"
        with pytest.raises(ccxt.ExchangeError, match="-2013"):
            await client.fetch_order("", BTC_CCXT, {"trigger": True, "clientOrderId": "nobody"})


async def test_a_stop_past_the_price_is_refused() -> None:
    """−2021 when the mark is already there."""
    async with serving(two_longs()) as server, ccxt_at(server) as client:
        with pytest.raises(ccxt.ExchangeError, match="-2021"):
            await a_stop(client, "100000")


async def test_a_wrong_secret_is_refused() -> None:
    """Signed with another secret: −1022."""
    async with serving(two_longs()) as server, ccxt_at(server) as client:
        client.secret = "0" * 64
        with pytest.raises(ccxt.ExchangeError, match="-1022"):
            await client.fetch_balance()


async def test_marks_stream_with_market_time() -> None:
    """Subscribed marks come every market second, stamped with market time."""
    async with serving(two_longs()) as server, ccxt_at(server) as client:
        await client.load_markets()
        waiting = asyncio.ensure_future(client.watch_mark_prices([BTC_CCXT]))
        await until(lambda: any(socket.topics for socket in server.hub.sockets))
        await server.move({BTC: D("99999.9")})
        marks = await waiting
        assert marks[BTC_CCXT]["markPrice"] == 99_999.9
        assert marks[BTC_CCXT]["timestamp"] == server.exchange.time_ms
        assert server.hub.marks == {BTC: server.exchange.time_ms}


async def test_frames_when_a_stop_fires() -> None:
    """Positions and orders are told through ccxt's watch calls: triggered, filled, flat."""
    async with serving(two_longs()) as server, ccxt_at(server) as client:
        client.options["watchPositions"] = {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
        await a_stop(client)
        positions = asyncio.ensure_future(client.watch_positions())
        await until(lambda: server.hub.sockets)
        orders: list[tuple[str, str]] = []

        async def watch() -> None:
            while ("FINISHED", "closed") not in orders:
                orders.extend((row["info"]["X"], row["status"]) for row in await client.watch_orders())

        watching = asyncio.ensure_future(watch())
        await asyncio.sleep(0)
        await server.move({BTC: D(94_990)})
        await watching
        assert (await positions)[0]["contracts"] == 0
        assert [what for what, _ in orders] == ["TRIGGERING", "NEW", "TRIGGERED", "FILLED", "FINISHED"]
        assert server.hub.account_frames == 6


async def test_the_crash_with_a_stop_placed_through_ccxt() -> None:
    """In lockstep through the worst hour: the stop that rests closes BTC, while AVAX, unprotected, is liquidated."""
    scenario = load_scenario(CRASH)
    async with serving(scenario.exchange(), tape=scenario.tape) as server, ccxt_at(server) as client:
        params = {"stopLossPrice": "108684.5", **STOP}
        await client.create_order(BTC_CCXT, "market", "sell", 1, None, params)
        await server.advance(len(scenario.tape))
        assert server.done
        assert [record.symbol for record in server.exchange.liquidations] == [AVAX]
        assert [algo.status for algo in server.exchange.algos.values()] == [AlgoStatus.FINISHED]
        assert await client.fetch_positions() == []
