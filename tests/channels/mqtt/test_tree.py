"""What lies on which topic, and in which words."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.channels.mqtt.support import alert, pool, position, shown
from tests.core.bench import BTC, Bench, account, foreign, shipped
from tests.core.bench import position as held
from watchdog import report
from watchdog.channels.base import View
from watchdog.channels.mqtt import tree
from watchdog.domain.effects import Level, Message
from watchdog.domain.ids import handle


def states(view: View) -> dict[str, Any]:
    """As another program reads them, below `watchdog/account/`."""
    made = tree.states("watchdog", view)
    assert all(name.startswith("watchdog/account/") for name in made)
    return {name.removeprefix("watchdog/account/"): json.loads(tree.encode(one)) for name, one in made.items()}


def test_figures_are_plain_numbers() -> None:
    """Shares in percent, prices and sizes without thousands separators, exact digits and no more than make sense."""
    one = states(shown(position()))["main/position/BTCUSDT"]
    assert (one["size"], one["entry"], one["mark"], one["unrealised"]) == (1000.5, 100000, 98000, -1000.1)
    assert (one["room_used"], one["stop_coverage"], one["effective_leverage"]) == (52.3412, 50, 9.87654)
    assert one["stops"] == [
        {"whose": "yours", "trigger": 95000, "on": "mark", "size": 0.25, "judged": "closes it", "id": "x1"}
    ]
    assert states(shown())["main/pool/USDT"]["margin_ratio"] == 2.11667


def test_what_is_not_known_is_null_with_a_reason() -> None:
    """Unknown, never and infinite are no numbers."""
    one = states(shown(position()))["main/position/BTCUSDT"]
    unknown = {"liquidation_venue", "liquidation_ours", "gap", "liquidation_near", "liquidation_distance"}
    assert one["why"].keys() == unknown | {"margin_ratio"}
    assert all(one[name] is None for name in one["why"])
    assert one["why"]["liquidation_venue"] == "the venue publishes none"
    assert one["why"]["liquidation_near"] == "never: no price liquidates it"
    assert one["why"]["margin_ratio"] == "infinite"


@pytest.mark.parametrize("text", ["", "NaN", "-Infinity", "1e999999999999", "unknown"])
def test_no_odd_value_becomes_a_number(text: str) -> None:
    """What is no finite number is null, whatever it says."""
    odd = {**position(), "mark": {"value": text, "unit": "price", "source": "venue"}, "size": text}
    one = states(shown(odd))["main/position/BTCUSDT"]
    assert one["mark"] is None
    assert one["size"] is None
    assert one["why"]["mark"]


def test_old_figures_are_unknown() -> None:
    """Of an account without a good read for half a minute no number is shown; when it was read is."""
    fresh, old = states(shown(position(), age=30.0)), states(shown(position(), age=30.1))
    assert fresh["main/position/BTCUSDT"]["mark"] == 98000
    for name in ("main/position/BTCUSDT", "main/pool/USDT"):
        numbers = [value for value in old[name].values() if isinstance(value, (int, float)) and value is not False]
        assert numbers == []
    assert old["main/position/BTCUSDT"]["why"]["stops"] == "the last good read is more than 30 s old"
    assert (old["main"]["age"], old["main"]["read_at"]) == (30.1, "2025-10-10T20:49:30+00:00")


def test_an_account_says_how_it_is() -> None:
    """The worst level that fires, how many, whether it is blind, what it may send."""
    well = states(shown(position()))["main"]
    assert (well["level"], well["alerts"], well["blind"], well["positions"]) == ("ok", 0, False, 1)
    alerts = [alert("blind"), alert(level=Level.EMERGENCY), alert("x", Level.WARN, seen=True)]
    ill = states(shown(alerts=alerts, fails="HTTP 503"))["main"]
    assert (ill["level"], ill["alerts"], ill["acknowledged"], ill["blind"]) == ("emergency", 3, 1, True)
    assert (ill["mode"], ill["sends"], ill["reads_fail"]) == ("watch", 'mode is "watch"', "HTTP 503")
    unread = states(shown(age=None))["main"]
    assert (unread["positions"], unread["read_at"], unread["age"]) == (None, None, None)


@pytest.mark.parametrize(
    ("symbol", "leg", "name"),
    [
        ("BTC/USDT:USDT", "both", "BTCUSDT"),
        ("BTC/USDT:USDT", "long", "BTCUSDT-LONG"),
        ("BTC/USDT:USDT", "short", "BTCUSDT-SHORT"),
        ("BTC/USDT:USDT-251226", "both", "BTCUSDT-251226"),
        ("BTC/USD:BTC", "both", "BTCUSD"),
        ("1000PEPE/USDC:USDC", "both", "1000PEPEUSDC"),
        ("#+\x00/USDT:USDT", "both", "___USDT"),
    ],
)
def test_a_position_is_named_as_the_venue_names_it(symbol: str, leg: str, name: str) -> None:
    """In hedge mode with its leg; never with what a topic can't hold."""
    made = states(shown({**position(), "symbol": symbol, "position_side": leg}))
    assert f"main/position/{name}" in made


def test_an_alert_lies_under_its_handle() -> None:
    """The one that commands and buttons use."""
    key = alert().key
    one = states(shown(alerts=[alert(seen=True)]))[f"main/alert/{handle(key)}"]
    assert (one["alert"], one["level"], one["acknowledged"], one["handle"]) == (key, "critical", True, handle(key))


def test_a_message_of_no_alert_has_no_handle() -> None:
    """What stands alone names none."""
    told = Message("m1", "", Level.INFO, "told", "", ("All well",), sound=False, at=0.0)
    one = json.loads(tree.told(told))
    assert (one["handle"], one["account"], one["at"]) == (None, "", "1970-01-01T00:00:00+00:00")


def test_a_decimal_keeps_its_digits() -> None:
    """No float comes between."""
    assert tree.encode({"a": Decimal("0.1234567890123456789"), "b": [Decimal("1E+3"), None, "ü"]}) == (
        '{"a": 0.1234567890123456789, "b": [1000, null, "ü"]}'.encode()
    )


def test_the_service_makes_views_of_this_form() -> None:
    """What the tests here show has no name that `report` does not give."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account(held(mark="98000", margin=None), stops=[foreign("95000", "0.25")], wallet="9000"))
    view = report.view(bench.state, bench.now)
    ours = shown(position())
    assert view.status.keys() >= ours.status.keys()
    assert view.status["positions"][0].keys() >= position().keys()
    assert view.status["positions"][0]["stops"][0].keys() >= position()["stops"][0].keys()
    assert view.status["pools"][0].keys() >= pool().keys()
    made = states(view)
    assert made["main/position/BTCUSDT"]["entry"] == 100000
    assert made["main/position/BTCUSDT"]["liquidation_near"] < 98000
    assert made["main/pool/USDT"]["equity"] == 8000
    bench.after(5).read(account())
    gone = report.view(bench.state, bench.now)
    (missing,) = gone.status["vanished"]
    assert (missing["symbol"], missing["position_side"]) == (BTC, "both")
    assert missing["says"].startswith("BTC long 0.500 was not in the last answer, not known to be closed; before: ")
    assert states(gone)["main/position/BTCUSDT"]["vanished"]
    assert states(gone)["main"]["positions"] == 1


def test_a_pool_that_may_lack_a_position_has_no_figures() -> None:
    """With a position of it missing from the last read, what is left says nothing of it."""
    view = shown()
    row = {**view.status["pools"][0], "doubted": True}
    doubted = states(replace(view, status={**view.status, "pools": [row]}))["main/pool/USDT"]
    assert doubted["margin_ratio"] is None
    assert "missing from the last read" in doubted["why"]["margin_ratio"]
