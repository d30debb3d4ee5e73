"""What can go wrong between us and a venue, in words fit for a message: no key, no signature, no URL."""

from __future__ import annotations

TOO_MANY = frozenset({418, 429})
"""HTTP statuses that say that this address asked too often, or is banned for it."""


class AnswerError(Exception):
    """The venue answered, and not with what was asked for.

    `http` is the status, `code` the venue's own raw code where the body held one, `retry_after` the seconds it asked
    us to wait. `limited`: it says that we, or others at this address, ask too often; every venue has words of its own
    for that. What it means for an order is decided by the venue's rules from these, never by ccxt's class.
    """

    def __init__(
        self, http: int, code: str | None, message: str, retry_after: float | None = None, *, limited: bool = False
    ) -> None:
        said = f"{code}: {message}" if code is not None else message
        super().__init__(f"HTTP {http}, {said}" if said else f"HTTP {http}")
        self.http = http
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.limited = limited or http in TOO_MANY


class NoAnswerError(Exception):
    """Nothing came that can be read as an answer: a time-out, a cut connection, an empty or foreign body."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReadsStoppedError(Exception):
    """The venue told us to wait: no read leaves until then."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class GuardError(Exception):
    """A request we do not mean to send was stopped before it left this process."""


class LostError(Exception):
    """A stream could not be opened, or is over. `retry_after` is in seconds, where the venue named one."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
