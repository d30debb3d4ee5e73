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
from watchdog.domain.facts import Opened
from watchdog.domain.position import Terms
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
        ["main", BTC, "100,000.0", "80,010.0", "-10,351.4", "5,000.00 USDT", "0.00 USDT", "94,000.0"],
        ["20:49:00", "long 0.500 isolated", "100,000.0", "90,361.4", "9.6%", "4.0%", "0.0%", "100.0%"],
        ["alt", BTC, "100,000.0", "UNKNOWN", "UNKNOWN", "9,000.00 USDT", "0.00 USDT", "NONE"],
        ["20:49:00", "long 0.500 cross", "100,000.0", "82,329.3", "17.7%", "2.2%", "0.0%", "0.0%"],
    ]
    assert max(map(len, lines[head : head + 6])) <= 100


def test_no_figure_is_ever_cut() -> None:
    """Where the terminal is too narrow the table is wider than it: half a price would be another price."""
    assert not any("…" in line for line in shown(*two(), width=40))
    assert max(map(len, shown(*two(), width=40))) > 80


def test_a_ratio_that_only_reads_move_has_its_time() -> None:
    """The venue's alone, as in portfolio margin: a mark moves all else, and the ratio says when it was read."""
    bench = Bench.with_rules(shipped("watch"), venue="binanceusdm")
    held = replace(position(margin=None), terms=Terms(unreckoned="portfolio margin"))
    read = account(held, wallet="9000")
    theirs = replace(read.balances[0], venue_ratio=Known(d("0.25"), "share", "venue", 0.0))
    bench.read(replace(read, balances=(theirs,)))
    bench.after(7)
    bench.mark(BTC, "99000")
    (line,) = [line for line in shown(bench, width=200) if line.startswith("  pool ")]
    assert (
        ", ratio 25.0% (theirs alone, read 20:49:00 UTC), how far all its prices may move together is UNKNOWN" in line
    )
    (ours,) = [line for line in shown(two()[1], width=200) if line.startswith("  pool ")]
    assert "theirs alone" not in ours


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


def test_money_of_a_coin_has_its_places_and_its_name() -> None:
    """A loss of 0.0041 BTC is not -0.00, a loss that is rounded away has no sign, dollars keep two places."""

    def said(value: str, money: str) -> str:
        return tables.reading({"value": value, "unit": "money", "source": "ours"}, money=money).plain

    assert said("-0.0041", "BTC") == "-0.0041 BTC"
    assert said("0.0123456789", "BTC") == "0.01234568 BTC"
    assert said("-0.000000001", "BTC") == "0 BTC"
    assert (said("-1234.567", "USDT"), said("-0.001", "USD")) == ("-1,234.57 USDT", "0.00 USD")


def pool_line(**parts: Any) -> str:
    """The line of a pool with these parts."""
    unknown = {"unknown": "not given"}
    whole = {"asset": "account", "money": "USD", "equity": unknown, "maintenance": unknown, "margin_ratio": unknown}
    bench = Bench.with_rules(shipped("watch"))
    bench.read(account())
    answer: Any = report.status(bench.state, bench.now)
    answer["venue"] = "okx"
    answer["pools"] = [whole | {"shock_distance": unknown} | parts]
    console = Console(width=200, file=StringIO())
    tables.show(tables.status({"accounts": [answer]}), console)
    assert isinstance(console.file, StringIO)
    (line,) = [line for line in console.file.getvalue().splitlines() if line.startswith("  pool ")]
    return line.rstrip()


def test_what_is_not_known_of_a_pool_has_no_unit_and_never_is_a_sentence() -> None:
    """UNKNOWN is no number of dollars; "never away" says nothing."""
    known = pool_line(shock_distance={"value": "0.282", "unit": "share", "source": "ours"})
    assert known.endswith("equity UNKNOWN, maintenance UNKNOWN, ratio UNKNOWN, a common move of 28.2% liquidates it")
    never = pool_line(shock_distance={"never": "a hedge"})
    assert never.endswith(", no common move of its prices liquidates it")


def test_the_venue_s_maintenance_stands_before_ours() -> None:
    """Ours may be of a part of the account only; both are named where the venue gives one."""
    both = pool_line(
        maintenance={"value": "201.65", "unit": "money", "source": "ours"},
        venue_maintenance={"value": "2000", "unit": "money", "source": "venue"},
    )
    assert ", maintenance 2,000.00 USD (venue) / 201.65 USD (ours), ratio" in both


def test_a_ratio_is_also_said_as_the_app_has_it() -> None:
    """OKX's, a unified Gate account's and uniMMR are the other way round: the larger the safer."""

    def shows(venue: str, modes: str) -> str:
        bench = Bench.with_rules(shipped("watch"), venue=venue)
        read = account(position(margin=None), wallet="9000")
        theirs = replace(read.balances[0], venue_ratio=Known(d("0.25"), "share", "venue", 0.0))
        bench.read(replace(read, balances=(theirs,), modes=replace(read.modes, words=modes)))
        (line,) = [line for line in shown(bench, width=300) if line.startswith("  pool ")]
        return line

    assert "ratio 25.0% (OKX shows margin ratio 400.0%), " in shows("okx", "futures mode")
    assert "ratio 25.0% (Binance shows uniMMR 4.20), " in shows("binanceusdm", "portfolio margin")
    assert " shows " not in shows("binanceusdm", "")
    assert "ratio 25.0% (Gate shows MMR 400.0%), " in shows("gate", "unified, multi-currency")
    assert " shows " not in shows("gate", "classic")


def test_what_the_key_may_do_is_said_of_each_account() -> None:
    """From the moment the venue was reached."""
    main, _ = two()
    assert "  key: " not in "\n".join(shown(main))
    main.put(Opened(withdraw=False, note="the key may trade, cannot withdraw, is bound to 1 address"))
    assert "  key: the key may trade, cannot withdraw, is bound to 1 address" in shown(main)
