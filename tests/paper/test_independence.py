"""The paper venue is a check from outside: it imports nothing of the daemon."""

from __future__ import annotations

import subprocess
import sys


def test_it_imports_nothing_of_the_daemon() -> None:
    """With everything of the paper venue imported, no other room of ours is."""
    code = (
        "import pkgutil, importlib, sys, watchdog.paper as p\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(p.__path__, 'watchdog.paper.')"
        " if not m.name.endswith('__main__')]\n"
        "print(*sorted(m for m in sys.modules if m.startswith('watchdog.') and not m.startswith('watchdog.paper')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_core_knows_no_network_and_no_clock() -> None:
    """The margin and matching core, with candles and scenarios, imports neither asyncio nor aiohttp."""
    code = "import sys, watchdog.paper.simulate\nprint([m for m in ('asyncio', 'aiohttp', 'ccxt') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
