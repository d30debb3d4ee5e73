"""The state of one account: all the core remembers between two steps. Immutable; `core.step` makes the next one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from rpds import HashTrieMap

from watchdog.alerts.debts import Debts
from watchdog.alerts.debts import from_json as debts_from_json
from watchdog.alerts.debts import to_json as debts_to_json
from watchdog.alerts.lifecycle import Alert
from watchdog.alerts.lifecycle import from_json as alert_from_json
from watchdog.alerts.lifecycle import to_json as alert_to_json
from watchdog.alerts.modes import Modes
from watchdog.alerts.modes import from_json as modes_from_json
from watchdog.alerts.modes import to_json as modes_to_json
from watchdog.alerts.silence import Silence
from watchdog.alerts.silence import from_json as silence_from_json
from watchdog.alerts.silence import to_json as silence_to_json
from watchdog.alerts.tiers import Changing
from watchdog.domain.changed import replace
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.market import Market
from watchdog.domain.position import AccountRead, Position, PositionKey, Stop
from watchdog.domain.reading import Known, Never
from watchdog.protection.guard import Guard, guard_key
from watchdog.protection.guard import from_json as guard_from_json
from watchdog.protection.guard import to_json as guard_to_json
from watchdog.risk import Book, PositionRisk, StreamedMark
from watchdog.rules.schema import Mode, Ruleset

FRESH = 30.0
"""Seconds for which a snapshot may be acted on and judged; older, all that follows from it is unknown."""

BUSY = 5.0
"""Seconds for which frames that overtake each read may hold up acting: an account where a bot trades all the time
has always a frame that is newer, and is protected by the last read all the same."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this account is: fixed for the life of the process."""

    account: str
    venue: str
    installation: str
    cap: Mode = Mode.ACT
    """The account's own setting in watchdog.toml: its mode is never less cautious than this."""
    poll: float = 10.0
    """Seconds between two full reads."""
    zone: tzinfo | None = None
    """For words; None: the machine's."""
    only_watched: str = ""
    """Why no order goes to its venue whatever the rules say (`cap` is WATCH then); empty where orders can be sent."""
    unwatched: str = ""
    """What of an account on this venue is never looked at, in words."""


@dataclass(frozen=True, slots=True)
class Reads:
    """How reading goes. All times monotonic seconds."""

    in_flight: float | None = None
    owed: str = ""
    """Why another read is wanted, empty when none is."""
    urgent: bool = False
    """Somebody waits for it: it does not wait out a failed one's back-off."""
    next_at: float = 0.0
    failures: int = 0
    limited: bool = False
    """The last one failed because we asked too often: none begins before `next_at`."""
    why_failed: str = ""
    why_slow: str = ""
    """Why the one in flight takes long, where that is known."""
    failing_since: float | None = None
    """Wall time of the first of these failures."""
    last_began: float = -1.0
    last_good: float = 0.0
    """When the last complete read began; the start of the process before there was one."""
    ever: bool = False
    """Whether there was one."""
    frame_at: float = -1.0
    """When the last account frame came: a snapshot that began before it is old."""
    overtaken: float | None = None
    """When the first read began of those in a row that a frame overtook; None when the last one was not."""
    order_at: float = -1.0
    """When an order request last began or ended."""
    orders_open: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """One account, between two steps."""

    who: Identity
    rules: Ruleset
    reads: Reads
    read: AccountRead | None = None
    book: Book | None = None
    stops: Mapping[str, tuple[Stop, ...]] = field(default_factory=dict)
    """What rests, by symbol."""
    read_wall: float = 0.0
    """The wall time at which `read` was complete: for words."""
    markets: Mapping[str, Market] = field(default_factory=dict)
    changing: Mapping[PositionKey, Changing] = field(default_factory=dict)
    """By position, maintenance tiers that are new and not confirmed yet."""
    disagreeing: Mapping[str, int] = field(default_factory=dict)
    """By position and pool, in how many reads in a row the venue's figures and ours were apart, or agreed (below 0)."""
    modes: Modes | None = None
    """How the account and its positions were set when last read, by whatever process; None: nothing is known of it."""
    debts: Debts | None = None
    """What was owed, likewise."""
    held: HashTrieMap[PositionKey, Position] = field(default_factory=HashTrieMap)
    """Positions as last seen, a vanished one until a second read says it is closed."""
    vanished: HashTrieMap[PositionKey, float] = field(default_factory=HashTrieMap)
    """The ones the last read no longer shows, with the time at which the first such read ended (infinite: none did
    yet); after a restart also what was held before it, until a read has shown it or two have not."""
    gone: HashTrieMap[PositionKey, PositionRisk] = field(default_factory=HashTrieMap)
    """What was last seen of the vanished ones, where this process has seen them."""
    unknown: HashTrieMap[PositionKey, float] = field(default_factory=HashTrieMap)
    """The monotonic time since when a position's distance or margin ratio is unknown, of those whose are."""
    guards: HashTrieMap[PositionKey, Guard] = field(default_factory=HashTrieMap)
    alerts: HashTrieMap[str, Alert] = field(default_factory=HashTrieMap)
    silences: HashTrieMap[str, Silence] = field(default_factory=HashTrieMap)
    """What is not said for a while, by the key of its subject. It is no business of anything that acts."""
    marks: HashTrieMap[str, StreamedMark] = field(default_factory=HashTrieMap)
    """Per symbol the last streamed mark price, and when it came."""
    streamed: frozenset[str] = frozenset()
    act_from: float | None = None
    """Wall time from which an account in `act` may act (`first_act_after`); None: it is not in `act`, or was not read
    yet since it is."""
    disarmed_until: float | None = None
    """Wall time."""
    store_failed: bool = False
    unsaved: frozenset[tuple[str, str]] = frozenset()
    """Kind and key of what could not be remembered, or forgotten, while the store failed."""
    barred: str = ""
    """Why the account can't be used at all, empty when it can."""
    key: str = ""
    """What the account's key may do, in words; empty until the venue was reached."""
    other_instance: str = ""
    """The id of another watchdog's order seen on our positions: this one then sends nothing."""
    wake: float | None = None
    """The monotonic time last asked for."""

    def fresh(self, mono: float) -> bool:
        """Whether the last snapshot is young enough to judge by."""
        return self.book is not None and mono - self.reads.last_good < FRESH

    def actable(self, mono: float) -> bool:
        """Whether it may also be acted on: fresh, and no account frame is newer (or there always is one: BUSY)."""
        reads = self.reads
        busy = reads.overtaken is not None and reads.last_good - reads.overtaken >= BUSY
        return self.fresh(mono) and (busy or reads.frame_at < reads.last_good)

    def doubted(self, asset: str | None) -> bool:
        """Whether a position that may share margin in this pool has vanished: the rest says nothing of the pool."""
        if asset is None:
            return False
        gone = (self.held.get(key) for key in self.vanished)
        return any(position is None or position.pool == asset for position in gone)

    @property
    def tried(self) -> bool:
        """Whether a read is over, well or not, or there will be none."""
        return self.reads.ever or self.reads.failures > 0 or bool(self.barred)

    def asks_until(self, wall: float) -> float | None:
        """Wall time until which an account that is new to `act` only asks; None: it is not new, or not in `act`."""
        if self.mode is not Mode.ACT:
            return None
        until = wall + self.rules.first_act_after if self.act_from is None else self.act_from
        return until if wall < until else None

    @property
    def mode(self) -> Mode:
        """The account's mode before any rule's own."""
        return self.rules.mode_for(self.who.account, self.who.cap, None)


def worst_first(book: Book) -> list[PositionRisk]:
    """The positions, nearest to liquidation first: the unknown before all others, those that can't be last."""

    def danger(risk: PositionRisk) -> tuple[float, PositionKey]:
        reading = risk.liquidation_distance
        if isinstance(reading, Known):
            return float(reading.value), risk.position.key
        return (math.inf if isinstance(reading, Never) else -1.0), risk.position.key

    return sorted(book.positions.values(), key=danger)


def account_json(state: State) -> str:
    """What is remembered of the account itself."""
    return json.dumps({"act_from": state.act_from, "disarmed_until": state.disarmed_until}, sort_keys=True)


def remember_all(state: State, out: Out) -> None:
    """Save everything anew: the store could not be written for a while. What is over is forgotten now."""
    for key, alert in sorted(state.alerts.items()):
        out.keep("alert", key, alert_to_json(alert) if alert.firing else None)
    for _, guard in sorted(state.guards.items()):
        out.keep("guard", guard_key(guard.key), guard_to_json(guard))
    for key, silence in sorted(state.silences.items()):
        out.keep("silence", key, silence_to_json(silence))
    out.keep("account", "self", account_json(state))
    if state.modes is not None:
        out.keep("modes", "self", modes_to_json(state.modes))
    if state.debts is not None:
        out.keep("debts", "self", debts_to_json(state.debts))
    for kind, key in sorted(state.unsaved):
        if (kind == "alert" and key not in state.alerts) or (kind == "silence" and key not in state.silences):
            out.keep(kind, key, None)


def restore(who: Identity, rules: Ruleset, stored: Mapping[str, Mapping[str, str]], now: Instant) -> State:
    """The state as an earlier process left it: alerts still fire, ids of open blocks are still to be looked up.

    What was held then is held until two reads do not show it: one empty answer must not cancel a stop.
    """
    state = State(who=who, rules=rules, reads=Reads(next_at=now.mono, last_good=now.mono))
    alerts = {key: alert_from_json(key, text, now) for key, text in stored.get("alert", {}).items()}
    guards = [guard_from_json(text, now) for text in stored.get("guard", {}).values()]
    silences = [silence_from_json(text) for text in stored.get("silence", {}).values()]
    account = json.loads(stored.get("account", {}).get("self", "{}"))
    modes, debts = (stored.get(kind, {}).get("self") for kind in ("modes", "debts"))
    return replace(
        state,
        alerts=HashTrieMap(alerts),
        silences=HashTrieMap({silence.key: silence for silence in silences}),
        guards=HashTrieMap({guard.key: guard for guard in guards}),
        vanished=HashTrieMap({guard.key: math.inf for guard in guards if guard.expects}),
        act_from=account.get("act_from"),
        disarmed_until=account.get("disarmed_until"),
        modes=None if modes is None else modes_from_json(modes),
        debts=None if debts is None else debts_from_json(debts),
    )
