"""What `status` and `plan` show of an account, fit for JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.debts import below_zero
from watchdog.alerts.desk import buttons_of
from watchdog.alerts.intent import Intent
from watchdog.alerts.lifecycle import Alert
from watchdog.alerts.silence import alert_handle, always_said, silent
from watchdog.alerts.speak import Shown
from watchdog.alerts.view import position_subject, rule_and_subject
from watchdog.channels.base import LiveAlert, View
from watchdog.core import proposals
from watchdog.core.hands import leave, shield_of
from watchdog.core.plan import decided
from watchdog.core.sight import vanished_words
from watchdog.core.state import State, worst_first
from watchdog.core.step import view_of
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.market import Market
from watchdog.domain.position import PositionKey
from watchdog.domain.reading import Known, Never, Reading
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Hold, Warn
from watchdog.protection.guard import Guard
from watchdog.protection.question import fill_of, offer_of
from watchdog.protection.shield import Shield
from watchdog.risk import Book, PoolRisk, PositionRisk
from watchdog.rules.schema import Mode, Rule
from watchdog.venues.known import VENUES


def not_watched(state: State) -> str:
    """What of the account is not looked at: what was seen there and is not, and what never is on its venue."""
    seen = () if state.read is None else state.read.unwatched
    return "; ".join(part for part in (*seen, state.who.unwatched) if part) or "what is no future or perpetual"


def _sends(state: State, now: Instant) -> str:
    """`yes`, or why nothing is sent by itself."""
    asks = 'it asks first, its mode is "ask"' if state.mode is Mode.ASK else "yes"
    until = state.asks_until(now.wall)
    if until is not None:
        asks = f"it is new to act and only asks until {words.clock_time(until, state.who.zone)}"
    return leave(state, now).why_not or asks


def figure(reading: Reading) -> dict[str, str]:
    """A reading for JSON: a value with unit and source, or why there is none."""
    match reading:
        case Known(value=value, unit=unit, source=source):
            return {"value": f"{value:f}" if value.is_finite() else "inf", "unit": unit, "source": source}
        case Never(source=source):
            return {"never": source}
        case _:
            return {"unknown": reading.reason}


def status(state: State, now: Instant) -> dict[str, object]:
    """The account as it stands."""
    book, read = state.book, state.read
    return {
        "account": state.who.account,
        "venue": state.who.venue,
        "mode": state.mode.name.lower(),
        "sends": _sends(state, now),
        "barred": state.barred,
        "key": state.key,
        "read_at": words.clock_time(state.read_wall, state.who.zone) if read is not None else None,
        "age": round(now.mono - state.reads.last_good, 1) if state.reads.ever else None,
        "reads_fail": state.reads.why_failed,
        "modes": _modes(state),
        "debts": {} if read is None else {coin: f"{owed:f}" for coin, owed in sorted(read.debts.items())},
        "below_zero": {}
        if read is None or book is None
        else {pool: f"{much:f}" for pool, much in below_zero(read, book)},
        "positions": []
        if book is None
        else [
            _position(state, book, risk) | open_question(state, risk.position.key, now) for risk in worst_first(book)
        ],
        "vanished": [
            {"symbol": key.symbol, "position_side": key.position_side, "says": vanished_words(state, key)}
            for key in sorted(state.vanished)
        ],
        "pools": [] if book is None else [_pool(state, pool) for _, pool in sorted(book.pools.items())],
        "alerts": [_alert(state, alert, now) for _, alert in sorted(state.alerts.items()) if alert.firing],
        "silences": [
            {
                "what": one.what,
                "until": words.until_words(one.until, now.wall, state.who.zone),
                "by": one.by,
                "handle": one.key,
            }
            for _, one in sorted(state.silences.items())
        ],
        "not_watched": not_watched(state),
    }


def _alert(state: State, alert: Alert, now: Instant) -> dict[str, object]:
    account = state.who.account
    quiet = silent(state.silences.values(), account, alert.key, now.wall)
    return {
        "key": alert.key,
        "handle": alert_handle(account, alert.key),
        "level": (alert.level or Level.INFO).name.lower(),
        "since": None if alert.began is None else words.until_words(alert.began.wall, now.wall, state.who.zone),
        "acknowledged": alert.acknowledged,
        "seen_by": alert.seen_by,
        "silenced": quiet and not always_said(alert.key, alert.level or Level.INFO),
        "says": words.old_words(alert.lines[:1], "", alert.figures_at, now.wall, state.who.zone),
    }


def _row(state: State, book: Book, risk: PositionRisk, now: Instant) -> dict[str, object]:
    return _position(state, book, risk) | open_question(state, risk.position.key, now)


def _position(state: State, book: Book, risk: PositionRisk) -> dict[str, object]:
    position = risk.position
    market = state.markets.get(position.symbol)
    ours = {stop.client_id for stop in shield_of(state, Instant(0.0, 0.0)).ours(position.key)}
    return {
        "symbol": position.symbol,
        "side": position.side,
        "position_side": position.position_side,
        "margin": position.margin_mode,
        "pool": risk.pool or "",
        "money": position.margin_asset if risk.pool is None else book.pools[risk.pool].unit,
        "margin_asset": position.margin_asset,
        "size": words.size(position.size, market),
        "entry": words.price(position.entry, market),
        "mark": figure(risk.mark),
        "liquidation_venue": figure(risk.liquidation_venue),
        "liquidation_ours": figure(risk.liquidation_ours),
        "gap": figure(risk.gap),
        "liquidation_near": figure(risk.liquidation_near),
        "liquidation_distance": figure(risk.liquidation_distance),
        "room_used": figure(risk.room_used),
        "equity": figure(risk.equity),
        "margin_ratio": figure(risk.margin_ratio),
        "effective_leverage": figure(risk.effective_leverage),
        "unrealised": figure(risk.unrealised),
        "stop_coverage": figure(risk.stop_coverage),
        "stops": [
            {
                "whose": "mine" if judged.stop.client_id in ours else "yours",
                "trigger": words.price(judged.stop.trigger_price, market),
                "on": judged.stop.trigger,
                "size": "all" if judged.stop.size is None else words.size(judged.stop.size, market),
                "judged": judged.words,
                "counts": judged.share > 0,
                "id": judged.stop.client_id,
            }
            for judged in risk.stops
        ],
        "vanished": position.key in state.vanished,
    }


def _pool(state: State, pool: PoolRisk) -> dict[str, object]:
    return {
        "asset": pool.asset,
        "money": pool.unit,
        "equity": figure(pool.equity),
        "maintenance": figure(pool.maintenance),
        "venue_maintenance": figure(pool.venue_maintenance),
        "margin_ratio_venue": figure(pool.ratio_venue),
        "margin_ratio": figure(pool.margin_ratio),
        "margin_ratio_read_at": _read_at(state, pool),
        "margin_ratio_app": _app(state, pool),
        "shock_distance": figure(pool.shock_distance),
        "effective_leverage": figure(pool.effective_leverage),
        "positions": [position_subject(key) for key in pool.positions],
        "doubted": state.doubted(pool.asset),
    }


def _modes(state: State) -> str:
    return "" if state.read is None else state.read.modes.words


def _app(state: State, pool: PoolRisk) -> str:
    """How the venue's app has the margin ratio, where it shows it the other way round; else empty."""
    entry = VENUES.get(state.who.venue)
    ratio = pool.ratio_venue if isinstance(pool.ratio_venue, Known) else pool.margin_ratio
    turned = None if entry is None else entry.turned
    if turned is None or not isinstance(ratio, Known) or not ratio.value.is_finite() or ratio.value <= 0:
        return ""
    return turned.words(ratio.value) if turned.modes in _modes(state) else ""


def _read_at(state: State, pool: PoolRisk) -> str | None:
    """When a margin ratio was read that does not move with the marks: the venue's, where ours is not known."""
    if not isinstance(pool.margin_ratio, Known) or isinstance(pool.ratio_ours, Known):
        return None
    return words.clock_time(state.read_wall, state.who.zone)


def view(state: State, now: Instant) -> View:
    """What channels show of the account: its alerts worded with the figures of this moment, worst first."""
    firing = sorted(
        (alert for alert in state.alerts.values() if alert.level is not None),
        key=lambda one: (-(one.level or Level.INFO), one.key),
    )
    shown = Shown(None if state.book is None else view_of(state, now))
    rules = {rule.name: rule for rule in state.rules.rules}
    live = tuple(_live(state, shown, rules, alert, now) for alert in firing)
    return View(state.who.account, status(state, now), live, now.wall)


def _live(state: State, shown: Shown, rules: Mapping[str, Rule], alert: Alert, now: Instant) -> LiveAlert:
    rule = rules.get(rule_and_subject(alert.key)[0])
    said = None if rule is None else shown.words(rule, alert, None, now)
    stamp = words.clock_time(now.wall, state.who.zone)
    if said is None:  # its words as they were last made, and the time of that
        said = Intent(tuple(words.old_words(alert.lines, "", alert.figures_at, now.wall, state.who.zone)))
        stamp = words.clock_time(alert.figures_at or now.wall, state.who.zone)
    if alert.acknowledged:
        stamp += f" · seen by {alert.seen_by}" if alert.seen_by else " · seen"
    lines = (*said.lines[: words.MOST_LINES - 1], stamp)
    taps = said.buttons if rule is not None else proposals.buttons(state, alert.key, now)
    buttons = (*taps, *buttons_of(state.who.account, alert))
    return LiveAlert(alert.key, alert.level or Level.INFO, alert.acknowledged, lines, buttons)


def plan(state: State, now: Instant) -> dict[str, object]:
    """What `act` would send right now, per position, and why; nothing is sent by asking."""
    rows = [] if state.book is None else [planned(state, risk, now) for risk in worst_first(state.book)]
    return {
        "account": state.who.account,
        "mode": state.mode.name.lower(),
        "sends": _sends(state, now),
        "read_at": words.clock_time(state.read_wall, state.who.zone) if state.read is not None else None,
        "positions": rows,
    }


def planned(state: State, risk: PositionRisk, now: Instant) -> dict[str, object]:
    """What `act` would send for one position."""
    key = risk.position.key
    guard = state.guards.get(key) or Guard(key)
    shield, decision = shield_of(state, now), decided(state, risk, now)
    return _planned(state, shield, risk, guard, decision) | open_question(state, key, now)


def open_question(state: State, key: PositionKey, now: Instant) -> dict[str, object]:
    """What is asked about a position: in words while a yes counts, and its id, to which a late yes is asked anew."""
    guard = state.guards.get(key) or Guard(key)
    shown = proposals.open_proposal(guard, now)
    return {
        "proposal": None if shown is None else proposals.words_of(state, key, shown),
        "confirm": None if guard.proposal is None else guard.proposal.id,
    }


def _planned(state: State, shield: Shield, risk: PositionRisk, guard: Guard, decision: Decision) -> dict[str, object]:
    position, market = risk.position, state.markets.get(risk.position.symbol)
    size = words.size(position.size, market)
    row: dict[str, object] = {"symbol": position.symbol, "side": position.side, "size": size}
    asked = offer_of(decision)
    match decision:
        case DoPlace(why=why) as place:
            asks = guard.hands_off or shield.mode_of(shield.rule(place.rule)) is Mode.ASK
            row |= {"would": "ask" if asks else "place", "why": why} | _order(risk, place, market)
        case DoCancel(client_id=client_id, why=why):
            row |= {"would": "cancel", "order": client_id, "why": why}
        case Hold(why=why):
            row |= {"would": "nothing", "why": why}
        case Warn(why=why, halfway=halfway):
            at = "" if halfway is None else f"; halfway to liquidation is {words.price(halfway, market)}"
            row |= {"would": "nothing", "why": f"{why}{at}"}
    if asked is not None and row["would"] == "nothing" and shield.mode_of(shield.rule(asked[1].rule)) > Mode.WATCH:
        row |= {"would": "ask"} | _order(risk, asked[1], market)
    return row


def _order(risk: PositionRisk, place: DoPlace, market: Market | None) -> dict[str, object]:
    """An order as a plan shows it."""
    order = place.order
    fill = fill_of(risk.position, order.size, order.trigger_price, Decimal(0) if market is None else market.taker_fee)
    return {
        "order": f"{order.order_side} stop-market {words.size(order.size, market)} at "
        f"{words.price(order.trigger_price, market)} on mark, reduce-only",
        "replaces": place.replaces,
        "if_it_fills": words.money(fill, risk.position.margin_asset),
        "from_mark": _from_mark(risk, order.trigger_price, market),
    }


def _from_mark(risk: PositionRisk, trigger: Decimal, market: Market | None) -> str | None:
    if market is None or not isinstance(risk.mark, Known):
        return None
    return words.percent(abs(risk.mark.value - trigger) / risk.mark.value)
