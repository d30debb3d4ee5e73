"""Three accounts on three venues, watched by one daemon: one table, the same columns, each with what is not watched."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from aiohttp import web

from tests.endtoend.daemon import House, Paper, command, house, rules
from tests.venues.hyperliquid.shop import WALLET, Shop, answers
from tests.venues.okx.build import saved
from tests.venues.okx.desk import HEDGE, KEY, PHRASE, SECRET, Desk

NAMES = ("main", "alt", "chain")
HEADS = ("account", "position", "entry", "liq venue", "difference", "equity", "uPnL", "stop")
SETTINGS = """
state_dir = "state"

[channel.console]
type = "console"
format = "json"

[account.main]
venue        = "binanceusdm"
base_url     = "{main}"
api_key_file = "{keys}/paper.key"
secret_file  = "{keys}/paper.secret"
poll         = "2s"

[account.alt]
venue           = "okx"
base_url        = "{alt}"
api_key_file    = "okx.key"
secret_file     = "okx.secret"
passphrase_file = "okx.passphrase"
poll            = "2s"

[account.chain]
venue    = "hyperliquid"
base_url = "{chain}"
wallet   = "{wallet}"
poll     = "2s"
"""


@asynccontextmanager
async def served(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A server on loopback; its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def settings(home: House, paper: Paper, alt: str, chain: str) -> None:
    """watchdog.toml, and OKX's three files, which only their owner may read."""
    for name, secret in (("key", KEY), ("secret", SECRET), ("passphrase", PHRASE)):
        path = home.folder / f"okx.{name}"
        path.write_text(f"{secret}\n")
        path.chmod(0o600)
    text = SETTINGS.format(main=paper.url, keys=paper.keys, alt=alt, chain=chain, wallet=WALLET)
    (home.folder / "watchdog.toml").write_text(text)
    home.rules(rules("act"))


async def test_accounts_on_three_venues_stand_in_one_table() -> None:
    """The same keys and columns for all, the venues' own figures in them; what is only watched is never sent to."""
    desk, shop = Desk(), Shop(answers())
    async with house() as home, served(desk.handle) as alt, served(shop.answer) as chain:
        settings(home, await home.paper("main"), alt, chain)
        daemon = await home.daemon()
        await daemon.watches(*NAMES)
        as_json, as_table = await asyncio.gather(
            command(home.folder, "status", "--json"), command(home.folder, "status")
        )
        assert await daemon.stop() == 0
    assert [one[0] for one in (as_json, as_table)] == [0, 0]
    accounts = {one["account"]: one for one in json.loads(as_json[1])["accounts"]}
    assert list(accounts) == list(NAMES)
    same_keys(accounts)
    figures(accounts)
    one_table(as_table[1], accounts)
    assert {(method, path) for method, path, _ in shop.asked} == {("POST", "/info")}
    secrets = (KEY, SECRET, PHRASE, WALLET)
    said = "\n".join([*daemon.out, *daemon.err, as_json[1], as_table[1]])
    assert not [one for one in secrets if one in said]


def same_keys(accounts: dict[str, Any]) -> None:
    """An account, a position and a pool say the same things about themselves wherever they are."""
    rows = [row for one in accounts.values() for row in one["positions"]]
    pools = [pool for one in accounts.values() for pool in one["pools"]]
    assert {len(one["positions"]) for one in accounts.values()} == {2}
    for several in (list(accounts.values()), rows, pools):
        assert len(several) >= len(NAMES)
        assert len({tuple(one) for one in several}) == 1
    assert all("value" in row["mark"] and row["mark"]["unit"] == "price" for row in rows)
    assert all(Decimal(row["margin_ratio"]["value"]) > 0 for row in rows)


def figures(accounts: dict[str, Any]) -> None:
    """Read right through ccxt, daemon, socket and command; and no order where none can be sent yet."""
    recorded = saved(HEDGE)["expected"]["positions"]
    for row in accounts["alt"]["positions"]:
        wanted = recorded[f"{row['symbol']} {row['position_side']}"]
        for name in ("margin_ratio", "liquidation_venue", "liquidation_ours"):
            assert abs(Decimal(row[name]["value"]) / Decimal(wanted[name]) - 1) < Decimal("1e-12"), name
    assert {row["symbol"] for row in accounts["chain"]["positions"]} == {"BTC/USDC:USDC", "XYZ-TSLA/USDC:USDC"}
    assert accounts["main"]["sends"] == "yes"
    for name, venue in (("alt", "OKX"), ("chain", "Hyperliquid")):
        assert (accounts[name]["mode"], accounts[name]["sends"]) == ("watch", f"no stop can be placed on {venue} yet")


def one_table(text: str, accounts: dict[str, Any]) -> None:
    """One head, each position under it, each account's own line of what is not watched."""
    lines = text.splitlines()
    [head] = [number for number, line in enumerate(lines) if line.startswith("account ")]
    assert [one for one in HEADS if one in lines[head]] == list(HEADS)
    starts = [lines[head].index(one) for one in HEADS[:2]]
    for name in NAMES:
        for row in accounts[name]["positions"]:
            [line] = [line for line in lines[head:] if line.startswith(f"{name} ") and row["symbol"] in line]
            assert line.index(row["symbol"]) == starts[1]
        [unwatched] = [line for line in lines if line.startswith(f"  {name}: NOT watched: ")]
        assert "spot" in unwatched
