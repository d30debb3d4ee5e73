"""Sending, finding and cancelling stops on Binance USD-M futures, and what its answers make of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from watchdog.domain.facts import Answer, Confirmed, Finished, NotFound, Rejected, Unresolved
from watchdog.domain.position import StopOrder
from watchdog.venues.binanceusdm import outcomes, rules, wire
from watchdog.venues.binanceusdm.listing import Listing
from watchdog.venues.client import BinanceUsdmClient
from watchdog.venues.errors import AnswerError, GuardError, NoAnswerError, ReadsStoppedError
from watchdog.venues.fields import PayloadError
from watchdog.venues.guard import intending

NAME = "Binance"


class Orders:
    """The orders of one account. `client` never waits for the budget; `set_clock` signs with the venue's time."""

    def __init__(
        self, client: BinanceUsdmClient, listing: Callable[[], Listing], set_clock: Callable[[], Awaitable[None]]
    ) -> None:
        self._client = client
        self._listing = listing
        self._set_clock = set_clock

    async def place(self, order: StopOrder) -> Answer:
        """Send a stop: Confirmed with the stop as Binance shows it, Rejected, or Unresolved."""
        market = (self._client.markets or {}).get(order.symbol)
        if market is None:
            return Rejected("unlisted", f"{order.symbol} is not in {NAME}'s listing; nothing was sent")
        params = wire.stop_params(order, market["id"])
        answer = await self._write(self._client.fapiPrivatePostAlgoOrder, params)
        if not isinstance(answer, Mapping):
            return answer
        outcome = self._order_stands(answer, order.client_id)
        if isinstance(outcome, Finished):
            return Unresolved(f"accepted, and at once {outcome.status}: to be looked up")
        return outcome

    async def look_up(self, client_id: str) -> Answer:
        """Find an order by client id: Confirmed (it rests), Finished, NotFound, or Unresolved."""
        answer = await self._write(self._client.fapiPrivateGetAlgoOrder, {"clientAlgoId": client_id})
        if isinstance(answer, Rejected):
            if answer.code in outcomes.NO_SUCH_ORDER:
                return NotFound()
            return Unresolved(f"could not be looked up: {answer.code}: {answer.message}")
        return answer if not isinstance(answer, Mapping) else self._order_stands(answer, client_id)

    async def cancel(self, client_id: str) -> Answer:
        """Cancel an order by client id: Confirmed, NotFound, Rejected or Unresolved."""
        answer = await self._write(self._client.fapiPrivateDeleteAlgoOrder, {"clientAlgoId": client_id})
        if isinstance(answer, Rejected) and answer.code in outcomes.NO_SUCH_ORDER:
            return NotFound()
        if not isinstance(answer, Mapping):
            return answer
        if answer.get("clientAlgoId") != client_id:
            return Unresolved("the answer does not name the order")
        return Confirmed()

    async def _write(
        self, call: Callable[..., Awaitable[Any]], params: dict[str, str]
    ) -> Mapping[str, Any] | Rejected | Unresolved:
        """Send one request about an order, and once more if only our clock was off: the first was surely refused."""
        answer = await self._write_once(call, params)
        if isinstance(answer, Rejected) and answer.code in outcomes.CLOCK_OFF:
            try:
                await self._set_clock()
            except (AnswerError, NoAnswerError, ReadsStoppedError):
                return answer
            return await self._write_once(call, params)
        return answer

    async def _write_once(
        self, call: Callable[..., Awaitable[Any]], params: dict[str, str]
    ) -> Mapping[str, Any] | Rejected | Unresolved:
        try:
            with intending(params):
                answer = await call(dict(params))
        except GuardError as error:
            return Rejected("guard", str(error))
        except AnswerError as error:
            return outcomes.classify(error.http, error.code, error.message)
        except NoAnswerError as error:
            return Unresolved(error.reason)
        if not isinstance(answer, Mapping):
            return Unresolved("the answer is no order")
        return answer

    def _order_stands(self, answer: Mapping[str, Any], client_id: str) -> Confirmed | Finished | Unresolved:
        try:
            status, stop = rules.read_order(answer, self._listing())
        except PayloadError as error:
            return Unresolved(f"the answer cannot be read: {error}")
        if stop.client_id != client_id:
            return Unresolved("the answer is of another order")
        if status == rules.RESTING:
            return Confirmed(stop)
        if status in rules.FINISHED:
            return Finished(status)
        return Unresolved(f"the answer says {status[:40]!r}, which we do not know")
