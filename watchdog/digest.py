"""The digest: once a day, in at most eight lines, whether all is well, so that silence is never ambiguous. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.debts import amount, below_zero
from watchdog.alerts.silence import BLIND
from watchdog.alerts.unknown import is_unknown
from watchdog.core.sight import vanished_name
from watchdog.core.state import State
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.position import MarginMode
from watchdog.domain.reading import Known, Never, Reading
from watchdog.report import not_watched
from watchdog.risk import PoolRisk, PositionRisk

NAMED = 3
"""How many of a kind are named in one line; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened since the last digest, as the journal and the messages have it."""

    since: float
    """Wall seconds."""
    fired: Mapping[Level, int] = field(default_factory=dict)
    """How many alerts were told to fire, by level (those that worsened, by the level they reached)."""
    stops_placed: int = 0
    stops_refused: int = 0
    blind: float = 0.0
    """Seconds during which any account was told to be blind."""
    equity: Mapping[str, Decimal] = field(default_factory=dict)
    """What `equity_of` gave at `since`; empty when it is not known."""


def digest(
    states: Sequence[State],
    tally: Tally,
    now: Instant,
    *,
    next_at: float | None,
    zone: tzinfo | None,
    mute_channels: Sequence[str] = (),
) -> tuple[str, ...]:
    """The lines. `next_at`: wall time of the next digest. `mute_channels`: those that reach nobody now."""
    risks = [(state, risk) for state in states if state.book is not None for risk in state.book.positions.values()]
    gone = [(state, key) for state in states for key in sorted(state.vanished)]
    wrong = _wrong(states, mute_channels, now)
    at = words.until_words(now.wall, now.wall, zone)
    count = f"{_count(len(states), 'account')}, {_count(len(risks) + len(gone), 'position')}"
    head = f"NOT ALL WELL {at}: {_listed(wrong)} · {count}" if wrong else f"ALL WELL {at} · {count}"
    nearest = _nearest(risks, [vanished_name(*one) for one in gone])
    lines = [head, nearest, _together(states), _covered(risks), _since(tally, now), _equity(states, tally, now)]
    lines.append(f"Not watched: {' · '.join(dict.fromkeys(not_watched(state) for state in states))}")
    if next_at is not None:
        lines.append(f"Next {_day(next_at, now.wall, zone)}. If it doesn't come, I'm down.")
    return tuple(line for line in lines if line)


def equity_of(states: Sequence[State]) -> dict[str, Decimal]:
    """What all accounts are worth together, by margin asset: wallets, isolated margins and unrealised profit.

    Without the assets of which any part is not known; empty while any account has not been read, or a position of one
    has vanished.
    """
    sums: dict[str, Decimal] = {}
    unknown: set[str] = set()
    for state in states:
        if state.read is None or state.book is None or state.vanished:
            return {}
        for balance in state.read.balances:
            pool = state.book.pools.get(balance.asset)
            worth = balance.wallet if pool is None else pool.equity
            figure = worth.value if isinstance(worth, Known) else worth
            if isinstance(figure, Decimal):
                sums[balance.unit] = sums.get(balance.unit, Decimal(0)) + figure
            else:
                unknown.add(balance.unit)
        for risk in state.book.positions.values():
            asset, own = risk.position.margin_asset, risk.position.isolated_wallet
            if risk.position.margin_mode is not MarginMode.ISOLATED:
                continue
            if not isinstance(risk.unrealised, Known) or own is None:
                unknown.add(asset)
                continue
            sums[asset] = sums.get(asset, Decimal(0)) + risk.unrealised.value + own
    return {asset: value for asset, value in sums.items() if asset not in unknown and value.is_finite()}


def _wrong(states: Sequence[State], mute_channels: Sequence[str], now: Instant) -> list[str]:
    """What is not well, the worst first."""
    wrong = []
    for state in states:
        account = state.who.account
        if state.barred:
            wrong.append(f"{account} IS NOT WATCHED")
        elif not state.reads.ever:
            wrong.append(f"{account} was not read yet")
        elif BLIND in state.alerts or not state.fresh(now.mono):
            wrong.append(f"{account} is BLIND")
        if state.vanished:
            wrong.append(f"{_count(len(state.vanished), 'position')} of {account} missing, not known to be closed")
        dark = [] if state.book is None else [risk for risk in state.book.positions.values() if is_unknown(risk)]
        if dark:
            wrong.append(f"{_count(len(dark), 'position')} of {account} can't be judged")
    firing = [
        alert.level
        for state in states
        for alert in state.alerts.values()
        if alert.level is not None and alert.key not in {BLIND, "barred"}
    ]
    for level in sorted(set(firing), reverse=True):
        count = firing.count(level)
        wrong.append(f"{count} {level.name.lower()} fire{'s' if count == 1 else ''}")
    wrong += [f"channel {name} reaches nobody" for name in mute_channels]
    return wrong


def _nearest(risks: Sequence[tuple[State, PositionRisk]], gone: Sequence[str]) -> str:
    """`gone`: the names of those that the last answer did not show."""
    unknown = [_named(*one) for one in risks if not isinstance(one[1].liquidation_distance, Known | Never)]
    known = [one for one in risks if isinstance(one[1].liquidation_distance, Known)]
    line = "" if risks or gone else "No open position"
    if known:
        state, risk = min(known, key=lambda one: _value(one[1].liquidation_distance))
        how = words.distance_words(risk.liquidation_distance, short=True)
        rests = words.stops_head(words.stops_of(risk), risk.stop_coverage)
        line = f"Nearest: {_named(state, risk)} {how}, {'stop rests' if rests == 'STOP RESTS' else rests}"
    elif risks and not unknown:
        line = "No price liquidates any position"
    if unknown:
        line = f"{line}; UNKNOWN: {_listed(unknown)}" if line else f"Distance UNKNOWN: {_listed(unknown)}"
    if gone:
        line += f"{'; ' if line else ''}not in the last answer: {_listed(gone)}"
    return line


def _value(reading: Reading) -> Decimal:
    return reading.value if isinstance(reading, Known) else Decimal("Infinity")


def _named(state: State, risk: PositionRisk) -> str:
    return f"{words.name(risk.position)} {state.who.account}"


def _together(states: Sequence[State]) -> str:
    """How far all prices may move together before the first pool of each account is liquidated."""
    parts = []
    for verb, sign, of in (("fall", "−", _down), ("rise", "+", _up)):
        nearest = []
        for state in states:
            moves = [] if state.book is None else [of(pool) for pool in state.book.pools.values()]
            known = [move.value for move in moves if isinstance(move, Known)]
            dark = _dark_pools(state, of)
            if known or dark:
                how = f"{sign}{words.percent(min(known))}" if known else ""
                aside = f"{_listed(dark)} pool{'s' * (len(dark) > 1)} UNKNOWN" if dark else ""
                parted = f"{how} ({aside})" if how and aside else how or aside
                nearest.append(f"{state.who.account} {parted}")
        if nearest:
            parts.append(f"all {verb} together: {_listed(nearest)}")
    return f"If {'; if '.join(parts)}" if parts else ""


def _dark_pools(state: State, of: Callable[[PoolRisk], Reading]) -> list[str]:
    """The pools of which it is not known: not to be taken for as far as the others."""
    pools = {} if state.book is None else state.book.pools
    return [
        name for name, pool in sorted(pools.items()) if not isinstance(of(pool), Known | Never) or state.doubted(name)
    ]


def _down(pool: PoolRisk) -> Reading:
    return pool.shock_down


def _up(pool: PoolRisk) -> Reading:
    return pool.shock_up


def _covered(risks: Sequence[tuple[State, PositionRisk]]) -> str:
    if not risks:
        return ""
    bare = []
    for state, risk in risks:
        match risk.stop_coverage:
            case Known(value=value) if value >= 1:
                continue
            case Known(value=value):
                why = "NO STOP" if value <= 0 else f"only {words.covered(value)}"
            case Never():
                why = "no price liquidates it"
            case _:
                why = "UNKNOWN"
        bare.append(f"{_named(state, risk)}: {why}")
    named = f" ({_listed(bare)})" if bare else ""
    return f"Stops cover {len(risks) - len(bare)} of {len(risks)}{named}"


def _since(tally: Tally, now: Instant) -> str:
    parts = [f"{count} {level.name.lower()}" for level, count in sorted(tally.fired.items()) if count]
    if tally.stops_placed:
        parts.append(f"{_count(tally.stops_placed, 'stop')} placed")
    if tally.stops_refused:
        parts.append(f"{_count(tally.stops_refused, 'stop')} REFUSED")
    if tally.blind > 0:
        parts.append(f"blind {tally.blind:.0f} s")
    return f"Last {_hours(tally, now)}: {', '.join(parts) or 'nothing to tell'}"


def _hours(tally: Tally, now: Instant) -> str:
    return f"{max(1, round((now.wall - tally.since) / 3600))} h"


def _equity(states: Sequence[State], tally: Tally, now: Instant) -> str:
    parts = []
    for asset, value in sorted(equity_of(states).items(), key=lambda one: (-one[1], one[0])):
        before = tally.equity.get(asset)
        if value == 0 and not before:
            continue
        change = ""
        if before is not None and before > 0:
            moved = (value - before) / before
            sign = "−" if moved < 0 else "+"
            change = f", {sign}{words.percent(abs(moved))} in {_hours(tally, now)}"
        parts.append(f"{words.money(value, asset)}{change}")
    said = [f"Equity {_listed(parts, '; ')}"] if parts else []
    return ". ".join((*said, *(owes for state in states if (owes := _owes(state)))))


def _owes(state: State) -> str:
    if state.read is None or state.book is None:
        return ""
    owed = [amount(much, coin) for coin, much in sorted(state.read.debts.items())]
    below = [f"{name} {amount(much, '').strip()}" for name, much in below_zero(state.read, state.book)]
    parts = [f"OWES {_listed(owed)}" if owed else "", f"BELOW ZERO: {_listed(below)}" if below else ""]
    said = ", ".join(part for part in parts if part)
    return f"{state.who.account} {said}" if said else ""


def _day(wall: float, now: float, zone: tzinfo | None) -> str:
    """`08:00 tomorrow`."""
    then, today = (datetime.fromtimestamp(one, UTC).astimezone(zone) for one in (wall, now))
    days = {today.date(): "today", today.date() + timedelta(days=1): "tomorrow"}
    return f"{then:%H:%M} {days.get(then.date(), f'{then:%a %d %b}')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(parts: Sequence[str], between: str = ", ") -> str:
    more = [f"{len(parts) - NAMED} more"] if len(parts) > NAMED else []
    return between.join((*parts[:NAMED], *more))
