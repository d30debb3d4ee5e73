"""The readings of one pool, explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watchdog.domain.position import Balance
from watchdog.domain.reading import Known
from watchdog.explain.lines import Fields, Input, Line, Part, face, raw
from watchdog.risk import PoolRisk, PositionRisk

_WAYS = {"down": "a fall", "up": "a rise", None: ""}


def pool_part(
    pool: PoolRisk, balance: Balance | None, members: Sequence[PositionRisk], at: float, fields: Fields
) -> Part:
    """All that is said of what shares margin."""
    money = "" if pool.unit == pool.asset else f", money in {pool.unit}"
    names = ", ".join(f"{risk.position.symbol} {risk.position.side}" for risk in members)
    return Part(
        title=f"pool {pool.asset}{money} · {names}",
        facts={"pool": pool.asset, "money": pool.unit},
        lines=(*_money(pool, balance, members, at, fields), *_ratio(pool, fields), *_danger(pool)),
        money=pool.unit,
    )


def _money(
    pool: PoolRisk, balance: Balance | None, members: Sequence[PositionRisk], at: float, fields: Fields
) -> Iterator[Line]:
    held = ", ".join(f"{coin} worth {worth:f}" for coin, worth in (balance.collateral if balance else {}).items())
    wallet = fields.get("wallet", "")
    yield Line(
        "wallet", pool.wallet, field=wallet, note=f"of it in coins, at the venue's haircut: {held}" if held else ""
    )
    names = [_name(risk, members) for risk in members]
    in_money = "" if all(_plain(risk, pool) for risk in members) else ", each in the pool's money"
    gains = tuple(
        Input(name, risk.unrealised, money=risk.position.margin_asset)
        for name, risk in zip(names, members, strict=True)
    )
    yield Line("unrealised", pool.unrealised, f"Σ unrealised of its positions{in_money}", gains)
    both = (Input("wallet", pool.wallet), Input("unrealised", pool.unrealised))
    yield Line("equity", pool.equity, "wallet + unrealised", both)
    sizes = tuple(
        Input(name, face(risk.notional, inverse=risk.position.inverse), money=risk.position.margin_asset)
        for name, risk in zip(names, members, strict=True)
    )
    faces = ", each in the pool's money" if any(risk.position.inverse for risk in members) else in_money
    yield Line("notional", pool.notional, f"Σ notional of its positions{faces}", sizes)
    required = [
        Input(name, risk.maintenance, money=risk.position.margin_asset)
        for name, risk in zip(names, members, strict=True)
    ]
    formula = f"Σ maintenance of its positions{in_money}"
    if balance is not None and balance.others:
        formula += " + others"
        required.append(Input("others", raw(balance.others, "money", at), "open orders and what is no position here"))
    yield Line("maintenance", pool.maintenance, formula, tuple(required))
    yield Line("venue_maintenance", pool.venue_maintenance, field=fields.get("pool_maintenance", ""))


def _plain(risk: PositionRisk, pool: PoolRisk) -> bool:
    """Whether a position's money is the pool's as it stands."""
    return risk.position.terms.rate == 1 and (not risk.position.inverse or risk.position.margin_asset == pool.unit)


def _name(risk: PositionRisk, members: Sequence[PositionRisk]) -> str:
    """A position's name among these: its symbol, with the side where both legs are held."""
    twins = sum(one.position.symbol == risk.position.symbol for one in members)
    return risk.position.symbol if twins == 1 else f"{risk.position.symbol} {risk.position.side}"


def _ratio(pool: PoolRisk, fields: Fields) -> Iterator[Line]:
    yield Line("ratio_venue", pool.ratio_venue, field=fields.get("pool_ratio", ""))
    both = (Input("maintenance", pool.maintenance), Input("equity", pool.equity))
    yield Line("ratio_ours", pool.ratio_ours, "maintenance / equity", both)
    two = (Input("ours", pool.ratio_ours), Input("venue", pool.ratio_venue))
    formula = "ours, plus what the venue's is above it; 100% is liquidation"
    yield Line("margin_ratio", pool.margin_ratio, formula, two, note=fields.get("ratio", ""))


def _danger(pool: PoolRisk) -> Iterator[Line]:
    behind: tuple[Input, ...] = (Input("equity", pool.equity), Input("maintenance", pool.maintenance))
    if pool.raised:
        behind += (
            Input("raised", raw(pool.raised, "money", pool.at), "(the venue's ratio − ours) · equity, at the read"),
        )
    for name, reading, way in (("shock_down", pool.shock_down, "fall"), ("shock_up", pool.shock_up, "rise")):
        formula = f"the {way} of all its prices together, each position's tiers walked, that takes the ratio to 100%"
        if pool.raised:
            formula += ", maintenance raised to the venue's ratio"
        if isinstance(reading, Known) and reading.source.startswith("venue"):
            formula = f"the {way} to the venue's liquidation price of its one symbol"
        yield Line(name, reading, formula, behind)
    two = (Input("shock_down", pool.shock_down), Input("shock_up", pool.shock_up))
    yield Line(
        "shock_distance", pool.shock_distance, "the nearer of the two", two, note=_WAYS.get(pool.shock_direction, "")
    )
    lost = (Input("unrealised", pool.unrealised), Input("wallet", pool.wallet), Input("maintenance", pool.maintenance))
    yield Line("room_used", pool.room_used, "−unrealised / (wallet − maintenance)", lost)
    worth = (Input("notional", pool.notional), Input("equity", pool.equity))
    yield Line("effective_leverage", pool.effective_leverage, "notional / equity", worth)
