"""A Binance USD-M account end to end over loopback: what is asked, what is understood, and what a fault comes to."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from tests.venues import desk as desks
from tests.venues import payloads
from tests.venues.desk import KEY, SECRET, Answer, Desk, body, refuses, says
from watchdog.clock import LoopClock
from watchdog.domain.facts import Confirmed, Finished, NotFound, Rejected, Unresolved
from watchdog.domain.position import OrderSide, PositionSide, StopOrder
from watchdog.venues.base import KeyPower, ReadError, Venue, VenueRefusedError
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue

ORDER = StopOrder(
    symbol="BTC/USDT:USDT",
    order_side=OrderSide.SELL,
    position_side=PositionSide.BOTH,
    size=Decimal("0.500"),
    trigger_price=Decimal("113600.0"),
    client_id=payloads.OUR_ID,
)
ALGO = "/fapi/v1/algoOrder"
READS = ("/fapi/v3/positionRisk", "/fapi/v3/account", "/fapi/v1/accountConfig", "/fapi/v1/openAlgoOrders")


def _is_a_venue(venue: BinanceUsdmVenue) -> Venue:
    """The type checker's word that the account is what the daemon asks for."""
    return venue


# -- opening --------------------------------------------------------------------------------------------------------


async def test_opening_says_what_the_key_may_do(venue: BinanceUsdmVenue) -> None:
    """A key that trades and cannot withdraw passes, and its power is told."""
    assert await _is_a_venue(venue).open() == KeyPower(
        withdraw=False, trade=True, note="the key trades futures, and is bound to addresses"
    )


async def test_a_key_that_can_withdraw_is_refused(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """The refusal says what to do about it."""
    desk.fail("/sapi/v1/account/apiRestrictions", says(payloads.api_restrictions(enableWithdrawals=True)))
    with pytest.raises(VenueRefusedError, match="Enable Withdrawals"):
        await venue.open()


async def test_a_key_that_can_withdraw_passes_when_the_owner_says_so(desk: Desk) -> None:
    """In writing, and it is told all the same."""
    desk.fail("/sapi/v1/account/apiRestrictions", says(payloads.api_restrictions(enableWithdrawals=True)))
    venue = BinanceUsdmVenue("main", KEY, SECRET, base_url=desk.url, allow_withdraw_key=True, clock=LoopClock())
    try:
        power = await venue.open()
    finally:
        await venue.close()
    assert power.withdraw is True
    assert "WITHDRAWS" in power.note


@pytest.mark.parametrize("path", ["/sapi/v1/account/apiRestrictions", "/fapi/v1/leverageBracket"])
@pytest.mark.parametrize(("status", "code"), [(401, -2015), (401, -2014), (400, -1022), (400, -2015)])
async def test_a_refused_key_is_named_with_what_to_check(
    venue: BinanceUsdmVenue, desk: Desk, path: str, status: int, code: int
) -> None:
    """Whichever endpoint refuses it first."""
    desk.fail(path, refuses(status, code, "Invalid API-key, IP, or permissions for action."))
    with pytest.raises(VenueRefusedError, match=f"account main: Binance refuses this API key .*{code}.*Check that"):
        await venue.open()


@pytest.mark.parametrize(
    "answer", [body("gone", 404), body("<html>busy</html>", 503), body(""), says({}), desks.cuts, desks.hangs]
)
async def test_power_that_cannot_be_learnt_is_unknown(venue: BinanceUsdmVenue, desk: Desk, answer: Answer) -> None:
    """A testnet has no such endpoint: the account opens, and nobody claims that the key is harmless."""
    desk.fail("/sapi/v1/account/apiRestrictions", answer)
    power = await venue.open()
    assert (power.withdraw, power.trade) == (None, None)
    assert "does not say" in power.note


@pytest.mark.parametrize(("key", "secret"), [("", SECRET), (KEY, " "), (KEY + "\n", SECRET), ("k é y", SECRET)])
async def test_an_impossible_key_is_refused_before_anybody_is_asked(desk: Desk, key: str, secret: str) -> None:
    """An empty or broken key never leaves the machine."""
    venue = BinanceUsdmVenue("main", key, secret, base_url=desk.url, clock=LoopClock())
    try:
        with pytest.raises(VenueRefusedError, match=r"account main: the (API key|secret)"):
            await venue.open()
    finally:
        await venue.close()
    assert desk.asked == []


@pytest.mark.parametrize("answer", [body(""), says({}), body("<html>"), desks.cuts, says({"symbols": [{}]})])
async def test_a_listing_that_cannot_be_read_is_no_answer(venue: BinanceUsdmVenue, desk: Desk, answer: Answer) -> None:
    """The account does not open on a broken listing, and says which answer it was."""
    desk.fail("/fapi/v1/exchangeInfo", answer)
    with pytest.raises(ReadError, match="exchangeInfo"):
        await venue.open()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://127.0.0.1/fapi", "http://a@b"])
async def test_an_impossible_base_url_is_refused(url: str) -> None:
    """It is a scheme and a host; anything more would be guessed at."""
    with pytest.raises(ValueError, match="base_url"):
        BinanceUsdmVenue("main", KEY, SECRET, base_url=url, clock=LoopClock())


# -- reading --------------------------------------------------------------------------------------------------------


async def test_a_read_asks_four_things_once(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Positions, account, modes and resting orders, each signed, and nothing else."""
    await venue.open()
    desk.asked.clear()
    read = await venue.read()
    assert {position.symbol for position in read.positions} == {"BTC/USDT:USDT", "WLD/USDT:USDT"}
    assert sorted(path for _, path, _ in desk.asked) == sorted(READS)
    assert all("signature" in params for _, _, params in desk.asked)
    assert read.markets[0].tiers[1].cum == Decimal(300)


async def test_reads_before_opening_load_the_listing_themselves(venue: BinanceUsdmVenue) -> None:
    """A daemon that could not open yet can still read."""
    assert (await venue.read()).markets[0].tiers != ()


FAULTS: dict[str, tuple[Answer, str]] = {
    "empty 200": (body(""), "HTTP 200 with an empty body"),
    "HTML 200": (body("<html>maintenance</html>"), "HTTP 200 with a body that is no JSON"),
    "null": (body("null", kind="application/json"), "HTTP 200 with a body that is no JSON"),
    "NaN": (body('{"a": NaN}', kind="application/json"), "HTTP 200 with a body that is no JSON"),
    "truncated JSON": (body('[{"symbol": "BTC', kind="application/json"), "HTTP 200 with a body that is no JSON"),
    "broken off": (desks.breaks_off, "broke off|no connection"),
    "error under 200": (refuses(200, -1000, "odd"), "HTTP 200, -1000: odd"),
    "401": (refuses(401, -2015, "Invalid API-key, IP, or permissions for action."), "HTTP 401, -2015: Invalid API-key"),
    "403": (body("<html>WAF</html>", 403), "HTTP 403, WAF"),
    "500": (body("<html><h1>Internal</h1></html>", 500), "HTTP 500, Internal"),
    "503": (body("Service Unavailable.", 503), "HTTP 503, Service Unavailable"),
    "hang": (desks.hangs, "no answer within 0.5 s"),
    "cut": (desks.cuts, "no connection"),
}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_any_answer_is_no_read(venue: BinanceUsdmVenue, desk: Desk, path: str, fault: str) -> None:
    """One bad answer of the four: the read fails in words that name it, and the next one is whole."""
    await venue.open()
    answer, words = FAULTS[fault]
    good = desk.answers["GET", path]
    desk.fail(path, answer)
    with pytest.raises(ReadError, match=f"Binance, {path.rpartition('/')[2]}: .*({words})") as caught:
        await venue.read()
    assert "http:" not in str(caught.value)
    desk.fail(path, good)
    assert len((await venue.read()).positions) == 2


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("junk", [{}, []], ids=str)
async def test_an_empty_object_or_list_is_not_flat(venue: BinanceUsdmVenue, desk: Desk, path: str, junk: Any) -> None:
    """`{}` and `[]` under HTTP 200 are no account without positions; only "no order rests" may be an empty list."""
    await venue.open()
    desk.fail(path, says(junk))
    if path == READS[3] and junk == []:
        assert (await venue.read()).stops == ()
        return
    with pytest.raises(ReadError):
        await venue.read()


@pytest.mark.parametrize(("status", "least"), [(429, 37), (418, 120)])
async def test_too_many_requests_stop_all_reads_until_the_time_named(
    venue: BinanceUsdmVenue, desk: Desk, status: int, least: int
) -> None:
    """One clear reason, and no further read leaves; an order still does."""
    await venue.open()
    headers = {"Retry-After": "37"} if status == 429 else None
    desk.fail(READS[0], refuses(status, -1003, "Too many requests; banned until 1760126500000.", headers))
    with pytest.raises(ReadError, match=f"HTTP {status}"):
        await venue.read()
    desk.asked.clear()
    with pytest.raises(ReadError, match=f"limits this address .HTTP {status}.*no reads for another {least}") as caught:
        await venue.read()
    assert caught.value.retry_after == pytest.approx(least, abs=2)
    assert desk.asked == []
    assert isinstance(await venue.place(ORDER), Confirmed)


@pytest.mark.parametrize(
    ("status", "asked", "limited", "waits"),
    [(503, 86400, False, 86400), (429, 0, True, 0), (418, 864000, True, 3 * 86400)],
)
async def test_who_asks_us_to_wait_is_told_apart(
    venue: BinanceUsdmVenue, desk: Desk, status: int, asked: int, limited: bool, waits: float
) -> None:
    """A server that is down is no ban: whoever reads again decides. A ban is believed for three days at most."""
    await venue.open()
    desk.fail(READS[0], body("<html>", status, headers={"Retry-After": str(asked)}))
    with pytest.raises(ReadError, match=f"HTTP {status}") as caught:
        await venue.read()
    assert (caught.value.limited, caught.value.retry_after) == (limited, waits)


async def test_answers_of_different_moments_are_read_again_at_once(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """A position that opened between two answers costs a second read, not an error."""
    await venue.open()
    calls = 0

    def late() -> dict[str, Any]:
        nonlocal calls
        calls += 1
        account = payloads.account()
        if calls == 1:
            del account["positions"][0]
        return account

    desk.fail(READS[1], says(late))
    assert len((await venue.read()).positions) == 2
    assert calls == 2


async def test_answers_that_keep_differing_are_no_read(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Three times, then it is said."""
    await venue.open()
    desk.fail(READS[1], says(payloads.account() | {"positions": []}))
    with pytest.raises(ReadError, match="different moments"):
        await venue.read()
    assert desk.count("GET", READS[1]) == 3


async def test_a_symbol_listed_since_we_opened_is_found(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """The listing and the brackets are read again for it, and the read is whole."""
    full = payloads.exchange_info()
    desk.fail("/fapi/v1/exchangeInfo", says(full | {"symbols": full["symbols"][:1]}))
    await venue.open()
    desk.fail("/fapi/v1/exchangeInfo", says(full))
    venue._listing_at -= 100
    assert len((await venue.read()).markets) == 2


async def test_a_symbol_without_brackets_is_asked_for_and_then_told_without_tiers(
    venue: BinanceUsdmVenue, desk: Desk
) -> None:
    """Tiers that Binance does not give are empty, which the risk room takes for unknown; the read itself is whole."""
    desk.fail("/fapi/v1/leverageBracket", says(payloads.leverage_bracket()[:1]))
    await venue.open()
    venue._brackets_at -= 100
    read = await venue.read()
    assert [len(market.tiers) for market in read.markets] == [3, 0]
    assert desk.count("GET", "/fapi/v1/leverageBracket") == 2


async def test_a_wrong_clock_is_corrected_by_the_venue_s(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """-1021 asks Binance for its time and signs by it from then on: a drifted machine does not go blind."""
    await venue.open()

    async def strict(request: web.Request) -> web.Response:
        if abs(int(request.query["timestamp"]) - 1760126400000) > 10_000:
            return web.json_response({"code": -1021, "msg": "outside of the recvWindow."}, status=400)
        return web.json_response(payloads.position_risk())

    desk.fail(READS[0], strict)
    assert len((await venue.read()).positions) == 2
    assert len((await venue.read()).positions) == 2
    assert desk.count("GET", "/fapi/v1/time") == 1


# -- orders ---------------------------------------------------------------------------------------------------------


async def test_a_stop_goes_out_as_meant_and_comes_back_as_it_stands(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Stop-market, reduce-only, on mark, our id, figures exact; the answer is the stop as Binance shows it."""
    await venue.open()
    answer = await venue.place(ORDER)
    assert isinstance(answer, Confirmed)
    assert answer.stop is not None
    assert ORDER.matches(answer.stop)
    (sent,) = [params for method, path, params in desk.asked if (method, path) == ("POST", ALGO)]
    assert {name: value for name, value in sent.items() if name not in {"timestamp", "signature", "recvWindow"}} == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "positionSide": "BOTH",
        "type": "STOP_MARKET",
        "algoType": "CONDITIONAL",
        "quantity": "0.500",
        "triggerPrice": "113600.0",
        "workingType": "MARK_PRICE",
        "reduceOnly": "true",
        "clientAlgoId": payloads.OUR_ID,
        "newOrderRespType": "RESULT",
    }


UNANSWERED: dict[str, Answer] = {
    "hang": desks.hangs,
    "cut after acceptance": desks.cuts,
    "empty 200": body(""),
    "HTML 200": body("<html></html>"),
    "{}": says({}),
    "[]": says([]),
    "another order": says(payloads.algo_order(clientAlgoId="somebody-else")),
    "no status": says(payloads.algo_order(algoStatus="")),
    "already gone": says(payloads.algo_order(algoStatus="TRIGGERED")),
    "-1007 408": refuses(408, -1007, "Timeout waiting for response from backend server."),
    "503": body("Unknown error, please check your request or try again later.", 503),
    "-1001": refuses(400, -1001, "Internal error"),
    "504": body("<html>gateway</html>", 504),
}


@pytest.mark.parametrize("fault", UNANSWERED)
async def test_no_clear_answer_to_an_order_is_unresolved(venue: BinanceUsdmVenue, desk: Desk, fault: str) -> None:
    """It may stand: nobody says yes, nobody says no."""
    await venue.open()
    desk.fail(ALGO, UNANSWERED[fault], "POST")
    assert isinstance(await venue.place(ORDER), Unresolved)


@pytest.mark.parametrize(
    ("status", "code"), [(400, -2021), (400, -4116), (400, -2022), (400, -4130), (401, -2015), (429, -1003)]
)
async def test_a_clear_no_is_rejected_with_the_raw_code(
    venue: BinanceUsdmVenue, desk: Desk, status: int, code: int
) -> None:
    """The code is Binance's, whatever ccxt makes of it on this address."""
    await venue.open()
    desk.fail(ALGO, refuses(status, code, "Order would immediately trigger."), "POST")
    answer = await venue.place(ORDER)
    assert isinstance(answer, Rejected)
    assert (answer.code, answer.message) == (str(code), "Order would immediately trigger.")


async def test_an_unlisted_symbol_is_rejected_and_nothing_is_sent(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """No request is made for what Binance does not list."""
    await venue.open()
    order = StopOrder("XYZ/USDT:USDT", OrderSide.SELL, PositionSide.BOTH, Decimal(1), Decimal(1), payloads.OUR_ID)
    answer = await venue.place(order)
    assert isinstance(answer, Rejected)
    assert desk.count("POST", ALGO) == 0


async def test_an_order_under_a_foreign_id_never_leaves(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """The guard stops it, and says so as a rejection: it surely does not stand."""
    await venue.open()
    order = StopOrder("BTC/USDT:USDT", OrderSide.SELL, PositionSide.BOTH, Decimal(1), Decimal(1), "not-ours")
    answer = await venue.place(order)
    assert isinstance(answer, Rejected)
    assert answer.code == "guard"
    assert isinstance(await venue.cancel("BTC/USDT:USDT", "not-ours"), Rejected)
    assert desk.count("POST", ALGO) == desk.count("DELETE", ALGO) == 0


@pytest.mark.parametrize("status", ["TRIGGERING", "TRIGGERED", "FINISHED", "CANCELED", "EXPIRED", "REJECTED"])
async def test_an_order_that_is_over_is_found_finished(venue: BinanceUsdmVenue, desk: Desk, status: str) -> None:
    """With Binance's own word of how it ended."""
    await venue.open()
    desk.fail(ALGO, says(payloads.algo_order(algoStatus=status)))
    assert await venue.look_up(ORDER.symbol, ORDER.client_id) == Finished(status)


async def test_a_resting_order_is_found(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """By its client id, as it stands."""
    await venue.open()
    answer = await venue.look_up(ORDER.symbol, ORDER.client_id)
    assert isinstance(answer, Confirmed)
    assert answer.stop is not None
    assert ORDER.matches(answer.stop)
    assert desk.asked[-1][2]["clientAlgoId"] == ORDER.client_id


@pytest.mark.parametrize("code", [-2013, -2011])
async def test_an_unknown_order_is_not_found(venue: BinanceUsdmVenue, desk: Desk, code: int) -> None:
    """Looked up or cancelled: Binance knows no such order."""
    await venue.open()
    desk.fail(ALGO, refuses(400, code, "Order does not exist."))
    desk.fail(ALGO, refuses(400, code, "Unknown order sent."), "DELETE")
    assert await venue.look_up(ORDER.symbol, ORDER.client_id) == NotFound()
    assert await venue.cancel(ORDER.symbol, ORDER.client_id) == NotFound()


@pytest.mark.parametrize(
    "answer", [desks.hangs, body(""), refuses(429, -1003, "x"), refuses(401, -2015, "x"), says([])]
)
async def test_a_look_up_that_fails_never_says_not_found(venue: BinanceUsdmVenue, desk: Desk, answer: Answer) -> None:
    """Only Binance's word that there is none counts."""
    await venue.open()
    desk.fail(ALGO, answer)
    assert isinstance(await venue.look_up(ORDER.symbol, ORDER.client_id), Unresolved)


async def test_a_cancel_names_the_order_by_our_id(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """And is confirmed by the answer that names it."""
    await venue.open()
    assert await venue.cancel(ORDER.symbol, ORDER.client_id) == Confirmed()
    method, path, params = desk.asked[-1]
    assert (method, path, params["clientAlgoId"]) == ("DELETE", ALGO, ORDER.client_id)
    desk.fail(ALGO, says({"code": "200", "msg": "success"}), "DELETE")
    assert isinstance(await venue.cancel(ORDER.symbol, ORDER.client_id), Unresolved)


async def test_an_order_signed_by_a_wrong_clock_is_sent_again_by_the_right_one(
    venue: BinanceUsdmVenue, desk: Desk
) -> None:
    """The first was refused for its time alone, so it cannot stand twice."""
    await venue.open()

    async def strict(request: web.Request) -> web.Response:
        if abs(int(str((await request.post())["timestamp"])) - 1760126400000) > 10_000:
            return web.json_response({"code": -1021, "msg": "outside of the recvWindow."}, status=400)
        return web.json_response(payloads.algo_order())

    desk.fail(ALGO, strict, "POST")
    assert isinstance(await venue.place(ORDER), Confirmed)
    assert desk.count("POST", ALGO) == 2


async def test_an_order_leaves_while_every_read_hangs(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Orders have their own client: nothing a read does can hold one up."""
    await venue.open()
    for path in READS:
        desk.fail(path, desks.hangs)
    reading = asyncio.create_task(venue.read())
    await asyncio.sleep(0)
    assert isinstance(await venue.place(ORDER), Confirmed)
    assert not reading.done()
    with pytest.raises(ReadError):
        await reading
