"""What is required of a position, and at which price it is liquidated. Pure formulas of linear contracts.

Source: Binance, "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts", "Leverage and Margin of USDⓈ-M".
One requirement M(P) and one equity E(P) move with the mark price P; the account is liquidated where M reaches E:

    M(P) = |q|·P·rate − cum        of the tier that holds |q|·P
    E(P) = W + Σ uPnL of the others − Σ M of the others + q·(P − entry)

q is signed (long above zero). W is the isolated wallet, or the cross wallet of the margin asset: both without uPnL.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal

from watchdog.paper.values import ONE, ZERO, Tier


def tier_at(tiers: Sequence[Tier], notional: Decimal) -> Tier:
    """The tier that a notional (quote, without sign) falls into; the last one for anything above the table."""
    for tier in tiers:
        if tier.cap is None or notional <= tier.cap:
            return tier
    return tiers[-1]


def maintenance(tiers: Sequence[Tier], notional: Decimal) -> Decimal:
    """Money required to keep a position of this notional."""
    size = abs(notional)
    if not size:
        return ZERO
    tier = tier_at(tiers, size)
    return max(size * tier.rate - tier.cum, ZERO)


def unrealised(amount: Decimal, entry: Decimal, mark: Decimal) -> Decimal:
    """Profit (above zero) or loss of a signed amount at a mark price."""
    return amount * (mark - entry)


def margin_ratio(requirement: Decimal, equity: Decimal) -> Decimal:
    """Requirement / equity: liquidation at 1 and above. Infinite when something is required and no equity is left."""
    if not requirement:
        return ZERO
    if equity <= ZERO:
        return Decimal("Infinity")
    return requirement / equity


def liquidation_price(
    amount: Decimal, entry: Decimal, tiers: Sequence[Tier], wallet: Decimal, others: Decimal = ZERO
) -> Decimal | None:
    """The price at which a position of a signed amount is liquidated; None when no price above zero does it.

    `wallet` is the margin without the position's own uPnL. `others` is the sum over the other positions of the same
    pool of uPnL − maintenance, at their present marks (zero for an isolated position).

    Each tier is a straight piece of the requirement, valid while the notional at the answer lies inside it: the answer
    of the piece that holds its own answer is the one.
    """
    size = abs(amount)
    top = len(tiers) - 1
    for index, tier in enumerate(tiers):
        # size·P·rate − cum = wallet + others + amount·(P − entry)
        slope = size * tier.rate - amount
        if not slope:
            continue
        price = (wallet + others + tier.cum - amount * entry) / slope
        notional = size * price
        if price > ZERO and notional >= tier.floor and (index == top or tier.cap is None or notional <= tier.cap):
            return price
    return None


def bankruptcy_price(amount: Decimal, entry: Decimal, wallet: Decimal) -> Decimal:
    """The price at which the loss has eaten the whole wallet; zero when no price above zero does."""
    return max(entry - wallet / amount, ZERO)


def initial_margin(notional: Decimal, leverage: int) -> Decimal:
    """Money set aside to open a notional at a leverage."""
    return abs(notional) / leverage


def check_tiers(tiers: Sequence[Tier]) -> str | None:
    """Say what is wrong with a table of tiers; None when it is sound.

    A sound table starts at zero, has no gap, and its requirement does not jump at an edge (cum_n = cum_{n−1} +
    floor_n·(rate_n − rate_{n−1})).
    """
    if not tiers or tiers[0].floor != ZERO:
        return "the first tier must start at 0"
    for lower, upper in itertools.pairwise(tiers):
        if lower.cap != upper.floor:
            return f"the tier from {lower.floor} ends at {lower.cap}, the next starts at {upper.floor}"
        if upper.cum != lower.cum + upper.floor * (upper.rate - lower.rate):
            return f"cum of the tier from {upper.floor} makes the requirement jump"
    if any(not ZERO < tier.rate < ONE for tier in tiers):
        return "a rate must lie between 0 and 1"
    return None
