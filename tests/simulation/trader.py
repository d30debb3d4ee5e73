"""The trader's own hand on the venue: opens, grows, shrinks, closes, flips; cancels and places stops of their own."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from tests.simulation.acts import Act, Hand
from tests.simulation.exchange import WatchedExchange, is_ours
from tests.simulation.record import Record
from watchdog.paper.hand import Hand as PaperHand
from watchdog.paper.orders import AlgoType, NewAlgo
from watchdog.paper.refusal import RefusedError
from watchdog.paper.values import ZERO, MarginMode, Side, Working


class Trader:
    """Does what a plan says, as far as the venue lets them. `hands_off` counts our stops they took away."""

    def __init__(self, exchange: WatchedExchange, hand: PaperHand, record: Record, hands_off: dict[str, int]) -> None:
        self._exchange = exchange
        self._hand = hand
        self._record = record
        self._hands_off = hands_off
        self._made = 0

    def open(self, symbol: str, leverage: int, mode: MarginMode, share: float) -> None:
        """Open a position whose margin is a share of the wallet (below zero: a short). Raises RefusedError."""
        wallet = self._exchange.account.wallets.get("USDT", ZERO)
        price = self._exchange.account.mark(symbol)
        size = self._step(symbol, wallet * Decimal(repr(abs(share))) * leverage / price)
        if self._exchange.account.position(symbol).mode is not mode:
            self._exchange.set_margin_mode(symbol, mode)
        self._exchange.set_leverage(symbol, leverage)
        self._hand.market(symbol, size if share > 0 else -size)

    def act(self, act: Act) -> None:
        """Do it; a refusal of the venue's is no matter."""
        hand, symbol = Hand(act.name), act.symbol
        held = [one.symbol for one in self._exchange.account.open_positions()]
        if symbol not in held and hand is not Hand.OPEN:
            symbol, hand = (held[0], hand) if held else (symbol, Hand.OPEN)
        with self._exchange.acting("hand"):
            try:
                self._act(hand, symbol, act.share)
            except RefusedError as error:
                self._record.say(f"hand refused: {error}")

    def _act(self, hand: Hand, symbol: str, share: float) -> None:  # noqa: C901, PLR0912  (a table of all a hand can do)
        amount = self._exchange.account.position(symbol).amount
        part = self._step(symbol, abs(amount) * Decimal(repr(share)))
        sign = 1 if amount > ZERO else -1
        match hand:
            case Hand.OPEN if not amount:
                mode = MarginMode.ISOLATED if share > 0.5 else MarginMode.CROSS
                self.open(symbol, 5 + round(share * 15), mode, (share - 0.5) / 2)
            case Hand.GROW if amount:
                self._hand.market(symbol, sign * part)
            case Hand.SHRINK if amount and part:
                self._hand.market(symbol, -sign * part)
            case Hand.CLOSE if amount:
                self._hand.close(symbol)
            case Hand.FLIP if amount:
                self._hand.market(symbol, -2 * amount)
            case Hand.DEPOSIT:
                wallet = self._exchange.account.wallets["USDT"]
                self._hand.deposit("USDT", (wallet * Decimal(repr(share)) / 4).quantize(Decimal(1)))
            case Hand.MARGIN if amount:
                self._hand.move_margin(symbol, Decimal(100))
            case Hand.CANCEL_OURS:
                self._cancel_ours(symbol)
            case Hand.FOREIGN_STOP if amount:
                self._place(symbol, share, AlgoType.STOP_MARKET, -sign * share / 10)
            case Hand.FOREIGN_PROFIT if amount:
                self._place(symbol, share, AlgoType.TAKE_PROFIT_MARKET, sign * share / 10)
            case Hand.CANCEL_FOREIGN:
                for algo in self._exchange.open_algos(symbol):
                    if not is_ours(algo.client_id):
                        self._exchange.cancel_algo(algo.id, None)
        self._hand._told()

    def _cancel_ours(self, symbol: str) -> None:
        for algo in self._exchange.ours(symbol):
            self._hands_off[symbol] = self._hands_off.get(symbol, 0) + 1
            self._exchange.cancel_algo(algo.id, None)

    def _place(self, symbol: str, share: float, kind: AlgoType, away: float) -> None:
        """A conditional order so far from the mark, for a share of the position or all of it."""
        position = self._exchange.account.position(symbol)
        market = self._exchange.markets[symbol]
        self._made += 1
        whole = share > 0.7
        part = max(self._step(symbol, abs(position.amount) * Decimal(repr(share))), market.min_size)
        trigger = self._exchange.account.mark(symbol) * (1 + Decimal(repr(away)))
        self._exchange.place_algo(
            NewAlgo(
                symbol=symbol,
                side=Side(position.closing),
                type=kind,
                trigger_price=market.round_price(trigger, up=False),
                quantity=None if whole else part,
                working=Working.MARK if share < 0.5 or whole else Working.LAST,
                reduce_only=not whole,
                close_position=whole,
                client_id=f"web_{self._made}",
            )
        )

    def _step(self, symbol: str, size: Decimal) -> Decimal:
        step = self._exchange.markets[symbol].step
        return (size / step).to_integral_value(ROUND_FLOOR) * step
