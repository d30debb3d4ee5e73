"""What the house must know of a venue to read accounts on it: a value, made in that venue's folder.

A read has two halves. The wire fetches raw answers, each under a name; the rules, pure, make an account of them. So
an account can be read again from answers that were saved, without the venue (`watchdog explain`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from watchdog.domain.position import AccountRead
from watchdog.venues.base import KeyPower
from watchdog.venues.client import Limits, Words
from watchdog.venues.guard import Write
from watchdog.venues.known import VENUES

Payloads: TypeAlias = Mapping[str, Any]
"""The raw answers of one read by name, the venue's own name of the endpoint; several pages or products of one are a
list or an object under that name. JSON all through, numbers as `Decimal`, `int` or text."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How an account is reached. No repr shows any of it."""

    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    wallet: str = field(default="", repr=False)
    """The address of an account that is read without a key."""

    def secrets(self) -> tuple[str, ...]:
        """What may stand in no message and no file."""
        return tuple(one for one in (self.key, self.secret, self.passphrase, self.wallet) if one)


class Asking(Protocol):
    """Makes the requests of a read. Every call is a read, waits for the budget, and raises ReadError naming it."""

    @property
    def credentials(self) -> Credentials:
        """Whose account it is."""
        ...

    async def __call__(self, name: str, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The raw answer of ccxt's implicit `method` (`privateGetV5PositionList`); `name` is for messages."""
        ...

    async def kept(self, seconds: float, name: str, method: str, params: Mapping[str, Any]) -> Any:
        """The same, or the last answer under this name while it is younger, and no read failed on its answers since."""
        ...

    async def together(self, *reads: Awaitable[Any]) -> list[Any]:
        """All answers, or the first error; what is still under way is then let go."""
        ...


Fields: TypeAlias = Mapping[str, str]
"""Of a figure's name the raw field it was read from, or the formula it came by."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One venue. The functions know its endpoints; nothing else in the house does."""

    id: str
    """ccxt's."""
    name: str
    """As people say it."""
    origin: str
    """Scheme and host of its private REST calls."""
    listing: Callable[[Asking], Awaitable[Payloads]]
    """What changes over days, asked with no position in mind: markets, tiers. Asked anew daily, and for a symbol that
    is not in it."""
    account: Callable[[Asking, Payloads], Awaitable[Payloads]]
    """What a read needs beside the listing: positions, balances, modes, resting stops. Every settle coin, category,
    dex and page, or ReadError."""
    read: Callable[[Payloads, float], AccountRead]
    """The rules: an account of both halves together; the float is the monotonic time its readings carry. Pure. Raises
    PayloadError naming the field, MomentsDifferError, UnlistedError."""
    trim: Callable[[Payloads], Payloads]
    """The same answers without the markets and tiers that nothing held needs: for keeping and for `snapshot`."""
    power: Callable[[Asking], Awaitable[KeyPower]]
    """What the key may do."""
    asks: frozenset[str]
    """All that may be asked by GET: paths at `origin`, or whole addresses of other hosts of the venue's."""
    refuses_key: Callable[[int, str | None], bool]
    """Whether an error (HTTP status, raw code) says that the key itself is not accepted."""
    words: Callable[[Any], Words]
    """The raw error code and message of an answer, under HTTP 200 too; None for none."""
    fields: Fields
    """For `explain`: where `size`, `entry`, `mark`, `isolated_wallet`, `venue_liquidation`, `venue_maintenance`,
    `venue_ratio`, `wallet`, `pool_maintenance`, `pool_ratio`, `tiers`, `fee` come from; and in `ratio` and
    `liquidation` the venue's formulas as we reckon them, with their source."""
    unwatched: str
    """What of an account there is not looked at: `spot, options`."""
    grown: Callable[[Asking, Payloads], Awaitable[bool]] | None = None
    """Whether the venue has listed something since that an account may hold and no read would ask for; asked every few
    minutes. None: whatever is held comes with every read."""
    limit: int = 600
    """Request weight a minute for its address."""
    weight: Callable[[str, Mapping[str, Any]], int] = lambda _path, _params: 1
    """Request weight of a call, by ccxt's path."""
    limits: Limits = field(default_factory=dict)
    """What but the statuses 418 and 429 says that we ask too often, and how long to wait then."""
    refused_hint: str = ""
    """What else to look at where a key is not accepted: regions, kinds of key. A sentence."""
    used: str = ""
    """The header, in lower case, in which the venue says what weight was used; empty: it does not say."""
    writes: Iterable[Write] = ()
    """The calls that are no GET and may leave: of a venue that is only read, its reads by POST."""
    reads: frozenset[str] = frozenset({"GET"})
    bare: bool = False
    """Whether an answer may also be one word in quotes; it then comes as it was sent, quotes and all."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """ccxt's own."""
    needs: tuple[str, ...] = ("api_key_file", "secret_file")
    """Which credentials an account's table must name."""
    first_class: bool = True
    """Whether protection is meant to come there; False: its risk is read, no more."""

    @property
    def owes(self) -> str:
        """Whether a negative balance can become a debt there: see `known.Entry`."""
        return VENUES[self.id].owes

    @property
    def may_owe(self) -> bool:
        """Whether it can at all: see `known.Entry`."""
        return VENUES[self.id].may_owe
