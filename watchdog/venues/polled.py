"""An account on a venue that is read over REST: no order leaves from here, and prices come with the reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from watchdog.clock import Clock
from watchdog.domain.facts import Answer, Frame, Mark, NotFound, Rejected
from watchdog.domain.position import AccountRead, StopOrder
from watchdog.venues.base import KeyPower, ReadError, Unread, VenueRefusedError
from watchdog.venues.budget import Budget
from watchdog.venues.client import Ways, hardened
from watchdog.venues.errors import AnswerError, NoAnswerError, ReadsStoppedError
from watchdog.venues.fields import MomentsDifferError, PayloadError, UnlistedError
from watchdog.venues.guard import Guard, addresses
from watchdog.venues.kind import Credentials, Kind, Payloads
from watchdog.venues.known import VENUES

TIMEOUT = 8.0
"""Seconds, on the machine's clock, until a request counts as unanswered."""
MOMENTS = 3
"""Reads in a row that may show answers of different moments."""
LISTING_EVERY = 24 * 3600.0
GROWN_EVERY = 180.0
"""Seconds between two questions whether the listing has grown, where reads alone would not show it."""
AGAIN_AFTER = 60.0
"""Seconds until the listing is asked again for a symbol it did not hold, or after it could not be had."""

_SERVER = 500
"""HTTP statuses from here up are trouble of the venue's own."""

log = logging.getLogger(__name__)


class AnsweredError(ReadError):
    """A read that the venue answered with an error."""

    def __init__(self, said: str, error: AnswerError) -> None:
        super().__init__(f"{said}: {error}", error.retry_after, limited=error.limited)
        self.http = error.http
        self.code = error.code
        self.passing = error.limited or error.http >= _SERVER
        """Whether it says nothing of what was asked: the same question may be answered in a moment."""


class PolledVenue:
    """As `venues.base.Venue` asks, by the venue's `Kind`. `base_url` replaces scheme and host of every address."""

    def __init__(
        self,
        kind: Kind,
        account: str,
        credentials: Credentials,
        *,
        base_url: str | None = None,
        allow_withdraw_key: bool = False,
        clock: Clock,
        budget: Budget | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._kind = kind
        self._account = account
        self._allow_withdraw_key = allow_withdraw_key
        self._clock = clock
        parts = urlsplit(base_url or kind.origin)
        ways = Ways(
            kind.name,
            Guard(f"{parts.scheme}://{parts.netloc}", kind.writes, addresses(kind.asks, kind.origin, base_url)),
            budget if budget is not None else Budget(clock, kind.limit, orders=VENUES[kind.id].orders),
            kind.weight,
            patient=True,
            timeout=timeout,
            words=kind.words,
            limits=kind.limits,
            used=kind.used,
            reads=kind.reads,
            options=kind.options,
            wallet=credentials.wallet,
            passphrase=credentials.passphrase,
            bare=kind.bare,
        )
        client = hardened(kind.id)(credentials.key, credentials.secret, ways, base_url)
        self._ask = _Asking(kind, client, credentials, clock)
        self._listing: Payloads | None = None
        self._listed_at = -LISTING_EVERY
        self._grown_at = -GROWN_EVERY
        self._told: set[str] = set()
        self.payloads: Payloads = {}
        """The raw answers behind the last good read."""
        self.unread: Unread | None = None
        """The last ones that could not be read, until a read is good."""

    def __repr__(self) -> str:
        return f"<PolledVenue {self._kind.id} {self._account}>"

    @property
    def waiting(self) -> bool:
        """Whether a request of a read waits for room in the budget now."""
        return bool(self._ask.client.waiting)

    async def open(self) -> KeyPower:
        """Load the listing and ask what the key may do. Raises VenueRefusedError, ReadError."""
        try:
            power = await self._kind.power(self._ask)
        except AnsweredError as error:
            if self._kind.refuses_key(error.http, error.code):
                raise VenueRefusedError(self._refused(error)) from None
            raise
        except VenueRefusedError as error:
            raise VenueRefusedError(f"account {self._account}: {error}") from None
        except PayloadError as error:
            raise ReadError(f"{self._kind.name}: {error}") from None
        if power.withdraw and not self._allow_withdraw_key:
            raise VenueRefusedError(
                f"account {self._account}: this API key can withdraw; nothing here needs it. Take that right off it on "
                f"{self._kind.name}, or use a new key without it. To go on all the same, write "
                "allow_withdraw_key = true under this account in watchdog.toml."
            )
        await self._list()
        return power

    def _refused(self, error: AnsweredError) -> str:
        """What to look at when the venue does not accept the key."""
        parts = "key, secret and passphrase" if "passphrase_file" in self._kind.needs else "key and secret"
        said = (
            f"account {self._account}: {self._kind.name} refuses this API key ({error.reason}). Check that {parts} are "
            "whole and belong together, that the key is of this venue (not testnet, not demo), that it may read, and "
            "that this machine's address is on its list if it has one."
        )
        return f"{said} {self._kind.refused_hint}" if self._kind.refused_hint else said

    async def read(self) -> AccountRead:
        """One whole read. Raises ReadError."""
        if self._listing is None or self._clock.now().mono - self._listed_at >= LISTING_EVERY:
            await self._refresh()
        elif self._clock.now().mono - max(self._listed_at, self._grown_at) >= GROWN_EVERY:
            await self._look_for_more()
        last: PayloadError | None = None
        for _ in range(MOMENTS):
            assert self._listing is not None  # noqa: S101  (set, or _refresh raised)
            at = self._clock.now().mono
            payloads: Payloads = {}
            try:
                payloads = {**self._listing, **await self._kind.account(self._ask, self._listing)}
                read = self._kind.read(payloads, at)
            except MomentsDifferError as error:
                self._ask.forget()
                last = error
                continue
            except UnlistedError as error:
                last = error
                self._keep_unread(error, payloads)
                if self._clock.now().mono - self._listed_at < AGAIN_AFTER:
                    break
                await self._list()
                continue
            except PayloadError as error:
                self._ask.forget()
                last = error
                self._keep_unread(error, payloads)
                break
            self.payloads = self._kind.trim(payloads)
            self.unread = None
            return read
        raise ReadError(f"{self._kind.name}: {last}")

    def _keep_unread(self, error: PayloadError, payloads: Payloads) -> None:
        """For `snapshot`: what could not be read is what must be seen to mend it."""
        if not payloads:  # the wire met it, before there was a whole read
            return
        try:
            kept = self._kind.trim(payloads)
        except (PayloadError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            kept = payloads  # broken where trimming looks, too
        self.unread = Unread(str(error), kept, self._clock.now().wall)

    async def _list(self) -> None:
        self._listed_at = self._clock.now().mono
        try:
            self._listing = await self._kind.listing(self._ask)
        except PayloadError as error:
            raise ReadError(f"{self._kind.name}, the listing: {error}") from None

    async def _refresh(self) -> None:
        """The listing anew; the old one stays when that fails, and it is asked for again a minute later."""
        try:
            await self._list()
        except ReadError as error:
            self._listed_at = self._clock.now().mono - LISTING_EVERY + AGAIN_AFTER
            if self._listing is None:
                raise
            self._warn(error)

    async def _look_for_more(self) -> None:
        """The listing anew where it has grown. Else what is known is read on; it is asked again."""
        self._grown_at = self._clock.now().mono
        assert self._listing is not None  # noqa: S101  (read() has it first)
        try:
            grown = self._kind.grown is not None and await self._kind.grown(self._ask, self._listing)
        except (ReadError, PayloadError) as error:
            self._grown_at += AGAIN_AFTER - GROWN_EVERY
            self._warn(error if isinstance(error, ReadError) else ReadError(f"{self._kind.name}: {error}"))
            return
        if grown:
            await self._refresh()

    def _warn(self, error: ReadError) -> None:
        """Say once in the log that the listing could not be had."""
        if error.reason not in self._told:
            self._told.add(error.reason)
            log.warning("account %s: the listing could not be read: %s", self._account, error.reason)

    def list_anew(self) -> None:
        """Ask for the listing again with the next read."""
        self._listed_at = self._clock.now().mono - LISTING_EVERY

    async def place(self, order: StopOrder) -> Answer:
        """Nothing is sent: orders on this venue are not built yet."""
        return Rejected(
            "not yet", f"no order of ours goes to {self._kind.name} yet; nothing was sent for {order.symbol}"
        )

    async def look_up(self, symbol: str, client_id: str) -> Answer:
        """There is none of ours."""
        del symbol, client_id
        return NotFound()

    async def cancel(self, symbol: str, client_id: str) -> Answer:
        """There is none of ours."""
        del symbol, client_id
        return NotFound()

    def watch(self, symbols: frozenset[str]) -> None:
        """Prices come with the reads."""

    async def stream(self, hear: Callable[[Mark | Frame], None]) -> NoReturn:
        """Prices come with the reads."""
        del hear
        await asyncio.Event().wait()
        raise AssertionError("an event nobody sets was set")

    async def close(self) -> None:
        """Let go of every socket and task."""
        await self._ask.client.close()


class _Asking:
    """`venues.kind.Asking` over a hardened client."""

    def __init__(self, kind: Kind, client: Any, credentials: Credentials, clock: Clock) -> None:
        self._kind = kind
        self._clock = clock
        self._kept: dict[str, tuple[float, Any]] = {}
        self.client = client
        self.credentials = credentials

    async def __call__(self, name: str, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Make a read."""
        try:
            return await getattr(self.client, method)(dict(params or {}))
        except AnswerError as error:
            failure: ReadError = AnsweredError(f"{self._kind.name}, {name}", error)
        except NoAnswerError as error:
            failure = ReadError(f"{self._kind.name}, {name}: {error.reason}")
        except ReadsStoppedError as error:
            failure = ReadError(error.reason, error.retry_after, limited=True)
        raise failure

    async def kept(self, seconds: float, name: str, method: str, params: Mapping[str, Any]) -> Any:
        """The last answer under this name while it is young enough, else a read."""
        now = self._clock.now().mono
        at, answer = self._kept.get(name, (0.0, None))
        if name not in self._kept or now - at >= seconds:
            answer = await self(name, method, params)
            self._kept[name] = now, answer
        return answer

    def forget(self) -> None:
        """Ask anew for what is kept: it does not fit the other answers."""
        self._kept.clear()

    async def together(self, *reads: Awaitable[Any]) -> list[Any]:
        """All answers, or the first error."""
        tasks = [asyncio.ensure_future(one) for one in reads]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
