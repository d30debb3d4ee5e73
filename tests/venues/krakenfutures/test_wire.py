"""Unmodified ccxt against a server that answers as Kraken does: what is asked, and what errors become."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from aiohttp import web

from tests.venues.krakenfutures.build import PAYLOADS
from tests.venues.risk_only import Answer, body, says, standing
from watchdog.venues.base import ReadError, VenueRefusedError
from watchdog.venues.kind import Credentials
from watchdog.venues.krakenfutures import wire
from watchdog.venues.krakenfutures.kind import KIND

ROOT = "/derivatives/api/v3/"
KEY = Credentials("public-key", base64.b64encode(b"hush-secret").decode())
REFUSAL = {"result": "error", "error": "authenticationError", "serverTime": "2026-09-25T17:54:01.754Z"}


def shelf(**other: Any) -> dict[str, Any]:
    """The answers by path."""
    return {ROOT + name: answer for name, answer in {**PAYLOADS["flex"]["payloads"], **other}.items()}


async def test_a_whole_read_asks_all_endpoints_signed() -> None:
    """Every wallet, position, order and mark is asked for with GET, the private ones under the key."""
    async with standing(KIND, shelf(), KEY) as (venue, asked):
        power = await venue.open()
        read = await venue.read()
    assert {one.symbol for one in read.positions} == {"BTC/USD:USD", "BTC/USD:USD-261225", "DOGE/USD:USD"}
    assert asked.paths() == {ROOT + name for name in PAYLOADS["flex"]["payloads"]}
    assert asked.methods == {"GET"}
    signed = {path for (path, _), headers in zip(asked.asked, asked.headers, strict=True) if "Authent" in headers}
    assert signed == {ROOT + name for name in ("accounts", "openpositions", "openorders")}
    assert (power.trade, power.withdraw) == (None, None)
    assert "tickers" in venue.payloads


async def test_a_refused_key_is_said_at_once() -> None:
    """Kraken refuses a key under HTTP 200: the account is refused in its words, without key or secret."""
    async with standing(KIND, shelf(accounts=REFUSAL), KEY) as (venue, _):
        with pytest.raises(VenueRefusedError, match="refuses this API key") as refused:
            await venue.open()
    assert not any(secret in str(refused.value) for secret in KEY.secrets())


def too_much(_: web.Request) -> web.StreamResponse:
    """Kraken's other form of an error."""
    return says({"status": "BAD_REQUEST", "result": "error", "errors": [{"code": 11, "message": "Argument"}]}, 400)


@pytest.mark.parametrize("name", ["accounts", "openpositions", "openorders", "tickers"])
@pytest.mark.parametrize(
    "answer",
    [
        too_much,
        lambda _: body(""),
        lambda _: body("<html>busy</html>"),
        {"result": "error", "error": "unavailable"},
        {},
    ],
    ids=["errors", "empty", "html", "error under 200", "empty object"],
)
async def test_an_answer_that_is_none_is_no_read(name: str, answer: Answer | dict[str, Any]) -> None:
    """One bad answer and there is no account: never an empty one."""
    async with standing(KIND, shelf(), KEY) as (venue, asked):
        await venue.open()
        asked.answers[ROOT + name] = answer
        with pytest.raises(ReadError, match=name):
            await venue.read()


def test_errors_and_weights_in_krakens_words() -> None:
    """Both forms of an error are told apart from an answer; private calls weigh 2."""
    assert wire.words(REFUSAL) == ("authenticationError", "authenticationError")
    assert wire.words({"result": "error", "errors": [{"code": 0, "message": "404 NOT_FOUND"}]}) == (
        "0",
        "404 NOT_FOUND",
    )
    assert wire.words({"result": "error"}) == ("error", "")
    assert wire.words({"result": "success"}) == (None, "")
    assert wire.refuses_key(200, "authenticationError")
    assert not wire.refuses_key(200, "apiLimitExceeded")
    assert wire.weight("openorders", {}) == 2
    assert wire.weight("tickers", {}) == 1
