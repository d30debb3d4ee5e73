"""One seed: the paper venue, the daemon in all its lives, the channels, the disk, and what befalls them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from unittest import mock

from tests.simulation.acts import Act, Disk, Edit, How, Moment, Mood, What
from tests.simulation.consent import Consent
from tests.simulation.delivery import Delivery
from tests.simulation.disk import DiskTrouble, OnDisk
from tests.simulation.exchange import WatchedExchange, WatchedServer
from tests.simulation.judge import CYCLE_S, Judge
from tests.simulation.lives import Lives
from tests.simulation.loop import VirtualLoop
from tests.simulation.market import markets
from tests.simulation.oracle import nearest_liquidation
from tests.simulation.peer import Peer, PeerChannel
from tests.simulation.plan import Plan
from tests.simulation.record import Record
from tests.simulation.reloads import Reloads
from tests.simulation.rules_file import RulesFile
from tests.simulation.steps import Steps
from tests.simulation.talk import Talk
from tests.simulation.tracks import CALM_S, TROUBLED_S
from tests.simulation.trader import Trader
from tests.simulation.watched import WatchedVenue
from watchdog.clock import Clock, LoopClock
from watchdog.domain.effects import Level, Message
from watchdog.notifier import _Worker
from watchdog.paper.control import Trouble, make_trouble
from watchdog.paper.orders import Algo
from watchdog.paper.refusal import RefusedError
from watchdog.reload import load_rules
from watchdog.service import Service, VenueMaker, venue_maker
from watchdog.settings import AccountSettings, ChannelSettings, Settings, load_settings
from watchdog.store import Store
from watchdog.venues.base import Venue

WALL_START = 1_760_129_340.0
"""10 October 2025, 20:49 UTC."""
_CHANNELS = {"phone": Level.WARN, "house": Level.INFO}
_AFTERMATH_S = 35.0
"""Seconds after trouble in which back-offs may still run."""
_SETTLED_S = 45.0
"""Seconds after the disk was bad in which what waits for it may still be written."""
_DRAIN_S = 80.0
"""A channel that failed is tried again within a minute."""


class EnoughError(Exception):
    """Something broke, and no more was asked."""


class World:
    """See the module. `hasty`: end with what breaks first."""

    def __init__(self, plan: Plan, folder: Path, loop: VirtualLoop, record: Record, *, hasty: bool = False) -> None:
        self.plan = plan
        self._hasty = hasty
        self.folder = folder
        self.loop = loop
        self.record = record
        self._random = Random(f"world {plan.seed}")
        exchange = WatchedExchange(markets(), round(WALL_START * 1000), record)
        self.exchange = exchange
        self.server = WatchedServer(exchange, Random(f"way {plan.seed}"), record, plan.latency)
        self.delivery = Delivery([*_CHANNELS], record, lambda: self.now)
        self.peers = {name: Peer(name, level, record, self.delivery, self._heard) for name, level in _CHANNELS.items()}
        self.consent = Consent(record)
        self.steps = Steps(record, self.consent, lambda: self.now)
        secrets = [self.server.api_key.secret, self.server.api_key.key]
        self.judge = Judge(exchange, self.peers, self.delivery, record, secrets)
        self.disk = DiskTrouble(folder, Random(f"disk {plan.seed}"), self._saving)
        self.trader = Trader(exchange, self.server.hand, record, self.judge.hands_off)
        exchange.happened = self._stop_changed
        record.hide(str(folder), "FOLDER")
        self.rules = RulesFile(folder, plan, record)
        self.reloads = Reloads(self.rules, record)
        self.lives = Lives(folder, loop, record, self.disk, self._serve, self._mourn)
        self.lives.restart = self._killed
        self.talk = Talk(self.peers, folder / "watchdog.sock", record, Random(f"talk {plan.seed}"))
        self._venues_made: list[Venue] = []
        self._service: Service | None = None
        self._up_from = 0.0
        self._edits: list[Act] = []
        """Those that wait for their moments."""
        self._restarts: set[asyncio.Task[None]] = set()
        self._began = loop.time()
        self._calm_from = 0.0
        self._readable_from = 0.0
        """From when on no trouble is between the daemon and the venue's answers."""

    @property
    def now(self) -> float:
        """Seconds since the seed began."""
        return self.loop.time() - self._began

    # --- the whole seed

    async def run(self) -> None:
        """From the first price to the last."""
        with self.exchange.acting("hand"):
            self._begin_market()
        await self.server.start()
        self._write_files()
        self.loop.slowness = self.disk.slowness
        director = asyncio.create_task(self._direct())
        try:
            self._start()
            await self._market(TROUBLED_S)
            while not director.done():
                await self._market(round(self.now) + 1)
            await director
            await self._quiet()
        finally:
            director.cancel()
            await self._end()

    async def _market(self, until: int) -> None:
        rows = self.plan.rows
        while (second := round(self.now) + 1) <= until:
            await asyncio.sleep(second - self.now)
            await self.server.move(rows[min(second, len(rows) - 1)])
            self._second()
            if self._hasty and self.record.broken:
                raise EnoughError

    def _second(self) -> None:
        up, service = self.lives.up, self._service
        no_leave_for = WALL_START + self.now - self.consent.no_leave_at
        self.judge.second(readable=up and self.now > self._readable_from and no_leave_for > _AFTERMATH_S)
        if up and service is not None:
            self.consent.second(WALL_START + self.now)
            self.delivery.second()
            self.reloads.second(service, self.delivery, self._up_from, self.now)

    async def _quiet(self) -> None:
        """Faults have ended: wait for what has to be right within three cycles, the rule's hold and a cool-down."""
        self._calm_from = max(self._calm_from, self.now)
        allowed = 3 * CYCLE_S + self.plan.hold + 10.0
        began = self.now
        while True:
            await self._market(round(self.now) + 1)
            self.talk.answer(self.now)
            patience = max(began + allowed, self._cooled() + 3 * CYCLE_S)
            if self.now > patience or self.now > TROUBLED_S + CALM_S + 700:
                break
            if not self.judge.wrong_protection() and self.now - began > self.plan.hold + CYCLE_S:
                break
        await self._market(round(self.now + _DRAIN_S))
        self.judge.final(OnDisk(self.folder))
        if self._service is not None:
            self.reloads.final(self._service, self.peers)

    def _cooled(self) -> float:
        """When the last cool-down after a refused order ends."""
        if self._service is None:
            return 0.0
        ends = [
            guard.next_try - runner._clock.now().mono
            for runner in self._service.runners.values()
            for guard in runner.state.guards.values()
        ]
        return self.now + max(ends, default=0.0)

    async def _end(self) -> None:
        """Stop the daemon as systemd would, then clear away what its earlier lives have left."""
        for task in self._restarts:
            task.cancel()
        if self.lives.up:
            await self.lives.stop_gracefully()
        await self.server.stop()
        self.steps.over = True
        for peer in self.peers.values():
            peer.over = True
        await self.lives.clear_away()
        for venue in self._venues_made:
            await venue.close()  # again, for one whose life ended before it could

    def _begin_market(self) -> None:
        exchange, plan = self.exchange, self.plan
        exchange.deposit("USDT", plan.wallet)
        exchange.tick(exchange.time_ms, plan.rows[0])
        for one in plan.holdings:
            with contextlib.suppress(RefusedError):
                self.trader.open(one.symbol, one.leverage, one.mode, one.share if one.long else -one.share)
        exchange.drain()

    def _write_files(self) -> None:
        """The settings, and the keys."""
        for name, text in (("main.key", self.server.api_key.key), ("main.secret", self.server.api_key.secret)):
            path = self.folder / name
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        (self.folder / "watchdog.toml").write_text(
            f"""
            state_dir = "."
            [account.main]
            venue = "binanceusdm"
            base_url = "{self.server.url}"
            api_key_file = "main.key"
            secret_file = "main.secret"
            [channel.phone]
            type = "console"
            min_level = "warn"
            [channel.house]
            type = "console"
            """,
            encoding="utf-8",
        )

    # --- the daemon

    def _start(self) -> None:
        if self.disk.now is Disk.GONE:
            self._disk_ends(None)  # a daemon that starts without its file is another story
        self.rules.mend(self.now)
        self.delivery.began()
        self._up_from = self.now
        self.lives.start()

    async def _serve(self, stop: asyncio.Event) -> None:
        """What `watchdog run` does, on the loop's clock."""
        settings = self._settings()
        clock = LoopClock(wall_start=WALL_START + self.now)
        service = Service(settings, load_rules(settings), clock, venues=self._venues(), channels=self._channel)
        self._service = service
        await service.run(stop)

    def _settings(self) -> Settings:
        return load_settings(self.folder / "watchdog.toml", {"HOME": str(self.folder)})

    def _venues(self) -> VenueMaker:
        make = venue_maker()

        def watched(account: AccountSettings, clock: Clock) -> Venue:
            store = self._store
            if store is not None:
                self.record.hide(store.installation, "OURS----")
            venue = make(account, clock)
            self._venues_made.append(venue)
            return WatchedVenue(venue, clock, self.record, self.judge.refused, self._liquidation, self.steps.placed_at)

        return watched

    def _liquidation(self, symbol: str) -> Decimal | None:
        """The price at which a position is gone now, by the venue's own reckoning; `symbol` as ccxt writes it."""
        position = self.exchange.account.position(symbol.split(":", maxsplit=1)[0].replace("/", ""))
        return nearest_liquidation(self.exchange.account, position) if position.amount else None

    def _channel(self, channel: ChannelSettings, *_: object) -> PeerChannel:
        return PeerChannel(self.peers[channel.name])

    @property
    def _store(self) -> Store | None:
        if self._service is None or self.lives.frozen:
            return None
        notifier = self._service.notifier
        outbox = None if notifier is None else notifier._outbox
        return outbox if isinstance(outbox, Store) else None

    def _mourn(self, disk: OnDisk) -> None:
        self._disk_ends(None)
        self.delivery.died(disk.done)
        self.consent.died(disk)
        self.judge.died(disk)

    def _killed(self, wait: float) -> None:
        task = self.loop.create_task(self._start_after(wait))
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)

    async def _start_after(self, seconds: float) -> None:
        self._trouble_until(self.now + seconds + 5.0, What.CRASH)
        await asyncio.sleep(seconds)
        self._start()

    # --- what befalls them

    def _trouble_until(self, until: float, what: What) -> None:
        self._calm_from = max(self._calm_from, until + _AFTERMATH_S)
        if what in {What.FAULT, What.CRASH, What.RESTART}:
            self._readable_from = max(self._readable_from, until + _AFTERMATH_S)

    async def _direct(self) -> None:
        """Do the plan's acts at their times."""
        ends: list[asyncio.Task[None]] = []
        for act in self.plan.acts:
            await asyncio.sleep(max(0.0, act.at - self.now))
            self.record.say(f"act {act.what} {act.name} {act.symbol} {act.which} {act.fault or ''}")
            self._trouble_until(max(act.until, self.now), act.what)
            await self._do(act)
            if act.what in {What.FAULT, What.SOCKETS, What.CHANNEL, What.DISK}:
                ends.append(asyncio.create_task(self._undo(act)))
        await asyncio.gather(*ends)
        await asyncio.sleep(max(0.0, TROUBLED_S - self.now))
        self.lives.disarm()
        self._edits.clear()
        if self._restarts:
            await asyncio.wait(self._restarts)

    async def _do(self, act: Act) -> None:  # noqa: C901  (a table of all that can happen)
        match act.what:
            case What.FAULT if act.fault is not None:
                self.server.faults.add(act.fault)
            case What.SOCKETS:
                kind = act.name
                await make_trouble(self.server, Trouble.model_validate({"kind": kind, "sockets": act.which}))
            case What.CHANNEL:
                self.peers[act.symbol].turn(Mood(act.name), act.seconds)
            case What.DISK:
                self.delivery.disk_well_from = float("inf")
                self.disk.begin(Disk(act.name), self._store)
            case What.HAND:
                self.trader.act(act)
            case What.RULES if act.symbol:
                self._edits.append(act)
            case What.RULES:
                self._edit(act)
            case What.WORD:
                self.talk.act(act)
            case What.CRASH:
                self.lives.arm(act)
            case What.RESTART:
                await self._restart(act)

    async def _undo(self, act: Act) -> None:
        await asyncio.sleep(max(0.0, act.until - self.now))
        self.record.say(f"over: {act.what} {act.name} {act.symbol}")
        if act.what is What.FAULT and act.fault is not None:
            pending = self.server.faults.pending
            same = replace(act.fault, times=1, skip=0)
            pending[:] = [one for one in pending if replace(one, times=1, skip=0) != same]
            self.server.face.release()
        elif act.what is What.SOCKETS:
            await make_trouble(self.server, Trouble(kind="thaw"))
        elif act.what is What.CHANNEL:
            self.peers[act.symbol].turn(Mood.WELL)
        else:
            self._disk_ends(self._store)

    async def _restart(self, act: Act) -> None:
        if not self.lives.up:
            return
        await self.lives.stop_gracefully()
        self._trouble_until(act.until + 5.0, What.RESTART)
        await asyncio.sleep(max(0.0, act.until - self.now))
        self._start()

    # --- moments

    def _happened(self, moment: Moment) -> None:
        """A crash, or an edit, that waits for this."""
        self.lives.happened(moment)
        waiting, self._edits = self._edits, [act for act in self._edits if act.symbol != moment]
        for act in waiting:
            if act.symbol == moment:
                self.loop.call_soon(self._edit, act)

    def _edit(self, act: Act) -> None:
        self.rules.write(Edit(act.name), How(act.how), act.share, self.now)
        if act.nudge:
            self.rules.nudged()
            self.lives.nudge()

    def _disk_ends(self, store: Store | None) -> None:
        self.disk.end(store)
        self.delivery.disk_well_from = self.now + _SETTLED_S

    def _stop_changed(self, what: str, algo: Algo) -> None:
        self.judge.stop_changed(what, algo)
        self._happened(Moment.PLACED if what == "placed" else Moment.CANCELLED)

    def _heard(self, peer: Peer, message: Message) -> None:
        self.judge.heard(peer, message)
        if peer.received[message.id] == 1:
            self.talk.sees(peer, message)
        self._happened(Moment.TOLD)

    def _saving(self) -> None:
        self._happened(Moment.SAVING)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Hear what is logged, what the core does, and what is to be delivered, for the length of a block."""
        handler = _Hearing(self.judge)
        root = logging.getLogger()
        add, delivery = _Worker.add, self.delivery

        def watched(worker: _Worker, message: Message, *, saved: bool, left: bool = False) -> None:
            delivery.hands_over(worker.channel.name, message, left=left)
            add(worker, message, saved=saved, left=left)

        root.addHandler(handler)
        try:
            with mock.patch.object(_Worker, "add", watched), self.steps.watching():
                yield
        finally:
            root.removeHandler(handler)


class _Hearing(logging.Handler):
    """Passes log lines on to the judge."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self._judge = judge

    def emit(self, record: logging.LogRecord) -> None:
        self._judge.logged(record)
