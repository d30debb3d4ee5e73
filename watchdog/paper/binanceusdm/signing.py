"""API keys, signatures and time stamps, checked against the machine's clock."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from watchdog.paper.binanceusdm.errors import UNAUTHORIZED, ApiError, missing

_SIGNATURE = re.compile(r"(?:^|&)signature=([^&]*)")
_DEFAULT_WINDOW_MS = 5_000
_MAX_WINDOW_MS = 60_000
_AHEAD_MS = 1_000


@dataclass(slots=True)
class ApiKey:
    """The key of the account, its secret, and what it may do."""

    key: str
    secret: str
    withdraw: bool = False
    trade: bool = True
    revoked: bool = False


def check_key(api_key: ApiKey, sent: str | None, *, trades: bool) -> None:
    """Raise ApiError unless the header names a key that may do this."""
    if not sent:
        raise ApiError(-2014, "API-key format invalid.", UNAUTHORIZED)
    if (
        not hmac.compare_digest(sent.encode(), api_key.key.encode())
        or api_key.revoked
        or (trades and not api_key.trade)
    ):
        raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", UNAUTHORIZED)


def check_signature(api_key: ApiKey, query: str, body: str, params: dict[str, str], now_ms: Callable[[], int]) -> None:
    """Raise ApiError unless the request is signed by the secret and its time stamp is inside the window.

    The signature is HMAC SHA256 over query and body exactly as sent, without the signature parameter itself.
    """
    window = _whole(params, "recvWindow", _DEFAULT_WINDOW_MS)
    if window > _MAX_WINDOW_MS:
        raise ApiError(-1131, "recvWindow must be less than 60000")
    sent_ms = _whole(params, "timestamp", None)
    now = now_ms()
    if sent_ms >= now + _AHEAD_MS:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent_ms > window:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")
    found = _SIGNATURE.search(body) or _SIGNATURE.search(query)
    if found is None:
        raise missing("signature")
    payload = _SIGNATURE.sub("", query) + _SIGNATURE.sub("", body)
    wanted = hmac.new(api_key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(found[1].lower().encode(), wanted.encode()):
        raise ApiError(-1022, "Signature for this request is not valid.")


def _whole(params: dict[str, str], name: str, default: int | None) -> int:
    text = params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isdecimal():
        raise missing(name)
    return int(text)
