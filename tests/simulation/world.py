"""One seed: the paper venue, the daemon in all its lives, the channels, the disk, and what befalls them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

from tests.simulation.disk import DiskTrouble, OnDisk, leave_as_after_death, lock_handles
from tests.simulation.exchange import WatchedExchange, WatchedServer
from tests.simulation.judge import CYCLE_S, Judge
from tests.simulation.loop import Life, VirtualLoop
from tests.simulation.market import markets
from tests.simulation.oracle import nearest_liquidation
from tests.simulation.peer import Peer, PeerChannel
from tests.simulation.plan import CALM_S, TROUBLED_S, Act, Disk, Moment, Mood, Plan, What
from tests.simulation.record import Record
from tests.simulation.trader import Trader
from tests.simulation.watched import WatchedVenue
from watchdog.clock import Clock, LoopClock
from watchdog.domain.effects import Level, Message
from watchdog.notifier import Notifier
from watchdog.paper.control import Trouble, make_trouble
from watchdog.paper.orders import Algo
from watchdog.paper.refusal import RefusedError
from watchdog.service import Service, VenueMaker, load_rules, venue_maker
from watchdog.settings import AccountSettings, ChannelSettings, Settings, load_settings
from watchdog.store import Store
from watchdog.venues.base import Venue

WALL_START = 1_760_129_340.0
"""10 October 2025, 20:49 UTC."""
_SHIPPED = Path(__file__).parents[2] / "config" / "rules.toml"
_AFTERMATH_S = 35.0
"""Seconds after trouble in which back-offs may still run."""
_DRAIN_S = 80.0
"""A channel that failed is tried again within a minute."""


class World:
    """See the module."""

    def __init__(self, plan: Plan, folder: Path, loop: VirtualLoop, record: Record) -> None:
        self.plan = plan
        self.folder = folder
        self.loop = loop
        self.record = record
        self._random = Random(f"world {plan.seed}")
        exchange = WatchedExchange(markets(), round(WALL_START * 1000), record)
        self.exchange = exchange
        self.server = WatchedServer(exchange, Random(f"way {plan.seed}"), record, plan.latency)
        self.peers = {
            name: Peer(name, level, record, self._heard)
            for name, level in (("phone", Level.WARN), ("house", Level.INFO))
        }
        self.judge = Judge(exchange, self.peers, record, [self.server.api_key.secret, self.server.api_key.key])
        self.disk = DiskTrouble(folder, Random(f"disk {plan.seed}"), self._saving)
        self.trader = Trader(exchange, self.server.hand, record, self.judge.hands_off)
        exchange.happened = self._stop_changed
        self._lives: list[Life] = []
        self._venues_made: list[Venue] = []
        self._service: Service | None = None
        self._daemon: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._armed: Act | None = None
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

    def _second(self) -> None:
        up = self._daemon is not None and not self._daemon.done()
        self.judge.second(readable=up and self.now > self._readable_from)

    async def _quiet(self) -> None:
        """Faults have ended: wait for what has to be right within three cycles, the rule's hold and a cool-down."""
        self._calm_from = max(self._calm_from, self.now)
        allowed = 3 * CYCLE_S + self.plan.hold + 10.0
        began = self.now
        while True:
            await self._market(round(self.now) + 1)
            patience = max(began + allowed, self._cooled() + 3 * CYCLE_S)
            if self.now > patience or self.now > TROUBLED_S + CALM_S + 700:
                break
            if not self.judge.wrong_protection() and self.now - began > self.plan.hold + CYCLE_S:
                break
        await self._market(round(self.now + _DRAIN_S))
        self.judge.final(OnDisk(self.folder))

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
        if self._daemon is not None and not self._daemon.done():
            await self._stop_gracefully()
        await self.server.stop()
        for peer in self.peers.values():
            peer.over = True
        for life in self._lives:
            await self.loop.bury(life)
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
        """The two files a user writes, and the keys."""
        rules = _SHIPPED.read_text(encoding="utf-8")
        rules = rules.replace('mode = "watch"', 'mode = "act"\nfirst_act_after = "0s"', 1)
        rules = rules.replace('hold = "60s"', f'hold = "{self.plan.hold}s"')
        (self.folder / "rules.toml").write_text(rules, encoding="utf-8")
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
            self.disk.end(None)  # a daemon that starts without its file is another story
        life = Life(len(self._lives), self._died)
        self._lives.append(life)
        self._stop = asyncio.Event()
        self.record.say(f"daemon starts, life {life.number}")
        self._daemon = self.loop.begin_life(life, self._serve(self._stop))
        self._daemon.add_done_callback(functools.partial(self._ended, life))

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
            return WatchedVenue(venue, clock, self.record, self.judge.refused, self._liquidation)

        return watched

    def _liquidation(self, symbol: str) -> Decimal | None:
        """The price at which a position is gone now, by the venue's own reckoning; `symbol` as ccxt writes it."""
        position = self.exchange.account.position(symbol.split(":", maxsplit=1)[0].replace("/", ""))
        return nearest_liquidation(self.exchange.account, position) if position.amount else None

    def _channel(self, channel: ChannelSettings) -> PeerChannel:
        return PeerChannel(self.peers[channel.name])

    @property
    def _store(self) -> Store | None:
        if self._service is None or self._lives[-1].frozen:
            return None
        notifier = self._service.notifier
        outbox = None if notifier is None else notifier._outbox
        return outbox if isinstance(outbox, Store) else None

    def _ended(self, life: Life, daemon: asyncio.Task[None]) -> None:
        if life.frozen or daemon.cancelled():
            return
        error = daemon.exception()
        if error is not None:
            self.record.fail(f"the daemon ended by itself: {error!r}")
        elif not self._stop.is_set():
            self.record.fail("the daemon ended by itself")

    async def _stop_gracefully(self) -> None:
        self.record.say("daemon is stopped")
        self._stop.set()
        if self._daemon is not None:
            await asyncio.wait({self._daemon}, timeout=60.0)
            if not self._daemon.done():
                self.record.fail("the daemon does not stop")
        life = self._lives[-1]
        left = [task for task in life.tasks if not task.done()]
        if left:
            self.record.fail(f"tasks are left running after a graceful stop: {left}")
        self._exit(life)

    def _exit(self, life: Life) -> None:
        """The process is over: the kernel closes its sockets and lets its lock go; the file is as it is."""
        self.loop.kill(life)
        self.disk.end(None)
        for handle in lock_handles(self.folder):
            self.loop.remove_descriptor(handle)
        leave_as_after_death(self.folder)
        self.judge.died(OnDisk(self.folder))

    def _died(self) -> None:
        """The process is killed, between two steps."""
        life, act = self._lives[-1], self._armed
        self.record.say(f"daemon dies after {life.steps} steps")
        self._exit(life)
        self._armed = None
        wait = 10.0 if act is None else max(0.1, act.until - act.at)
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
        self._armed = None
        if self._restarts:
            await asyncio.wait(self._restarts)

    async def _do(self, act: Act) -> None:
        match act.what:
            case What.FAULT if act.fault is not None:
                self.server.faults.add(act.fault)
            case What.SOCKETS:
                kind = act.name
                await make_trouble(self.server, Trouble.model_validate({"kind": kind, "sockets": act.which}))
            case What.CHANNEL:
                self.peers[act.symbol].mood = Mood(act.name)
            case What.DISK:
                self.disk.begin(Disk(act.name), self._store)
            case What.HAND:
                self.trader.act(act)
            case What.CRASH:
                self._arm(act)
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
            self.peers[act.symbol].mood = Mood.WELL
        else:
            self.disk.end(self._store)

    async def _restart(self, act: Act) -> None:
        if self._daemon is None or self._daemon.done() or self._lives[-1].frozen:
            return
        await self._stop_gracefully()
        self._trouble_until(act.until + 5.0, What.RESTART)
        await asyncio.sleep(max(0.0, act.until - self.now))
        self._start()

    # --- ends of the daemon

    def _arm(self, act: Act) -> None:
        if self._lives[-1].frozen:
            return
        self._armed = act
        self._happened(Moment.NOW)

    def _happened(self, moment: Moment) -> None:
        """A crash that waits for this moment comes a few steps later."""
        act, life = self._armed, self._lives[-1] if self._lives else None
        if act is not None and life is not None and act.name == moment and life.fuse is None:
            life.fuse = act.steps

    def _stop_changed(self, what: str, algo: Algo) -> None:
        self.judge.stop_changed(what, algo)
        self._happened(Moment.PLACED if what == "placed" else Moment.CANCELLED)

    def _heard(self, peer: Peer, message: Message) -> None:
        self.judge.heard(peer, message)
        self._happened(Moment.TOLD)

    def _saving(self) -> None:
        self._happened(Moment.SAVING)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Hear what is logged, and what the daemon undertakes to deliver, for the length of a block."""
        handler = _Hearing(self.judge)
        root = logging.getLogger()
        said, handed = Notifier.say_now, Notifier.hand_over
        owed = self.judge.handed_over

        def say_now(notifier: Notifier, message: Message) -> None:
            owed.update(dict.fromkeys((message.id, name) for name in notifier.channels_for(message)))
            said(notifier, message)

        root.addHandler(handler)
        Notifier.say_now = say_now  # type: ignore[assignment,method-assign]
        try:
            yield
        finally:
            Notifier.say_now, Notifier.hand_over = said, handed  # type: ignore[method-assign]
            root.removeHandler(handler)


class _Hearing(logging.Handler):
    """Passes log lines on to the judge."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self._judge = judge

    def emit(self, record: logging.LogRecord) -> None:
        self._judge.logged(record)
