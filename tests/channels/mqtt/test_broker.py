"""The broker the tests bring along."""

from __future__ import annotations

import asyncio
import sys

from tests.broker import KIND
from tests.broker.start import ROOT
from tests.channels.mqtt.support import PATIENCE_S


async def test_a_broker_to_try_things_on_can_be_started() -> None:
    """`python -m tests.broker` says where it listens, and ends in order when asked to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.broker", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = (await process.stdout.readline()).decode()
        assert line.startswith(f"{KIND} listens on mqtt://127.0.0.1:")
    finally:
        process.terminate()
        _, _ = await process.communicate()
    assert process.returncode == 0
