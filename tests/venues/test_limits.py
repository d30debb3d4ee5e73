"""Each venue's own words for "you ask too often": reads stop at once, for as long as it wants, and say why."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest
from aiohttp import web

from tests.venues.risk_only import body, says, standing
from watchdog.venues.base import ReadError
from watchdog.venues.client import LONGEST_BAN
from watchdog.venues.known import VENUES, kind_of

BODIES: dict[str, Any] = {
    "bybit": lambda code: {"retCode": int(code), "retMsg": "said", "result": {}, "retExtInfo": {}, "time": 1},
    "okx": lambda code: {"code": code, "data": [], "msg": "said"},
    "bitget": lambda code: {"code": code, "msg": "said", "requestTime": 1, "data": None},
    "gate": lambda code: {"label": code, "message": "said"},
    "kucoinfutures": lambda code: {"code": code, "msg": "said"},
    "krakenfutures": lambda code: {"result": "error", "error": code, "serverTime": "2026-01-01T00:00:00.000Z"},
    "deribit": lambda code: {"jsonrpc": "2.0", "id": 1, "error": {"code": int(code), "message": "said"}},
}
"""An error in the form each venue sends it (ccxt's source, `handle_errors`)."""
CODES = [(venue, code) for venue in VENUES for code in kind_of(venue).limits if isinstance(code, str)]
STATUSES = [(venue, code) for venue in VENUES for code in {429, 418, *kind_of(venue).limits} if isinstance(code, int)]
TABLED = (ccxt.RateLimitExceeded, ccxt.DDoSProtection)
NOT_IN_CCXT = {("kucoinfutures", "200002")}
"""In KuCoin's older pages of futures errors."""


class Everywhere(dict[str, Any]):
    """One answer to whatever is asked."""

    def get(self, _key: str, _default: Any = None) -> Any:
        """The answer."""
        return self["all"]


async def refused(venue: str, answer: Any) -> tuple[ReadError, ReadError, int]:
    """What the first read and the one after it raise, and how many requests the second one sent."""
    kind = kind_of(venue)
    async with standing(kind, Everywhere(all=lambda _: answer())) as (account, shelf):
        with pytest.raises(ReadError) as first:
            await account.read()
        before = len(shelf.asked)
        with pytest.raises(ReadError) as second:
            await account.read()
        return first.value, second.value, len(shelf.asked) - before


@pytest.mark.parametrize(("venue", "code"), CODES)
async def test_a_code_that_says_so_stops_the_reads(venue: str, code: str) -> None:
    """Under HTTP 200 too: the read says it is limited and for how long, and nothing more is sent before then."""
    first, second, sent = await refused(venue, lambda: says(BODIES[venue](code)))
    wait = kind_of(venue).limits[code]
    assert first.limited
    assert first.retry_after == pytest.approx(wait, abs=1.0)
    assert code in first.reason
    assert second.limited
    assert second.retry_after == pytest.approx(wait, abs=1.0)
    assert f"{kind_of(venue).name} limits this address (HTTP 200: {code}: " in second.reason
    assert sent == 0


@pytest.mark.parametrize(("venue", "status"), STATUSES)
async def test_a_status_that_says_so_stops_the_reads(venue: str, status: int) -> None:
    """Whatever the body: a page of a firewall has no code in it."""
    first, second, sent = await refused(venue, lambda: body("<html>access too frequent</html>", status))
    assert first.limited
    wait = kind_of(venue).limits.get(status, {429: 60.0, 418: 120.0}.get(status))
    assert first.retry_after == pytest.approx(wait, abs=1.0)
    assert "access too frequent" in second.reason
    assert sent == 0


async def test_how_long_the_venue_says_counts_first() -> None:
    """Its Retry-After over our own figure; never longer than any ban lasts."""

    def answer(seconds: str) -> web.Response:
        made = says(BODIES["okx"]("50011"), 429)
        made.headers["Retry-After"] = seconds
        return made

    assert (await refused("okx", lambda: answer("33")))[0].retry_after == 33
    assert (await refused("okx", lambda: answer("99999999")))[0].retry_after == LONGEST_BAN


@pytest.mark.parametrize(
    ("venue", "code"), [("okx", "50061"), ("okx", "50013"), ("bybit", "10016"), ("deribit", "10047")]
)
async def test_other_errors_stop_nothing(venue: str, code: str) -> None:
    """A venue that is busy, or a limit of orders alone: reads go on."""
    first, second, sent = await refused(venue, lambda: says(BODIES[venue](code)))
    assert not first.limited
    assert not second.limited
    assert sent > 0


@pytest.mark.parametrize(("venue", "code"), [one for one in CODES if one not in NOT_IN_CCXT])
def test_the_codes_are_those_of_ccxts_tables(venue: str, code: str) -> None:
    """An upgrade of ccxt that means something else by a code is seen here."""
    assert code in _limiting(getattr(ccxt, venue)().exceptions)


@pytest.mark.parametrize("venue", ["bybit"])
def test_the_statuses_are_those_of_ccxts_tables(venue: str) -> None:
    """403 is what Bybit answers an address that asks too often."""
    tabled = getattr(ccxt, venue)().httpExceptions
    assert {status for status in kind_of(venue).limits if isinstance(status, int)} == {403}
    assert issubclass(tabled["403"], TABLED)


def _limiting(table: dict[str, Any]) -> set[str]:
    """The codes of a table, nested or not, that mean too many requests."""
    found: set[str] = set()
    for code, error in table.items():
        if isinstance(error, dict):
            found |= _limiting(error)
        elif isinstance(error, type) and issubclass(error, TABLED):
            found.add(code)
    return found
