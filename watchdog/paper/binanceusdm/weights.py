"""Request weights, counted per minute as Binance counts them per IP: the machine's, in lockstep the market's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

LIMIT = 2_400
"""Per minute (`exchangeInfo`, rateLimits)."""
_MINUTE_MS = 60_000

_WEIGHTS: Mapping[tuple[str, str], int] = {
    ("GET", "/fapi/v2/positionRisk"): 5,
    ("GET", "/fapi/v3/positionRisk"): 5,
    ("GET", "/fapi/v2/account"): 5,
    ("GET", "/fapi/v3/account"): 5,
    ("GET", "/fapi/v2/balance"): 5,
    ("GET", "/fapi/v3/balance"): 5,
    ("GET", "/fapi/v1/accountConfig"): 5,
    ("GET", "/fapi/v1/symbolConfig"): 5,
    ("GET", "/fapi/v1/commissionRate"): 20,
    ("GET", "/fapi/v1/positionSide/dual"): 30,
    ("GET", "/fapi/v1/multiAssetsMargin"): 30,
    ("GET", "/fapi/v1/allAlgoOrders"): 5,
    ("GET", "/fapi/v1/userTrades"): 5,
    ("GET", "/fapi/v1/income"): 30,
    ("GET", "/fapi/v1/depth"): 5,
    ("POST", "/fapi/v1/order"): 0,
    ("POST", "/fapi/v1/algoOrder"): 0,
}
_WITHOUT_SYMBOL: Mapping[tuple[str, str], int] = {
    ("GET", "/fapi/v1/premiumIndex"): 10,
    ("GET", "/fapi/v1/assetIndex"): 10,
    ("GET", "/fapi/v1/openOrders"): 40,
    ("GET", "/fapi/v1/openAlgoOrders"): 40,
    ("GET", "/fapi/v1/ticker/24hr"): 40,
    ("GET", "/fapi/v1/ticker/price"): 2,
    ("GET", "/fapi/v1/ticker/bookTicker"): 5,
}
_WITH_SYMBOL: Mapping[tuple[str, str], int] = {("GET", "/fapi/v1/ticker/bookTicker"): 2}


def weight(method: str, path: str, *, symbol: bool) -> int:
    """What a request costs; 1 for everything not in the tables."""
    special = _WITH_SYMBOL if symbol else _WITHOUT_SYMBOL
    return special.get((method, path), _WEIGHTS.get((method, path), 1))


class WeightCounter:
    """The weight used in the present minute."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._minute = 0
        self.used = 0

    def add(self, cost: int) -> int:
        """Count a request; returns what the minute has used."""
        minute = self._now_ms() // _MINUTE_MS
        if minute != self._minute:
            self._minute, self.used = minute, 0
        self.used += cost
        return self.used

    def seconds_left(self) -> int:
        """Whole seconds until the next minute, at least one."""
        return max(1, (_MINUTE_MS - self._now_ms() % _MINUTE_MS) // 1_000)
