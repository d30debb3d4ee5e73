"""Symbols that no venue lists, against what the venues list."""

from __future__ import annotations

import pytest

from tests.rules.broken import HEAD
from tests.rules.test_parse import parse
from watchdog.rules.listed import Listing, unlisted

SYMBOLS = ("BTC/USDT:USDT", "BCH/USDT:USDT", "BTT/USDT:USDT", "ETH/USDC:USDC", "BTC/USDT:USDT-261225")
HERE = {"main": Listing("binanceusdm", SYMBOLS)}


@pytest.mark.parametrize(
    ("selectors", "said"),
    [
        ('where.symbol = "BCTUSDT"', 'where of rule "r": binanceusdm lists no "BCTUSDT", did you mean "BTCUSDT"?'),
        (
            'except.symbol = "bct/usdt:usdt"',
            'except of rule "r": binanceusdm lists no "bct/usdt:usdt", did you mean "BTCUSDT"?',
        ),
        (
            'where.symbol = ["BTCUSDT", "ETHUSDT"]',
            'where of rule "r": binanceusdm lists no "ETHUSDT", did you mean "ETHUSDC"?',
        ),
        ('where.symbol = "ZZZZUSDT"', 'where of rule "r": binanceusdm lists no "ZZZZUSDT"'),
        ('where.symbol = ["BTCUSDT", "btc/usdt", "BTC/USDT:USDT-261225", "BTCUSDT_261225", "ETH/USDC"]', ""),
        ('where.symbol = "BCT*"', ""),
        ('where = { symbol = "BCTUSDT", account = "alt" }', ""),
    ],
)
def test_a_symbol_no_venue_lists_is_told(selectors: str, said: str) -> None:
    """In any spelling, with the near word; globs, and rules of other accounts, are left in peace."""
    notes = unlisted(parse(HEAD + selectors + "\n"), HERE)
    assert [(note.line, note.text) for note in notes] == ([(1, said)] if said else [])


def test_what_is_not_read_yet_is_not_judged() -> None:
    """An account without its listing may be the one where the symbol is."""
    rules = parse(HEAD + 'where.symbol = "BCTUSDT"\n')
    assert unlisted(rules, {}) == ()
    assert unlisted(rules, HERE | {"alt": Listing("binanceusdm", ())}) == ()
    assert unlisted(rules, HERE | {"alt": Listing("binanceusdm", ("BCT/USDT:USDT",))}) == ()
    assert len(unlisted(rules, HERE | {"alt": Listing("binanceusdm", SYMBOLS)})) == 1
