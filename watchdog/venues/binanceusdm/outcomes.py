"""Binance USD-M, pure: what a failed request means for the order it carried, by HTTP status and the venue's raw code.

Sources: Binance's error-code page (developers.binance.com, USDⓈ-M futures, Error Code) and its page on HTTP return
codes: 4XX is a malformed request, the sender's fault; 5XX "execution status is UNKNOWN and could have been a success".
"""

from __future__ import annotations

from watchdog.domain.facts import Rejected, RejectKind, Unresolved

STATUS_UNKNOWN = frozenset(
    {
        "-1000",  # UNKNOWN: an unknown error occurred while processing the request: it was being processed
        "-1001",  # DISCONNECTED: internal error, unable to process; the page does not say how far it got
        "-1006",  # UNEXPECTED_RESP: "execution status unknown"
        "-1007",  # TIMEOUT: "send status unknown; execution status unknown"
        "-1008",  # overloaded: comes with the 503s of which some are executed; reduce-only orders are exempt from it
        "-1010",  # ERROR_MSG_RECEIVED: says nothing more
        "-1016",  # SERVICE_SHUTTING_DOWN: said while going down
        "-5041",  # "time out for too many requests from this account queueing at the same time"
    }
)
"""Group 10xx (general server and network) and 50xx (execution): the order may stand."""
DUPLICATE = frozenset({"-4116", "-20132"})
"""The client id is taken: the order, or an earlier one of that id, was accepted once. Rejected, and to be looked up."""
WOULD_TRIGGER = frozenset(
    {
        "-2021",  # ORDER_WOULD_IMMEDIATELY_TRIGGER
        "-4142",  # "take profit or stop order will be triggered immediately"
    }
)
NO_SUCH_ORDER = frozenset(
    {
        "-2011",  # CANCEL_REJECTED / UNKNOWN_ORDER
        "-2013",  # NO_SUCH_ORDER
    }
)
KEY_REFUSED = frozenset(
    {
        "-1002",  # UNAUTHORIZED
        "-1022",  # INVALID_SIGNATURE: the secret is not the key's
        "-2014",  # BAD_API_KEY_FMT
        "-2015",  # REJECTED_MBX_KEY: invalid key, IP or permissions
    }
)
NOT_PORTFOLIO = frozenset(
    {
        "-9000",  # USER_IS_NOT_UNIACCOUNT
        "-21001",  # "request ID is not a Portfolio Margin Account"
    }
)
"""What the Portfolio Margin endpoints say to an account that is none."""
CLOCK_OFF = frozenset(
    {
        "-1021",  # INVALID_TIMESTAMP: outside recvWindow, refused before anything else was looked at
        "-5028",  # outside the matching engine's recvWindow
    }
)
LISTEN_KEY_GONE = "-1125"

_NEVER_TAKEN = frozenset({401, 403, 404, 405, 413, 414, 415, 418, 429, 451})
"""Statuses that say "not accepted" even without the venue's own body. 400 can come from a proxy after the venue."""
_REQUEST_TIMEOUT, _FIRST_SERVER_ERROR = 408, 500


def classify(http: int, code: str | None, message: str) -> Rejected | Unresolved:
    """What a write that was answered with an error came to.

    Rejected when Binance certainly did not accept it (with the raw code; duplicates and limits too), else Unresolved:
    any 5xx, any code that says or allows "unknown", and anything that Binance itself did not word.
    """
    said = f"HTTP {http}, {code}: {message}" if code is not None else f"HTTP {http}: {message}"
    if http >= _FIRST_SERVER_ERROR or code in STATUS_UNKNOWN:
        return Unresolved(said)
    if code is not None and _is_code(code) and http != _REQUEST_TIMEOUT:
        return Rejected(code, message, _kind(code))
    if http in _NEVER_TAKEN:
        return Rejected(str(http), message)
    return Unresolved(said)


def _kind(code: str) -> RejectKind:
    if code in DUPLICATE:
        return RejectKind.DUPLICATE
    return RejectKind.WOULD_TRIGGER if code in WOULD_TRIGGER else RejectKind.OTHER


def _is_code(code: str) -> bool:
    """Binance's codes are negative whole numbers; anything else is not its word."""
    return code.startswith("-") and code[1:].isdecimal()
