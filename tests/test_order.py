"""In which order a channel hears: the worst first, and of one alert never something older as if it were current."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lines import House, Line
from tests.messages import message
from watchdog.channels.base import ChannelError
from watchdog.clock import SteppedClock
from watchdog.domain.effects import Button, Level, Message
from watchdog.domain.verbs import Verb
from watchdog.store import Store
from watchdog.waiting import AHEAD, EARLIER

ROOM = "rule:room|BTC/USDT:USDT"
TAP = Button("Ack", Verb.ACK, "0123")


class Phone(Line):
    """A line that keeps the messages, and takes none while it is away."""

    def __init__(self) -> None:
        super().__init__("phone")
        self.seen: list[Message] = []
        self.away = False
        self.fate = lambda _: ChannelError("no network", whole=True) if self.away else None

    async def send(self, told: Message) -> None:
        """As told."""
        await super().send(told)
        self.seen.append(told)

    @property
    def heads(self) -> list[str]:
        """Ids as a lock screen would show them."""
        return [f"{EARLIER if told.lines[0].startswith(EARLIER) else ''}{told.id}" for told in self.seen]

    @property
    def sounds(self) -> list[str]:
        """Those that sounded."""
        return [told.id for told in self.seen if told.sound]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store."""
    opened = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}")
    yield opened
    await opened.close()


@pytest.fixture
def phone() -> Phone:
    """A phone that can be away."""
    return Phone()


@pytest.fixture
async def house(store: Store, phone: Phone) -> AsyncIterator[House]:
    """A house whose notifier has started."""
    made = House(store, phone)
    await made.notifier.start()
    yield made
    await made.notifier.stop(1.0)


async def after_an_outage(house: House, phone: Phone, *told: Message) -> None:
    """The messages come while the phone is away; then it is back."""
    phone.away = True
    await house.tell(message("before", Level.INFO, at=-1.0))
    for one in told:
        await house.tell(one)
    phone.away = False
    await house.wait(120.0)
    assert await house.owed() == set(), "nothing is lost"
    phone.seen = [one for one in phone.seen if one.id != "before"]


async def test_what_an_alert_said_before_comes_before_it(house: House, phone: Phone) -> None:
    """A warning that resolved, then a critical of the same alert: in that order, and only the critical sounds."""
    escalated = replace(message("w", Level.WARN, 1.0, "escalated", ROOM), sound=True)
    resolved = message("r", Level.WARN, 2.0, "resolved", ROOM)
    await after_an_outage(house, phone, escalated, resolved, message("c", Level.CRITICAL, 3.0, "fired", ROOM))
    assert phone.heads == ["w", "r", "c"]
    assert phone.sounds == ["c"]
    assert not any(told.earlier for told in phone.seen)


async def test_between_alerts_the_worst_still_goes_first(house: House, phone: Phone) -> None:
    """Another alert's milder words wait, however old they are."""
    await after_an_outage(
        house,
        phone,
        message("other", Level.WARN, 0.5),
        message("w", Level.WARN, 1.0, "fired", ROOM),
        message("c", Level.CRITICAL, 2.0, "worsened", ROOM),
        message("e", Level.EMERGENCY, 3.0),
    )
    assert phone.heads == ["e", "w", "c", "other"]


async def test_nothing_bad_waits_behind_many(house: House, phone: Phone) -> None:
    """Of an alert that came and went often, the worst goes first; the rest follows, marked, silent, without buttons."""
    older = [
        replace(
            message(f"o{number}", Level.WARN, float(number), ("fired", "resolved")[number % 2], ROOM), buttons=(TAP,)
        )
        for number in range(AHEAD + 1)
    ]
    await after_an_outage(house, phone, *older, message("c", Level.CRITICAL, 9.0, "fired", ROOM))
    assert phone.heads == ["c", *(f"{EARLIER}o{number}" for number in range(AHEAD + 1))]
    assert phone.sounds == ["c"]
    assert all(told.earlier and not told.buttons for told in phone.seen[1:])


async def test_many_alerts_together_let_no_more_go_ahead(house: House, phone: Phone) -> None:
    """Ten positions that went from warn to critical: all criticals are told after at most so many warnings."""
    told = [
        message(f"{kind}{number}", level, at + number, "fired", f"rule:room|{number}")
        for kind, level, at in (("w", Level.WARN, 0.0), ("c", Level.CRITICAL, 20.0))
        for number in range(10)
    ]
    await after_an_outage(house, phone, *told)
    before_the_last = phone.heads[: phone.heads.index("c9")]
    assert len([head for head in before_the_last if head.startswith("w")]) == AHEAD
    assert phone.heads[10 + AHEAD :] == [f"{EARLIER}w{number}" for number in range(AHEAD, 10)]
    assert await house.owed() == set()
    phone.seen.clear()
    await after_an_outage(house, phone, message("w", Level.WARN, 50.0), message("first", Level.WARN, 51.0, alert=ROOM),
                          message("c", at=52.0, alert=ROOM))  # fmt: skip
    assert phone.heads == ["first", "c", "w"], "a queue that was empty begins anew"


async def test_a_message_that_fails_holds_up_no_newer_one_of_its_alert(house: House, phone: Phone) -> None:
    """What only that message is refused for: the newer one goes, and the older comes later as what it is."""
    phone.fate = lambda told: ChannelError("500") if told.id == "w" else None
    await house.tell(message("w", Level.WARN, 1.0, "fired", ROOM))
    await house.tell(message("c", Level.CRITICAL, 2.0, "worsened", ROOM))
    assert phone.heads == ["c"]
    phone.fate = lambda _: None
    await house.wait(60.0)
    assert phone.heads == ["c", f"{EARLIER}w"]


async def test_a_refused_critical_comes_later_as_what_it_was(house: House, phone: Phone) -> None:
    """Set aside, resolved meanwhile, taken at last: it doesn't wake anybody for what is over."""
    phone.fate = lambda told: ChannelError("400", permanent=True) if told.id == "c" else None
    await house.tell(message("c", Level.CRITICAL, 1.0, "fired", ROOM))
    await house.tell(message("r", Level.CRITICAL, 2.0, "resolved", ROOM))
    phone.fate = lambda _: None
    await house.wait(60.0)
    assert phone.heads == ["r", f"{EARLIER}c"]
    assert phone.sounds == []


async def test_what_was_said_beside_an_alert_is_no_word_on_how_it_stands(house: House, phone: Phone) -> None:
    """A question or a deed of the same alert makes no critical an earlier one, and takes no sound from it."""
    phone.fate = lambda told: ChannelError("500") if told.id == "c" else None
    await house.tell(message("c", Level.CRITICAL, 1.0, "fired", ROOM))
    await house.tell(message("done", Level.CRITICAL, 2.0, "told", ROOM))
    phone.fate = lambda _: None
    await house.wait(60.0)
    assert phone.heads == ["done", "c"]
    assert "c" in phone.sounds


async def test_a_closed_position_is_not_the_last_word_over_what_fired_since(house: House, phone: Phone) -> None:
    """It closed, was opened again and is in danger: that comes first, and the old news says that it is old."""
    closed = replace(message("closed", Level.EMERGENCY, 1.0, "resolved"), alert="")
    await after_an_outage(house, phone, closed, message("c", Level.CRITICAL, 2.0, "fired", ROOM))
    assert phone.heads == ["c", f"{EARLIER}closed"]


async def test_a_clock_that_is_set_back_makes_no_new_danger_an_old_one(house: House, phone: Phone) -> None:
    """A critical with an earlier time than what was told before it is no earlier one: it sounds."""
    await house.tell(message("r", Level.WARN, 3600.0, "resolved", ROOM))
    await house.tell(message("c", Level.CRITICAL, 5.0, "fired", ROOM))
    assert phone.heads == ["r", "c"]
    assert phone.sounds == ["c"]


async def test_a_save_that_was_overtaken_makes_no_new_word_an_old_one(house: House, phone: Phone) -> None:
    """The end of an alert is handed over before its beginning: neither is marked, and the end comes last."""
    resolved = message("r", Level.CRITICAL, 3.0, "resolved", ROOM)
    await after_an_outage(house, phone, resolved, message("c", Level.CRITICAL, 2.0, "fired", ROOM))
    assert phone.heads == ["c", "r"]


async def test_a_start_keeps_the_order_of_what_was_left(store: Store, phone: Phone) -> None:
    """What an earlier run left goes before what this one says of the same alert, also where it is read late."""
    left = message("w", Level.WARN, 1.0, "fired", ROOM), message("r", Level.WARN, 2.0, "resolved", ROOM)
    await House(store, phone).save(*reversed(left))
    house = House(store, phone)
    await house.notifier.start(talk=False)
    house.notifier.say_now(message("c", Level.CRITICAL, 3.0, "fired", ROOM))
    house.notifier.talk()
    await house.notifier.idle()
    assert phone.heads == ["w", "r", "c"]
    late = message("late", Level.WARN, 2.5, "resolved", ROOM)
    await house.save(late)
    await house.notifier.start()
    await house.notifier.idle()
    assert phone.heads[-1] == f"{EARLIER}late"
    await house.notifier.stop(1.0)


async def test_good_news_waits_for_bad(house: House, phone: Phone) -> None:
    """The end of an emergency carries its level, so that it is heard where that was; it goes after any danger."""
    await after_an_outage(
        house,
        phone,
        message("over", Level.EMERGENCY, 1.0, "resolved"),
        message("w", Level.WARN, 2.0),
        message("c", Level.CRITICAL, 3.0),
    )
    assert phone.heads == ["c", "w", "over"]


class Paced(Phone):
    """A phone that takes grave words at once and others in a minute."""

    clock: SteppedClock

    def ready_in(self, level: Level) -> float:
        """By how bad it is."""
        return 0.0 if level >= Level.CRITICAL else max(0.0, 60.0 - self.clock.now().mono)


async def test_good_news_takes_no_place_kept_for_danger(store: Store) -> None:
    """The pace is asked as for INFO, and what is bad comes meanwhile."""
    phone = Paced()
    house = House(store, phone)
    phone.clock = house.clock
    await house.notifier.start()
    await house.tell(message("over", Level.EMERGENCY, 1.0, "resolved"))
    assert phone.heads == []
    await house.tell(message("w", Level.WARN, 2.0, "fired", ROOM), message("c", Level.CRITICAL, 3.0, "worsened", ROOM))
    assert phone.heads == ["w", "c"], "what goes ahead of a critical goes at its pace"
    await house.wait(61.0)
    assert phone.heads == ["w", "c", "over"]
    await house.notifier.stop(1.0)


async def test_what_an_earlier_run_told_is_known(store: Store) -> None:
    """A warning that was never confirmed comes after the critical that was: by a new run too it says EARLIER."""
    first, phone = Phone(), Phone()
    warn = replace(message("w", Level.WARN, 1.0, "fired", ROOM), sound=True)
    critical = message("c", Level.CRITICAL, 2.0, "worsened", ROOM)
    house = House(store, first)
    await house.save(warn, critical)
    await store.delivered(critical.id, "phone", 3.0)
    again = House(store, phone)
    await again.notifier.start()
    await again.notifier.idle()
    await again.notifier.stop(1.0)
    await house.notifier.stop(0.0)
    assert phone.heads == [f"{EARLIER}w"]
    assert phone.sounds == []
