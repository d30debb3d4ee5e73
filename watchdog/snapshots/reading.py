"""From a snapshot to the account it shows, by its venue's rules. Imports ccxt."""

from __future__ import annotations

from typing import Any

from watchdog.domain.position import AccountRead
from watchdog.snapshots.document import Snapshot, SnapshotError
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
    try:
        return kind, kind.read(_Answers(snapshot.payloads), 0.0)
    except PayloadError as error:
        why = str(error)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A file can hold what no venue sends and its rules did not think of: that is the file's fault, and a sentence.
        why = f"the answers have a form that {kind.name} does not send ({type(error).__name__}: {error})"
    raise SnapshotError(f"{named}: {why}")
