"""What the tests of the venues that are only read share: payload files, broken payloads, a server on loopback."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web

from watchdog.clock import LoopClock
from watchdog.domain.position import AccountRead
from watchdog.domain.reading import Known, Never, Reading
from watchdog.risk import Book
from watchdog.venues.fields import PayloadError
from watchdog.venues.kind import Credentials, Kind
from watchdog.venues.polled import PolledVenue

AT = 5.0
CREDENTIALS = Credentials("public-key", "hush-secret", "hush-passphrase")
REFUSED = "refused"


def load(path: Path) -> Any:
    """A JSON file with exact numbers, as the client reads answers."""
    return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def number(reading: Reading) -> Decimal:
    """The number of a reading that must be one."""
    assert isinstance(reading, Known), reading
    return reading.value


def plain(reading: Reading) -> str:
    """A reading as the payload files write it: a number, `never` or `unknown`."""
    if isinstance(reading, Known):
        return str(reading.value)
    return "never" if isinstance(reading, Never) else "unknown"


def agrees(reading: Reading, expected: str) -> bool:
    """Whether a reading is what a payload file expects, to 12 digits."""
    if not isinstance(reading, Known) or expected in {"never", "unknown"}:
        return plain(reading) == expected
    there = Decimal(expected)
    return reading.value == there or abs(reading.value - there) <= abs(there) * Decimal("1e-12")


def check_payload(kind: Kind, case: Mapping[str, Any]) -> AccountRead:
    """Read a payload file's answers and hold every reading it names against it."""
    read = kind.read(case["payloads"], AT)
    book = Book.of(read, AT, {})
    expected = case["expected"]
    positions = {f"{key.symbol} {key.position_side}": risk for key, risk in book.positions.items()}
    assert set(positions) == set(expected["positions"])
    assert set(book.pools) == set(expected["pools"])
    for name, figures in expected["positions"].items():
        for figure, value in figures.items():
            of = positions[name].position if hasattr(positions[name].position, figure) else positions[name]
            _same(getattr(of, figure), value, f"{name} {figure}")
    for name, figures in expected["pools"].items():
        for figure, value in figures.items():
            _same(getattr(book.pools[name], figure), value, f"{name} {figure}")
    assert len(read.stops) == len(expected["stops"])
    for stop, wanted in zip(read.stops, expected["stops"], strict=True):
        for figure, value in wanted.items():
            _same(getattr(stop, figure) if figure not in _FLAGS else str(getattr(stop, figure)), value, figure)
    assert {coin: str(amount) for coin, amount in read.debts.items()} == expected.get("debts", {})
    assert read.modes.words == expected["words"]
    return read


_FLAGS = frozenset({"close_position", "reduce_only"})


def _same(value: Any, expected: str, name: str) -> None:
    if isinstance(value, Decimal):
        assert value == Decimal(expected), name
    elif isinstance(value, str | None):
        assert str(value) == expected, name
    else:
        assert agrees(value, expected), f"{name}: {value}, {expected} was due"


# -- broken payloads --------------------------------------------------------------------------------------------------

GONE: dict[str, Any] = {"dropped": None, "null": None, "empty": "", "not a number": "NaN", "a word": "seven"}
WRONG: dict[str, Any] = {"0": "0", "negative": "-7", "a list": [], "an object": {}, "true": True, "infinite": "1e99"}


_VALUED = {*GONE, "0"} - {"null"}
"""What is valued too, which takes longer than reading it."""


def leaves(payload: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value that is no object and no list."""
    if isinstance(payload, dict):
        for name, value in payload.items():
            yield from leaves(value, (*path, name))
    elif isinstance(payload, list):
        for index, value in enumerate(payload):
            yield from leaves(value, (*path, index))
    else:
        yield path


def broken(payloads: Any, path: tuple[Any, ...], how: str) -> Any:
    """The payloads with one value changed."""
    other = copy.copy(payloads)
    inner = other
    for step in path[:-1]:  # only what is on the way to it is copied
        inner[step] = copy.copy(inner[step])
        inner = inner[step]
    if how == "dropped" and isinstance(inner, dict):
        del inner[path[-1]]
    else:
        inner[path[-1]] = {**GONE, **WRONG}[how]
    return other


def ratios(read: AccountRead) -> dict[str, Reading]:
    """The margin ratio of every isolated position and every pool."""
    book = Book.of(read, AT, {})
    found: dict[str, Reading] = {name: pool.margin_ratio for name, pool in book.pools.items()}
    for key, risk in book.positions.items():
        found[f"{key.symbol} {key.position_side}"] = risk.margin_ratio
    return found


def fuzz(
    kind: Kind,
    payloads: Any,
    harmless: Callable[[tuple[Any, ...]], bool] = lambda _: False,
    rounded: Decimal = Decimal("1e-7"),
) -> Iterator[str]:
    """What breaking any one value brought that must not be; nothing when all is well.

    Only a PayloadError may come out. Where a value is gone, no ratio that is still told may be smaller than before,
    and no position may be missing. `harmless`: values that only make the venue's own figure unknown.
    `rounded`: the share by which the venue's own may be below ours, as it rounds its figures.
    """
    before = kind.read(payloads, AT)
    whole = ratios(before)
    for path in list(leaves(payloads)):
        for how in (*GONE, *WRONG):
            name = f"{how}: {'.'.join(map(str, path))}"
            try:
                read = kind.read(broken(payloads, path, how), AT)
            except PayloadError as error:
                if not error.field:
                    yield f"{name}: an error that names no field"
                continue
            except Exception as error:  # noqa: BLE001  (any of them is the finding)
                yield f"{name}: {type(error).__name__}: {error}"
                continue
            if read == before or how not in _VALUED:
                continue  # a value that nothing is read from
            found = ratios(read)
            if how in GONE and not harmless(path):
                yield from (f"{name}: {one}" for one in _smaller(whole, found, 1 - rounded))


def _smaller(whole: Mapping[str, Reading], found: Mapping[str, Reading], least: Decimal) -> Iterator[str]:
    for name, before in whole.items():
        now = found.get(name)
        if now is None:
            yield f"{name} is no longer listed"
        elif isinstance(now, Known) and isinstance(before, Known) and now.value < before.value * least:
            yield f"{name} fell from {before.value} to {now.value}"
        elif isinstance(now, Known) and not isinstance(before, Known):
            yield f"{name} became known"


# -- a server ---------------------------------------------------------------------------------------------------------

Answer = Callable[[web.Request], web.StreamResponse]


@dataclass
class Shelf:
    """Answers by path; `asked` is what came, with the query."""

    answers: dict[str, Any] = field(default_factory=dict)
    """A JSON value, or a function of the request."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What stands under the path; 404 for nothing."""
        self.asked.append((request.path, dict(request.query)))
        self.headers.append(dict(request.headers))
        self.methods.add(request.method)
        found = self.answers.get(request.path)
        if callable(found):
            made: web.StreamResponse = found(request)
            return made
        if found is None:
            return web.json_response({"label": "NOT_FOUND", "code": "404", "msg": "no such path"}, status=404)
        return says(found)

    def paths(self) -> set[str]:
        """Every path that was asked."""
        return {path for path, _ in self.asked}


def says(value: Any, status: int = 200) -> web.Response:
    """A JSON answer; decimals are written as numbers."""
    return web.Response(text=json.dumps(value, default=float), status=status, content_type="application/json")


def body(text: str, status: int = 200) -> web.Response:
    """An answer of any text."""
    return web.Response(text=text, status=status, content_type="text/html")


@asynccontextmanager
async def standing(
    kind: Kind, answers: dict[str, Any], credentials: Credentials = CREDENTIALS, **options: Any
) -> AsyncIterator[tuple[PolledVenue, Shelf]]:
    """An account on a server on loopback."""
    shelf = Shelf(answers)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", shelf.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    shelf.url = f"http://{host}:{port}"
    venue = PolledVenue(kind, "main", credentials, base_url=shelf.url, clock=LoopClock(), timeout=2.0, **options)
    try:
        yield venue, shelf
    finally:
        await venue.close()
        await runner.cleanup()
