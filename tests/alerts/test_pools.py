"""The room used and the leverage of a pool: another figure than those of its positions, where it has several."""

from __future__ import annotations

import pytest

from tests.core.bench import AVAX, BTC, Bench, account, only, position
from watchdog.domain.position import AccountRead
from watchdog.domain.verbs import Verb
from watchdog.reasons import why

LEVER = '[[rule]]\nname = "lever"\nmetric = "effective_leverage"\nwarn = "5x"\n'
ROOM = '[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "50%"\ncritical = "70%"\n'
STOP = 'stop = { when = "critical", place = { entry_to_liquidation = "60%" } }\n'


def two(mark: str = "100000", avax: str = "30") -> AccountRead:
    """A cross pool of 40,000 USDT with two positions of about 3.5 times that."""
    return account(
        position(margin=None, size="1.4", mark=mark), position(AVAX, entry="30", mark=avax, size="4700", margin=None),
        wallet="40000",
    )  # fmt: skip


def test_leverage_that_only_the_pool_has_is_told() -> None:
    """Each position is below 5x of the equity they share, both together are above."""
    bench = Bench.with_rules(only(LEVER))
    bench.read(two())
    assert bench.firing() == {"rule:lever|pool USDT"}
    assert bench.heads() == ["WARN · USDT pool (BTC long, AVAX long): Effective leverage 7.0× · main"]


def test_room_of_a_pool_says_what_comes_next() -> None:
    """Its own figure, with where the next level begins; and nothing is sent for it."""
    bench = Bench.with_rules(only(ROOM + STOP))
    bench.read(two("93500", "27"))
    lines = next(message.lines for message in bench.messages() if message.alert == "rule:room|pool USDT")
    assert "of the room from entry is used" in lines[0]
    assert "Next word at room used 70%." in lines
    assert bench.command(Verb.SILENCE, "pool USDT", seconds=60).ok
    assert 'Rule "room"' in why(bench.state, "pool usdt", bench.now)


def test_one_position_alone_speaks_once() -> None:
    """The pool of a single position has the same figures: it is silent; and so it is when the other one closes."""
    bench = Bench.with_rules(only(LEVER))
    alone = account(position(margin=None, size="2.4"), wallet="40000")
    bench.read(alone)
    assert bench.firing() == {f"rule:lever|{BTC}"}
    bench = Bench.with_rules(only(LEVER))
    bench.read(two())
    left = account(position(margin=None, size="1.4"), wallet="40000")
    bench.after(10).read(left)
    bench.after(10).read(left)
    assert bench.firing() == set()


@pytest.mark.parametrize(
    "narrow",
    [
        'where = { symbol = "BTCUSDT" }\n',
        'where = { side = "long" }\n',
        "where = { min_notional = 5 }\n",
        'except = { symbol = "BTCUSDT" }\n',
        'where = { margin_mode = "isolated" }\n',
        'only_if = { any = { liquidation_distance = "50%" } }\n',
    ],
)
def test_a_rule_that_picks_positions_speaks_of_positions(narrow: str) -> None:
    """By symbol, side, notional or what only a position has: no word of the pool."""
    bench = Bench.with_rules(only(LEVER + narrow))
    bench.read(two())
    assert bench.firing() == set()
