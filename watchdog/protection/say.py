"""What is said of stops: what will be done, what an open step waits for, what became of one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.judge import position_subject
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.market import Market
from watchdog.domain.position import OrderSide, Side
from watchdog.domain.reading import Known
from watchdog.protection.decide import DoCancel, DoPlace, Hold, Warn
from watchdog.protection.guard import Cancelling, Doubt, Guard, Missing, ReadBack, Sending, Settling, Step
from watchdog.protection.outcome import Gone, Notice, Refused, Rests
from watchdog.protection.shield import Shield
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Mode, Rule


def intent(shield: Shield, guard: Guard, risk: PositionRisk, rule: Rule, level: Level, desk: Desk, mono: float) -> str:
    """What will be done about a position, as the sentence of a message."""
    if rule.stop is None or level < rule.stop.when:
        return "I do nothing."
    if shield.rules.mode_for(shield.account, shield.cap, rule) < Mode.ACT:
        return 'I send nothing: mode is "watch".'
    if not shield.leave.given:
        return f"I send nothing: {shield.leave.why_not}."
    if guard.step is not None:
        return f"I send nothing yet: {underway(guard.step)}."
    asked = replace(guard, wanted=True, asked=(*guard.asked, rule.name))
    decision = shield.decision(asked, risk, desk, mono)
    market = shield.markets.get(risk.position.symbol)
    match decision:
        case DoPlace() if mono < guard.next_try:
            return f"The last stop was refused: I try again in {guard.next_try - mono:.0f} s."
        case DoPlace(order=order):
            where = words.price(order.trigger_price, market)
            return f"I place a stop at {where} on mark now, {words.size(order.size)}, reduce-only."
        case Hold(why=why) | DoCancel(why=why):
            return f"I send nothing: {why}."
        case Warn(why=why):
            return f"I send nothing: {why}."


def underway(step: Step) -> str:
    """What an open step waits for, in words."""
    match step:
        case Sending() | Doubt():
            return "a stop is on its way, not confirmed"
        case ReadBack():
            return "a stop was accepted, not read back"
        case Cancelling():
            return "a stop of mine is being cancelled"
        case Missing():
            return "my stop no longer shows, I ask what became of it"
        case Settling():
            return "after my start I look up what I sent before"


def tell(
    shield: Shield,
    guard: Guard,
    risk: PositionRisk | None,
    notice: Notice,
    desk: Desk,
    out: Out,
    now: Instant,
    *,
    open_position: bool,
) -> None:
    """Say what happened to a stop of ours. `open_position`: not known to be closed."""
    subject = position_subject(guard.key)
    market = shield.markets.get(guard.key.symbol)
    who = words.name(risk.position) if risk is not None else guard.key.symbol.split("/", maxsplit=1)[0]
    venue = words.venue_name(shield.venue)
    match notice:
        case Rests(order=order):
            out.journal("rests", order=str(order))
            if not open_position or (risk is not None and order.order_side is not risk.position.side.closing):
                return  # too late: it goes again
            desk.fall(f"refused|{subject}", (f"OK · {who} · a stop rests after all · {shield.account}",))
            where = words.price(order.trigger_price, market)
            lines = [f"DONE · {who} · STOP {where} RESTS · {shield.account}"]
            if risk is not None:
                lines += _rests_lines(shield, guard, risk, order.size, order.trigger_price, market)
            lines.append("Move or cancel it freely: I won't fight you.")
            first = not guard.moves and guard.generation <= 1
            desk.tell(f"rests|{order.client_id}", Level.CRITICAL, lines, sound=first)
        case Refused(order=order, code=code, message=message, would_trigger=would_trigger):
            out.journal("refused", order=str(order), code=code, message=message)
            if risk is None:
                return
            how = words.distance_words(risk.liquidation_distance, short=True)
            why = "would trigger at once" if would_trigger else message
            again = words.clock_time(now.wall + guard.next_try - now.mono, shield.zone)
            lines = [
                f"EMERGENCY · {who} {how} · STOP REFUSED · {shield.account}",
                f"{venue}: {why} ({code})",
                words.liquidation_line(risk, market, shield.venue),
                f"It was {words.size(order.size)} at {words.price(order.trigger_price, market)} on mark",
                f"I did NOT sell. I try again from {again}.",
            ]
            desk.stand(f"refused|{subject}", Level.EMERGENCY, lines)
        case Gone(client_id=client_id, status=status):
            out.journal("gone", client_id=client_id, status=status)
            if open_position or notice.triggered:
                desk.tell(f"gone|{client_id}", Level.CRITICAL, _gone_lines(shield, guard, notice, market))


def _rests_lines(
    shield: Shield, guard: Guard, risk: PositionRisk, size: Decimal, trigger: Decimal, market: Market | None
) -> list[str]:
    position = risk.position
    read_at = words.clock_time(shield.read_wall, shield.zone).split()[0]
    lines = [
        f"Read back {read_at}: mark, reduce-only, {words.size(size)} of {words.size(position.size)}",
        f"Why: {guard.why}",
    ]
    fee = Decimal(0) if market is None else market.taker_fee
    loss = words.money(words.loss_at(position, trigger, fee), position.margin_asset)
    if isinstance(risk.mark, Known) and isinstance(risk.liquidation_near, Known):
        from_mark = words.percent(abs(risk.mark.value - trigger) / risk.mark.value)
        from_liquidation = words.percent(abs(trigger - risk.liquidation_near.value) / risk.liquidation_near.value)
        lines.append(f"{from_mark} from mark, {from_liquidation} before liq. Fills: about {loss}")
    else:
        lines.append(f"Fills: about {loss}")
    return lines


def _gone_lines(shield: Shield, guard: Guard, gone: Gone, market: Market | None) -> list[str]:
    order = gone.order
    who = guard.key.symbol.split("/", maxsplit=1)[0]
    where = "" if order is None else f" {words.price(order.trigger_price, market)}"
    if order is not None:
        who += f" {Side.LONG if order.order_side is OrderSide.SELL else Side.SHORT} {words.size(order.size)}"
    says = f"{words.venue_name(shield.venue)} says {gone.status}"
    if gone.triggered:
        return [f"STOP TRIGGERED · {who} · {shield.account}", f"My stop{where} has done its work: {says}"]
    if gone.by_hand and guard.hands_off:
        after = "It was taken away twice: I place no more here until `watchdog arm`."
    elif not shield.leave.given and not shield.leave.passing:
        after = f"I send nothing: {shield.leave.why_not}."
    elif gone.by_hand:
        after = "Not by me: I place it once more. Take it away again and I leave it."
    else:
        after = "Not by you, not by me: I place it again."
    return [f"STOP GONE · {who} · {shield.account}", f"My stop{where} no longer rests: {says}", after]
