"""Forks daemons from a process that has done the imports once: fifty restarts cost fifty forks, not fifty imports.

Commands come as lines on standard input: `start OUT ERR ARGUMENT…` (separated by tabs) answers with the child's
process id; `wait` answers with how it ended, as `os.waitstatus_to_exitcode` has it (−9: killed).
"""

from __future__ import annotations

import os
import sys

import ccxt.pro  # noqa: F401  (what takes long to import)

from watchdog.demo.daemon import main
from watchdog.venues.binanceusdm import venue  # noqa: F401


def _child(out: str, err: str, arguments: list[str]) -> None:
    for path, handle in ((out, 1), (err, 2)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, handle)
        os.close(opened)
    os._exit(main(arguments))


def serve() -> None:
    """Until standard input ends."""
    child = 0
    for line in sys.stdin:
        command, *rest = line.rstrip("\n").split("\t")
        if command == "start":
            child = os.fork()
            if child == 0:
                _child(rest[0], rest[1], rest[2:])
            answer = child
        else:
            _, status = os.waitpid(child, 0)
            answer = os.waitstatus_to_exitcode(status)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
