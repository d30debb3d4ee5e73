"""The last check before a request leaves: only the writes we mean, worded as we mean them.

It stands below ccxt, at the raw request, so neither a mistake of ours nor a convenience of ccxt's (a changed order
type, a helper that rounds, a new endpoint) can send anything else, whatever the key is allowed to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from watchdog.venues.errors import GuardError

SIGNING = frozenset({"timestamp", "recvWindow", "signature"})
"""What signing adds to a request; nothing of the order's meaning."""

_intended: ContextVar[Mapping[str, str] | None] = ContextVar("intended", default=None)


@contextmanager
def intending(params: Mapping[str, str]) -> Iterator[None]:
    """Say which parameters the next write of this task is meant to carry: with others it does not leave."""
    token = _intended.set(params)
    try:
        yield
    finally:
        _intended.reset(token)


@dataclass(frozen=True, slots=True)
class Write:
    """One write that may leave. `flaw` says what is wrong with its parameters, None when nothing is."""

    method: str
    path: str
    in_body: bool
    """Where its parameters stand: in the body, else in the query."""
    flaw: Callable[[Mapping[str, str]], str | None]
    exact: bool = True
    """Whether it must carry exactly the parameters of `intending`."""
    json: bool = False
    """Whether its body is a flat JSON object of text and whole numbers, instead of a form."""


def addresses(asks: Iterable[str], origin: str, base_url: str | None = None) -> frozenset[str]:
    """Whole addresses of those listed: a path stands at `origin`; all stand at `base_url` where one is given."""
    moved = base_url.rstrip("/") if base_url is not None else None
    return frozenset(
        (moved or origin) + one if one.startswith("/") else one if moved is None else moved + urlsplit(one).path
        for one in asks
    )


class Guard:
    """Lets out only the reads by GET and the writes that are listed; writes to one origin.

    `asks`: the whole addresses that may be asked by GET. There are venues whose orders go by GET too (Deribit), so a
    method says nothing.
    """

    def __init__(self, origin: str, writes: Iterable[Write], asks: Iterable[str]) -> None:
        self._origin = origin.lower()
        self._writes = {(write.method, write.path): write for write in writes}
        self._asks = {_folded(one) for one in asks}

    def check(self, method: str, url: str, body: str | None) -> None:
        """Raises GuardError for a request that must not leave; its words hold no signature and no URL."""
        parts = urlsplit(url)
        if method == "GET":
            if body:
                raise GuardError(f"GET {parts.path} with a body was not sent")
            if _folded(url) not in self._asks:
                raise GuardError(f"GET {parts.path} is not among the reads this program makes; it was not sent")
            return
        write = self._writes.get((method, parts.path))
        if write is None:
            raise GuardError(f"{method} {parts.path} is not among the writes this program makes; it was not sent")
        name = f"{method} {parts.path}"
        if f"{parts.scheme}://{parts.netloc}".lower() != self._origin:
            raise GuardError(f"{name} to a foreign address was not sent")
        if write.json:
            params = _json_params(name, parts.query, body)
        else:
            params = _params(name, parts.query, body, in_body=write.in_body)
        flaw = write.flaw(params)
        if flaw is not None:
            raise GuardError(f"{name} was not sent: {flaw}")
        if write.exact and params != _intended.get():
            raise GuardError(f"{name} was not sent: it is not the request that was asked for")


def _folded(url: str) -> str:
    """Scheme, host and path; case counts in the path only."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() + parts.path


def _params(name: str, query: str, body: str | None, *, in_body: bool) -> dict[str, str]:
    text, other = (body or "", query) if in_body else (query, body or "")
    if other:
        raise GuardError(f"{name} with parameters in both query and body was not sent")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
    except ValueError:
        raise GuardError(f"{name} with unreadable parameters was not sent") from None
    params = dict(pairs)
    if len(params) != len(pairs):
        raise GuardError(f"{name} with a parameter given twice was not sent")
    return {key: value for key, value in params.items() if key not in SIGNING}


def _json_params(name: str, query: str, body: str | None) -> dict[str, str]:
    if query:
        raise GuardError(f"{name} with parameters in both query and body was not sent")
    try:
        pairs = json.loads(body or "", object_pairs_hook=tuple)
    except ValueError:
        raise GuardError(f"{name} with unreadable parameters was not sent") from None
    if not isinstance(pairs, tuple):
        raise GuardError(f"{name} with a body that is no object was not sent")
    if any(isinstance(value, bool) or not isinstance(value, str | int) for _, value in pairs):
        raise GuardError(f"{name} with a parameter that is neither text nor a whole number was not sent")
    if len(dict(pairs)) != len(pairs):
        raise GuardError(f"{name} with a parameter given twice was not sent")
    return {key: str(value) for key, value in pairs}
