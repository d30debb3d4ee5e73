"""The guard over asynchronous tests fails what it should, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

GUARDED = """
import asyncio
import pytest
import pytest_asyncio
from hypothesis import given, settings, strategies as st

kept = []

@pytest_asyncio.fixture
async def server():
    task = asyncio.create_task(asyncio.sleep(3600))
    yield task
    task.cancel()

async def fail():
    raise LookupError("nobody sees this")

async def test_clean_with_fixture(server):
    await asyncio.sleep(0)

async def test_clean_task_awaited():
    with pytest.raises(LookupError):
        await asyncio.create_task(fail())

def test_clean_sync():
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()

@settings(max_examples=3, deadline=None)
@given(st.integers())
async def test_clean_property(n):
    await asyncio.sleep(0)

async def test_leaky_task():
    kept.append(asyncio.create_task(asyncio.sleep(3600)))

async def test_leaky_exception():
    task = asyncio.create_task(fail())
    await asyncio.wait({task})

async def test_leaky_exception_in_a_cycle():
    task = asyncio.create_task(fail())
    await asyncio.wait({task})
    ring = [task]
    ring.append(ring)

async def test_leaky_callback():
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)

@settings(max_examples=3, deadline=None)
@given(st.integers())
async def test_leaky_property(n):
    kept.append(asyncio.create_task(asyncio.sleep(3600)))
"""


def test_the_guard_fails_leaks_and_nothing_else(tmp_path: Path) -> None:
    """A test that leaks a task or loses an exception fails; clean tests, also synchronous ones, pass."""
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path / "conftest.py")
    (tmp_path / "test_guarded.py").write_text(GUARDED)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    summary = run.stdout.partition("short test summary info")[2]
    passed = {line.split("::")[1] for line in summary.splitlines() if line.startswith("PASSED")}
    failed = {
        line.split("::")[1].split(" ")[0] for line in summary.splitlines() if line.startswith(("ERROR", "FAILED"))
    }
    tests = {line.split("def ")[1].split("(")[0] for line in GUARDED.splitlines() if "def test_" in line}
    assert failed == {name for name in tests if "leaky" in name}, run.stdout
    assert passed - failed == {name for name in tests if "clean" in name}, run.stdout
