"""The readings of one position, explained."""

from __future__ import annotations

from collections.abc import Iterator

from watchdog.domain.market import Market
from watchdog.domain.position import Balance, Position, Side
from watchdog.domain.reading import Known, Reading, Unknown
from watchdog.explain.lines import Fields, Input, Line, Part, face, raw
from watchdog.risk import PoolRisk, PositionRisk, tier_at


def position_part(
    risk: PositionRisk,
    market: Market | None,
    pool: PoolRisk | None,
    balance: Balance | None,
    at: float,
    fields: Fields,
) -> Part:
    """All that is said of a position, from raw figures to stop coverage. `balance`: of its pool."""
    position = risk.position
    leg = "" if position.position_side == "both" else f", {position.position_side} leg"
    where = "isolated" if pool is None else f"cross, in pool {pool.asset}"
    contract = position.terms.contract
    return Part(
        title=f"{position.symbol} {position.side} {position.size:f}{leg} · {where} · {contract}",
        facts={
            "symbol": position.symbol,
            "side": position.side,
            "position_side": position.position_side,
            "margin_mode": position.margin_mode,
            "pool": "" if pool is None else pool.asset,
            "contract": contract,
            "money": position.margin_asset,
        },
        lines=(
            *_raw(position, risk.mark, at, fields),
            *_money(risk, market, at, fields),
            *_ratio(risk, pool, fields),
            *_liquidation(risk, pool, balance, fields),
            *_danger(risk, pool, at),
        ),
        money=position.margin_asset,
        market=market,
    )


def _raw(position: Position, mark: Reading, at: float, fields: Fields) -> Iterator[Line]:
    yield Line("size", raw(position.size, "size", at), field=fields.get("size", ""))
    yield Line("entry", raw(position.entry, "price", at), field=fields.get("entry", ""))
    yield Line("mark", mark, field=fields.get("mark", ""))
    if position.isolated_wallet is not None:
        wallet = raw(position.isolated_wallet, "money", at)
        yield Line("isolated_wallet", wallet, field=fields.get("isolated_wallet", ""))


def _money(risk: PositionRisk, market: Market | None, at: float, fields: Fields) -> Iterator[Line]:
    position = risk.position
    size, entry = Input("size", raw(position.size, "size", at)), Input("entry", raw(position.entry, "price", at))
    mark, inverse = Input("mark", risk.mark), position.inverse
    yield Line(
        "notional",
        face(risk.notional, inverse=inverse),
        *(("size", (size,)) if inverse else ("size · mark", (size, mark))),
    )
    sign = "" if position.side is Side.LONG else "−"
    gain = f"{sign}size · (1 / entry − 1 / mark)" if inverse else f"{sign}size · (mark − entry)"
    yield Line("unrealised", risk.unrealised, gain, (size, mark, entry))
    yield _maintenance(risk, market, at, fields)
    yield Line("venue_maintenance", position.venue_maintenance, field=fields.get("venue_maintenance", ""))
    if position.isolated_wallet is not None:
        inputs = (
            Input("isolated wallet", raw(position.isolated_wallet, "money", at)),
            Input("unrealised", risk.unrealised),
        )
        yield Line("equity", risk.equity, "isolated wallet + unrealised", inputs)


def _maintenance(risk: PositionRisk, market: Market | None, at: float, fields: Fields) -> Line:
    position, terms = risk.position, risk.position.terms
    if terms.at_entry:
        of = Known(position.notional(position.entry), "money", "raw", at) if position.entry > 0 else Unknown("no entry")
        worth, inputs = "notional at entry", [Input("notional at entry", of)]
    elif position.inverse:
        worth, inputs = "size / mark", [Input("size", raw(position.size, "size", at)), Input("mark", risk.mark)]
    else:
        worth, inputs = "notional", [Input("notional", risk.notional)]
    inputs += _tier(risk, market, at, fields)
    formula = f"{worth} · rate − cum"
    if terms.fee:
        formula = f"{worth} · (rate + fee) − cum"
        inputs.append(Input("fee", raw(terms.fee, "share", at), fields.get("fee", "")))
    if terms.fixed:
        formula += " + fixed"
        inputs.append(Input("fixed", raw(terms.fixed, "money", at), fields.get("fee", "")))
    return Line("maintenance", risk.maintenance, formula, tuple(inputs), note=terms.unreckoned)


def _tier(risk: PositionRisk, market: Market | None, at: float, fields: Fields) -> Iterator[Input]:
    """The tier that holds at the mark."""
    position, terms = risk.position, risk.position.terms
    tiers = terms.tiers if terms.tiers is not None else () if market is None else market.tiers
    if not (tiers and isinstance(risk.mark, Known) and isinstance(risk.maintenance, Known)):
        return
    tier, field = (
        tier_at(tiers, position.notional(position.entry if terms.at_entry else risk.mark.value)),
        fields.get("tiers", ""),
    )
    yield Input("rate", raw(tier.rate, "share", at), field)
    yield Input("cum", raw(tier.cum, "money", at), field)
    yield Input("tier from", raw(tier.floor, "money", at), field)


def _ratio(risk: PositionRisk, pool: PoolRisk | None, fields: Fields) -> Iterator[Line]:
    if pool is not None:
        yield Line("margin_ratio", risk.margin_ratio, "the pool's", (Input("pool", pool.margin_ratio),))
        return
    venue = risk.position.venue_ratio
    yield Line("ratio_venue", venue, field=fields.get("venue_ratio", ""))
    yield Line(
        "margin_ratio",
        risk.margin_ratio,
        "maintenance / equity, plus what the venue's is above that; 100% is liquidation",
        (Input("maintenance", risk.maintenance), Input("equity", risk.equity), Input("venue", venue)),
    )


def _liquidation(risk: PositionRisk, pool: PoolRisk | None, balance: Balance | None, fields: Fields) -> Iterator[Line]:
    position = risk.position
    yield Line("liquidation_venue", risk.liquidation_venue, field=fields.get("venue_liquidation", ""))
    money = "" if pool is None else pool.unit
    inputs = [
        Input("mark", risk.mark),
        Input("equity", risk.equity, money=money),
        Input("maintenance", risk.maintenance),
    ]
    formula = "the first price from mark at which maintenance reaches equity"
    if pool is not None:
        formula += ", all other prices standing still"
        inputs.append(Input("the pool's maintenance", pool.maintenance, money=money))
        if balance is not None and balance.collateral:
            formula += "; coins behind the pool move with their price"
    if position.terms.toward_market:
        formula += f", {position.terms.toward_market:f} nearer to the market, as the venue puts it"
    yield Line("liquidation_ours", risk.liquidation_ours, formula, tuple(inputs), note=fields.get("liquidation", ""))
    venue, ours = Input("venue", risk.liquidation_venue), Input("ours", risk.liquidation_ours)
    yield Line("gap", risk.gap, "venue − ours", (venue, ours))
    yield Line(
        "liquidation",
        risk.liquidation,
        "the nearest to mark of the venue's, ours, and ours with the maintenance raised to the venue's margin ratio",
        (venue, ours),
        note=_source(risk.liquidation),
    )
    if pool is not None:
        down = position.side is Side.LONG
        move = Input("shock_down" if down else "shock_up", pool.shock_down if down else pool.shock_up)
        formula = f"mark · (1 {'−' if down else '+'} {move.name})"
        yield Line("pool_liquidation", risk.pool_liquidation, formula, (Input("mark", risk.mark), move))
        near = (Input("liquidation", risk.liquidation), Input("pool_liquidation", risk.pool_liquidation))
        yield Line(
            "liquidation_near",
            risk.liquidation_near,
            "the nearer to mark of the two",
            near,
            note=_source(risk.liquidation_near),
        )


def _danger(risk: PositionRisk, pool: PoolRisk | None, at: float) -> Iterator[Line]:
    mark, near = Input("mark", risk.mark), Input("liquidation_near", risk.liquidation_near)
    entry = Input("entry", raw(risk.position.entry, "price", at))
    away = "mark − liquidation_near" if risk.position.side is Side.LONG else "liquidation_near − mark"
    yield Line("liquidation_distance", risk.liquidation_distance, f"({away}) / mark, not below 0", (mark, near))
    price = Input("liquidation", risk.liquidation)
    yield Line("room_used", risk.room_used, "(entry − mark) / (entry − liquidation)", (entry, mark, price))
    yield _leverage(risk, pool, at)
    stops = "; ".join(
        f"{one.stop.order_side} {'all' if one.stop.size is None else format(one.stop.size, 'f')} at "
        f"{one.stop.trigger_price:f} on {one.stop.trigger}: {one.words}"
        for one in risk.stops
    )
    formula = "Σ of the shares that resting stops close between mark and liquidation_near"
    yield Line("stop_coverage", risk.stop_coverage, formula, (mark, near), note=stops or "no stop rests")


def _leverage(risk: PositionRisk, pool: PoolRisk | None, at: float) -> Line:
    position, equity = risk.position, Input("equity", risk.equity, money="" if pool is None else pool.unit)
    size, mark, notional = raw(position.size, "size", at), Input("mark", risk.mark), Input("notional", risk.notional)
    if position.inverse and pool is not None and pool.unit != position.margin_asset:
        said: tuple[str, tuple[Input, ...]] = ("size / equity", (Input("size", size), equity))
    elif position.inverse:
        said = ("size / mark / equity", (Input("size", size), mark, equity))
    elif position.terms.rate != 1 and pool is not None:
        rate = Input("rate", raw(position.terms.rate, "times", at))
        said = ("notional · rate / equity", (notional, rate, equity))
    else:
        said = ("notional / equity", (notional, equity))
    return Line("effective_leverage", risk.effective_leverage, *said)


def _source(reading: Reading) -> str:
    return "" if isinstance(reading, Unknown) else f"it is: {reading.source}"
