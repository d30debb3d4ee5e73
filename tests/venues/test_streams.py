"""The streams on a clock advanced by hand, over connections that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from watchdog.clock import SteppedClock
from watchdog.domain.facts import Frame, FrameKind, Mark
from watchdog.venues.binanceusdm.streams import AccountStream, ListenKeys, MarketStream
from watchdog.venues.errors import AnswerError, LostError, NoAnswerError
from watchdog.venues.streams import RECYCLE_AFTER, Stream

BTC, WLD = "BTC/USDT:USDT", "WLD/USDT:USDT"
IDS = {BTC: "BTCUSDT", WLD: "WLDUSDT"}


def mark(venue_id: str = "BTCUSDT", price: str = "115000.0") -> dict[str, Any]:
    """A frame of a mark price stream (Binance: Mark Price Stream)."""
    return {"e": "markPriceUpdate", "E": 1760126400000, "s": venue_id, "p": price, "i": price, "r": "0.0001", "T": 0}


class FakeLine:
    """A connection that answers pings, or not."""

    def __init__(self, url: str, hear: Callable[[Any], None], alive: Callable[[], None]) -> None:
        self.url = url
        self.pongs = True
        self.pings = 0
        self.said: list[dict[str, Any]] = []
        self.closed = False
        self._hear = hear
        self._alive = alive
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def send(self, message: Any) -> None:
        """A frame arrives, as `line.Line` hands it on."""
        self._alive()
        try:
            self._hear(message)
        except Exception as error:  # noqa: BLE001 - as the real one does
            self.cut(f"a frame could not be read: {error}")

    def cut(self, reason: str) -> None:
        """The connection ends."""
        if not self._over.done():
            self._over.set_result(reason)

    async def ended(self) -> str:
        """Wait for that."""
        await asyncio.wait({self._over})
        return self._over.result()

    async def say(self, message: dict[str, Any]) -> None:
        """Note what we say."""
        self.said.append(message)

    async def ping(self) -> None:
        """Answer, or not."""
        self.pings += 1
        if self.pongs:
            self._alive()

    async def close(self) -> None:
        """Note that we let go."""
        self.closed = True


class Bench:
    """A stream under test: its clock, its lines, what it told."""

    def __init__(self) -> None:
        self.clock = SteppedClock(1_760_000_000.0)
        self.lines: list[FakeLine] = []
        self.heard: list[Mark | Frame] = []
        self.refusals = 0
        self.keys: list[str] = []
        self.prolonged: list[float] = []
        self.prolong_error: Exception | None = None

    async def dial(self, url: str, hear: Callable[[Any], None], alive: Callable[[], None]) -> FakeLine:
        """Connect, unless refusing."""
        if self.refusals:
            self.refusals -= 1
            raise LostError("could not connect: refused")
        line = FakeLine(url, hear, alive)
        self.lines.append(line)
        return line

    async def make_key(self) -> dict[str, str]:
        """A new listenKey."""
        self.keys.append(f"key{len(self.keys) + 1}")
        return {"listenKey": self.keys[-1]}

    async def prolong_key(self, _: Any) -> dict[str, str]:
        """Keep it alive, or not."""
        self.prolonged.append(self.clock.now().mono)
        if self.prolong_error is not None:
            raise self.prolong_error
        return {}

    def market(self, *symbols: str) -> MarketStream:
        """A market stream that watches these."""
        stream = MarketStream(self.clock, self.dial, self.heard.append, "ws://m", IDS.__getitem__)
        stream.watch(frozenset(symbols))
        return stream

    def account(self) -> AccountStream:
        """An account stream."""
        keys = ListenKeys(self.make_key, self.prolong_key)
        return AccountStream(self.clock, self.dial, self.heard.append, lambda key: f"ws://p?listenKey={key}", keys)

    async def advance(self, seconds: float, each: Callable[[], None] | None = None) -> None:
        """Step by step, letting every task run in between; `each` is called every half second where it is given."""
        end = self.clock.now().mono + seconds
        while (now := self.clock.now().mono) < end:
            timer = self.clock.next_timer()
            step = now + 0.5 if each is not None or timer is None else max(timer, now)
            self.clock.advance(min(end, step))
            if each is not None:
                each()
            await settle()

    def frames(self, kind: FrameKind) -> list[str]:
        """What was told of a kind."""
        return [heard.detail for heard in self.heard if isinstance(heard, Frame) and heard.kind is kind]


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(30):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(stream: Stream) -> AsyncIterator[None]:
    """Run a stream."""
    task = asyncio.create_task(stream.run())
    await settle()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def bench() -> Bench:
    """A bench, on the test's own loop."""
    return Bench()


async def test_the_marks_of_watched_symbols_are_heard(bench: Bench) -> None:
    """With the symbol as ccxt names it and the price exact; others are not."""
    async with running(bench.market(BTC)):
        (line,) = bench.lines
        assert line.said == [{"method": "SUBSCRIBE", "params": ["btcusdt@markPrice@1s"], "id": 1}]
        line.send({"result": None, "id": 1})
        line.send(mark())
        line.send(mark("WLDUSDT", "2.3"))
    assert bench.frames(FrameKind.RECONNECT) == ["market stream"]
    (heard,) = [one for one in bench.heard if isinstance(one, Mark)]
    assert (heard.symbol, str(heard.price), heard.venue_time_ms) == (BTC, "115000.0", 1760126400000)
    assert line.closed


async def test_what_is_watched_changes_while_it_runs(bench: Bench) -> None:
    """New symbols are subscribed and old ones let go, on the same connection."""
    stream = bench.market(BTC)
    async with running(stream):
        await bench.advance(1)
        stream.watch(frozenset({WLD}))
        await bench.advance(1)
        stream.watch(frozenset({WLD}))
        await bench.advance(1)
        (line,) = bench.lines
        assert [(said["method"], said["params"]) for said in line.said] == [
            ("SUBSCRIBE", ["btcusdt@markPrice@1s"]),
            ("SUBSCRIBE", ["wldusdt@markPrice@1s"]),
            ("UNSUBSCRIBE", ["btcusdt@markPrice@1s"]),
        ]
        line.send(mark())
        line.send(mark("WLDUSDT", "2.3"))
    assert [one.symbol for one in bench.heard if isinstance(one, Mark)] == [WLD]


async def test_nothing_is_dialled_while_nothing_is_watched(bench: Bench) -> None:
    """The market stream begins with the first symbol."""
    stream = bench.market()
    async with running(stream):
        await bench.advance(60)
        assert bench.lines == []
        stream.watch(frozenset({BTC}))
        await settle()
        assert len(bench.lines) == 1


async def test_a_symbol_without_marks_is_noticed_within_15_s(bench: Bench) -> None:
    """Though the connection lives and the other symbol's marks come: closed, told and dialled anew."""
    async with running(bench.market(BTC, WLD)):
        await bench.advance(15, lambda: bench.lines[-1].send(mark("WLDUSDT", "2.3")))
        (told,) = bench.frames(FrameKind.LOST)
        assert "no mark of BTC/USDT:USDT" in told
        assert len(bench.lines) == 2
        assert bench.lines[0].closed
        assert bench.frames(FrameKind.RECONNECT) == ["market stream"] * 2


async def test_a_symbol_that_stays_silent_does_not_cut_the_others_for_ever(bench: Bench) -> None:
    """It may be delisted: the stream is dialled for its sake ever more seldom."""
    async with running(bench.market(BTC, WLD)):
        await bench.advance(600, lambda: bench.lines[-1].send(mark("WLDUSDT", "2.3")))
    assert 4 <= len(bench.lines) <= 9


async def test_marks_that_are_no_prices_count_as_none(bench: Bench) -> None:
    """A mark of 0 is not heard, does not cut the others, and is noticed by its age."""
    async with running(bench.market(BTC, WLD)):

        def tick() -> None:
            bench.lines[-1].send(mark("WLDUSDT", "2.3"))
            bench.lines[-1].send(mark("BTCUSDT", "0"))

        await bench.advance(12, tick)
        assert len(bench.lines) == 1
        await bench.advance(3, tick)
        assert len(bench.lines) == 2
    assert {one.symbol for one in bench.heard if isinstance(one, Mark)} == {WLD}


async def test_a_refused_subscription_ends_the_connection(bench: Bench) -> None:
    """The marks it asked for would never come."""
    async with running(bench.market(BTC)):
        bench.lines[0].send({"error": {"code": 2, "msg": "Invalid request"}, "id": 1})
        await settle()
        assert "refuses the subscription" in bench.frames(FrameKind.LOST)[0]


async def test_a_connection_that_never_pongs_is_noticed_within_15_s(bench: Bench) -> None:
    """A half-open socket looks quiet; asked and silent, it is closed and dialled anew."""
    async with running(bench.account()):
        bench.lines[0].pongs = False
        await bench.advance(15)
        (told,) = bench.frames(FrameKind.LOST)
        assert told.startswith("account stream: no sign of life for 1")
        assert len(bench.lines) == 2
        assert bench.lines[0].closed


async def test_a_quiet_account_is_not_taken_for_a_dead_one(bench: Bench) -> None:
    """Hours without an event, but with pongs: the connection stays."""
    async with running(bench.account()):
        await bench.advance(3600)
        assert len(bench.lines) == 1
        assert bench.lines[0].pings > 800
    assert bench.frames(FrameKind.LOST) == []


async def test_the_listen_key_is_kept_alive_again_and_again(bench: Bench) -> None:
    """Every 20 minutes for as long as the stream runs; ccxt's own does it once."""
    async with running(bench.account()):
        await bench.advance(2 * 3600)
    assert bench.prolonged == [pytest.approx(1200 * n, abs=1) for n in range(1, 7)]
    assert bench.keys == ["key1"]


async def test_a_failed_keep_alive_is_tried_again_soon(bench: Bench) -> None:
    """An hour is long enough for many tries."""
    bench.prolong_error = NoAnswerError("no answer within 5 s")
    async with running(bench.account()):
        await bench.advance(1200 + 130)
        assert len(bench.prolonged) == 3
        assert len(bench.lines) == 1


async def test_a_listen_key_that_is_gone_gets_a_new_one(bench: Bench) -> None:
    """-1125 on keeping it alive."""
    bench.prolong_error = AnswerError(400, "-1125", "This listenKey does not exist.")
    async with running(bench.account()):
        await bench.advance(1201)
        assert bench.lines[-1].url.endswith("key2")
        assert "the listenKey is gone" in bench.frames(FrameKind.LOST)[0]


async def test_a_listen_key_that_expires_gets_a_new_one(bench: Bench) -> None:
    """The frame that ccxt drops (Binance: Event User Data Stream Expired)."""
    async with running(bench.account()):
        bench.lines[0].send({"e": "listenKeyExpired", "E": 1736996475556, "listenKey": "key1"})
        await settle()
        assert bench.keys == ["key1", "key2"]
        assert [line.url for line in bench.lines] == ["ws://p?listenKey=key1", "ws://p?listenKey=key2"]
    assert "listenKey has expired" in bench.frames(FrameKind.LOST)[0]


@pytest.mark.parametrize(
    ("message", "kind", "detail"),
    [
        ({"e": "ACCOUNT_UPDATE", "a": {"m": "FUNDING_FEE"}}, FrameKind.ACCOUNT, "ACCOUNT_UPDATE FUNDING_FEE"),
        ({"e": "ORDER_TRADE_UPDATE", "o": {"s": "BTCUSDT", "X": "FILLED"}}, FrameKind.ACCOUNT, "BTCUSDT FILLED"),
        ({"e": "ALGO_UPDATE", "o": {"s": "BTCUSDT", "X": "TRIGGERED"}}, FrameKind.ACCOUNT, "BTCUSDT TRIGGERED"),
        ({"e": "MARGIN_CALL", "p": []}, FrameKind.MARGIN_CALL, "MARGIN_CALL"),
        ({"e": "ACCOUNT_CONFIG_UPDATE", "ac": {"s": "BTCUSDT", "l": 25}}, FrameKind.CONFIG, "ACCOUNT_CONFIG_UPDATE"),
        ({"e": "CONDITIONAL_ORDER_TRIGGER_REJECT", "or": {}}, FrameKind.ACCOUNT, "CONDITIONAL_ORDER_TRIGGER_REJECT"),
        ({"e": "SOMETHING_NEW"}, FrameKind.ACCOUNT, "SOMETHING_NEW"),
    ],
)
async def test_every_event_of_the_account_asks_for_a_read(
    bench: Bench, message: dict[str, Any], kind: FrameKind, detail: str
) -> None:
    """Also those that ccxt drops, and those that Binance will think of."""
    async with running(bench.account()):
        bench.lines[0].send(message)
    assert bench.frames(kind)[-1].endswith(detail)


@pytest.mark.parametrize("junk", [[], "pong?", 7, {}, {"x": 1}, None])
async def test_a_frame_of_another_shape_ends_the_connection(bench: Bench, junk: Any) -> None:
    """It is not skipped: who sends junk is dialled anew, and the account is read."""
    async with running(bench.account()):
        bench.lines[0].send(junk)
        await settle()
        assert len(bench.lines) == 2


async def test_dialling_goes_on_for_ever_with_longer_waits(bench: Bench) -> None:
    """Every failure is told; the wait is never more than 15 s; and then it works."""
    bench.refusals = 30
    async with running(bench.account()):
        await bench.advance(60)
        tries = 30 - bench.refusals
        assert 8 <= tries <= 12
        await bench.advance(400)
        assert len(bench.lines) == 1
    assert len(bench.frames(FrameKind.LOST)) == 30


async def test_a_venue_that_asks_to_wait_is_waited_for(bench: Bench) -> None:
    """A 429 on the listenKey names its own wait."""

    async def refused() -> Any:
        bench.keys.append("refused")
        raise AnswerError(429, "-1003", "Too many requests.", 40.0)

    bench.make_key = refused  # type: ignore[method-assign]
    async with running(bench.account()):
        await bench.advance(39)
        assert bench.keys == ["refused"]
        await bench.advance(2)
        assert bench.keys == ["refused"] * 2


async def test_a_stream_is_dialled_anew_by_plan(bench: Bench) -> None:
    """Before Binance cuts it at 24 h; that is no loss, but asks for a read."""
    async with running(bench.account()):
        await bench.advance(RECYCLE_AFTER + 1)
        assert len(bench.lines) == 2
    assert bench.frames(FrameKind.LOST) == []
    assert bench.frames(FrameKind.RECONNECT) == ["account stream"] * 2


async def test_a_fault_of_our_own_does_not_end_a_stream(bench: Bench) -> None:
    """It is told by its kind, and the stream is dialled anew."""
    stream = bench.market(BTC)

    async def broken(_: Any) -> None:
        raise KeyError("x")

    stream.work = broken  # type: ignore[assignment,method-assign]
    async with running(stream):
        await bench.advance(5)
        assert len(bench.lines) >= 3
    assert bench.frames(FrameKind.LOST)[0] == "market stream: failed (KeyError)"
