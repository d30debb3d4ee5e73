"""Scenario files, and the crash the package carries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.paper.support import AVAX, BTC, D
from watchdog.paper.orders import AlgoType, NewAlgo
from watchdog.paper.scenario import CRASH, ScenarioError, load_scenario
from watchdog.paper.simulate import Playback, outcome, simulate
from watchdog.paper.values import Side, Working

GOOD = """
name = "mine"
[wallet]
USDT = 1000.5
[candles]
BTCUSDT = "btc.csv"
[[positions]]
symbol = "BTCUSDT"
side = "short"
size = "0.01"
leverage = 5
margin = "isolated"
[slippage]
base_bps = 0
range_share = "0"
"""
ROWS = "1760129340000,100000,100010,99000,99500\n1760129400000,99500,99500,99000,99100\n"


def a_file(folder: Path, text: str = GOOD, rows: str = ROWS) -> str:
    """A scenario file of one market."""
    (folder / "btc.csv").write_text(rows)
    (folder / "mine.toml").write_text(text)
    return str(folder / "mine.toml")


def test_the_crash_begins_as_it_says() -> None:
    """Two longs at exact prices; 14,000 left in the cross wallet; the liquidation prices that follow."""
    exchange = load_scenario(CRASH).exchange()
    account = exchange.account
    assert {p.symbol: (p.amount, p.entry) for p in account.open_positions()} == {
        AVAX: (D(5_000), D("26.5710")),
        BTC: (D(1), D("116836.70")),
    }
    assert account.cross_wallet("USDT") == D(14_000)
    prices = {p.symbol: account.liquidation_price(p) for p in account.open_positions()}
    assert prices == {AVAX: D("105759") / D("4925"), BTC: D("102836.7") / D("0.996")}


def test_the_crash_without_anybody_doing_anything() -> None:
    """Both are liquidated, worse than their bankruptcy prices, and all the money is gone."""
    ended = simulate(load_scenario(CRASH))
    avax, btc = ended.positions[AVAX], ended.positions[BTC]
    assert avax.liquidated
    assert btc.liquidated
    assert (avax.exit_price, btc.exit_price) == (D("21.393"), D("102762.3"))
    assert (avax.loss, btc.loss) == (D(26_571), D(14_000))
    assert (avax.owed, btc.owed) == (D("923.475"), D("1358.92875"))
    assert (avax.at_ms, btc.at_ms) == (1_760_130_988_000, 1_760_131_185_000)  # 21:16:28 and 21:19:45 UTC
    assert ended.wallets == {"USDT": D(0)}


def test_the_crash_with_stops_at_rest() -> None:
    """A stop on each, placed at the start, closes both before liquidation: a loss, nothing owed, money left."""
    scenario = load_scenario(CRASH)
    exchange = scenario.exchange()
    for symbol, size, trigger in ((AVAX, "5000", "23.513"), (BTC, "1", "108684.5")):
        exchange.place_algo(
            NewAlgo(
                symbol, Side.SELL, AlgoType.STOP_MARKET, D(trigger), D(size), working=Working.MARK, reduce_only=True
            )
        )
    playback = Playback(exchange, scenario.tape)
    while playback.step():
        pass
    ended = outcome(exchange)
    assert not exchange.liquidations
    assert [row.owed for row in ended.positions.values()] == [0, 0]
    avax = ended.positions[AVAX].exit_price
    assert avax is not None
    assert D(23) < avax < D("23.513")
    total = sum(row.loss for row in ended.positions.values())
    assert ended.wallets["USDT"] == D(40_571) - total
    assert D(15_000) < ended.wallets["USDT"]


def test_the_same_run_twice() -> None:
    """The same scenario ends the same way to the last digit."""
    scenario = load_scenario(CRASH)
    assert simulate(scenario) == simulate(scenario)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """A TOML file and its candles by path."""
    scenario = load_scenario(a_file(tmp_path))
    assert len(scenario.tape) == 120
    ended = simulate(scenario)
    assert ended.positions[BTC].open
    assert scenario.exchange().account.position(BTC).amount == D("-0.01")


def test_a_mark_of_its_own(tmp_path: Path) -> None:
    """Mark and last price part where the mark has candles of its own."""
    (tmp_path / "mark.csv").write_text(ROWS.replace("99000", "98000"))
    text = GOOD.replace("[[positions]]", '[mark_candles]\nBTCUSDT = "mark.csv"\n[[positions]]')
    tape = load_scenario(a_file(tmp_path, text)).tape
    lows = min(row[BTC].mark for row in tape.rows), min(row[BTC].last for row in tape.rows)
    assert lows == (D(98_000), D(99_000))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("size =", "sise ="), r"mine\.toml: positions\.0\.size: Field required"),
        (('"0.01"', '"-1"'), r"positions\.0\.size: Input should be greater than 0"),
        (('"0.01"', '"0.0005"'), r"positions\.0\.size: 0\.0005 is not a multiple of 0\.001"),
        (("leverage = 5", "leverage = 500"), "positions: the venue would refuse them"),
        (("1000.5", "10"), "positions: the venue would refuse them"),
        (('symbol = "BTCUSDT"', 'symbol = "XUSDT"'), r"positions\.0\.symbol: there is no candles\.XUSDT"),
        (("BTCUSDT = ", "XYZUSDT = "), r"candles\.XYZUSDT: this market is unknown"),
        (("btc.csv", "gone.csv"), r"candles\.BTCUSDT: .*gone\.csv: cannot be read"),
        (("USDT = 1000.5", "USDT = true"), r"wallet\.USDT"),
        (('name = "mine"', "name = "), r"mine\.toml: .*line 2"),
    ],
)
def test_a_bad_file_is_named_with_its_field(tmp_path: Path, wrong: tuple[str, str], said: str) -> None:
    """Each mistake is one sentence that names file and field."""
    with pytest.raises(ScenarioError, match=said):
        load_scenario(a_file(tmp_path, GOOD.replace(*wrong, 1)))


def test_a_missing_file() -> None:
    """A name that is neither carried nor a file."""
    with pytest.raises(ScenarioError, match="nowhere: there is no such scenario or file"):
        load_scenario("nowhere")


def test_a_bad_candle_is_named(tmp_path: Path) -> None:
    """Through the scenario too: file, field, candle file, line."""
    with pytest.raises(ScenarioError, match=r"candles\.BTCUSDT: .*btc\.csv:1: not a number"):
        load_scenario(a_file(tmp_path, rows="a,1,1,1,1"))
