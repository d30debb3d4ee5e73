"""What `status` and `plan` show of an account, fit for JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk, buttons_of
from watchdog.alerts.intent import Intent
from watchdog.alerts.lifecycle import Alert
from watchdog.alerts.silence import alert_handle, always_said, silent
from watchdog.alerts.speak import Shown
from watchdog.alerts.view import position_subject, rule_and_subject
from watchdog.channels.base import LiveAlert, View
from watchdog.core import proposals
from watchdog.core.hands import leave, shield_of
from watchdog.core.state import State, worst_first
from watchdog.core.step import view_of
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.market import Market
from watchdog.domain.reading import Known, Never, Reading
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Hold, Warn
from watchdog.protection.guard import Guard
from watchdog.protection.question import fill_of, offer_of
from watchdog.protection.say import underway
from watchdog.protection.shield import Shield
from watchdog.risk import PoolRisk, PositionRisk
from watchdog.rules.schema import Mode, Rule

NOT_WATCHED = "spot, options, coin-margined futures, portfolio margin"


def _sends(state: State, now: Instant) -> str:
    """`yes`, or why nothing is sent by itself."""
    asks = 'it asks first, its mode is "ask"' if state.mode is Mode.ASK else "yes"
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
        "read_at": words.clock_time(state.read_wall, state.who.zone) if read is not None else None,
        "age": round(now.mono - state.reads.last_good, 1) if state.reads.ever else None,
        "reads_fail": state.reads.why_failed,
        "positions": [] if book is None else [_position(state, risk) for risk in worst_first(book)],
        "vanished": [{"symbol": key.symbol, "position_side": key.position_side} for key in sorted(state.vanished)],
        "pools": [] if book is None else [_pool(pool) for _, pool in sorted(book.pools.items())],
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
        "not_watched": NOT_WATCHED,
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
        "says": alert.lines[:1],
    }


def _position(state: State, risk: PositionRisk) -> dict[str, object]:
    position = risk.position
    market = state.markets.get(position.symbol)
    ours = {stop.client_id for stop in shield_of(state, Instant(0.0, 0.0)).ours(position.key)}
    return {
        "symbol": position.symbol,
        "side": position.side,
        "position_side": position.position_side,
        "margin": position.margin_mode,
        "size": words.size(position.size),
        "entry": words.price(position.entry, market),
        "mark": figure(risk.mark),
        "liquidation_venue": figure(risk.liquidation_venue),
        "liquidation_ours": figure(risk.liquidation_ours),
        "gap": figure(risk.gap),
        "liquidation_near": figure(risk.liquidation_near),
        "liquidation_distance": figure(risk.liquidation_distance),
        "room_used": figure(risk.room_used),
        "margin_ratio": figure(risk.margin_ratio),
        "effective_leverage": figure(risk.effective_leverage),
        "unrealised": figure(risk.unrealised),
        "stop_coverage": figure(risk.stop_coverage),
        "stops": [
            {
                "whose": "mine" if judged.stop.client_id in ours else "yours",
                "trigger": words.price(judged.stop.trigger_price, market),
                "on": judged.stop.trigger,
                "size": "all" if judged.stop.size is None else words.size(judged.stop.size),
                "judged": judged.words,
                "id": judged.stop.client_id,
            }
            for judged in risk.stops
        ],
        "vanished": position.key in state.vanished,
    }


def _pool(pool: PoolRisk) -> dict[str, object]:
    return {
        "asset": pool.asset,
        "equity": figure(pool.equity),
        "maintenance": figure(pool.maintenance),
        "venue_maintenance": figure(pool.venue_maintenance),
        "margin_ratio": figure(pool.margin_ratio),
        "shock_distance": figure(pool.shock_distance),
        "effective_leverage": figure(pool.effective_leverage),
        "positions": [position_subject(key) for key in pool.positions],
    }


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
    said = Intent(alert.lines) if said is None else said
    stamp = words.clock_time(now.wall, state.who.zone)
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
    desk = Desk(state.who.account, state.who.zone, state.alerts, now, Out(now))
    key = risk.position.key
    guard = state.guards.get(key) or Guard(key)
    shield = shield_of(state, now)
    if guard.step is not None:
        decision: Decision = Hold(underway(guard.step))
    else:
        decision = shield.decision(_eager(guard), risk, desk, now.mono, Mode.WATCH)
    shown = proposals.open_proposal(guard, now)
    return _planned(state, shield, risk, guard, decision) | {
        "proposal": None if shown is None else proposals.words_of(state, key, shown)
    }


def _eager(guard: Guard) -> Guard:
    """As if a rule had asked already: a plan shows the stop a rule would place once it fires."""
    return replace(guard, wanted=True, asked=())


def _planned(state: State, shield: Shield, risk: PositionRisk, guard: Guard, decision: Decision) -> dict[str, object]:
    position, market = risk.position, state.markets.get(risk.position.symbol)
    row: dict[str, object] = {"symbol": position.symbol, "side": position.side, "size": words.size(position.size)}
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
        "order": f"{order.order_side} stop-market {words.size(order.size)} at "
        f"{words.price(order.trigger_price, market)} on mark, reduce-only",
        "replaces": place.replaces,
        "if_it_fills": words.money(fill, risk.position.margin_asset),
        "from_mark": _from_mark(risk, order.trigger_price, market),
    }


def _from_mark(risk: PositionRisk, trigger: Decimal, market: Market | None) -> str | None:
    if market is None or not isinstance(risk.mark, Known):
        return None
    return words.percent(abs(risk.mark.value - trigger) / risk.mark.value)
