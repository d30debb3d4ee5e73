"""The risk room: how near liquidation a position or a pool is. Pure, in decimals, usable without an account.

Give it positions, the tiers of their markets and what stands behind them; `reckon` says the rest. Prices are in quote
per base, money in the margin asset (of a pool: in its `unit`), ratios and distances are shares: 1 is 100 %. A margin
ratio of 1 is liquidation. Every figure is a reading: `Known`, `Never` (no price does it) or `Unknown` with a reason.

>>> from decimal import Decimal as D
>>> from watchdog.domain.market import Market, Tier
>>> from watchdog.domain.position import Balance, Contract, MarginMode, Position, PositionSide, Side, Terms
>>> from watchdog.domain.reading import Unknown
>>> from watchdog.risk import reckon
>>> def market(symbol, money, *tiers):  # what of a listing matters here: the tiers, as floor, cap, rate, cum
...     table = tuple(Tier(*(None if figure is None else D(figure) for figure in tier)) for tier in tiers)
...     base, zero = symbol.split("/")[0], D(0)
...     return Market(symbol, symbol, base, money, D("0.1"), D("0.001"), zero, None, zero, D("0.0005"), table)
>>> def position(symbol, side, size, entry, mark, money, margin=None, terms=Terms()):  # margin: isolated; None: cross
...     none = Unknown("not asked")
...     mode = MarginMode.CROSS if margin is None else MarginMode.ISOLATED
...     held = None if margin is None else D(margin)
...     return Position(
...         symbol, side, PositionSide.BOTH, mode, money, D(size), D(entry), D(mark), held, none, none, terms
...     )

A linear long, isolated: 1 BTC from 10,000 with 1,000 USDT, of which the venue requires 0.4 %.

>>> btc = market("BTC/USDT:USDT", "USDT", ("0", None, "0.004", "0"))
>>> long = position("BTC/USDT:USDT", Side.LONG, "1", "10000", "9500", "USDT", margin="1000")
>>> risk = reckon([long], [btc]).positions[long.key]
>>> round(risk.liquidation_ours.value, 4), round(risk.margin_ratio.value, 4), round(risk.liquidation_distance.value, 4)
(Decimal('9036.1446'), Decimal('0.0760'), Decimal('0.0488'))
>>> round(risk.room_used.value, 4), risk.effective_leverage.value
(Decimal('0.5188'), Decimal('19'))

Two positions in one cross pool. Each has a price of its own, all others standing still; a fall of all prices together
comes first. (The account of Binance's FAQ "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts".)

>>> btc = market("BTC/USDT:USDT", "USDT", ("0", "1018750", "0.009", "0"), ("1018750", None, "0.025", "16300"))
>>> eth = market("ETH/USDT:USDT", "USDT", ("0", "1692062.5", "0.02", "0"), ("1692062.5", None, "0.1", "135365"))
>>> pair = [
...     position("BTC/USDT:USDT", Side.LONG, "109.488", "32481.980", "31967.27", "USDT"),
...     position("ETH/USDT:USDT", Side.LONG, "3683.979", "1456.84", "1335.18", "USDT"),
... ]
>>> wallet = Balance("USDT", D("1535443.01"), D(0), Unknown("not asked"))
>>> book = reckon(pair, [btc, eth], [wallet])
>>> [round(book.positions[one.key].liquidation_ours.value, 2) for one in pair]
[Decimal('26316.89'), Decimal('1153.26')]
>>> pool = book.pools["USDT"]
>>> round(pool.margin_ratio.value, 4), round(pool.shock_down.value, 4)
(Decimal('0.4149'), Decimal('0.0769'))

An inverse contract: its size is the face value in USD, its money the coin, and its tiers are in coins. (A real position
of Binance's COIN-M: 2 contracts of 100 USD, liquidation price 25,119.97445760.)

>>> inverse = Terms(contract=Contract.INVERSE)
>>> coin = market("BTC/USD:BTC", "BTC", ("0", None, "0.004", "0"))
>>> held = position(
...     "BTC/USD:BTC", Side.LONG, "200", "37643.10000021", "37600", "BTC", margin="0.00268058", terms=inverse
... )
>>> round(reckon([held], [coin]).positions[held.key].liquidation_ours.value, 4)
Decimal('25119.9745')

What differs between venues is in a position's `terms`. OKX adds the taker fee of closing to what it requires, and shows
its price a tick nearer to the market. (A real position, ccxt issue 28121: OKX said 6.0648, which is 1 / ratio, and
0.0116677.)

>>> okx = Terms(fee=D("0.0005"), toward_market=D("0.00001"))
>>> bigtime = market("BIGTIME/USDT:USDT", "USDT", ("0", None, "0.02", "0"))
>>> held = position(
...     "BIGTIME/USDT:USDT", Side.LONG, "6130", "0.01305", "0.01304", "USDT", margin="9.9995625", terms=okx
... )
>>> risk = reckon([held], [bigtime]).positions[held.key]
>>> round(1 / risk.margin_ratio.value, 4), round(risk.liquidation_ours.value, 7)
(Decimal('6.0648'), Decimal('0.0116677'))

Where nothing can be said, the reason is; where no price liquidates it, that is said too.

>>> reckon([long], []).positions[long.key].liquidation_ours
Unknown(reason='BTC/USDT:USDT tiers: its market was not read')
>>> x = market("X/USDT:USDT", "USDT", ("0", None, "0.01", "0"))
>>> paid = position("X/USDT:USDT", Side.LONG, "1", "50", "51", "USDT", margin="50")
>>> reckon([paid], [x]).positions[paid.key].liquidation_ours
Never(source='ours: no price liquidates it', at=0.0)

The parts of it, for a table and a price alone:

>>> from watchdog.risk import Requirement, liquidation_price
>>> one_tier = (Tier(D(0), None, D("0.004"), D(0)),)
>>> round(liquidation_price(Side.LONG, D(1), D(10_000), D(1_000), Requirement.of(one_tier)), 8)
Decimal('9036.14457831')

- `reckon`: all readings of positions, given their markets and balances, as a `Book`.
- `Book`: the same for one account read, moved on mark by mark; `PositionRisk` and `PoolRisk` are what it says.
- `maintenance`, `tier_at`, `rebuild_cum`, `why_unusable`: maintenance tiers.
- `Requirement`: a tier table (and a fee) as the solver walks it.
- `liquidation_price`, `inverse_liquidation_price`: the first price toward danger at which maintenance reaches equity.
- `shock`, `inverse_shock`: the common move of all prices that liquidates a pool, each way.
- `judge_stops`: which resting stops close a position before liquidation.

Everything is computed with 50 digits (`exact.CONTEXT`), whatever the thread's own decimal context is.
"""

from watchdog.risk.book import Book, Marks
from watchdog.risk.coverage import Coverage, StopJudgement, judge_stops
from watchdog.risk.reckon import reckon
from watchdog.risk.solver import Exposure, Shock, inverse_liquidation_price, inverse_shock, liquidation_price, shock
from watchdog.risk.tiers import Requirement, maintenance, rebuild_cum, tier_at, why_unusable
from watchdog.risk.values import PoolRisk, PositionRisk, StreamedMark

__all__ = [
    "Book",
    "Coverage",
    "Exposure",
    "Marks",
    "PoolRisk",
    "PositionRisk",
    "Requirement",
    "Shock",
    "StopJudgement",
    "StreamedMark",
    "inverse_liquidation_price",
    "inverse_shock",
    "judge_stops",
    "liquidation_price",
    "maintenance",
    "rebuild_cum",
    "reckon",
    "shock",
    "tier_at",
    "why_unusable",
]
