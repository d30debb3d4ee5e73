"""A channel in a process of its own: `python -m tests.channels.mqtt.child PORT TOPIC`. It is there to be killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.broker import Broker
from tests.channels.mqtt.support import opened, position, settings, shown


async def main(port: int, topic: str) -> None:
    """Show an account and stay."""
    async with opened(settings(Broker(Path(), port), topic=topic)) as channel:
        channel.show(shown(position()))
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
