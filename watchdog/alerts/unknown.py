"""UNKNOWN: the account is read, but what a position's danger is measured by stays unknown. It ages as BLIND does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.silence import UNKNOWN
from watchdog.alerts.view import POOL, position_subject
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.market import Market
from watchdog.domain.position import PositionKey
from watchdog.domain.reading import Known, Unknown
from watchdog.risk import Book, PositionRisk
from watchdog.rules.schema import Blind

ISOLATED = "isolated positions"
"""The subject of isolated positions: one alert speaks of all of them, as one does of all that share a pool."""

NAMED = 2
"""Positions that have a line of their own in one message."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of the readings of an account that is being read."""

    account: str
    venue: str
    zone: tzinfo | None
    book: Book
    markets: Mapping[str, Market]
    since: Mapping[PositionKey, float]
    """Monotonic time since when a position's readings are unknown, of those whose are."""
    unsure: bool
    """Whether a position has vanished: what it had of unknown readings is not known to be over."""


def is_unknown(risk: PositionRisk) -> bool:
    """Whether a position can't be judged: its distance from liquidation or its margin ratio is unknown."""
    return isinstance(risk.liquidation_distance, Unknown) or isinstance(risk.margin_ratio, Unknown)


def look(sight: Sight, blind: Blind, desk: Desk, now: Instant) -> None:
    """Fire, worsen or end the UNKNOWN alerts of an account: one per pool, one for all isolated positions.

    Not for an account that is BLIND, nor for one in a mode we have no formulas for: that alert says more.
    """
    groups: defaultdict[str, list[PositionRisk]] = defaultdict(list)
    for key in sorted(sight.since):
        risk = sight.book.positions.get(key)
        if risk is not None:
            groups[_subject(risk)].append(risk)
    for subject, risks in sorted(groups.items()):
        aged = [risk for risk in risks if now.mono - sight.since[risk.key] >= blind.warn]
        if aged:
            oldest = min(sight.since[risk.key] for risk in aged)
            level = Level.CRITICAL if now.mono - oldest >= blind.critical else Level.WARN
            about = tuple(position_subject(risk.key) for risk in aged)
            desk.stand(UNKNOWN + subject, level, _lines(sight, subject, aged, oldest, now), about=about)
    for name in sorted(name for name in desk.alerts if name.startswith(UNKNOWN)):
        subject = name.removeprefix(UNKNOWN)
        if subject not in groups and not sight.unsure:
            held = any(_subject(risk) == subject for risk in sight.book.positions.values())
            what = "its figures are known again" if held else "nothing of it is open any more"
            desk.fall(name, (f"OK · {subject} · {what} · {sight.account}",))


def dues(since: Mapping[PositionKey, float], blind: Blind) -> Iterator[float]:
    """When the next levels are reached if the readings stay unknown; they may have passed."""
    for at in since.values():
        yield at + blind.warn
        yield at + blind.critical


def _subject(risk: PositionRisk) -> str:
    return ISOLATED if risk.pool is None else POOL + risk.pool


def _lines(sight: Sight, subject: str, risks: list[PositionRisk], since: float, now: Instant) -> tuple[str, ...]:
    names = [words.name(risk.position) for risk in risks]
    who = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004  (line 1 is short)
    if subject != ISOLATED:
        who = f"{subject.removeprefix(POOL)} pool ({who})"
    distance = any(isinstance(risk.liquidation_distance, Unknown) for risk in risks)
    ratio = any(isinstance(risk.margin_ratio, Unknown) for risk in risks)
    what = " and ".join(["distance from liq"] * distance + ["margin ratio"] * ratio)
    bare = not any(words.stops_of(risk) for risk in risks)
    began = words.clock_time(now.wall - (now.mono - since), sight.zone).split()[0]
    then = f"No rule can fire on that{', and I place no stop' * distance}."
    named = [_line(sight, risk) for risk in risks[:NAMED]]
    if len(risks) > NAMED:
        named[-1] += f"; {len(risks) - NAMED} more"
    venue = words.venue_name(sight.venue)
    return (
        f"UNKNOWN · {who}: {what} for {now.mono - since:.0f} s{' · NO STOP' * bare} · {sight.account}",
        f"Why: {_why(risks)}, since {began}",
        *named,
        then if bare else f"{then} Resting stops work without me.",
        f"You: open the {venue} app.",
    )


def _why(risks: list[PositionRisk]) -> str:
    """The reasons the readings carry, each once."""
    reasons = dict.fromkeys(
        reading.reason
        for risk in risks
        for reading in (risk.margin_ratio, risk.liquidation_distance)
        if isinstance(reading, Unknown)
    )
    first, *others = reasons
    return f"{first}; {len(others)} more" if others else first


def _line(sight: Sight, risk: PositionRisk) -> str:
    """What is known of a position all the same, and what rests for it."""
    market, venue = sight.markets.get(risk.position.symbol), words.venue_name(sight.venue)
    parts = [f"mark {words.price(risk.mark.value, market) if isinstance(risk.mark, Known) else 'unknown'}"]
    if isinstance(risk.liquidation_venue, Known):
        parts.append(f"liq {words.price(risk.liquidation_venue.value, market)} says {venue}")
    stops = words.stops_of(risk)
    head = words.stops_head(stops, risk.stop_coverage)
    if stops:
        nearest = max(stops, key=lambda stop: stop.trigger_price * risk.position.side.sign)
        head += f" at {words.price(nearest.trigger_price, market)}"
    return f"{words.name(risk.position)}: {' · '.join((*parts, head))}"
