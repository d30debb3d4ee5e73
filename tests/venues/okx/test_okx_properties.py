"""At the price we find, OKX's own rule, written out here once more, says liquidation; before it, it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.okx.build import Answers, answers, balance, book, config, detail, instrument, position, said, tier
from watchdog.domain.reading import Known, Never
from watchdog.risk import PositionRisk

D = Decimal
FEE = D("0.0005")
TICK = D("0.01")
POINTS = 25
EXACT = Context(prec=50)


def text(value: Decimal) -> str:
    """As OKX writes a number, with more digits than it does."""
    return str(Context(prec=30).plus(value))


@dataclass(frozen=True)
class Held:
    """A position in OKX's terms."""

    sign: int
    inverse: bool
    contracts: Decimal
    entry: Decimal
    mark: Decimal
    rate: Decimal

    @property
    def size(self) -> Decimal:
        """100 USD or 0.01 coins a contract."""
        return self.contracts * (100 if self.inverse else D("0.01"))

    def worth(self, price: Decimal) -> Decimal:
        """Notional in its margin asset."""
        return self.size / price if self.inverse else self.size * price

    def gain(self, price: Decimal) -> Decimal:
        """Profit in its margin asset."""
        if self.inverse:
            return self.sign * (self.size / self.entry - self.size / price)
        return self.sign * self.size * (price - self.entry)


def decimals(least: str, most: str, places: int = 2) -> st.SearchStrategy[Decimal]:
    """Between two figures."""
    return st.decimals(D(least), D(most), allow_nan=False, allow_infinity=False, places=places)


@st.composite
def positions(draw: st.DrawFn, inverse: bool | None = None) -> Held:
    """Of any side and contract, entered near its mark."""
    mark = draw(decimals("100", "90000"))
    return Held(
        draw(st.sampled_from([1, -1])),
        draw(st.booleans()) if inverse is None else inverse,
        D(draw(st.integers(1, 5000))),
        (mark * draw(decimals("0.8", "1.25"))).quantize(D("0.01")),
        mark,
        D(draw(st.sampled_from([4, 5, 10, 50, 150]))) / 1000,
    )


def payloads(held: list[Held], wallet: Decimal, *, isolated: bool) -> Answers:
    """One read of them; the first is X, the second Y; in cross mode all of one currency."""
    rows, listed, tables = [], [], {}
    mode = "isolated" if isolated else "cross"
    needs = sum(((one.rate + FEE) * one.worth(one.mark) for one in held), D(0))
    equity = wallet + sum((one.gain(one.mark) for one in held), D(0))
    required = sum((one.rate * one.worth(one.mark) for one in held), D(0))
    coin = held[0].inverse
    for number, one in enumerate(held):
        inst_id = ("X-USD-SWAP", "X-USD-991231")[number] if coin else ("X-USDT-SWAP", "Y-USDT-SWAP")[number]
        kind = "SWAP" if inst_id.endswith("SWAP") else "FUTURES"
        family = "X-USD" if coin else inst_id[:-5]
        worth = one.worth(one.mark)
        rows.append(
            position(
                inst_id,
                mode,
                avgPx=str(one.entry),
                markPx=str(one.mark),
                pos=str(one.sign * one.contracts),
                margin=text(wallet) if isolated else "",
                mgnRatio=text(equity / needs),
                mmr=text(one.rate * worth),
                notionalUsd=text(one.size if coin else worth),
                upl=text(one.gain(one.mark)),
            )
        )
        listed.append(instrument(inst_id, tickSz=str(TICK), expTime="" if kind == "SWAP" else "4102401600000"))
        tables[f"{kind} {mode} {family}"] = said(tier(1, "0", "999999", str(one.rate), family))
    money = "X" if coin else "USDT"
    row = detail(money, cashBal=text(wallet))
    if not isolated:
        row |= {"mmr": text(required), "mgnRatio": text(equity / needs)}
    return answers(*rows, account=balance(row), listed=listed, tables=tables)


def first_price(risk: PositionRisk, one: Held, ratio: Callable[[Decimal], Decimal | None], *, moved: Decimal) -> None:
    """That the price found is the first from mark at which the rule says 1, and that none is where none was found.

    `ratio` is requirement over equity, None where there is no equity left. `moved`: toward the market.
    """
    found = risk.liquidation_ours
    assert isinstance(found, Known | Never), found
    if isinstance(found, Known):
        end = found.value - one.sign * moved
        at = ratio(end)
        assert at is None or abs(at - 1) < D("1e-9") or end == one.mark
    else:
        end = one.mark / 500 if one.sign > 0 else one.mark * 500
    for step in range(1, POINTS):
        price = one.mark * (end / one.mark) ** (D(step) / POINTS)
        before = ratio(price)
        assert before is not None
        assert before < 1 + D("1e-9")


@given(one=positions(), backing=decimals("0.001", "1.4", 4))
@settings(max_examples=50)
def test_an_isolated_position(one: Held, backing: Decimal) -> None:
    """(margin + upl) / (mmr + fee · notional) is 1 one tick beyond the price shown; more margin moves it away."""
    with localcontext(EXACT):
        margin = (one.rate + FEE + backing) * one.worth(one.mark) - one.gain(one.mark)
        (risk,) = book(payloads([one], margin, isolated=True)).positions.values()
        (richer,) = book(payloads([one], margin * 2 + one.worth(one.mark), isolated=True)).positions.values()

        def ratio(price: Decimal) -> Decimal | None:
            equity = margin + one.gain(price)
            return (one.rate + FEE) * one.worth(price) / equity if equity > 0 else None

        first_price(risk, one, ratio, moved=TICK)
        _farther(risk, richer, one)


@given(
    held=st.booleans().flatmap(lambda coin: st.tuples(positions(coin), positions(coin))),
    backing=decimals("0.001", "1", 4),
)
@settings(max_examples=50)
def test_cross_positions_of_a_currency(held: tuple[Held, Held], backing: Decimal) -> None:
    """The pool's ratio is 1 at the price of each, the other's standing still; more cash moves both away."""
    with localcontext(EXACT):
        both = list(held)
        worth = sum((one.worth(one.mark) for one in both), D(0))
        wallet = sum(((one.rate + FEE) * one.worth(one.mark) - one.gain(one.mark) for one in both), D(0))
        wallet += backing * worth
        poor = book(payloads(both, wallet, isolated=False))
        rich = book(payloads(both, wallet + worth, isolated=False)).positions
        for row, one, other in zip(poor.read.positions, both, reversed(both), strict=True):
            risk = poor.positions[row.key]

            def ratio(price: Decimal, one: Held = one, other: Held = other) -> Decimal | None:
                equity = wallet + one.gain(price) + other.gain(other.mark)
                needs = (one.rate + FEE) * one.worth(price) + (other.rate + FEE) * other.worth(other.mark)
                return needs / equity if equity > 0 else None

            first_price(risk, one, ratio, moved=D(0))
            _farther(risk, rich[row.key], one)


@given(one=positions(inverse=False), backing=decimals("0.001", "1", 4), dollar=decimals("0.98", "1.02", 3),
       share=decimals("0", "0.9"))  # fmt: skip
@settings(max_examples=30)
def test_a_position_in_an_account_in_usd(one: Held, backing: Decimal, dollar: Decimal, share: Decimal) -> None:
    """The account's ratio is 1 at the price, coins of the same kind behind it losing with it."""
    with localcontext(EXACT):
        worth = one.worth(one.mark) * dollar
        needs = (one.rate + FEE) * worth
        equity = needs + backing * worth
        coins = share * (equity - one.gain(one.mark) * dollar)
        payload = payloads([one], D(1), isolated=False)
        payload["positions"]["data"][0] |= {"usdPx": text(dollar), "mgnRatio": ""}
        payload["config"] = said(config("3"))
        figures = {"adjEq": text(equity), "mmr": text(one.rate * worth), "mgnRatio": text(equity / needs)}
        payload["balance"] = said(balance(detail(), detail("X", eq="1", disEq=text(coins)), **figures))
        (risk,) = book(payload).positions.values()

        def ratio(price: Decimal) -> Decimal | None:
            there = equity + (one.gain(price) - one.gain(one.mark)) * dollar + coins * (price / one.mark - 1)
            return (one.rate + FEE) * one.worth(price) * dollar / there if there > 0 else None

        first_price(risk, one, ratio, moved=D(0))


def _farther(near: PositionRisk, far: PositionRisk, one: Held) -> None:
    here, there = near.liquidation_ours, far.liquidation_ours
    if isinstance(here, Never):
        assert isinstance(there, Never)
    elif isinstance(there, Known):
        assert isinstance(here, Known)
        assert (here.value - there.value) * one.sign > 0
