"""Our venue against the paper venue: two parts that share no code but the wire between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from tests.paper.support import AVAX, BTC, an_exchange, hold, serving
from tests.venues.test_line import streaming, told, until
from watchdog.clock import LoopClock
from watchdog.domain.facts import Confirmed, Finished, FrameKind, Mark, NotFound, Rejected, RejectKind, Unresolved
from watchdog.domain.ids import order_id
from watchdog.domain.position import AccountRead, MarginMode, Position, StopOrder
from watchdog.domain.reading import Known
from watchdog.paper.faults import Fault, FaultKind
from watchdog.paper.server import PaperServer
from watchdog.paper.values import MarginMode as PaperMode
from watchdog.venues.base import ReadError, VenueRefusedError
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue

BTC_SYMBOL, AVAX_SYMBOL = "BTC/USDT:USDT", "AVAX/USDT:USDT"


@asynccontextmanager
async def at(server: PaperServer, secret: str | None = None) -> AsyncIterator[BinanceUsdmVenue]:
    """Our venue with the paper account's keys."""
    keys = server.api_key
    venue = BinanceUsdmVenue(
        "paper", keys.key, secret or keys.secret, base_url=server.url, clock=LoopClock(), timeout=1.0
    )
    try:
        yield venue
    finally:
        await venue.close()


@pytest.fixture
async def paper() -> AsyncIterator[PaperServer]:
    """Half a bitcoin long, cross; 500 AVAX short, isolated."""
    exchange = an_exchange()
    hold(exchange, BTC, "0.5", 10, PaperMode.CROSS)
    hold(exchange, AVAX, "-500", 5, PaperMode.ISOLATED)
    exchange.drain()
    async with serving(exchange) as server:
        yield server


@pytest.fixture
async def venue(paper: PaperServer) -> AsyncIterator[BinanceUsdmVenue]:
    """Opened."""
    async with at(paper) as venue:
        await venue.open()
        yield venue


def held(read: AccountRead, symbol: str) -> Position:
    """The position in a symbol."""
    (position,) = [one for one in read.positions if one.symbol == symbol]
    return position


def stop_for(position: Position, generation: int = 1, share: str = "0.97") -> StopOrder:
    """A stop below (a short's above) the mark."""
    away = Decimal(share) if position.side.sign > 0 else 2 - Decimal(share)
    return StopOrder(
        symbol=position.symbol,
        order_side=position.side.closing,
        position_side=position.position_side,
        size=position.size,
        trigger_price=(position.mark * away).quantize(Decimal("0.10")),
        client_id=str(order_id("0a1b2c3d", "paper", position.key, generation)),
    )


async def test_a_read_is_what_the_account_holds(venue: BinanceUsdmVenue) -> None:
    """Sizes, prices, modes, balances and tiers, as the other side has them."""
    read = await venue.read()
    btc, avax = held(read, BTC_SYMBOL), held(read, AVAX_SYMBOL)
    assert (btc.size, btc.entry, btc.mark, btc.margin_mode) == (
        Decimal("0.5"),
        Decimal(100_000),
        Decimal(100_000),
        MarginMode.CROSS,
    )
    assert (avax.side.sign, avax.size, avax.margin_mode) == (-1, Decimal(500), MarginMode.ISOLATED)
    assert avax.isolated_wallet == Decimal(2000)
    (usdt,) = [balance for balance in read.balances if balance.asset == "USDT"]
    assert usdt.wallet == Decimal(48_000)
    assert usdt.venue_maintenance == btc.venue_maintenance
    assert isinstance(btc.venue_maintenance, Known)
    assert btc.venue_maintenance.value == Decimal(200)
    assert (read.modes.hedge, read.modes.multi_asset, read.modes.can_trade) == (False, False, True)
    assert all(market.tiers for market in read.markets)


async def test_a_stop_is_placed_read_back_looked_up_and_cancelled(venue: BinanceUsdmVenue) -> None:
    """Each step as the daemon takes it, for a long and for a short."""
    read = await venue.read()
    for symbol in (BTC_SYMBOL, AVAX_SYMBOL):
        order = stop_for(held(read, symbol))
        answer = await venue.place(order)
        assert isinstance(answer, Confirmed)
        (resting,) = (await venue.read()).stops
        assert order.matches(resting)
        assert answer.stop == resting
        assert await venue.look_up(symbol, order.client_id) == Confirmed(resting)
        again = await venue.place(order)
        assert isinstance(again, Rejected)
        assert again.kind is RejectKind.DUPLICATE
        assert await venue.cancel(symbol, order.client_id) == Confirmed()
        assert (await venue.read()).stops == ()
        assert await venue.look_up(symbol, order.client_id) == Finished("CANCELED")
        assert await venue.cancel(symbol, order.client_id) == NotFound()


async def test_a_stop_past_its_trigger_is_refused_as_such(venue: BinanceUsdmVenue) -> None:
    """It would sell at once: the core must know that from any other refusal."""
    answer = await venue.place(stop_for(held(await venue.read(), BTC_SYMBOL), share="1.03"))
    assert isinstance(answer, Rejected)
    assert answer.kind is RejectKind.WOULD_TRIGGER


@pytest.mark.parametrize("kind", [FaultKind.AFTER, FaultKind.LOST, FaultKind.HANG, FaultKind.TRUNCATED])
async def test_an_order_accepted_without_an_answer_is_found_by_its_id(
    venue: BinanceUsdmVenue, paper: PaperServer, kind: FaultKind
) -> None:
    """Unresolved, never a no; the look-up tells."""
    order = stop_for(held(await venue.read(), BTC_SYMBOL))
    paper.faults.add(Fault(kind, "POST", "/fapi/v1/algoOrder"))
    assert isinstance(await venue.place(order), Unresolved)
    assert isinstance(await venue.look_up(order.symbol, order.client_id), Confirmed)


@pytest.mark.parametrize("kind", [FaultKind.BEFORE, FaultKind.EMPTY, FaultKind.HTML])
async def test_an_order_never_accepted_and_not_answered_is_not_found(
    venue: BinanceUsdmVenue, paper: PaperServer, kind: FaultKind
) -> None:
    """Unresolved as well, for nobody can tell the two apart; the look-up tells."""
    order = stop_for(held(await venue.read(), BTC_SYMBOL))
    paper.faults.add(Fault(kind, "POST", "/fapi/v1/algoOrder"))
    assert isinstance(await venue.place(order), Unresolved)
    assert await venue.look_up(order.symbol, order.client_id) == NotFound()


@pytest.mark.parametrize("kind", [FaultKind.BEFORE, FaultKind.LOST, FaultKind.EMPTY, FaultKind.HTML, FaultKind.RATE])
async def test_a_fault_while_reading_is_no_read(venue: BinanceUsdmVenue, paper: PaperServer, kind: FaultKind) -> None:
    """Never an account that holds less."""
    # Twice: aiohttp itself asks a second time when a kept connection is cut under a GET.
    paper.faults.add(Fault(kind, "GET", "/fapi/v3/positionRisk", times=2))
    with pytest.raises(ReadError):
        await venue.read()


async def test_marks_and_account_events_arrive(venue: BinanceUsdmVenue, paper: PaperServer) -> None:
    """A price that moves, an order that is placed, a stop that is hit."""
    order = stop_for(held(await venue.read(), BTC_SYMBOL))
    async with streaming(venue, BTC_SYMBOL) as heard:
        await until(lambda: len(told(heard, FrameKind.RECONNECT)) == 2)
        await asyncio.sleep(0.05)  # the subscription is on its way
        await paper.move({BTC: Decimal(99_000)})
        await until(lambda: any(isinstance(one, Mark) for one in heard))
        assert isinstance(await venue.place(order), Confirmed)
        await until(lambda: "ALGO_UPDATE BTCUSDT NEW" in told(heard, FrameKind.ACCOUNT))
        await paper.move({BTC: Decimal(96_900)})
        await until(lambda: any("ORDER" in one and "ACCOUNT_UPDATE" in one for one in told(heard, FrameKind.ACCOUNT)))
    assert isinstance(await venue.look_up(order.symbol, order.client_id), Finished)
    assert [one.symbol for one in (await venue.read()).positions] == [AVAX_SYMBOL]
    marks = [one for one in heard if isinstance(one, Mark)]
    assert [one.price for one in marks] == [Decimal(99_000), Decimal(96_900)]
    assert told(heard, FrameKind.LOST) == []


async def test_a_wrong_secret_is_refused_at_once(paper: PaperServer) -> None:
    """The other side checks the signature; the refusal says what to check."""
    async with at(paper, secret="0" * 64) as venue:
        with pytest.raises(VenueRefusedError, match="key and secret"):
            await venue.open()
