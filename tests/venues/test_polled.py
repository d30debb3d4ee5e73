"""What all venues that are read over REST share: errors become words, and a key that will not do is told why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.venues.risk_only import says, standing
from watchdog.domain.position import AccountModes, AccountRead
from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.errors import GuardError
from watchdog.venues.fields import MomentsDifferError, PayloadError
from watchdog.venues.kind import Asking, Credentials, Kind, Payloads
from watchdog.venues.known import VENUES, kind_of
from watchdog.venues.polled import MOMENTS

FLAW = PayloadError("positions[0].size", "is missing")
EMPTY = AccountRead(AccountModes(hedge=False, multi_asset=False, can_trade=True), (), (), (), (), 0)


def raising(error: Exception) -> Callable[..., Awaitable[Any]]:
    """A part of a kind that fails."""

    async def fail(*_: Any) -> Any:
        raise error

    return fail


async def nothing(*_: Any) -> Payloads:
    """A part of a kind that has no answers."""
    return {}


async def power(_: Asking) -> KeyPower:
    """A key that only reads."""
    return KeyPower(withdraw=False, trade=False, note="")


def made(**parts: Any) -> Kind:
    """A kind of which every part works, but for those given."""
    whole = replace(
        kind_of("okx"), listing=nothing, account=nothing, power=power, read=lambda _p, _at: EMPTY, trim=lambda p: p
    )
    return replace(whole, **parts)


@pytest.mark.parametrize("part", ["listing", "account"])
async def test_a_flaw_of_an_answer_is_a_read_that_failed(part: str) -> None:
    """Wherever a venue's folder meets it, the runner hears a ReadError that names venue and field."""
    async with standing(made(**{part: raising(FLAW)}), {}) as (venue, _):
        with pytest.raises(ReadError, match=r"^OKX.*: positions\[0\]\.size: is missing$"):
            await venue.read()


@pytest.mark.parametrize("part", ["listing", "power"])
async def test_a_flaw_at_the_start_is_a_read_that_failed_too(part: str) -> None:
    """It is tried again later, and refuses no account."""
    async with standing(made(**{part: raising(FLAW)}), {}) as (venue, _):
        with pytest.raises(ReadError, match=r"positions\[0\]\.size"):
            await venue.open()


async def test_a_listing_that_has_a_flaw_leaves_the_old_one() -> None:
    """The account is read on with what was known."""
    fails = False

    async def listing(_: Asking) -> Payloads:
        if fails:
            raise FLAW
        return {"listed": 1}

    async with standing(made(listing=listing), {}) as (venue, _):
        await venue.read()
        fails = True
        venue.list_anew()
        assert await venue.read() == EMPTY
        assert venue.payloads == {"listed": 1}


async def test_answers_of_different_moments_are_asked_for_again() -> None:
    """At once, a few times; also where the wire sees it before the rules do."""
    asked = 0

    async def account(*_: Any) -> Payloads:
        nonlocal asked
        asked += 1
        raise MomentsDifferError("positions", "the two answers are of different moments")

    async with standing(made(account=account), {}) as (venue, _):
        with pytest.raises(ReadError, match="different moments"):
            await venue.read()
    assert asked == MOMENTS


RIGHTS = {
    "bitget": "spot/account/info",
    "gate": "account/main_keys",
    "kucoinfutures": "api key",
    "deribit": "list_api_keys",
}
"""What the question for a key's rights is called in messages."""


@pytest.mark.parametrize("name", RIGHTS)
@pytest.mark.parametrize("status", [429, 503])
async def test_what_a_key_may_do_is_asked_again_when_the_venue_is_busy(name: str, status: int) -> None:
    """Else a key that can withdraw would be taken because of a busy minute."""

    class Busy(dict[str, Any]):
        def get(self, key: str, _default: Any = None) -> Any:
            if key.endswith("account/mode"):  # KuCoin's, asked first
                return {"code": "200000", "data": {"selfAccountMode": "CLASSIC"}}
            return lambda _: says({"code": "busy", "label": "BUSY", "msg": "later", "message": "later"}, status)

    async with standing(kind_of(name), Busy()) as (venue, _):
        with pytest.raises(ReadError, match=f", {RIGHTS[name]}: HTTP {status}"):
            await venue.open()


async def test_an_account_that_is_refused_is_named() -> None:
    """Of several accounts it must be clear which one will not be watched."""
    async with standing(made(power=raising(VenueRefusedError("OKX: not this one."))), {}) as (venue, _):
        with pytest.raises(VenueRefusedError, match=r"^account main: OKX: not this one"):
            await venue.open()


REFUSALS = {
    "okx": ({"code": "50119", "data": [], "msg": "API key doesn't exist"}, ("passphrase", "https://eea.okx.com")),
    "bitget": ({"code": "40012", "msg": "apikey/password is incorrect"}, ("key, secret and passphrase",)),
    "kucoinfutures": ({"code": "400004", "msg": "Invalid KC-API-PASSPHRASE"}, ("key, secret and passphrase",)),
    "bybit": ({"retCode": 10003, "retMsg": "API key is invalid.", "result": {}}, ("key and secret", "api.bybit.eu")),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refused_key_is_told_all_there_is_to_look_at(name: str) -> None:
    """The passphrase where there is one, and the regions that keep keys of their own."""
    answer, words = REFUSALS[name]

    class Everywhere(dict[str, Any]):
        def get(self, _key: str, _default: Any = None) -> Any:
            return lambda _: says(answer, 401)

    async with standing(kind_of(name), Everywhere()) as (venue, _):
        with pytest.raises(VenueRefusedError) as refused:
            await venue.open()
    said = str(refused.value)
    assert said.startswith(f"account main: {kind_of(name).name} refuses this API key (")
    assert all(word in said for word in words), said
    assert ("passphrase" in said) == ("passphrase_file" in kind_of(name).needs)


async def test_answers_that_can_t_be_read_are_kept_until_some_can() -> None:
    """With the error, beside the good ones of before: they are what must be seen to mend it."""
    flawed = False

    def read(_payloads: Payloads, _at: float) -> AccountRead:
        if flawed:
            raise FLAW
        return EMPTY

    async def account(*_: Any) -> Payloads:
        return {"positions": "flawed" if flawed else "good"}

    def trim(payloads: Payloads) -> Payloads:
        if payloads["positions"] == "flawed":
            raise FLAW
        return payloads

    async with standing(made(read=read, account=account, trim=trim), {}) as (venue, _):
        await venue.read()
        assert venue.unread is None
        flawed = True
        with pytest.raises(ReadError):
            await venue.read()
        assert venue.payloads == {"positions": "good"}
        assert venue.unread is not None
        assert (venue.unread.why, venue.unread.payloads) == (str(FLAW), {"positions": "flawed"})
        flawed = False
        await venue.read()
        assert venue.unread is None


WRITES = {
    "binancecoinm": ("dapiPrivatePostOrder", "dapiPrivateDeleteAllOpenOrders", "sapiPostCapitalWithdrawApply"),
    "bybit": ("privatePostV5OrderCreate", "privatePostV5OrderCancelAll", "privatePostV5AssetWithdrawCreate"),
    "okx": ("privatePostTradeOrder", "privatePostTradeCancelAlgos", "privatePostAssetWithdrawal"),
    "hyperliquid": ("privatePostExchange",),
    "bitget": ("privateMixPostV2MixOrderPlaceOrder", "privateSpotPostV2SpotWalletWithdrawal"),
    "gate": ("privateFuturesPostSettleOrders", "privateFuturesDeleteSettleOrders", "privateWithdrawalsPostWithdrawals"),
    "kucoinfutures": ("futuresPrivatePostOrders", "futuresPrivateDeleteOrders", "privatePostWithdrawals"),
    "krakenfutures": ("privatePostSendorder", "privatePostCancelallorders", "privatePostWithdrawal"),
    "deribit": (
        "privateGetSell",
        "privateGetBuy",
        "privateGetCancelAll",
        "privateGetClosePosition",
        "privateGetWithdraw",
        "privateGetSubmitTransferToUser",
    ),
}
"""ccxt's ways to trade, cancel and withdraw; Deribit's are all GET."""


@pytest.mark.parametrize(("name", "method"), [(name, one) for name, many in WRITES.items() for one in many])
async def test_no_write_leaves_on_a_venue_that_is_only_read(name: str, method: str) -> None:
    """Whatever the key may do, by whatever method: it is stopped before a byte is sent."""
    params = {"settle": "usdt"} if name == "gate" else {}
    credentials = Credentials("public-key", "aHVzaC1zZWNyZXQ=", "hush-passphrase", "0x" + "5e" * 20)
    async with standing(kind_of(name), {}, credentials) as (venue, shelf):
        with pytest.raises(GuardError):
            await getattr(venue._ask.client, method)(params)
    assert shelf.asked == []


def test_every_venue_that_is_only_read_is_tried() -> None:
    """A venue that is added is added here."""
    assert set(WRITES) == {name for name, entry in VENUES.items() if not entry.orders}
