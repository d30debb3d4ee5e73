"""Nothing that is said of a venue holds the key, the secret, a signature or a signed address."""

from __future__ import annotations

import io
import logging
import re
import traceback
from collections.abc import Iterator

import pytest

from tests.venues import desk as desks
from tests.venues import payloads
from tests.venues.desk import KEY, SECRET, Answer, Desk, body, refuses
from tests.venues.test_venue import ALGO, ORDER, READS
from watchdog.venues.base import ReadError
from watchdog.venues.binanceusdm.venue import BinanceUsdmVenue
from watchdog.venues.errors import NoAnswerError
from watchdog.venues.scrub import LONGEST, scrub

BARE = re.compile(r"signature=[0-9a-f]|timestamp=[0-9]|https?://|wss?://")


def clean(text: str) -> bool:
    """Whether a text may be shown to anybody."""
    return KEY not in text and SECRET not in text and BARE.search(text) is None


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that any logger says, at the most talkative level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


ECHO = f"no key {KEY} with {SECRET} at https://fapi.binance.com/x?timestamp=17&signature=ab12"
FAULTS: dict[str, Answer] = {
    "hang": desks.hangs,
    "cut": desks.cuts,
    "empty": body(""),
    "echoes the key": refuses(400, -2015, ECHO),
    "echoes the key in HTML": body(f"<p>{ECHO}</p>", 503),
    "redirects": body("", 302, headers={"Location": "http://127.0.0.1:1/stolen"}),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_error_and_no_log_line_tells_a_secret(
    venue: BinanceUsdmVenue, desk: Desk, logged: io.StringIO, fault: str
) -> None:
    """Neither the words of an error, nor its whole traceback, nor anything logged on the way, at any level."""
    await venue.open()
    for path in READS:
        desk.fail(path, FAULTS[fault])
    for method in ("GET", "POST", "DELETE"):
        desk.fail(ALGO, FAULTS[fault], method)
    with pytest.raises(ReadError) as caught:
        await venue.read()
    told = [
        "".join(traceback.format_exception(caught.value)),
        repr(await venue.place(ORDER)),
        repr(await venue.look_up(ORDER.symbol, payloads.OUR_ID)),
        repr(await venue.cancel(ORDER.symbol, payloads.OUR_ID)),
        repr(venue),
        repr(venue._reader),
        str(venue._orders),
        logged.getvalue(),
    ]
    assert [text for text in told if not clean(text)] == []


async def test_no_exception_chain_holds_ccxt_s_own_error(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """Its text is the signed address; a tool that walks a chain of causes must not find it."""
    await venue.open()
    desk.fail(READS[0], desks.cuts)
    with pytest.raises(NoAnswerError) as caught:
        await venue._reader.fapiPrivateV3GetPositionRisk()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_a_redirect_is_not_followed(venue: BinanceUsdmVenue, desk: Desk) -> None:
    """The key would travel in its headers to wherever it points."""
    await venue.open()
    desk.fail(READS[0], body("", 302, headers={"Location": f"{desk.url}/stolen"}))
    with pytest.raises(ReadError):
        await venue.read()
    assert desk.count("GET", "/stolen") == 0


def test_scrubbing_keeps_the_words() -> None:
    """What the venue said stays readable, on one line and short."""
    assert scrub("<html>\n<h1>Service   Unavailable</h1></html>") == "Service Unavailable"
    assert scrub(f"key {KEY}!", (KEY,)) == "key …!"
    assert scrub("url='wss://host/private/ws?listenKey=abc' x") == "url='(address)' x"
    assert scrub("a?listenKey=abc&signature=12 b") == "a?listenKey=…&signature=… b"
    assert len(scrub("x" * 1000)) == LONGEST
