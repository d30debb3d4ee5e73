"""What is published next, against a broker in memory."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.channels.mqtt.support import alert, position, shown
from watchdog.channels.mqtt import tree
from watchdog.channels.mqtt.shelf import REFRESH_S, Shelf

BTC = "t/account/main/position/BTCUSDT"


def publish(shelf: Shelf, broker: dict[str, bytes], now: float = 0.0) -> list[str]:
    """All that is due, onto a broker; which topics."""
    done = []
    while (due := shelf.take(now)) is not None:
        name, payload = due
        done.append(name)
        if payload:
            broker[name] = payload
        else:
            broker.pop(name, None)
    return done


def test_the_account_comes_first_then_its_alerts() -> None:
    """Whoever watches a slow line sees the worst first."""
    shelf = Shelf("t")
    shelf.show(shown(position("AVAX"), position("BTC"), alerts=[alert()]), 0.0)
    order = [name.split("/")[3] if name.count("/") > 2 else "account" for name in publish(shelf, {})]
    assert order == ["account", "alert", "position", "position", "pool"]


def test_a_state_that_stays_is_published_anew_after_a_while() -> None:
    """So that its `at` goes on; what changes at once does not wait for it."""
    shelf, broker = Shelf("t"), dict[str, bytes]()
    shelf.show(shown(position()), 0.0)
    publish(shelf, broker)
    shelf.show(shown(position(), at=1_760_129_401.0, age=2.0), REFRESH_S - 1)
    assert publish(shelf, broker, REFRESH_S - 1) == []
    shelf.show(shown(position(), at=1_760_129_402.0, age=3.0), REFRESH_S)
    assert BTC in publish(shelf, broker, REFRESH_S)
    assert json.loads(broker[BTC])["at"] == "2025-10-10T20:50:02+00:00"


def test_after_a_new_connection_all_is_published_and_what_went_is_removed() -> None:
    """The broker may have lost everything, or kept what closed meanwhile."""
    shelf, broker = Shelf("t"), dict[str, bytes]()
    shelf.show(shown(position("AVAX"), position("BTC")), 0.0)
    publish(shelf, broker)
    shelf.show(shown(position("BTC")), 1.0)
    assert shelf.take(1.0) == ("t/account/main/position/AVAXUSDT", b"")  # it never arrives
    shelf.anew()
    kept = dict(broker)
    assert BTC in publish(shelf, broker)
    assert publish(shelf, {}) == []
    shelf.found("t/account/main/position/AVAXUSDT")  # but the broker says that it has it
    publish(shelf, kept)
    assert "t/account/main/position/AVAXUSDT" not in kept


def test_what_is_found_of_ours_is_left_alone() -> None:
    """What the broker brings back of what holds is no leftover."""
    shelf = Shelf("t")
    shelf.show(shown(position()), 0.0)
    publish(shelf, {})
    shelf.found(BTC)
    shelf.found("t/availability")
    shelf.found("elsewhere/account/main")
    shelf.show(shown(position()), 1.0)
    assert publish(shelf, {}) == []


ACCOUNTS = st.sampled_from(["a", "b"])
VIEWS = st.builds(
    lambda account, names, age: shown(*map(position, names), account=account, age=age),
    ACCOUNTS,
    st.lists(st.sampled_from(["BTC", "ETH", "AVAX"]), unique=True, max_size=3),
    st.sampled_from([None, 1.0, 99.0]),
)
LEFT = st.builds(
    lambda account, name: f"t/account/{account}/position/{name}USDT", st.sampled_from("abz"), st.text("XY")
)


@given(st.lists(st.one_of(VIEWS, LEFT, st.sampled_from(["publish", "lost connection", "lost all"])), max_size=25))
def test_in_the_end_the_broker_holds_what_is_true(steps: list[Any]) -> None:
    """Whatever is shown, lost and left: once all is published, each account's states are those of its last view."""
    shelf, broker, last = Shelf("t"), dict[str, bytes](), dict[str, Any]()
    for step in steps:
        if step == "publish":
            publish(shelf, broker)
        elif step in ("lost connection", "lost all"):
            if step == "lost all":
                broker.clear()
            for name in list(broker):
                shelf.found(name)
            shelf.anew()
        elif isinstance(step, str):
            broker[step] = b"{}"
            shelf.found(step)
        else:
            shelf.show(step, 0.0)
            last[step.account] = step
    for view in list(last.values()):
        last[view.account] = shown(*view.status["positions"], account=view.account)
        shelf.show(last[view.account], 0.0)
    publish(shelf, broker)
    wanted = {name for view in last.values() for name in tree.states("t", view)}
    assert wanted <= broker.keys()
    if last:
        assert broker.keys() == wanted
