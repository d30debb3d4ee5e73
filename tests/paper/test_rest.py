"""The REST face by raw requests: signatures, time stamps, parameters, filters, codes, weights."""

from __future__ import annotations

import pytest

from tests.paper.support import AVAX, BTC, D, Raw, an_exchange, hold, move, raw_at, serving
from watchdog.paper.binanceusdm.weights import weight
from watchdog.paper.exchange import Exchange
from watchdog.paper.server import machine_ms
from watchdog.paper.values import MarginMode

STOP = {
    "symbol": BTC,
    "side": "SELL",
    "type": "STOP_MARKET",
    "algoType": "CONDITIONAL",
    "quantity": "0.1",
    "triggerPrice": "95000",
    "workingType": "MARK_PRICE",
    "reduceOnly": "true",
    "clientAlgoId": "mine",
}


def a_long() -> Exchange:
    """A tenth of a bitcoin long, cross, 10x."""
    exchange = an_exchange()
    hold(exchange, BTC, "0.1", 10, MarginMode.CROSS)
    return exchange


async def placed(raw: Raw, **changes: object) -> tuple[int, int]:
    """HTTP status and Binance's code of a stop with these changes; None takes a parameter away."""
    fields = {key: value for key, value in (STOP | changes).items() if value is not None}
    answer = await raw.signed("POST", "/fapi/v1/algoOrder", **fields)
    return answer.status, int(answer.body.get("code", 0))


async def test_public_endpoints_need_no_key() -> None:
    """Time is the machine's, prices are the market's."""
    async with serving() as server, raw_at(server) as raw:
        assert (await raw.send("GET", "/fapi/v1/ping")).body == {}
        time = (await raw.send("GET", "/fapi/v1/time")).body["serverTime"]
        assert abs(time - machine_ms()) < 5_000
        row = (await raw.send("GET", "/fapi/v1/premiumIndex", payload="symbol=BTCUSDT")).body
        assert row["markPrice"] == "100000.00000000"
        assert row["time"] == server.exchange.time_ms
        assert len((await raw.send("GET", "/fapi/v1/premiumIndex")).body) == 3
        info = (await raw.send("GET", "/fapi/v1/exchangeInfo")).body["symbols"][1]
        filters = {row["filterType"]: row for row in info["filters"]}
        assert (info["symbol"], filters["PRICE_FILTER"]["tickSize"]) == (AVAX, "0.0010")
        assert (filters["LOT_SIZE"]["stepSize"], filters["MIN_NOTIONAL"]["notional"]) == ("1", "5")


async def test_who_may_ask() -> None:
    """No key, a wrong key, a revoked key, a read-only key: Binance's codes, with 401."""
    async with serving() as server, raw_at(server) as raw:
        path = "/fapi/v3/account"
        assert [(a.status, a.code) for a in [await raw.signed("GET", path, key=None)]] == [(401, -2014)]
        assert [(a.status, a.code) for a in [await raw.signed("GET", path, key="x" * 64)]] == [(401, -2015)]
        server.api_key.trade = False
        assert (await raw.signed("GET", path)).status == 200
        assert (await raw.signed("POST", "/fapi/v1/leverage", symbol=BTC, leverage=5)).code == -2015
        server.api_key.revoked = True
        assert (await raw.signed("GET", path)).code == -2015


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": "0" * 64}, -1022),
        ({"timestamp": machine_ms() - 3_600_000}, -1021),
        ({"timestamp": machine_ms() + 3_600_000}, -1021),
        ({"timestamp": "soon"}, -1102),
        ({"recvWindow": 60_001}, -1131),
    ],
)
async def test_a_bad_signature_or_time(changes: dict[str, object], code: int) -> None:
    """Wrong signature, stale or future time stamp, too wide a window: 400 and the code."""
    async with serving() as server, raw_at(server) as raw:
        answer = await raw.signed("GET", "/fapi/v3/account", **changes)
        assert (answer.status, answer.code) == (400, code)


async def test_the_signature_covers_what_is_sent() -> None:
    """A parameter changed or added after signing is noticed, in a body as in a query."""
    async with serving() as server, raw_at(server) as raw:
        sent = f"symbol=BTCUSDT&timestamp={machine_ms()}&signature=" + "a" * 64
        for method, path in (("GET", "/fapi/v3/positionRisk"), ("POST", "/fapi/v1/leverage")):
            assert (await raw.send(method, path, server.api_key.key, sent)).code == -1022
        assert (await raw.send("GET", "/fapi/v3/account", server.api_key.key, "a=1")).code == -1102


async def test_an_accepted_stop_has_the_real_shape() -> None:
    """Placing, listing, looking up and cancelling answer with Binance's fields."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        row = (await raw.signed("POST", "/fapi/v1/algoOrder", **STOP)).body
        assert {key: row[key] for key in ("clientAlgoId", "algoType", "orderType", "algoStatus", "triggerPrice")} == {
            "clientAlgoId": "mine",
            "algoType": "CONDITIONAL",
            "orderType": "STOP_MARKET",
            "algoStatus": "NEW",
            "triggerPrice": "95000.00",
        }
        assert (row["quantity"], row["reduceOnly"], row["workingType"]) == ("0.100", True, "MARK_PRICE")
        listed = (await raw.signed("GET", "/fapi/v1/openAlgoOrders", symbol=BTC)).body
        found = (await raw.signed("GET", "/fapi/v1/algoOrder", clientAlgoId="mine")).body
        assert listed == [found]
        assert row.items() <= found.items()
        gone = (await raw.signed("DELETE", "/fapi/v1/algoOrder", clientAlgoId="mine")).body
        assert gone == {"algoId": row["algoId"], "clientAlgoId": "mine", "code": "200", "msg": "success"}
        assert (await raw.signed("GET", "/fapi/v1/algoOrder", clientAlgoId="mine")).body["algoStatus"] == "CANCELED"
        assert (await raw.signed("GET", "/fapi/v1/openAlgoOrders")).body == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": None}, -1102),
        ({"algoType": None}, -1102),
        ({"triggerPrice": None}, -1102),
        ({"quantity": None}, -1102),
        ({"triggerPrice": "abc"}, -1102),
        ({"symbol": "NOPEUSDT"}, -1121),
        ({"side": "HOLD"}, -1117),
        ({"type": "MARKET"}, -1116),
        ({"type": "TRAILING_STOP_MARKET"}, -1116),
        ({"type": "STOP"}, -1102),
        ({"workingType": "INDEX"}, -1128),
        ({"positionSide": "LONG"}, -4061),
        ({"triggerPrice": "95000.05"}, -4014),
        ({"triggerPrice": "95000.001"}, -1111),
        ({"quantity": "0.1001"}, -1111),
        ({"quantity": "0"}, -4003),
        ({"triggerPrice": "0"}, -4006),
        ({"quantity": "200"}, -4005),
        ({"quantity": "0.001", "reduceOnly": None}, -4164),
        ({"triggerPrice": "100000"}, -2021),
        ({"side": "BUY", "triggerPrice": "105000"}, -2022),
        ({"clientAlgoId": "x" * 37}, -4015),
        ({"clientAlgoId": "a b"}, -4015),
        ({"closePosition": "true"}, -1106),
        ({"closePosition": "true", "quantity": None}, -1106),
        ({"symbol": AVAX, "quantity": None, "reduceOnly": None, "closePosition": "true", "triggerPrice": "19"}, -4509),
    ],
)
async def test_a_wrong_stop_gets_binances_code(changes: dict[str, object], code: int) -> None:
    """Every wrong parameter has its own code, and nothing rests afterwards."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        assert await placed(raw, **changes) == (400, code)
        assert not server.exchange.open_algos()


async def test_ids_and_limits() -> None:
    """A duplicate id, a second closing stop, an order nobody knows."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        assert await placed(raw) == (200, 0)
        assert await placed(raw, triggerPrice="94000") == (400, -4116)
        closing = {"quantity": None, "reduceOnly": None, "closePosition": "true"}
        assert await placed(raw, clientAlgoId="c1", **closing) == (200, 0)
        assert await placed(raw, clientAlgoId="c2", **closing) == (400, -4130)
        assert (await raw.signed("GET", "/fapi/v1/algoOrder", clientAlgoId="who")).code == -2013
        assert (await raw.signed("DELETE", "/fapi/v1/algoOrder", clientAlgoId="who")).code == -2011
        assert (await raw.signed("GET", "/fapi/v1/algoOrder")).code == -1102
        assert (await raw.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol=BTC)).body["code"] == 200
        assert not server.exchange.open_algos()


async def test_conditional_orders_have_left_the_order_endpoint() -> None:
    """Since 2025-12-09 a STOP_MARKET on /fapi/v1/order is −4120."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        fields = {"symbol": BTC, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.1", "stopPrice": "95000"}
        assert (await raw.signed("POST", "/fapi/v1/order", **fields)).code == -4120


async def test_plain_orders() -> None:
    """Market and limit orders, by their own endpoint."""
    async with serving(a_long()) as server, raw_at(server) as raw:
        sell = {"symbol": BTC, "side": "SELL", "type": "MARKET", "quantity": "0.04", "reduceOnly": "true"}
        row = (await raw.signed("POST", "/fapi/v1/order", newClientOrderId="s1", **sell)).body
        assert (row["status"], row["executedQty"], row["avgPrice"]) == ("FILLED", "0.040", "100000.00")
        limit = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "quantity": "0.04", "price": "90000"}
        assert (await raw.signed("POST", "/fapi/v1/order", **limit)).code == -1102
        row = (await raw.signed("POST", "/fapi/v1/order", newClientOrderId="b1", timeInForce="GTC", **limit)).body
        assert row["status"] == "NEW"
        assert (await raw.signed("GET", "/fapi/v1/openOrders", symbol=BTC)).body[0]["orderId"] == row["orderId"]
        gone = (await raw.signed("DELETE", "/fapi/v1/order", symbol=BTC, origClientOrderId="b1")).body
        assert gone["status"] == "CANCELED"
        assert (await raw.signed("DELETE", "/fapi/v1/order", symbol=BTC, origClientOrderId="b1")).code == -2011
        too_much = {"symbol": BTC, "side": "BUY", "type": "MARKET", "quantity": "100"}
        assert (await raw.signed("POST", "/fapi/v1/order", **too_much)).code == -2019
        trades = (await raw.signed("GET", "/fapi/v1/userTrades", symbol=BTC)).body
        assert [(t["qty"], t["commission"]) for t in trades] == [("0.040", "2.00000000")]
        income = (await raw.signed("GET", "/fapi/v1/income", incomeType="COMMISSION")).body
        assert [row["income"] for row in income] == ["-2.00000000"]


async def test_account_and_positions_agree_with_the_core() -> None:
    """The figures of both endpoints are the core's, isolated and cross, in Binance's own way of writing."""
    exchange = a_long()
    hold(exchange, AVAX, "-1000", 5, MarginMode.ISOLATED)
    move(exchange, AVAX, "21")
    async with serving(exchange) as server, raw_at(server) as raw:
        rows = {row["symbol"]: row for row in (await raw.signed("GET", "/fapi/v3/positionRisk")).body}
        short = rows[AVAX]
        assert (short["positionAmt"], short["notional"]) == ("-1000", "-21000.00000000")
        assert (short["unRealizedProfit"], short["isolatedWallet"]) == ("-1000.00000000", "4000.00000000")
        assert (short["isolatedMargin"], short["maintMargin"]) == ("3000.00000000", "105.00000000")
        assert short["liquidationPrice"] == "23.88059701"
        assert (rows[BTC]["isolatedWallet"], rows[BTC]["isolatedMargin"]) == ("0", "0")
        assert rows[BTC]["liquidationPrice"] == "0"
        account = (await raw.signed("GET", "/fapi/v3/account")).body
        asset = account["assets"][0]
        assert (asset["walletBalance"], asset["crossWalletBalance"]) == ("50000.00000000", "46000.00000000")
        assert (asset["crossUnPnl"], asset["unrealizedProfit"]) == ("0.00000000", "-1000.00000000")
        assert D(asset["maintMargin"]) == sum(D(row["maintMargin"]) for row in rows.values())
        assert [row["symbol"] for row in account["positions"]] == [BTC, AVAX]
        old = {row["symbol"]: row for row in (await raw.signed("GET", "/fapi/v2/positionRisk")).body}
        assert (old[AVAX]["marginType"], old[AVAX]["leverage"]) == ("isolated", "5")
        config = (await raw.signed("GET", "/fapi/v1/symbolConfig", symbol=AVAX)).body[0]
        assert (config["marginType"], config["leverage"]) == ("ISOLATED", 5)


async def test_settings_by_their_endpoints() -> None:
    """Leverage, margin type, isolated margin, position side, multi-assets: set, reported, refused when set already."""
    async with serving() as server, raw_at(server) as raw:
        assert (await raw.signed("POST", "/fapi/v1/leverage", symbol=AVAX, leverage=5)).body["leverage"] == 5
        assert (await raw.signed("POST", "/fapi/v1/leverage", symbol=AVAX, leverage=500)).code == -4028
        assert (await raw.signed("POST", "/fapi/v1/marginType", symbol=AVAX, marginType="ISOLATED")).code == 200
        assert (await raw.signed("POST", "/fapi/v1/marginType", symbol=AVAX, marginType="ISOLATED")).code == -4046
        multi = "/fapi/v1/multiAssetsMargin"
        assert (await raw.signed("POST", multi, multiAssetsMargin="true")).code == -4167
        server.hand.market(AVAX, D(100))
        moved = await raw.signed("POST", "/fapi/v1/positionMargin", symbol=AVAX, amount="100", type=1)
        assert (moved.code, server.exchange.account.position(AVAX).isolated_wallet) == (200, D(500))
        dual = "/fapi/v1/positionSide/dual"
        assert (await raw.signed("POST", dual, dualSidePosition="true")).code == -4068
        server.hand.close(AVAX)
        assert (await raw.signed("POST", dual, dualSidePosition="true")).code == 200
        assert (await raw.signed("POST", dual, dualSidePosition="true")).code == -4059
        config = (await raw.signed("GET", "/fapi/v1/accountConfig")).body
        assert (config["dualSidePosition"], config["multiAssetsMargin"]) == (True, False)
        order = {"symbol": BTC, "side": "BUY", "type": "MARKET", "quantity": "0.1"}
        assert (await raw.signed("POST", "/fapi/v1/order", **order)).code == -4061
        refused = await raw.signed("POST", "/fapi/v1/order", positionSide="LONG", **order)
        assert (refused.code, "hedge mode" in refused.text) == (-4088, True)


async def test_what_the_key_may_do() -> None:
    """The answer of apiRestrictions tells of withdrawals and trading as the key is set."""
    async with serving() as server, raw_at(server) as raw:
        path = "/sapi/v1/account/apiRestrictions"
        row = (await raw.signed("GET", path)).body
        assert (row["enableWithdrawals"], row["enableFutures"]) == (False, True)
        server.api_key.withdraw = True
        assert (await raw.signed("GET", path)).body["enableWithdrawals"] is True


async def test_weights_are_counted_and_refused_above_the_limit() -> None:
    """The header counts the minute; above the limit 429 with Retry-After, until the next minute."""
    now = [1_760_000_025_000]  # 45 seconds into a minute
    async with serving(speed=0.001, now_ms=lambda: now[0], weight_limit=12) as server, raw_at(server) as raw:
        used = [(await raw.send("GET", "/fapi/v1/premiumIndex")).headers["X-MBX-USED-WEIGHT-1M"]]
        used += [(await raw.send("GET", "/fapi/v1/ping")).headers["X-MBX-USED-WEIGHT-1M"] for _ in range(2)]
        assert used == ["10", "11", "12"]
        refused = await raw.send("GET", "/fapi/v1/ping")
        assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, -1003, "15")
        now[0] += 15_000
        assert (await raw.send("GET", "/fapi/v1/ping")).status == 200


async def test_in_lockstep_the_minute_is_the_markets() -> None:
    """When the market moves only on demand, a new minute of the market frees the weight."""
    async with serving(weight_limit=1) as server, raw_at(server) as raw:
        assert [(await raw.send("GET", "/fapi/v1/ping")).status for _ in range(2)] == [200, 429]
        for _ in range(60):
            await server.move({})
        assert (await raw.send("GET", "/fapi/v1/ping")).status == 200


def test_the_weights_of_what_a_watcher_asks() -> None:
    """Real request weights: 5 for positions and account, 40 for open algo orders of all markets, 1 with a symbol."""
    assert weight("GET", "/fapi/v3/positionRisk", symbol=False) == 5
    assert weight("GET", "/fapi/v3/account", symbol=False) == 5
    assert weight("GET", "/fapi/v1/openAlgoOrders", symbol=False) == 40
    assert weight("GET", "/fapi/v1/openAlgoOrders", symbol=True) == 1
    assert weight("GET", "/fapi/v1/leverageBracket", symbol=False) == 1


async def test_an_unknown_path_is_404() -> None:
    """As on the venue, with a code."""
    async with serving() as server, raw_at(server) as raw:
        answer = await raw.send("GET", "/fapi/v1/nothing")
        assert (answer.status, answer.code) == (404, -5000)
