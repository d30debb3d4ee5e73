"""What an endpoint is: who may call it, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias

from watchdog.paper.binanceusdm.errors import ApiError
from watchdog.paper.binanceusdm.params import Params
from watchdog.paper.binanceusdm.signing import ApiKey
from watchdog.paper.exchange import Exchange
from watchdog.paper.values import Market


class Security(Enum):
    """What a request must carry."""

    NONE = auto()
    KEY = auto()
    """The key's header, no signature."""
    USER = auto()
    """A signed read."""
    TRADE = auto()
    """A signed write: the key must be allowed to trade."""


Answer: TypeAlias = Callable[[Params], Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path."""

    security: Security
    answer: Answer


Endpoints: TypeAlias = dict[tuple[str, str], Endpoint]


@dataclass(frozen=True, slots=True)
class Room:
    """What every endpoint works on."""

    exchange: Exchange
    api_key: ApiKey
    now_ms: Callable[[], int]
    """The machine's clock."""

    def market(self, params: Params) -> Market:
        """The market a request names. Raises ApiError."""
        symbol = params.text("symbol")
        market = self.exchange.markets.get(symbol)
        if market is None:
            raise ApiError(-1121, "Invalid symbol.")
        return market

    def symbols(self, params: Params) -> list[str]:
        """The market a request names, or all of them. Raises ApiError."""
        return [self.market(params).symbol] if params.get("symbol") else list(self.exchange.markets)
