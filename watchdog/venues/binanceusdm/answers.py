"""Waits for the answers of a read, and says in words why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from watchdog.venues.base import ReadError
from watchdog.venues.errors import AnswerError, NoAnswerError, ReadsStoppedError

NAME = "Binance"


class AnsweredError(ReadError):
    """A read that Binance answered with an error."""

    def __init__(self, name: str, error: AnswerError) -> None:
        super().__init__(f"{NAME}, {name}: {error}", error.retry_after, limited=error.limited)
        self.http = error.http
        self.code = error.code
        self.said = str(error)


async def read_answer(name: str, call: Callable[..., Awaitable[Any]]) -> Any:
    """Make a read; ReadError naming it when no answer comes."""
    try:
        return await call()
    except AnswerError as error:
        failure: ReadError = AnsweredError(name, error)
    except NoAnswerError as error:
        failure = ReadError(f"{NAME}, {name}: {error.reason}")
    except ReadsStoppedError as error:
        failure = ReadError(error.reason, error.retry_after, limited=True)
    raise failure


async def together(*reads: Awaitable[Any]) -> list[Any]:
    """All answers, or the first error; whatever is still under way is then let go."""
    tasks = [asyncio.ensure_future(one) for one in reads]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
