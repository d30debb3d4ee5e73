"""`python -m tests.broker [--port N]`: a broker to try things on, until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import signal
import tempfile
from pathlib import Path

from tests.broker.start import KIND, VERSIONS, Broker


def main() -> None:
    """Start whichever broker is there, say where it is, and wait."""
    parser = argparse.ArgumentParser(prog="python -m tests.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    port: int = parser.parse_args().port
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory() as folder,
        Broker(Path(folder), port) as broker,
    ):
        print(f"{KIND} listens on mqtt://{broker.host}:{broker.port} and speaks MQTT {', '.join(VERSIONS)}", flush=True)  # noqa: T201
        broker.wait()


if __name__ == "__main__":
    main()
