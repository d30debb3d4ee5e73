"""What is said of stops: what will be done, what an open step waits for, what became of one."""

from __future__ import annotations

from decimal import Decimal

from watchdog.alerts import words
from watchdog.alerts.desk import Desk
from watchdog.alerts.intent import Intent
from watchdog.alerts.lifecycle import Alert
from watchdog.alerts.view import alert_key, position_subject
from watchdog.domain.changed import replace
from watchdog.domain.effects import Level
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.market import Market
from watchdog.domain.position import OrderSide, Position, Side, StopKind
from watchdog.domain.reading import Known
from watchdog.protection.asking import given, good, is_asked, shown, wanting
from watchdog.protection.decide import Decision, DoCancel, DoPlace, Hold, Warn
from watchdog.protection.guard import Cancelling, Doubt, Guard, Missing, ReadBack, Sending, Settling, Step
from watchdog.protection.outcome import Gone, Lost, Notice, Refused, Rests
from watchdog.protection.proposal import Kind
from watchdog.protection.question import button, fill_of, liquidated, offer_of, question_lines
from watchdog.protection.shield import Shield
from watchdog.risk import PositionRisk
from watchdog.rules.schema import Mode, Rule


def intent(
    shield: Shield, guard: Guard, risk: PositionRisk, rule: Rule, level: Level, desk: Desk, now: Instant
) -> tuple[Intent, Guard]:
    """What will be done about a position, for the message of a rule's alert; and the guard with what that proposes.

    A silence over the alert holds back its message, and so it proposes nothing; but a question with a time without an
    answer says what I do, and is said.
    """
    said, asked = planned(shield, guard, risk, rule, level, desk, now)
    if asked is None:
        return Intent((said,)), guard
    kind, offer, decision = asked
    key = alert_key(rule, position_subject(guard.key))
    quiet = desk.silent(replace(desk.get(key), level=level))
    if quiet and (given(shield, kind, offer.rule) is None or is_asked(shield, guard, risk, kind, offer)):
        return glance(shield, guard, risk, rule, level, desk, now), guard
    guard = shown(shield, guard, risk, kind, offer, key, now)
    assert guard.proposal is not None  # noqa: S101  (just shown)
    lines = question_lines(shield, risk, guard.proposal, decision)
    return Intent(lines, (button(shield, guard.key, guard.proposal),), proposes=True, despite_silence=quiet), guard


def glance(
    shield: Shield, guard: Guard, risk: PositionRisk, rule: Rule, level: Level, desk: Desk, now: Instant
) -> Intent:
    """What would be said about a position now, proposing nothing: a button only for a plan that this alert has shown.

    It stays when its minute is over: a yes then shows the plan as it is.
    """
    said, asked = planned(shield, guard, risk, rule, level, desk, now)
    if asked is None:
        return Intent((said,))
    kind, offer, decision = asked
    key, last = alert_key(rule, position_subject(guard.key)), guard.proposal
    plan = shown(shield, guard, risk, kind, offer, key, now).proposal
    assert plan is not None  # noqa: S101  (just shown)
    lines = question_lines(shield, risk, plan, decision)
    if last is None or last.alert != key:
        return Intent(lines, proposes=True)
    if last.id != plan.id and good(shield, guard, risk, decision, desk, now):
        lines = question_lines(shield, risk, last, decision, why=last.kind is kind)
    elif last.id != plan.id:
        old = f"Shown {words.clock_time(last.shown.wall, shield.zone)}; a yes now shows it anew. It is:"
        lines = (old, lines[0], *lines[-2:])
    return Intent(lines, (button(shield, guard.key, last),), proposes=True)


def planned(
    shield: Shield, guard: Guard, risk: PositionRisk, rule: Rule, level: Level, desk: Desk, now: Instant
) -> tuple[str, tuple[Kind, DoPlace, Decision] | None]:
    """A sentence, or what its owner is to be asked."""
    barred = _barred(shield, guard, rule, level)
    if barred:
        return barred, None
    decision = shield.decision(wanting(guard, rule.name), risk, desk, now.mono)
    asked = offer_of(decision)
    if asked is not None and asked[0] is not Kind.LOOSEN:
        if now.mono < guard.next_try:
            return f"The last stop was refused: I ask again in {guard.next_try - now.mono:.0f} s.", None
        if not shield.can_trade:
            return "I send nothing: the key of this account can't trade.", None
        return "", (*asked, decision)
    if not shield.leave.given:
        return f"I send nothing: {shield.leave.why_not}.", None
    match decision:
        case DoPlace() if now.mono < guard.next_try:
            return f"The last stop was refused: I try again in {guard.next_try - now.mono:.0f} s.", None
        case DoPlace(order=order):
            market = shield.markets.get(risk.position.symbol)
            where, much = words.price(order.trigger_price, market), words.size(order.size, market)
            return f"I place a stop at {where} on mark now, {much}, reduce-only.", None
        case Hold(why=why) | DoCancel(why=why) | Warn(why=why):
            return f"I send nothing: {why}.", None


def _barred(shield: Shield, guard: Guard, rule: Rule, level: Level) -> str:
    """Why nothing is decided for this rule now, as a sentence; empty when it is."""
    if rule.stop is None or level < rule.stop.when:
        return "I do nothing."
    if shield.mode_of(rule) < Mode.ASK:
        return 'I send nothing: mode is "watch".'
    if not shield.leave.given and not (shield.leave.passing and shield.usable):
        return f"I send nothing: {shield.leave.why_not}."
    if guard.step is not None:
        return f"I send nothing yet: {underway(guard.step)}."
    return "" if guard.tap is None else "You said yes: I read the account first."


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
        case Refused(order=order, code=code, message=message):
            out.journal("refused", order=str(order), code=code, message=message)
            if risk is None:
                return
            lines = _refused_lines(shield, guard, risk, notice, market, now)
            desk.stand(f"refused|{subject}", Level.EMERGENCY, lines)
        case Lost(order=order, why=why):
            out.journal("lost", order=str(order), why=why)
            if open_position:
                desk.tell(
                    f"lost|{order.client_id}", Level.CRITICAL, _lost_lines(shield, guard, who, notice), sound=True
                )
        case Gone(client_id=client_id, status=status):
            out.journal("gone", client_id=client_id, status=status)
            if open_position or notice.triggered:
                desk.tell(f"gone|{client_id}", Level.CRITICAL, _gone_lines(shield, guard, notice, market), sound=True)


def _refused_lines(
    shield: Shield, guard: Guard, risk: PositionRisk, refused: Refused, market: Market | None, now: Instant
) -> list[str]:
    position, order = risk.position, refused.order
    at = words.clock_time(now.wall, shield.zone).split()[0]
    why = "would trigger at once" if refused.would_trigger else refused.message
    where = words.price(order.trigger_price, market)
    prices = words.liquidation_line(risk, market, shield.venue)
    if isinstance(risk.mark, Known) and (risk.mark.value - order.trigger_price) * position.side.sign <= 0:
        prices = f"Mark {words.price(risk.mark.value, market)} is already past {where}"
        if isinstance(risk.liquidation_near, Known):
            prices += f". Liq {words.price(risk.liquidation_near.value, market)}"
    says = f"{words.venue_name(shield.venue)} {at}: {why} ({refused.code})"
    was = f"It was {words.size(order.size, market)} at {where} on mark"
    return _refused_now(shield, guard, risk, (says, prices, was), now)


def refused_anew(shield: Shield, guard: Guard, risk: PositionRisk, alert: Alert, now: Instant) -> list[str] | None:
    """What a standing alert of a refused stop says with the figures of now; None where what it said is not known."""
    if len(alert.lines) < 4:  # noqa: PLR2004  (what the venue said is line 2, what the order was is line 4)
        return None
    prices = words.liquidation_line(risk, shield.markets.get(guard.key.symbol), shield.venue)
    return _refused_now(shield, guard, risk, (alert.lines[1], prices, alert.lines[3]), now)


def _refused_now(
    shield: Shield, guard: Guard, risk: PositionRisk, refusal: tuple[str, str, str], now: Instant
) -> list[str]:
    """`refusal`: what the venue said and when, the prices, and what the order was."""
    position, market = risk.position, shield.markets.get(risk.position.symbol)
    how = words.distance_words(risk.liquidation_distance, short=True)
    says, prices, was = refusal
    lines = [
        f"EMERGENCY · {words.name(position)} {how} · STOP REFUSED · {shield.account}",
        says,
        f"{prices}. {words.stops_head(words.stops_of(risk), risk.stop_coverage)}",
        was,
    ]
    asks = "" if shield.acts(guard) else f": {shield.why_asks}"
    if now.mono < guard.next_try:
        again = words.clock_time(now.wall + guard.next_try - now.mono, shield.zone)
        lines.append(f"I did NOT sell{asks}. I {'ask' if asks else 'try'} again from {again}.")
    elif not shield.leave.given and not shield.leave.passing:
        lines.append(f"I did NOT sell. I send nothing: {shield.leave.why_not}.")
    else:
        lines.append(f"I did NOT sell{asks}. No other was sent since.")
    if isinstance(risk.mark, Known):
        fee = Decimal(0) if market is None else market.taker_fee
        now_ = words.money(words.loss_at(position, risk.mark.value, fee), position.margin_asset)
        lines.append(f"Close now: about {now_}. {liquidated(risk)}".rstrip())
    return lines


def _rests_lines(
    shield: Shield, guard: Guard, risk: PositionRisk, size: Decimal, trigger: Decimal, market: Market | None
) -> list[str]:
    position = risk.position
    read_at = words.clock_time(shield.read_wall, shield.zone).split()[0]
    much = f"{words.size(size, market)} of {words.size(position.size, market)}"
    lines = [
        f"Read back {read_at}: mark, reduce-only, {much}",
        f"Why: {guard.why}",
    ]
    fee = Decimal(0) if market is None else market.taker_fee
    loss = words.money(fill_of(position, size, trigger, fee), position.margin_asset)
    if isinstance(risk.mark, Known) and isinstance(risk.liquidation_near, Known):
        below, above = ("below", "above") if position.side is Side.LONG else ("above", "below")
        from_mark = words.percent(abs(risk.mark.value - trigger) / risk.mark.value)
        from_liquidation = words.percent(abs(trigger - risk.liquidation_near.value) / risk.liquidation_near.value)
        lines.append(f"{from_mark} {below} mark, {from_liquidation} {above} liq. Fills: about {loss}")
    else:
        lines.append(f"Fills: about {loss}")
    profits = _take_profits(shield, position)
    if profits:
        many = "take-profit still rests" if profits == 1 else f"{profits} take-profits still rest"
        lines.append(f"Your {many} (read {read_at})")
    return lines


def _take_profits(shield: Shield, position: Position) -> int:
    """How many orders rest to close the position in profit; none of them is ever ours."""
    return sum(
        stop.kind is StopKind.TAKE_PROFIT
        and stop.order_side is position.side.closing
        and stop.position_side is position.position_side
        for stop in shield.stops.get(position.symbol, ())
    )


def _lost_lines(shield: Shield, guard: Guard, who: str, lost: Lost) -> list[str]:
    order, market = lost.order, shield.markets.get(guard.key.symbol)
    where, much = words.price(order.trigger_price, market), words.size(order.size, market)
    return [
        f"STOP NOT PLACED · {who} · {shield.account}",
        f"My stop {where} for {much} left no trace at {words.venue_name(shield.venue)}: no order came of it.",
        f"It was sent for: {guard.why}",
        f"I don't send it again: {lost.why}.",
    ]


def _gone_lines(shield: Shield, guard: Guard, gone: Gone, market: Market | None) -> list[str]:
    order = gone.order
    who = guard.key.symbol.split("/", maxsplit=1)[0]
    where = "" if order is None else f" {words.price(order.trigger_price, market)}"
    if order is not None:
        who += f" {Side.LONG if order.order_side is OrderSide.SELL else Side.SHORT} {words.size(order.size, market)}"
    says = f"{words.venue_name(shield.venue)} says {gone.status}"
    if gone.triggered:
        return [f"STOP TRIGGERED · {who} · {shield.account}", f"My stop{where} has done its work: {says}"]
    if not shield.leave.given and not shield.leave.passing:
        after = f"I send nothing: {shield.leave.why_not}."
    elif gone.by_hand and guard.hands_off:
        after = "It was taken away twice: from now on I only ask, until `watchdog arm`."
    elif not shield.acts(guard):
        after = f"I send nothing unasked: {shield.why_asks}."
    elif gone.by_hand:
        after = "Not by me: I place it once more. Take it away again and I leave it."
    else:
        after = "Not by you, not by me: I place it again."
    return [f"STOP GONE · {who} · {shield.account}", f"My stop{where} no longer rests: {says}", after]
