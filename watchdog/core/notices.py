"""What a whole read shows of an account beside its risk: figures that disagree, other modes, debts."""

from __future__ import annotations

from rpds import HashTrieMap

from watchdog.alerts import debts, disagreement, modes
from watchdog.alerts.desk import Desk
from watchdog.core.state import State
from watchdog.domain.changed import replace
from watchdog.domain.facts import Instant
from watchdog.domain.gather import Out
from watchdog.domain.position import AccountRead


def look(before: AccountRead | None, state: State, desk: Desk, out: Out, now: Instant) -> State:
    """After a read was taken in; `before`: the read before it, None for the first of this process."""
    read, book = state.read, state.book
    if read is None or book is None:
        return state
    counts = disagreement.look(
        state.disagreeing,
        book,
        state.who.venue,
        state.markets,
        state.doubted,
        desk,
        now,
        unsure=bool(state.vanished),
    )
    was = state.modes
    set_as = modes.look(was, read, state.vanished, state.who.venue, desk)
    if before is None and was is not None:
        lost = debts.lost_since(was.positions, read, now.wall)
    else:
        lost = debts.lost_between(before, read, now.wall)
    seen = debts.Now(read, book, state.who.venue, state.who.zone, state.read_wall)
    owed = debts.look(state.debts, lost, seen, desk, now)
    if set_as != was:
        out.keep("modes", "self", modes.to_json(set_as))
    if state.debts is None or (owed.told, owed.lost) != (state.debts.told, state.debts.lost):
        out.keep("debts", "self", debts.to_json(owed))
    return replace(state, disagreeing=HashTrieMap(counts), modes=set_as, debts=owed)
