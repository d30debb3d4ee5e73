"""What comes before the first read of the accounts, and what only after it."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from pathlib import Path

from tests.lines import House, Line
from tests.messages import message
from watchdog import heap
from watchdog.store import Store

MAKES_CHANNELS = """
import sys
import watchdog.cli.run
from watchdog.channels.mqtt import MqttChannel
from watchdog.channels.telegram import TelegramChannel
late = {"telegram", "httpx", "aiomqtt", "paho", "apscheduler", "ccxt"}
print(sorted(late & set(sys.modules)))
"""


def test_what_takes_long_to_import_is_not_imported_to_start() -> None:
    """Neither for the command nor to set up channels: ccxt comes with the venue, the others after the first read."""
    done = subprocess.run([sys.executable, "-c", MAKES_CHANNELS], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_channels_are_not_opened_before_they_may_talk(tmp_path: Path) -> None:
    """What is to be said meanwhile is kept, and nothing counts as under way."""
    store = await Store.open(f"sqlite:///{tmp_path / 'watchdog.db'}")
    phone = Line("phone")
    house = House(store, phone)
    try:
        await house.notifier.start(talk=False)
        await house.save(message("early"))
        house.notifier.hand_over(message("early"))
        for _ in range(20):
            await asyncio.sleep(0)
        assert (phone.tries, house.notifier.busy(), house.notifier.status()[0].waiting) == ([], False, 1)
        house.notifier.talk()
        await house.notifier.idle()
        assert phone.taken == ["early"]
    finally:
        await house.notifier.stop(1.0)
        await store.close()


def test_the_heap_is_collected_again_once_all_stands() -> None:
    """No collection while the libraries come in; afterwards they are left out of every one."""
    assert gc.isenabled()
    try:
        heap.starting()
        assert not gc.isenabled()
        heap.started()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()
