"""Which venue an account gets, and whose request budget it uses."""

from __future__ import annotations

from typing import cast

import pytest
from pydantic import SecretStr

from watchdog import service
from watchdog.clock import Clock, LoopClock
from watchdog.rules.schema import Mode
from watchdog.service import make_venue
from watchdog.settings import AccountSettings
from watchdog.venues.base import Venue
from watchdog.venues.budget import Budget
from watchdog.venues.known import VENUES, Entry


def settings_of(venue: str, name: str = "main") -> AccountSettings:
    """An account there, at an address of its own."""
    return AccountSettings(
        name=name,
        venue=venue,
        api_key=SecretStr("k" * 20),
        secret=SecretStr("s" * 20),
        base_url="http://127.0.0.1:1",
        mode=Mode.WATCH,
        poll=10.0,
        allow_withdraw_key=False,
    )


async def test_each_account_gets_the_venue_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Binance its own, which sends orders; any other the one that only reads. No repr shows a key."""
    monkeypatch.setitem(VENUES, "gate", Entry("Gate"))
    usdm, gate = (make_venue(settings_of(venue), LoopClock()) for venue in ("binanceusdm", "gate"))
    try:
        assert (repr(usdm), repr(gate)) == ("<BinanceUsdmVenue main>", "<PolledVenue gate main>")
    finally:
        await usdm.close()
        await gate.close()


async def test_accounts_at_one_address_share_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each venue counts by address: two accounts must not ask twice as much. Another venue has its own."""
    monkeypatch.setitem(VENUES, "gate", Entry("Gate"))
    given: list[Budget | None] = []

    def make(_account: AccountSettings, _clock: Clock, budget: Budget | None = None) -> Venue:
        given.append(budget)
        return cast("Venue", None)

    monkeypatch.setattr(service, "make_venue", make)
    maker = service.venue_maker()
    for one in (settings_of("gate"), settings_of("gate", "alt"), settings_of("binanceusdm")):
        maker(one, LoopClock())
    assert given[0] is given[1]
    assert given[0] is not given[2]
