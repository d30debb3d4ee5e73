"""The digest: all is well, or what is not, in at most eight lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from tests.core.bench import AVAX, BTC, WALL, Bench, account, d, foreign, only, position, shipped
from watchdog import report
from watchdog.channels.telegram import shown
from watchdog.core.state import State
from watchdog.digest import Tally, digest, equity_of
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.position import Balance
from watchdog.domain.reading import Unknown

NIGHT = Tally(WALL - 86400, {Level.WARN: 2, Level.CRITICAL: 1}, stops_placed=1, blind=94, equity={"USDT": d(16000)})


def of(*states: State, now: Instant, tally: Tally = NIGHT, mute: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The lines, the next in a day."""
    return digest(states, tally, now, next_at=now.wall + 86400, zone=UTC, mute_channels=mute)


def test_all_is_well() -> None:
    """Nearest, all together, stops, what happened, equity with its change, what is not watched, and the next."""
    bench = Bench.with_rules(shipped("watch"), unwatched="spot, options")
    bench.read(account(position(margin=None, size="0.05"), wallet="15000", stops=[foreign("95000", "0.05")]))
    lines = of(bench.state, now=bench.now)
    assert lines[0] == "ALL WELL 20:49 UTC · 1 account, 1 position"
    assert lines[1].startswith("Nearest: ") or lines[1] == "No price liquidates any position"
    assert lines[-4:] == (
        "Last 24 h: 2 warn, 1 critical, 1 stop placed, blind 94 s",
        "Equity 15,000 USDT, −6.2% in 24 h",
        "Not watched: spot, options",
        "Next 20:49 tomorrow. If it doesn't come, I'm down.",
    )


def test_what_is_not_well_comes_first() -> None:
    """Alerts by level, blind accounts, channels that reach nobody."""
    one = Bench.with_rules(shipped("watch"))
    for _ in range(7):
        one.read(account(position(margin=None, size="0.5"), position(AVAX, entry="30", mark="26", size="500",
                         margin="3000"), wallet="7000"))  # fmt: skip
        one.after(10)
    two = Bench.with_rules(shipped("watch"), account="alt")
    lines = of(one.state, two.state, now=one.now, mute=("phone",))
    assert lines[0].startswith("NOT ALL WELL 20:50 UTC: alt was not read yet, ")
    assert "critical fire" in lines[0]
    assert lines[0].endswith("1 more · 2 accounts, 2 positions") or "channel phone reaches nobody" in lines[0]
    assert lines[1].startswith("Nearest: AVAX long main 7.3% from liq, NO STOP")
    assert [line for line in lines if line.startswith("If all fall together: main −")]
    assert [line for line in lines if line.startswith("Stops cover 0 of 2 (")]
    assert len(lines) <= 8


def test_an_old_read_is_not_well() -> None:
    """Half a minute, even before the alert says so."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account())
    assert of(bench.state, now=bench.now)[0].startswith("ALL WELL")
    assert of(bench.state, now=bench.after(31).now)[0].startswith("NOT ALL WELL 20:49 UTC: main is BLIND")


def test_an_unknown_distance_is_said() -> None:
    """In capitals, whatever else is nearest."""
    bench = Bench.with_rules(only('[[rule]]\nname = "room"\nmetric = "room_used"\nwarn = "90%"\n'))
    bench.read(account(position(), position("ODD/USDT:USDT", size="1", entry="0", mark="0", margin="5")))
    nearest = of(bench.state, now=bench.now)[1]
    assert nearest == "Nearest: BTC long main 9.6% from liq, NO STOP; UNKNOWN: ODD long main"


def test_a_pool_that_is_not_known_is_not_as_far_as_the_others() -> None:
    """Beside the nearest that is known, and alone; nor does a pool in doubt count for its figure."""
    bench = Bench.with_rules(shipped("watch"), venue="bitget")
    usdt, other = position(margin=None, size="0.5"), replace(position(AVAX, margin=None), margin_asset="USDC")
    read = account(usdt, other)
    dark = Balance("USDC", Unknown("multi-assets: not reckoned"), d(0), Unknown("not given"))
    bench.read(replace(read, balances=(*read.balances, dark)))
    (together,) = [line for line in of(bench.state, now=bench.now) if line.startswith("If all")]
    assert (
        together == "If all fall together: main −20% (USDC pool UNKNOWN); if all rise together: main USDC pool UNKNOWN"
    )
    bench.after(10).read(replace(account(usdt, wallet="9000"), balances=read.balances))
    (together,) = [line for line in of(bench.state, now=bench.now) if line.startswith("If all")]
    assert together.startswith("If all fall together: main −20%"), "another pool's position is missing, not this one's"


def test_what_is_owed_is_said() -> None:
    """Debts by coin, and a pool below zero though nothing is open in it."""
    bench = Bench.with_rules(shipped("watch"))
    bench.read(replace(account(wallet="-3113"), debts={"BTC": d("0.004213")}))
    said = [line for line in of(bench.state, now=bench.now) if "OWES" in line]
    assert said == [
        "Equity −3,113 USDT, −119% in 24 h. main OWES 0.004213 BTC, BELOW ZERO: USDT pool −3,113",
    ]
    status = report.status(bench.state, bench.now)
    assert status["below_zero"] == {"USDT pool": "-3113"}
    assert "USDT pool: EQUITY BELOW ZERO, -3,113" in shown.status({"accounts": [status]})
    assert "OWES the venue 0.004213 BTC" in shown.status({"accounts": [status]})


def test_equity_is_told_whole_or_not_at_all() -> None:
    """Wallets, isolated margins and profit; not while a part of it, or an account, is not known."""
    bench = Bench.with_rules(shipped("watch"))
    assert equity_of([bench.state]) == {}
    bench.read(account(position(mark="101000"), wallet="10000"))
    assert equity_of([bench.state]) == {"USDT": d(10000) + 5000 + 500}
    bench.after(1).read(account(position("ODD/USDT:USDT", size="1", entry="0", mark="0", margin="5")))
    assert equity_of([bench.state]) == {}
    assert not [line for line in of(bench.state, now=bench.now) if line.startswith("Equity")]


def test_a_quiet_day_says_so() -> None:
    """And an account without a position has no lines about any."""
    bench = Bench.with_rules(shipped("watch"), unwatched="spot, options")
    bench.read(account(wallet="0"))
    assert of(bench.state, now=bench.now, tally=Tally(WALL - 12 * 3600)) == (
        "ALL WELL 20:49 UTC · 1 account, 0 positions",
        "No open position",
        "Last 12 h: nothing to tell",
        "Not watched: spot, options",
        "Next 20:49 tomorrow. If it doesn't come, I'm down.",
    )
    assert BTC not in "".join(of(bench.state, now=bench.now))
