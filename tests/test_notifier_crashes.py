"""Random channels, random crashes: no message is lost, and none repeated without a cause."""

from __future__ import annotations

import asyncio
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lines import House, Line
from tests.messages import message
from watchdog.channels.base import ChannelError
from watchdog.domain.effects import Level, Message
from watchdog.store import Store

FATES = st.lists(st.sampled_from(["takes", "fails", "loses the reply", "refuses", "breaks"]), max_size=8)
STEPS = st.lists(
    st.one_of(
        st.sampled_from(Level),
        st.sampled_from(["wait", "crash", "crash at once", "crash before it is handed over"]),
    ),
    max_size=8,
)


class Fated(Line):
    """A channel with a list of fates, one a try; once through, it takes everything."""

    def __init__(self, name: str, min_level: Level, fates: list[str]) -> None:
        super().__init__(name, min_level)
        self.fates = list(fates)
        self.lost: list[str] = []
        self.fate = self.next

    def next(self, told: Message) -> object:
        """What becomes of this try."""
        match self.fates.pop(0) if self.fates else "takes":
            case "fails":
                return ChannelError("down")
            case "loses the reply":
                self.lost.append(told.id)
                self.lost_reply.add(told.id)
            case "refuses":
                return ChannelError("400", permanent=True)
            case "breaks":
                return OSError("torn")
        return None


class Life:
    """A house that lives through steps, and what it was told."""

    def __init__(self, store: Store, *lines: Fated) -> None:
        self.store = store
        self.lines = lines
        self.house = House(store, *lines)
        self.told: list[Message] = []
        self.crashes = 0

    async def live(self, step: Level | str) -> None:
        """One step: a message of a level, a while, or a crash."""
        match step:
            case Level():
                await self.save(step)
                self.house.notifier.hand_over(self.told[-1])
            case "wait":
                await self.house.wait(3.0)
            case "crash":
                await self.house.notifier.idle()
                await self.crash()
            case "crash at once":
                self.crashes += 1
                await self.crash()
            case _:
                self.crashes += 1
                await self.save(Level.CRITICAL)
                await self.crash()

    async def save(self, level: Level) -> None:
        """A new message, on the disk."""
        self.told.append(message(f"m{len(self.told)}", level, at=float(len(self.told))))
        await self.house.save(self.told[-1])

    async def crash(self) -> None:
        """The tasks are gone in the middle of whatever they did, nobody gets to tidy up; then the next run."""
        for task in self.house.notifier._tasks:
            task.cancel()
        await asyncio.gather(*self.house.notifier._tasks, return_exceptions=True)
        self.house = House(self.store, *self.lines)
        await self.house.notifier.start()

    async def end_well(self) -> None:
        """The channels work from now on; a warning that was refused is tried again by one more run."""
        for line in self.lines:
            line.fates.clear()
        await self.house.wait(120.0)
        await self.house.notifier.stop(1.0)
        self.house = House(self.store, *self.lines)
        await self.house.notifier.start()
        await self.house.notifier.idle()
        await self.house.notifier.stop(1.0)


@settings(max_examples=40, deadline=None)
@given(STEPS, FATES, FATES)
async def test_nothing_is_lost_and_nothing_repeated_without_cause(
    steps: list[Level | str], phone_fates: list[str], house_fates: list[str]
) -> None:
    """Whatever channels and crashes do, each message arrives, and again only for a lost reply or a crash in its way."""
    lines = Fated("phone", Level.CRITICAL, phone_fates), Fated("house", Level.INFO, house_fates)
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/watchdog.db")
        life = Life(store, *lines)
        await life.house.notifier.start()
        for step in steps:
            await life.live(step)
        await life.end_well()
        assert await life.house.owed() == set()
        await store.close()
    for line in lines:
        assert set(line.taken) == {told.id for told in life.told if told.level >= line.min_level}
        for number in set(line.taken):
            assert line.taken.count(number) <= 1 + line.lost.count(number) + life.crashes
