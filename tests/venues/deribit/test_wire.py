"""Unmodified ccxt against a server that answers as Deribit does: what is asked, and what errors become."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from tests.venues.deribit.build import PAYLOADS
from tests.venues.risk_only import CREDENTIALS, Answer, body, says, standing
from watchdog.venues.base import ReadError, VenueRefusedError
from watchdog.venues.deribit import wire
from watchdog.venues.deribit.kind import KIND

ROOT = "/api/v2/"
PRIVATE = ("get_positions", "get_account_summaries", "get_open_orders", "list_api_keys")
REFUSAL = {"jsonrpc": "2.0", "error": {"message": "invalid_credentials", "code": 13004}, "testnet": False}


def keys(scope: str) -> dict[str, Any]:
    """The answer of `list_api_keys`: another key, and this one."""
    other = {"client_id": "another", "max_scope": "wallet:read_write", "client_secret": "another-secret"}
    mine = {"client_id": CREDENTIALS.key, "max_scope": scope, "client_secret": CREDENTIALS.secret}
    return {"jsonrpc": "2.0", "result": [other, mine]}


def shelf(**other: Any) -> dict[str, Any]:
    """The answers by path."""
    found = {**PAYLOADS["segregated"]["payloads"], "list_api_keys": keys("account:read trade:read wallet:none")} | other
    return {f"{ROOT}{'private' if name in PRIVATE else 'public'}/{name}": answer for name, answer in found.items()}


async def test_a_whole_read_asks_all_currencies_signed() -> None:
    """Positions, summaries and orders of every currency and kind are asked for with GET, under the key."""
    async with standing(KIND, shelf()) as (venue, asked):
        power = await venue.open()
        read = await venue.read()
    assert {one.symbol for one in read.positions} == {"BTC/USD:BTC", "BTC/USD:BTC-261225", "BTC/USDC:USDC"}
    assert asked.paths() == set(shelf())
    assert asked.methods == {"GET"}
    queries = {path.rpartition("/")[2]: query for path, query in asked.asked}
    assert queries.pop("get_instruments") == {"currency": "any", "kind": "future"}
    assert queries == {name: {} for name in PRIVATE}
    signed = {path for (path, _), head in zip(asked.asked, asked.headers, strict=True) if "Authorization" in head}
    assert signed == {path for path in shelf() if "/private/" in path}
    assert (power.trade, power.withdraw) == (False, False)
    assert "list_api_keys" not in venue.payloads


async def test_a_key_that_can_withdraw_is_refused() -> None:
    """`wallet:read_write` is the right to withdraw: nothing here needs it."""
    async with standing(KIND, shelf(list_api_keys=keys("trade:read wallet:read_write"))) as (venue, _):
        with pytest.raises(VenueRefusedError, match="can withdraw"):
            await venue.open()


def refused(_: web.Request) -> web.StreamResponse:
    """Deribit's answer to a wrong key."""
    return says(REFUSAL, 400)


def forbidden(_: web.Request) -> web.StreamResponse:
    """Deribit's answer to a key without a scope."""
    return says({"jsonrpc": "2.0", "error": {"message": "forbidden", "code": 13021}}, 403)


async def test_a_refused_key_is_said_at_once() -> None:
    """The account is refused in Deribit's words, without key or secret."""
    async with standing(KIND, shelf(list_api_keys=refused)) as (venue, _):
        with pytest.raises(VenueRefusedError, match="refuses this API key") as refusal:
            await venue.open()
    assert not any(secret in str(refusal.value) for secret in CREDENTIALS.secrets())


async def test_a_key_that_may_not_list_keys_is_of_unknown_power() -> None:
    """That is not the key being refused: the account is read, and what the key may do is unknown."""
    async with standing(KIND, shelf(list_api_keys=forbidden)) as (venue, _):
        power = await venue.open()
        assert (power.trade, power.withdraw) == (None, None)
        assert "13021" in power.note
    async with standing(KIND, shelf(list_api_keys={"jsonrpc": "2.0", "result": []})) as (venue, _):
        assert (await venue.open()).withdraw is None


@pytest.mark.parametrize("name", ["get_positions", "get_account_summaries", "get_open_orders"])
@pytest.mark.parametrize(
    "answer",
    [
        forbidden,
        lambda _: body(""),
        lambda _: body("<html>busy</html>"),
        {"jsonrpc": "2.0", "error": {"message": "too_many_requests", "code": 10028}},
        {"jsonrpc": "2.0", "result": None},
        {},
    ],
    ids=["error", "empty", "html", "error under 200", "null", "empty object"],
)
async def test_an_answer_that_is_none_is_no_read(name: str, answer: Answer | dict[str, Any]) -> None:
    """One bad answer and there is no account: never an empty one."""
    async with standing(KIND, shelf()) as (venue, asked):
        await venue.open()
        asked.answers[f"{ROOT}private/{name}"] = answer
        with pytest.raises(ReadError, match=name):
            await venue.read()


def test_errors_in_deribits_words() -> None:
    """Code and message of an error; an answer has none."""
    assert wire.words(REFUSAL) == ("13004", "invalid_credentials")
    assert wire.words({"jsonrpc": "2.0", "result": []}) == (None, "")
    assert wire.refuses_key(400, "13004")
    assert wire.refuses_key(401, None)
    assert not wire.refuses_key(403, "13021")
