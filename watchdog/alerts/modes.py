"""The account, or a position, is set to another mode on the venue: said once, for other formulas hold then."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.domain.effects import Level
from watchdog.domain.position import AccountRead, MarginMode, PositionKey, PositionSide

POSITION_MODE: Final = "position mode"
ASSETS: Final = "assets mode"
ACCOUNT_MODE: Final = "account mode"
MARGIN_MODE: Final = "margin mode"

HEDGE: Final = "hedge"
ONE_WAY: Final = "one-way"
MULTI: Final = "multi-assets"
SINGLE: Final = "single-asset"
STANDARD: Final = "standard"

NAMED = 2
"""Changes that have lines of their own in one message."""

MEANINGS: Final[Mapping[tuple[str, str], str]] = {
    (POSITION_MODE, HEDGE): "A symbol can now hold a long and a short at once; each needs a stop of its own.",
    (POSITION_MODE, ONE_WAY): "A symbol now holds one position: an order the other way reduces it or turns it round.",
    (ASSETS, MULTI): "All margin assets now stand behind one pool: a loss in one takes from all.",
    (ASSETS, SINGLE): "Each margin asset now is a pool of its own: another asset saves nothing any more.",
    (MARGIN_MODE, MarginMode.CROSS): "The whole pool now stands behind it, and can be lost with it.",
    (MARGIN_MODE, MarginMode.ISOLATED): "Only its own margin now stands behind it: look where it liquidates.",
}
"""By what changed and to what."""
OTHER_FORMULAS: Final = "Other formulas hold now: hold the ratio and liquidation prices beside the venue's app."


@dataclass(frozen=True, slots=True)
class Modes:
    """How an account, and what is held in it, was set at the last read."""

    account: Mapping[str, str] = field(default_factory=dict)
    positions: Mapping[PositionKey, str] = field(default_factory=dict)
    """Margin mode by position; of one that has vanished as it was."""


def look(before: Modes | None, read: AccountRead, kept: Iterable[PositionKey], venue: str, desk: Desk) -> Modes:
    """Compare how all is set with how it was; `before` None: it is not known.

    `kept`: positions not in this read that are not known to be closed. A position that was closed and opened again in
    another mode did not change.
    """
    positions = {position.key: str(position.margin_mode) for position in read.positions}
    now = Modes(_of_account(read), positions)
    if before is None:
        return now
    changes = [
        (f"{what} of {desk.account}", what, old, new)
        for what, new in now.account.items()
        if (old := before.account.get(what, new)) != new
    ]
    names = {position.key: words.name(position) for position in read.positions}
    changes += [
        (f"{MARGIN_MODE} of {names[key]}", MARGIN_MODE, old, new)
        for key, new in sorted(positions.items())
        if (old := before.positions.get(key, new)) != new
    ]
    changes += _legs(before, positions)
    if changes:
        _tell(changes, venue, read.modes.no_stops, desk)
    ways = {key.symbol: _way(key) for key in positions}
    for key in kept:
        if key not in positions and key in before.positions and ways.get(key.symbol, _way(key)) == _way(key):
            positions[key] = before.positions[key]
    return now


def _of_account(read: AccountRead) -> dict[str, str]:
    """What is set for the account; its position mode only where that is no matter of each symbol."""
    modes = read.modes
    own = {ASSETS: MULTI if modes.multi_asset else SINGLE, ACCOUNT_MODE: modes.words or STANDARD}
    return own if modes.either_leg else {POSITION_MODE: HEDGE if modes.hedge else ONE_WAY, **own}


def _legs(before: Modes, positions: Mapping[PositionKey, str]) -> list[tuple[str, str, str, str]]:
    """Symbols that held one position and now hold a leg, or the other way round.

    Where it is the account's mode that changed, that says it.
    """
    was = {key.symbol: _way(key) for key in before.positions}
    if POSITION_MODE in before.account:
        return []
    return [
        (f"{POSITION_MODE} of {symbol.split('/', maxsplit=1)[0]}", POSITION_MODE, was[symbol], way)
        for symbol, way in sorted({key.symbol: _way(key) for key in positions}.items())
        if was.get(symbol, way) != way
    ]


def _way(key: PositionKey) -> str:
    return ONE_WAY if key.position_side is PositionSide.BOTH else HEDGE


def _tell(changes: list[tuple[str, str, str, str]], venue: str, no_stops: str, desk: Desk) -> None:
    """One message of all that changed in one read."""
    (whose, _, old, new), *others = changes
    more = f" and {len(others)} more" if others else ""
    lines = [f"WARN · {whose} CHANGED from {old} to {new}{more} · {desk.account}"]
    for number, (who, what, was, will) in enumerate(changes[:NAMED]):
        if number:
            lines.append(f"{who}: from {was} to {will}")
        lines.append(MEANINGS.get((what, will), OTHER_FORMULAS))
    if len(changes) > NAMED:
        lines.append(f"Changed as well: {words.listed([who for who, *_ in changes[NAMED:]])}.")
    if no_stops:
        lines.append(f"My stops: {no_stops}.")
    lines.append(f"Not by you? Look into {words.venue_name(venue)}: who else has a key.")
    desk.tell("mode change", Level.WARN, lines)


def to_json(modes: Modes) -> str:
    """As it is saved."""
    positions = [[key.symbol, key.position_side, mode] for key, mode in sorted(modes.positions.items())]
    return json.dumps({"account": dict(modes.account), "positions": positions}, sort_keys=True)


def from_json(text: str) -> Modes:
    """As it was saved."""
    raw = json.loads(text)
    positions = {PositionKey(symbol, PositionSide(leg)): str(mode) for symbol, leg, mode in raw["positions"]}
    return Modes(dict(raw["account"]), positions)
