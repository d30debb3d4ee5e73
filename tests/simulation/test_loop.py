"""The virtual loop, by itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.simulation.loop import Life, StuckError, VirtualLoop, virtual_loop


def _loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def test_hours_take_no_time() -> None:
    """Sleeping a virtual day ends at the right moment, in seconds of the machine's."""

    async def day() -> float:
        began = _loop().time()
        for _ in range(24):
            await asyncio.sleep(3600.0)
        return _loop().time() - began

    began = time.monotonic()
    with virtual_loop() as runner:
        assert runner.run(day()) == pytest.approx(86_400.0, abs=0.01)
    assert time.monotonic() - began < 20.0


def test_no_jump_while_a_message_is_under_way() -> None:
    """What goes to and fro over loopback takes no virtual time, though a timer waits."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    async def talk() -> float:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            timer = asyncio.create_task(asyncio.sleep(1.0))
            began = _loop().time()
            for number in range(200):
                writer.write(b"%d\n" % number)
                assert await reader.readline() == b"%d\n" % number
            passed = _loop().time() - began
            writer.close()
            await writer.wait_closed()
            await timer
        return passed

    with virtual_loop() as runner:
        assert runner.run(talk()) < 0.1


def test_no_jump_while_a_thread_works() -> None:
    """An executor's job ends at its own virtual moment, however long the machine takes for it."""

    async def work(pool: ThreadPoolExecutor) -> float:
        began = _loop().time()
        await _loop().run_in_executor(pool, time.sleep, 0.05)
        return _loop().time() - began

    with ThreadPoolExecutor(1) as pool, virtual_loop() as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        loop.slowness = lambda: (2.0, 3.0)
        assert runner.run(work(pool)) == pytest.approx(5.0, abs=0.01)


def test_a_job_cancelled_before_it_began_is_never_made() -> None:
    """As with a thread pool: what has not begun can be taken back."""
    made: list[int] = []

    async def work(pool: ThreadPoolExecutor) -> None:
        job = _loop().run_in_executor(pool, made.append, 1)
        await asyncio.sleep(1.0)
        job.cancel()
        await asyncio.sleep(5.0)

    with ThreadPoolExecutor(1) as pool, virtual_loop() as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        loop.slowness = lambda: (2.0, 0.0)
        runner.run(work(pool))
    assert made == []


def test_a_loop_with_nothing_to_come_is_an_error() -> None:
    """A wait that nothing can end is said, not waited out."""

    async def wait() -> None:
        await _loop().create_future()

    with virtual_loop() as runner, pytest.raises(StuckError, match="nothing is due"):
        runner.run(wait())


def test_a_killed_life_runs_nothing_any_more() -> None:
    """A life that is killed makes no further step: no `finally`, no callback; its peer sees the connection end."""
    done: list[str] = []

    async def daemon(address: tuple[str, int]) -> None:
        _, writer = await asyncio.open_connection(*address)
        try:
            for number in range(10):
                done.append(f"step {number}")
                await asyncio.sleep(1.0)
        finally:
            done.append("finally")
            writer.close()

    async def live() -> bytes:
        gone: asyncio.Future[bytes] = _loop().create_future()

        async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):
                gone.set_result(await reader.read())
            writer.close()

        server = await asyncio.start_server(hear, "127.0.0.1", 0)
        async with server:
            life = Life(0, lambda: done.append("died"))
            _loop().begin_life(life, daemon(server.sockets[0].getsockname()))
            await asyncio.sleep(2.5)
            _loop().kill(life)
            await asyncio.sleep(60.0)
            heard = await gone
            assert done == ["step 0", "step 1", "step 2"]
            await _loop().bury(life)
        return heard

    with virtual_loop() as runner:
        assert runner.run(live()) == b""
    assert done[-1] == "finally"


def test_a_fuse_ends_a_life_between_two_steps() -> None:
    """A life with a fuse makes that many steps and then none."""
    done: list[str] = []

    async def daemon() -> None:
        for number in range(10):
            done.append(str(number))
            await asyncio.sleep(0)

    async def live() -> None:
        life = Life(0, lambda: done.append("died"))
        _loop().begin_life(life, daemon())
        life.fuse = 3
        await asyncio.sleep(1.0)
        await _loop().bury(life)

    with virtual_loop() as runner:
        runner.run(live())
    assert done == ["0", "1", "2", "died"]


def test_a_killed_life_frees_its_address() -> None:
    """What a killed life listened on can be listened on again at once."""

    async def daemon(one: socket.socket) -> None:
        server = await asyncio.start_server(lambda *_: None, sock=one)
        await server.serve_forever()

    async def live() -> None:
        first = socket.socket()
        first.bind(("127.0.0.1", 0))
        address = first.getsockname()
        life = Life(0, lambda: None)
        _loop().begin_life(life, daemon(first))
        await asyncio.sleep(1.0)
        _loop().kill(life)
        second = socket.socket()
        second.bind(address)
        second.close()
        await _loop().bury(life)

    with virtual_loop() as runner:
        runner.run(live())
