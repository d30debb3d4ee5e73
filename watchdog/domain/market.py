"""What a venue lists: a market, its filters and its maintenance tiers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """One maintenance bracket: from `floor` of notional (quote) up, `rate` of the notional less `cum` is required.

    `cap` is None for the last bracket. `cum` makes the requirement continuous where a venue publishes one.
    """

    floor: Decimal
    cap: Decimal | None
    rate: Decimal
    cum: Decimal


@dataclass(frozen=True, slots=True)
class Market:
    """A linear perpetual or dated future as the venue lists it. Prices in quote per base, sizes in base."""

    symbol: str
    """ccxt's unified symbol, `BTC/USDT:USDT`."""
    venue_id: str
    """The venue's own name of it, `BTCUSDT`."""
    base: str
    margin_asset: str
    tick: Decimal
    step: Decimal
    min_size: Decimal
    max_size: Decimal | None
    """Of one market order; None where the venue sets none."""
    min_notional: Decimal
    taker_fee: Decimal
    """A share of the notional: 0.0005 is 0.05 %."""
    tiers: tuple[Tier, ...]
    """In rising order of floor; empty when the venue's brackets could not be read."""
