"""Hyperliquid: the reads, all of them POST /info with an address and no signature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from watchdog.venues.base import KeyPower, ReadError, VenueRefusedError
from watchdog.venues.client import Words
from watchdog.venues.fields import PayloadError, Row
from watchdog.venues.guard import Write
from watchdog.venues.hyperliquid.listing import MAIN, Listing, dex_names
from watchdog.venues.hyperliquid.orders import NAME as ORDERS
from watchdog.venues.hyperliquid.pools import SPOT
from watchdog.venues.hyperliquid.rules import STATES
from watchdog.venues.kind import Asking, Payloads

MODE = "userAbstraction"
ROLE = "userRole"
MODE_EVERY = 60.0
"""Seconds for which the account's mode is taken as it was last told: it weighs as much as ten states, and is changed
by hand once in a while."""
METHOD = "publicPostInfo"
LISTING = ("perpDexs", "allPerpMetas", "spotMeta")
_WEIGHTS = {STATES: 2, SPOT: 2, ROLE: 60}
_UNLISTED = 20
"""Request weights (Hyperliquid docs, rate limits and user limits): 1,200 a minute for an address of the internet."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_FIELDS = frozenset({"type", "user", "dex"})
_ROLES = {
    "user": "an account of its own",
    "subAccount": "a sub-account",
    "vault": "a vault",
    "missing": "an address Hyperliquid has never seen: is it the right one?",
}


async def listing(ask: Asking) -> Payloads:
    """The dexes, their coins and margin tables, and the tokens' names. Raises ReadError for one that cannot be used."""
    found = await ask.together(*(ask(name, METHOD, {"type": name}) for name in LISTING))
    payloads = dict(zip(LISTING, found, strict=True))
    try:
        Listing(payloads)
    except PayloadError as error:
        raise ReadError(f"Hyperliquid: {error}") from None
    return payloads


async def grown(ask: Asking, listed: Payloads) -> bool:
    """Whether there is a dex that the listing does not hold. Its state would else be asked for a day later.

    A dex that is gone from the list is no reason: what is held there is asked for still.
    """
    now = dex_names(await ask("perpDexs", METHOD, {"type": "perpDexs"}))
    return not set(now) <= set(dex_names(listed["perpDexs"]))


async def account(ask: Asking, listed: Payloads) -> Payloads:
    """Mode, spot state, every dex's state, and the orders of the main dex and of those where something is held.

    Orders weigh ten times a state, so a dex that holds nothing is not asked for them.
    """
    built = dex_names(listed["perpDexs"])[1:]
    mode, spot, main, orders, *states = await ask.together(
        ask.kept(MODE_EVERY, MODE, METHOD, {"type": MODE, "user": ask.credentials.wallet}),
        _ask(ask, SPOT),
        _ask(ask, STATES),
        _ask(ask, ORDERS),
        *(_ask(ask, STATES, dex) for dex in built),
    )
    by_dex = dict(zip([MAIN, *built], [main, *states], strict=True))
    holding = [dex for dex in built if _may_hold(by_dex[dex])]
    more = await ask.together(*(_ask(ask, ORDERS, dex) for dex in holding))
    return {
        MODE: mode.strip().strip('"') if isinstance(mode, str) else mode,
        SPOT: spot,
        STATES: by_dex,
        ORDERS: {MAIN: orders, **dict(zip(holding, more, strict=True))},
    }


def _may_hold(state: Any) -> bool:
    """Whether a state lists positions, or is not what it should be."""
    return not isinstance(state, Mapping) or state.get("assetPositions") != []


async def _ask(ask: Asking, name: str, dex: str = MAIN) -> Any:
    params = {"type": name, "user": ask.credentials.wallet}
    if dex == MAIN:
        return await ask(name, METHOD, params)
    return await ask(f"{name} of dex {dex}", METHOD, {**params, "dex": dex})


async def power(ask: Asking) -> KeyPower:
    """What the address is. Raises VenueRefusedError for one that is none, or that is an API wallet's."""
    if not _ADDRESS.fullmatch(ask.credentials.wallet):
        raise VenueRefusedError(
            "Hyperliquid: the wallet of this account is not an address: 0x and 40 hex digits are due"
        )
    answer = await _ask(ask, ROLE)
    try:
        role = Row.of(answer, ROLE).text("role")
    except PayloadError as error:
        raise ReadError(f"Hyperliquid: {error}") from None
    if role == "agent":
        raise VenueRefusedError(
            "Hyperliquid: this address is an API wallet (agent), which holds nothing. Write the address of the account "
            "it trades for."
        )
    what = _ROLES.get(role, f"{role[:40]!r}, a role not known here")
    return KeyPower(withdraw=False, trade=False, note=f"an address only: nothing can be signed. It is {what}")


def words(response: Any) -> Words:
    """`{"status": "err", "response": ...}` and `{"error": ...}`."""
    if not isinstance(response, dict):
        return None, ""
    if response.get("status") == "err":
        return "err", str(response.get("response", ""))
    if "error" in response:
        return "error", str(response["error"])
    return None, ""


def weight(_path: str, params: Mapping[str, Any]) -> int:
    """The request weight of a read."""
    return _WEIGHTS.get(str(params.get("type")), _UNLISTED)


READS = frozenset({*LISTING, MODE, SPOT, STATES, ORDERS, ROLE})


def read_flaw(params: Mapping[str, str]) -> str | None:
    """What keeps a POST from being one of our reads."""
    if params.get("type") not in READS:
        return f"{params.get('type')!r} is none of the reads this program makes"
    if odd := set(params) - _FIELDS:
        return f"a read carries other parameters ({', '.join(sorted(odd))})"
    return None


WRITES = (Write("POST", "/info", in_body=True, flaw=read_flaw, exact=False, json=True),)
"""The only request that leaves: /exchange, where orders go, is none of them."""
