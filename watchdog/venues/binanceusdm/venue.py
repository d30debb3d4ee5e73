"""One Binance USD-M account: reads it whole, places and finds stops, and runs its streams."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from watchdog.clock import Clock
from watchdog.domain.facts import Answer, Frame, Mark, Rejected
from watchdog.domain.position import AccountRead, StopOrder
from watchdog.venues.base import KeyPower, ReadError, Unread, VenueRefusedError
from watchdog.venues.binanceusdm import asking, kind, outcomes, rules, wire
from watchdog.venues.binanceusdm.answers import NAME, AnsweredError, read_answer, together
from watchdog.venues.binanceusdm.keys import key_flaw, read_key_power, refused_key
from watchdog.venues.binanceusdm.listing import Listing, read_brackets
from watchdog.venues.binanceusdm.orders import Orders
from watchdog.venues.binanceusdm.portfolio import NO_STOPS, Answers, read_portfolio
from watchdog.venues.binanceusdm.stops import NAME as STOPS
from watchdog.venues.binanceusdm.stops import StopList
from watchdog.venues.binanceusdm.streams import AccountStream, ListenKeys, MarketStream
from watchdog.venues.budget import Budget
from watchdog.venues.client import BinanceUsdmClient, Ways
from watchdog.venues.errors import NoAnswerError
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError, rows
from watchdog.venues.guard import Guard, addresses
from watchdog.venues.kind import Payloads

TIMEOUT = 5.0
MOMENTS = 3
"""Reads in a row that may show answers of different moments."""
BRACKETS_EVERY = 24 * 3600.0
AGAIN_AFTER = 60.0
"""Seconds until the listing or the brackets are asked again for a symbol they did not hold."""
BASE_URL = "https://fapi.binance.com"

log = logging.getLogger(__name__)


class BinanceUsdmVenue:
    """An account on Binance USD-M futures, as `venues.base.Venue` asks.

    `account` is the owner's name of it; `base_url` points every address elsewhere (scheme and host; paths kept);
    `allow_withdraw_key` lets a key that can withdraw pass; `budget` is shared by the accounts of one address, each has
    its own without. Raises ValueError for an impossible `base_url`.
    """

    def __init__(
        self,
        account: str,
        key: str,
        secret: str,
        *,
        base_url: str | None = None,
        allow_withdraw_key: bool = False,
        clock: Clock,
        budget: Budget | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._account = account
        self._allow_withdraw_key = allow_withdraw_key
        self._clock = clock
        self._key_flaw = key_flaw(key, secret)
        parts = urlsplit(base_url or BASE_URL)
        guard = Guard(f"{parts.scheme}://{parts.netloc}", wire.WRITES, addresses(asking.ASKS, BASE_URL, base_url))
        self._budget = budget if budget is not None else Budget(clock)

        def client(*, patient: bool) -> BinanceUsdmClient:
            ways = Ways(NAME, guard, self._budget, wire.weight, patient=patient, timeout=timeout)
            return BinanceUsdmClient(key, secret, ways, base_url)

        self._reader = client(patient=True)
        self._orders = client(patient=False)
        self._brackets: dict[str, Any] = {}
        self._brackets_at = -BRACKETS_EVERY
        self._listing_at = -AGAIN_AFTER
        self._listing_due = math.inf
        self._listing = Listing({}, {})
        self._desk = Orders(self._orders, lambda: self._listing, self._set_clock)
        self._stops = StopList(self._list_stops)
        self._told: set[str] = set()
        self._watched: frozenset[str] = frozenset()
        self._portfolio = False
        self._multi_asset = False
        self._answers: dict[str, Any] = {}
        self._tried: dict[str, Any] = {}
        """Of the read that is being made."""
        self.unread: Unread | None = None
        """The last answers that could not be read, until a read is good."""
        self._market: MarketStream | None = None

    def __repr__(self) -> str:
        return f"<BinanceUsdmVenue {self._account}>"

    @property
    def payloads(self) -> Payloads:
        """The raw answers behind the last good read, by name, with the markets and brackets they need."""
        return kind.trim(self._raw(self._answers)) if self._answers else {}

    def _raw(self, answers: Payloads) -> Payloads:
        """Answers with the listing they were read by."""
        listed = {
            "exchangeInfo": {"symbols": [market["info"] for market in self._reader.markets.values()]},
            "leverageBracket": list(self._brackets.values()),
        }
        return {**listed, **answers}

    # -- opening ---------------------------------------------------------------------------------------------------

    async def open(self) -> KeyPower:
        """Load markets and brackets, and ask what the key may do.

        Raises VenueRefusedError for a key that is wrong or can withdraw without leave, saying what to do; ReadError
        when Binance gives no answer.
        """
        if self._key_flaw is not None:
            raise VenueRefusedError(f"account {self._account}: {self._key_flaw}")
        await self._load_listing()
        power = await self._ask_power()
        if power.withdraw and not self._allow_withdraw_key:
            raise VenueRefusedError(
                f"account {self._account}: this API key can withdraw. Take 'Enable Withdrawals' off it on Binance "
                "(API Management), or use a new key without it; nothing here needs it. To go on all the same, write "
                "allow_withdraw_key = true under this account in watchdog.toml."
            )
        try:
            await self._load_brackets()
        except ReadError as error:
            self._refuse_if_key(error)
            raise
        if self._portfolio:
            power = replace(power, note=f"{power.note}; {NO_STOPS}")
        return power

    def symbols(self) -> frozenset[str]:
        """All that Binance lists here; empty until it was read."""
        return frozenset(self._reader.markets or ())

    async def _load_listing(self, held: frozenset[str] = frozenset()) -> None:
        self._listing_at = self._clock.now().mono
        await read_answer("exchangeInfo", lambda: self._reader.load_markets(True))  # noqa: FBT003 - ccxt's signature
        if not held <= self._reader.markets.keys():
            self._reader.set_markets_from_exchange(self._orders)
            raise ReadError(f"{NAME}, exchangeInfo: it lacks what is held")
        self._orders.set_markets_from_exchange(self._reader)
        self._relist()

    async def _load_brackets(self) -> None:
        client = self._reader
        call = client.papiGetUmLeverageBracket if self._portfolio else client.fapiPrivateGetLeverageBracket
        answer = await self._signed("leverageBracket", call)
        try:
            self._brackets = read_brackets(answer)
        except PayloadError as error:
            raise ReadError(f"{NAME}: {error}") from None
        self._brackets_at = self._clock.now().mono
        self._relist()

    def _relist(self) -> None:
        listed = {market["id"]: (market["symbol"], market["info"]) for market in self._reader.markets.values()}
        self._listing = Listing(listed, self._brackets)

    async def _ask_power(self) -> KeyPower:
        """What the key may do. Only a refused key stops us here: the answer comes from another of Binance's servers."""
        try:
            answer = await self._signed(asking.RESTRICTIONS, self._reader.sapiGetAccountApiRestrictions)
            power, says_portfolio = read_key_power(answer), asking.says_portfolio(answer)
        except PayloadError as error:
            return KeyPower(None, None, f"{NAME} does not say what the key may do: {error}")
        except ReadError as error:
            self._refuse_if_key(error)
            return KeyPower(None, None, f"{NAME} does not say what the key may do: {error.reason}")
        self._portfolio = says_portfolio and await self._is_portfolio()
        return power

    async def _is_portfolio(self) -> bool:
        """Whether the account is a Portfolio Margin one now, which its key alone does not say."""
        try:
            await self._signed("papiAccount", self._reader.papiGetAccount)
        except ReadError as error:
            if isinstance(error, AnsweredError) and error.code in outcomes.NOT_PORTFOLIO:
                return False
            self._refuse_if_key(error)
            raise
        return True

    def _refuse_if_key(self, error: ReadError) -> None:
        if isinstance(error, AnsweredError) and refused_key(error.http, error.code):
            raise VenueRefusedError(
                f"account {self._account}: {NAME} refuses this API key ({error.said}). Check that key and secret are "
                "whole and belong together, that the key is of this venue (not testnet), that 'Enable Reading' and "
                "'Enable Futures' are ticked, and that this machine's address is on the key's list if it has one. The "
                "key of a Portfolio Margin account needs 'Enable Portfolio Margin Trading' instead."
            ) from None

    # -- reading ---------------------------------------------------------------------------------------------------

    async def read(self) -> AccountRead:
        """One whole read: four answers of one moment, or ReadError."""
        await self._ask_anew()
        last: PayloadError | None = None
        for _ in range(MOMENTS):
            try:
                read = await self._read_once()
            except MomentsDifferError as error:
                last = error
                continue
            except UnlistedError as error:
                last = error
                if not self._may_ask_again(self._listing_at):
                    break
                await self._load_listing()
                await self._refresh_brackets()
                continue
            except PayloadError as error:
                last = error
                self.unread = Unread(str(error), self._raw(self._tried), self._clock.now().wall)
                break
            self.unread = None
            if all(self._listing.has_brackets(market.venue_id) for market in read.markets):
                return read
            if not self._may_ask_again(self._brackets_at):
                return read  # whole, but for the tiers of a symbol that Binance gives no brackets of
            await self._refresh_brackets()
        raise ReadError(f"{NAME}: {last or 'the maintenance brackets keep changing'}")

    async def _ask_anew(self) -> None:
        """Whatever is missing or due of the listing and the brackets."""
        if not self._reader.markets:
            await self._load_listing()
        if self._clock.now().mono >= self._listing_due:
            await self._refresh_listing()
        if self._clock.now().mono - self._brackets_at >= BRACKETS_EVERY:
            await self._refresh_brackets()

    def _may_ask_again(self, asked_at: float) -> bool:
        """Whether it is time to ask anew for what an earlier answer did not hold."""
        return self._clock.now().mono - asked_at >= AGAIN_AFTER

    def list_anew(self) -> None:
        """Ask again for the listing and the brackets with the next read."""
        self._listing_due = self._clock.now().mono
        self._brackets_at = -BRACKETS_EVERY

    async def _refresh_listing(self) -> None:
        """Read the listing again; the old one stays when that fails or lacks what is held, until a minute later."""
        self._listing_due = math.inf
        try:
            await self._load_listing(held=self._watched)
        except ReadError as error:
            self._listing_due = self._clock.now().mono + AGAIN_AFTER
            self._tell(f"the listing could not be read: {error.reason}")

    async def _refresh_brackets(self) -> None:
        """Read the brackets again; the old ones stay when that fails, and it is tried again a minute later."""
        try:
            await self._load_brackets()
        except ReadError as error:
            self._brackets_at = self._clock.now().mono - BRACKETS_EVERY + AGAIN_AFTER
            self._tell(f"the maintenance brackets could not be read: {error.reason}")

    async def _read_once(self) -> AccountRead:
        at = self._clock.now().mono
        read = await (self._read_portfolio(at) if self._portfolio else self._read_classic(at))
        for venue_id, problem in self._listing.problems.items():
            self._tell(f"no maintenance tiers of {venue_id}: {problem}")
        return read

    async def _read_portfolio(self, at: float) -> AccountRead:
        """A Portfolio Margin account, by its own endpoints."""
        client, methods = self._reader, asking.PORTFOLIO
        answers = await together(*(self._signed(name, getattr(client, method)) for name, method in methods.items()))
        self._tried = dict(zip(methods, answers, strict=True))
        read = read_portfolio(Answers(*answers), self._listing, at)
        self._answers = self._tried
        return read

    async def _read_classic(self, at: float) -> AccountRead:
        client = self._reader
        watched = (client.markets[symbol]["id"] for symbol in self._watched if symbol in client.markets)
        wanted = self._stops.wanted(watched, at)
        positions, account, config, orders, *indices = await together(
            *(self._signed(name, getattr(client, method)) for name, method in asking.CLASSIC.items()),
            self._stops.read(wanted),
            *([self._asset_index()] if self._multi_asset else []),
        )
        self._multi_asset = asking.wants_index(config)
        if self._multi_asset and not indices:
            indices = [await self._asset_index()]
        index = indices[0] if indices else None
        if wanted is not None:  # a position opened since the last read
            new = frozenset(row.text("symbol") for row in rows(positions, "positionRisk")) - wanted
            orders = [*orders, *await self._stops.read(new)]
        named = zip((*asking.CLASSIC, "openAlgoOrders"), (positions, account, config, orders), strict=True)
        self._tried = {**dict(named), **({} if index is None else {"assetIndex": index})}
        read = rules.read_account(positions, account, config, orders, self._listing, at, index)
        self._stops.took(wanted, (market.venue_id for market in read.markets), at)
        self._answers = self._tried
        return read

    async def _asset_index(self) -> Any:
        return await read_answer("assetIndex", self._reader.fapiPublicGetAssetIndex)

    async def _list_stops(self, parameters: dict[str, str]) -> Any:
        return await self._signed(STOPS, lambda: self._reader.fapiPrivateGetOpenAlgoOrders(parameters))

    def _tell(self, problem: str) -> None:
        """Log a problem that leaves the read whole, once."""
        if problem not in self._told:
            self._told.add(problem)
            log.warning("account %s: %s", self._account, problem)

    async def _signed(self, name: str, call: Callable[..., Awaitable[Any]]) -> Any:
        """A signed read; with the clock set by the venue's and once more when ours is off."""
        try:
            return await read_answer(name, call)
        except AnsweredError as error:
            if error.code not in outcomes.CLOCK_OFF:
                raise
        await read_answer("time", self._set_clock)
        return await read_answer(name, call)

    async def _set_clock(self) -> None:
        """Sign with the venue's time from now on; the machine's is off by more than it takes."""
        before = self._orders.milliseconds()
        answer = await self._orders.fapiPublicGetTime()  # never waits for the budget
        time = answer.get("serverTime") if isinstance(answer, Mapping) else None
        if not isinstance(time, int):
            raise NoAnswerError("the answer holds no time")
        ahead = before - time
        self._tell(f"this machine's clock is off by about {ahead / 1000:.0f} s: is time synchronisation on?")
        for client in (self._reader, self._orders):
            client.options["timeDifference"] = ahead

    # -- orders ----------------------------------------------------------------------------------------------------

    async def place(self, order: StopOrder) -> Answer:
        """Send a stop: Confirmed with the stop as Binance shows it, Rejected, or Unresolved."""
        if self._portfolio:
            return Rejected("portfolio margin", NO_STOPS)
        return await self._desk.place(order)

    async def look_up(self, symbol: str, client_id: str) -> Answer:
        """Find an order by client id: Confirmed (it rests), Finished, NotFound, or Unresolved."""
        del symbol
        return await self._desk.look_up(client_id)

    async def cancel(self, symbol: str, client_id: str) -> Answer:
        """Cancel an order by client id: Confirmed, NotFound, Rejected or Unresolved."""
        del symbol
        return await self._desk.cancel(client_id)

    # -- streams ---------------------------------------------------------------------------------------------------

    def watch(self, symbols: frozenset[str]) -> None:
        """Stream the marks of exactly these symbols from now on."""
        self._watched = symbols
        if self._market is not None:
            self._market.watch(symbols)

    async def stream(self, hear: Callable[[Mark | Frame], None]) -> None:
        """Run both streams until cancelled, dialling again for ever. `open` must have succeeded."""
        client = self._reader
        keys = ListenKeys(client.fapiPrivatePostListenKey, client.fapiPrivatePutListenKey)
        market = MarketStream(
            self._clock,
            client.dial,
            hear,
            f"{client.get_ws_url('linear', 'market')}/0",
            lambda symbol: str(client.markets[symbol]["id"]),
        )
        account = AccountStream(
            self._clock, client.dial, hear, lambda key: str(client.get_private_ws_url("linear", key)), keys
        )
        self._market = market
        market.watch(self._watched)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(market.run())
                if not self._portfolio:  # its account stream is another one: there the reads alone tell what is held
                    group.create_task(account.run())
        finally:
            self._market = None

    async def close(self) -> None:
        """Let go of every socket and task; `stream` must have been cancelled before."""
        await self._orders.close()
        await self._reader.close()
