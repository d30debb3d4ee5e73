"""Binance's error codes and words."""

from __future__ import annotations

from collections.abc import Mapping

from watchdog.paper.refusal import Refusal, RefusedError

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
TEAPOT = 418
TOO_MANY = 429
UNAVAILABLE = 503


class ApiError(Exception):
    """An answer that says no: HTTP status, Binance's code, Binance's words."""

    def __init__(self, code: int, message: str, status: int = BAD_REQUEST) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status


Codes = Mapping[Refusal, tuple[int, str]]

_CODES: Codes = {
    Refusal.UNKNOWN_SYMBOL: (-1121, "Invalid symbol."),
    Refusal.SIZE_STEP: (-4023, "Quantity not increased by step size."),
    Refusal.SIZE_NOT_ABOVE_ZERO: (-4003, "Quantity less than or equal to zero."),
    Refusal.SIZE_TOO_SMALL: (-4004, "Quantity less than min quantity."),
    Refusal.SIZE_TOO_LARGE: (-4005, "Quantity greater than max quantity."),
    Refusal.PRICE_TICK: (-4014, "Price not increased by tick size."),
    Refusal.PRICE_NOT_ABOVE_ZERO: (-4001, "Price less than 0."),
    Refusal.TRIGGER_NOT_ABOVE_ZERO: (-4006, "Stop price less than zero."),
    Refusal.NOTIONAL_TOO_SMALL: (
        -4164,
        "Order's notional must be no smaller than {detail} (unless you choose reduce only).",
    ),
    Refusal.MARGIN_TOO_SMALL: (-2019, "Margin is insufficient."),
    Refusal.LEVERAGE_INVALID: (-4028, "Leverage {detail} is not valid"),
    Refusal.LEVERAGE_NOT_LOWERED: (
        -4161,
        "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
    ),
    Refusal.POSITION_TOO_LARGE: (-2027, "Exceeded the maximum allowable position at current leverage."),
    Refusal.WOULD_TRIGGER_AT_ONCE: (-2021, "Order would immediately trigger."),
    Refusal.NOTHING_TO_REDUCE: (-2022, "ReduceOnly Order is rejected."),
    Refusal.NO_POSITION: (
        -4509,
        "Time in Force (TIF) GTE can only be used with open positions. Please ensure that positions are available.",
    ),
    Refusal.CLOSE_POSITION_RESTS: (
        -4130,
        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    ),
    Refusal.DUPLICATE_ID: (-4116, "ClientOrderId is duplicated."),
    Refusal.NO_SUCH_ORDER: (-2013, "Order does not exist."),
    Refusal.TOO_MANY_ALGOS: (-4045, "Reach max stop order limit."),
    Refusal.NOT_ISOLATED: (-4051, "Isolated balance insufficient."),
    Refusal.MARGIN_REMOVAL: (-4051, "Isolated balance insufficient."),
    Refusal.MODE_NOT_MODELLED: (
        -4088,
        "User can not place order currently. The paper venue does not model the margin of {detail}.",
    ),
}

CANCEL: Codes = {Refusal.NO_SUCH_ORDER: (-2011, "Unknown order sent.")}
MARGIN_TYPE: Codes = {
    Refusal.NO_CHANGE: (-4046, "No need to change margin type."),
    Refusal.ORDERS_REST: (-4047, "Margin type cannot be changed if there exists open orders."),
    Refusal.POSITION_OPEN: (-4048, "Margin type cannot be changed if there exists position."),
    Refusal.MODE_NOT_MODELLED: (-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode."),
}
POSITION_SIDE: Codes = {
    Refusal.NO_CHANGE: (-4059, "No need to change position side."),
    Refusal.ORDERS_REST: (-4067, "Position side cannot be changed if there exists open orders."),
    Refusal.POSITION_OPEN: (-4068, "Position side cannot be changed if there exists position."),
}
MULTI_ASSETS: Codes = {
    Refusal.NO_CHANGE: (-4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly."),
    Refusal.ORDERS_REST: (-4170, "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures."),
    Refusal.POSITION_OPEN: (
        -4167,
        "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode.",
    ),
}


def of_refusal(error: RefusedError, special: Codes | None = None) -> ApiError:
    """The answer for a refusal of the core; `special` holds what this endpoint says differently."""
    code, message = (special or {}).get(error.refusal) or _CODES[error.refusal]
    return ApiError(code, message.format(detail=error.detail))


def missing(name: str) -> ApiError:
    """A mandatory parameter was not sent."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def not_wanted(name: str) -> ApiError:
    """A parameter was sent that does not go with the others."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")
