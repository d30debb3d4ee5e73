"""An account on a server of ours: the requests unmodified ccxt signs and sends, and what is made of bad answers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from aiohttp import web

from tests.venues.bybit.build import LISTING, PAYLOADS, answer, setting
from tests.venues.risk_only import AT, CREDENTIALS, body, load, number, says, standing
from watchdog.risk import Book
from watchdog.venues.base import ReadError, VenueRefusedError
from watchdog.venues.bybit.kind import KIND

KEY = {
    "readOnly": 0,
    "permissions": {"ContractTrade": ["Order", "Position"], "Wallet": ["AccountTransfer"], "Derivatives": []},
    "ips": ["203.0.113.7"],
    "deadlineDay": 88,
    "expiredAt": "2027-02-15T03:13:24Z",
}
PRIVATE = ("/v5/account/info", "/v5/account/wallet-balance", "/v5/position/list", "/v5/order/realtime")


def served(**changed: Any) -> dict[str, Any]:
    """Answers by path: the account in cross-mixed.json, its ETH position and its orders on two pages."""
    recorded = load(PAYLOADS / "cross-mixed.json")["payloads"]
    return {
        "/v5/user/query-api": answer(KEY),
        "/v5/account/info": recorded["account-info"],
        "/v5/account/wallet-balance": recorded["wallet-balance"],
        "/v5/market/instruments-info": _pages(LISTING["instruments-info"], "status"),
        "/v5/market/risk-limit": _pages(LISTING["risk-limit"]),
        "/v5/spot-margin-trade/collateral": LISTING["spot-margin-trade-collateral"],
        "/v5/position/list": _pages(_split(recorded["position-list"]), "settleCoin"),
        "/v5/order/realtime": _pages(_split(recorded["order-realtime"]), "settleCoin"),
        **changed,
    }


def _pages(lists: Mapping[str, list[Any]], field: str = "") -> Any:
    """A function that answers with the page a request asks for."""

    def give(request: web.Request) -> web.Response:
        query = request.query
        name = " ".join(one for one in (query["category"], query.get(field, "")) if one)
        cursors = ["", *(unquote(page["result"]["nextPageCursor"]) for page in lists[name])]  # sent as they came
        return says(lists[name][cursors.index(query.get("cursor", ""))])

    return give


def _split(lists: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """The same with every row on a page of its own, and an empty page at the end as Bybit sends one."""
    split = {}
    for name, [page] in lists.items():
        category, rows = name.split()[0], page["result"]["list"]
        parts = [[row] for row in rows]
        split[name] = [
            answer({"category": category, "list": part, "nextPageCursor": f"page{number}" if part else ""})
            for number, part in enumerate([*parts, []])
        ]
    return split


async def test_a_whole_account_is_read() -> None:
    """Every category, settle coin and page is asked for, by GET only and signed."""
    async with standing(KIND, served()) as (venue, shelf):
        power = await venue.open()
        assert (power.trade, power.withdraw) == (True, False)
        assert "bound to addresses" in power.note
        assert "2027-02-15" in power.note
        read = await venue.read()

        assert len(read.positions) == 3
        assert len(read.stops) == 4
        [pool] = Book.of(read, AT, {}).pools.values()
        assert number(pool.ratio_venue) > 0
        assert KIND.read(venue.payloads, 0.0).positions[0].symbol == "ETH/USDT:USDT"

        assert shelf.methods == {"GET"}
        asked = [
            (path, query.get("category"), query.get("settleCoin"), query.get("cursor"))
            for path, query in shelf.asked
            if path in {"/v5/position/list", "/v5/order/realtime"}
        ]
        held = "/v5/position/list"
        for one in (("linear", "USDT"), ("linear", "USDC"), ("inverse", None), ("option", None)):
            assert (held, *one, None) in asked
        assert (held, "linear", "USDT", "page0") in asked
        assert ("/v5/order/realtime", "linear", "USDT", "page2") in asked
        statuses = {query["status"] for path, query in shelf.asked if path == "/v5/market/instruments-info"}
        assert statuses == {"Trading", "PreLaunch", "Delivering"}
        assert {"category": "linear", "cursor": "1"} in [dict(query) for _, query in shelf.asked]
        assert all(query["limit"] == "200" for path, query in shelf.asked if path == held)


async def test_requests_are_signed_as_bybit_wants_them() -> None:
    """HMAC of time, key, window and query; the secret itself is in no request."""
    seen: list[web.Request] = []

    def info(request: web.Request) -> web.Response:
        seen.append(request)
        return says(setting())

    async with standing(KIND, served(**{"/v5/account/info": info})) as (venue, _):
        await venue.open()
    sent = seen[0].headers
    signed = sent["X-BAPI-TIMESTAMP"] + CREDENTIALS.key + sent["X-BAPI-RECV-WINDOW"] + urlsplit(str(seen[0].url)).query
    assert sent["X-BAPI-SIGN"] == hmac.new(CREDENTIALS.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    assert CREDENTIALS.secret not in str(sent)


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"retCode": 10016, "retMsg": "Server error", "result": {}, "time": 1}, "10016: Server error"),
        (lambda _: says({"retCode": 10006, "retMsg": "Too many visits"}, 403), "HTTP 403, 10006: Too many visits"),
        (lambda _: body(""), "an empty body"),
        (lambda _: body("<html>Just a moment</html>"), "a body that is no JSON"),
        ({}, "came"),
        ({"retCode": 0, "retMsg": "OK", "result": {}, "time": 1}, "came"),
        ({"retCode": 0, "retMsg": "OK", "result": {"category": "spot", "list": []}, "time": 1}, "Bybit: "),
    ],
)
async def test_a_bad_answer_is_no_read(path: str, bad: Any, said: str) -> None:
    """An error, an empty body, HTML, an envelope without content: none of them is an account without positions."""
    async with standing(KIND, served()) as (venue, shelf):
        await venue.open()
        shelf.answers[path] = bad
        with pytest.raises(ReadError, match=said):
            await venue.read()


async def test_a_refused_key_is_named() -> None:
    """With what to check; the key itself is not in the words."""
    refusal = {"retCode": 10003, "retMsg": "API key is invalid.", "result": {}, "time": 1}
    async with standing(KIND, served(**{"/v5/user/query-api": refusal})) as (venue, _):
        with pytest.raises(VenueRefusedError, match="refuses this API key") as raised:
            await venue.open()
    assert CREDENTIALS.key not in str(raised.value)


async def test_a_key_that_can_withdraw_is_refused() -> None:
    """Unless it only reads, as such a key can do nothing."""
    can = {**KEY, "permissions": {**KEY["permissions"], "Wallet": ["Withdraw"]}}  # type: ignore[dict-item]
    async with standing(KIND, served(**{"/v5/user/query-api": answer(can)})) as (venue, _):
        with pytest.raises(VenueRefusedError, match="can withdraw"):
            await venue.open()
    async with standing(KIND, served(**{"/v5/user/query-api": answer({**can, "readOnly": 1})})) as (venue, _):
        power = await venue.open()
        assert (power.withdraw, power.trade) == (False, False)


@pytest.mark.parametrize(("status", "word"), [(1, "classic"), (3, "1.0"), (4, "1.0")])
async def test_an_older_account_is_refused_with_what_to_do(status: int, word: str) -> None:
    """By name, when it is opened; and a read of it is no read."""
    async with standing(KIND, served()) as (venue, shelf):
        await venue.open()
        shelf.answers["/v5/account/info"] = setting(status=status)
        with pytest.raises(VenueRefusedError, match=rf"{word}.*upgrade"):
            await venue.open()
        with pytest.raises(ReadError, match="upgrade"):
            await venue.read()


async def test_pages_that_lead_back_to_themselves_are_no_read() -> None:
    """They are asked for once more only, and hold a position twice."""
    recorded = load(PAYLOADS / "cross-mixed.json")["payloads"]["position-list"]
    for page in recorded["linear USDT"]:
        page["result"]["nextPageCursor"] = "again"

    def give(request: web.Request) -> web.Response:
        name = " ".join(one for one in (request.query["category"], request.query.get("settleCoin", "")) if one)
        return says(recorded[name][0])

    async with standing(KIND, served(**{"/v5/position/list": give})) as (venue, shelf):
        await venue.open()
        with pytest.raises(ReadError, match="listed twice"):
            await venue.read()
        reads = len([path for path, _ in shelf.asked if path == "/v5/account/info"]) - 1
        assert len([path for path, query in shelf.asked if query.get("cursor") == "again"]) == reads
