"""Programs the disaster tests run in a process of their own: `python -m tests.store.child NAME URL`.

`killed` forks a fresh writer for each line it reads, so that twenty kills cost one start of Python. A writer says on
standard output what the store has acknowledged, until it is killed.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import Callable

from tests.messages import message
from watchdog.domain.effects import Entry, Keep, Message, Save
from watchdog.domain.facts import Instant
from watchdog.store import Store, StoreError

ROOM_BYTES = 500_000
"""No file may grow past this: a dozen Saves or two."""


def phone(_: Message) -> tuple[str, ...]:
    """One channel hears everything."""
    return ("phone",)


def say(text: str) -> None:
    """One line, at once, past every buffer."""
    os.write(1, f"{text}\n".encode())


def save(number: str) -> Save:
    """A Save that writes the same number in three tables."""
    return Save((Keep("alert", "last", number),), (message(number),), (Entry("count", number),))


async def write_for_ever(url: str, round_: str) -> None:
    """Write and acknowledge until killed."""
    store = await Store.open(url)
    number = 0
    while True:
        number += 1
        await store.write("main", save(f"{round_}.{number}"), phone, Instant(0.0, float(number)))
        say(f"{round_}.{number}")


def killed(url: str) -> None:
    """A writer per line read; its process id is said first, its end last."""
    for line in sys.stdin:
        writer = os.fork()
        if writer == 0:
            asyncio.run(write_for_ever(url, line.strip()))
        say(f"pid {writer}")
        _, status = os.waitpid(writer, 0)
        say(f"ended by {signal.Signals(os.WTERMSIG(status)).name}")


async def full(url: str) -> None:
    """Write until the system lets no file grow any more, then once with room again; say what was acknowledged."""
    store = await Store.open(url)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.RLIM_INFINITY))
    refused = 0
    for number in range(1000):
        try:
            await store.write("main", save(str(number)), phone, Instant(0.0, float(number)))
        except StoreError as error:
            refused += 1
            say(f"refused {number} {error}")
            if refused == 3:
                break
        else:
            say(f"kept {number}")
    loaded = await store.load("main")
    say(f"remembered {loaded['alert']['last']}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.write("main", save("after"), phone, Instant(0.0, 0.0))
    say("kept after")
    await store.close()


PROGRAMS: dict[str, Callable[[str], None]] = {"killed": killed, "full": lambda url: asyncio.run(full(url))}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](sys.argv[2])
