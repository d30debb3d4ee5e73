"""ccxt.pro's classes, hardened: what they take for an answer, what they let out, and what they say when they fail.

ccxt 4.5.90 reads an empty or foreign body under HTTP 200 as "no positions, no orders"; its error classes depend on
the address; its errors carry the signed URL and its debug log the key; its limiter reads wall time and has no order of
precedence. Here every answer is JSON with something in it or an error, errors carry status and raw code only, the
guard sees each raw request, and request weight is counted by our own budget. No method of ccxt's that interprets
answers is used, but for the listing of markets.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from ssl import SSLContext, create_default_context
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import ccxt
import ccxt.pro
import certifi

from watchdog.venues.budget import Budget
from watchdog.venues.errors import AnswerError, LostError, NoAnswerError
from watchdog.venues.guard import Guard
from watchdog.venues.line import Line
from watchdog.venues.scrub import scrub

_silent = logging.getLogger("watchdog.venues.silent")
_silent.disabled = True
_silent.propagate = False

_ODD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What ccxt's code lets escape when it meets a value it does not expect."""
_OK = range(200, 300)
_BARE = re.compile(r'"[A-Za-z]{1,40}"')
"""One word in quotes, as an answer."""
_WAITS = {429: 60.0, 418: 120.0}
"""How long we wait by status when neither the answer nor the venue's own limits say; the statuses of `TOO_MANY`."""
LONGEST_BAN = 3 * 86400.0
"""Seconds. Binance's bans last "from 2 minutes to 3 days" (its REST API's general information, IP limits)."""


Words = tuple[str | None, str]
"""The venue's raw error code, None for none, and its message."""
Limits = Mapping[str | int, float]
"""What says that we ask too often, and the seconds to wait where the answer does not say how long: a raw error code as
text, an HTTP status as a number. The code is looked up first; 418 and 429 say so on every venue."""


def own_words(response: Any) -> Words:
    """Binance's: `code` and `msg`, in an object that is an error."""
    if not isinstance(response, dict):
        return None, ""
    code, message = response.get("code"), response.get("msg")
    known = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else None
    words = message if isinstance(message, str) else ""
    return (None if known in {"0", "200"} else known), words


@dataclass(frozen=True, slots=True)
class Ways:
    """How a client of ours behaves: what of the venue it must know, and whose budget it uses."""

    name: str
    """The venue's, for messages."""
    guard: Guard
    budget: Budget
    weight: Callable[[str, Mapping[str, Any]], int]
    patient: bool
    """Whether its reads wait for the budget; the client that places orders does not."""
    timeout: float
    """Seconds, on the machine's clock, until a request counts as unanswered."""
    words: Callable[[Any], Words] = own_words
    """What an answer says went wrong."""
    used: str = "x-mbx-used-weight-1m"
    """The header, in lower case, in which the venue says what weight was used from this address."""
    reads: frozenset[str] = frozenset({"GET"})
    """The methods its reads use: they wait for the budget."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """ccxt's own, for this venue."""
    wallet: str = field(default="", repr=False)
    """The address of an account that is read without a key."""
    passphrase: str = field(default="", repr=False)
    """What some venues want beside key and secret."""
    limits: Limits = field(default_factory=dict)
    """What else but 418 and 429 says that we ask too often."""
    bare: bool = False
    """Whether an answer may also be one word in quotes (Hyperliquid's `userAbstraction`): JSON, no object."""


class Hardened:
    """What stands before a class of ccxt.pro. `base_url` replaces scheme and host of every address; paths are kept.

    ccxt ships no types: the class behind it is anything.
    """

    urls: dict[str, Any]
    closed_by_user: bool
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Whatever the class of ccxt's has."""

    def __init__(self, key: str, secret: str, ways: Ways, base_url: str | None) -> None:
        self._ways = ways
        self._secrets = tuple(one for one in (key, secret, ways.passphrase, ways.wallet) if one)
        self.waiting = 0
        """Reads that wait for the budget now."""
        self.session: aiohttp.ClientSession | None = None
        super().__init__(  # type: ignore[call-arg]
            {
                "apiKey": key,
                "secret": secret,
                "timeout": int(ways.timeout * 1000),
                "enableRateLimit": False,
                "enableLastHttpResponse": False,
                "enableLastResponseHeaders": False,
                "timeout_on_exit": 0,
                "walletAddress": ways.wallet,
                "password": ways.passphrase,
                "has": {"fetchCurrencies": False},
                "options": {
                    "fetchCurrencies": False,
                    "fetchMargins": False,
                    "warnOnFetchOpenOrdersWithoutSymbol": False,
                    "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False},
                    **ways.options,
                },
            }
        )
        self.logger = _silent  # ccxt logs headers and signed URLs at DEBUG
        self.own_session = False
        if base_url is not None:
            self.urls["api"] = point_at(self.urls["api"], base_url)
        secure = base_url is None or urlsplit(base_url).scheme == "https"
        self.ssl_context: SSLContext | bool = _tls() if secure else False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def open(self, lazy: bool = False) -> None:
        """Make the session (ccxt's own warns on newer Pythons, and follows redirects with the key in its headers)."""
        super().open(lazy)  # type: ignore[misc]
        if self.session is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_redirect.append(_refuse_redirect)
            connector = aiohttp.TCPConnector(ssl=self.ssl_context or True)
            self.session = aiohttp.ClientSession(connector=connector, trust_env=False, trace_configs=[trace])

    async def close(self, clean_instance_data: bool = False) -> None:
        """Let go of the session; a request that comes later finds the client closed."""
        self.closed_by_user = True
        session, self.session = self.session, None
        if session is not None:
            await session.close()
        await super().close(clean_instance_data)  # type: ignore[misc]

    async def fetch_markets(self, params: Mapping[str, Any] = {}) -> list[dict[str, Any]]:
        """The listing, by ccxt. Raises NoAnswerError for an empty or odd one, before it can replace a good one."""
        try:
            markets: list[dict[str, Any]] = await super().fetch_markets(params)  # type: ignore[misc]
        except (ccxt.BaseError, *_ODD) as error:
            why = f"the listing cannot be read ({type(error).__name__})"
        else:
            if markets:
                return markets
            why = "the answer lists no market"
        raise NoAnswerError(why)

    async def dial(self, url: str, hear: Callable[[Any], None], alive: Callable[[], None]) -> Line:
        """Open a websocket. Raises LostError."""
        self.open()
        line = Line(url, hear, alive)
        if self.session is None:
            raise LostError("the client is closed")
        await line.dial(self.session)
        return line

    async def fetch2(
        self,
        path: str,
        api: Any = "public",
        method: str = "GET",
        params: Mapping[str, Any] = {},
        config: Mapping[str, Any] = {},
    ) -> Any:
        """One request. Raises AnswerError, NoAnswerError, GuardError, ReadsStoppedError; nothing of ccxt's."""
        weight = self._ways.weight(path, params)
        if self._ways.patient and method in self._ways.reads:
            self.waiting += 1
            try:
                await self._ways.budget.admit(weight)  # before signing: a signature is good for seconds only
            finally:
                self.waiting -= 1
        else:
            self._ways.budget.spend(weight)
        try:
            return await super().fetch2(path, api, method, params, config)  # type: ignore[misc]
        except (ccxt.BaseError, *_ODD) as error:
            why = f"the request could not be made ({type(error).__name__}): is the secret whole?"
        raise NoAnswerError(why)

    async def fetch(
        self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        """Send one signed request, if the guard lets it out. Raises as `fetch2` does."""
        self._ways.guard.check(method, url, body)
        try:
            return await super().fetch(url, method, headers, body)  # type: ignore[misc]
        except ccxt.RequestTimeout:
            why = f"no answer within {self._ways.timeout:g} s"
        except ccxt.ExchangeClosedByUser:
            why = "the client is closed"
        except ccxt.ExchangeNotAvailable as error:
            why = f"no connection ({_cause(error)})"
        except (ccxt.BaseError, aiohttp.ClientError, OSError, ValueError) as error:
            why = f"the answer broke off or could not be read ({_cause(error)})"
        # Raised out here so that no traceback chain holds ccxt's error, whose text is the signed URL.
        raise NoAnswerError(why)

    def handle_errors(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: Mapping[str, str],
        body: str,
        response: Any,
        requestHeaders: Any,  # noqa: N803 - ccxt's name
        requestBody: Any,  # noqa: N803 - ccxt's name
    ) -> None:
        """Decide whether an answer is one. Raises AnswerError or NoAnswerError."""
        del reason, url, method, requestHeaders, requestBody
        lower = {name.lower(): value for name, value in headers.items()}
        self._hear_weight(lower.get(self._ways.used))
        raw, message = self._ways.words(response)
        pause = self._pause(code, raw)
        if code in _OK and pause is None:
            if raw is not None:
                raise AnswerError(code, raw, scrub(message, self._secrets))
            if not isinstance(response, dict | list) and not (self._ways.bare and _BARE.fullmatch(body or "")):
                kind = "an empty body" if not body else "a body that is no JSON"
                raise NoAnswerError(f"HTTP {code} with {kind}")
            return
        words = scrub(message or body or "", self._secrets)
        wait = _seconds(lower.get("retry-after"))
        if pause is not None:
            wait = min(pause if wait is None else wait, LONGEST_BAN)
            said = f"{raw}: {words}" if raw is not None else words
            self._ways.budget.stop_reads(wait, f"{self._ways.name} limits this address (HTTP {code}: {said})")
        raise AnswerError(code, raw, words, wait, limited=pause is not None)

    def _pause(self, code: int, raw: str | None) -> float | None:
        """Seconds to wait because an answer says that we ask too often; None when it does not say that."""
        limits = self._ways.limits
        if raw is not None and raw in limits:
            return limits[raw]
        return limits.get(code, _WAITS.get(code))

    def on_json_response(self, response_body: str) -> Any:
        """Read JSON with exact numbers; NaN and Infinity are no JSON."""
        return json.loads(response_body, parse_float=Decimal, parse_constant=_refuse_constant)

    def log(self, *args: Any) -> None:
        """Say nothing: ccxt prints signed requests here when it is verbose."""

    def _hear_weight(self, used: str | None) -> None:
        if used is not None and used.isdecimal():
            self._ways.budget.heard(int(used))


class BinanceUsdmClient(Hardened, ccxt.pro.binanceusdm):  # type: ignore[misc]
    """Binance USD-M."""


def hardened(venue: str) -> type[Hardened]:
    """The hardened class of any venue of ccxt.pro's, by ccxt's id."""
    return type(f"{venue.title()}Client", (Hardened, getattr(ccxt.pro, venue)), {})


def point_at(urls: Any, base_url: str) -> Any:
    """The same tree of addresses with scheme and host of `base_url` (ws for streams), paths kept.

    Raises ValueError for a base URL that is not plain http(s)://host[:port].
    """
    base = urlsplit(base_url)
    if base.scheme not in {"http", "https"} or not base.hostname or base.path.strip("/") or base.query or base.username:
        raise ValueError(f"base_url must be http:// or https:// with a host and no path, not {scrub(base_url)!r}")
    if isinstance(urls, Mapping):
        return {name: point_at(value, base_url) for name, value in urls.items()}
    parts = urlsplit(urls)
    stream = parts.scheme in {"ws", "wss"}
    scheme = base.scheme.replace("http", "ws") if stream else base.scheme
    return parts._replace(scheme=scheme, netloc=base.netloc).geturl()


@lru_cache(maxsize=1)
def _tls() -> SSLContext:
    """One context for all accounts: it is dear to make and large to keep."""
    return create_default_context(cafile=certifi.where())


async def _refuse_redirect(*_: Any) -> None:
    raise aiohttp.ClientError("the venue redirects, which it never does")


def _seconds(header: str | None) -> float | None:
    """A Retry-After in seconds; None for none, or one in another form."""
    return float(header) if header is not None and header.strip().isdecimal() else None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _cause(error: BaseException) -> str:
    """The kind of the first error under ccxt's; its words would hold the address."""
    return type(error.__cause__ or error).__name__
