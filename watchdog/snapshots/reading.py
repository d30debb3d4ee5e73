"""From a snapshot to the account it shows, by its venue's rules. Imports ccxt."""

from __future__ import annotations

from typing import Any

from watchdog.domain.position import AccountRead
from watchdog.snapshots.document import Snapshot, SnapshotError
from watchdog.venues.answers import missing
from watchdog.venues.fields import PayloadError
from watchdog.venues.kind import Kind
from watchdog.venues.known import kind_of


class _Answers(dict[str, Any]):
    """Raw answers by name; one that is not there is a payload that says nothing."""

    def __missing__(self, name: str) -> Any:
        raise PayloadError(name, "is not there")


def account_of(snapshot: Snapshot, named: str) -> tuple[Kind, AccountRead]:
    """The venue's kind, and the account as it was; its readings carry the time 0.

    Raises SnapshotError: `named`, and what is wrong with it.
    """
    kind = kind_of(snapshot.venue)
    payloads = _Answers(snapshot.payloads or snapshot.unread)
    try:
        return kind, _read(kind, payloads, pages=snapshot.folder)
    except PayloadError as error:
        why = str(error)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A file can hold what no venue sends and its rules did not think of: that is the file's fault, and a sentence.
        why = f"the answers have a form that {kind.name} does not send ({type(error).__name__}: {error})"
    lacking = missing(snapshot.venue, payloads) if snapshot.folder else []
    if lacking:
        files = ", ".join(f"{name.replace('/', '__')}.json" for name in lacking)
        why += f"; missing: {files} (__ stands for /; a folder does as well)"
    raise SnapshotError(f"{named}: {why}")


def _read(kind: Kind, payloads: _Answers, *, pages: bool) -> AccountRead:
    """`pages`: an answer that stands alone where a list of pages is due is the only page."""
    while True:
        try:
            return kind.read(payloads, 0.0)
        except PayloadError as error:
            alone = payloads.get(error.field)
            if not pages or not isinstance(alone, dict) or not error.problem.startswith("a list was due"):
                raise
            payloads[error.field] = [alone]
