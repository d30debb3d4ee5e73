"""What a proposal says: what would be sent, what is at stake with it, and what no answer means."""

from __future__ import annotations

from decimal import Decimal

from watchdog.alerts import words
from watchdog.domain.changed import replace
from watchdog.domain.effects import Button
from watchdog.domain.position import MarginMode, Position, PositionKey
from watchdog.domain.reading import Known
from watchdog.domain.verbs import Verb
from watchdog.protection.decide import Decision, DoPlace, Hold, Warn
from watchdog.protection.proposal import Kind, Proposal
from watchdog.protection.shield import Shield
from watchdog.risk import PositionRisk
from watchdog.rules.schema import (
    AtPrice,
    BeforeLiquidation,
    EntryToLiquidation,
    FromEntry,
    MaxLoss,
    Place,
)

_KINDS = {"past": Kind.PAST, "removed": Kind.REMOVED}


def offer_of(decision: Decision) -> tuple[Kind, DoPlace] | None:
    """What a decision would have its owner asked about; None: nothing."""
    match decision:
        case DoPlace(ask=True):
            return Kind.STOP, decision
        case Warn(kind=kind, offer=DoPlace() as offer) if kind in _KINDS:
            return _KINDS[kind], offer
        case Hold(offer=DoPlace() as offer):
            return Kind.LOOSEN, offer
        case _:
            return None


def fill_of(position: Position, size: Decimal, trigger: Decimal, fee: Decimal) -> Decimal:
    """What a stop brings if it fills at its trigger (below zero: a loss), taker fee included."""
    return words.loss_at(replace(position, size=size), trigger, fee)


def button(shield: Shield, key: PositionKey, proposal: Proposal) -> Button:
    """The one tap that is a yes."""
    what = "Move" if proposal.kind is Kind.LOOSEN else "Place"
    to = " to" if proposal.kind is Kind.LOOSEN else ""
    price = words.price(proposal.trigger, shield.markets.get(key.symbol))
    return Button(f"{what} stop{to} {price}", Verb.CONFIRM, proposal.id, own_row=True)


def question_lines(
    shield: Shield, risk: PositionRisk, proposal: Proposal, decision: Decision, *, why: bool = True
) -> tuple[str, ...]:
    """At most four lines. `why`: with the line that says why it is this one."""
    position = risk.position
    market = shield.markets.get(position.symbol)
    much = "all " if proposal.size == position.size else ""
    much += words.size(proposal.size, market)
    much += "" if proposal.size == position.size else f" of {words.size(position.size, market)}"
    first = f"Proposed: stop {words.price(proposal.trigger, market)} on mark, {much}, reduce-only"
    reason = f"({_why(shield, position.key, proposal, decision)})" if why else ""
    fee = Decimal(0) if market is None else market.taker_fee
    fill = fill_of(position, proposal.size, proposal.trigger, fee)
    filled = f"Fills: about {words.money(fill, position.margin_asset)}"
    stake = ". ".join(part for part in (filled, liquidated(risk), words.owe(shield.venue, None)) if part)
    return tuple(line for line in (first, reason if reason != "()" else "", stake, no_answer(shield, proposal)) if line)


def no_answer(shield: Shield, proposal: Proposal) -> str:
    """What happens if nobody says anything."""
    if proposal.sends_at is None and proposal.kind is Kind.STOP and shield.acts_later(shield.rule(proposal.rule)):
        at = words.clock_time(shield.asks_until or 0.0, shield.zone).split()[0]
        return f"No answer = nothing is sent before {at}; then I may act by myself (disarm stops it)"
    if proposal.sends_at is None:
        return "No answer = NOTHING IS SENT"
    at = words.clock_time(proposal.sends_at.wall, shield.zone).split()[0]
    return f"No answer = I place it at {at} (an ack is no answer; disarm stops it)"


def liquidated(risk: PositionRisk) -> str:
    """What liquidation costs, as far as it is known."""
    position, near = risk.position, risk.liquidation_near
    if position.margin_mode is MarginMode.ISOLATED and position.isolated_wallet is not None:
        return f"Liquidated: {words.money(-position.isolated_wallet)}"
    if isinstance(near, Known):
        return f"Liquidated: about {words.money(words.loss_at(position, near.value, Decimal(0)))}, with the pool"
    return ""


def _why(shield: Shield, key: PositionKey, proposal: Proposal, decision: Decision) -> str:
    market = shield.markets.get(key.symbol)
    match decision:
        case Warn(kind="past", place=Decimal() as place):
            rule = shield.rule(proposal.rule)
            what = "place" if rule is None or rule.stop is None else place_name(rule.stop.place)
            return f"{what} {words.price(place, market)} is already passed: this is halfway"
        case Warn(why=why):
            return why
        case DoPlace(why=why, replaces=replaces) if replaces:
            return f"{why}; it takes over from the stop that rests"
        case Hold():
            return "its place moved away from the mark; the stop that rests stays until then"
        case _:
            return ""


def place_name(place: Place) -> str:
    """A rule's place as a message calls it."""
    match place:
        case EntryToLiquidation(share=share):
            return f"{words.percent(share)} place"
        case BeforeLiquidation(share=share):
            return f"place {words.percent(share)} before liq"
        case FromEntry(share=share):
            return f"place {words.percent(share)} from entry"
        case MaxLoss():
            return "max-loss place"
        case AtPrice():
            return "place"
        case _:
            return "nearest place"
