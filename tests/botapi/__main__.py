"""`python -m tests.botapi --port 8082`: the server by itself, for a daemon with `base_url` set to it.

GET /transcript shows what every chat has seen (?chat=N: one of them); POST /write {"chat", "text"} and
/press {"chat", "label"} speak as a person; POST /fault {"kind", "method", "times", …} makes something go wrong, and
{} mends it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal

from tests.botapi.server import BotApi
from tests.botapi.world import World


async def serve(port: int) -> None:
    """Until a signal ends it. Every chat exists, every token is right."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with BotApi(World(doors_open=True), port=port) as server:
        print(server.url, flush=True)  # noqa: T201 - what whoever starts it waits for
        await ended.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tests.botapi", description="A Bot API server on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one; its address is printed")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))
