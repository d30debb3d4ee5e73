"""The table of `watchdog status`: accounts on different venues side by side, the same columns, the same meaning."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO
from typing import Any

from rich.console import Console

from tests.core.bench import BTC, Bench, account, d, foreign, position, shipped
from watchdog import report
from watchdog.cli import tables
from watchdog.domain.reading import Known

HELD = position()


def shown(*benches: Bench, width: int = 100) -> list[str]:
    """The lines in a terminal of so many columns."""
    answer: Any = {"accounts": [report.status(bench.state, bench.now) for bench in benches], "channels": []}
    console = Console(width=width, file=StringIO(), force_terminal=True, color_system=None)
    tables.show(tables.status(json.loads(json.dumps(answer))), console)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def two() -> tuple[Bench, Bench]:
    """One on Binance with a stop, one on Bybit without."""
    main = Bench.with_rules(shipped("watch"), unwatched="spot")
    liquidation = Known(d("80010"), "price", "venue", 0.0)
    main.read(account(replace(HELD, venue_liquidation=liquidation), stops=[foreign("94000")]))
    alt = Bench.with_rules(shipped("watch"), account="alt", venue="bybit", unwatched="options")
    alt.read(account(position(margin=None), wallet="9000"))
    return main, alt


def test_one_table_over_all_accounts() -> None:
    """One heading; entry over mark, the venue's price over ours, difference, equity over ratio, stop, read time."""
    lines = shown(*two())
    (head,) = [number for number, line in enumerate(lines) if line.startswith("account ")]
    columns = [re.split(r"  +", line) for line in lines[head : head + 6]]
    assert columns == [
        ["account", "position", "entry", "liq venue", "difference", "equity", "uPnL", "stop"],
        ["read", "margin", "mark", "liq ours", "away", "ratio", "room used", "covered"],
        ["main", BTC, "100,000.0", "80,010.0", "-10,351.4", "5,000.00", "0.00", "94,000.0"],
        ["20:49:00 UTC", "long 0.500 isolated", "100,000.0", "90,361.4", "9.6%", "4.0%", "0.0%", "100.0%"],
        ["alt", BTC, "100,000.0", "UNKNOWN", "UNKNOWN", "9,000.00", "0.00", "NONE"],
        ["20:49:00 UTC", "long 0.500 cross", "100,000.0", "82,329.3", "17.7%", "2.2%", "0.0%", "0.0%"],
    ]
    assert max(map(len, lines[head : head + 6])) <= 100


def test_no_figure_is_ever_cut() -> None:
    """Where the terminal is too narrow the table is wider than it: half a price would be another price."""
    assert not any("…" in line for line in shown(*two(), width=40))
    assert max(map(len, shown(*two(), width=40))) > 80


def test_what_else_there_is_names_its_account() -> None:
    """Stops, pools, what is owed, what is not watched: each with the account where there are two."""
    main, alt = two()
    alt.after(5).read(replace(account(position(margin=None), wallet="9000"), debts={"USDT": d("12.5")}))
    text = "\n".join(shown(main, alt))
    assert f"  main: stop on {BTC} long: yours 94,000.0 on mark, 0.500: closes the whole position" in text
    assert "  alt: pool USDT: equity 9,000.00 USDT, maintenance" in text
    assert "  alt: OWES the venue 12.5 USDT" in text
    assert "  main: NOT watched: spot" in text
    assert "  alt: NOT watched: options" in text
    alone = "\n".join(shown(main))
    assert "  NOT watched: spot" in alone
