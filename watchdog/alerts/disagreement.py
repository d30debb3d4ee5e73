"""The venue's figures and ours lie apart for several reads: something is misread, and nobody knows whose is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.tiers import READS, near_funding
from watchdog.alerts.view import POOL, position_subject
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.market import Market
from watchdog.domain.position import Side
from watchdog.domain.reading import Known, Never
from watchdog.risk import Book, PoolRisk, PositionRisk
from watchdog.venues.known import VENUES

KEY = "disagreement"

TICKS: Final = 2
OF_DISTANCE: Final = Decimal("0.1")
OF_MARK: Final = Decimal("0.003")
"""Two liquidation prices are apart when they differ by more than so many ticks, by more than this share of the way from
mark to the nearer one, and by more than this share of mark: all three. Rounding, a read of two moments, or a price so
far that nobody acts on it, is none of them."""

OF_RATIO: Final = Decimal("0.1")
LEAST_RATIO: Final = Decimal("0.01")
"""Two margin ratios: by more than this share of the greater, and by more than one percentage point."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that both the venue and we have, of the same read."""

    subject: str
    apart: bool
    share: Decimal
    """How far apart they are: a share of the way to the nearer price, or of the greater ratio. The worst is named."""
    name: str
    lines: tuple[str, ...]
    """The first goes into line 1."""


def look(
    counts: Mapping[str, int],
    book: Book,
    venue: str,
    markets: Mapping[str, Market],
    doubted: Callable[[str | None], bool],
    desk: Desk,
    now: Instant,
    *,
    unsure: bool,
) -> Mapping[str, int]:
    """Compare the figures of a read just taken; in how many reads in a row each was apart (above 0) or not (below).

    One alert for the account, its worst figure named, once one was apart in `READS` reads in a row. Over when all that
    it spoke of agreed in as many. A read near a funding time counts for nothing, nor does a figure that one side does
    not have. `doubted`: whether a position of this pool has vanished: then nothing of that pool is compared. `unsure`:
    whether any has: then what is not in the read is not known to be closed.
    """
    if near_funding(now.wall):
        return counts
    alert = desk.get(KEY)
    standing = set(alert.about) if alert.firing else set()
    found = {one.subject: one for one in _figures(book, venue, markets, doubted)}
    held = {_of_position(risk) for risk in book.positions.values()} | {POOL + asset for asset in book.pools}
    after: dict[str, int] = {}
    for subject in {*counts, *standing, *found}:
        count, one = counts.get(subject, 0), found.get(subject)
        if one is not None:
            count = max(count, 0) + 1 if one.apart else min(count, 0) - 1
        elif subject not in held and not unsure:
            standing.discard(subject)  # closed
            continue
        if count >= READS:
            standing.add(subject)
        elif count <= -READS:
            standing.discard(subject)
        if count > 0 or subject in standing:
            after[subject] = max(-READS, min(READS, count))
    if not standing:
        desk.fall(KEY, (f"OK · {words.venue_name(venue)}'s figures and mine agree again · {desk.account}",))
        return after
    worst = sorted((one for one in found.values() if one.apart and one.subject in standing), key=lambda one: -one.share)
    lines = _lines(worst, venue, desk) if worst else alert.lines
    desk.stand(KEY, Level.WARN, lines, about=tuple(sorted(standing)))
    return after


def _of_position(risk: PositionRisk) -> str:
    return position_subject(risk.key)


def _figures(
    book: Book, venue: str, markets: Mapping[str, Market], doubted: Callable[[str | None], bool]
) -> Iterator[Figure]:
    """What can be compared at the read's own marks."""
    entry = VENUES.get(venue)
    for risk in book.positions.values():
        rough = risk.pool is not None and entry is not None and entry.estimate
        if not rough and not doubted(risk.pool):
            yield from _price(risk, markets.get(risk.position.symbol), venue)
    if entry is not None and entry.own_ratio:
        return
    pools = [one for asset, pool in book.pools.items() if not doubted(asset) for one in _ratio(pool, venue)]
    if any(one.apart for one in pools):  # newer marks may be in ours: now at those of the read alone
        still = Book.of(book.read, book.at, {})
        pools = [one for asset, pool in still.pools.items() if not doubted(asset) for one in _ratio(pool, venue)]
    yield from pools


def _price(risk: PositionRisk, market: Market | None, venue: str) -> Iterator[Figure]:
    """The liquidation prices of one position, where the venue gives one and we solve one, or find none."""
    position, theirs = risk.position, risk.liquidation_venue
    mark = position.mark
    if not isinstance(theirs, Known) or not mark.is_finite() or mark <= 0:
        return
    match risk.gap, risk.liquidation_ours:
        case Known(value=gap), _:
            ours = theirs.value - gap
        case _, Never():
            # As good as none: a long's at 0, a short's where the price has doubled.
            ours = Decimal(0) if position.side is Side.LONG else max(theirs.value, 2 * mark)
        case _:
            return
    nearer = min(theirs.value, ours, key=lambda price: abs(mark - price))
    apart, way = abs(theirs.value - ours), abs(mark - nearer)
    tick = Decimal(0) if market is None else market.tick
    far = apart > TICKS * tick and apart > OF_DISTANCE * way and apart > OF_MARK * mark
    who, name = words.venue_name(venue), words.name(position)
    said, own = (words.price(theirs.value, market), words.price(ours, market))
    if isinstance(risk.liquidation_ours, Never):
        own = "that no price liquidates it"
    whose = "mine" if nearer == ours else f"that of {who}"
    yield Figure(
        position_subject(risk.key),
        far,
        apart / way if way else Decimal("Infinity"),
        name,
        (
            f"{name} liq: {who} says {said}, I reckon {own}",
            f"Theirs as {who} sends it; mine from size, entry, margin and tiers; mark {words.price(mark, market)}",
            f"The nearer counts meanwhile: {words.price(nearer, market)}, {whose}, {words.percent(way / mark)} away.",
        ),
    )


def _ratio(pool: PoolRisk, venue: str) -> Iterator[Figure]:
    """The margin ratios of one pool."""
    match pool.ratio_venue, pool.ratio_ours:
        case Known(value=theirs), Known(value=ours):
            pass
        case _:
            return
    who, name = words.venue_name(venue), f"{pool.asset} pool"
    higher, lower = max(theirs, ours), min(theirs, ours)
    if higher.is_infinite():
        share = Decimal(0) if lower.is_infinite() else Decimal("Infinity")
        far = lower < 1
    else:
        share = (higher - lower) / higher if higher else Decimal(0)
        far = share > OF_RATIO and higher - lower > LEAST_RATIO
    yield Figure(
        POOL + pool.asset,
        far,
        share,
        name,
        (
            f"{name} margin ratio: {who} says {words.percent(theirs)}, I reckon {words.percent(ours)}",
            f"Theirs as {who} sends it; mine from wallet, positions at mark and tiers",
            f"The higher counts meanwhile: {words.percent(higher)}, 100% is liquidation.",
        ),
    )


def _lines(worst: list[Figure], venue: str, desk: Desk) -> tuple[str, ...]:
    first, *others = worst
    head, *figures = first.lines
    also = f"Apart as well: {words.listed([one.name for one in others])}." if others else ""
    lines = (
        f"WARN · {head} · SOMETHING IS MISREAD · {desk.account}",
        *figures,
        also,
        f"You: compare with the {words.venue_name(venue)} app, which is right?",
        f"To report it: watchdog snapshot --account {desk.account} --out FILE",
    )
    return tuple(line for line in lines if line)
