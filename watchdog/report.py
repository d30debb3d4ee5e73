"""What `status` and `plan` show of an account, fit for JSON. Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import position_subject
from watchdog.core.hands import leave, shield_of
from watchdog.core.state import State, worst_first
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.market import Market
from watchdog.domain.position import PositionKey
from watchdog.domain.reading import Known, Never, Reading
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Hold, Warn
from watchdog.protection.guard import Guard
from watchdog.protection.say import underway
from watchdog.risk import PoolRisk, PositionRisk
from watchdog.rules.schema import Mode


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
        "sends": leave(state, now).why_not or "yes",
        "barred": state.barred,
        "read_at": words.clock_time(state.read_wall, state.who.zone) if read is not None else None,
        "age": round(now.mono - state.reads.last_good, 1) if state.reads.ever else None,
        "reads_fail": state.reads.why_failed,
        "positions": [] if book is None else [_position(state, risk) for risk in worst_first(book)],
        "pools": [] if book is None else [_pool(pool) for _, pool in sorted(book.pools.items())],
        "alerts": [
            {
                "key": alert.key,
                "level": alert.level.name.lower(),
                "acknowledged": alert.acknowledged,
                "says": alert.lines[:1],
            }
            for alert in sorted(state.alerts.values(), key=lambda one: one.key)
            if alert.level is not None
        ],
        "not_watched": "spot, options, coin-margined futures, portfolio margin",
    }


def _position(state: State, risk: PositionRisk) -> dict[str, object]:
    position = risk.position
    market = state.markets.get(position.symbol)
    ours = {stop.client_id for stop in shield_of(state, Instant(0.0, 0.0)).ours(position.key)}
    return {
        "symbol": position.symbol,
        "side": position.side,
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


def plan(state: State, now: Instant) -> dict[str, object]:
    """What `act` would send right now, per position, and why; nothing is sent by asking."""
    desk = Desk(state.who.account, state.who.zone, state.alerts, now, Out(now))
    shield = shield_of(state, now)
    rows = []
    for risk in [] if state.book is None else worst_first(state.book):
        key = risk.position.key
        guard = state.guards.get(key) or Guard(key)
        if guard.step is not None:
            decision: Decision = Hold(underway(guard.step))
        else:
            decision = shield.decision(_eager(guard), risk, desk, now.mono, Mode.WATCH)
        rows.append(_planned(state, key, risk, decision))
    return {
        "account": state.who.account,
        "mode": state.mode.name.lower(),
        "sends": leave(state, now).why_not or "yes",
        "read_at": words.clock_time(state.read_wall, state.who.zone) if state.read is not None else None,
        "positions": rows,
    }


def _eager(guard: Guard) -> Guard:
    """As if a rule had asked already: a plan shows the stop a rule would place once it fires."""
    return replace(guard, wanted=True, asked=())


def _planned(state: State, key: PositionKey, risk: PositionRisk, decision: Decision) -> dict[str, object]:
    market = state.markets.get(key.symbol)
    row: dict[str, object] = {"symbol": key.symbol, "side": risk.position.side, "size": words.size(risk.position.size)}
    match decision:
        case DoPlace(order=order, why=why, replaces=replaces):
            fee = order.size * 0 if market is None else market.taker_fee
            loss = words.loss_at(risk.position, order.trigger_price, fee)
            row |= {
                "would": "place",
                "order": f"{order.order_side} stop-market {words.size(order.size)} at "
                f"{words.price(order.trigger_price, market)} on mark, reduce-only",
                "why": why,
                "replaces": replaces,
                "if_it_fills": words.money(loss, risk.position.margin_asset),
                "from_mark": _from_mark(risk, order.trigger_price, market),
            }
        case DoCancel(client_id=client_id, why=why):
            row |= {"would": "cancel", "order": client_id, "why": why}
        case Hold(why=why):
            row |= {"would": "nothing", "why": why}
        case Warn(why=why, halfway=halfway):
            at = "" if halfway is None else f"; halfway to liquidation is {words.price(halfway, market)}"
            row |= {"would": "nothing", "why": f"{why}{at}"}
    return row


def _from_mark(risk: PositionRisk, trigger: Decimal, market: Market | None) -> str | None:
    if market is None or not isinstance(risk.mark, Known):
        return None
    return words.percent(abs(risk.mark.value - trigger) / risk.mark.value)
