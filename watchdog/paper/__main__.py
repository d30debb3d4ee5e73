"""`python -m watchdog.paper`: serve a paper venue."""

from __future__ import annotations

import argparse
import sys

from watchdog.paper.command import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m watchdog.paper", description="Serve a paper venue on loopback.")
    add_arguments(parser)
    sys.exit(run(parser.parse_args()))
