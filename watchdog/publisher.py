"""Hands what is shown of each account to the channels that show it: the latest, at most once a second an account."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from watchdog import report
from watchdog.channels.base import Shows
from watchdog.clock import Clock, Timer
from watchdog.core.state import State

PAUSE_S = 1.0
"""Between two views of one account: what changes in between is in the next."""

_log = logging.getLogger(__name__)


class Publisher:
    """Makes the views, off the path on which orders are sent."""

    def __init__(self, channels: Iterable[object], clock: Clock) -> None:
        self._channels: tuple[Shows, ...] = tuple(one for one in channels if isinstance(one, Shows))
        self._clock = clock
        self._timers: dict[str, Timer] = {}

    def changed(self, account: str, state: Callable[[], State]) -> None:
        """The account has changed; `state` gives it as it is when the view is made."""
        if self._channels and account not in self._timers:
            at = self._clock.now().mono + PAUSE_S
            self._timers[account] = self._clock.call_at(at, lambda: self._show(account, state))

    def close(self) -> None:
        """Make no more views."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._channels = ()

    def _show(self, account: str, state: Callable[[], State]) -> None:
        self._timers.pop(account, None)
        try:
            view = report.view(state(), self._clock.now())
            for channel in self._channels:
                channel.show(view)
        except Exception:  # noqa: BLE001  (a mistake in showing must not touch watching)
            _log.exception("account %s: what is shown of it could not be made", account)
